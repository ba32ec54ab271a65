// THE DOOR of storage. Three tiers, one log, one manifest behind one class; everything above (query, server,
// connectors) talks to this header and to the views of snapshot.h.
//
// A batch: Ingest -> WAL record -> fdatasync (group commit) -> applied to its shards -> visible -> acknowledged.
// A read:  OpenSnapshot -> SegmentViews -> rows visible at Snapshot::commit.
//
// All methods are thread-safe. Blocking ones say so; none is to be called from a gRPC reaction.
#ifndef CORTEX_STORAGE_DATABASE_H_
#define CORTEX_STORAGE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/column/batch.h"
#include "storage/column/schema.h"
#include "storage/column/schema_change.h"
#include "storage/runtime/still_wanted.h"
#include "storage/snapshot.h"

namespace cortex {

class Clock;
class FileSystem;
class MemoryBudget;

struct DatabaseOptions {
  std::string data_dir;  // meta store, WAL, lock file
  std::string warm_dir;  // empty: <data_dir>/warm
  std::string cold_dir;  // empty: <data_dir>/cold
  uint64_t wal_limit_bytes = 1ull << 30;      // at the limit the oldest open group seals
  uint64_t wal_file_bytes = 64ull << 20;
  uint32_t seal_rows = 65'536;                // a row group seals at either limit
  uint64_t seal_bytes = 64ull << 20;
  uint64_t tiering_bytes_per_second = 200ull << 20;  // pace of moves; 0 = unpaced
  int64_t tiering_interval_ns = 1'000'000'000;       // how often policies are looked at; 0 = only when asked
  // Free space kept on each directory's disk: below it rows are refused (deletes, moves and reads go on). 0: none.
  uint64_t data_reserve_bytes = 0;
  uint64_t warm_reserve_bytes = 0;
  uint64_t cold_reserve_bytes = 0;
  // How long a batch waits for memory (its caller blocks) before it is refused, and how many bytes of rows may be closed
  // but in no file yet.
  int64_t memory_wait_ns = 1'000'000'000;
  uint64_t unsealed_limit_bytes = 1ull << 30;
  uint64_t max_mapped_files = 4'096;                 // segment files; more are mapped only for snapshots in use
  bool create_builtin_tables = true;
  bool repair_wal = false;  // cut logs at damage (and lose the commits behind it) instead of refusing to start
  // Borrowed; must outlive the database. nullptr: the system's own, and no limit.
  FileSystem* file_system = nullptr;
  Clock* clock = nullptr;
  MemoryBudget* budget = nullptr;
  // Lines for operators (tier moves, recovery); may be called from any thread. Libraries do not log themselves.
  std::function<void(std::string_view event, std::string_view detail)> on_event;
};

enum class IngestMode : uint8_t { kReplace = 1, kMerge = 2 };

// Which batch of which producer this is, so that it is applied once, for ever, however often it is sent.
struct ProducerStamp {
  std::string producer;       // 1 to 128 bytes of UTF-8
  uint64_t sequence = 0;      // 1, 2, 3 ... per producer, without gaps
  uint64_t content_hash = 0;  // filled in by the database
};

inline constexpr size_t kMaxProducerBytes = 128;
// Errors: INVALID_ARGUMENT.
absl::Status ValidateProducer(std::string_view producer);

// How far a table is, for whoever follows its rows: no commit behind `last_rows` up to `visible` brought it any.
struct TableProgress {
  TableId table;
  Commit visible = 0;
  Commit last_rows = 0;  // at least; may lie behind `visible`
};

// Where a producer goes on: its next sequence is last_sequence + 1.
struct ProducerState {
  uint64_t last_sequence = 0;  // 0: never heard of
  Commit commit = 0;           // of last_sequence

  bool operator==(const ProducerState&) const = default;
};

struct IngestRequest {
  Batch batch;
  IngestMode mode = IngestMode::kReplace;
  Tier tier = Tier::kHot;
  // MERGE: which columns of the batch carry values; the others keep the entity's current value (a new entity: default
  // or NULL). One per column, key and time true. Empty = all.
  std::vector<bool> present = {};
  // UPDATE: the version that each row replaces. If one of them is no longer current the request is ABORTED, whole.
  std::vector<VersionId> expected = {};
  // Exactly once. Sequence last + 1 is applied. A repeated one is acknowledged with its first commit and not applied
  // again (CommitToken::duplicate), once the first is durable and visible.
  std::optional<ProducerStamp> producer = {};
};

// Ends row versions. What is no longer current when the request is committed stays as it is and is not counted.
struct DeleteRequest {
  std::string table;
  std::vector<VersionId> rows;  // as AppendVersionIds names them; any order, each once
  // Erase instead of end: the versions vanish from history too, and their bytes at the next rewrite of their segment,
  // which is asked for at once. The versions named may be ended already.
  bool purge = false;
};

// What a snapshot shows. At most one of the as_of fields.
struct SnapshotRequest {
  Commit at_least = 0;  // wait until this commit is visible
  std::optional<Commit> as_of;
  std::optional<int64_t> as_of_time_ns;  // the last commit at or before this time
  // History: every version that was current at some commit from as_of (default: the oldest kept) to now.
  bool history = false;
  // All that is still there, for erasing it: versions beyond the history kept and rows whose time to live has ended, too. A
  // longer history or time to live would show them again. Needs `history`; as_of and now_ns have no part in it.
  bool everything = false;
  // What NOW() is to the caller, for the time to live; absent: the clock's.
  std::optional<int64_t> now_ns = std::nullopt;
  // Asked while the read waits for `at_least`, and by lookups between keys.
  StillWanted still_wanted = nullptr;
};

// Where an acknowledged batch stands: a read with `at_least = commit` sees it.
struct CommitToken {
  uint32_t epoch = 1;
  Commit commit = 0;
  // The producer's sequence had been applied before, at `commit`; older than the last 65,536, at or before `commit`.
  bool duplicate = false;
};

struct ColumnStats {
  std::string name;
  uint64_t raw_bytes = 0;
  uint64_t stored_bytes = 0;
  std::vector<std::pair<EncodingId, uint64_t>> chunks_by_encoding;
  std::optional<ZptvStatement> statement;  // what sealed rows say of their values; bounded columns
};

struct TierStats {
  Tier tier = Tier::kHot;
  uint64_t row_count = 0;  // row versions it holds; a row counts in the fastest tier that serves it
  uint64_t segment_count = 0;
  uint64_t raw_bytes = 0;
  uint64_t stored_bytes = 0;  // memory for hot, file bytes for warm and cold
  std::optional<int64_t> min_time, max_time;
  std::vector<ColumnStats> columns;
};

struct TableStats {
  std::shared_ptr<const TableDefinition> table;
  std::vector<TierStats> tiers;  // hot, warm, cold
};

struct DiskStats {
  std::string name;  // "data", "warm", "cold"
  std::string directory;
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t reserve_bytes = 0;
  bool low = false;  // rows are refused
};

// A move between tiers that runs or is planned.
struct TierMoveStats {
  std::string table;
  uint32_t shard = 0;
  std::string kind;  // "evict", "load", "freeze" (warm to cold), "thaw" (back), "merge", "reclaim" (expired rows)
  Tier tier = Tier::kHot;  // that it leaves, or rewrites
  bool running = false;
  uint64_t segment_count = 0;
  uint64_t bytes = 0;      // as they lie now
  int64_t waiting_ns = 0;  // since it was first planned
};

// Moves of one kind since the start.
struct TierWorkStats {
  std::string kind;
  uint64_t moves = 0;
  uint64_t rows = 0;
  uint64_t bytes_written = 0;
};

struct TieringStats {
  bool paused = false;
  uint64_t moves_done = 0;
  uint64_t moves_failed = 0;
  uint64_t requests_waiting = 0;  // calls that move rows, until the move under way is done
  uint64_t ingested_bytes = 0;  // values of rows that became part of a file for the first time since the start
  uint64_t sealed_bytes = 0;    // the same as written
  uint64_t moved_bytes = 0;     // written by moves since
  // (sealed + moved) / sealed: how often a stored byte was written. 0: nothing was.
  double write_amplification = 0;
  uint64_t debt_bytes = 0;      // what policies say should have moved by now: the sum over `queue`
  int64_t oldest_debt_ns = 0;   // how long the first of it has waited
  uint64_t mapped_files = 0;
  uint64_t unmapped_files = 0;  // taken out of memory since the start, to stay below the limit
  std::vector<TierWorkStats> work;   // kinds that happened
  std::vector<TierMoveStats> queue;  // running first, then as they will be taken
};

struct DatabaseStats {
  Commit visible_commit = 0;
  uint64_t manifest_version = 0;
  uint64_t wal_bytes = 0;
  uint64_t wal_syncs = 0;
  bool tiering_paused = false;
  uint64_t moves_done = 0;
  uint64_t moves_failed = 0;
  uint64_t moved_bytes = 0;
  int64_t recovery_ns = 0;
  uint64_t recovered_wal_records = 0;
  std::vector<DiskStats> disks;  // data, warm, cold
  uint64_t ingest_refused_by_disk = 0;
  bool waits_for_space = false;  // durable commits wait until the data directory's disk has space; all others are refused
  uint64_t ingest_delayed = 0;            // batches that waited for memory or the sealer
  uint64_t ingest_refused_by_memory = 0;  // those that waited in vain, or could never fit
};

struct MoveRequest {
  std::string table;
  Tier from = Tier::kHot;
  Tier to = Tier::kWarm;
  // Only segments whose newest row is older than this; absent: all.
  std::optional<int64_t> max_time_before_ns;
  // At most so many rows (whole segments, oldest first); 0 = all.
  uint64_t max_rows = 0;
  // Asked between row groups; an error ends the move with it. What was moved by then stays moved.
  StillWanted still_wanted = {};
};

struct BackupRequest {
  std::string repository;  // a directory of backups, created if missing; not inside the data directory
  // Called with bytes read or written since the call before; an error returned ends the backup. May be empty.
  std::function<absl::Status(uint64_t bytes)> observer;
};

struct VerifyRequest {
  std::string table;  // only its segment files; empty: everything
};

struct VerifyProgress {
  uint64_t files_done = 0, files_total = 0;  // the totals are estimates until the end
  uint64_t bytes_done = 0, bytes_total = 0;
  uint64_t damages = 0;
};

// Called after every block, and several times a second. `checked`: OK, or a sentence that names file and block. An error
// returned ends the check.
using VerifyObserver = std::function<absl::Status(const VerifyProgress& progress, const absl::Status& checked)>;

struct MoveResult {
  uint64_t segments = 0;
  uint64_t rows = 0;
  uint64_t stored_bytes = 0;  // of these rows where they are now; from hot they may have lain in a file there before
};

struct CompactResult {
  uint64_t segments_before = 0;  // of the tier, in files alone
  uint64_t segments_after = 0;
  uint64_t bytes_written = 0;
};

// Rows found by key: the latest version of each, in the order of the keys asked for.
struct DeleteResult {
  CommitToken token;
  uint64_t row_count = 0;
};

struct LookupResult {
  std::shared_ptr<const TableDefinition> table;  // what the ordinals meant: a later schema than the caller knows, maybe
  Commit as_of = 0;              // what it saw: the snapshot's commit
  std::vector<bool> found;       // one per key
  std::vector<Tier> tier;        // one per key; meaningful where found
  std::vector<Commit> commit;
  std::vector<Column> columns;   // as asked for; only rows of found keys, in key order
  std::vector<Bitmap> exact_rows;  // as columns: ColumnChunk::AppendExactRows
};

struct BackupResult;  // storage/backup/backup_writer.h

class Database {
 public:
  // Opens or creates the database: lock -> meta store -> segments -> WAL replay. Blocking.
  // Errors: FAILED_PRECONDITION directory locked or format newer, PERMISSION_DENIED not writable, DATA_LOSS damage.
  static absl::StatusOr<std::unique_ptr<Database>> Open(DatabaseOptions options);
  // Drains: everything acknowledged is durable already; waits for running moves and syncs the WAL.
  virtual ~Database() = default;

  // --- catalog (blocking, durable on return) --------------------------------------------------------------------
  // Ids in `definition` are ignored and given. Errors: INVALID_ARGUMENT, ALREADY_EXISTS, UNIMPLEMENTED.
  virtual absl::StatusOr<std::shared_ptr<const TableDefinition>> CreateTable(TableDefinition definition) = 0;
  // One change, online: nothing stored is rewritten, readers and writers go on. Errors: NOT_FOUND table or column, those
  // of ApplyChange.
  virtual absl::StatusOr<std::shared_ptr<const TableDefinition>> AlterTable(std::string_view name,
                                                                            const TableChange& change) = 0;
  // Errors: NOT_FOUND.
  virtual absl::Status DropTable(std::string_view name) = 0;
  // Errors: NOT_FOUND, with the nearest name.
  virtual absl::StatusOr<std::shared_ptr<const TableDefinition>> FindTable(std::string_view name) const = 0;
  virtual std::vector<std::shared_ptr<const TableDefinition>> ListTables() const = 0;

  // --- rows -----------------------------------------------------------------------------------------------------
  // Queues a validated batch; `done` runs on the commit thread, in commit order, once the batch is durable and visible,
  // or with the error. Batches queued by one thread commit in that order. Blocks only while the commit queue is full,
  // up to memory_wait_ns while memory is, and in the hot tier while the same producer writes straight into a file.
  // A MERGE first fetches current values on the caller's thread, which may read files.
  // Errors: INVALID_ARGUMENT, NOT_FOUND table dropped, RESOURCE_EXHAUSTED memory or disk, ABORTED an expected version is
  // no longer current, UNAVAILABLE after a failed fsync or while closing; with a producer: OUT_OF_RANGE gap in its
  // sequence (names the expected one), ABORTED the sequence was used for other content.
  virtual void IngestAsync(IngestRequest request, std::function<void(absl::StatusOr<CommitToken>)> done) = 0;
  // IngestAsync and wait.
  absl::StatusOr<CommitToken> Ingest(IngestRequest request);
  // Ends or erases versions in one commit. Blocking. Errors: NOT_FOUND table, RESOURCE_EXHAUSTED, UNAVAILABLE, DATA_LOSS
  // some of them stand in a damaged segment (the others are ended).
  virtual absl::StatusOr<DeleteResult> Delete(DeleteRequest request) = 0;
  // The last commit at or before a time (ns UTC), to a window of 10 ms that always holds what was acknowledged before;
  // 0: before the first. And when a commit happened; nullopt: not known. OUT_OF_RANGE: in the future.
  virtual absl::StatusOr<Commit> CommitAt(int64_t time_ns) const = 0;
  virtual absl::StatusOr<std::optional<int64_t>> TimeOf(Commit commit) const = 0;
  // Far cheaper than a snapshot. Errors: NOT_FOUND.
  virtual absl::StatusOr<TableProgress> GetProgress(std::string_view table) const = 0;
  // The last sequence of a producer that is durable. Errors: INVALID_ARGUMENT, those of the meta store.
  virtual absl::StatusOr<ProducerState> GetProducerState(std::string_view producer) const = 0;
  // Waits until everything queued before is durable and visible. Blocking.
  virtual absl::StatusOr<CommitToken> Flush() = 0;

  // The table now, at an earlier commit or time, or with its history. Errors: OUT_OF_RANGE a commit that was never given
  // out, FAILED_PRECONDITION older than the history kept (names the oldest commit).
  virtual absl::StatusOr<std::shared_ptr<const Snapshot>> OpenSnapshot(std::string_view table,
                                                                       const SnapshotRequest& request) = 0;
  absl::StatusOr<std::shared_ptr<const Snapshot>> OpenSnapshot(std::string_view table, Commit at_least) {
    return OpenSnapshot(table, SnapshotRequest{.at_least = at_least, .as_of = {}, .as_of_time_ns = {}});
  }

  // The latest version of each key, planner-free: ENTITIES highest commit, EVENTS highest (time, commit).
  // `columns` are ordinals of LookupResult::table. The values found take at most `max_bytes`, and a row more while it is
  // read. Errors: FAILED_PRECONDITION the table has fewer columns now; OUT_OF_RANGE more bytes; those of OpenSnapshot; the
  // answer of at.still_wanted.
  virtual absl::StatusOr<LookupResult> Lookup(std::string_view table, absl::Span<const std::string> keys,
                                              absl::Span<const uint32_t> columns, const SnapshotRequest& at,
                                              uint64_t max_bytes) = 0;
  absl::StatusOr<LookupResult> Lookup(std::string_view table, absl::Span<const std::string> keys,
                                      absl::Span<const uint32_t> columns, const SnapshotRequest& at) {
    return Lookup(table, keys, columns, at, UINT64_MAX);
  }
  absl::StatusOr<LookupResult> Lookup(std::string_view table, absl::Span<const std::string> keys,
                                      absl::Span<const uint32_t> columns) {
    return Lookup(table, keys, columns, SnapshotRequest());
  }

  // --- tiers (blocking) -----------------------------------------------------------------------------------------
  // Seals, moves or evicts as asked, now, whatever the policy; paced like background moves. Errors: NOT_FOUND;
  // INVALID_ARGUMENT from and to are one tier; FAILED_PRECONDITION the table's pin forbids it; RESOURCE_EXHAUSTED memory or
  // disk; DATA_LOSS a file is damaged: it stays where it is, and all others have moved; the answer of `still_wanted`.
  virtual absl::StatusOr<MoveResult> MoveTier(const MoveRequest& request) = 0;
  // Background moves stop after the one under way. MoveTier still works. Survives no restart.
  virtual void PauseTiering(bool paused) = 0;
  // The slowest tier the table's rows may be in, whatever its policy says; nullopt: as the policy says. Durable. What
  // lies in slower tiers comes back in the background. Errors: NOT_FOUND.
  virtual absl::Status PinTable(std::string_view table, std::optional<Tier> slowest) = 0;
  virtual absl::StatusOr<std::optional<Tier>> GetPin(std::string_view table) const = 0;
  // Merges files of the warm or cold tier until none is left that can share one. Errors: NOT_FOUND, INVALID_ARGUMENT
  // for hot, those of MoveTier.
  virtual absl::StatusOr<CompactResult> CompactTable(std::string_view table, Tier tier,
                                                     const StillWanted& still_wanted) = 0;
  absl::StatusOr<CompactResult> CompactTable(std::string_view table, Tier tier) { return CompactTable(table, tier, {}); }
  // Makes every move that policies ask for, now, on this thread, until nothing is left to do, and then the sketches that
  // rows in memory lack. Errors: those of MoveTier.
  virtual absl::Status ApplyTierPolicies() = 0;

  // --- seeing inside --------------------------------------------------------------------------------------------
  virtual absl::StatusOr<TableStats> GetTableStats(std::string_view table) const = 0;
  virtual DatabaseStats GetStats() const = 0;
  virtual TieringStats GetTieringStats() const = 0;

  // --- safety (blocking) ----------------------------------------------------------------------------------------
  // Checks every checksum on disk, at the pace of moves; goes on after damage. Errors: NOT_FOUND table, and what the
  // observer returned.
  virtual absl::StatusOr<VerifyProgress> Verify(const VerifyRequest& request, const VerifyObserver& observer) = 0;
  // Saves everything up to one commit while rows keep coming: see storage/backup. Blocking, at the pace of moves.
  virtual absl::StatusOr<BackupResult> CreateBackup(const BackupRequest& request) = 0;

  // --- following along ------------------------------------------------------------------------------------------
  // `listener` is called on the commit thread after each commit became visible; it must be quick and call nothing of
  // the database. After RemoveCommitListener has returned it is not called any more.
  virtual uint64_t AddCommitListener(std::function<void(Commit)> listener) = 0;
  virtual void RemoveCommitListener(uint64_t id) = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_DATABASE_H_
