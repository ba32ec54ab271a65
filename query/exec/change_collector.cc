#include "query/exec/change_collector.h"

#include <atomic>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "query/exec/scan.h"
#include "query/expr/evaluator.h"
#include "query/plan/scan_binder.h"
#include "storage/column/column_default.h"

namespace cortex::query {
namespace {

// Up to so many keys are looked up one by one; more of them are compared with every key of the table.
constexpr size_t kLookupKeys = 1'024;

using KeySet = absl::flat_hash_set<std::string>;

// WHERE says which keys, and nothing else.
bool NamesKeysOnly(const ScanPlan& plan) {
  return !plan.keys.empty() && plan.predicates.size() == 1 && !plan.residual;
}

ScanPlan KeyScan(const ScanPlan& plan, uint32_t* key) {
  ScanPlan keys;
  keys.table = plan.table;
  *key = ScanNarrower(&keys).PositionOf(plan.table->key_ordinal());
  return keys;
}

}  // namespace

// What one morsel found. One thread at a time.
struct ChangeCollector::Piece {
  std::vector<VersionId> ids;
  std::vector<Column> columns;
  uint64_t charged_bytes = 0;

  absl::Status AddIds(const ScanBatch& batch) {
    return AppendVersionIds(*batch.morsel->segment, batch.morsel->group_index, batch.group_rows, &ids);
  }
};

absl::StatusOr<std::shared_ptr<const Snapshot>> ChangeCollector::Open(const ScanPlan& plan,
                                                                      const SnapshotRequest& request) {
  ASSIGN_OR_RETURN(auto snapshot, open_(request));
  if (snapshot->table->id != plan.table->id || snapshot->table->schema_id != plan.table->schema_id) {
    return absl::AbortedError(
        absl::StrFormat("table \"%s\" was altered while the statement ran; nothing was applied", plan.table->name));
  }
  if (snapshot_commit_ == 0) snapshot_commit_ = snapshot->commit;
  return snapshot;
}

absl::Status ChangeCollector::Charge(Piece* piece) {
  uint64_t bytes = piece->ids.capacity() * sizeof(VersionId);
  for (const Column& column : piece->columns) bytes += column.memory_bytes();
  if (bytes <= piece->charged_bytes) return absl::OkStatus();
  RETURN_IF_ERROR(context_.memory().Grow(bytes - piece->charged_bytes));
  piece->charged_bytes = bytes;
  return absl::OkStatus();
}

void ChangeCollector::AddStatistics(const ScanStatistics& scan) {
  for (size_t i = 0; i < scan.tiers.size(); ++i) {
    TierScan& to = statistics_.tiers[i];
    const TierScan& from = scan.tiers[i];
    to.segments += from.segments;
    to.segments_pruned += from.segments_pruned;
    to.row_groups += from.row_groups;
    to.row_groups_pruned_time += from.row_groups_pruned_time;
    to.row_groups_pruned_zone += from.row_groups_pruned_zone;
    to.row_groups_pruned_key += from.row_groups_pruned_key;
    to.rows_scanned += from.rows_scanned;
    to.rows_selected += from.rows_selected;
    to.bytes_decoded += from.bytes_decoded;
  }
}

absl::StatusOr<std::vector<VersionId>> ChangeCollector::Versions(const ScanPlan& plan,
                                                                 const SnapshotRequest& request) {
  ASSIGN_OR_RETURN(const auto snapshot, Open(plan, request));
  ASSIGN_OR_RETURN(const auto scan, Scan::Open(plan, snapshot, &context_, {.with_ordinals = true}));
  std::vector<Piece> pieces(scan->morsel_count());
  RETURN_IF_ERROR(scan->Run(0, pieces.size(), [&](size_t, size_t slot, ScanBatch& batch) -> absl::Status {
    RETURN_IF_ERROR(pieces[slot].AddIds(batch));
    return Charge(&pieces[slot]);
  }));
  AddStatistics(scan->statistics());
  std::vector<VersionId> ids;
  for (const Piece& piece : pieces) ids.insert(ids.end(), piece.ids.begin(), piece.ids.end());
  RETURN_IF_ERROR(context_.memory().Grow(ids.capacity() * sizeof(VersionId)));
  return ids;
}

absl::StatusOr<std::vector<VersionId>> ChangeCollector::VersionsOfMatchingKeys(const ScanPlan& plan) {
  ScanPlan current = plan;
  // The residual has its columns already; the key comes last.
  current.columns.push_back(ScanColumnFor(*plan.table, plan.table->key_ordinal()));
  const size_t current_key = current.columns.size() - 1;
  KeySet keys;
  {
    ASSIGN_OR_RETURN(const auto snapshot, Open(plan, {}));
    ASSIGN_OR_RETURN(const auto scan, Scan::Open(current, snapshot, &context_, {}));
    std::vector<Piece> pieces(scan->morsel_count());
    RETURN_IF_ERROR(scan->Run(0, pieces.size(), [&](size_t, size_t slot, ScanBatch& batch) -> absl::Status {
      Piece& piece = pieces[slot];
      if (piece.columns.empty()) piece.columns.emplace_back(current.columns[current_key].type);
      batch.rows.columns[current_key].AppendTo(&piece.columns[0]);
      return Charge(&piece);
    }));
    AddStatistics(scan->statistics());
    for (const Piece& piece : pieces) {
      for (uint32_t row = 0; !piece.columns.empty() && row < piece.columns[0].row_count(); ++row) {
        keys.emplace(piece.columns[0].StringAt(row));
      }
    }
  }
  if (keys.empty()) return std::vector<VersionId>();
  uint32_t key = 0;
  ScanPlan history = KeyScan(plan, &key);
  if (keys.size() <= kLookupKeys) history.keys.assign(keys.begin(), keys.end());
  ASSIGN_OR_RETURN(const auto snapshot, Open(plan, {.history = true, .everything = true}));
  ASSIGN_OR_RETURN(const auto scan, Scan::Open(history, snapshot, &context_, {.with_ordinals = true}));
  std::vector<Piece> pieces(scan->morsel_count());
  RETURN_IF_ERROR(scan->Run(0, pieces.size(), [&](size_t, size_t slot, ScanBatch& batch) -> absl::Status {
    std::vector<uint32_t> wanted;
    for (uint32_t i = 0; i < batch.rows.row_count; ++i) {
      if (keys.contains(AbslView(batch.rows.columns[key].StringAt(i)))) wanted.push_back(batch.group_rows[i]);
    }
    batch.group_rows = wanted;
    if (!wanted.empty()) RETURN_IF_ERROR(pieces[slot].AddIds(batch));
    return Charge(&pieces[slot]);
  }));
  AddStatistics(scan->statistics());
  std::vector<VersionId> ids;
  for (const Piece& piece : pieces) ids.insert(ids.end(), piece.ids.begin(), piece.ids.end());
  return ids;
}

absl::StatusOr<DeleteRequest> ChangeCollector::Delete(const DeletePlan& plan) {
  DeleteRequest request{.table = plan.scan.table->name, .rows = {}, .purge = plan.purge};
  const bool has_condition = !plan.scan.predicates.empty() || plan.scan.residual || plan.scan.is_empty;
  const bool by_key = plan.purge && plan.scan.table->kind == TableKind::kEntities && has_condition;
  if (by_key && !NamesKeysOnly(plan.scan)) {
    ASSIGN_OR_RETURN(request.rows, VersionsOfMatchingKeys(plan.scan));
  } else {
    ASSIGN_OR_RETURN(request.rows, Versions(plan.scan, {.history = plan.purge, .everything = plan.purge}));
  }
  return request;
}

absl::StatusOr<IngestRequest> ChangeCollector::Update(const UpdatePlan& plan) {
  const TableDefinition& table = *plan.scan.table;
  std::vector<uint32_t> ordinals = {table.key_ordinal()};  // of the columns of a piece
  bool time_assigned = false;
  for (const UpdatePlan::Assignment& assignment : plan.assignments) {
    ordinals.push_back(assignment.ordinal);
    time_assigned |= assignment.ordinal == table.time_ordinal();
  }
  if (!time_assigned) ordinals.push_back(table.time_ordinal());

  ASSIGN_OR_RETURN(const auto snapshot, Open(plan.scan, {}));
  ASSIGN_OR_RETURN(const auto scan, Scan::Open(plan.scan, snapshot, &context_, {.with_ordinals = true}));
  std::vector<Piece> pieces(scan->morsel_count());
  std::atomic<uint64_t> row_count{0};
  RETURN_IF_ERROR(scan->Run(0, pieces.size(), [&](size_t, size_t slot, ScanBatch& batch) -> absl::Status {
    Piece& piece = pieces[slot];
    if (piece.columns.empty()) {
      for (const uint32_t ordinal : ordinals) piece.columns.emplace_back(table.columns[ordinal].type);
    }
    if (row_count.fetch_add(batch.rows.row_count) + batch.rows.row_count > kMaxBatchRows) {
      return absl::ResourceExhaustedError(absl::StrFormat(
          "UPDATE changes at most %d rows in one commit; split it by narrowing WHERE", kMaxBatchRows));
    }
    RETURN_IF_ERROR(piece.AddIds(batch));
    batch.rows.columns[plan.key].AppendTo(&piece.columns[0]);
    for (size_t i = 0; i < plan.assignments.size(); ++i) {
      ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(plan.assignments[i].value, batch.rows));
      value.AppendTo(&piece.columns[1 + i]);
    }
    if (!time_assigned) batch.rows.columns[plan.time].AppendTo(&piece.columns.back());
    return Charge(&piece);
  }));
  AddStatistics(scan->statistics());

  IngestRequest request{.batch = Batch::For(snapshot->table), .mode = IngestMode::kMerge};
  request.batch.row_count = static_cast<uint32_t>(row_count.load());
  request.present.assign(table.columns.size(), false);
  for (Piece& piece : pieces) {
    request.expected.insert(request.expected.end(), piece.ids.begin(), piece.ids.end());
    for (size_t i = 0; i < piece.columns.size(); ++i) {
      request.batch.columns[ordinals[i]].AppendRows(piece.columns[i], 0, piece.columns[i].row_count());
    }
    piece = Piece{.charged_bytes = piece.charged_bytes};
  }
  for (const uint32_t ordinal : ordinals) request.present[ordinal] = true;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!request.present[i]) AppendDefaults(table.columns[i], request.batch.row_count, &request.batch.columns[i]);
  }
  return request;
}

}  // namespace cortex::query
