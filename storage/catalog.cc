#include "storage/catalog.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/builtin_tables.h"
#include "storage/commit_log.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"
#include "storage/recovery.h"
#include "storage/table_registry.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/sealer.h"

namespace cortex {

Catalog::Catalog(CatalogOptions options) : options_(std::move(options)) {}

absl::Status Catalog::CreateBuiltinTables() {
  for (TableDefinition& definition : BuiltinTables()) {
    const auto created = Create(std::move(definition));
    // A crash during the first start may have left some of them.
    if (!created.ok() && !absl::IsAlreadyExists(created.status())) return created.status();
  }
  // From now on one that is missing was dropped.
  ManifestEdit edit;
  edit.SetCounter(kBuiltinTablesCounter, 1);
  return options_.meta->Commit(edit).status();
}

absl::StatusOr<std::shared_ptr<const TableDefinition>> Catalog::Create(TableDefinition definition) {
  uint32_t next_column = 1;
  for (ColumnDefinition& column : definition.columns) column.id = ColumnId(next_column++);
  definition.next_column_id = next_column;
  RETURN_IF_ERROR(ValidateDefinition(definition));
  MutexLock ddl(&ddl_mutex_);
  if (options_.registry->Find(definition.name).ok()) {
    return absl::AlreadyExistsError(absl::StrFormat("table \"%s\" exists already", definition.name));
  }
  ASSIGN_OR_RETURN(definition.id, options_.meta->NextTableId());
  ManifestEdit edit;
  edit.PutTable(definition);
  RETURN_IF_ERROR(options_.meta->Commit(edit).status());
  KillPoint("table-created");
  const auto shared = std::make_shared<const TableDefinition>(std::move(definition));
  options_.registry->Add(std::make_shared<Table>(TableOptionsFor(*options_.database, options_.meta, shared)));
  return shared;
}

absl::StatusOr<std::shared_ptr<const TableDefinition>> Catalog::Alter(std::string_view name, const TableChange& change) {
  MutexLock ddl(&ddl_mutex_);
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, options_.registry->Find(name));
  ASSIGN_OR_RETURN(TableDefinition changed, ApplyChange(*table->definition(), change));
  ManifestEdit edit;
  edit.PutTable(changed);
  RETURN_IF_ERROR(options_.meta->Commit(edit).status());
  KillPoint("table-altered");
  const auto shared = std::make_shared<const TableDefinition>(std::move(changed));
  table->SetDefinition(shared);
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    table->CloseOpenGroup(shard, [&](ClosedGroup closed) { options_.sealer->Enqueue(table, std::move(closed)); });
  }
  return shared;
}

absl::Status Catalog::Drop(std::string_view name) {
  MutexLock ddl(&ddl_mutex_);
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, options_.registry->Find(name));
  {
    std::vector<std::unique_ptr<MutexLock>> maintenance;
    for (uint32_t shard = 0; shard < kShardCount; ++shard) {
      maintenance.push_back(std::make_unique<MutexLock>(table->maintenance_mutex(shard)));
    }
    ManifestEdit edit;
    edit.RemoveTable(table->id());
    // The table's files may hold the highest commit, visible yet or not; it must not be given out again.
    edit.RaiseCounter(kLastCommitCounter, std::max(options_.log->visible_commit(), table->LastCommitInFiles()));
    if (table->pin().has_value()) edit.SetCounter(PinCounter(table->id()), 0);
    RETURN_IF_ERROR(options_.meta->Commit(edit).status());
    KillPoint("table-dropped");
    table->MarkDropped();
    options_.registry->Remove(name);
  }
  const auto list = table->segments();
  for (const auto& shard : list->shards) {
    for (const LiveSegment& segment : shard) {
      if (segment.file != nullptr) segment.file->Retire();
    }
  }
  options_.on_dropped();  // its rows alone may have held the log
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const TableDefinition>> Catalog::Find(std::string_view name) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, options_.registry->Find(name));
  return table->definition();
}

std::vector<std::shared_ptr<const TableDefinition>> Catalog::List() const {
  std::vector<std::shared_ptr<const TableDefinition>> definitions;
  for (const auto& table : options_.registry->List()) definitions.push_back(table->definition());
  return definitions;
}

absl::Status Catalog::Pin(std::string_view name, std::optional<Tier> slowest) {
  MutexLock ddl(&ddl_mutex_);
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, options_.registry->Find(name));
  ManifestEdit edit;
  edit.SetCounter(PinCounter(table->id()), slowest.has_value() ? static_cast<uint64_t>(*slowest) : 0);
  RETURN_IF_ERROR(options_.meta->Commit(edit).status());
  KillPoint("table-pinned");
  table->SetPin(slowest);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Tier>> Catalog::GetPin(std::string_view name) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, options_.registry->Find(name));
  return table->pin();
}

}  // namespace cortex
