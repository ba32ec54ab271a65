// Where backups may lie on the server's machine: below `backup.dir`, whatever a request says.
#ifndef CORTEX_SERVER_BACKUP_PATH_H_
#define CORTEX_SERVER_BACKUP_PATH_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cortex {

// `relative` below `root`; empty: `root` itself. Symbolic links are followed, and what they lead to must lie below `root`
// too; nothing need exist yet. Errors: FAILED_PRECONDITION no root is configured, INVALID_ARGUMENT naming `field` for a
// path that is absolute, holds "..", or leads outside.
absl::StatusOr<std::string> BackupPath(const std::string& root, const std::string& relative, std::string_view field);

// The same for a directory that is read: it must name something, and hold no symbolic link.
absl::StatusOr<std::string> ExistingBackupPath(const std::string& root, const std::string& relative,
                                               std::string_view field);

}  // namespace cortex

#endif  // CORTEX_SERVER_BACKUP_PATH_H_
