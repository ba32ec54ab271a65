#include "storage/wal/wal_walk.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "absl/strings/str_format.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

absl::Status DamageAt(const std::string& file, uint64_t offset, const std::string& reason) {
  return absl::DataLossError(absl::StrFormat("wal damaged below what was synced: file %s, offset %d, %s", file, offset,
                                             reason));
}

// The records of one file. Reads through a descriptor, not a mapping: the file may be cut to what it uses meanwhile.
class FileWalk {
 public:
  FileWalk(std::string name, std::unique_ptr<ReadableFile> file) : name_(std::move(name)), file_(std::move(file)) {}

  absl::StatusOr<absl::Status> ReadHeader(const WalWalkOptions& options) {
    std::array<std::byte, kWalFileHeaderBytes> bytes;
    ASSIGN_OR_RETURN(const size_t read, file_->ReadAt(0, bytes.size(), bytes.data()));
    const auto header = DecodeWalFileHeader(absl::MakeConstSpan(bytes.data(), read));
    if (!header.ok()) return DamageAt(name_, 0, std::string(header.status().message()));
    if (header->server_id != options.server_id) return DamageAt(name_, 0, "file header of another server");
    if (header->first_commit != ParseWalFileName(name_)) return DamageAt(name_, 0, "file header of another file");
    header_ = *header;
    return absl::OkStatus();
  }

  // Whether a record stands at offset(): nullopt if it is sound (then it is in record()), or what is wrong.
  absl::StatusOr<std::optional<std::string>> ReadRecord() {
    std::array<std::byte, kWalRecordHeaderBytes> bytes;
    ASSIGN_OR_RETURN(const size_t read, file_->ReadAt(offset_, bytes.size(), bytes.data()));
    const auto header = DecodeWalRecordHeader(absl::MakeConstSpan(bytes.data(), read));
    if (!header.has_value()) return std::string("no record header whose checksum holds");
    if (header->position != position()) return absl::StrFormat("record header of position %d", header->position);
    if (header->payload_bytes > kWalMaxPayloadBytes) return std::string("record of impossible length");
    const uint64_t record_bytes = WalRecordBytes(header->payload_bytes);
    payload_.resize(record_bytes - kWalRecordHeaderBytes);
    ASSIGN_OR_RETURN(const size_t got,
                     file_->ReadAt(offset_ + kWalRecordHeaderBytes, payload_.size(), payload_.data()));
    if (got < payload_.size()) return std::string("the file ends inside a record");
    const uint64_t checksum = Checksum64(absl::MakeConstSpan(payload_.data(), header->payload_bytes));
    if (checksum != header->payload_checksum) {
      return absl::StrFormat("payload checksum mismatch at commit %d: expected %016x, got %016x", header->commit,
                             header->payload_checksum, checksum);
    }
    const bool padded = std::all_of(payload_.begin() + header->payload_bytes, payload_.end(),
                                    [](std::byte b) { return b == std::byte{0}; });
    if (!padded) return absl::StrFormat("padding of commit %d is not zero", header->commit);
    record_ = *header;
    return std::nullopt;
  }

  void Next() { offset_ += WalRecordBytes(record_.payload_bytes); }

  const std::string& name() const { return name_; }
  uint64_t offset() const { return offset_; }
  WalPosition position() const { return header_.start_position + (offset_ - kWalFileHeaderBytes); }
  WalPosition start_position() const { return header_.start_position; }
  const WalRecordHeader& record() const { return record_; }

 private:
  const std::string name_;
  const std::unique_ptr<ReadableFile> file_;
  WalFileHeader header_;
  WalRecordHeader record_;
  std::vector<std::byte> payload_;  // of record_, with padding
  uint64_t offset_ = kWalFileHeaderBytes;
};

// The files of the log in order, those that start behind `through` left out.
absl::StatusOr<std::vector<std::string>> ListFiles(FileSystem* fs, const std::string& dir) {
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs->ListDir(dir));
  std::vector<std::string> names;
  for (const DirEntry& entry : entries) {
    if (!entry.is_dir && ParseWalFileName(entry.name).has_value()) names.push_back(entry.name);
  }
  return names;
}

}  // namespace

absl::StatusOr<std::vector<WalExtent>> WalkWal(FileSystem* fs, const WalWalkOptions& options, const WalVisitor& visit) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFiles(fs, options.dir));
  std::vector<std::unique_ptr<FileWalk>> files;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(auto opened, fs->OpenReadable(JoinPath(options.dir, name)));
    auto file = std::make_unique<FileWalk>(name, std::move(opened));
    ASSIGN_OR_RETURN(const absl::Status header, file->ReadHeader(options));
    RETURN_IF_ERROR(visit(header, kWalFileHeaderBytes));
    if (header.ok()) files.push_back(std::move(file));
  }
  std::vector<WalExtent> extents;
  for (size_t i = 0; i < files.size(); ++i) {
    FileWalk& file = *files[i];
    if (i > 0 && file.start_position() >= options.through) break;  // the first one is there even if it is empty
    // What a file must hold: everything up to the next one, and nothing is claimed of what was not synced yet.
    const bool is_last = i + 1 == files.size();
    const WalPosition end = is_last ? options.through : std::min(options.through, files[i + 1]->start_position());
    bool behind_last_commit = false;
    while (file.position() < end) {
      ASSIGN_OR_RETURN(const std::optional<std::string> wrong, file.ReadRecord());
      if (wrong.has_value()) {
        RETURN_IF_ERROR(visit(DamageAt(file.name(), file.offset(), *wrong), 0));
        break;
      }
      behind_last_commit = file.record().commit > options.last_commit;
      if (behind_last_commit) break;
      RETURN_IF_ERROR(visit(absl::OkStatus(), WalRecordBytes(file.record().payload_bytes)));
      file.Next();
    }
    if (file.offset() > kWalFileHeaderBytes || extents.empty()) extents.push_back({file.name(), file.offset()});
    if (behind_last_commit) break;
  }
  return extents;
}

}  // namespace cortex
