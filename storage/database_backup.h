// A backup of a database that goes on serving: what storage/backup needs of the parts behind the door.
#ifndef CORTEX_STORAGE_DATABASE_BACKUP_H_
#define CORTEX_STORAGE_DATABASE_BACKUP_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/backup/backup_writer.h"
#include "storage/database.h"

namespace cortex {

class CommitLog;
class FileTier;
class MetaStore;

// All borrowed.
struct DatabaseBackupInput {
  const DatabaseOptions* options = nullptr;
  uint64_t server_id = 0;
  MetaStore* meta = nullptr;
  FileTier* warm = nullptr;
  FileTier* cold = nullptr;
  CommitLog* log = nullptr;
};

// Blocking, at the pace of moves. Errors: INVALID_ARGUMENT a repository inside the database, those of WriteBackup.
absl::StatusOr<BackupResult> BackupDatabase(const DatabaseBackupInput& input, const BackupRequest& request);

}  // namespace cortex

#endif  // CORTEX_STORAGE_DATABASE_BACKUP_H_
