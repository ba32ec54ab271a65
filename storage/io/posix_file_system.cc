#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/file_system.h"
#include "storage/io/posix_files.h"

namespace cortex {
namespace {

int FlagsOf(WriteMode mode) {
  switch (mode) {
    case WriteMode::kCreateNew: return O_RDWR | O_CREAT | O_EXCL;
    case WriteMode::kTruncate: return O_RDWR | O_CREAT | O_TRUNC;
    case WriteMode::kAppend: return O_RDWR | O_CREAT;
    case WriteMode::kExisting: return O_RDWR;
  }
  return O_RDWR;
}

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(FileDescriptor fd) : fd_(std::move(fd)) {}

 private:
  const FileDescriptor fd_;  // closing it gives the lock back
};

class DirStream {
 public:
  explicit DirStream(DIR* dir) : dir_(dir) {}
  ~DirStream() { closedir(dir_); }
  DirStream(const DirStream&) = delete;
  DirStream& operator=(const DirStream&) = delete;
  DIR* get() const { return dir_; }

 private:
  DIR* const dir_;
};

class KernelFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) override {
    ASSIGN_OR_RETURN(FileDescriptor fd, OpenDescriptor(path, O_RDONLY));
    return MakePosixReadableFile(path, std::move(fd));
  }

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path, WriteMode mode) override {
    ASSIGN_OR_RETURN(FileDescriptor fd, OpenDescriptor(path, FlagsOf(mode)));
    struct stat info;
    if (fstat(fd.get(), &info) != 0) return ErrnoToStatus(errno, "stat", path);
    return MakePosixWritableFile(path, std::move(fd), static_cast<uint64_t>(info.st_size));
  }

  absl::StatusOr<std::unique_ptr<FileMapping>> Map(const std::string& path) override {
    ASSIGN_OR_RETURN(const FileDescriptor fd, OpenDescriptor(path, O_RDONLY));
    return MakePosixMapping(path, fd);  // the mapping outlives the descriptor
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Result(rename(from.c_str(), to.c_str()), "rename", from + " to " + to);
  }
  absl::Status HardLink(const std::string& from, const std::string& to) override {
    return Result(link(from.c_str(), to.c_str()), "link", from + " to " + to);
  }
  absl::Status Remove(const std::string& path) override { return Result(unlink(path.c_str()), "remove", path); }
  absl::Status RemoveDir(const std::string& path) override { return Result(rmdir(path.c_str()), "remove", path); }
  absl::Status CreateDir(const std::string& path) override {
    return Result(mkdir(path.c_str(), 0750), "create directory", path);
  }

  absl::Status CreateDirs(const std::string& path) override {
    const absl::StatusOr<FileInfo> present = Stat(path);
    if (present.ok()) {
      return present->is_dir ? absl::OkStatus() : ErrnoToStatus(ENOTDIR, "create directory", path);
    }
    if (!absl::IsNotFound(present.status())) return present.status();
    const std::string parent = DirName(path);
    if (parent != path) RETURN_IF_ERROR(CreateDirs(parent));
    const absl::Status created = CreateDir(path);
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;  // "already": a trailing '/', or a race
    return SyncDir(parent);
  }

  absl::Status SyncDir(const std::string& path) override {
    ASSIGN_OR_RETURN(const FileDescriptor fd, OpenDescriptor(path, O_RDONLY | O_DIRECTORY));
    return Result(fsync(fd.get()), "sync directory", path);
  }

  absl::StatusOr<std::vector<DirEntry>> ListDir(const std::string& path) override {
    DIR* const opened = opendir(path.c_str());
    if (opened == nullptr) return ErrnoToStatus(errno, "list", path);
    const DirStream dir(opened);
    std::vector<DirEntry> entries;
    for (;;) {
      errno = 0;  // readdir reports its end and its errors alike by null
      const dirent* const entry = readdir(dir.get());
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      bool is_dir = entry->d_type == DT_DIR;
      if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
        const absl::StatusOr<FileInfo> info = Stat(JoinPath(path, name));
        const bool leads_nowhere = absl::IsNotFound(info.status());
        if (leads_nowhere && entry->d_type == DT_UNKNOWN) continue;  // removed meanwhile
        if (!leads_nowhere) RETURN_IF_ERROR(info.status());
        is_dir = !leads_nowhere && info->is_dir;
      }
      entries.push_back({name, is_dir});
    }
    if (errno != 0) return ErrnoToStatus(errno, "list", path);
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  absl::StatusOr<FileInfo> Stat(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return ErrnoToStatus(errno, "stat", path);
    return FileInfo{.size = static_cast<uint64_t>(info.st_size),
                    .is_dir = S_ISDIR(info.st_mode),
                    .modified_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
  }

  absl::StatusOr<SpaceInfo> FreeSpace(const std::string& path) override {
    struct statvfs info;
    if (statvfs(path.c_str(), &info) != 0) return ErrnoToStatus(errno, "ask for free space of", path);
    return SpaceInfo{.free_bytes = uint64_t{info.f_bavail} * info.f_frsize,
                     .total_bytes = uint64_t{info.f_blocks} * info.f_frsize};
  }

  absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path) override {
    ASSIGN_OR_RETURN(FileDescriptor fd, OpenDescriptor(path, O_RDWR | O_CREAT));
    if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return std::make_unique<PosixFileLock>(std::move(fd));
    if (errno != EWOULDBLOCK) return ErrnoToStatus(errno, "lock", path);
    return absl::FailedPreconditionError(
        absl::StrFormat("another cortexd holds %s; stop it or give this one a directory of its own", path));
  }

 private:
  static absl::Status Result(int result, std::string_view verb, const std::string& path) {
    return result == 0 ? absl::OkStatus() : ErrnoToStatus(errno, verb, path);
  }
};

}  // namespace

FileSystem* PosixFileSystem() {
  static KernelFileSystem* const file_system = new KernelFileSystem;  // never destroyed, as files may outlive statics
  return file_system;
}

}  // namespace cortex
