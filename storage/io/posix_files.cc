#include "storage/io/posix_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "codecs/bytes/status_macros.h"
#include "storage/io/fault_guard.h"

namespace cortex {
namespace {

// Repeats a system call that a signal interrupted.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

absl::StatusOr<uint64_t> SizeOf(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return ErrnoToStatus(errno, "stat", path);
  return static_cast<uint64_t>(info.st_size);
}

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(std::string path, FileDescriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, std::byte* scratch) const override {
    size_t done = 0;
    while (done < size) {
      const ssize_t n = Uninterrupted([&] {
        return pread(fd_.get(), scratch + done, size - done, static_cast<off_t>(offset + done));
      });
      if (n < 0) return ErrnoToStatus(errno, "read", path_);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }
  absl::StatusOr<uint64_t> Size() const override { return SizeOf(fd_.get(), path_); }
  void Advise(uint64_t offset, uint64_t size, AccessPattern pattern) const override {
    posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size), AdviceOf(pattern));  // a hint
  }

 private:
  static int AdviceOf(AccessPattern pattern) {
    switch (pattern) {
      case AccessPattern::kNormal: return POSIX_FADV_NORMAL;
      case AccessPattern::kSequential: return POSIX_FADV_SEQUENTIAL;
      case AccessPattern::kRandom: return POSIX_FADV_RANDOM;
      case AccessPattern::kWillNeed: return POSIX_FADV_WILLNEED;
      case AccessPattern::kDontNeed: return POSIX_FADV_DONTNEED;
    }
    return POSIX_FADV_NORMAL;
  }

  const std::string path_;
  const FileDescriptor fd_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::string path, FileDescriptor fd, uint64_t end)
      : path_(std::move(path)), fd_(std::move(fd)), end_(end) {}

  absl::Status Append(absl::Span<const std::byte> bytes) override { return WriteAt(end_, {&bytes, 1}); }

  absl::Status WriteAt(uint64_t offset, absl::Span<const absl::Span<const std::byte>> pieces) override {
    std::array<iovec, kMaxPieces> vectors;
    while (!pieces.empty()) {
      size_t count = 0;
      for (; count < std::min(pieces.size(), kMaxPieces); ++count) {
        vectors[count] = {const_cast<std::byte*>(pieces[count].data()), pieces[count].size()};
      }
      RETURN_IF_ERROR(WriteVectors(&offset, vectors.data(), count));
      pieces.remove_prefix(count);
    }
    end_ = std::max(end_, offset);
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (Uninterrupted([&] { return fdatasync(fd_.get()); }) != 0) return ErrnoToStatus(errno, "sync", path_);
    return absl::OkStatus();
  }
  absl::Status SyncAll() override {
    if (Uninterrupted([&] { return fsync(fd_.get()); }) != 0) return ErrnoToStatus(errno, "sync", path_);
    return absl::OkStatus();
  }
  absl::Status Allocate(uint64_t size) override {
    ASSIGN_OR_RETURN(const uint64_t present, SizeOf(fd_.get(), path_));
    if (size <= present) return absl::OkStatus();
    const auto length = static_cast<off_t>(size - present);
    if (Uninterrupted([&] { return fallocate(fd_.get(), 0, static_cast<off_t>(present), length); }) == 0) {
      return absl::OkStatus();
    }
    if (errno != EOPNOTSUPP) return ErrnoToStatus(errno, "allocate", path_);
    // A file system without fallocate: the length is still needed, the reservation is not to be had.
    if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return ErrnoToStatus(errno, "allocate", path_);
    return absl::OkStatus();
  }
  absl::Status Truncate(uint64_t size) override {
    if (Uninterrupted([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return ErrnoToStatus(errno, "truncate", path_);
    }
    end_ = size;
    return absl::OkStatus();
  }
  void StartWriteback(uint64_t offset, uint64_t size) override {
    sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);  // a hint
  }
  absl::Status Close() override {
    const int fd = fd_.Release();
    // After EINTR Linux has closed the descriptor all the same: closing again might hit somebody else's.
    if (fd >= 0 && close(fd) != 0 && errno != EINTR) return ErrnoToStatus(errno, "close", path_);
    return absl::OkStatus();
  }
  uint64_t size() const override { return end_; }

 private:
  static constexpr size_t kMaxPieces = 256;  // of the kernel's 1,024 (IOV_MAX); 4 KiB of stack

  // Writes all of the vectors, moving *offset past them.
  absl::Status WriteVectors(uint64_t* offset, iovec* vectors, size_t count) {
    while (count > 0) {
      const ssize_t n = Uninterrupted([&] {
        return pwritev(fd_.get(), vectors, static_cast<int>(count), static_cast<off_t>(*offset));
      });
      if (n < 0) return ErrnoToStatus(errno, "write", path_);
      *offset += static_cast<uint64_t>(n);
      auto written = static_cast<size_t>(n);
      while (count > 0 && written >= vectors->iov_len) {
        written -= vectors->iov_len;
        ++vectors;
        --count;
      }
      if (count == 0) break;
      if (n == 0) return ErrnoToStatus(EIO, "write", path_);  // bytes were left and none was taken
      vectors->iov_base = static_cast<std::byte*>(vectors->iov_base) + written;
      vectors->iov_len -= written;
    }
    return absl::OkStatus();
  }

  const std::string path_;
  FileDescriptor fd_;
  uint64_t end_;
};

// Owns the memory of one mapping.
class MappedMemory {
 public:
  MappedMemory(void* address, size_t size) : address_(address), size_(size) {}
  ~MappedMemory() {
    if (address_ != nullptr) munmap(address_, size_);
  }
  MappedMemory(MappedMemory&& other) noexcept : address_(std::exchange(other.address_, nullptr)), size_(other.size_) {}
  MappedMemory& operator=(MappedMemory&&) = delete;

  absl::Span<const std::byte> bytes() const { return {static_cast<const std::byte*>(address_), size_}; }

 private:
  void* address_;
  size_t size_;
};

class PosixMapping final : public FileMapping {
 public:
  PosixMapping(MappedMemory memory, FaultGuard guard) : memory_(std::move(memory)), guard_(std::move(guard)) {}

  absl::Span<const std::byte> bytes() const override { return memory_.bytes(); }
  bool damaged() const override { return guard_.damaged(); }
  void Advise(uint64_t offset, uint64_t size, AccessPattern pattern) const override {
    const uint64_t total = bytes().size();
    if (offset >= total) return;
    const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const uint64_t begin = offset & ~(page_bytes - 1);
    const uint64_t end = std::min(total, offset + std::min(size, total));
    madvise(const_cast<std::byte*>(bytes().data()) + begin, end - begin, AdviceOf(pattern));  // a hint
  }

 private:
  static int AdviceOf(AccessPattern pattern) {
    switch (pattern) {
      case AccessPattern::kNormal: return MADV_NORMAL;
      case AccessPattern::kSequential: return MADV_SEQUENTIAL;
      case AccessPattern::kRandom: return MADV_RANDOM;
      case AccessPattern::kWillNeed: return MADV_WILLNEED;
      case AccessPattern::kDontNeed: return MADV_COLD;  // take these pages first; DONTNEED would only unmap them
    }
    return MADV_NORMAL;
  }

  const MappedMemory memory_;
  const FaultGuard guard_;  // dies before the memory
};

class EmptyMapping final : public FileMapping {
 public:
  absl::Span<const std::byte> bytes() const override { return {}; }
  bool damaged() const override { return false; }
  void Advise(uint64_t offset, uint64_t size, AccessPattern pattern) const override {}
};

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<FileDescriptor> OpenDescriptor(const std::string& path, int flags) {
  const int fd = Uninterrupted([&] { return open(path.c_str(), flags | O_CLOEXEC, 0640); });
  if (fd < 0) return ErrnoToStatus(errno, "open", path);
  return FileDescriptor(fd);
}

std::unique_ptr<ReadableFile> MakePosixReadableFile(std::string path, FileDescriptor fd) {
  return std::make_unique<PosixReadableFile>(std::move(path), std::move(fd));
}

std::unique_ptr<WritableFile> MakePosixWritableFile(std::string path, FileDescriptor fd, uint64_t end) {
  return std::make_unique<PosixWritableFile>(std::move(path), std::move(fd), end);
}

absl::StatusOr<std::unique_ptr<FileMapping>> MakePosixMapping(const std::string& path, const FileDescriptor& fd) {
  ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd.get(), path));
  if (size == 0) return std::make_unique<EmptyMapping>();  // mmap refuses a length of 0
  void* const address = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED) return ErrnoToStatus(errno, "map", path);
  MappedMemory memory(address, size);
  ASSIGN_OR_RETURN(FaultGuard guard, FaultGuard::Register(memory.bytes()));
  return std::make_unique<PosixMapping>(std::move(memory), std::move(guard));
}

}  // namespace cortex
