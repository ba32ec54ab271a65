#include "storage/merge.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/point_lookup.h"

namespace cortex {
namespace {

constexpr uint32_t kFetchRows = 32;

std::string KeyOf(const Batch& batch, uint32_t row) {
  return std::string(batch.columns[batch.table->key_ordinal()].StringAt(row));
}

// Columns are told by their ordinals here, and an added column has a current value that the sender knew nothing of.
absl::Status CheckSchema(const Batch& batch, const Snapshot& snapshot) {
  if (batch.table->schema_id == snapshot.table->schema_id) return absl::OkStatus();
  return absl::AbortedError(absl::StrFormat(
      "columns of table \"%s\" changed while the rows were on their way; nothing was applied, send them again",
      batch.table->name));
}

}  // namespace

absl::StatusOr<Merge> Merge::Of(const IngestRequest& request, MemoryBudget* budget) {
  const Batch& batch = request.batch;
  const TableDefinition& table = *batch.table;
  const size_t columns = table.columns.size();
  if (table.kind != TableKind::kEntities) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "MERGE is for ENTITIES tables; rows of the EVENTS table \"%s\" never change", table.name));
  }
  if (!request.present.empty() && request.present.size() != columns) {
    return absl::InvalidArgumentError(absl::StrFormat("MERGE names %d columns: table \"%s\" has %d",
                                                      request.present.size(), table.name, columns));
  }
  if (!request.expected.empty() && request.expected.size() != batch.row_count) {
    return absl::InvalidArgumentError(absl::StrFormat("MERGE expects %d versions for %d rows: table \"%s\"",
                                                      request.expected.size(), batch.row_count, table.name));
  }
  Merge merge(budget);
  merge.expected_ = request.expected;
  for (uint32_t i = 0; i < request.present.size(); ++i) {
    if (request.present[i]) continue;
    if (i == table.key_ordinal() || i == table.time_ordinal()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("MERGE needs key and time of every row: table \"%s\", column \"%s\"", table.name,
                          table.columns[i].name));
    }
    merge.missing_.push_back(i);
  }
  return merge;
}

absl::Status Merge::Fetch(const Batch& batch, const Snapshot& snapshot) {
  RETURN_IF_ERROR(CheckSchema(batch, snapshot));
  values_.clear();
  for (const uint32_t ordinal : missing_) values_.emplace_back(batch.table->columns[ordinal].type);
  exact_rows_.assign(missing_.size(), Bitmap());
  base_.assign(batch.row_count, Base());
  fetched_at_ = snapshot.commit;
  // A little at a time, and charged before the next: a batch of small rows may stand for entities of any size.
  for (uint32_t first = 0; first < batch.row_count; first += kFetchRows) {
    std::vector<uint32_t> rows(std::min(kFetchRows, batch.row_count - first));
    std::iota(rows.begin(), rows.end(), first);
    RETURN_IF_ERROR(FetchRows(batch, snapshot, rows));
    RETURN_IF_ERROR(memory_.Resize(memory_bytes()));
  }
  return absl::OkStatus();
}

absl::Status Merge::FetchRows(const Batch& batch, const Snapshot& snapshot, absl::Span<const uint32_t> rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<std::string> keys;
  keys.reserve(rows.size());
  for (const uint32_t row : rows) keys.push_back(KeyOf(batch, row));
  ASSIGN_OR_RETURN(LookupResult found, LookupLatest(snapshot, keys, missing_));
  uint32_t next = missing_.empty() ? 0 : values_[0].row_count();
  for (size_t i = 0; i < rows.size(); ++i) {
    base_[rows[i]] = Base();
    if (!found.found[i]) continue;
    base_[rows[i]] = {.commit = found.commit[i], .row = next++};
  }
  for (size_t c = 0; c < missing_.size(); ++c) {
    std::vector<uint32_t> all(found.columns[c].row_count());
    std::iota(all.begin(), all.end(), 0);
    values_[c].AppendSelected(found.columns[c], all);
    exact_rows_[c].AppendBits(found.exact_rows[c].words(), 0, found.exact_rows[c].size());
  }
  return absl::OkStatus();
}

// Keys that a commit after the fetch wrote: their rows stand in segments with later commits. A version that was ended by
// name leaves no such trace, so one of those sends everything back.
absl::StatusOr<std::vector<uint32_t>> Merge::ChangedSince(const Batch& batch, const Snapshot& now,
                                                          Commit named_ends) const {
  std::vector<uint32_t> changed;
  if (named_ends > fetched_at_) {
    changed.resize(batch.row_count);
    std::iota(changed.begin(), changed.end(), 0);
    return changed;
  }
  if (now.commit == fetched_at_) return changed;
  std::vector<RowRef> rows;
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    const std::string key = KeyOf(batch, row);
    const uint64_t hash = HashKey(key);
    for (const auto& segment : now.segments) {
      if (segment->max_commit() <= fetched_at_ || !segment->MayContainKey(key, hash)) continue;
      rows.clear();
      RETURN_IF_ERROR(segment->FindKey(key, hash, &rows));
      if (rows.empty()) continue;
      changed.push_back(row);
      break;
    }
  }
  return changed;
}

absl::Status Merge::Complete(const Snapshot& now, Commit named_ends, Batch* batch) {
  RETURN_IF_ERROR(CheckSchema(*batch, now));
  ASSIGN_OR_RETURN(const std::vector<uint32_t> changed, ChangedSince(*batch, now, named_ends));
  RETURN_IF_ERROR(FetchRows(*batch, now, changed));
  RETURN_IF_ERROR(CheckExpected(*batch));
  RETURN_IF_ERROR(CheckNewEntities(*batch));
  for (size_t c = 0; c < missing_.size(); ++c) {
    Column filled(batch->table->columns[missing_[c]].type);
    Bitmap exact_rows;
    for (uint32_t row = 0; row < batch->row_count; ++row) {
      if (base_[row].commit != 0) {
        filled.AppendSelected(values_[c], {&base_[row].row, 1});
        exact_rows.PushBack(exact_rows_[c].Get(base_[row].row));
      } else {
        // A new entity: what the sender of whole rows would get.
        filled.AppendSelected(batch->columns[missing_[c]], {&row, 1});
        exact_rows.PushBack(false);
      }
    }
    batch->columns[missing_[c]] = std::move(filled);
    batch->SetExactRows(missing_[c], std::move(exact_rows));
  }
  return absl::OkStatus();
}

absl::Status Merge::CheckExpected(const Batch& batch) const {
  for (uint32_t row = 0; row < expected_.size(); ++row) {
    // One version per key and commit: the commit alone names it.
    if (base_[row].commit == expected_[row].commit) continue;
    return absl::AbortedError(absl::StrFormat(
        "entity \"%s\" of table \"%s\" was changed meanwhile; nothing was applied, read it again and retry",
        KeyOf(batch, row), batch.table->name));
  }
  return absl::OkStatus();
}

absl::Status Merge::CheckNewEntities(const Batch& batch) const {
  for (const uint32_t ordinal : missing_) {
    const ColumnDefinition& column = batch.table->columns[ordinal];
    if (column.nullable) continue;
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      if (base_[row].commit != 0 || !batch.columns[ordinal].IsNull(row)) continue;
      return absl::InvalidArgumentError(absl::StrFormat(
          "new entity \"%s\" lacks column \"%s\", which must not be NULL: table \"%s\", row %d", KeyOf(batch, row),
          column.name, batch.table->name, row));
    }
  }
  return absl::OkStatus();
}

uint64_t Merge::memory_bytes() const {
  uint64_t bytes = base_.size() * sizeof(Base) + expected_.size() * sizeof(VersionId);
  for (const Column& column : values_) bytes += column.memory_bytes();
  return bytes;
}

}  // namespace cortex
