#include "storage/io/durable_file.h"

#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"

namespace cortex {

absl::Status WriteFileDurably(FileSystem* fs, const std::string& path, absl::Span<const std::byte> bytes) {
  const std::string temporary_path = path + std::string(kTemporarySuffix);
  ASSIGN_OR_RETURN(const auto file, fs->OpenWritable(temporary_path, WriteMode::kTruncate));
  RETURN_IF_ERROR(file->Append(bytes));
  RETURN_IF_ERROR(file->SyncAll());
  RETURN_IF_ERROR(file->Close());
  return PublishFile(fs, temporary_path, path);
}

absl::Status GiveName(FileSystem* fs, const std::string& temporary_path, const std::string& path) {
  RETURN_IF_ERROR(fs->Rename(temporary_path, path));
  KillPoint("file-renamed");
  return absl::OkStatus();
}

absl::Status PublishFile(FileSystem* fs, const std::string& temporary_path, const std::string& path) {
  RETURN_IF_ERROR(GiveName(fs, temporary_path, path));
  return fs->SyncDir(DirName(path));
}

}  // namespace cortex
