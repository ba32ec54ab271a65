#include "storage/meta/rocksdb_file_system.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "storage/io/file_system.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus ReadSlice(const ReadableFile& file, uint64_t offset, size_t size, Slice* result, char* scratch) {
  const absl::StatusOr<size_t> read = file.ReadAt(offset, size, reinterpret_cast<std::byte*>(scratch));
  *result = Slice(scratch, read.ok() ? *read : 0);
  return ToRocksDb(read.status());
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialFile(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  IOStatus Read(size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    IOStatus status = ReadSlice(*file_, offset_, size, result, scratch);
    offset_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t size) override {
    offset_ += size;
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  uint64_t offset_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccessFile(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  IOStatus Read(uint64_t offset, size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return ReadSlice(*file_, offset, size, result, scratch);
  }
  IOStatus Prefetch(uint64_t offset, size_t size, const IOOptions&, IODebugContext*) override {
    file_->Advise(offset, size, cortex::AccessPattern::kWillNeed);
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
};

// Space is not allocated ahead (Allocate of the base class does nothing): our Allocate makes a file longer, and RocksDB
// takes the length of its log for what was written.
class AppendFile final : public rocksdb::FSWritableFile {
 public:
  AppendFile(const FileOptions& options, std::unique_ptr<WritableFile> file)
      : FSWritableFile(options), file_(std::move(file)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(file_->Append({reinterpret_cast<const std::byte*>(data.data()), data.size()}));
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(file_->Truncate(size));
  }
  // Append has no buffer of its own.
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return ToRocksDb(file_->Sync()); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return ToRocksDb(file_->SyncAll()); }
  // Without it RocksDB refuses to sync its log by itself (SyncWAL).
  bool IsSyncThreadSafe() const override { return true; }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return ToRocksDb(file_->Close()); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return file_->size(); }

 private:
  const std::unique_ptr<WritableFile> file_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(FileSystem* file_system, std::string path) : file_system_(file_system), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return ToRocksDb(file_system_->SyncDir(path_)); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  FileSystem* const file_system_;
  const std::string path_;
};

struct Lock final : rocksdb::FileLock {
  explicit Lock(std::unique_ptr<cortex::FileLock> held) : held(std::move(held)) {}
  const std::unique_ptr<cortex::FileLock> held;
};

constexpr size_t kProbeBytes = 64 << 10;

class SeamFileSystem final : public rocksdb::FileSystem {
 public:
  explicit SeamFileSystem(cortex::FileSystem* fs) : fs_(fs) {}

  const char* Name() const override { return "CortexFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext*) override {
    return OpenForReading<SequentialFile>(path, file);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file, IODebugContext*) override {
    return OpenForReading<RandomAccessFile>(path, file);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext*) override {
    return OpenForWriting(path, WriteMode::kTruncate, options, file);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext*) override {
    return OpenForWriting(path, WriteMode::kAppend, options, file);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) override {
    bool is_dir = false;
    IOStatus status = IsDirectory(path, options, &is_dir, debug);
    if (status.ok() && !is_dir) status = IOStatus::IOError(path, "not a directory");
    if (status.ok()) *directory = std::make_unique<Directory>(fs_, path);
    return status;
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    const absl::StatusOr<bool> exists = fs_->Exists(path);
    if (exists.ok() && !*exists) return IOStatus::NotFound(path);
    return ToRocksDb(exists.status());
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    names->clear();
    absl::StatusOr<std::vector<DirEntry>> entries = fs_->ListDir(path);
    if (entries.status().code() == absl::StatusCode::kNotFound) return IOStatus::NotFound(path);
    if (!entries.ok()) return ToRocksDb(entries.status());
    for (DirEntry& entry : *entries) names->push_back(std::move(entry.name));
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* size, IODebugContext*) override {
    const absl::StatusOr<FileInfo> info = fs_->Stat(path);
    *size = info.ok() ? info->size : 0;
    return ToRocksDb(info.status());
  }
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions&, uint64_t* seconds,
                                   IODebugContext*) override {
    const absl::StatusOr<FileInfo> info = fs_->Stat(path);
    *seconds = info.ok() ? static_cast<uint64_t>(info->modified_ns / 1'000'000'000) : 0;
    return ToRocksDb(info.status());
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_dir, IODebugContext*) override {
    const absl::StatusOr<FileInfo> info = fs_->Stat(path);
    *is_dir = info.ok() && info->is_dir;
    return ToRocksDb(info.status());
  }
  IOStatus GetFreeSpace(const std::string& path, const IOOptions&, uint64_t* bytes, IODebugContext*) override {
    const absl::StatusOr<SpaceInfo> space = fs_->FreeSpace(path);
    *bytes = space.ok() && CanWriteFile(JoinPath(path, "PROBE")) ? space->free_bytes : 0;
    return ToRocksDb(space.status());
  }

  // RocksDB asks for free space before it goes on after a write that found none. If it then fails to create its next log,
  // it takes no more writes until it is reopened; so numbers are not enough (quotas, blocks for root alone).
  bool CanWriteFile(const std::string& path) {
    const std::vector<std::byte> bytes(kProbeBytes);
    absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->OpenWritable(path, WriteMode::kTruncate);
    absl::Status status = file.status();
    if (status.ok()) status = (*file)->Append(bytes);
    if (status.ok()) status = (*file)->Sync();
    const absl::Status removed = file.ok() ? fs_->Remove(path) : absl::OkStatus();
    return status.ok() && removed.ok();
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(fs_->Remove(path));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(fs_->CreateDir(path));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(fs_->CreateDirs(path));
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(fs_->RemoveDir(path));
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return ToRocksDb(fs_->Rename(from, to));
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    const absl::Status linked = fs_->HardLink(from, to);
    // Two devices, or too many names of one file: a checkpoint then copies.
    if (absl::IsFailedPrecondition(linked)) return IOStatus::NotSupported(std::string(linked.message()));
    return ToRocksDb(linked);
  }

  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) override {
    *lock = nullptr;
    absl::StatusOr<std::unique_ptr<cortex::FileLock>> held = fs_->LockFile(path);
    if (held.ok()) *lock = new Lock(*std::move(held));  // UnlockFile deletes it
    return ToRocksDb(held.status());
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete static_cast<Lock*>(lock);
    return IOStatus::OK();
  }

  // Paths are handed through as they are.
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute,
                           IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
    return IOStatus::NotSupported("GetTestDirectory");
  }

 private:
  template <typename File, typename Base>
  IOStatus OpenForReading(const std::string& path, std::unique_ptr<Base>* file) {
    absl::StatusOr<std::unique_ptr<ReadableFile>> opened = fs_->OpenReadable(path);
    if (opened.ok()) *file = std::make_unique<File>(*std::move(opened));
    return ToRocksDb(opened.status());
  }
  IOStatus OpenForWriting(const std::string& path, WriteMode mode, const FileOptions& options,
                          std::unique_ptr<rocksdb::FSWritableFile>* file) {
    absl::StatusOr<std::unique_ptr<WritableFile>> opened = fs_->OpenWritable(path, mode);
    if (opened.ok()) *file = std::make_unique<AppendFile>(options, *std::move(opened));
    return ToRocksDb(opened.status());
  }

  cortex::FileSystem* const fs_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> MakeRocksDbFileSystem(FileSystem* file_system) {
  return std::make_shared<SeamFileSystem>(file_system);
}

}  // namespace cortex
