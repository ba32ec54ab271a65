#include "storage/tiers/move_queue.h"

#include <algorithm>
#include <utility>

namespace cortex {
namespace {

// The same move as far as its age goes: plans change as segments come and go.
bool IsSameMove(const TieringMove& a, const TieringMove& b) { return a.kind == b.kind && a.shard == b.shard; }

bool Overlaps(const TieringMove& a, const TieringMove& b) {
  return std::any_of(a.segments.begin(), a.segments.end(), [&](SegmentId id) {
    return std::find(b.segments.begin(), b.segments.end(), id) != b.segments.end();
  });
}

// Only these two are about rows in memory; all others read files.
bool IsOfMemory(TieringMove::Kind kind) {
  return kind == TieringMove::Kind::kSeal || kind == TieringMove::Kind::kEvict;
}

QueuedMove Describe(const MoveQueue::Item& item, bool running, int64_t now_ns) {
  return {.table = item.table->definition()->name,
          .shard = item.move.shard,
          .kind = MoveKindName(item.move.kind),
          .tier = IsOfMemory(item.move.kind) ? Tier::kHot : item.move.tier,
          .running = running,
          .segment_count = item.move.segments.size(),
          .bytes = item.move.bytes,
          .waiting_ns = now_ns - item.since_ns};
}

}  // namespace

void MoveQueue::Plan(const std::shared_ptr<Table>& table, std::vector<TieringMove> moves, int64_t now_ns) {
  MutexLock lock(&mutex_);
  std::vector<Item> kept, before;
  for (Item& item : planned_) (item.table == table ? before : kept).push_back(std::move(item));
  for (TieringMove& move : moves) {
    if (running_.has_value() && running_->table == table && Overlaps(running_->move, move)) continue;
    int64_t since_ns = now_ns;
    for (const Item& item : before) {
      if (IsSameMove(item.move, move)) since_ns = std::min(since_ns, item.since_ns);
    }
    kept.push_back({.table = table, .move = std::move(move), .since_ns = since_ns});
  }
  planned_ = std::move(kept);
  std::stable_sort(planned_.begin(), planned_.end(),
                   [](const Item& a, const Item& b) { return a.since_ns < b.since_ns; });
}

void MoveQueue::Keep(const std::vector<std::shared_ptr<Table>>& tables) {
  MutexLock lock(&mutex_);
  std::erase_if(planned_, [&](const Item& item) {
    return std::find(tables.begin(), tables.end(), item.table) == tables.end();
  });
}

std::optional<MoveQueue::Item> MoveQueue::Take(const std::function<bool(TableId, uint32_t shard)>& allowed) {
  MutexLock lock(&mutex_);
  const auto next = std::find_if(planned_.begin(), planned_.end(), [&](const Item& item) {
    return allowed(item.table->id(), item.move.shard);
  });
  if (next == planned_.end()) return std::nullopt;
  running_ = std::move(*next);
  planned_.erase(next);
  return running_;
}

void MoveQueue::Done() {
  MutexLock lock(&mutex_);
  running_.reset();
}

uint64_t MoveQueue::FilesToSave(const std::function<bool(TableId, uint32_t shard)>& counted) const {
  const auto saved = [&](const Item& item) -> uint64_t {
    const TieringMove& move = item.move;
    const bool rewrites = move.kind == TieringMove::Kind::kFreeze || move.kind == TieringMove::Kind::kThaw ||
                          move.kind == TieringMove::Kind::kMerge;
    if (!rewrites || move.segments.empty() || !counted(item.table->id(), move.shard)) return 0;
    return move.segments.size() - 1;
  };
  MutexLock lock(&mutex_);
  uint64_t files = running_.has_value() ? saved(*running_) : 0;
  for (const Item& item : planned_) files += saved(item);
  return files;
}

std::vector<QueuedMove> MoveQueue::List(int64_t now_ns) const {
  MutexLock lock(&mutex_);
  std::vector<QueuedMove> lines;
  if (running_.has_value()) lines.push_back(Describe(*running_, true, now_ns));
  for (const Item& item : planned_) lines.push_back(Describe(item, false, now_ns));
  return lines;
}

}  // namespace cortex
