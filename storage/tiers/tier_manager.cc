#include "storage/tiers/tier_manager.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {
namespace {

// Above this share of the budget hot rows leave early; below the other one a start refills memory and promotion adds.
constexpr double kPressureShare = 0.85;
constexpr double kRefillShare = 0.5;
// How long memory is freed for a batch that found none: it waits a second, and its sender comes back after the next.
constexpr int64_t kRoomWantedNs = 10'000'000'000;
// What caches hold beyond this share goes before hot rows do.
constexpr double kCacheShare = 1.0 / 16;
// Memory that is short makes files of open groups from this part of the budget on, and of smaller ones if all of them
// together hold more than the other part.
constexpr uint64_t kMinSealPart = 512;
constexpr uint64_t kMostMinSealBytes = 8 << 20;
constexpr uint64_t kMostOpenPart = 4;
// Promotion reads at this part of the pace, and saves up to so much: a few row groups.
constexpr uint64_t kPromotePart = 4;
constexpr int64_t kPromoteSavingsBytes = 512ll << 20;
constexpr int64_t kSaveTrustedTimeNs = 3'600'000'000'000;
// Rounds after which ApplyPolicies leaves the rest to the next call; plans come to rest after a handful.
constexpr int kMostRounds = 100;

// The segments a selection means, oldest first.
std::vector<SegmentSummary> Select(const Table& table, const MoveSelection& selection) {
  std::vector<SegmentSummary> chosen;
  for (const SegmentSummary& segment : SummariesOf(table)) {
    if (segment.tier != selection.from || segment.row_count == 0) continue;
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

// Why a move cold -> hot ended between its steps, and where that left rows that the same call would not find again.
absl::Status LeftInWarm(const absl::Status& why, uint64_t rows) {
  if (rows == 0) return why;
  return absl::Status(why.code(),
                      absl::StrFormat("%s; rows on their way to hot that are in tier warm now, move them on from there: %d",
                                      std::string(why.message()), rows));
}

// A move that nobody wanted any more, or that met the end of the manager: not a failure of its shard.
bool WasGivenUp(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsCancelled(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

TierManager::TierManager(TierManagerOptions options)
    : options_(std::move(options)),
      pacer_(options_.context.clock, options_.bytes_per_second),
      clock_guard_(options_.context.clock, options_.trusted_time_ns),
      promote_since_ns_(options_.context.clock->MonotonicNanos()),
      mover_(options_.context, &pacer_),
      backoff_(options_.context.clock),
      promote_allowance_(kPromoteSavingsBytes),
      sketcher_({.interval_ns = options_.interval_ns,
                 .list_tables = options_.list_tables,
                 .budget = options_.context.budget,
                 .memory_limit = [this] { return MemoryGoal(); }}) {
  // Nobody knows what was read before the start; what may have been is not dormant.
  const int64_t now_ns = options_.context.clock->MonotonicNanos();
  for (const auto& table : options_.list_tables()) {
    const auto list = table->segments();
    for (const auto& shard : list->shards) {
      for (const LiveSegment& segment : shard) segment.access().Remember(now_ns);
    }
  }
  if (options_.interval_ns == 0) return;
  planner_ = std::thread([this] { PlanLoop(); });
  pthread_setname_np(planner_.native_handle(), "tier-planner");
  mover_thread_ = std::thread([this] { MoveLoop(); });
  pthread_setname_np(mover_thread_.native_handle(), "tier-mover");
}

TierManager::~TierManager() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  pacer_.Stop();
  sketcher_.Stop();
  if (planner_.joinable()) planner_.join();
  if (mover_thread_.joinable()) mover_thread_.join();
}

StillWanted TierManager::WantedBy(StillWanted of_request) const {
  return [this, of_request = std::move(of_request)] {
    if (stopping()) return absl::UnavailableError("the database is closing, the move was given up");
    return of_request == nullptr ? absl::OkStatus() : of_request();
  };
}

void TierManager::Pause(bool paused) {
  paused_.store(paused, std::memory_order_relaxed);
  MutexLock lock(&mutex_);
  wake_.NotifyAll();
}

TierManagerStats TierManager::stats() const {
  TierManagerStats stats;
  for (size_t kind = 0; kind < kMoveKindCount; ++kind) {
    MoveKindStats& out = stats.by_kind[kind];
    out = {.moves = by_kind_[kind].moves.load(),
           .rows = by_kind_[kind].rows.load(),
           .bytes_written = by_kind_[kind].bytes_written.load()};
    stats.moves_done += out.moves;
    stats.moved_bytes += out.bytes_written;
  }
  stats.moves_failed = moves_failed_.load();
  stats.paused = paused();
  stats.requests_waiting = static_cast<uint64_t>(turns_.waiting());
  return stats;
}

std::vector<QueuedMove> TierManager::Queue() const { return queue_.List(options_.context.clock->MonotonicNanos()); }

void TierManager::Count(TieringMove::Kind kind, const absl::Status& status, const MoveCount& moved) {
  if (moved.damaged_segments != 0 || (!status.ok() && !WasGivenUp(status))) ++moves_failed_;
  if (moved.segments == 0) return;
  KindCounters& counters = by_kind_[static_cast<size_t>(kind)];
  ++counters.moves;
  counters.rows += moved.rows;
  counters.bytes_written += moved.bytes_written;
}

// --- planning -----------------------------------------------------------------------------------------------------

void TierManager::PlanLoop() {
  for (;;) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) wake_.WaitFor(&mutex_, options_.interval_ns);
      if (stopping_) return;
    }
    const absl::StatusOr<size_t> planned = PlanAll(/*wait_for_seals=*/false);
    if (!planned.ok()) options_.context.Event("planning failed", planned.status().ToString());
    MutexLock lock(&mutex_);
    planned_ = true;
    wake_.NotifyAll();
  }
}

absl::StatusOr<size_t> TierManager::PlanAll(bool wait_for_seals) {
  MutexLock lock(&plan_mutex_);
  const std::vector<std::shared_ptr<Table>> tables = options_.list_tables();
  const bool anything_expires = std::any_of(tables.begin(), tables.end(), [](const auto& table) {
    return table->definition()->policy.ttl_ns != 0;
  });
  const int64_t trusted_now_ns = anything_expires ? TrustedNow() : ClockGuard::kUnknown;
  const uint64_t new_files = options_.context.counters->new_files.load();
  TieringLimits limits{.promote_bytes = PromoteBytes(),
                       .min_seal_bytes = MinSealBytes(tables),
                       .unit_rows = mover_.limits().max_rows()};
  size_t moves = 0;
  for (const auto& table : tables) {
    if (stopping()) break;
    ASSIGN_OR_RETURN(const size_t of_table, PlanTable(table, trusted_now_ns, &limits, wait_for_seals));
    moves += of_table;
  }
  survey_.Forget();
  queue_.Keep(tables);
  files_at_plan_.store(new_files);
  return moves;
}

absl::StatusOr<size_t> TierManager::PlanTable(const std::shared_ptr<Table>& table, int64_t trusted_now_ns,
                                              TieringLimits* limits, bool wait_for_seals) {
  std::vector<TieringMove> moves = PlanMoves(InputFor(table, trusted_now_ns, *limits));
  const size_t count = moves.size();
  std::vector<TieringMove> later;
  std::vector<uint32_t> to_seal;
  for (TieringMove& move : moves) {
    if (paused()) {
      later.push_back(std::move(move));
    } else if (move.kind == TieringMove::Kind::kEvict) {
      // Writes nothing and frees memory: no reason to wait for its turn.
      Count(move.kind, absl::OkStatus(), mover_.Evict(table.get(), move.shard, move.segments));
    } else if (move.kind == TieringMove::Kind::kSeal) {
      to_seal.push_back(move.shard);
    } else {
      uint64_t& promote_bytes = limits->promote_bytes;
      if (move.kind == TieringMove::Kind::kLoad) promote_bytes -= std::min(promote_bytes, move.bytes);
      later.push_back(std::move(move));
    }
  }
  queue_.Plan(table, std::move(later), options_.context.clock->MonotonicNanos());
  for (const uint32_t shard : to_seal) {
    table->CloseOpenGroup(shard, [&](ClosedGroup closed) { options_.sealer->Enqueue(table, std::move(closed)); });
  }
  if (wait_for_seals && !to_seal.empty()) RETURN_IF_ERROR(options_.sealer->Drain(WantedBy({})));
  return count;
}

TieringInput TierManager::InputFor(const std::shared_ptr<Table>& table, int64_t trusted_now_ns,
                                   const TieringLimits& limits) {
  const Clock& clock = *options_.context.clock;
  const std::shared_ptr<const TableDefinition> definition = table->definition();
  // Where the past cannot be dated now, nothing of it is dropped now.
  const Commit horizon = options_.context.OldestReadable(*table).value_or(0);
  return {.policy = definition->policy,
          .kind = definition->kind,
          .pin = table->pin(),
          .segments = survey_.Look(*table, horizon, clock.MonotonicNanos()),
          .now_ns = clock.NowNanos(),
          .trusted_now_ns = trusted_now_ns,
          .hot_bytes_to_free = HotBytesToFree(),
          .limits = limits};
}

void TierManager::MakeRoom(uint64_t bytes) {
  const int64_t now_ns = options_.context.clock->MonotonicNanos();
  MutexLock lock(&mutex_);
  room_bytes_ = now_ns < room_until_ns_ ? std::max(room_bytes_, bytes) : bytes;
  room_until_ns_ = now_ns + kRoomWantedNs;
  wake_.NotifyAll();
}

uint64_t TierManager::RoomWanted() const {
  const int64_t now_ns = options_.context.clock->MonotonicNanos();
  MutexLock lock(&mutex_);
  return now_ns < room_until_ns_ ? room_bytes_ : 0;
}

uint64_t TierManager::MemoryGoal() const {
  const MemoryBudget& budget = *options_.context.budget;
  const auto share = static_cast<uint64_t>(static_cast<double>(budget.limit()) * kPressureShare);
  const uint64_t wanted = std::min(RoomWanted(), budget.refusable_limit());
  return std::min(share, budget.refusable_limit() - wanted);
}

uint64_t TierManager::HotBytesToFree() const {
  MemoryBudget& budget = *options_.context.budget;
  const uint64_t allowed = MemoryGoal();
  const auto excess = [&] { return budget.used() > allowed ? budget.used() - allowed : 0; };
  const auto kept = static_cast<uint64_t>(static_cast<double>(budget.limit()) * kCacheShare);
  const uint64_t cached = budget.used(MemoryUse::kCaches);
  if (excess() > 0 && cached > kept) budget.ShrinkCaches(std::min(excess(), cached - kept));
  return excess();
}

uint64_t TierManager::MinSealBytes(absl::Span<const std::shared_ptr<Table>> tables) const {
  uint64_t open_bytes = 0;
  for (const auto& table : tables) open_bytes += OpenGroupBytes(*table);
  const uint64_t budget = options_.context.budget->limit();
  return open_bytes > budget / kMostOpenPart ? 0 : std::min(budget / kMinSealPart, kMostMinSealBytes);
}

uint64_t TierManager::files_waiting() const {
  if (options_.interval_ns == 0 || paused()) return 0;
  return queue_.FilesToSave([this](TableId table, uint32_t shard) { return !backoff_.FailsAgain(table, shard); }) +
         (options_.context.counters->new_files.load() - files_at_plan_.load());
}

uint64_t TierManager::PromoteBytes() {
  const int64_t now_ns = options_.context.clock->MonotonicNanos();
  const int64_t since_ns = std::exchange(promote_since_ns_, now_ns);
  const uint64_t per_second = options_.bytes_per_second / kPromotePart;
  int64_t saved = per_second == 0 ? kPromoteSavingsBytes
                                  : static_cast<int64_t>(static_cast<double>(per_second) *
                                                         static_cast<double>(now_ns - since_ns) / 1e9);
  saved += promote_allowance_.load();
  // What the mover spends meanwhile is missed by one plan at most.
  saved = std::min(saved, kPromoteSavingsBytes);
  promote_allowance_.store(saved);
  const MemoryBudget& budget = *options_.context.budget;
  const auto allowed = static_cast<uint64_t>(static_cast<double>(budget.limit()) * kRefillShare);
  const uint64_t room = budget.used() < allowed ? allowed - budget.used() : 0;
  return std::min<uint64_t>(static_cast<uint64_t>(std::max<int64_t>(0, saved)), room);
}

int64_t TierManager::TrustedNow() {
  const int64_t trusted_ns = clock_guard_.TrustedNow();
  if (trusted_ns == ClockGuard::kUnknown) return trusted_ns;
  const bool is_due = trusted_time_saved_ns_ == ClockGuard::kUnknown ||
                      trusted_ns - trusted_time_saved_ns_ >= kSaveTrustedTimeNs;
  if (!is_due || trusted_ns <= 0) return trusted_ns;
  ManifestEdit edit;
  edit.SetCounter(kTrustedTimeCounter, static_cast<uint64_t>(trusted_ns));
  const absl::Status saved = options_.context.meta->Commit(edit).status();
  if (saved.ok()) trusted_time_saved_ns_ = trusted_ns;
  // Without it the next start waits a day before it reclaims.
  if (!saved.ok()) options_.context.Event("trusted time not saved", saved.ToString());
  return trusted_ns;
}

// --- moving -------------------------------------------------------------------------------------------------------

void TierManager::MoveLoop() {
  for (const auto& table : options_.list_tables()) RefillHot(table);
  for (;;) {
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && (!planned_ || paused())) wake_.Wait(&mutex_);
      if (stopping_) return;
      planned_ = false;
    }
    for (bool moved = true; moved && !paused() && !stopping();) {
      const Turns::Background turn(&turns_);
      const absl::StatusOr<bool> next = MoveNext(/*respect_backoff=*/true);
      // One bad file is not to hold up the other shards: the failed move has left the queue.
      moved = next.ok() ? *next : true;
    }
  }
}

absl::StatusOr<bool> TierManager::MoveNext(bool respect_backoff) {
  const std::optional<MoveQueue::Item> next = queue_.Take(
      [&](TableId table, uint32_t shard) { return !respect_backoff || !backoff_.IsResting(table, shard); });
  if (!next.has_value()) return false;
  const TieringMove& move = next->move;
  const absl::Status status = CarryOut(next->table, move);
  queue_.Done();
  if (status.ok()) {
    backoff_.Succeeded(next->table->id(), move.shard);
    return true;
  }
  if (WasGivenUp(status)) return status;
  const int64_t pause_ns = backoff_.Failed(next->table->id(), move.shard, status);
  options_.context.Event("move failed", absl::StrFormat("table %s, shard %d, %s, next try in %d s: %s",
                                                        next->table->definition()->name, move.shard,
                                                        std::string(MoveKindName(move.kind)),
                                                        pause_ns / 1'000'000'000, status.ToString()));
  return status;
}

absl::Status TierManager::CarryOut(const std::shared_ptr<Table>& table, const TieringMove& move) {
  MoveCount moved;
  absl::Status status;
  const auto take = [&](absl::StatusOr<MoveCount> of_move) {
    status = of_move.status();
    moved = std::move(of_move).value_or(MoveCount());
  };
  const StillWanted still_wanted = WantedBy({});
  switch (move.kind) {
    case TieringMove::Kind::kSeal:
      return SealOpenGroups(table, {&move.shard, 1}, still_wanted);
    case TieringMove::Kind::kEvict:
      moved = mover_.Evict(table.get(), move.shard, move.segments);
      break;
    case TieringMove::Kind::kReclaim:
      take(mover_.Reclaim(table.get(), move.shard, move.segments));
      break;
    case TieringMove::Kind::kLoad:
      for (const SegmentId id : move.segments) {
        take(mover_.Load(table.get(), move.shard, id, /*promoted=*/true, still_wanted));
        if (!status.ok()) break;
      }
      promote_allowance_ -= static_cast<int64_t>(move.bytes);
      break;
    case TieringMove::Kind::kFreeze:
      status = mover_.Rewrite(table.get(), move.shard, move.segments, Tier::kCold, still_wanted, &moved);
      break;
    case TieringMove::Kind::kThaw:
      status = mover_.Rewrite(table.get(), move.shard, move.segments, Tier::kWarm, still_wanted, &moved);
      break;
    case TieringMove::Kind::kMerge:
      take(mover_.Merge(table.get(), move.shard, move.segments, move.tier, still_wanted));
      break;
  }
  Count(move.kind, status, moved);
  return status.ok() ? moved.damage : status;
}

void TierManager::RefillHot(const std::shared_ptr<Table>& table) {
  const TierPolicy policy = table->definition()->policy;
  const int64_t now_ns = options_.context.clock->NowNanos();
  const MemoryBudget& budget = *options_.context.budget;
  std::vector<SegmentSummary> warm = Select(*table, {.from = Tier::kWarm});
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (const SegmentSummary& segment : Select(*table, {.from = Tier::kHot})) {
    rows += segment.row_count;
    bytes += segment.bytes;
  }
  for (auto segment = warm.rbegin(); segment != warm.rend(); ++segment) {
    rows += segment->row_count;
    bytes += segment->raw_bytes;
    if (IsOldEnough(Elapsed(now_ns, segment->max_time), policy.hot_max_age_ns)) return;
    if (policy.hot_max_rows != 0 && rows > policy.hot_max_rows) return;
    if (policy.hot_max_bytes != 0 && bytes > policy.hot_max_bytes) return;
    if (static_cast<double>(budget.used()) > kRefillShare * static_cast<double>(budget.limit())) return;
    if (paused() || stopping()) return;
    const Turns::Background turn(&turns_);
    const absl::StatusOr<MoveCount> loaded =
        mover_.Load(table.get(), segment->shard, segment->id, /*promoted=*/false, WantedBy({}));
    Count(TieringMove::Kind::kLoad, loaded);
    if (stopping()) return;
    if (!loaded.ok()) {
      // The segment stays warm and readable as far as it is sound; filling memory is only for speed.
      options_.context.Event("refill stopped", std::string(loaded.status().message()));
      return;
    }
  }
}

absl::Status TierManager::SealOpenGroups(const std::shared_ptr<Table>& table, absl::Span<const uint32_t> shards,
                                         const StillWanted& still_wanted) {
  for (const uint32_t shard : shards) {
    table->CloseOpenGroup(shard, [&](ClosedGroup closed) { options_.sealer->Enqueue(table, std::move(closed)); });
  }
  return options_.sealer->Drain(still_wanted);
}

// --- on request ---------------------------------------------------------------------------------------------------

absl::Status TierManager::ApplyPolicies() {
  for (int round = 0; round < kMostRounds; ++round) {
    ASSIGN_OR_RETURN(const size_t planned, PlanAll(/*wait_for_seals=*/true));
    if (planned == 0) break;
    for (bool moved = true; moved;) {
      const Turns::Request turn(&turns_);
      ASSIGN_OR_RETURN(moved, MoveNext(/*respect_backoff=*/false));
    }
  }
  sketcher_.SketchAll();
  return absl::OkStatus();
}

absl::StatusOr<MoveCount> TierManager::Compact(const std::shared_ptr<Table>& table, Tier tier,
                                               const StillWanted& still_wanted) {
  const StillWanted wanted = WantedBy(still_wanted);
  MoveCount total;
  for (;;) {
    std::vector<TieringMove> merges;
    {
      MutexLock lock(&plan_mutex_);
      merges = PlanFullMerge(InputFor(table, ClockGuard::kUnknown, {.unit_rows = mover_.limits().max_rows()}), tier);
    }
    MoveCount round;
    for (const TieringMove& merge : merges) {
      const Turns::Request turn(&turns_);
      const absl::StatusOr<MoveCount> moved = mover_.Merge(table.get(), merge.shard, merge.segments, tier, wanted);
      Count(merge.kind, moved);
      RETURN_IF_ERROR(moved.status());
      round.Add(*moved);
    }
    if (round.segments == 0) return total;
    total.Add(round);
  }
}

absl::StatusOr<MoveCount> TierManager::MoveTier(const std::shared_ptr<Table>& table, const MoveSelection& selection) {
  if (selection.from == selection.to) {
    return absl::InvalidArgumentError(absl::StrFormat("rows are to move from tier %s to itself; name two tiers",
                                                      std::string(TierName(selection.from))));
  }
  if (const std::optional<Tier> pin = table->pin(); pin.has_value() && selection.to > *pin) {
    return absl::FailedPreconditionError(
        absl::StrFormat("table \"%s\" is pinned to tier %s and no slower one; it cannot move to %s",
                        table->definition()->name, std::string(TierName(*pin)), std::string(TierName(selection.to))));
  }
  const StillWanted wanted = WantedBy(selection.still_wanted);
  const Turns::Request turn(&turns_);
  std::vector<SegmentSummary> chosen = Select(*table, selection);
  std::vector<uint32_t> unsealed;
  for (const SegmentSummary& segment : chosen) {
    if (segment.tier == Tier::kHot && !segment.sealed) unsealed.push_back(segment.shard);
  }
  if (!unsealed.empty()) {
    RETURN_IF_ERROR(SealOpenGroups(table, unsealed, wanted));
    chosen = Select(*table, selection);
    std::erase_if(chosen, [](const SegmentSummary& segment) { return !segment.sealed; });
  }
  // From memory in one step: rows that somebody gave up to move are hot still, so that the same call takes them on.
  std::vector<SegmentSummary> there = chosen;  // their files are, as those of archives in memory
  std::erase_if(there, [&](const SegmentSummary& segment) { return segment.file_tier != selection.to; });
  std::erase_if(chosen, [&](const SegmentSummary& segment) { return segment.file_tier == selection.to; });
  MoveCount total;
  for (const auto& [shard, ids] : ByShard(there)) {
    const MoveCount moved = mover_.Evict(table.get(), shard, ids);
    Count(TieringMove::Kind::kEvict, absl::OkStatus(), moved);
    total.Add(moved);
  }
  for (const auto& [shard, ids] : ByShard(chosen)) {
    RETURN_IF_ERROR(MoveShard(table.get(), shard, ids, selection, wanted, &total));
  }
  if (total.damaged_segments == 0) return total;
  return absl::DataLossError(absl::StrFormat("%s; segments that stay where they were: %d, segments moved: %d",
                                             std::string(total.damage.message()), total.damaged_segments,
                                             total.segments));
}

absl::Status TierManager::MoveShard(Table* table, uint32_t shard, const std::vector<SegmentId>& segments,
                                    const MoveSelection& selection, const StillWanted& wanted, MoveCount* total) {
  // Archives become warm files first, and what those are comes to memory.
  std::vector<SegmentId> files = segments;
  uint64_t rows_between = 0;
  if (selection.to != Tier::kHot || selection.from == Tier::kCold) {
    const bool is_freeze = selection.to == Tier::kCold;
    MoveCount moved;
    const absl::Status status =
        mover_.Rewrite(table, shard, segments, is_freeze ? Tier::kCold : Tier::kWarm, wanted, &moved);
    Count(is_freeze ? TieringMove::Kind::kFreeze : TieringMove::Kind::kThaw, status, moved);
    total->Add(moved);
    if (selection.to != Tier::kHot) return status;
    total->stored_bytes -= moved.stored_bytes;  // on their way
    rows_between = moved.rows;
    if (!status.ok()) return LeftInWarm(status, rows_between);
    files = std::move(moved.created);
  }
  for (const SegmentId id : files) {
    const absl::StatusOr<MoveCount> moved = mover_.Load(table, shard, id, /*promoted=*/true, wanted);
    Count(TieringMove::Kind::kLoad, moved);
    if (absl::IsDataLoss(moved.status())) {
      total->Add(MoveCount::Damaged(moved.status()));
      continue;
    }
    if (!moved.ok()) return LeftInWarm(moved.status(), rows_between);
    rows_between -= std::min(rows_between, moved->rows);
    if (selection.from == Tier::kCold) {
      total->stored_bytes += moved->stored_bytes;
    } else {
      total->Add(*moved);
    }
  }
  return absl::OkStatus();
}

}  // namespace cortex
