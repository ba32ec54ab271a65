// What must change atomically, durable: catalog, manifest, version ends, seal points, cold indexes, shard directory.
// One RocksDB behind one class; FORMAT.md describes its keys and values.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<MetaStore> meta, MetaStore::Open({.dir = JoinPath(data_dir, "meta")}));
//   ASSIGN_OR_RETURN(ManifestState state, meta->Load());
//   ManifestEdit edit;
//   edit.AddSegment(record);
//   ASSIGN_OR_RETURN(const uint64_t version, meta->Commit(edit));
//
// All methods are thread-safe and may block on the disk.
#ifndef CORTEX_STORAGE_META_META_STORE_H_
#define CORTEX_STORAGE_META_META_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/meta/manifest.h"

namespace cortex {

class FileSystem;
class MemoryBudget;

struct MetaStoreOptions {
  std::string dir;  // created if missing
  // Borrowed; must outlive the store. nullptr: the kernel's, and no charge.
  FileSystem* file_system = nullptr;
  MemoryBudget* budget = nullptr;
  // Blocks, indexes and filters in memory. Reserved from the budget at Open, together with kMetaMemtableBytes.
  uint64_t cache_bytes = 32ull << 20;
  // Go on without the commits behind a damaged record of the store's own log, instead of refusing to open.
  bool repair = false;
};

// Bound on writes held in memory before they reach a table file, those being flushed included.
inline constexpr uint64_t kMetaMemtableBytes = 16ull << 20;

struct MetaStats {
  uint64_t manifest_version = 0;
  uint64_t commits = 0;           // since Open
  uint64_t live_segments = 0;
  uint64_t placements = 0;        // estimate
  uint64_t disk_bytes = 0;        // table files
  uint64_t cache_bytes = 0;       // in use now
  uint64_t memtable_bytes = 0;    // in use now
  uint64_t background_errors = 0;
};

// `commit` was the first of a window that began at `time_ns` (ns UTC).
struct CommitTime {
  Commit commit = 0;
  int64_t time_ns = 0;
};

// A producer that was at `from_sequence` and is at `to_sequence` now.
struct RewoundProducer {
  std::string producer;
  uint64_t from_sequence = 0;
  uint64_t to_sequence = 0;
  bool forgotten = false;         // it lost all batches that are remembered: nobody knows where it was, so it begins anew
  uint64_t batches_in_files = 0;  // of those taken back: their rows are there, and come twice if they are sent again
  Commit last_commit = 0;         // of from_sequence
};

class MetaStore final {
 public:
  // Opens or creates the store and locks its directory.
  // Errors: FAILED_PRECONDITION directory locked or format newer than this program, DATA_LOSS damage,
  // RESOURCE_EXHAUSTED budget or disk full, PERMISSION_DENIED.
  static absl::StatusOr<std::unique_ptr<MetaStore>> Open(const MetaStoreOptions& options);
  ~MetaStore();

  // The whole manifest as of one version. Cost: one scan. Errors: DATA_LOSS.
  absl::StatusOr<ManifestState> Load() const;

  // Makes all of `edit` durable or nothing, and returns the new manifest version. Concurrent commits take turns.
  // Errors: INTERNAL if the edit contradicts the manifest (removes what is not there, adds what is); nothing changed.
  // RESOURCE_EXHAUSTED the disk is full: nothing changed, but what a process that ends before health() is OK again leaves
  // behind may hold the edit. After any other error the outcome is unknown and every later commit is refused with
  // FAILED_PRECONDITION: reopen.
  absl::StatusOr<uint64_t> Commit(const ManifestEdit& edit);

  // OK, or why no commits are taken. Still OK after a Commit that failed: that edit changed nothing, and nothing of it is
  // left on disk. RESOURCE_EXHAUSTED: no space was found last time and none now; it goes on by itself when there is some.
  absl::Status health() const;

  // Ids never given before, also after a restart. Segment ids are reserved on disk in blocks, so most calls are free.
  // Errors: RESOURCE_EXHAUSTED disk full; works again once there is space.
  absl::StatusOr<TableId> NextTableId();
  absl::StatusOr<SegmentId> NextSegmentId();

  // The cold index of a segment. Errors: NOT_FOUND if it has none, DATA_LOSS.
  absl::StatusOr<std::string> ReadFooter(SegmentId segment) const;
  absl::StatusOr<std::string> ReadKeyFilter(SegmentId segment) const;
  absl::StatusOr<std::vector<std::string>> ReadFences(SegmentId segment) const;

  // --- a full disk ----------------------------------------------------------------------------------------------
  // From now on times of commits and sequences of producers that find no space wait for it (true), or fail (false, as
  // at first; those that wait fail too): they follow commits that are durable already and must not be lost.
  void WaitForSpace(bool wait);
  // Somebody waits now.
  bool IsWaitingForSpace() const;

  // --- shard directory: which shard holds a key -----------------------------------------------------------------
  // Not synced: a placement is durable once a later Commit has returned (one log, in order); before that the WAL of the
  // database knows it. Putting the same placement again is fine.
  absl::Status PutPlacements(TableId table, absl::Span<const std::pair<std::string, uint32_t>> placements);
  absl::StatusOr<std::optional<uint32_t>> FindPlacement(TableId table, std::string_view key) const;
  // One answer per key, in order.
  absl::Status FindPlacements(TableId table, absl::Span<const std::string_view> keys,
                              std::vector<std::optional<uint32_t>>* shards) const;

  // What a table's sharding strategy has learned, as bytes of its own; replaces what was put before. Not synced, like
  // placements. Load returns it.
  absl::Status PutSharding(TableId table, std::string_view bytes);

  // --- when commits happened: see storage/commit_times.h --------------------------------------------------------
  // Not synced, like placements. Commits and times rise together.
  absl::Status PutCommitTime(const CommitTime& entry);
  absl::StatusOr<std::optional<CommitTime>> LastCommitTime() const;
  // The first entry later than `time_ns`.
  absl::StatusOr<std::optional<CommitTime>> FirstCommitTimeAfter(int64_t time_ns) const;
  // The last entry at or before `commit`.
  absl::StatusOr<std::optional<CommitTime>> CommitTimeOf(cortex::Commit commit) const;

  // --- producers: which batches were applied ------------------------------------------------------------------------
  // Not synced, like placements: durable once a later Commit or SyncWrites has returned. It becomes its producer's last.
  absl::Status PutSequence(const ProducerSequence& sequence);
  // The last sequence put for a producer; only producer, sequence and commit are set.
  absl::StatusOr<std::optional<ProducerSequence>> FindLastSequence(std::string_view producer) const;
  absl::StatusOr<std::optional<ProducerSequence>> FindSequence(std::string_view producer, uint64_t sequence) const;
  // The WAL lost its records above `kept_through`: takes back all batches that stood in them, and those of the same
  // producers that followed. Durable on return. At a start, before anybody else writes. Errors: DATA_LOSS.
  absl::StatusOr<std::vector<RewoundProducer>> RewindProducers(cortex::Commit kept_through);
  // Everything put before is durable on return. After an error other than RESOURCE_EXHAUSTED every later commit is refused,
  // as after Commit.
  absl::Status SyncWrites();

  // --- copies and checks ----------------------------------------------------------------------------------------
  // Writes memtables to table files, so that a Checkpoint soon after has little to copy.
  absl::Status Flush();
  // Creates `dir`, which must not exist, as a store of its own that holds the same as this one now: all commits that
  // returned before the call. Table files are hard links where the device allows. Not synced.
  absl::Status Checkpoint(const std::string& dir) const;
  // To be called once for a checkpoint: reads its manifest and writes down which version it is (COMMITTED), so that
  // whoever opens it later knows if something was lost since. Errors: DATA_LOSS, FAILED_PRECONDITION newer format.
  static absl::StatusOr<ManifestState> FinishCheckpoint(FileSystem* file_system, const std::string& dir);
  // Reads everything the store has on disk and calls `visit` for each file: OK, or DATA_LOSS naming it, and its bytes.
  // Goes on after damage; ends with what `visit` returned if that is not OK.
  absl::Status Verify(const std::function<absl::Status(const absl::Status& checked, uint64_t bytes)>& visit);

  // Version of the last commit. One load: every snapshot asks.
  uint64_t manifest_version() const;
  // Memory in use now; at most about cache_bytes + kMetaMemtableBytes.
  uint64_t memory_bytes() const;
  MetaStats Stats() const;

 private:
  class Impl;
  explicit MetaStore(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_META_STORE_H_
