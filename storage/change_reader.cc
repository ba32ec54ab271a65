#include "storage/change_reader.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/column_default.h"

namespace cortex {
namespace {

constexpr uint64_t kGuessedStringBytes = 32;
constexpr uint64_t kGuessedListBytes = 256;
constexpr size_t kMaxBatchRowCount = 8'192;
constexpr size_t kFirstBatchRowCount = 64;  // doubled with each batch: strings and lists are as large as they turn out

const ColumnDefinition* FindColumn(const TableDefinition& table, ColumnId id) {
  for (const ColumnDefinition& column : table.columns) {
    if (column.id == id) return &column;
  }
  return nullptr;
}

uint64_t GuessedRowBytes(const DataType& type) {
  if (type.is_list()) return kGuessedListBytes;
  return type.is_string() ? kGuessedStringBytes : type.shape().row_bytes();
}

// The first row of a group in commit order whose commit is at least `commit`.
absl::StatusOr<uint32_t> LowerBound(const RowGroupView& group, Commit commit) {
  uint32_t first = 0, count = group.row_count();
  while (count > 0) {
    const uint32_t half = count / 2;
    Commit there = 0;
    RETURN_IF_ERROR(group.Commits(first + half, 1, &there));
    if (there < commit) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return first;
}

}  // namespace

ChangePosition ChangeBatch::PositionAfter(uint32_t row) const {
  if (row + 1 == row_count) return position;
  return rows[row + 1].commit > rows[row].commit ? ChangePosition{.commit = rows[row].commit} : rows[row];
}

ChangeReader::ChangeReader(Options options)
    : options_(std::move(options)),
      position_(options_.after),
      gapless_(options_.after.commit > 0),
      row_limit_(kFirstBatchRowCount),
      memory_(options_.budget, MemoryUse::kQuery) {}

void ChangeReader::DropSnapshot() {
  snapshot_ = nullptr;
  names_ = std::vector<Name>();
  next_ = 0;
  memory_.Shrink(memory_.bytes());
}

absl::StatusOr<ChangeBatch> ChangeReader::Next() {
  if (snapshot_ == nullptr) {
    ASSIGN_OR_RETURN(const bool is_at_end, IsAtEnd());
    if (!is_at_end) RETURN_IF_ERROR(Collect());
  }
  if (next_ == names_.size()) {
    position_ = std::max(position_, ChangePosition{.commit = up_to_});
    gapless_ = true;
    DropSnapshot();
    return ChangeBatch{.row_count = 0, .columns = {}, .rows = {}, .position = position_, .memory = {}};
  }
  const size_t count = std::min(names_.size() - next_, RowsPerBatch());
  absl::StatusOr<ChangeBatch> batch = ReadRows(next_, count);
  if (!batch.ok()) {
    DropSnapshot();
    return batch;
  }
  next_ += count;
  const Commit last = names_[next_ - 1].commit;
  const bool whole = next_ == names_.size() || names_[next_].commit > last;
  position_ = whole ? ChangePosition{.commit = next_ == names_.size() ? up_to_ : last} : names_[next_ - 1].place();
  batch->position = position_;
  if (next_ == names_.size()) DropSnapshot();
  return batch;
}

// --- which rows come next -----------------------------------------------------------------------------------------

absl::Status ChangeReader::CheckWanted() const {
  return options_.still_wanted == nullptr ? absl::OkStatus() : options_.still_wanted();
}

absl::StatusOr<bool> ChangeReader::IsAtEnd() {
  ASSIGN_OR_RETURN(const TableProgress now, options_.database->GetProgress(options_.table));
  // What is wrong with the position, or the table, a snapshot says.
  if (now.table != options_.table_id || now.visible < position_.commit) return false;
  if (!position_.is_whole_commit() || now.last_rows > position_.commit) return false;
  up_to_ = now.visible;
  return true;
}

absl::Status ChangeReader::TakeSnapshot() {
  ASSIGN_OR_RETURN(const auto table, options_.database->FindTable(options_.table));
  SnapshotRequest request{.history = true};
  // Superseded versions older than the history are dropped one day; rows of EVENTS tables never are.
  if (gapless_ && table->kind == TableKind::kEntities) request.as_of = position_.commit;
  ASSIGN_OR_RETURN(snapshot_, options_.database->OpenSnapshot(options_.table, request));
  ++snapshots_taken_;
  if (snapshot_->table->id != options_.table_id) {
    return absl::NotFoundError(
        absl::StrFormat("table \"%s\" was dropped; the one of that name is another", options_.table));
  }
  if (snapshot_->commit >= position_.commit) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrFormat("commit %d was never given out or is not visible yet; the newest is %d",
                                               position_.commit, snapshot_->commit));
}

absl::Status ChangeReader::Collect() {
  absl::Status status = TakeSnapshot();
  if (!status.ok()) {
    DropSnapshot();
    return status;
  }
  up_to_ = snapshot_->commit;
  for (uint32_t s = 0; s < snapshot_->segments.size() && status.ok(); ++s) {
    const SegmentView& segment = *snapshot_->segments[s];
    if (segment.max_commit() < position_.commit || segment.min_commit() > up_to_) continue;
    if (snapshot_->expired_until_ns.has_value() && segment.max_time() <= *snapshot_->expired_until_ns) continue;
    for (uint32_t g = 0; g < segment.row_group_count() && status.ok(); ++g) status = CollectGroup(s, g);
  }
  if (!status.ok()) {
    DropSnapshot();
    return status;
  }
  std::sort(names_.begin(), names_.end(), [](const Name& a, const Name& b) { return a.place() < b.place(); });
  return absl::OkStatus();
}

absl::Status ChangeReader::CollectGroup(uint32_t segment_index, uint32_t group_index) {
  RETURN_IF_ERROR(CheckWanted());
  const SegmentView& segment = *snapshot_->segments[segment_index];
  const RowGroupView& group = segment.row_group(group_index);
  // A group that was never a file stands in commit order: the rows that just came are found without reading the others.
  uint32_t first = 0;
  if (segment.id() == SegmentId()) {
    ASSIGN_OR_RETURN(first, LowerBound(group, position_.commit));
  }
  const uint32_t count = group.row_count() - first;
  if (count == 0) return absl::OkStatus();
  std::vector<Commit> commits(count);
  RETURN_IF_ERROR(group.Commits(first, count, commits.data()));
  const auto in_range = [this](Commit commit) { return commit >= position_.commit && commit <= up_to_; };
  if (std::none_of(commits.begin(), commits.end(), in_range)) return absl::OkStatus();
  std::vector<Commit> ends(count);
  std::vector<uint32_t> ordinals(count);
  RETURN_IF_ERROR(group.Ends(first, count, ends.data()));
  RETURN_IF_ERROR(group.Ordinals(first, count, ordinals.data()));
  const size_t first_name = names_.size();
  for (uint32_t i = 0; i < count; ++i) {
    const Name name{commits[i], segment.shard(), ordinals[i], segment_index, group_index, first + i};
    const bool erased = ends[i] <= commits[i];
    if (in_range(commits[i]) && !erased && name.place() > position_) names_.push_back(name);
  }
  if (snapshot_->expired_until_ns.has_value()) RETURN_IF_ERROR(DropExpired(group, first_name));
  if (names_.size() > kMaxNames) RETURN_IF_ERROR(Shorten());
  const uint64_t bytes = names_.capacity() * sizeof(Name);
  return bytes > memory_.bytes() ? memory_.Grow(bytes - memory_.bytes()) : absl::OkStatus();
}

// Of the names of this group, which begin at `first_name`.
absl::Status ChangeReader::DropExpired(const RowGroupView& group, size_t first_name) {
  if (first_name == names_.size()) return absl::OkStatus();
  std::vector<uint32_t> rows;
  for (size_t i = first_name; i < names_.size(); ++i) rows.push_back(names_[i].row);
  ASSIGN_OR_RETURN(const ColumnChunk* const times, group.column(snapshot_->table->time().id));
  Column time(DataType::Scalar(TypeKind::kTimestamp));
  RETURN_IF_ERROR(times->Gather(rows, &time));
  size_t kept = first_name;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (time.values_as<int64_t>()[i] > *snapshot_->expired_until_ns) names_[kept++] = names_[first_name + i];
  }
  names_.resize(kept);
  return absl::OkStatus();
}

// Keeps the first commits, whole: what stands behind them is found again once they are read.
absl::Status ChangeReader::Shorten() {
  const auto by_commit = [](const Name& a, const Name& b) { return a.commit < b.commit; };
  std::nth_element(names_.begin(), names_.begin() + kMaxNames / 2, names_.end(), by_commit);
  const Commit middle = names_[kMaxNames / 2].commit;
  const Commit lowest = std::min_element(names_.begin(), names_.end(), by_commit)->commit;
  up_to_ = middle > lowest ? middle - 1 : lowest;
  std::erase_if(names_, [this](const Name& name) { return name.commit > up_to_; });
  return absl::OkStatus();
}

// --- their values -------------------------------------------------------------------------------------------------

uint64_t ChangeReader::ExpectedRowBytes() const {
  uint64_t row_bytes = sizeof(ChangePosition);
  for (const ColumnId id : options_.columns) {
    const ColumnDefinition* const column = FindColumn(*snapshot_->table, id);
    if (column != nullptr) row_bytes += GuessedRowBytes(column->type);
  }
  return std::max(row_bytes, row_bytes_);
}

size_t ChangeReader::RowsPerBatch() const {
  const bool guessed = std::any_of(options_.columns.begin(), options_.columns.end(), [this](ColumnId id) {
    const ColumnDefinition* const column = FindColumn(*snapshot_->table, id);
    return column != nullptr && (column->type.is_list() || column->type.is_string());
  });
  const size_t limit = guessed ? row_limit_ : kMaxBatchRowCount;
  return std::clamp<size_t>(options_.batch_bytes / ExpectedRowBytes(), 1, limit);
}

absl::StatusOr<ChangeBatch> ChangeReader::ReadRows(size_t first, size_t count) {
  ChangeBatch batch;
  batch.row_count = static_cast<uint32_t>(count);
  // Before reading: where memory is short nothing is read only to be thrown away.
  ASSIGN_OR_RETURN(batch.memory,
                   MemoryReservation::Make(options_.budget, MemoryUse::kQuery, count * ExpectedRowBytes()));
  const absl::Span<const Name> names(names_.data() + first, count);
  for (const Name& name : names) batch.rows.push_back(name.place());
  for (const ColumnId id : options_.columns) {
    const ColumnDefinition* const definition = FindColumn(*snapshot_->table, id);
    if (definition == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrFormat("a column that is read here was dropped: table \"%s\", column id %d", options_.table,
                          id.value()));
    }
    RETURN_IF_ERROR(CheckWanted());
    batch.columns.emplace_back(definition->type);
    RETURN_IF_ERROR(ReadColumn(*definition, names, &batch.columns.back()));
  }
  uint64_t bytes = count * sizeof(ChangePosition);
  for (const Column& column : batch.columns) bytes += column.memory_bytes();
  row_bytes_ = bytes / count;
  row_limit_ = std::min(2 * row_limit_, kMaxBatchRowCount);
  RETURN_IF_ERROR(batch.memory.Resize(bytes));
  return batch;
}

// Group by group, rows ascending, as chunks want it; then into the order of commits.
absl::Status ChangeReader::ReadColumn(const ColumnDefinition& definition, absl::Span<const Name> names,
                                      Column* out) const {
  std::vector<uint32_t> by_place(names.size());
  std::iota(by_place.begin(), by_place.end(), 0);
  const auto place = [&](uint32_t i) { return std::tie(names[i].segment, names[i].group, names[i].row); };
  std::sort(by_place.begin(), by_place.end(), [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
  Column gathered(definition.type);
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < by_place.size();) {
    const Name& start = names[by_place[i]];
    rows.clear();
    for (; i < by_place.size(); ++i) {
      const Name& name = names[by_place[i]];
      if (name.segment != start.segment || name.group != start.group) break;
      rows.push_back(name.row);
    }
    const RowGroupView& group = snapshot_->segments[start.segment]->row_group(start.group);
    ASSIGN_OR_RETURN(const ColumnChunk* const chunk, group.column(definition.id));
    if (chunk == nullptr) {
      AppendDefaults(definition, static_cast<uint32_t>(rows.size()), &gathered);
    } else {
      RETURN_IF_ERROR(chunk->Gather(rows, &gathered));
    }
  }
  std::vector<uint32_t> order(names.size());
  for (uint32_t i = 0; i < by_place.size(); ++i) order[by_place[i]] = i;
  if (std::is_sorted(order.begin(), order.end())) {
    *out = std::move(gathered);
  } else {
    out->AppendSelected(gathered, order);
  }
  return absl::OkStatus();
}

}  // namespace cortex
