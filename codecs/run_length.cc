#include "codecs/run_length.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"
#include "codecs/plain.h"

namespace cortex {
namespace {

constexpr uint64_t kHeaderBytes = 8;  // u32 run count, u32 zero

bool SameRow(const ValueSpan& rows, uint32_t a, uint32_t b) {
  if (rows.shape.type == PhysicalType::kBytes) return rows.StringAt(a) == rows.StringAt(b);
  const size_t row_bytes = rows.shape.row_bytes();
  return std::memcmp(rows.fixed + a * row_bytes, rows.fixed + b * row_bytes, row_bytes) == 0;
}

// Calls visit(first row of run, one past its last) for every run.
template <class Visit>
void ForEachRun(const ValueSpan& rows, const Visit& visit) {
  uint32_t begin = 0;
  for (uint32_t i = 1; i <= rows.row_count; ++i) {
    if (i < rows.row_count && SameRow(rows, i - 1, i)) continue;
    visit(begin, i);
    begin = i;
  }
}

class RunLengthChunk final : public EncodedChunk {
 public:
  RunLengthChunk(std::vector<uint32_t> ends, ValueBuffer values) : ends_(std::move(ends)), values_(std::move(values)) {}

  EncodingId encoding() const override { return EncodingId::kRunLength; }
  uint32_t row_count() const override { return ends_.empty() ? 0 : ends_.back(); }
  uint64_t memory_bytes() const override {
    return sizeof(*this) + ends_.capacity() * sizeof(uint32_t) + values_.memory_bytes();
  }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count()));
    for (uint32_t done = 0, run = RunOf(first); done < count; ++run) {
      const uint32_t rows = std::min(ends_[run] - (first + done), count - done);
      RETURN_IF_ERROR(Repeat(run, rows, out));
      done += rows;
    }
    return absl::OkStatus();
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count()));
    for (uint32_t row : rows) RETURN_IF_ERROR(Repeat(RunOf(row), 1, out));
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count()));
    if (count == 0) return absl::OkStatus();
    const uint32_t first_run = RunOf(first), last_run = RunOf(first + count - 1);
    const std::vector<uint64_t> kept = KeptRuns(filter, first_run, last_run - first_run + 1);
    for (uint32_t run = first_run; run <= last_run; ++run) {
      if (TestBit(kept.data(), run - first_run)) continue;
      const uint32_t begin = run == 0 ? 0 : std::max(first, ends_[run - 1]);
      ClearBits(selection, std::max(begin, first) - first,
                std::min(ends_[run], first + count) - std::max(begin, first));
    }
    return absl::OkStatus();
  }

 private:
  uint32_t RunOf(uint32_t row) const {
    return static_cast<uint32_t>(std::upper_bound(ends_.begin(), ends_.end(), row) - ends_.begin());
  }

  absl::Status Repeat(uint32_t run, uint32_t count, ValueBuffer* out) const {
    if (values_.shape().type == PhysicalType::kBytes) {
      for (uint32_t i = 0; i < count; ++i) RETURN_IF_ERROR(AppendChecked(values_.StringAt(run), out));
      return absl::OkStatus();
    }
    const uint32_t row_bytes = values_.shape().row_bytes();
    FillRows(values_.span().fixed + size_t{run} * row_bytes, row_bytes, count, out->ExtendFixed(count));
    return absl::OkStatus();
  }

  // One bit per run of [first_run, first_run + count): the filter is evaluated once per run.
  std::vector<uint64_t> KeptRuns(const ValueFilter& filter, uint32_t first_run, uint32_t count) const {
    std::vector<uint64_t> kept((count + 63) / 64, ~uint64_t{0});
    if (values_.shape().type != PhysicalType::kBytes) {
      FilterFixedValues(values_.span().Slice(first_run, count), filter, kept.data());
      return kept;
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (!MatchesFilter(filter, values_.StringAt(first_run + i))) ClearBits(kept.data(), i, 1);
    }
    return kept;
  }

  std::vector<uint32_t> ends_;
  ValueBuffer values_;
};

class RunLength final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kRunLength; }
  double decode_ns_per_value() const override { return 0.3; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    uint64_t bytes = kHeaderBytes;
    ForEachRun(rows, [&](uint32_t begin, uint32_t) {
      bytes +=
          sizeof(uint32_t) + (rows.shape.type == PhysicalType::kBytes ? rows.StringAt(begin).size() + sizeof(uint32_t)
                                                                      : rows.shape.row_bytes());
    });
    return bytes;
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    std::vector<uint32_t> ends;
    ValueBuffer values(rows.shape);
    ForEachRun(rows, [&](uint32_t begin, uint32_t end) {
      ends.push_back(end);
      values.Append(rows.Slice(begin, 1));
    });
    const size_t start = out->size();
    ByteWriter writer(out);
    writer.Put(static_cast<uint32_t>(ends.size()));
    writer.Put<uint32_t>(0);
    for (uint32_t end : ends) writer.Put(end);
    PadFrom(start, 8, out);
    return PlainCodec()->Encode(values.span(), effort, out);
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    ASSIGN_OR_RETURN(const auto header, source->Read(0, kHeaderBytes));
    const auto run_count = LoadAs<uint32_t>(header.data());
    if (run_count > row_count || (run_count == 0) != (row_count == 0)) {
      return absl::DataLossError(absl::StrFormat("%d runs for %d rows", run_count, row_count));
    }
    ASSIGN_OR_RETURN(const auto bytes, source->Read(kHeaderBytes, sizeof(uint32_t) * uint64_t{run_count}));
    std::vector<uint32_t> ends(run_count);
    if (run_count != 0) std::memcpy(ends.data(), bytes.data(), bytes.size());
    for (uint32_t run = 0, previous = 0; run < run_count; previous = ends[run++]) {
      if (ends[run] <= previous || ends[run] > row_count) {
        return absl::DataLossError(
            absl::StrFormat("run %d ends at row %d, after %d of %d rows", run, ends[run], previous, row_count));
      }
    }
    if (run_count != 0 && ends.back() != row_count) {
      return absl::DataLossError(absl::StrFormat("runs end at row %d of %d", ends.back(), row_count));
    }
    const uint64_t values_at = AlignUp(kHeaderBytes + bytes.size(), 8);
    if (values_at > source->size()) return absl::DataLossError("run values are missing");
    const SliceSource values_source(source, values_at, source->size() - values_at);
    ASSIGN_OR_RETURN(const auto values, PlainCodec()->Open(&values_source, shape, run_count));
    ValueBuffer buffer(shape);
    RETURN_IF_ERROR(values->Decode(0, run_count, &buffer));
    return std::make_unique<RunLengthChunk>(std::move(ends), std::move(buffer));
  }
};

}  // namespace

const Codec* RunLengthCodec() {
  static const RunLength codec;
  return &codec;
}

}  // namespace cortex
