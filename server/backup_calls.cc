#include "server/backup_calls.h"

#include <string>

#include "codecs/bytes/status_macros.h"
#include "server/backup_path.h"
#include "server/commit_token.h"
#include "server/long_call.h"
#include "storage/backup/backup_files.h"
#include "storage/backup/backup_writer.h"
#include "storage/io/file_system.h"

namespace cortex {
namespace {

ByteObserver ObserveWanted(const ServerCore& core, const grpc::CallbackServerContext& context, const char* what) {
  return [&core, &context, what](uint64_t) { return CheckStillWanted(core, context, what); };
}

void SetToken(Commit commit, wire::CommitToken* token) {
  token->set_epoch(kEpoch);
  token->set_commit(commit);
}

// As the caller names it: below backup.dir.
std::string PlaceOf(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : JoinPath(directory, name);
}

}  // namespace

absl::Status DoCreateBackup(const ServerCore& core, const grpc::CallbackServerContext& context,
                            const wire::CreateBackupRequest& request, wire::CreateBackupResponse* response) {
  ASSIGN_OR_RETURN(const std::string repository,
                   BackupPath(core.config->config.backup_dir, request.directory(), "directory"));
  ASSIGN_OR_RETURN(const BackupResult backup,
                   core.database->CreateBackup(
                       {.repository = repository, .observer = ObserveWanted(core, context, "the backup")}));
  SetToken(backup.commit, response->mutable_token());
  response->set_backup_directory(PlaceOf(request.directory(), backup.name));
  response->set_file_count(backup.file_count);
  response->set_stored_bytes(backup.total_bytes);
  response->set_copied_bytes(backup.copied_bytes);
  response->set_reused_file_count(backup.reused_files);
  return absl::OkStatus();
}

absl::Status DoListBackups(const ServerCore& core, const wire::ListBackupsRequest& request,
                           wire::ListBackupsResponse* response) {
  ASSIGN_OR_RETURN(const std::string repository,
                   BackupPath(core.config->config.backup_dir, request.directory(), "directory"));
  const auto backups = ListBackups(PosixFileSystem(), repository);
  if (absl::IsNotFound(backups.status()) && request.directory().empty()) return absl::OkStatus();  // none was made yet
  RETURN_IF_ERROR(backups.status());
  for (const ListedBackup& backup : *backups) {
    wire::BackupDescription* out = response->add_backups();
    out->set_backup_directory(PlaceOf(request.directory(), backup.name));
    out->set_problem(std::string(backup.status.message()));
    if (!backup.status.ok()) continue;
    SetToken(backup.manifest.commit, out->mutable_token());
    out->set_created_ns(backup.manifest.created_ns);
    out->set_file_count(backup.manifest.files.size());
    out->set_stored_bytes(backup.manifest.total_bytes());
  }
  return absl::OkStatus();
}

absl::Status DoRestoreBackup(const ServerCore& core, const grpc::CallbackServerContext& context,
                             const wire::RestoreBackupRequest& request, wire::RestoreBackupResponse* response) {
  const std::string& root = core.config->config.backup_dir;
  ASSIGN_OR_RETURN(const std::string from, ExistingBackupPath(root, request.backup_directory(), "backup_directory"));
  if (request.target_directory().empty()) return InvalidField("target_directory", "target_directory is missing");
  ASSIGN_OR_RETURN(const std::string to, BackupPath(root, request.target_directory(), "target_directory"));
  ASSIGN_OR_RETURN(const BackupManifest manifest,
                   RestoreBackup(PosixFileSystem(), from, to, ObserveWanted(core, context, "the restore")));
  SetToken(manifest.commit, response->mutable_token());
  response->set_file_count(manifest.files.size());
  response->set_stored_bytes(manifest.total_bytes());
  return absl::OkStatus();
}

absl::StatusOr<VerifyProgress> DoVerifyBackup(const ServerCore& core, const wire::VerifyBackupRequest& request,
                                              const VerifyObserver& report) {
  ASSIGN_OR_RETURN(const std::string directory, ExistingBackupPath(core.config->config.backup_dir,
                                                                   request.backup_directory(), "backup_directory"));
  ASSIGN_OR_RETURN(const BackupManifest manifest, ReadBackupManifest(PosixFileSystem(), directory));
  VerifyProgress progress{.files_total = manifest.files.size(), .bytes_total = manifest.total_bytes()};
  const auto checked = [&](const absl::Status& file) {
    ++progress.files_done;
    if (!file.ok()) ++progress.damages;
    return report(progress, file);
  };
  const auto read = [&](uint64_t bytes) {
    progress.bytes_done += bytes;
    return report(progress, absl::OkStatus());
  };
  RETURN_IF_ERROR(CheckBackup(PosixFileSystem(), directory, checked, read).status());
  return progress;
}

}  // namespace cortex
