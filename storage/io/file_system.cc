#include "storage/io/file_system.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {

absl::StatusOr<uint64_t> FileSystem::FileSize(const std::string& path) {
  ASSIGN_OR_RETURN(const FileInfo info, Stat(path));
  return info.size;
}

absl::StatusOr<bool> FileSystem::Exists(const std::string& path) {
  const absl::StatusOr<FileInfo> info = Stat(path);
  if (info.ok()) return true;
  if (absl::IsNotFound(info.status())) return false;
  return info.status();
}

absl::StatusOr<std::string> ReadFile(FileSystem* fs, const std::string& path, uint64_t max_bytes) {
  ASSIGN_OR_RETURN(const auto file, fs->OpenReadable(path));
  ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > max_bytes) {
    return absl::DataLossError(absl::StrFormat("file too long: %s, %d bytes, at most %d expected", path, size,
                                               max_bytes));
  }
  std::string bytes(size, '\0');
  ASSIGN_OR_RETURN(const size_t read, file->ReadAt(0, size, reinterpret_cast<std::byte*>(bytes.data())));
  bytes.resize(read);
  return bytes;
}

std::string JoinPath(std::string_view dir, std::string_view name) {
  std::string path(dir);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string DirName(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

}  // namespace cortex
