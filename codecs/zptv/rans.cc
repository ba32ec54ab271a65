#include "codecs/zptv/rans.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "codecs/bytes/buffer.h"

namespace cortex {
namespace {

using simd::kRansGroupBytes;
using simd::kRansLanes;
using simd::kRansLowestState;

constexpr size_t kStateBytes = kRansLanes * sizeof(uint32_t);
void PutGroups(const simd::RansEncodeTable& table, const uint8_t* in, size_t groups, simd::RansPutCursor* cursor) {
  simd::RansPutSymbols(table, in, groups, cursor);
}
void PutGroups(const simd::RansEncodeTable& table, const int32_t* in, size_t groups, simd::RansPutCursor* cursor) {
  simd::RansPutValues(table, in, groups, cursor);
}

// From the end of a run to its beginning.
template <typename In>
void PutRun(const simd::RansEncodeTable& table, absl::Span<const In> in, simd::RansPutCursor* cursor) {
  const size_t groups = in.size() / kRansLanes, rest = in.size() % kRansLanes;
  if (rest != 0) simd::RansPutRest(table, in.data() + groups * kRansLanes, rest, cursor);
  PutGroups(table, in.data(), groups, cursor);
}

void DecodeGroups(const uint32_t* slots, size_t groups, simd::RansCursor* cursor, uint8_t** out) {
  *out += kRansLanes * simd::RansDecodeSymbols(slots, groups, cursor, *out);
}
void DecodeGroups(const uint32_t* slots, size_t groups, simd::RansCursor* cursor, int32_t** out) {
  *out += kRansLanes * simd::RansDecodeValues(slots, groups, cursor, *out);
}

}  // namespace

// What decoding reads first is written last, so the encoder runs backwards through runs, groups, phases and lanes, and its
// words are turned over in the end.
absl::Status EncodeRans(absl::Span<const RansRun> runs, std::string* out) {
  size_t values = 0;
  for (const RansRun& run : runs) values += run.symbols.size() + run.values.size();
  thread_local Buffer buffer;
  buffer.Resize(simd::RansMaxWords(values) * sizeof(uint16_t));
  auto* const words = buffer.as<uint16_t>();
  simd::RansPutCursor cursor;
  std::fill_n(cursor.states, kRansLanes, kRansLowestState);
  cursor.next = words;
  for (size_t r = runs.size(); r-- > 0;) {
    PutRun(runs[r].encoder->table(), runs[r].symbols, &cursor);
    PutRun(runs[r].encoder->table(), runs[r].values, &cursor);
  }
  if (cursor.least_frequency == 0) {
    return absl::InvalidArgumentError("entropy coding: a symbol has no frequency in its table");
  }
  const auto count = static_cast<size_t>(cursor.next - words);
  const size_t start = out->size();
  out->resize(start + kStateBytes + count * sizeof(uint16_t));
  std::memcpy(out->data() + start, cursor.states, kStateBytes);
  simd::ReverseWords(words, count, reinterpret_cast<std::byte*>(out->data() + start + kStateBytes));
  return absl::OkStatus();
}

absl::StatusOr<RansReader> RansReader::Open(absl::Span<const std::byte> stream) {
  if (stream.size() < kStateBytes) {
    return absl::DataLossError(
        absl::StrFormat("entropy stream truncated: states take %d bytes, %d are there", kStateBytes, stream.size()));
  }
  RansReader reader;
  std::memcpy(reader.states_, stream.data(), kStateBytes);
  reader.words_ = stream.subspan(kStateBytes);
  const uint32_t lowest = *std::min_element(reader.states_, reader.states_ + kRansLanes);
  if (lowest < kRansLowestState) {
    return absl::DataLossError(absl::StrFormat("entropy stream: state %d is below %d", lowest, kRansLowestState));
  }
  return reader;
}

simd::RansCursor RansReader::Cursor() const {
  simd::RansCursor cursor;
  std::memcpy(cursor.states, states_, kStateBytes);
  cursor.words = (in_tail_ ? tail_.data() : words_.data()) + position_;
  cursor.end = in_tail_ ? tail_.data() + tail_bytes_ + kRansGroupBytes : words_.data() + words_.size();
  return cursor;
}

void RansReader::Take(const simd::RansCursor& cursor) {
  std::memcpy(states_, cursor.states, kStateBytes);
  position_ = static_cast<size_t>(cursor.words - (in_tail_ ? tail_.data() : words_.data()));
}

void RansReader::MoveToTail() {
  tail_bytes_ = words_.size() - position_;
  tail_.fill(std::byte{0});
  if (tail_bytes_ != 0) std::memcpy(tail_.data(), words_.data() + position_, tail_bytes_);
  in_tail_ = true;
  position_ = 0;
}

template <typename Out>
absl::Status RansReader::ReadRun(const RansDecoder& decoder, absl::Span<Out> out) {
  Out* next = out.data();
  Out* const end = out.data() + out.size();
  const auto decode = [&](simd::RansCursor* cursor) {
    DecodeGroups(decoder.slots(), static_cast<size_t>(end - next) / kRansLanes, cursor, &next);
    const auto rest = static_cast<size_t>(end - next);
    if (rest > 0 && rest < kRansLanes && cursor->end - cursor->words >= static_cast<ptrdiff_t>(kRansGroupBytes)) {
      simd::RansDecodeRest(decoder.slots(), rest, cursor, next);
      next = end;
    }
  };
  simd::RansCursor cursor = Cursor();
  decode(&cursor);
  Take(cursor);
  if (next != end && !in_tail_) {
    MoveToTail();
    cursor = Cursor();
    decode(&cursor);
    Take(cursor);
  }
  if (in_tail_ && (next != end || position_ > tail_bytes_)) {
    return absl::DataLossError(
        absl::StrFormat("entropy stream truncated: its %d bytes of words end before its symbols", words_.size()));
  }
  return absl::OkStatus();
}

absl::Status RansReader::Finish() const {
  const size_t left = (in_tail_ ? tail_bytes_ : words_.size()) - position_;
  const bool at_start = std::all_of(states_, states_ + kRansLanes, [](uint32_t x) { return x == kRansLowestState; });
  if (left == 0 && at_start) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("entropy stream damaged: %d bytes left over, states %s", left, at_start ? "fit" : "do not fit"));
}

template absl::Status RansReader::ReadRun(const RansDecoder&, absl::Span<uint8_t>);
template absl::Status RansReader::ReadRun(const RansDecoder&, absl::Span<int32_t>);

}  // namespace cortex
