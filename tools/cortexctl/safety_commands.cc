// verify, backup
#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "codecs/bytes/status_macros.h"
#include "storage/backup/backup_files.h"
#include "storage/io/file_system.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/progress_bar.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

struct BackupOptions {
  std::string directory, target;
  std::string format = "table";
  bool offline = false;
  bool quiet = false;
};

double Part(uint64_t done, uint64_t total) {
  return total == 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

std::string Bytes(uint64_t bytes) { return BytesCell(TextStyle::kTable, static_cast<double>(bytes)); }

// Damage goes to stdout, a sentence a line; how far it is to stderr. Ends with the status of the call.
template <typename Response>
absl::Status FollowCheck(grpc::ClientReader<Response>* stream, bool quiet) {
  ProgressBar bar("verify", quiet, "files");
  Response response;
  while (stream->Read(&response)) {
    for (const std::string& damage : response.damages()) std::cout << damage << std::endl;
    if (response.finished()) {
      bar.Finish(response.file_count(), response.bytes_read());
    } else {
      bar.Update(Part(response.bytes_read(), response.total_bytes()), response.file_count(), response.bytes_read());
    }
  }
  return client::ToStatus(stream->Finish());
}

absl::Status Verify(const GlobalOptions& global, const std::string& table, bool quiet) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::VerifyRequest request;
  request.set_table(table);
  RETURN_IF_ERROR(FollowCheck(connection.admin->Verify(&context, request).get(), quiet));
  std::cout << "no damage\n";
  return absl::OkStatus();
}

absl::Status Create(const GlobalOptions& global, const BackupOptions& options) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::CreateBackupRequest request;
  request.set_directory(options.directory);
  v1::CreateBackupResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->CreateBackup(&context, request, &response)));
  std::cout << absl::StrFormat("%s: up to commit %d, %d files of %s; %s copied, %d files shared with the backup before\n",
                               response.backup_directory(), response.token().commit(), response.file_count(),
                               Bytes(response.stored_bytes()), Bytes(response.copied_bytes()),
                               response.reused_file_count());
  return absl::OkStatus();
}

// --- list ---------------------------------------------------------------------------------------------------------

absl::StatusOr<v1::ListBackupsResponse> ListHere(const std::string& directory) {
  ASSIGN_OR_RETURN(const auto backups, ListBackups(PosixFileSystem(), directory.empty() ? "." : directory));
  v1::ListBackupsResponse response;
  for (const ListedBackup& backup : backups) {
    v1::BackupDescription* out = response.add_backups();
    out->set_backup_directory(directory.empty() ? backup.name : JoinPath(directory, backup.name));
    out->set_problem(std::string(backup.status.message()));
    if (!backup.status.ok()) continue;
    out->mutable_token()->set_commit(backup.manifest.commit);
    out->set_created_ns(backup.manifest.created_ns);
    out->set_file_count(backup.manifest.files.size());
    out->set_stored_bytes(backup.manifest.total_bytes());
  }
  return response;
}

absl::StatusOr<v1::ListBackupsResponse> ListThere(const GlobalOptions& global, const std::string& directory) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::ListBackupsRequest request;
  request.set_directory(directory);
  v1::ListBackupsResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->ListBackups(&context, request, &response)));
  return response;
}

absl::Status List(const GlobalOptions& global, const BackupOptions& options) {
  ASSIGN_OR_RETURN(const v1::ListBackupsResponse response,
                   options.offline ? ListHere(options.directory) : ListThere(global, options.directory));
  const TextStyle style = ParseStyle(options.format);
  TextTable table(style, {"backup", "created", "commit", "files", "bytes", "problem"},
                  {false, false, true, true, true, false});
  for (const v1::BackupDescription& backup : response.backups()) {
    const std::string created = backup.created_ns() == 0
                                    ? ""
                                    : absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixNanos(backup.created_ns()),
                                                       absl::UTCTimeZone());
    table.AddRow({TextCell(style, backup.backup_directory()), TextCell(style, created),
                  CountCell(style, backup.token().commit()), CountCell(style, backup.file_count()),
                  BytesCell(style, static_cast<double>(backup.stored_bytes())), TextCell(style, backup.problem())});
  }
  std::cout << table.Finish();
  return absl::OkStatus();
}

// --- verify and restore -------------------------------------------------------------------------------------------

absl::Status VerifyHere(const BackupOptions& options) {
  ASSIGN_OR_RETURN(const BackupManifest manifest, ReadBackupManifest(PosixFileSystem(), options.directory));
  ProgressBar bar("verify", options.quiet, "files");
  uint64_t files = 0, bytes = 0;
  absl::Status first;
  const auto visited = [&](const absl::Status& file) {
    ++files;
    if (!file.ok()) std::cout << file.message() << std::endl;
    if (first.ok()) first = file;
    return absl::OkStatus();
  };
  const auto read = [&](uint64_t more) {
    bytes += more;
    bar.Update(Part(bytes, manifest.total_bytes()), files, bytes);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(CheckBackup(PosixFileSystem(), options.directory, visited, read).status());
  bar.Finish(files, bytes);
  return first;
}

absl::Status VerifyBackup(const GlobalOptions& global, const BackupOptions& options) {
  if (options.offline) {
    RETURN_IF_ERROR(VerifyHere(options));
  } else {
    ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
    grpc::ClientContext context;
    Prepare(global, &context);
    v1::VerifyBackupRequest request;
    request.set_backup_directory(options.directory);
    RETURN_IF_ERROR(FollowCheck(connection.admin->VerifyBackup(&context, request).get(), options.quiet));
  }
  std::cout << options.directory << " is whole\n";
  return absl::OkStatus();
}

absl::StatusOr<v1::RestoreBackupResponse> RestoreHere(const BackupOptions& options) {
  ASSIGN_OR_RETURN(const BackupManifest manifest,
                   RestoreBackup(PosixFileSystem(), options.directory, options.target, /*observer=*/{}));
  v1::RestoreBackupResponse response;
  response.mutable_token()->set_commit(manifest.commit);
  response.set_file_count(manifest.files.size());
  response.set_stored_bytes(manifest.total_bytes());
  return response;
}

absl::StatusOr<v1::RestoreBackupResponse> RestoreThere(const GlobalOptions& global, const BackupOptions& options) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::RestoreBackupRequest request;
  request.set_backup_directory(options.directory);
  request.set_target_directory(options.target);
  v1::RestoreBackupResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->RestoreBackup(&context, request, &response)));
  return response;
}

absl::Status Restore(const GlobalOptions& global, const BackupOptions& options) {
  ASSIGN_OR_RETURN(const v1::RestoreBackupResponse response,
                   options.offline ? RestoreHere(options) : RestoreThere(global, options));
  std::cout << absl::StrFormat("%s: everything up to commit %d, %d files of %s; start cortexd there with data.dir\n",
                               options.target, response.token().commit(), response.file_count(),
                               Bytes(response.stored_bytes()));
  return absl::OkStatus();
}

}  // namespace

void AddSafetyCommands(CLI::App* app, const GlobalOptions* options, Action* action) {
  auto table = std::make_shared<std::string>();
  auto chosen = std::make_shared<BackupOptions>();
  const auto add_offline = [&](CLI::App* command) {
    command->add_flag("--offline", chosen->offline, "Without a server: paths are those of this machine");
  };

  CLI::App* verify = app->add_subcommand("verify", "Check every checksum the server has on disk while it serves");
  verify->add_option("table", *table, "Only the segment files of this table");
  verify->add_flag("--quiet", chosen->quiet, "No progress on stderr");
  verify->callback([=] { *action = [=] { return Verify(*options, *table, chosen->quiet); }; });

  CLI::App* backup = app->add_subcommand("backup", "Make, list, check and restore backups; paths are below the server's backup.dir");
  backup->require_subcommand(1);
  CLI::App* create = backup->add_subcommand("create", "Save everything up to now while rows keep coming");
  create->add_option("directory", chosen->directory, "Directory of backups (default: backup.dir itself)");
  create->callback([=] { *action = [=] { return Create(*options, *chosen); }; });

  CLI::App* list = backup->add_subcommand("list", "List backups, oldest first");
  list->add_option("directory", chosen->directory, "Directory of backups (default: backup.dir itself)");
  list->add_option("--format", chosen->format, "table, csv or json")->check(CLI::IsMember({"table", "csv", "json"}));
  add_offline(list);
  list->callback([=] { *action = [=] { return List(*options, *chosen); }; });

  CLI::App* check = backup->add_subcommand("verify", "Read a whole backup and compare every SHA-256");
  check->add_option("backup", chosen->directory, "One backup, such as backup-000001")->required();
  check->add_flag("--quiet", chosen->quiet, "No progress on stderr");
  add_offline(check);
  check->callback([=] { *action = [=] { return VerifyBackup(*options, *chosen); }; });

  CLI::App* restore = backup->add_subcommand("restore", "Check a backup, then copy it into an empty directory");
  restore->add_option("backup", chosen->directory, "One backup, such as backup-000001")->required();
  restore->add_option("target", chosen->target, "Empty or absent directory; a server can then open it")->required();
  add_offline(restore);
  restore->callback([=] { *action = [=] { return Restore(*options, *chosen); }; });
}

}  // namespace cortex::ctl
