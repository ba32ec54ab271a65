#include "storage/point_lookup.h"

#include <optional>
#include <tuple>
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
    for (size_t i = 0; i < snapshot_.segments.size(); ++i) {
      const auto& segment = snapshot_.segments[i];
      // Keys of hash-sharded tables live in one shard.
      if (snapshot_.table->sharding == ShardingKind::kHash && segment->shard() != hash_ % kShardCount) continue;
      if (by_time_ && best_.has_value() && segment->max_time() < best_->time) continue;
      if (HasExpired(segment->max_time())) continue;
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

  absl::Status Look(const SegmentView& segment) {
    rows_.clear();
    RETURN_IF_ERROR(segment.FindKey(key_, hash_, &rows_));
    for (const RowRef& row : rows_) {
      const RowGroupView& group = segment.row_group(row.row_group);
      const uint32_t first = row.row / 64 * 64;
      uint64_t selection = ~uint64_t{0};
      if (!group.AllVisible(snapshot_.window)) {
        RETURN_IF_ERROR(group.SelectVisible(snapshot_.window, first, row.row - first + 1, &selection));
        if (!GetBit(&selection, row.row - first)) continue;
      }
      Candidate candidate{.segment = &segment, .row = row};
      RETURN_IF_ERROR(group.Commits(row.row, 1, &candidate.commit));
      if (by_time_ || snapshot_.expired_until_ns.has_value()) {
        ASSIGN_OR_RETURN(const ColumnChunk* times, group.column(time_column_));
        Column time(DataType::Scalar(TypeKind::kTimestamp));
        RETURN_IF_ERROR(times->Gather({&row.row, 1}, &time));
        const int64_t time_ns = time.values_as<int64_t>()[0];
        if (HasExpired(time_ns)) continue;
        if (by_time_) candidate.time = time_ns;
      }
      if (best_.has_value()) {
        ASSIGN_OR_RETURN(const bool after, candidate.IsAfter(*best_));
        if (!after) continue;
      }
      best_ = candidate;
    }
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

}  // namespace

absl::StatusOr<LookupResult> LookupLatest(const Snapshot& snapshot, absl::Span<const std::string> keys,
                                          absl::Span<const uint32_t> columns) {
  LookupResult result;
  result.table = snapshot.table;
  for (const uint32_t ordinal : columns) {
    if (ordinal < snapshot.table->columns.size()) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("no column %d: table \"%s\" has %d, its schema changed", ordinal, snapshot.table->name,
                        snapshot.table->columns.size()));
  }
  for (const uint32_t ordinal : columns) result.columns.emplace_back(snapshot.table->columns[ordinal].type);
  result.exact_rows.resize(columns.size());
  for (const std::string& key : keys) {
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
  }
  return result;
}

}  // namespace cortex
