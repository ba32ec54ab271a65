// A table while it lives: its definition, its shards' open row groups and the published list of its segments.
//
// Threads. The commit thread applies rows (Apply). Background threads seal and move (Replace, Publish...). Readers copy
// one pointer (segments()). Locks: a shard's mutex guards what the commit thread and the movers both touch (the open
// group, and that `end`s reach the right segment); list_mutex_ guards the pointers to list and definition and is taken after it.
#ifndef CORTEX_STORAGE_TABLE_TABLE_H_
#define CORTEX_STORAGE_TABLE_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/column/batch.h"
#include "storage/runtime/mutex.h"
#include "storage/table/live_segment.h"
#include "storage/table/shard_directory.h"
#include "storage/table/sharding_strategy.h"
#include "storage/table/version_search.h"

namespace cortex {

struct TableOptions {
  std::shared_ptr<const TableDefinition> definition;
  MetaStore* meta = nullptr;       // borrowed
  MemoryBudget* budget = nullptr;  // borrowed
  uint32_t seal_rows = 65'536;
  uint64_t seal_bytes = 64ull << 20;
};

// The manifest counter that keeps RowVersions::incomplete once the log no longer teaches it.
std::string IncompleteSegmentCounter(SegmentId segment);
// The manifest counter that keeps Table::history_floor.
std::string HistoryFloorCounter(TableId table);

// A placement is a shard number, plus this bit where the key has no earlier version anywhere.
inline constexpr uint8_t kFirstVersion = 0x80;
constexpr uint32_t ShardOfPlacement(uint8_t placement) { return placement & 0x0f; }

// A full row group on its way to a file.
struct ClosedGroup {
  uint32_t shard = 0;
  std::shared_ptr<RowGroup> group;
  SealPoint seal_point;  // of the shard once this group is sealed
};
// Takes closed groups over. Called under the shard's lock: groups of a shard can be closed by several threads, but must
// arrive where they are sealed in the order of their rows. Not to call back into the table.
using ClosedSink = std::function<void(ClosedGroup)>;

class Table {
 public:
  explicit Table(const TableOptions& options);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // As it is now; whoever asks twice may get two. Rows and files know the one they were written with, see below.
  std::shared_ptr<const TableDefinition> definition() const {
    MutexLock lock(&list_mutex_);
    return definition_;
  }
  TableId id() const { return id_; }

  // --- commit thread --------------------------------------------------------------------------------------------
  // The placement of every row: its shard, and kFirstVersion where the shard directory has never seen the key. New keys
  // are entered in the directory.
  absl::Status AssignShards(const Batch& batch, std::vector<uint8_t>* placements);
  // What AssignShards had learned before a restart. Before any row. Errors: DATA_LOSS.
  absl::Status RestoreSharding(std::string_view saved);
  // Replay: placements are known; the directory learns them again.
  absl::Status LearnPlacements(const Batch& batch, absl::Span<const uint8_t> placements);
  // Appends the rows to their shards' open groups as commit `commit` and ends the versions they supersede. Rows that
  // the seal points cover already are skipped. Groups that became full go to `closed`.
  // Errors: DATA_LOSS if a superseded version stands in a damaged segment; the rows are then still appended, so that
  // nothing acknowledged is missing, and the older version stays visible next to them until repaired. After any other
  // error (a file that cannot be opened now) rows are missing: the commit must not become visible.
  absl::Status Apply(const Batch& batch, absl::Span<const uint8_t> placements, Commit commit,
                     const ClosedSink& closed);
  // Ends the versions named (ascending) at `commit`, or erases them, and counts those it changed. Names that no row has
  // any more, and versions that ended before, are left alone. Errors: DATA_LOSS if some stand in a damaged segment; the
  // others are ended all the same.
  absl::Status EndVersions(absl::Span<const VersionId> ids, Commit commit, bool erase, uint64_t* changed);
  // The last commit that ended versions by name in this table; 0 = none since the start.
  Commit last_ends() const { return last_ends_.load(std::memory_order_acquire); }
  // The current versions that these rows of `batch`, bound for a segment written outside the WAL, will supersede, with
  // the ends they will have: `commits` are those of all rows of the batch.
  absl::StatusOr<std::vector<FoundVersion>> FindSuperseded(const Batch& batch, absl::Span<const uint32_t> rows,
                                                           absl::Span<const Commit> commits, uint32_t shard) const;
  // Whether a version of one of these rows' keys, ended or not, is in no file yet.
  bool HasUnsealedVersions(const Batch& batch, absl::Span<const uint32_t> rows, uint32_t shard) const;
  // A change of schema, once the manifest has it. Groups and files keep the schema they were written with and are read
  // by column id; a batch built for an older one is adapted when it is applied, and goes to a group of the new one.
  void SetDefinition(std::shared_ptr<const TableDefinition> definition);
  // Closes the open group of a shard if it has rows.
  void CloseOpenGroup(uint32_t shard, const ClosedSink& closed);
  // The first commit of the shard that is not wholly in files and manifest, or 0: the WAL is needed from there.
  Commit FirstUnsealedCommit(uint32_t shard) const;

  // --- recovery (before any other thread runs) ------------------------------------------------------------------
  void SetSealPoint(uint32_t shard, SealPoint point);
  void AddSegment(uint32_t shard, LiveSegment segment);

  // --- background threads ---------------------------------------------------------------------------------------
  // The closed group is now a committed file too; `served` takes its place in memory (the group itself, or a copy whose
  // values are the file's).
  void PublishSealed(const ClosedGroup& closed, std::shared_ptr<RowGroup> served,
                     std::shared_ptr<const SealedFile> file);
  // The last commit that ended versions of the shard by name. Read it before collecting ends for a manifest edit, and
  // hand it to EndsSaved once that edit is durable.
  Commit LastEnds(uint32_t shard) const;
  void EndsSaved(uint32_t shard, Commit last_ends);
  // Adds a segment that was written as a file from the start, and gives the versions it supersedes their ends.
  void PublishSegment(uint32_t shard, LiveSegment segment, absl::Span<const FoundVersion> superseded);
  // Drops the memory copy of a sealed segment.
  void PublishEvicted(uint32_t shard, SegmentId segment);
  // Sets the memory copy of a sealed segment. `file_ends` are the ends its file holds itself; a group knows only what
  // its RowVersions record.
  void PublishLoaded(uint32_t shard, SegmentId segment, std::shared_ptr<RowGroup> group,
                     absl::Span<const VersionEnd> file_ends);
  // Replaces `sources` by `targets`. `translate_late_ends` runs under the shard's lock, so no `end` can fall between.
  void PublishReplaced(uint32_t shard, absl::Span<const SegmentId> sources, std::vector<LiveSegment> targets,
                       const std::function<void()>& translate_late_ends);
  // Serialises manifest commits of one shard among sealer, movers and direct ingest, from writing the edit to
  // publishing it. Held across a meta-store commit by design; readers and the commit log never take it.
  Mutex* maintenance_mutex(uint32_t shard) ABSL_LOCK_RETURNED(shards_[shard].maintenance) {
    return &shards_[shard].maintenance;
  }

  // Set under all maintenance mutexes once the manifest no longer names the table; background work then skips it.
  void MarkDropped() { dropped_.store(true, std::memory_order_release); }
  bool dropped() const { return dropped_.load(std::memory_order_acquire); }

  // Versions that ended at or before this commit may be missing: no read goes back further. Only rises.
  Commit history_floor() const { return history_floor_.load(std::memory_order_acquire); }
  void RaiseHistoryFloor(Commit floor) {
    if (floor > history_floor()) history_floor_.store(floor, std::memory_order_release);
  }

  // The slowest tier its rows may be in. Durable in the manifest, where the database keeps it.
  void SetPin(std::optional<Tier> slowest) {
    pin_.store(slowest.has_value() ? static_cast<uint8_t>(*slowest) : 0, std::memory_order_relaxed);
  }
  std::optional<Tier> pin() const {
    const uint8_t pin = pin_.load(std::memory_order_relaxed);
    return pin == 0 ? std::nullopt : std::optional(static_cast<Tier>(pin));
  }

  // --- anybody --------------------------------------------------------------------------------------------------
  // Keep the result in a variable while you walk it: `for (... : table.segments()->shards[i])` walks freed memory once
  // somebody publishes (the temporary dies before the loop starts; C++23 changes that).
  std::shared_ptr<const SegmentList> segments() const;
  // The highest commit of a row in its files, also of one that is not visible yet; 0: it has no file.
  Commit LastCommitInFiles() const;
  ShardBytes shard_bytes() const;
  // The highest commit that brought rows; known before it is visible. 0: none has.
  Commit last_rows() const { return last_rows_.load(std::memory_order_acquire); }

 private:
  struct Shard {
    Mutex maintenance;
    mutable Mutex mutex;
    std::shared_ptr<RowGroup> open ABSL_GUARDED_BY(mutex);
    std::deque<std::shared_ptr<const RowGroup>> closed ABSL_GUARDED_BY(mutex);  // not sealed yet, oldest first
    std::vector<bool> plain_strings ABSL_GUARDED_BY(mutex);  // RowGroup::PlainStrings of the last closed group,
    uint32_t plain_strings_schema ABSL_GUARDED_BY(mutex) = 0;  // which had this schema
    SealPoint sealed ABSL_GUARDED_BY(mutex);   // from recovery: what Apply skips
    // Commits that ended versions by name (EndVersions): the first that no manifest edit holds yet, 0 = none, and the
    // last of all.
    Commit first_unsaved_ends ABSL_GUARDED_BY(mutex) = 0;
    Commit last_ends ABSL_GUARDED_BY(mutex) = 0;
    SealPoint applied ABSL_GUARDED_BY(mutex);  // the last commit applied and how many of its rows
    std::atomic<uint64_t> raw_bytes{0};
  };

  absl::Status PlaceRows(const Batch& batch, std::vector<uint8_t>* placements);
  absl::Status ApplyToShard(const Batch& batch, absl::Span<const uint32_t> rows, absl::Span<const uint8_t> placements,
                            uint32_t shard_number, Commit commit, const ClosedSink& closed);
  void AppendLocked(Shard& shard, uint32_t shard_number, const Batch& batch, absl::Span<const uint32_t> rows,
                    Commit commit, const ClosedSink& closed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void CloseLocked(Shard& shard, uint32_t shard_number, const ClosedSink& closed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void OpenGroupLocked(Shard& shard, uint32_t shard_number, const std::shared_ptr<const TableDefinition>& definition)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void RaiseLastRows(Commit commit);
  // Copies the list, lets `edit` change one shard of the copy and publishes it.
  void EditList(uint32_t shard, const std::function<void(std::vector<LiveSegment>*)>& edit);

  const TableId id_;
  const TableKind kind_;
  MemoryBudget* const budget_;
  const uint32_t seal_rows_;
  const uint64_t seal_bytes_;
  MetaStore* const meta_;
  const std::unique_ptr<ShardingStrategy> sharding_;    // commit thread
  uint64_t saved_sharding_epoch_ = 0;                   // commit thread: what the meta store has of sharding_
  std::unique_ptr<ShardDirectory> directory_;           // commit thread; nullptr: keys are not sticky
  std::array<Shard, kShardCount> shards_;
  std::atomic<bool> dropped_{false};
  std::atomic<Commit> last_ends_{0};
  std::atomic<Commit> last_rows_{0};
  std::atomic<Commit> history_floor_{0};
  std::atomic<uint8_t> pin_{0};  // a Tier, or 0

  mutable Mutex list_mutex_;  // guards what readers copy; a leaf
  std::shared_ptr<const TableDefinition> definition_ ABSL_GUARDED_BY(list_mutex_);
  std::shared_ptr<const SegmentList> list_ ABSL_GUARDED_BY(list_mutex_);
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_TABLE_H_
