// Backups on disk, without a database: found, checked, restored. A repository is a directory of backups, each complete by
// itself; files that two of them share are hard links.
//
//   <repository>/backup-000001/{BACKUP, meta/, wal/, warm/, cold/}
//
// A directory without BACKUP is the rest of one that never finished; the next backup removes it.
#ifndef CORTEX_STORAGE_BACKUP_BACKUP_FILES_H_
#define CORTEX_STORAGE_BACKUP_BACKUP_FILES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/backup/backup_manifest.h"
#include "storage/backup/sha256.h"
#include "storage/io/file_system.h"

namespace cortex {

// "backup-000001" and back.
std::string BackupName(uint64_t number);
std::optional<uint64_t> ParseBackupName(std::string_view name);

// Errors: NOT_FOUND if `directory` is no finished backup, DATA_LOSS, FAILED_PRECONDITION newer format.
absl::StatusOr<BackupManifest> ReadBackupManifest(FileSystem* fs, const std::string& directory);

struct ListedBackup {
  std::string name;
  absl::Status status;  // NOT_FOUND: unfinished; else why it cannot be used, or OK
  BackupManifest manifest;
};
// Oldest first. Errors: NOT_FOUND no such directory.
absl::StatusOr<std::vector<ListedBackup>> ListBackups(FileSystem* fs, const std::string& repository);

// Reads every file of a backup. `visited` is told of each: OK, or a sentence about one that is missing, of another size or
// changed (DATA_LOSS naming it); what it returns, if not OK, ends the check.
absl::StatusOr<BackupManifest> CheckBackup(FileSystem* fs, const std::string& directory,
                                           const std::function<absl::Status(const absl::Status&)>& visited,
                                           const ByteObserver& observer);

// INVALID_ARGUMENT if `path` is named as backups are or lies below such a name: the next backup of that repository would
// take it for unfinished and remove it.
absl::Status CheckOutsideBackups(const std::string& path);

// Checks the whole backup, then copies it to `target`, which must be absent or empty and becomes a data directory with
// warm/ and cold/ inside. Durable on return. After an error nothing is left of it; killed in the middle it leaves a
// directory that no server opens. Of two restores into one directory at most one succeeds, and the other harms nothing.
// Errors: FAILED_PRECONDITION target not empty, INVALID_ARGUMENT target inside this backup or as CheckOutsideBackups,
// DATA_LOSS naming the first bad file, RESOURCE_EXHAUSTED disk full.
absl::StatusOr<BackupManifest> RestoreBackup(FileSystem* fs, const std::string& directory, const std::string& target,
                                             const ByteObserver& observer);

// FAILED_PRECONDITION if `data_dir` is a backup or an unfinished restore, and so not to be opened.
absl::Status CheckNotBackup(FileSystem* fs, const std::string& data_dir);

// Whether `path` is `dir` or lies below it, by their names.
bool IsWithin(std::string_view path, std::string_view dir);

}  // namespace cortex

#endif  // CORTEX_STORAGE_BACKUP_BACKUP_FILES_H_
