// Reads a log that is being written meanwhile, as far as it is known synced: to verify it, and to tell which bytes of
// which files a copy of it needs. Nothing below a synced position changes, so no lock is needed; whoever walks keeps the
// log from being trimmed.
#ifndef CORTEX_STORAGE_WAL_WAL_WALK_H_
#define CORTEX_STORAGE_WAL_WAL_WALK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/io/file_system.h"
#include "storage/wal/wal_record.h"

namespace cortex {

struct WalWalkOptions {
  std::string dir;
  uint64_t server_id = 0;
  WalPosition through = 0;       // a position known synced before the walk began
  Commit last_commit = kOpenEnd;  // stop behind the records of this commit
};

// The first `bytes` of a file: its header and whole records.
struct WalExtent {
  std::string file;
  uint64_t bytes = 0;
};

// What was checked (a file header, a record): OK or DATA_LOSS naming file and offset, and its bytes. What it returns, if
// not OK, ends the walk. After damage the walk goes on with the next file.
using WalVisitor = std::function<absl::Status(const absl::Status& checked, uint64_t bytes)>;

// The extents that hold every record up to `through` and `last_commit`, oldest first. Complete only if nothing was
// damaged. Errors: those of the file system, and what `visit` returned.
absl::StatusOr<std::vector<WalExtent>> WalkWal(FileSystem* fs, const WalWalkOptions& options, const WalVisitor& visit);

}  // namespace cortex

#endif  // CORTEX_STORAGE_WAL_WAL_WALK_H_
