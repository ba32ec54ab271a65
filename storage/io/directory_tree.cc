#include "storage/io/directory_tree.h"

#include <vector>

#include "codecs/bytes/status_macros.h"

namespace cortex {

absl::Status RemoveTree(FileSystem* fs, const std::string& path) {
  // Refused for a directory, and takes a link itself; to list first would list what the link leads to.
  const absl::Status removed = fs->Remove(path);
  if (removed.ok() || absl::IsNotFound(removed)) return absl::OkStatus();
  if (!absl::IsFailedPrecondition(removed)) return removed;
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs->ListDir(path));
  for (const DirEntry& entry : entries) RETURN_IF_ERROR(RemoveTree(fs, JoinPath(path, entry.name)));
  return fs->RemoveDir(path);
}

absl::StatusOr<bool> IsAbsentOrEmpty(FileSystem* fs, const std::string& path) {
  const absl::StatusOr<std::vector<DirEntry>> entries = fs->ListDir(path);
  if (absl::IsNotFound(entries.status())) return true;
  RETURN_IF_ERROR(entries.status());
  return entries->empty();
}

}  // namespace cortex
