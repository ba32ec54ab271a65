// Where segment files are read from and removed: a flat set of named, immutable blobs. A local directory now; an object
// store later implements the same four calls.
#ifndef CORTEX_STORAGE_TIERS_BLOB_STORE_H_
#define CORTEX_STORAGE_TIERS_BLOB_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/codec.h"

namespace cortex {

class FileSystem;

// Thread-safe.
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  // The bytes of a blob, valid as long as the source lives. Errors: NOT_FOUND, DATA_LOSS, RESOURCE_EXHAUSTED.
  virtual absl::StatusOr<std::shared_ptr<const ByteSource>> Open(const std::string& name) = 0;
  // Removing what is not there is fine.
  virtual absl::Status Remove(const std::string& name) = 0;
  virtual absl::StatusOr<std::vector<std::string>> List() = 0;
};

// Blobs are the files of `directory`, mapped. Borrows the file system.
std::unique_ptr<BlobStore> MakeLocalBlobStore(FileSystem* file_system, std::string directory);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_BLOB_STORE_H_
