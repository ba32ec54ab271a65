#include "storage/io/directory_tree.h"

#include <vector>

#include "codecs/bytes/status_macros.h"

namespace cortex {

absl::Status RemoveTree(FileSystem* fs, const std::string& path) {
  const absl::StatusOr<std::vector<DirEntry>> entries = fs->ListDir(path);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  RETURN_IF_ERROR(entries.status());
  for (const DirEntry& entry : *entries) {
    const std::string child = JoinPath(path, entry.name);
    RETURN_IF_ERROR(entry.is_dir ? RemoveTree(fs, child) : fs->Remove(child));
  }
  return fs->RemoveDir(path);
}

absl::StatusOr<bool> IsAbsentOrEmpty(FileSystem* fs, const std::string& path) {
  const absl::StatusOr<std::vector<DirEntry>> entries = fs->ListDir(path);
  if (absl::IsNotFound(entries.status())) return true;
  RETURN_IF_ERROR(entries.status());
  return entries->empty();
}

}  // namespace cortex
