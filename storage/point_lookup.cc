#include "storage/point_lookup.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/column/column_default.h"

namespace cortex {
namespace {

struct Candidate {
  const SegmentView* segment = nullptr;
  RowRef row;
  int64_t time = 0;
  Commit commit = 0;

  absl::StatusOr<uint32_t> Ordinal() const {
    uint32_t ordinal = 0;
    RETURN_IF_ERROR(segment->row_group(row.row_group).Ordinals(row.row, 1, &ordinal));
    return ordinal;
  }
  // Rows of one commit may lie in several segments: the later one in the batch wins.
  absl::StatusOr<bool> IsAfter(const Candidate& other) const {
    if (std::tie(time, commit) != std::tie(other.time, other.commit)) {
      return std::tie(time, commit) > std::tie(other.time, other.commit);
    }
    ASSIGN_OR_RETURN(const uint32_t mine, Ordinal());
    ASSIGN_OR_RETURN(const uint32_t others, other.Ordinal());
    return mine > others;
  }
};

class LatestSearch {
 public:
  LatestSearch(const Snapshot& snapshot, std::string_view key)
      : snapshot_(snapshot),
        time_column_(snapshot.table->time().id),
        by_time_(snapshot.table->kind == TableKind::kEvents),
        key_(key),
        hash_(HashKey(key)) {}

  absl::StatusOr<std::optional<Candidate>> Run() {
    for (const size_t i : Segments()) {
      const auto& segment = snapshot_.segments[i];
      if (by_time_ && best_.has_value() && segment->max_time() < best_->time) continue;
      if (!segment->MayContainKey(key_, hash_)) continue;
      RETURN_IF_ERROR(Look(*segment));
      if (best_.has_value() && best_->segment == segment.get()) snapshot_.Touch(i);
      if (!by_time_ && best_.has_value()) break;  // one current version
    }
    return best_;
  }

 private:
  bool HasExpired(int64_t time_ns) const {
    return snapshot_.expired_until_ns.has_value() && time_ns <= *snapshot_.expired_until_ns;
  }

  // Those that may have the row. By time the latest come first: what is older than a row found is not opened.
  std::vector<size_t> Segments() const {
    std::vector<std::pair<int64_t, size_t>> by_time;
    for (size_t i = 0; i < snapshot_.segments.size(); ++i) {
      const auto& segment = snapshot_.segments[i];
      // Keys of hash-sharded tables live in one shard.
      if (snapshot_.table->sharding == ShardingKind::kHash && segment->shard() != hash_ % kShardCount) continue;
      const int64_t max_time = segment->max_time();
      if (!HasExpired(max_time)) by_time.emplace_back(max_time, i);
    }
    const auto later = [](const auto& a, const auto& b) { return a.first > b.first; };
    if (by_time_) std::stable_sort(by_time.begin(), by_time.end(), later);
    std::vector<size_t> segments;
    for (const auto& [time, i] : by_time) segments.push_back(i);
    return segments;
  }

  absl::Status Look(const SegmentView& segment) {
    rows_.clear();
    RETURN_IF_ERROR(segment.FindKey(key_, hash_, &rows_));
    std::vector<uint32_t> in_group;
    for (size_t i = 0; i < rows_.size();) {
      const uint32_t group = rows_[i].row_group;
      in_group.clear();
      for (; i < rows_.size() && rows_[i].row_group == group; ++i) in_group.push_back(rows_[i].row);
      RETURN_IF_ERROR(LookInGroup(segment, group, std::move(in_group)));
    }
    return absl::OkStatus();
  }

  // All rows of a group together: they share blocks, and a block costs as much as any of its rows.
  absl::Status LookInGroup(const SegmentView& segment, uint32_t number, std::vector<uint32_t> rows) {
    const RowGroupView& group = segment.row_group(number);
    RETURN_IF_ERROR(KeepVisible(group, &rows));
    int64_t time = 0;
    if (by_time_ || snapshot_.expired_until_ns.has_value()) RETURN_IF_ERROR(KeepLatest(group, &rows, &time));
    for (const uint32_t row : rows) {
      Candidate candidate{.segment = &segment, .row = {.row_group = number, .row = row}, .time = time};
      RETURN_IF_ERROR(group.Commits(row, 1, &candidate.commit));
      if (best_.has_value()) {
        ASSIGN_OR_RETURN(const bool after, candidate.IsAfter(*best_));
        if (!after) continue;
      }
      best_ = candidate;
    }
    return absl::OkStatus();
  }

  absl::Status KeepVisible(const RowGroupView& group, std::vector<uint32_t>* rows) const {
    if (group.AllVisible(snapshot_.window)) return absl::OkStatus();
    size_t kept = 0;
    for (const uint32_t row : *rows) {
      const uint32_t first = row / 64 * 64;
      uint64_t selection = ~uint64_t{0};
      RETURN_IF_ERROR(group.SelectVisible(snapshot_.window, first, row - first + 1, &selection));
      if (GetBit(&selection, row - first)) (*rows)[kept++] = row;
    }
    rows->resize(kept);
    return absl::OkStatus();
  }

  // Leaves the rows that have not expired, and of EVENTS those of the latest time, unless a later row is known.
  absl::Status KeepLatest(const RowGroupView& group, std::vector<uint32_t>* rows, int64_t* latest) const {
    ASSIGN_OR_RETURN(const ColumnChunk* const chunk, group.column(time_column_));
    Column column(DataType::Scalar(TypeKind::kTimestamp));
    RETURN_IF_ERROR(chunk->Gather(*rows, &column));
    const absl::Span<const int64_t> times = column.values_as<int64_t>();
    if (by_time_) {
      *latest = best_.has_value() ? best_->time : INT64_MIN;
      for (const int64_t time : times) *latest = std::max(*latest, time);
    }
    size_t kept = 0;
    for (size_t i = 0; i < times.size(); ++i) {
      if (HasExpired(times[i]) || (by_time_ && times[i] < *latest)) continue;
      (*rows)[kept++] = (*rows)[i];
    }
    rows->resize(kept);
    return absl::OkStatus();
  }

  const Snapshot& snapshot_;
  const ColumnId time_column_;
  const bool by_time_;
  const std::string_view key_;
  const uint64_t hash_;
  std::vector<RowRef> rows_;
  std::optional<Candidate> best_;
};

uint64_t LastRowBytes(const Column& column) {
  const uint32_t row = column.row_count() - 1;
  if (column.type().is_string()) return column.StringAt(row).size();
  const ValueSpan values = column.values();
  if (!column.type().is_list()) return values.shape.row_bytes();
  const uint32_t begin = column.list_offsets()[row];
  const uint32_t end = column.list_offsets()[row + 1];
  if (values.shape.type == PhysicalType::kBytes) return values.offsets[end] - values.offsets[begin];
  return uint64_t{end - begin} * values.shape.row_bytes();
}

}  // namespace

absl::StatusOr<LookupResult> LookupLatest(const Snapshot& snapshot, absl::Span<const std::string> keys,
                                          absl::Span<const uint32_t> columns, const LookupLimits& limits) {
  LookupResult result;
  result.table = snapshot.table;
  result.as_of = snapshot.commit;
  for (const uint32_t ordinal : columns) {
    if (ordinal < snapshot.table->columns.size()) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("no column %d: table \"%s\" has %d, its schema changed", ordinal, snapshot.table->name,
                        snapshot.table->columns.size()));
  }
  for (const uint32_t ordinal : columns) result.columns.emplace_back(snapshot.table->columns[ordinal].type);
  result.exact_rows.resize(columns.size());
  uint64_t bytes = 0;
  for (const std::string& key : keys) {
    if (limits.still_wanted != nullptr) RETURN_IF_ERROR(limits.still_wanted());
    ASSIGN_OR_RETURN(const std::optional<Candidate> latest, LatestSearch(snapshot, key).Run());
    result.found.push_back(latest.has_value());
    result.tier.push_back(latest.has_value() ? latest->segment->tier() : Tier::kHot);
    result.commit.push_back(latest.has_value() ? latest->commit : 0);
    if (!latest.has_value()) continue;
    const RowGroupView& group = latest->segment->row_group(latest->row.row_group);
    for (size_t i = 0; i < columns.size(); ++i) {
      ASSIGN_OR_RETURN(const ColumnChunk* chunk, group.column(snapshot.table->columns[columns[i]].id));
      if (chunk == nullptr) {
        AppendDefaults(snapshot.table->columns[columns[i]], 1, &result.columns[i]);
        result.exact_rows[i].PushBack(false);
      } else {
        RETURN_IF_ERROR(chunk->Gather({&latest->row.row, 1}, &result.columns[i]));
        chunk->AppendExactRows(latest->row.row, 1, &result.exact_rows[i]);
      }
    }
    for (const Column& column : result.columns) bytes += LastRowBytes(column);
    if (bytes <= limits.max_bytes) continue;
    return absl::OutOfRangeError(absl::StrFormat(
        "the rows are too large for one answer: more than %d bytes after %d of %d keys; ask for fewer keys or columns, or "
        "use Query, which streams",
        limits.max_bytes, result.found.size(), keys.size()));
  }
  return result;
}

}  // namespace cortex
