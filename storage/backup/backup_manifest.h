// The file BACKUP: what a backup holds, written last. FORMAT.md shows it.
#ifndef CORTEX_STORAGE_BACKUP_BACKUP_MANIFEST_H_
#define CORTEX_STORAGE_BACKUP_BACKUP_MANIFEST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

inline constexpr uint32_t kBackupFormatVersion = 1;
inline constexpr uint64_t kKnownBackupFeatures = 0;
inline constexpr std::string_view kBackupManifestName = "BACKUP";
// In a directory that is being restored into; whoever finds it has half a database.
inline constexpr std::string_view kRestoringName = "RESTORING";

// The folders a backup and a data directory have in common.
inline constexpr std::string_view kBackupFolders[] = {"meta", "wal", "warm", "cold"};

struct BackupFile {
  std::string path;  // "<folder>/<name>"
  uint64_t bytes = 0;
  std::string sha256;  // hex

  bool operator==(const BackupFile&) const = default;
};

struct BackupManifest {
  uint32_t version = kBackupFormatVersion;
  uint64_t required_features = 0;
  uint64_t server_id = 0;
  Commit commit = 0;  // exactly the rows of this commit and all before it
  uint64_t manifest_version = 0;
  int64_t created_ns = 0;  // UTC
  std::vector<BackupFile> files;

  uint64_t total_bytes() const;
  // nullptr if it is not in the list.
  const BackupFile* Find(std::string_view path) const;
};

std::string EncodeBackupManifest(const BackupManifest& manifest);
// Errors: DATA_LOSS for anything malformed, paths outside the folders included; FAILED_PRECONDITION for a newer format or
// unknown features, naming them.
absl::StatusOr<BackupManifest> DecodeBackupManifest(std::string_view text);

}  // namespace cortex

#endif  // CORTEX_STORAGE_BACKUP_BACKUP_MANIFEST_H_
