#include "query/exec/scan.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string_view>
#include <utility>

#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "query/exec/morsel_reader.h"
#include "storage/runtime/mutex.h"

namespace cortex::query {
namespace {

// Bounds of the time column, if there are any.
bool MayMatchTime(const SegmentView& segment, uint32_t time_ordinal, const std::vector<PushedPredicate>& predicates) {
  ZoneMap times;
  times.row_count = static_cast<uint32_t>(std::min<uint64_t>(segment.row_count(), UINT32_MAX));
  times.min = segment.min_time();
  times.max = segment.max_time();
  for (const PushedPredicate& pushed : predicates) {
    if (pushed.ordinal == time_ordinal && !times.MayMatch(pushed.predicate)) return false;
  }
  return true;
}

// Rows per row group of all keys asked for.
absl::StatusOr<std::map<uint32_t, std::vector<uint32_t>>> FindKeys(const SegmentView& segment,
                                                                   const std::vector<std::string>& keys) {
  std::vector<RowRef> found;
  for (const std::string& key : keys) {
    const uint64_t hash = HashKey(key);
    if (segment.MayContainKey(key, hash)) RETURN_IF_ERROR(segment.FindKey(key, hash, &found));
  }
  std::map<uint32_t, std::vector<uint32_t>> by_group;
  for (const RowRef& ref : found) by_group[ref.row_group].push_back(ref.row);
  for (auto& [group, rows] : by_group) std::sort(rows.begin(), rows.end());
  return by_group;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Scan>> Scan::Open(const ScanPlan& plan, std::shared_ptr<const Snapshot> snapshot,
                                                 QueryContext* context, ScanOptions options) {
  std::unique_ptr<Scan> scan(new Scan(plan, std::move(snapshot), context, std::move(options)));
  RETURN_IF_ERROR(scan->Prune());
  return scan;
}

void Scan::SetPredicates() {
  predicates_ = plan_.predicates;
  if (!snapshot_->expired_until_ns.has_value()) return;
  const uint32_t ordinal = plan_.table->time_ordinal();
  PushedPredicate& alive = predicates_.emplace_back();
  alive.predicate.column = plan_.table->columns[ordinal].id;
  alive.predicate.filter.lower.emplace(FilterBound{.value = *snapshot_->expired_until_ns, .inclusive = false});
  alive.ordinal = ordinal;
  alive.text = "ttl";
}

absl::Status Scan::Prune() {
  for (size_t number = 0; number < snapshot_->segments.size(); ++number) {
    RETURN_IF_ERROR(context_->CheckStop());
    const size_t morsels_before = morsels_.size();
    RETURN_IF_ERROR(PruneSegment(number));
    if (morsels_.size() != morsels_before) snapshot_->Touch(number);
  }
  return absl::OkStatus();
}

absl::Status Scan::PruneSegment(size_t number) {
  const SegmentView& segment = *snapshot_->segments[number];
  TierScan& tier = statistics_.of(segment.tier());
  ++tier.segments;
  tier.row_groups += segment.row_group_count();
  const uint64_t first_ordinal = next_ordinal_;
  next_ordinal_ += segment.row_count();
  if (segment.row_count() == 0) return absl::OkStatus();
  if (plan_.is_empty || !MayMatchTime(segment, plan_.table->time_ordinal(), predicates_)) {
    ++tier.segments_pruned;
    tier.row_groups_pruned_time += segment.row_group_count();
    return absl::OkStatus();
  }
  std::map<uint32_t, std::vector<uint32_t>> by_group;
  if (!plan_.keys.empty()) {
    ASSIGN_OR_RETURN(by_group, FindKeys(segment, plan_.keys));
    if (by_group.empty()) ++tier.segments_pruned;
  }
  uint64_t group_ordinal = first_ordinal;
  for (uint32_t i = 0; i < segment.row_group_count(); ++i) {
    const RowGroupView& group = segment.row_group(i);
    Morsel whole{.segment = &segment, .group = &group, .group_index = i, .count = group.row_count(), .group_ordinal = group_ordinal};
    group_ordinal += group.row_count();
    if (!plan_.keys.empty()) {
      const auto rows = by_group.find(i);
      if (rows == by_group.end()) {
        ++tier.row_groups_pruned_key;
        continue;
      }
      whole.candidates = std::move(rows->second);
    }
    bool may_match = group.row_count() > 0;
    for (const PushedPredicate& pushed : predicates_) {
      const ZoneMap* zone = group.zone_map(pushed.predicate.column);
      if (zone != nullptr && !zone->MayMatch(pushed.predicate)) {
        may_match = false;
        break;
      }
      if (zone == nullptr || !zone->AllMatch(pushed.predicate)) whole.predicates.push_back(&pushed);
    }
    if (!may_match) {
      ++tier.row_groups_pruned_zone;
      continue;
    }
    CutGroup(whole);
  }
  return absl::OkStatus();
}

void Scan::CutGroup(const Morsel& whole) {
  TierScan& tier = statistics_.of(whole.segment->tier());
  const bool all_visible = whole.group->AllVisible(snapshot_->window);
  const bool as_a_whole = all_visible && whole.predicates.empty() && whole.candidates.empty() && !plan_.residual;
  if (as_a_whole && options_.shortcut && options_.shortcut(*whole.group)) {
    ++tier.row_groups_shortcut;
    return;
  }
  tier.rows_candidate += whole.candidates.empty() ? whole.count : whole.candidates.size();
  for (uint32_t first = 0; first < whole.count; first += options_.morsel_rows) {
    Morsel slice = whole;
    slice.first = first;
    slice.count = std::min(options_.morsel_rows, whole.count - first);
    slice.all_visible = all_visible;
    if (!whole.candidates.empty()) {
      const auto begin = std::lower_bound(whole.candidates.begin(), whole.candidates.end(), first);
      const auto end = std::lower_bound(begin, whole.candidates.end(), first + slice.count);
      slice.candidates.assign(begin, end);
      if (slice.candidates.empty()) continue;
    }
    morsels_.push_back(std::move(slice));
  }
}

absl::Status Scan::Run(size_t first, size_t count, const ScanConsumer& consumer) {
  std::vector<ScanStatistics> per_worker(context_->worker_count());
  Mutex mutex;  // guards `failed`; a leaf
  absl::Status failed;
  std::atomic<bool> stop{false};
  const auto body = [&](size_t slot, size_t worker) {
    if (stop.load(std::memory_order_relaxed)) return;
    const Morsel& morsel = morsels_[first + slot];
    MorselReader reader(plan_, snapshot_->window, *context_, options_, morsel,
                        &per_worker[worker].of(morsel.segment->tier()));
    const absl::Status status = reader.Read([&](ScanBatch& batch) { return consumer(worker, slot, batch); });
    if (status.ok()) return;
    stop.store(true, std::memory_order_relaxed);
    const MutexLock lock(&mutex);
    if (failed.ok()) failed = status;
  };
  if (context_->workers() != nullptr && count > 1) {
    context_->workers()->ParallelFor(count, body);
  } else {
    for (size_t slot = 0; slot < count; ++slot) body(slot, 0);
  }
  for (const ScanStatistics& local : per_worker) {
    for (size_t tier = 0; tier < local.tiers.size(); ++tier) {
      statistics_.tiers[tier].rows_scanned += local.tiers[tier].rows_scanned;
      statistics_.tiers[tier].rows_selected += local.tiers[tier].rows_selected;
      statistics_.tiers[tier].bytes_decoded += local.tiers[tier].bytes_decoded;
    }
  }
  return failed;
}

std::string DescribeScan(const ScanPlan& plan) {
  std::string detail = plan.table->name;
  for (const PushedPredicate& pushed : plan.predicates) detail += " [" + pushed.text + "]";
  if (plan.residual) detail += " [" + plan.residual_text + "]";
  if (plan.is_empty) detail += " [never true]";
  return detail;
}

uint64_t GuessRows(uint64_t rows, size_t conditions) {
  for (size_t i = 0; i < conditions; ++i) rows = (rows + 2) / 3;
  return rows;
}

uint64_t EstimateRows(const ScanPlan& plan, const ScanStatistics& statistics) {
  uint64_t candidates = 0;
  for (const TierScan& tier : statistics.tiers) candidates += tier.rows_candidate;
  return GuessRows(candidates, plan.predicates.size() + (plan.residual ? 1 : 0));
}

}  // namespace cortex::query
