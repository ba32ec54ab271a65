#include "storage/wal/wal_writer.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/durable_file.h"
#include "storage/io/kill_point.h"
#include "storage/io/mapped_file.h"

namespace cortex {
namespace {

constexpr std::string_view kLostSuffix = ".lost";

bool IsUnfinished(const DirEntry& entry) {
  return !entry.is_dir && entry.name.starts_with("wal-") && entry.name.ends_with(kTemporarySuffix);
}

uint64_t GroupBytes(absl::Span<const WalRecordRef> group) {
  uint64_t bytes = 0;
  for (const WalRecordRef& record : group) bytes += WalRecordBytes(record.payload.size());
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WalWriter>> WalWriter::Open(FileSystem* fs, WalWriterOptions options,
                                                           const WalTail& tail) {
  std::unique_ptr<WalWriter> writer(new WalWriter(fs, std::move(options)));
  RETURN_IF_ERROR(writer->Resume(tail));
  return writer;
}

absl::Status WalWriter::Resume(const WalTail& tail) {
  files_ = tail.files;
  end_position_ = synced_through_ = tail.end_position;
  last_commit_ = tail.last_commit;
  last_epoch_ = tail.last_epoch;
  ends_with_marker_ = tail.ends_with_marker || !HasRecords();
  RETURN_IF_ERROR(RemoveUnfinishedFiles());
  RETURN_IF_ERROR(SetLostAside(tail));
  RETURN_IF_ERROR(ReopenLastFile(tail));
  return fs_->SyncDir(options_.dir);  // also for a file whose creation was cut short between rename and sync
}

absl::Status WalWriter::RemoveUnfinishedFiles() {
  ASSIGN_OR_RETURN(const auto entries, fs_->ListDir(options_.dir));
  for (const DirEntry& entry : entries) {
    if (!IsUnfinished(entry)) continue;
    RETURN_IF_ERROR(fs_->Remove(Path(entry.name)));
    removed_files_.push_back(Path(entry.name));
  }
  return absl::OkStatus();
}

// Later files go first, the newest before all: stopped anywhere in between, the log is still one that needs repair, or
// one that ends at the cut.
absl::Status WalWriter::SetLostAside(const WalTail& tail) {
  if (!tail.loss.has_value()) return absl::OkStatus();
  for (auto name = tail.lost_files.rbegin(); name != tail.lost_files.rend(); ++name) {
    ASSIGN_OR_RETURN(const std::string lost_name, FreeLostName(*name));
    RETURN_IF_ERROR(fs_->Rename(Path(*name), Path(lost_name)));
    RETURN_IF_ERROR(fs_->SyncDir(options_.dir));
  }
  if (files_.empty() || tail.torn_bytes == 0) return absl::OkStatus();
  const WalFile& file = files_.back();
  ASSIGN_OR_RETURN(const auto mapped, MappedFile::Open(fs_, Path(file.name)));
  ASSIGN_OR_RETURN(const std::string lost_name, FreeLostName(file.name));
  return WriteFileDurably(fs_, Path(lost_name), mapped->bytes().subspan(file.used_bytes, tail.torn_bytes));
}

absl::StatusOr<std::string> WalWriter::FreeLostName(const std::string& name) {
  std::string lost_name = name + std::string(kLostSuffix);
  for (int number = 2;; ++number) {
    ASSIGN_OR_RETURN(const bool taken, fs_->Exists(Path(lost_name)));
    if (!taken) return lost_name;
    lost_name = absl::StrFormat("%s%s.%d", name, kLostSuffix, number);
  }
}

absl::Status WalWriter::ReopenLastFile(const WalTail& tail) {
  if (files_.empty()) return absl::OkStatus();
  const WalFile& file = files_.back();
  ASSIGN_OR_RETURN(current_, fs_->OpenWritable(Path(file.name), WriteMode::kExisting));
  // Cutting and growing again is how torn bytes become zeros: leftovers behind the end would otherwise come back to
  // life when later records are torn in turn.
  if (tail.torn_bytes > 0 || tail.loss.has_value()) RETURN_IF_ERROR(current_->Truncate(file.used_bytes));
  current_allocated_ = std::max(options_.file_bytes, file.used_bytes);
  RETURN_IF_ERROR(current_->Allocate(current_allocated_));
  return current_->SyncAll();
}

absl::Status WalWriter::Append(absl::Span<const WalRecordRef> group) {
  RETURN_IF_ERROR(status_);
  if (group.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckGroup(group));
  RETURN_IF_ERROR(MakeRoom(GroupBytes(group), group.front().commit));
  KillPoint("wal-append");
  RETURN_IF_ERROR(WriteRecords(group, WalRecordKind::kData));
  KillPoint("wal-appended");
  last_commit_ = group.back().commit;
  last_epoch_ = group.back().epoch;
  ends_with_marker_ = false;
  return absl::OkStatus();
}

absl::Status WalWriter::CheckGroup(absl::Span<const WalRecordRef> group) const {
  Commit previous = last_commit_;
  uint32_t epoch = last_epoch_;
  if (!files_.empty()) previous = std::max(previous, files_.back().header.first_commit - 1);
  for (const WalRecordRef& record : group) {
    if (record.commit <= previous || record.epoch < epoch) {
      return absl::InvalidArgumentError(
          absl::StrFormat("wal records out of order: commit %d of epoch %d follows %d of %d", record.commit,
                          record.epoch, previous, epoch));
    }
    if (record.payload.size() > kWalMaxPayloadBytes) {
      return absl::InvalidArgumentError(absl::StrFormat("wal record too long: commit %d, %d bytes, at most %d",
                                                        record.commit, record.payload.size(), kWalMaxPayloadBytes));
    }
    previous = record.commit;
    epoch = record.epoch;
  }
  return absl::OkStatus();
}

absl::Status WalWriter::MakeRoom(uint64_t bytes, Commit first_commit) {
  if (current_ != nullptr && files_.back().used_bytes + bytes <= current_allocated_) return absl::OkStatus();
  if (current_ == nullptr || HasRecords()) return StartFile(bytes, first_commit);
  // An empty file grows instead: a next file could want the same name.
  const absl::Status allocated = current_->Allocate(files_.back().used_bytes + bytes);
  if (absl::IsResourceExhausted(allocated)) return allocated;
  RETURN_IF_ERROR(Final(allocated));
  RETURN_IF_ERROR(Final(current_->SyncAll()));
  current_allocated_ = files_.back().used_bytes + bytes;
  return absl::OkStatus();
}

absl::Status WalWriter::StartFile(uint64_t record_bytes, Commit first_commit) {
  // The header of the new file says that all before it is synced.
  RETURN_IF_ERROR(Sync());
  const WalFile file = {WalFileName(first_commit), {options_.server_id, first_commit, end_position_},
                        kWalFileHeaderBytes};
  const uint64_t file_bytes = std::max(options_.file_bytes, kWalFileHeaderBytes + record_bytes);
  KillPoint("wal-rotate");
  const absl::Status created = CreateFile(file, file_bytes);
  if (absl::IsResourceExhausted(created)) return created;
  RETURN_IF_ERROR(Final(created));
  KillPoint("wal-rotate-named");
  auto opened = fs_->OpenWritable(Path(file.name), WriteMode::kExisting);
  RETURN_IF_ERROR(Final(opened.status()));
  if (current_ != nullptr) {  // gives back what the old file did not need
    RETURN_IF_ERROR(Final(current_->Truncate(files_.back().used_bytes)));
    RETURN_IF_ERROR(Final(current_->Close()));
  }
  KillPoint("wal-rotate-cut");
  current_ = *std::move(opened);
  current_allocated_ = file_bytes;
  files_.push_back(file);
  ends_with_marker_ = true;  // the header is one
  return absl::OkStatus();
}

// Made under a temporary name, so that a file of the log always has a whole header: a bad one is damage, never a crash.
absl::Status WalWriter::CreateFile(const WalFile& file, uint64_t file_bytes) {
  const std::string path = Path(file.name);
  const std::string temporary_path = path + std::string(kTemporarySuffix);
  ASSIGN_OR_RETURN(const auto created, fs_->OpenWritable(temporary_path, WriteMode::kTruncate));
  RETURN_IF_ERROR(created->Append(EncodeWalFileHeader(file.header)));
  RETURN_IF_ERROR(created->Allocate(file_bytes));
  RETURN_IF_ERROR(created->SyncAll());
  RETURN_IF_ERROR(created->Close());
  KillPoint("wal-rotate-written");
  return PublishFile(fs_, temporary_path, path);
}

absl::Status WalWriter::WriteRecords(absl::Span<const WalRecordRef> group, WalRecordKind kind) {
  static constexpr std::array<std::byte, kWalAlignment> kZeros{};
  WalFile& file = files_.back();
  std::vector<std::array<std::byte, kWalRecordHeaderBytes>> headers;
  std::vector<absl::Span<const std::byte>> pieces;
  headers.reserve(group.size());  // never grows below: pieces point into it
  pieces.reserve(3 * group.size());
  WalPosition position = end_position_;
  for (const WalRecordRef& record : group) {
    const uint64_t record_bytes = WalRecordBytes(record.payload.size());
    headers.push_back(EncodeWalRecordHeader({.position = position,
                                             .commit = record.commit,
                                             .synced_through = synced_through_,
                                             .epoch = record.epoch,
                                             .kind = kind,
                                             .payload_bytes = static_cast<uint32_t>(record.payload.size()),
                                             .payload_checksum = Checksum64(record.payload)}));
    pieces.push_back(headers.back());
    pieces.push_back(record.payload);
    pieces.push_back({kZeros.data(), record_bytes - kWalRecordHeaderBytes - record.payload.size()});
    position += record_bytes;
  }
  RETURN_IF_ERROR(Final(current_->WriteAt(file.used_bytes, pieces)));
  file.used_bytes += position - end_position_;
  end_position_ = position;
  return absl::OkStatus();
}

absl::Status WalWriter::Sync() {
  RETURN_IF_ERROR(status_);
  if (synced_through_ == end_position_) return absl::OkStatus();
  RETURN_IF_ERROR(Final(current_->Sync()));
  synced_through_ = end_position_;
  return absl::OkStatus();
}

absl::Status WalWriter::WriteSyncedMarker() {
  RETURN_IF_ERROR(status_);
  if (ends_with_marker_) return absl::OkStatus();
  RETURN_IF_ERROR(Sync());
  RETURN_IF_ERROR(MakeRoom(WalRecordBytes(0), last_commit_ + 1));
  if (ends_with_marker_) return absl::OkStatus();  // no room: a new file was started, and its header says the same
  const WalRecordRef marker = {.commit = last_commit_, .epoch = last_epoch_};
  RETURN_IF_ERROR(WriteRecords({&marker, 1}, WalRecordKind::kSyncedMarker));
  KillPoint("wal-marker");
  RETURN_IF_ERROR(Sync());
  ends_with_marker_ = true;
  return absl::OkStatus();
}

absl::Status WalWriter::Rotate() {
  RETURN_IF_ERROR(status_);
  if (!HasRecords()) return absl::OkStatus();
  return StartFile(0, last_commit_ + 1);
}

absl::Status WalWriter::Trim(Commit first_needed_commit) {
  RETURN_IF_ERROR(status_);
  while (files_.size() > 1 && files_[1].header.first_commit <= first_needed_commit) {
    KillPoint("wal-trim");
    const absl::Status removed = fs_->Remove(Path(files_[0].name));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
    KillPoint("wal-trim-removed");
    // Before the next one goes: a crash must not bring an older file back while a younger one stays away.
    RETURN_IF_ERROR(fs_->SyncDir(options_.dir));
    files_.erase(files_.begin());
  }
  return absl::OkStatus();
}

uint64_t WalWriter::total_bytes() const {
  uint64_t bytes = 0;
  for (const WalFile& file : files_) bytes += file.used_bytes;
  return bytes;
}

absl::Status WalWriter::Final(const absl::Status& status) {
  if (!status.ok()) {
    status_ = absl::Status(status.code(), absl::StrFormat("wal closed by a failed write, reopen it from disk: %s",
                                                          std::string(status.message())));
  }
  return status_;
}

}  // namespace cortex
