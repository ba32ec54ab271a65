// One piece of a segment file, verified page by page: a ByteSource that never hands out a byte it has not checked.
#ifndef CORTEX_STORAGE_SEGMENT_PAGED_SOURCE_H_
#define CORTEX_STORAGE_SEGMENT_PAGED_SOURCE_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/codec.h"
#include "storage/segment/segment_footer.h"

namespace cortex {

// Pages of 64 KiB, counted from the start of the piece, are verified when first touched and then remembered in a
// bitmap; two threads may verify the same page at the same time, which is harmless. Thread-safe; lock-free.
class PagedSource final : public ByteSource {
 public:
  // `file` must outlive the source; `piece` must lie in it.
  PagedSource(const ByteSource* file, const FilePiece& piece);

  uint64_t size() const override { return piece_.length; }
  static uint64_t MemoryBytes(const FilePiece& piece);
  uint64_t memory_bytes() const { return MemoryBytes(piece_); }
  // Errors: DATA_LOSS out of range or checksum mismatch; those of `file`.
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override;

 private:
  absl::Status VerifyPage(uint64_t page) const;
  absl::StatusOr<uint64_t> ExpectedChecksum(uint64_t page) const;

  const ByteSource* const file_;
  const FilePiece piece_;
  const std::unique_ptr<std::atomic<uint64_t>[]> verified_;  // one bit per page, then one for the page checksums
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_PAGED_SOURCE_H_
