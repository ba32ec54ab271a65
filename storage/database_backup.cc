#include "storage/database_backup.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/backup/backup_files.h"
#include "storage/barrier_task.h"
#include "storage/commit_log.h"
#include "storage/io/file_system.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/clock.h"
#include "storage/tiers/pacer.h"

namespace cortex {

absl::StatusOr<BackupResult> BackupDatabase(const DatabaseBackupInput& input, const BackupRequest& request) {
  const DatabaseOptions& options = *input.options;
  for (const std::string& dir : {options.data_dir, options.warm_dir, options.cold_dir}) {
    if (IsWithin(request.repository, dir)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a backup cannot be written to %s, inside what it is to save", request.repository));
    }
  }
  const RemovalHold files({input.warm, input.cold});
  std::optional<TrimHold> log(input.log);
  Pacer pacer(options.clock, options.tiering_bytes_per_second);
  RETURN_IF_ERROR(input.meta->Flush());  // so that little is left to copy while commits wait
  const auto checkpoint = [&input](const std::string& dir) -> absl::StatusOr<CheckpointPlace> {
    ASSIGN_OR_RETURN(const CommitToken token, WaitFor([&](IngestDone done) {
                       input.log->Submit(std::make_unique<BetweenCommitsTask>(
                           [&input, dir](Commit) { return input.meta->Checkpoint(dir); }, std::move(done)));
                     }));
    return CheckpointPlace{.commit = token.commit, .synced_through = input.log->synced_position()};
  };
  return WriteBackup({.file_system = options.file_system,
                      .repository = request.repository,
                      .wal_dir = JoinPath(options.data_dir, "wal"),
                      .warm_dir = options.warm_dir,
                      .cold_dir = options.cold_dir,
                      .server_id = input.server_id,
                      .now_ns = options.clock->NowNanos(),
                      .checkpoint = checkpoint,
                      .log_saved = [&log] { log.reset(); },
                      .observer = [&](uint64_t bytes) {
                        return pacer.SpendInPieces(bytes, [&](uint64_t piece) {
                          return request.observer == nullptr ? absl::OkStatus() : request.observer(piece);
                        });
                      }});
}

}  // namespace cortex
