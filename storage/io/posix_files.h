// The kernel's open files behind the interfaces of file_system.h. Used by posix_file_system.cc only.
#ifndef CORTEX_STORAGE_IO_POSIX_FILES_H_
#define CORTEX_STORAGE_IO_POSIX_FILES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/io/file_system.h"

namespace cortex {

// Owns a file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;

  int get() const { return fd_; }
  // Hands the descriptor to the caller.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// open(2) with O_CLOEXEC, and mode 0640 for what it creates: data is for the service's user and group.
absl::StatusOr<FileDescriptor> OpenDescriptor(const std::string& path, int flags);

std::unique_ptr<ReadableFile> MakePosixReadableFile(std::string path, FileDescriptor fd);
// `end` is where Append starts.
std::unique_ptr<WritableFile> MakePosixWritableFile(std::string path, FileDescriptor fd, uint64_t end);
absl::StatusOr<std::unique_ptr<FileMapping>> MakePosixMapping(const std::string& path, const FileDescriptor& fd);

}  // namespace cortex

#endif  // CORTEX_STORAGE_IO_POSIX_FILES_H_
