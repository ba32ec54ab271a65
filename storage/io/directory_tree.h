// Whole directories: removing one with all it holds.
#ifndef CORTEX_STORAGE_IO_DIRECTORY_TREE_H_
#define CORTEX_STORAGE_IO_DIRECTORY_TREE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/io/file_system.h"

namespace cortex {

// Removes `path` and everything below it, deepest first. A symbolic link goes, what it leads to stays. Fine if it is not
// there. Not durable: SyncDir the parent.
absl::Status RemoveTree(FileSystem* fs, const std::string& path);

// True if `path` is not there, or is a directory that holds nothing.
absl::StatusOr<bool> IsAbsentOrEmpty(FileSystem* fs, const std::string& path);

}  // namespace cortex

#endif  // CORTEX_STORAGE_IO_DIRECTORY_TREE_H_
