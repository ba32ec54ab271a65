// Small files that appear whole or not at all.
#ifndef CORTEX_STORAGE_IO_DURABLE_FILE_H_
#define CORTEX_STORAGE_IO_DURABLE_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/io/file_system.h"

namespace cortex {

// A name that marks unfinished work; whoever opens a directory may remove files ending so.
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Writes `<path>.tmp`, syncs it, renames it to `path` (replacing what was there) and syncs the directory. On return
// `path` holds `bytes` durably; after an error or a crash it holds them or what it held before, never a part.
absl::Status WriteFileDurably(FileSystem* fs, const std::string& path, absl::Span<const std::byte> bytes);

// The last two steps for a file written and synced elsewhere under `temporary_path` of the same directory; GiveName is
// the first of them alone, for several files whose directory is then synced once.
absl::Status GiveName(FileSystem* fs, const std::string& temporary_path, const std::string& path);
absl::Status PublishFile(FileSystem* fs, const std::string& temporary_path, const std::string& path);

}  // namespace cortex

#endif  // CORTEX_STORAGE_IO_DURABLE_FILE_H_
