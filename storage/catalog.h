// What tables there are, and every change of that: one edit of the manifest each, then the tables in memory.
#ifndef CORTEX_STORAGE_CATALOG_H_
#define CORTEX_STORAGE_CATALOG_H_

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/database.h"
#include "storage/runtime/mutex.h"

namespace cortex {

class CommitLog;
class MetaStore;
class Sealer;
class TableRegistry;

// All borrowed.
struct CatalogOptions {
  const DatabaseOptions* database = nullptr;
  MetaStore* meta = nullptr;
  TableRegistry* registry = nullptr;
  const CommitLog* log = nullptr;
  Sealer* sealer = nullptr;  // gets the groups that an altered table closes
  std::function<void()> on_dropped;  // a table's rows hold the log no more
};

// Thread-safe. Errors as the door promises (storage/database.h), and those of the meta store: then nothing has changed.
class Catalog {
 public:
  explicit Catalog(CatalogOptions options);

  // Those that are missing: all at the first start, and again where a crash interrupted it.
  absl::Status CreateBuiltinTables();

  absl::StatusOr<std::shared_ptr<const TableDefinition>> Create(TableDefinition definition);
  absl::StatusOr<std::shared_ptr<const TableDefinition>> Alter(std::string_view name, const TableChange& change);
  absl::Status Drop(std::string_view name) ABSL_NO_THREAD_SAFETY_ANALYSIS;  // a lock for each shard
  absl::Status Pin(std::string_view name, std::optional<Tier> slowest);

  absl::StatusOr<std::shared_ptr<const TableDefinition>> Find(std::string_view name) const;
  std::vector<std::shared_ptr<const TableDefinition>> List() const;
  absl::StatusOr<std::optional<Tier>> GetPin(std::string_view name) const;

 private:
  const CatalogOptions options_;
  Mutex ddl_mutex_;  // one change at a time; held across the commit of the meta store; taken before all others
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_CATALOG_H_
