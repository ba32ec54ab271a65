// Appends pieces to a segment file: aligned, checksummed page by page, buffered.
#ifndef CORTEX_STORAGE_SEGMENT_PIECE_WRITER_H_
#define CORTEX_STORAGE_SEGMENT_PIECE_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/io/file_system.h"
#include "storage/segment/segment_footer.h"

namespace cortex {

// One thread at a time. Small pieces are gathered into large writes; writeback of what has been written is started
// every 8 MiB, so that the final sync finds little left to do.
class PieceWriter {
 public:
  explicit PieceWriter(std::unique_ptr<WritableFile> file);

  // Bytes as they are.
  absl::Status Append(std::string_view bytes);
  // Padding, `bytes`, and their page checksums if they are longer than a page. `bytes` must not be empty.
  absl::StatusOr<FilePiece> AppendPiece(absl::Span<const std::byte> bytes);
  // Zero bytes up to the next place where a piece may begin.
  absl::Status Pad();

  // Writes what is buffered and starts writing it back.
  absl::Status WriteBack();
  // WriteBack, syncs data and metadata, closes.
  absl::Status FinishDurably();

  uint64_t size() const { return file_->size() + buffer_.size(); }
  uint64_t memory_bytes() const { return buffer_.capacity(); }

 private:
  absl::Status Flush();

  const std::unique_ptr<WritableFile> file_;
  std::string buffer_;
  uint64_t writeback_from_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_PIECE_WRITER_H_
