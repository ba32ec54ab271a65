// Fuzz entry of the WAL reader: whatever the files hold, it gives records and an end, or an error, and with `repair`
// always an end. The first byte says how the rest becomes files: bit 0 = two files instead of one; bit 1 = the
// checksums of everything that looks like a header are made right first, so that the checks behind are reached too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "storage/wal/wal_reader.h"

namespace cortex {
namespace {

const absl::Status kReadOnly = absl::UnimplementedError("read only");

class MemoryReadable final : public ReadableFile {
 public:
  explicit MemoryReadable(const std::string* bytes) : bytes_(bytes) {}
  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, std::byte* scratch) const override {
    if (offset >= bytes_->size()) return size_t{0};
    return bytes_->copy(reinterpret_cast<char*>(scratch), size, offset);
  }
  absl::StatusOr<uint64_t> Size() const override { return bytes_->size(); }
  void Advise(uint64_t, uint64_t, AccessPattern) const override {}

 private:
  const std::string* const bytes_;
};

class MemoryMapping final : public FileMapping {
 public:
  explicit MemoryMapping(const std::string* bytes) : bytes_(bytes) {}
  absl::Span<const std::byte> bytes() const override { return AsBytes(*bytes_); }
  bool damaged() const override { return false; }
  void Advise(uint64_t, uint64_t, AccessPattern) const override {}

 private:
  const std::string* const bytes_;
};

// Files in a map, for reading only.
class MemoryFiles final : public FileSystem {
 public:
  std::map<std::string, std::string> files;  // by path "/<name>"

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) override {
    return std::make_unique<MemoryReadable>(&files.at(path));
  }
  absl::StatusOr<std::unique_ptr<FileMapping>> Map(const std::string& path) override {
    return std::make_unique<MemoryMapping>(&files.at(path));
  }
  absl::StatusOr<std::vector<DirEntry>> ListDir(const std::string& path) override {
    std::vector<DirEntry> entries;
    for (const auto& file : files) entries.push_back({file.first.substr(1), false});
    return entries;
  }
  absl::StatusOr<FileInfo> Stat(const std::string& path) override { return FileInfo{.size = files.at(path).size()}; }
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenWritable(const std::string&, WriteMode) override {
    return kReadOnly;
  }
  absl::Status Rename(const std::string&, const std::string&) override { return kReadOnly; }
  absl::Status HardLink(const std::string&, const std::string&) override { return kReadOnly; }
  absl::Status Remove(const std::string&) override { return kReadOnly; }
  absl::Status RemoveDir(const std::string&) override { return kReadOnly; }
  absl::Status CreateDir(const std::string&) override { return kReadOnly; }
  absl::Status CreateDirs(const std::string&) override { return kReadOnly; }
  absl::Status SyncDir(const std::string&) override { return kReadOnly; }
  absl::StatusOr<SpaceInfo> FreeSpace(const std::string&) override { return kReadOnly; }
  absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string&) override { return kReadOnly; }
};

void Patch(std::string* bytes, size_t offset, uint64_t value) {
  std::memcpy(bytes->data() + offset, &value, sizeof(value));
}

// Makes the checksums of the file header and of every place with a record's magic right.
void Restamp(std::string* bytes) {
  const std::string_view view = *bytes;
  if (bytes->size() >= kWalFileHeaderBytes) Patch(bytes, 56, Checksum64(view.substr(0, 56)));
  for (size_t at = kWalFileHeaderBytes; at + kWalRecordHeaderBytes <= bytes->size(); at += kWalAlignment) {
    if (view.substr(at + 8, 4) != "WALR") continue;
    uint32_t payload_bytes = 0;
    std::memcpy(&payload_bytes, bytes->data() + at + 48, sizeof(payload_bytes));
    Patch(bytes, at + 40, Checksum64(view.substr(at + kWalRecordHeaderBytes, payload_bytes)));
    Patch(bytes, at, Checksum64(view.substr(at + 8, kWalRecordHeaderBytes - 8)));
  }
}

absl::Status ReadAll(FileSystem* fs, bool repair) {
  auto reader = WalReader::Open(fs, {.dir = "/", .repair = repair, .include_markers = true});
  if (!reader.ok()) return reader.status();
  Commit last = 0;
  for (;;) {
    WalRecord record;
    const absl::StatusOr<bool> found = (*reader)->Next(&record);
    if (!found.ok() || !*found) return found.status();
    if (record.commit < last) std::abort();
    last = record.commit;
    volatile uint64_t touched = Checksum64(record.payload);  // every byte of the payload must be readable
    (void)touched;
  }
}

// A file's first commit is in its name; take it from the header so that names and headers agree.
std::string PathOf(const std::string& bytes, Commit otherwise) {
  Commit commit = otherwise;
  if (bytes.size() >= kWalFileHeaderBytes) std::memcpy(&commit, bytes.data() + 24, sizeof(commit));
  return "/" + WalFileName(commit);
}

}  // namespace
}  // namespace cortex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string first(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string second;
  if ((data[0] & 1) != 0) {
    second = first.substr(first.size() / 2);
    first.resize(first.size() / 2);
  }
  if ((data[0] & 2) != 0) {
    cortex::Restamp(&first);
    cortex::Restamp(&second);
  }
  cortex::MemoryFiles fs;
  fs.files[cortex::PathOf(first, 1)] = first;
  if ((data[0] & 1) != 0) fs.files[cortex::PathOf(second, 2)] = second;
  const absl::Status plain = cortex::ReadAll(&fs, /*repair=*/false);
  const absl::Status repaired = cortex::ReadAll(&fs, /*repair=*/true);
  if (plain.ok() && !repaired.ok()) std::abort();
  if (!repaired.ok() && !absl::IsUnimplemented(repaired)) std::abort();
  return 0;
}
