#include "storage/segment/paged_source.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/segment/segment_format.h"

namespace cortex {
namespace {

bool TestBit(const std::atomic<uint64_t>* words, uint64_t i) {
  return (words[i / 64].load(std::memory_order_acquire) >> (i % 64)) & 1;
}

void RaiseBit(std::atomic<uint64_t>* words, uint64_t i) {
  words[i / 64].fetch_or(uint64_t{1} << (i % 64), std::memory_order_release);
}

absl::Status CheckSum(absl::Span<const std::byte> bytes, uint64_t expected, uint64_t offset) {
  const uint64_t actual = Checksum64(bytes);
  if (actual == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("checksum mismatch at offset %d: expected %016x, got %016x", offset,
                                             expected, actual));
}

}  // namespace

PagedSource::PagedSource(const ByteSource* file, const FilePiece& piece)
    : file_(file), piece_(piece), verified_(new std::atomic<uint64_t>[WordsForBits(piece.page_count() + 1)]()) {}

uint64_t PagedSource::MemoryBytes(const FilePiece& piece) {
  return sizeof(PagedSource) + WordsForBits(piece.page_count() + 1) * sizeof(uint64_t);
}

absl::StatusOr<absl::Span<const std::byte>> PagedSource::Read(uint64_t offset, uint64_t count) const {
  if (offset > piece_.length || count > piece_.length - offset) {
    return absl::DataLossError(absl::StrFormat("%d bytes wanted at offset %d of a piece of %d", count, offset,
                                               piece_.length));
  }
  if (count > 0) {
    const uint64_t last = (offset + count - 1) / kPageBytes;
    for (uint64_t page = offset / kPageBytes; page <= last; ++page) {
      if (!TestBit(verified_.get(), page)) RETURN_IF_ERROR(VerifyPage(page));
    }
  }
  return file_->Read(piece_.offset + offset, count);
}

absl::Status PagedSource::VerifyPage(uint64_t page) const {
  const uint64_t begin = page * kPageBytes;
  ASSIGN_OR_RETURN(const uint64_t expected, ExpectedChecksum(page));
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes,
                   file_->Read(piece_.offset + begin, std::min(kPageBytes, piece_.length - begin)));
  RETURN_IF_ERROR(CheckSum(bytes, expected, piece_.offset + begin));
  RaiseBit(verified_.get(), page);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> PagedSource::ExpectedChecksum(uint64_t page) const {
  const uint64_t page_count = piece_.page_count();
  if (page_count == 1) return piece_.checksum;
  const uint64_t table_offset = piece_.offset + (piece_.length + 7) / 8 * 8;
  if (!TestBit(verified_.get(), page_count)) {
    ASSIGN_OR_RETURN(const absl::Span<const std::byte> table,
                     file_->Read(table_offset, page_count * sizeof(uint64_t)));
    RETURN_IF_ERROR(CheckSum(table, piece_.checksum, table_offset));
    RaiseBit(verified_.get(), page_count);
  }
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> entry,
                   file_->Read(table_offset + page * sizeof(uint64_t), sizeof(uint64_t)));
  uint64_t expected = 0;
  std::memcpy(&expected, entry.data(), sizeof(expected));
  return expected;
}

}  // namespace cortex
