// A second directory with the meta store as it is now, and how such a directory is read without changing it.
#ifndef CORTEX_STORAGE_META_META_CHECKPOINT_H_
#define CORTEX_STORAGE_META_META_CHECKPOINT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/io/file_system.h"
#include "storage/meta/meta_db.h"

namespace cortex {

// Creates `dir` (which must not exist) holding the same as `db`. Table files are hard-linked where both directories lie on
// one device, everything else is copied. `flush`: write memtables to table files first, so that little log is copied.
absl::Status CheckpointMetaDb(const MetaDb& db, const std::string& dir, bool flush);

// Checks everything the store at `dir` (open as `db`) has on disk and calls `visit` for each file: OK or DATA_LOSS naming
// the file, and its bytes. `scratch` is a directory that may be created and removed. Returns what `visit` returned if that
// is not OK. OPTIONS files are left out: nobody reads them.
using MetaFileVisitor = std::function<absl::Status(const absl::Status& checked, uint64_t bytes)>;
absl::Status VerifyMetaDb(FileSystem* fs, const std::string& dir, const MetaDb& db, const std::string& scratch,
                          const MetaFileVisitor& visit);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_META_CHECKPOINT_H_
