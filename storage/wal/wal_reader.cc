#include "storage/wal/wal_reader.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

absl::Status DamageError(std::string_view file, uint64_t offset, std::string_view reason) {
  return absl::DataLossError(absl::StrFormat(
      "wal damaged below what was synced: file %s, offset %d, %s; restore a backup, or start with --wal.repair=true to "
      "cut the log there and lose what follows",
      file, offset, reason));
}

bool IsZero(absl::Span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

absl::StatusOr<std::unique_ptr<WalReader>> WalReader::Open(FileSystem* fs, WalReaderOptions options) {
  std::unique_ptr<WalReader> reader(new WalReader(fs, std::move(options)));
  RETURN_IF_ERROR(reader->ReadHeaders());
  return reader;
}

absl::Status WalReader::ReadHeaders() {
  ASSIGN_OR_RETURN(const auto entries, fs_->ListDir(options_.dir));  // sorted; twenty digits sort like their numbers
  for (const DirEntry& entry : entries) {
    const auto first_commit = ParseWalFileName(entry.name);
    if (!first_commit.has_value()) continue;
    if (entry.is_dir) {
      return absl::FailedPreconditionError(
          absl::StrFormat("wal: %s is a directory, and was a file of the log", JoinPath(options_.dir, entry.name)));
    }
    if (!headless_.empty()) {
      headless_.push_back(entry.name);
      continue;
    }
    const auto file = ReadHeader(entry.name, *first_commit);
    if (file.ok()) {
      files_.push_back(*file);
      continue;
    }
    if (!absl::IsDataLoss(file.status())) return file.status();
    headless_reason_ = std::string(file.status().message());
    if (!options_.repair) return DamageError(entry.name, 0, headless_reason_);
    headless_.push_back(entry.name);
  }
  return absl::OkStatus();
}

absl::StatusOr<WalFile> WalReader::ReadHeader(const std::string& name, Commit first_commit) const {
  const std::string path = JoinPath(options_.dir, name);
  ASSIGN_OR_RETURN(const auto file, fs_->OpenReadable(path));
  std::array<std::byte, kWalFileHeaderBytes> bytes;
  ASSIGN_OR_RETURN(const size_t read, file->ReadAt(0, bytes.size(), bytes.data()));
  const auto header = DecodeWalFileHeader(absl::MakeConstSpan(bytes.data(), read));
  if (absl::IsUnimplemented(header.status())) {
    return absl::UnimplementedError(absl::StrFormat("%s: %s", std::string(header.status().message()), path));
  }
  RETURN_IF_ERROR(header.status());
  if (header->first_commit != first_commit) {
    return absl::DataLossError(absl::StrFormat("file header is that of another file, first commit %d",
                                               header->first_commit));
  }
  if (options_.server_id != 0 && header->server_id != options_.server_id) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "wal of another server: %s belongs to server %016x, this is %016x", path, header->server_id,
        options_.server_id));
  }
  return WalFile{name, *header, kWalFileHeaderBytes};
}

absl::StatusOr<bool> WalReader::Next(WalRecord* record) {
  RETURN_IF_ERROR(status_);
  for (;;) {
    const absl::StatusOr<bool> found = Advance(record);
    status_ = found.status();
    if (!found.ok() || !*found || options_.include_markers || record->kind != WalRecordKind::kSyncedMarker) {
      return found;
    }
  }
}

absl::StatusOr<bool> WalReader::Advance(WalRecord* record) {
  while (!done_) {
    if (files_.empty()) {
      done_ = true;
      if (!headless_.empty()) RETURN_IF_ERROR(EndWithLoss(headless_[0], 0, headless_reason_, WalScan()));
      break;
    }
    if (current_ == nullptr) {
      ASSIGN_OR_RETURN(current_, MappedFile::Open(fs_, JoinPath(options_.dir, file().name)));
      current_->Advise(AccessPattern::kSequential);
      offset_ = kWalFileHeaderBytes;
    }
    ASSIGN_OR_RETURN(auto bad_place, ReadRecord(record));
    if (bad_place.has_value()) {
      RETURN_IF_ERROR(LeaveFile(*std::move(bad_place)));
      continue;
    }
    offset_ += WalRecordBytes(record->payload.size());
    tail_.end_position = position();
    tail_.ends_with_marker = record->kind == WalRecordKind::kSyncedMarker;
    tail_.last_commit = record->commit;
    tail_.last_epoch = record->epoch;
    return true;
  }
  return false;
}

absl::StatusOr<std::optional<WalReader::BadPlace>> WalReader::ReadRecord(WalRecord* record) const {
  const absl::Span<const std::byte> bytes = current_->bytes();
  if (offset_ >= bytes.size()) return BadPlace{"the file ends"};
  const absl::Span<const std::byte> rest = bytes.subspan(offset_);
  const auto header = DecodeWalRecordHeader(rest);
  if (!header.has_value()) return BadPlace{"no record header whose checksum holds"};
  if (header->position != position()) {
    return BadPlace{absl::StrFormat("record header of position %d at position %d", header->position, position())};
  }
  const uint64_t record_bytes = WalRecordBytes(header->payload_bytes);
  if (record_bytes > rest.size()) {
    return BadPlace{absl::StrFormat("record of %d bytes, but only %d left in the file", record_bytes, rest.size())};
  }
  const absl::Span<const std::byte> payload = rest.subspan(kWalRecordHeaderBytes, header->payload_bytes);
  const absl::Span<const std::byte> padded = rest.subspan(0, record_bytes);
  const uint64_t checksum = Checksum64(payload);
  if (checksum != header->payload_checksum || !IsZero(padded.subspan(kWalRecordHeaderBytes + payload.size()))) {
    return BadPlace{absl::StrFormat("payload checksum mismatch at commit %d: expected %016x, got %016x",
                                    header->commit, header->payload_checksum, checksum)};
  }
  if (header->kind != WalRecordKind::kData && header->kind != WalRecordKind::kSyncedMarker) {
    return absl::UnimplementedError(
        absl::StrFormat("wal record kind %d is not known to this version: file %s, offset %d",
                        static_cast<int>(header->kind), file().name, offset_));
  }
  if (auto fault = FindFault(*header)) return fault;
  *record = {.commit = header->commit,
             .epoch = header->epoch,
             .kind = header->kind,
             .payload = payload,
             .file = file().name,
             .offset = offset_,
             .position = header->position,
             .synced_through = header->synced_through};
  return std::nullopt;
}

// Checksums hold, so a torn write is ruled out: what is wrong here was written wrong or comes from elsewhere.
std::optional<WalReader::BadPlace> WalReader::FindFault(const WalRecordHeader& header) const {
  const auto fault = [](std::string reason) { return BadPlace{std::move(reason), /*is_damage=*/true}; };
  if (header.synced_through > header.position) {
    return fault(absl::StrFormat("record claims bytes behind itself as synced, up to %d", header.synced_through));
  }
  if (header.epoch < tail_.last_epoch) {
    return fault(absl::StrFormat("epoch %d follows epoch %d", header.epoch, tail_.last_epoch));
  }
  if (header.kind == WalRecordKind::kSyncedMarker) {
    const bool follows = header.commit == tail_.last_commit || tail_.last_commit == 0;
    if (header.payload_bytes == 0 && follows) return std::nullopt;
    return fault(absl::StrFormat("marker of commit %d follows commit %d", header.commit, tail_.last_commit));
  }
  if (header.commit <= tail_.last_commit || header.commit < file().header.first_commit) {
    return fault(absl::StrFormat("commit %d follows commit %d in a file that starts at %d", header.commit,
                                 tail_.last_commit, file().header.first_commit));
  }
  return std::nullopt;
}

absl::Status WalReader::LeaveFile(BadPlace place) {
  const WalPosition here = position();
  tail_.end_position = here;
  tail_.files.push_back(file());
  tail_.files.back().used_bytes = offset_;
  const WalFile* const next = file_index_ + 1 < files_.size() ? &files_[file_index_ + 1] : nullptr;
  if (next != nullptr && next->header.start_position == here && !current_->damaged()) {
    ++file_index_;
    current_.reset();
    return absl::OkStatus();
  }
  done_ = true;
  const WalScan behind = ScanWalFile(current_->bytes(), offset_, file().header.start_position);
  tail_.torn_bytes = behind.written_end - offset_;
  if (next != nullptr) {
    place = {absl::StrFormat("%s; the next file, %s, starts at position %d, not %d", place.reason, next->name,
                             next->header.start_position, here),
             true};
  } else if (behind.synced_through > here) {
    place = {absl::StrFormat("%s; %d later records are intact, up to commit %d", place.reason, behind.record_count,
                             behind.last_commit),
             true};
  }
  if (!current_->DamageStatus().ok()) place = {std::string(current_->DamageStatus().message()), true};
  if (place.is_damage) return EndWithLoss(file().name, offset_, place.reason, behind);
  if (!headless_.empty()) return EndWithLoss(headless_[0], 0, headless_reason_, WalScan());
  return absl::OkStatus();
}

absl::Status WalReader::EndWithLoss(const std::string& file, uint64_t offset, const std::string& reason,
                                    const WalScan& behind) {
  if (!options_.repair) return DamageError(file, offset, reason);
  tail_.loss = WalLoss{.file = file,
                       .offset = offset,
                       .reason = reason,
                       .lost_bytes = behind.written_end > offset ? behind.written_end - offset : 0,
                       .readable_records = behind.record_count,
                       .last_readable_commit = behind.last_commit};
  for (size_t i = file_index_ + 1; i < files_.size(); ++i) {
    RETURN_IF_ERROR(CountLostFile(files_[i].name, &files_[i].header));
  }
  for (const std::string& name : headless_) RETURN_IF_ERROR(CountLostFile(name, nullptr));
  return absl::OkStatus();
}

absl::Status WalReader::CountLostFile(const std::string& name, const WalFileHeader* header) {
  tail_.lost_files.push_back(name);
  ASSIGN_OR_RETURN(const auto lost, MappedFile::Open(fs_, JoinPath(options_.dir, name)));
  // Without a header the positions are unknown and no record can be told from foreign bytes: only bytes are counted.
  const uint64_t from = header != nullptr ? kWalFileHeaderBytes : 0;
  const WalScan scan = ScanWalFile(lost->bytes(), std::min<uint64_t>(from, lost->size()),
                                   header != nullptr ? header->start_position : UINT64_MAX);
  tail_.loss->lost_bytes += scan.written_end;
  tail_.loss->readable_records += scan.record_count;
  tail_.loss->last_readable_commit = std::max(tail_.loss->last_readable_commit, scan.last_commit);
  return absl::OkStatus();
}

}  // namespace cortex
