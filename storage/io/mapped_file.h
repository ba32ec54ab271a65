// A whole file mapped read only: how sealed segments and WAL files are read in place.
//
// A disk error under a mapping arrives as SIGBUS at some load instruction. It must cost one file, not the process: the
// page then reads as zeros and damaged() becomes true (fault_guard.h). So the rule for readers is: use the bytes,
// verify them, and before trusting the result ask DamageStatus().
#ifndef CORTEX_STORAGE_IO_MAPPED_FILE_H_
#define CORTEX_STORAGE_IO_MAPPED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/io/file_system.h"

namespace cortex {

// Immutable and thread-safe. bytes() is valid as long as the object lives.
class MappedFile {
 public:
  // Errors of FileSystem::Map; RESOURCE_EXHAUSTED if too many files are mapped.
  static absl::StatusOr<std::unique_ptr<MappedFile>> Open(FileSystem* fs, const std::string& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  absl::Span<const std::byte> bytes() const { return mapping_->bytes(); }
  uint64_t size() const { return bytes().size(); }
  const std::string& path() const { return path_; }

  // True once any page could not be read. Never becomes false again.
  bool damaged() const { return mapping_->damaged(); }
  // OK, or DATA_LOSS naming the file.
  absl::Status DamageStatus() const;

  void Advise(AccessPattern pattern) const { mapping_->Advise(0, size(), pattern); }
  void Advise(uint64_t offset, uint64_t size, AccessPattern pattern) const { mapping_->Advise(offset, size, pattern); }

 private:
  MappedFile(std::string path, std::unique_ptr<FileMapping> mapping)
      : path_(std::move(path)), mapping_(std::move(mapping)) {}

  const std::string path_;
  const std::unique_ptr<FileMapping> mapping_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_IO_MAPPED_FILE_H_
