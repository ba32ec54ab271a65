// Writes one backup of a database that goes on serving.
//
//   checkpoint (between two commits) -> log up to that commit -> segment files it names -> BACKUP -> durable
//
// The result holds exactly the rows up to the commit of the checkpoint. Killed anywhere before BACKUP is there it leaves
// an unfinished directory, which nobody takes for a backup and the next one removes.
#ifndef CORTEX_STORAGE_BACKUP_BACKUP_WRITER_H_
#define CORTEX_STORAGE_BACKUP_BACKUP_WRITER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/backup/backup_manifest.h"
#include "storage/backup/sha256.h"
#include "storage/io/file_system.h"
#include "storage/runtime/strong_id.h"
#include "storage/wal/wal_record.h"

namespace cortex {

// Where the checkpoint stands in the log.
struct CheckpointPlace {
  Commit commit = 0;               // it holds this commit and all before it, and none after
  WalPosition synced_through = 0;  // of the log when it was taken; holds `commit`
};

struct BackupInput {
  FileSystem* file_system = nullptr;  // borrowed
  std::string repository;             // created if missing
  std::string wal_dir, warm_dir, cold_dir;
  uint64_t server_id = 0;
  int64_t now_ns = 0;  // UTC
  // Writes a checkpoint of the meta store to a directory that does not exist. From then on the caller keeps every file
  // of the log until `log_saved` is called, and every segment file until the backup is done.
  std::function<absl::StatusOr<CheckpointPlace>(const std::string& dir)> checkpoint;
  std::function<void()> log_saved;  // segments may take hours, in which the log would grow without bound
  ByteObserver observer;  // for pacing and cancelling; may be empty
};

struct BackupResult {
  std::string name;  // inside the repository
  Commit commit = 0;
  uint64_t file_count = 0;
  uint64_t total_bytes = 0;   // of all files
  uint64_t copied_bytes = 0;  // the rest are hard links
  uint64_t reused_files = 0;  // shared with the backup before
};

// One at a time per repository: FAILED_PRECONDITION if another is under way there. INVALID_ARGUMENT if the repository
// lies where another one's backups do. DATA_LOSS naming the file if something
// to be saved is damaged: a damaged copy would replace a good one. RESOURCE_EXHAUSTED disk full; nothing is left of it.
absl::StatusOr<BackupResult> WriteBackup(const BackupInput& input);

}  // namespace cortex

#endif  // CORTEX_STORAGE_BACKUP_BACKUP_WRITER_H_
