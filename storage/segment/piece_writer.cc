#include "storage/segment/piece_writer.h"

#include <utility>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"
#include "storage/segment/segment_format.h"

namespace cortex {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
constexpr uint64_t kWritebackBytes = 8 << 20;

}  // namespace

PieceWriter::PieceWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

absl::Status PieceWriter::Append(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) RETURN_IF_ERROR(Flush());
  if (bytes.size() >= kBufferBytes) return file_->Append(AsBytes(bytes));  // large: no copy
  buffer_.append(bytes);
  return absl::OkStatus();
}

absl::StatusOr<FilePiece> PieceWriter::AppendPiece(absl::Span<const std::byte> bytes) {
  RETURN_IF_ERROR(Pad());
  FilePiece piece{.offset = size(), .length = bytes.size()};
  RETURN_IF_ERROR(Append(AsStringView(bytes)));
  if (piece.page_count() <= 1) {
    piece.checksum = Checksum64(bytes);
    return piece;
  }
  std::string page_checksums;
  ByteWriter writer(&page_checksums);
  for (uint64_t begin = 0; begin < bytes.size(); begin += kPageBytes) {
    writer.Put(Checksum64(bytes.subspan(begin, kPageBytes)));
  }
  piece.checksum = Checksum64(page_checksums);
  RETURN_IF_ERROR(Append(std::string((8 - bytes.size() % 8) % 8, '\0')));
  RETURN_IF_ERROR(Append(page_checksums));
  return piece;
}

absl::Status PieceWriter::Pad() {
  return Append(std::string((kPieceAlignment - size() % kPieceAlignment) % kPieceAlignment, '\0'));
}

absl::Status PieceWriter::WriteBack() {
  RETURN_IF_ERROR(Flush());
  std::string().swap(buffer_);  // who writes back keeps the writer for a while; an assignment would keep the memory
  if (file_->size() > writeback_from_) file_->StartWriteback(writeback_from_, file_->size() - writeback_from_);
  writeback_from_ = file_->size();
  return absl::OkStatus();
}

absl::Status PieceWriter::FinishDurably() {
  RETURN_IF_ERROR(Flush());
  KillPoint("segment-written");
  RETURN_IF_ERROR(file_->SyncAll());
  return file_->Close();
}

absl::Status PieceWriter::Flush() {
  RETURN_IF_ERROR(file_->Append(AsBytes(buffer_)));
  buffer_.clear();
  if (file_->size() - writeback_from_ >= kWritebackBytes) {
    file_->StartWriteback(writeback_from_, file_->size() - writeback_from_);
    writeback_from_ = file_->size();
  }
  return absl::OkStatus();
}

}  // namespace cortex
