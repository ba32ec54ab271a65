#include "codecs/dictionary_codes.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

constexpr uint32_t kBlockRows = simd::kPackedBlockValues;

absl::Status CheckCode(uint32_t code, uint32_t entry_count) {
  if (code < entry_count) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("dictionary code %d of %d entries", code, entry_count));
}

}  // namespace

PackedCodes::PackedCodes(const ByteSource* source, uint64_t offset, uint32_t row_count, uint32_t entry_count)
    : source_(source), offset_(offset), width_(Width(entry_count)), row_count_(row_count), entry_count_(entry_count) {}

unsigned PackedCodes::Width(uint32_t entry_count) {
  return entry_count <= 1 ? 0 : static_cast<unsigned>(std::bit_width(entry_count - 1));
}

uint64_t PackedCodes::Bytes(uint32_t row_count, uint32_t entry_count) {
  const unsigned width = Width(entry_count);
  const uint64_t full = row_count / kBlockRows * uint64_t{simd::PackedBytes(kBlockRows, width, 32)};
  const uint32_t rest = row_count % kBlockRows;
  return full + (rest == 0 ? 0 : simd::PackedBytes(rest, width, 32));
}

void PackedCodes::Append(absl::Span<const uint32_t> codes, uint32_t entry_count, std::string* out) {
  const unsigned width = Width(entry_count);
  for (size_t first = 0; first < codes.size(); first += kBlockRows) {
    const absl::Span<const uint32_t> block = codes.subspan(first, kBlockRows);
    const size_t at = out->size();
    out->resize(at + simd::PackedBytes(block.size(), width, 32));
    simd::PackBits(block, width, reinterpret_cast<std::byte*>(out->data() + at));
  }
}

absl::Status PackedCodes::ForEach(uint32_t first, uint32_t count, Visit visit) const {
  alignas(64) uint32_t codes[kBlockRows];
  for (uint32_t row = first, rows = 0; row < first + count; row += rows) {
    const uint32_t block = row / kBlockRows, skip = row % kBlockRows, in_block = RowsIn(block);
    ASSIGN_OR_RETURN(const auto bytes, ReadBlock(block));
    simd::UnpackBits(bytes.data(), width_, in_block, uint32_t{0}, codes);
    RETURN_IF_ERROR(CheckCode(simd::MaxOf({codes, in_block}), entry_count_));
    rows = std::min(in_block - skip, first + count - row);
    RETURN_IF_ERROR(visit({codes + skip, rows}, row - first));
  }
  return absl::OkStatus();
}

absl::Status PackedCodes::Gather(absl::Span<const uint32_t> rows, std::vector<uint32_t>* codes) const {
  for (uint32_t row : rows) {
    ASSIGN_OR_RETURN(const auto bytes, ReadBlock(row / kBlockRows));
    codes->push_back(simd::UnpackOne32(bytes.data(), width_, row % kBlockRows));
    RETURN_IF_ERROR(CheckCode(codes->back(), entry_count_));
  }
  return absl::OkStatus();
}

uint32_t PackedCodes::RowsIn(uint32_t block) const { return std::min(kBlockRows, row_count_ - block * kBlockRows); }

absl::StatusOr<absl::Span<const std::byte>> PackedCodes::ReadBlock(uint32_t block) const {
  return source_->Read(offset_ + block * uint64_t{simd::PackedBytes(kBlockRows, width_, 32)},
                       simd::PackedBytes(RowsIn(block), width_, 32));
}

absl::Status NestedCodes::ForEach(uint32_t first, uint32_t count, Visit visit) const {
  return codes_.ForEachPiece(first, count, nullptr, [&](uint32_t row, const ValueSpan& piece) {
    const absl::Span<const uint32_t> codes(reinterpret_cast<const uint32_t*>(piece.fixed), piece.row_count);
    RETURN_IF_ERROR(CheckCode(simd::MaxOf(codes), entry_count_));
    return visit(codes, row - first);
  });
}

absl::Status NestedCodes::Gather(absl::Span<const uint32_t> rows, std::vector<uint32_t>* codes) const {
  ValueBuffer gathered(codes_.shape());
  RETURN_IF_ERROR(codes_.chunk().Gather(rows, &gathered));
  const absl::Span<const uint32_t> values = gathered.values<uint32_t>();
  codes->insert(codes->end(), values.begin(), values.end());
  return CheckCode(simd::MaxOf(values), entry_count_);
}

}  // namespace cortex
