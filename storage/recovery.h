// Opening what the last process left behind, in order: manifest -> segments -> sweep -> WAL replay.
//
// Invariants. A file the manifest does not name is removed. Replay skips what the seal points cover, so that each row is
// there once. Nothing is written before everything was read, except the removal of orphans.
#ifndef CORTEX_STORAGE_RECOVERY_H_
#define CORTEX_STORAGE_RECOVERY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/database.h"
#include "storage/table_registry.h"
#include "storage/wal/wal_writer.h"

namespace cortex {

class CommitTimes;
class FileTier;
class MetaStore;
class ProducerRegistry;

struct RecoveryInput {
  const DatabaseOptions* options = nullptr;
  MetaStore* meta = nullptr;
  FileTier* warm = nullptr;
  FileTier* cold = nullptr;
  TableRegistry* registry = nullptr;  // filled
  CommitTimes* times = nullptr;       // learns what the log knows
  ProducerRegistry* producers = nullptr;  // learns what the log tells
};

struct Recovered {
  std::unique_ptr<WalWriter> wal;
  uint64_t server_id = 0;
  Commit last_commit = 0;  // the highest ever given out
  uint64_t manifest_version = 0;
  uint64_t replayed_records = 0;
  int64_t trusted_time_ns = INT64_MIN;  // as the tier manager wrote it down
  bool builtin_tables_created = false;  // once, all of them; some may have been dropped since
  // Groups that replay filled; to be sealed once the sealer runs.
  std::vector<std::pair<std::shared_ptr<Table>, ClosedGroup>> closed;
};

// Errors: DATA_LOSS (with advice), FAILED_PRECONDITION newer format, those of the file system.
absl::StatusOr<Recovered> Recover(const RecoveryInput& input);

// What Table needs of the database's options.
TableOptions TableOptionsFor(const DatabaseOptions& options, MetaStore* meta,
                             std::shared_ptr<const TableDefinition> definition);

// Names of the manifest's counters.
inline constexpr std::string_view kServerIdCounter = "server_id";
inline constexpr std::string_view kLastCommitCounter = "last_commit";
inline constexpr std::string_view kBuiltinTablesCounter = "builtin_tables";
// Of a table's pin: its tier, 0 for none.
std::string PinCounter(TableId table);

}  // namespace cortex

#endif  // CORTEX_STORAGE_RECOVERY_H_
