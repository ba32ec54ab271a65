#include "storage/tiers/tier_manager.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {
namespace {

// Above this share of the budget hot rows leave early; below the other one a start refills memory.
constexpr double kPressureShare = 0.85;
constexpr double kRefillShare = 0.5;

SegmentSummary SummaryOf(uint32_t shard, const LiveSegment& segment) {
  SegmentSummary summary{.shard = shard, .id = segment.id(), .tier = segment.tier(), .sealed = segment.file != nullptr};
  if (segment.group != nullptr) {
    summary.row_count = segment.group->published_rows();
    summary.bytes = segment.group->memory_bytes();
    summary.max_time = segment.group->max_time();
  } else {
    summary.row_count = segment.file->record().row_count;
    summary.bytes = segment.file->record().file_bytes;
    summary.max_time = segment.file->record().max_time;
  }
  return summary;
}

std::vector<SegmentSummary> SummariesOf(const Table& table) {
  std::vector<SegmentSummary> summaries;
  const auto list = table.segments();
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    for (const LiveSegment& segment : list->shards[shard]) summaries.push_back(SummaryOf(shard, segment));
  }
  return summaries;
}

// The segments a selection means, oldest first.
std::vector<SegmentSummary> Select(const Table& table, const MoveSelection& selection, Tier from) {
  std::vector<SegmentSummary> chosen;
  for (const SegmentSummary& segment : SummariesOf(table)) {
    if (segment.tier != from || segment.row_count == 0) continue;
    if (selection.max_time_before_ns.has_value() && segment.max_time >= *selection.max_time_before_ns) continue;
    chosen.push_back(segment);
  }
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const SegmentSummary& a, const SegmentSummary& b) { return a.max_time < b.max_time; });
  if (selection.max_rows != 0) {
    uint64_t rows = 0;
    size_t count = 0;
    while (count < chosen.size() && rows < selection.max_rows) rows += chosen[count++].row_count;
    chosen.resize(count);
  }
  return chosen;
}

std::map<uint32_t, std::vector<SegmentId>> ByShard(const std::vector<SegmentSummary>& segments) {
  std::map<uint32_t, std::vector<SegmentId>> by_shard;
  for (const SegmentSummary& segment : segments) by_shard[segment.shard].push_back(segment.id);
  return by_shard;
}

void Add(const MoveCount& moved, MoveCount* total) {
  total->segments += moved.segments;
  total->rows += moved.rows;
  total->bytes_written += moved.bytes_written;
}

}  // namespace

TierManager::TierManager(TierManagerOptions options)
    : options_(std::move(options)),
      pacer_(options_.context.clock, options_.bytes_per_second),
      mover_(options_.context, &pacer_) {
  if (options_.interval_ns == 0) return;
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "tier-manager");
}

TierManager::~TierManager() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  pacer_.Stop();
  if (thread_.joinable()) thread_.join();
}

bool TierManager::stopping() const {
  MutexLock lock(&mutex_);
  return stopping_;
}

TierManagerStats TierManager::stats() const {
  return {.moves_done = moves_done_.load(),
          .moves_failed = moves_failed_.load(),
          .moved_bytes = moved_bytes_.load(),
          .paused = paused_.load()};
}

void TierManager::Count(const absl::StatusOr<MoveCount>& moved) {
  if (!moved.ok()) {
    ++moves_failed_;
  } else if (moved->segments != 0) {
    ++moves_done_;
    moved_bytes_ += moved->bytes_written;
  }
}

// --- background ---------------------------------------------------------------------------------------------------

void TierManager::Run() {
  for (const auto& table : options_.list_tables()) RefillHot(table);
  for (;;) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) wake_.WaitFor(&mutex_, options_.interval_ns);
      if (stopping_) return;
    }
    for (const auto& table : options_.list_tables()) {
      if (paused_.load(std::memory_order_relaxed) || stopping()) break;
      LookAt(table);
    }
  }
}

uint64_t TierManager::HotBytesToFree() const {
  const MemoryBudget& budget = *options_.context.budget;
  const auto allowed = static_cast<uint64_t>(static_cast<double>(budget.limit()) * kPressureShare);
  return budget.used() > allowed ? budget.used() - allowed : 0;
}

void TierManager::LookAt(const std::shared_ptr<Table>& table) {
  const Clock& clock = *options_.context.clock;
  Backoff& backoff = backoff_[table->id()];
  const bool resting = clock.MonotonicNanos() < backoff.not_before_ns;
  const std::vector<TieringMove> moves = PlanMoves({.policy = table->definition()->policy,
                                                    .segments = SummariesOf(*table),
                                                    .now_ns = clock.NowNanos(),
                                                    .hot_bytes_to_free = HotBytesToFree()});
  bool failed = false;
  for (const TieringMove& move : moves) {
    if (paused_.load(std::memory_order_relaxed) || stopping()) return;
    // Evictions write nothing and free memory: no reason to put them off.
    if (resting && move.kind != TieringMove::Kind::kEvict) continue;
    const absl::Status status = CarryOut(table, move);
    if (status.ok()) continue;
    // One bad file is not to hold up the other shards.
    if (std::exchange(failed, true)) continue;
    backoff.pause_ns = std::clamp(backoff.pause_ns * 2, kFirstPauseNs, kLongestPauseNs);
    backoff.not_before_ns = clock.MonotonicNanos() + backoff.pause_ns;
    options_.context.Event("move failed", absl::StrFormat("table %s, shard %d, next try in %d s: %s",
                                                          table->definition()->name, move.shard,
                                                          backoff.pause_ns / 1'000'000'000, status.ToString()));
  }
  if (!failed && !resting) backoff = Backoff();
}

absl::Status TierManager::CarryOut(const std::shared_ptr<Table>& table, const TieringMove& move) {
  if (move.kind == TieringMove::Kind::kSeal) return SealOpenGroups(table, {&move.shard, 1});
  MutexLock lock(&move_mutex_);
  const absl::StatusOr<MoveCount> moved = move.kind == TieringMove::Kind::kEvict
                                              ? mover_.Evict(table.get(), move.shard, move.segments)
                                              : mover_.Rewrite(table.get(), move.shard, move.segments, Tier::kCold);
  Count(moved);
  return moved.status();
}

void TierManager::RefillHot(const std::shared_ptr<Table>& table) {
  const TierPolicy policy = table->definition()->policy;
  const int64_t now_ns = options_.context.clock->NowNanos();
  const MemoryBudget& budget = *options_.context.budget;
  std::vector<SegmentSummary> warm = Select(*table, {.from = Tier::kWarm}, Tier::kWarm);
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (const SegmentSummary& segment : Select(*table, {.from = Tier::kHot}, Tier::kHot)) {
    rows += segment.row_count;
    bytes += segment.bytes;
  }
  for (auto segment = warm.rbegin(); segment != warm.rend(); ++segment) {
    rows += segment->row_count;
    bytes += segment->bytes;
    if (IsOldEnough(now_ns - segment->max_time, policy.hot_max_age_ns)) return;
    if (policy.hot_max_rows != 0 && rows > policy.hot_max_rows) return;
    if (policy.hot_max_bytes != 0 && bytes > policy.hot_max_bytes) return;
    if (static_cast<double>(budget.used()) > kRefillShare * static_cast<double>(budget.limit())) return;
    if (paused_.load(std::memory_order_relaxed) || stopping()) return;
    MutexLock lock(&move_mutex_);
    const absl::StatusOr<MoveCount> loaded = mover_.Load(table.get(), segment->shard, segment->id);
    Count(loaded);
    if (!loaded.ok()) {
      // The segment stays warm and readable as far as it is sound; filling memory is only for speed.
      options_.context.Event("refill stopped", std::string(loaded.status().message()));
      return;
    }
  }
}

absl::Status TierManager::SealOpenGroups(const std::shared_ptr<Table>& table, absl::Span<const uint32_t> shards) {
  for (const uint32_t shard : shards) {
    table->CloseOpenGroup(shard, [&](ClosedGroup closed) { options_.sealer->Enqueue(table, std::move(closed)); });
  }
  return options_.sealer->Drain();
}

// --- on request ---------------------------------------------------------------------------------------------------

absl::StatusOr<MoveCount> TierManager::MoveTier(const std::shared_ptr<Table>& table, const MoveSelection& selection) {
  if (selection.from == selection.to) {
    return absl::InvalidArgumentError(absl::StrFormat("rows are to move from tier %s to itself; name two tiers",
                                                      std::string(TierName(selection.from))));
  }
  MoveCount total;
  Tier from = selection.from;
  std::vector<SegmentSummary> chosen = Select(*table, selection, from);
  MutexLock lock(&move_mutex_);
  if (from == Tier::kHot) {
    std::vector<uint32_t> unsealed;
    for (const SegmentSummary& segment : chosen) {
      if (!segment.sealed) unsealed.push_back(segment.shard);
    }
    if (!unsealed.empty()) {
      RETURN_IF_ERROR(SealOpenGroups(table, unsealed));
      chosen = Select(*table, selection, from);
    }
    std::erase_if(chosen, [](const SegmentSummary& segment) { return !segment.sealed; });
    for (const auto& [shard, ids] : ByShard(chosen)) {
      const absl::StatusOr<MoveCount> moved = mover_.Evict(table.get(), shard, ids);
      Count(moved);
      RETURN_IF_ERROR(moved.status());
      if (selection.to == Tier::kWarm) Add(*moved, &total);
    }
    if (selection.to == Tier::kWarm) return total;
    from = Tier::kWarm;
  }
  for (const auto& [shard, ids] : ByShard(chosen)) {
    // A step at a time: cold -> hot is cold -> warm, then a load of what that wrote.
    std::vector<SegmentId> warm = ids;
    if (from == Tier::kCold || selection.to == Tier::kCold) {
      const absl::StatusOr<MoveCount> moved =
          mover_.Rewrite(table.get(), shard, ids, selection.to == Tier::kCold ? Tier::kCold : Tier::kWarm);
      Count(moved);
      RETURN_IF_ERROR(moved.status());
      Add(*moved, &total);
      warm = moved->created;
    }
    if (selection.to != Tier::kHot) continue;
    for (const SegmentId id : warm) {
      const absl::StatusOr<MoveCount> moved = mover_.Load(table.get(), shard, id);
      Count(moved);
      RETURN_IF_ERROR(moved.status());
      if (from == Tier::kWarm) Add(*moved, &total);
    }
  }
  return total;
}

}  // namespace cortex
