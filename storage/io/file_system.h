// The seam every byte of storage passes on its way to and from a disk. One implementation talks to the kernel
// (PosixFileSystem), one injects faults (tests/support), and storage/meta hands the same seam to its key-value store.
//
// Errors everywhere: "<verb> <path>: <reason>" with the code of ErrnoToStatus below. Interrupted and short system calls
// are finished here; a caller sees all of its bytes moved or an error.
// Durability: bytes are safe after Sync/SyncAll of the file; a name (create, rename, link, remove) is safe after
// SyncDir of its directory. After a failed Sync nothing is known about the bytes: do not retry, reopen and read.
#ifndef CORTEX_STORAGE_IO_FILE_SYSTEM_H_
#define CORTEX_STORAGE_IO_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace cortex {

// How bytes will be read, as a hint to the kernel.
enum class AccessPattern : uint8_t { kNormal, kSequential, kRandom, kWillNeed, kDontNeed };

// An open file to read from. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Reads `size` bytes from `offset` into `scratch`; fewer only where the file ends.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, std::byte* scratch) const = 0;
  virtual absl::StatusOr<uint64_t> Size() const = 0;
  virtual void Advise(uint64_t offset, uint64_t size, AccessPattern pattern) const = 0;
};

// An open file to write to. One thread at a time. The destructor closes without reporting; Close reports.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // Writes at the end of what Append and WriteAt have written so far (or of the file as it was opened).
  virtual absl::Status Append(absl::Span<const std::byte> bytes) = 0;
  // Writes the pieces one after the other from `offset` on, in as few system calls as possible. After an error any
  // prefix, or with a lost page any part, may have reached the file.
  virtual absl::Status WriteAt(uint64_t offset, absl::Span<const absl::Span<const std::byte>> pieces) = 0;
  // Makes data, and what is needed to read them back, durable (fdatasync). Other threads may write meanwhile.
  virtual absl::Status Sync() = 0;
  // Sync plus all metadata (fsync).
  virtual absl::Status SyncAll() = 0;
  // Reserves disk space so that the file is at least `size` bytes long, new bytes zero; never shrinks it. Does not move
  // the place where Append writes.
  virtual absl::Status Allocate(uint64_t size) = 0;
  // Cuts or zero-extends to exactly `size`; Append goes on there.
  virtual absl::Status Truncate(uint64_t size) = 0;
  // Starts writing back a range without waiting and without any promise: spreads the work of a later Sync.
  virtual void StartWriteback(uint64_t offset, uint64_t size) = 0;
  virtual absl::Status Close() = 0;
  // Where Append writes next.
  virtual uint64_t size() const = 0;
};

// A file's bytes in memory, read only, unmapped when it dies. Thread-safe. See mapped_file.h, which most code uses.
class FileMapping {
 public:
  virtual ~FileMapping() = default;
  virtual absl::Span<const std::byte> bytes() const = 0;
  // True once a read met a disk error or a file cut short; such pages read as zeros. See fault_guard.h.
  virtual bool damaged() const = 0;
  virtual void Advise(uint64_t offset, uint64_t size, AccessPattern pattern) const = 0;
};

// Held while it lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class WriteMode : uint8_t {
  kCreateNew,  // ALREADY_EXISTS if the path exists
  kTruncate,   // created, or emptied
  kAppend,     // created, or continued at its end
  kExisting,   // NOT_FOUND if missing; nothing changes, Append goes on at the end
};

struct DirEntry {
  std::string name;
  bool is_dir = false;
};

struct FileInfo {
  uint64_t size = 0;
  bool is_dir = false;
  int64_t modified_ns = 0;  // UTC
};

struct SpaceInfo {
  uint64_t free_bytes = 0;   // for this process, without what is kept for root
  uint64_t total_bytes = 0;
};

// Thread-safe. Must outlive what it opens.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path, WriteMode mode) = 0;
  // Maps the whole file as long as it is now. An empty file gives an empty span.
  virtual absl::StatusOr<std::unique_ptr<FileMapping>> Map(const std::string& path) = 0;

  // Replaces `to` if it exists. Both on one device.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status HardLink(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  // The directory must be empty.
  virtual absl::Status RemoveDir(const std::string& path) = 0;
  // ALREADY_EXISTS if it is there.
  virtual absl::Status CreateDir(const std::string& path) = 0;
  // With parents; fine if it is there. Every directory made is durable on return.
  virtual absl::Status CreateDirs(const std::string& path) = 0;
  virtual absl::Status SyncDir(const std::string& path) = 0;

  // Sorted by name; "." and ".." left out. A symbolic link is what it leads to; one to nothing is a file.
  virtual absl::StatusOr<std::vector<DirEntry>> ListDir(const std::string& path) = 0;
  virtual absl::StatusOr<FileInfo> Stat(const std::string& path) = 0;
  virtual absl::StatusOr<SpaceInfo> FreeSpace(const std::string& path) = 0;

  // Creates the file if missing and locks it against every other process and every other lock of this one.
  // FAILED_PRECONDITION if somebody holds it; does not wait.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path) = 0;

  // On top of the above.
  absl::StatusOr<uint64_t> FileSize(const std::string& path);
  // Errors other than "not there" come back as errors, not as false.
  absl::StatusOr<bool> Exists(const std::string& path);
};

// The kernel's. Lives forever.
FileSystem* PosixFileSystem();

// Reads a whole file; DATA_LOSS if it is longer than `max_bytes` (a length from disk is never trusted).
absl::StatusOr<std::string> ReadFile(FileSystem* fs, const std::string& path, uint64_t max_bytes);

// "<verb> <path>: <reason>" with
//   ENOENT NOT_FOUND | EEXIST ALREADY_EXISTS | EACCES EPERM EROFS PERMISSION_DENIED
//   ENOSPC EDQUOT EFBIG EMFILE ENFILE ENOMEM EMLINK RESOURCE_EXHAUSTED
//   EISDIR ENOTDIR ENOTEMPTY EXDEV EBUSY ETXTBSY FAILED_PRECONDITION | EINVAL ENAMETOOLONG ELOOP INVALID_ARGUMENT
//   EIO ENXIO ENODEV EUCLEAN EBADMSG ESTALE DATA_LOSS (the device cannot give or keep the bytes) | others INTERNAL
absl::Status ErrnoToStatus(int error_number, std::string_view verb, std::string_view path);

// "<dir>/<name>" and the part of `path` before its last '/' ("." if none).
std::string JoinPath(std::string_view dir, std::string_view name);
std::string DirName(std::string_view path);

}  // namespace cortex

#endif  // CORTEX_STORAGE_IO_FILE_SYSTEM_H_
