#include "storage/backup/backup_files.h"

#include <charconv>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/directory_tree.h"
#include "storage/io/durable_file.h"
#include "storage/io/kill_point.h"

namespace cortex {
namespace {

constexpr std::string_view kNamePrefix = "backup-";
constexpr uint64_t kMaxManifestBytes = 1ull << 30;

std::string ManifestPath(const std::string& directory) { return JoinPath(directory, kBackupManifestName); }

absl::Status CheckFile(FileSystem* fs, const std::string& directory, const BackupFile& file,
                       const ByteObserver& observer) {
  // One byte more than it has: a longer file is found without reading all of it.
  const auto hashed = HashFile(fs, JoinPath(directory, file.path), file.bytes + 1, observer);
  if (absl::IsNotFound(hashed.status())) {
    return absl::DataLossError(absl::StrFormat("backup file %s is missing", file.path));
  }
  RETURN_IF_ERROR(hashed.status());
  if (hashed->bytes != file.bytes) {
    return absl::DataLossError(absl::StrFormat("backup file %s has another size than %d bytes", file.path, file.bytes));
  }
  if (hashed->sha256 == file.sha256) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("backup file %s is damaged: expected SHA-256 %s, got %s", file.path,
                                             file.sha256, hashed->sha256));
}

absl::Status Occupied(const std::string& target) {
  return absl::FailedPreconditionError(
      absl::StrFormat("a backup is restored only into an empty or absent directory, and %s holds something", target));
}

// Makes `target` ours: whoever creates RESTORING there, and finds nothing beside it, may write to it and remove it again.
absl::Status ClaimTarget(FileSystem* fs, const std::string& target) {
  RETURN_IF_ERROR(fs->CreateDirs(target));
  const std::string mark_path = JoinPath(target, kRestoringName);
  const auto mark = fs->OpenWritable(mark_path, WriteMode::kCreateNew);
  if (absl::IsAlreadyExists(mark.status())) return Occupied(target);
  RETURN_IF_ERROR(mark.status());
  const auto entries = fs->ListDir(target);
  const bool alone = entries.ok() && entries->size() == 1;
  absl::Status claimed = entries.status();
  if (entries.ok() && !alone) claimed = Occupied(target);
  const std::string why = "a restore into this directory was not finished; remove it and restore again\n";
  if (claimed.ok()) claimed = (*mark)->Append(AsBytes(why));
  if (claimed.ok()) claimed = (*mark)->SyncAll();
  if (claimed.ok()) claimed = (*mark)->Close();
  if (claimed.ok()) claimed = fs->SyncDir(target);
  if (claimed.ok()) return claimed;
  // Else what somebody else has there would be taken for half a restore. The directory stays if it holds anything.
  fs->Remove(mark_path).IgnoreError();
  fs->RemoveDir(target).IgnoreError();
  return claimed;
}

absl::Status CopyFiles(FileSystem* fs, const BackupManifest& manifest, const std::string& directory,
                       const std::string& target, const ByteObserver& observer) {
  KillPoint("restore-started");
  for (const std::string_view folder : kBackupFolders) RETURN_IF_ERROR(fs->CreateDirs(JoinPath(target, folder)));
  for (const BackupFile& file : manifest.files) {
    ASSIGN_OR_RETURN(const HashedFile copied, CopyAndHash(fs, JoinPath(directory, file.path), file.bytes,
                                                          JoinPath(target, file.path), observer));
    KillPoint("restore-file");
    if (copied.sha256 == file.sha256) continue;
    return absl::DataLossError(absl::StrFormat("backup file %s changed while it was copied", file.path));
  }
  for (const std::string_view folder : kBackupFolders) RETURN_IF_ERROR(fs->SyncDir(JoinPath(target, folder)));
  KillPoint("restore-copied");
  RETURN_IF_ERROR(fs->Remove(JoinPath(target, kRestoringName)));
  return fs->SyncDir(target);
}

}  // namespace

std::string BackupName(uint64_t number) { return absl::StrFormat("%s%06d", kNamePrefix, number); }

std::optional<uint64_t> ParseBackupName(std::string_view name) {
  if (!name.starts_with(kNamePrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kNamePrefix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || BackupName(number) != name) return std::nullopt;
  return number;
}

bool IsWithin(std::string_view path, std::string_view dir) {
  const auto normal = [](std::string_view p) {
    std::string text = std::filesystem::absolute(std::filesystem::path(p)).lexically_normal().string();
    if (text.size() > 1 && text.back() == '/') text.pop_back();
    return text + "/";
  };
  return normal(path).starts_with(normal(dir));
}

absl::StatusOr<BackupManifest> ReadBackupManifest(FileSystem* fs, const std::string& directory) {
  const absl::StatusOr<std::string> text = ReadFile(fs, ManifestPath(directory), kMaxManifestBytes);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        absl::StrFormat("no finished backup in %s: it has no file %s", directory, kBackupManifestName));
  }
  RETURN_IF_ERROR(text.status());
  absl::StatusOr<BackupManifest> manifest = DecodeBackupManifest(*text);
  if (manifest.ok()) return manifest;
  return absl::Status(manifest.status().code(), absl::StrFormat("%s: %s", std::string(manifest.status().message()),
                                                                ManifestPath(directory)));
}

absl::StatusOr<std::vector<ListedBackup>> ListBackups(FileSystem* fs, const std::string& repository) {
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs->ListDir(repository));
  std::vector<ListedBackup> backups;
  for (const DirEntry& entry : entries) {
    if (!entry.is_dir || !ParseBackupName(entry.name).has_value()) continue;
    auto manifest = ReadBackupManifest(fs, JoinPath(repository, entry.name));
    backups.push_back({.name = entry.name, .status = manifest.status(), .manifest = {}});
    if (manifest.ok()) backups.back().manifest = *std::move(manifest);
  }
  return backups;
}

absl::StatusOr<BackupManifest> CheckBackup(FileSystem* fs, const std::string& directory,
                                           const std::function<absl::Status(const absl::Status&)>& visited,
                                           const ByteObserver& observer) {
  ASSIGN_OR_RETURN(BackupManifest manifest, ReadBackupManifest(fs, directory));
  for (const BackupFile& file : manifest.files) {
    const absl::Status checked = CheckFile(fs, directory, file, observer);
    if (!checked.ok() && !absl::IsDataLoss(checked)) return checked;
    RETURN_IF_ERROR(visited(checked));
  }
  return manifest;
}

absl::Status CheckOutsideBackups(const std::string& path) {
  for (const auto& part : std::filesystem::path(path)) {
    if (!ParseBackupName(part.string()).has_value()) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is a name of backups, where the next one would remove what it does not know; name another place than %s",
        part.string(), path));
  }
  return absl::OkStatus();
}

absl::StatusOr<BackupManifest> RestoreBackup(FileSystem* fs, const std::string& directory, const std::string& target,
                                             const ByteObserver& observer) {
  if (IsWithin(target, directory)) {
    return absl::InvalidArgumentError(absl::StrFormat("cannot restore into the backup itself: %s", target));
  }
  RETURN_IF_ERROR(CheckOutsideBackups(target));
  ASSIGN_OR_RETURN(const bool free, IsAbsentOrEmpty(fs, target));
  if (!free) return Occupied(target);
  ASSIGN_OR_RETURN(BackupManifest manifest,
                   CheckBackup(fs, directory, [](const absl::Status& file) { return file; }, observer));
  RETURN_IF_ERROR(ClaimTarget(fs, target));  // somebody may have come here while the backup was read
  const absl::Status copied = CopyFiles(fs, manifest, directory, target, observer);
  if (copied.ok()) return manifest;
  // What cannot be removed is marked as unfinished, and so no server opens it.
  RemoveTree(fs, target).IgnoreError();
  return copied;
}

absl::Status CheckNotBackup(FileSystem* fs, const std::string& data_dir) {
  ASSIGN_OR_RETURN(const bool backup, fs->Exists(JoinPath(data_dir, kBackupManifestName)));
  if (backup) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is a backup and must stay as it is; restore it into a directory of its own and open that", data_dir));
  }
  ASSIGN_OR_RETURN(const bool restoring, fs->Exists(JoinPath(data_dir, kRestoringName)));
  if (!restoring) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("a restore into %s was not finished; remove the directory and restore again", data_dir));
}

}  // namespace cortex
