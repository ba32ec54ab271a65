// SHA-256 of files, from OpenSSL's libcrypto. The address of that library.
#ifndef CORTEX_STORAGE_BACKUP_SHA256_H_
#define CORTEX_STORAGE_BACKUP_SHA256_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/io/file_system.h"

namespace cortex {

// One digest. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Update(absl::Span<const std::byte> bytes);
  // 64 lower-case hex digits; ends the digest.
  std::string Finish();

 private:
  struct Context;
  const std::unique_ptr<Context> context_;
};

// Called with the bytes read since the call before; an error ends the work and is returned. May be empty.
using ByteObserver = std::function<absl::Status(uint64_t bytes)>;

struct HashedFile {
  uint64_t bytes = 0;
  std::string sha256;
};

// Of the first `max_bytes` of a file.
absl::StatusOr<HashedFile> HashFile(FileSystem* fs, const std::string& path, uint64_t max_bytes,
                                    const ByteObserver& observer);
// Copies them to a new file and syncs it; the hash is that of the bytes written.
absl::StatusOr<HashedFile> CopyAndHash(FileSystem* fs, const std::string& from, uint64_t max_bytes, const std::string& to,
                                       const ByteObserver& observer);

}  // namespace cortex

#endif  // CORTEX_STORAGE_BACKUP_SHA256_H_
