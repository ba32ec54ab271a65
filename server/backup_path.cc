#include "server/backup_path.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

namespace fs = std::filesystem;

bool IsBelow(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

// With every link on the way replaced by what it leads to.
absl::StatusOr<fs::path> Resolve(const fs::path& path) {
  std::error_code error;
  fs::path resolved = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) return absl::FailedPreconditionError(absl::StrFormat("cannot follow %s: %s", path.string(), error.message()));
  if (resolved.filename().empty()) resolved = resolved.parent_path();  // a slash at the end
  return resolved;
}

}  // namespace

absl::StatusOr<std::string> BackupPath(const std::string& root, const std::string& relative, std::string_view field) {
  if (root.empty()) {
    return absl::FailedPreconditionError("this server has no place for backups; set backup.dir and restart it");
  }
  const fs::path asked(relative);
  if (asked.is_absolute() || std::find(asked.begin(), asked.end(), "..") != asked.end() ||
      relative.find('\0') != std::string::npos) {
    return InvalidField(field, absl::StrFormat("%s must be a path below the server's backup.dir, without \"..\": \"%s\"",
                                               field, relative));
  }
  ASSIGN_OR_RETURN(const fs::path resolved_root, Resolve(root));
  ASSIGN_OR_RETURN(const fs::path resolved, Resolve(fs::path(root) / asked));
  if (!IsBelow(resolved, resolved_root)) {
    return InvalidField(field, absl::StrFormat("%s leads out of the server's backup.dir: \"%s\"", field, relative));
  }
  return resolved.string();
}

absl::StatusOr<std::string> ExistingBackupPath(const std::string& root, const std::string& relative,
                                               std::string_view field) {
  if (relative.empty()) return InvalidField(field, absl::StrFormat("%s is missing", field));
  ASSIGN_OR_RETURN(std::string path, BackupPath(root, relative, field));
  std::error_code error;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->is_symlink(error)) continue;
    return InvalidField(field, absl::StrFormat("%s holds a symbolic link, which no backup does: %s", field,
                                               entry->path().lexically_relative(path).string()));
  }
  // What cannot be listed is reported by whoever reads it next.
  return path;
}

}  // namespace cortex
