#include "storage/database.h"

#include <algorithm>
#include <future>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/backup/backup_files.h"
#include "storage/barrier_task.h"
#include "storage/catalog.h"
#include "storage/commit_log.h"
#include "storage/commit_times.h"
#include "storage/content_hash.h"
#include "storage/database_backup.h"
#include "storage/delete_task.h"
#include "storage/direct_write.h"
#include "storage/disk_reserve.h"
#include "storage/ingest_gate.h"
#include "storage/ingest_task.h"
#include "storage/io/file_system.h"
#include "storage/log_trimming.h"
#include "storage/meta/meta_store.h"
#include "storage/point_lookup.h"
#include "storage/producer_registry.h"
#include "storage/producer_task.h"
#include "storage/recovery.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"
#include "storage/snapshot_source.h"
#include "storage/table_registry.h"
#include "storage/table_stats.h"
#include "storage/tiering_stats.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/mapping_cache.h"
#include "storage/tiers/sealer.h"
#include "storage/tiers/segment_survey.h"
#include "storage/tiers/tier_manager.h"
#include "storage/verify.h"

namespace cortex {
namespace {

class DatabaseImpl final : public Database {
 public:
  explicit DatabaseImpl(DatabaseOptions options) : options_(std::move(options)) {
    if (options_.budget == nullptr) options_.budget = &no_limit_;
  }
  ~DatabaseImpl() override;

  absl::Status Start();

  absl::StatusOr<std::shared_ptr<const TableDefinition>> CreateTable(TableDefinition definition) override {
    return catalog_->Create(std::move(definition));
  }
  absl::StatusOr<std::shared_ptr<const TableDefinition>> AlterTable(std::string_view name,
                                                                    const TableChange& change) override {
    return catalog_->Alter(name, change);
  }
  absl::Status DropTable(std::string_view name) override { return catalog_->Drop(name); }
  absl::StatusOr<std::shared_ptr<const TableDefinition>> FindTable(std::string_view name) const override {
    return catalog_->Find(name);
  }
  std::vector<std::shared_ptr<const TableDefinition>> ListTables() const override { return catalog_->List(); }
  void IngestAsync(IngestRequest request, std::function<void(absl::StatusOr<CommitToken>)> done) override;
  absl::StatusOr<TableProgress> GetProgress(std::string_view table) const override;
  absl::StatusOr<ProducerState> GetProducerState(std::string_view producer) const override;
  absl::StatusOr<CommitToken> Flush() override;
  absl::StatusOr<DeleteResult> Delete(DeleteRequest request) override;
  absl::StatusOr<Commit> CommitAt(int64_t time_ns) const override { return snapshots_->CommitAt(time_ns); }
  absl::StatusOr<std::optional<int64_t>> TimeOf(Commit commit) const override { return times_->TimeOf(commit); }
  absl::StatusOr<std::shared_ptr<const Snapshot>> OpenSnapshot(std::string_view table,
                                                               const SnapshotRequest& request) override;
  absl::StatusOr<LookupResult> Lookup(std::string_view table, absl::Span<const std::string> keys,
                                      absl::Span<const uint32_t> columns, const SnapshotRequest& at,
                                      uint64_t max_bytes) override;
  absl::StatusOr<MoveResult> MoveTier(const MoveRequest& request) override;
  void PauseTiering(bool paused) override { tier_manager_->Pause(paused); }
  absl::Status PinTable(std::string_view table, std::optional<Tier> slowest) override {
    return catalog_->Pin(table, slowest);
  }
  absl::StatusOr<std::optional<Tier>> GetPin(std::string_view table) const override { return catalog_->GetPin(table); }
  absl::StatusOr<CompactResult> CompactTable(std::string_view table, Tier tier,
                                             const StillWanted& still_wanted) override;
  absl::Status ApplyTierPolicies() override { return tier_manager_->ApplyPolicies(); }
  absl::StatusOr<TableStats> GetTableStats(std::string_view table) const override;
  DatabaseStats GetStats() const override;
  TieringStats GetTieringStats() const override;
  absl::StatusOr<VerifyProgress> Verify(const VerifyRequest& request, const VerifyObserver& observer) override;
  absl::StatusOr<BackupResult> CreateBackup(const BackupRequest& request) override;
  uint64_t AddCommitListener(std::function<void(Commit)> listener) override {
    return log_->AddListener(std::move(listener));
  }
  void RemoveCommitListener(uint64_t id) override { log_->RemoveListener(id); }

 private:
  absl::Status OpenStores();
  void StartThreads(Recovered recovered);
  void OpenGate();
  absl::Status Submit(IngestRequest* request, IngestDone* done);
  absl::StatusOr<Merge> StartMerge(const Table& table, const IngestRequest& request);
  absl::Status CheckMetaSpace() const;
  void TrimLog();

  MemoryBudget no_limit_{UINT64_MAX};  // charged where the options name no budget
  DatabaseOptions options_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<MetaStore> meta_;
  std::unique_ptr<MappingCache> mappings_;
  std::unique_ptr<FileTier> warm_, cold_;
  std::unique_ptr<CommitTimes> times_;
  TierCounters tier_counters_;
  TableRegistry registry_;
  std::unique_ptr<ProducerRegistry> producers_;
  std::unique_ptr<DiskReserve> disk_reserve_;
  std::unique_ptr<IngestGate> ingest_gate_;
  std::unique_ptr<Sealer> sealer_;
  std::unique_ptr<TierManager> tier_manager_;
  std::unique_ptr<CommitLog> log_;
  std::unique_ptr<SnapshotSource> snapshots_;
  std::unique_ptr<Catalog> catalog_;

  uint64_t server_id_ = 0;           // constant after Start
  int64_t recovery_ns_ = 0;          // constant after Start
  uint64_t replayed_records_ = 0;    // constant after Start
};

absl::Status DatabaseImpl::Start() {
  const int64_t begin_ns = options_.clock->MonotonicNanos();
  RETURN_IF_ERROR(OpenStores());
  ASSIGN_OR_RETURN(Recovered recovered, Recover({.options = &options_,
                                                 .meta = meta_.get(),
                                                 .warm = warm_.get(),
                                                 .cold = cold_.get(),
                                                 .registry = &registry_,
                                                 .times = times_.get(),
                                                 .producers = producers_.get()}));
  const bool builtin_tables_created = recovered.builtin_tables_created;
  replayed_records_ = recovered.replayed_records;
  server_id_ = recovered.server_id;
  StartThreads(std::move(recovered));
  OpenGate();
  recovery_ns_ = options_.clock->MonotonicNanos() - begin_ns;
  if (builtin_tables_created || !options_.create_builtin_tables) return absl::OkStatus();
  return catalog_->CreateBuiltinTables();
}

absl::Status DatabaseImpl::OpenStores() {
  FileSystem* const fs = options_.file_system;
  RETURN_IF_ERROR(CheckNotBackup(fs, options_.data_dir));
  RETURN_IF_ERROR(fs->CreateDirs(options_.data_dir));
  ASSIGN_OR_RETURN(lock_, fs->LockFile(JoinPath(options_.data_dir, "LOCK")));
  ASSIGN_OR_RETURN(meta_, MetaStore::Open({.dir = JoinPath(options_.data_dir, "meta"),
                                           .file_system = fs,
                                           .budget = options_.budget,
                                           .repair = options_.repair_wal}));
  ASSIGN_OR_RETURN(times_, CommitTimes::Open(meta_.get(), options_.clock));
  disk_reserve_ = std::make_unique<DiskReserve>(DiskReserveOptions{.file_system = fs,
                                                                   .clock = options_.clock,
                                                                   .data_dir = options_.data_dir,
                                                                   .warm_dir = options_.warm_dir,
                                                                   .cold_dir = options_.cold_dir,
                                                                   .data_bytes = options_.data_reserve_bytes,
                                                                   .warm_bytes = options_.warm_reserve_bytes,
                                                                   .cold_bytes = options_.cold_reserve_bytes});
  producers_ = std::make_unique<ProducerRegistry>(meta_.get(), options_.budget);
  mappings_ = std::make_unique<MappingCache>(options_.clock, options_.max_mapped_files);
  options_.budget->SetReclaim([this](uint64_t bytes) { mappings_->GiveWay(bytes); });
  ASSIGN_OR_RETURN(warm_, FileTier::Open({.tier = Tier::kWarm,
                                          .directory = options_.warm_dir,
                                          .file_system = fs,
                                          .meta = meta_.get(),
                                          .mappings = mappings_.get(),
                                          .budget = options_.budget,
                                          .on_event = options_.on_event}));
  ASSIGN_OR_RETURN(cold_, FileTier::Open({.tier = Tier::kCold,
                                          .directory = options_.cold_dir,
                                          .file_system = fs,
                                          .meta = meta_.get(),
                                          .mappings = mappings_.get(),
                                          .budget = options_.budget,
                                          .on_event = options_.on_event}));
  return absl::OkStatus();
}

void DatabaseImpl::StartThreads(Recovered recovered) {
  const TierContext context{.meta = meta_.get(),
                            .warm = warm_.get(),
                            .cold = cold_.get(),
                            .budget = options_.budget,
                            .clock = options_.clock,
                            .oldest_readable = [this](const Table& table) { return snapshots_->OldestReadable(table); },
                            .counters = &tier_counters_,
                            .visible_commit = [this] { return log_->visible_commit(); },
                            .on_event = options_.on_event};
  log_ = std::make_unique<CommitLog>(CommitLogOptions{.wal = std::move(recovered.wal),
                                                      .last_commit = recovered.last_commit,
                                                      .wal_limit_bytes = options_.wal_limit_bytes,
                                                      .may_submit = [this] { return CheckMetaSpace(); },
                                                      .on_wal_full = [this] {
                                                        if (sealer_ != nullptr) SealOldestOpenGroup(registry_, sealer_.get());
                                                      }});
  snapshots_ = std::make_unique<SnapshotSource>(log_.get(), meta_.get(), times_.get(), options_.clock);
  sealer_ = std::make_unique<Sealer>(context, [this] { TrimLog(); });
  catalog_ = std::make_unique<Catalog>(CatalogOptions{.database = &options_,
                                                      .meta = meta_.get(),
                                                      .registry = &registry_,
                                                      .log = log_.get(),
                                                      .sealer = sealer_.get(),
                                                      .on_dropped = [this] { TrimLog(); }});
  meta_->WaitForSpace(true);
  // Before anybody else closes groups: those of a shard must be sealed in order.
  for (auto& [table, closed] : recovered.closed) sealer_->Enqueue(table, std::move(closed));
  tier_manager_ = std::make_unique<TierManager>(TierManagerOptions{.context = context,
                                                                   .sealer = sealer_.get(),
                                                                   .bytes_per_second = options_.tiering_bytes_per_second,
                                                                   .interval_ns = options_.tiering_interval_ns,
                                                                   .trusted_time_ns = recovered.trusted_time_ns,
                                                                   .list_tables = [this] { return registry_.List(); }});
}

void DatabaseImpl::OpenGate() {
  ingest_gate_ = std::make_unique<IngestGate>(
      IngestGateOptions{.budget = options_.budget,
                        .wait_ns = options_.memory_wait_ns,
                        .unsealed_limit_bytes = options_.unsealed_limit_bytes,
                        .unsealed_bytes = [this] { return sealer_->queued_bytes(); },
                        .waiting_files_limit = FilesWaitingLimit(options_.budget->limit()),
                        .waiting_files = [this] { return tier_manager_->files_waiting(); },
                        .make_room = [this](uint64_t bytes) { tier_manager_->MakeRoom(bytes); }});
}

DatabaseImpl::~DatabaseImpl() {
  options_.budget->SetReclaim(nullptr);
  if (ingest_gate_ != nullptr) ingest_gate_->Close();
  if (meta_ != nullptr) meta_->WaitForSpace(false);  // commits that wait are in the log; the next start applies them
  tier_manager_.reset();                      // a move under way is given up
  if (log_ != nullptr) log_->Shutdown();      // queued commits are applied and acknowledged
  sealer_.reset();                            // still calls into the log, which is quiet now
}

// --- rows ---------------------------------------------------------------------------------------------------------

void DatabaseImpl::IngestAsync(IngestRequest request, std::function<void(absl::StatusOr<CommitToken>)> done) {
  const absl::Status refused = Submit(&request, &done);
  if (!refused.ok()) done(refused);
}

// What MERGE keeps of the entities as they are. Fetched again, where they changed, once it is the batch's turn.
absl::StatusOr<Merge> DatabaseImpl::StartMerge(const Table& table, const IngestRequest& request) {
  ASSIGN_OR_RETURN(Merge merge, Merge::Of(request, options_.budget));
  RETURN_IF_ERROR(merge.Fetch(request.batch, *snapshots_->TakeNow(table)));
  return merge;
}

absl::Status DatabaseImpl::Submit(IngestRequest* request, IngestDone* done) {
  const bool partial = request->mode == IngestMode::kMerge && !request->present.empty();
  if (partial && request->present.size() != request->batch.table->columns.size()) {
    return absl::InvalidArgumentError("MERGE must say of every column whether it is present");
  }
  RETURN_IF_ERROR(partial ? ValidatePartialBatch(request->batch, request->present) : ValidateBatch(request->batch));
  const std::shared_ptr<Table> table = registry_.FindById(request->batch.table->id);
  if (table == nullptr) {
    return absl::NotFoundError(absl::StrFormat("unknown table \"%s\"", request->batch.table->name));
  }
  if (table->definition()->kind == TableKind::kEntities) request->batch = KeepLastOfEachKey(std::move(request->batch));
  if (request->producer) {
    RETURN_IF_ERROR(ValidateProducer(request->producer->producer));
    if (request->producer->sequence == 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the sequence of a producer begins with 1: producer \"%s\"", request->producer->producer));
    }
    request->producer->content_hash = ContentHash(*request);  // as sent, before current values are merged in
  }
  std::optional<Merge> merge;
  if (request->mode == IngestMode::kMerge) {
    ASSIGN_OR_RETURN(merge, StartMerge(*table, *request));
  }
  // The batch, its WAL record and the rows in the hot tier or the file being written. What a merge has fetched is charged.
  const uint64_t bytes = 3 * request->batch.memory_bytes() + (merge.has_value() ? 2 * merge->memory_bytes() : 0) +
                         (request->tier == Tier::kHot ? 0 : DirectWriteBytes(request->batch));
  RETURN_IF_ERROR(disk_reserve_->CheckIngest(request->tier));
  ASSIGN_OR_RETURN(MemoryReservation memory, ingest_gate_->Enter(bytes, /*makes_files=*/request->tier != Tier::kHot));
  const IngestContext context{.meta = meta_.get(),
                              .sealer = sealer_.get(),
                              .warm = warm_.get(),
                              .cold = cold_.get(),
                              .budget = options_.budget,
                              .times = times_.get(),
                              .snapshot = [this](const Table& of) { return snapshots_->TakeNow(of); },
                              .counters = &tier_counters_};
  const std::optional<ProducerStamp> stamp = request->producer;
  const bool hot = request->tier == Tier::kHot;
  // A producer's batch is reported by its ProducerTask, which alone knows whether it is a repeated one.
  IngestDone report = stamp ? [](const absl::StatusOr<CommitToken>&) {} : std::move(*done);
  std::unique_ptr<CommitTask> task;
  if (hot) {
    task = std::make_unique<HotIngestTask>(context, table, std::move(*request), std::move(merge), std::move(memory),
                                           std::move(report));
  } else {
    task = std::make_unique<FileIngestTask>(context, table, std::move(*request), std::move(merge), std::move(memory),
                                            std::move(report));
  }
  if (stamp) {
    const auto durable_by = hot ? ProducerTask::DurableBy::kLog : ProducerTask::DurableBy::kManifest;
    task = std::make_unique<ProducerTask>(producers_.get(), *stamp, durable_by, std::move(task), std::move(*done));
  }
  log_->Submit(std::move(task));
  return absl::OkStatus();
}

absl::StatusOr<TableProgress> DatabaseImpl::GetProgress(std::string_view name) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, registry_.Find(name));
  const Commit visible = log_->visible_commit();  // first: what is visible by then is known to the table
  return TableProgress{.table = table->id(), .visible = visible, .last_rows = table->last_rows()};
}

absl::StatusOr<ProducerState> DatabaseImpl::GetProducerState(std::string_view producer) const {
  RETURN_IF_ERROR(ValidateProducer(producer));
  return producers_->StateOf(producer);
}

absl::StatusOr<CommitToken> DatabaseImpl::Flush() {
  return WaitFor([this](IngestDone done) { log_->Submit(std::make_unique<BarrierTask>(std::move(done))); });
}

absl::StatusOr<DeleteResult> DatabaseImpl::Delete(DeleteRequest request) {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, registry_.Find(request.table));
  for (const VersionId& id : request.rows) {
    if (id.shard < kShardCount) continue;
    return absl::InvalidArgumentError(absl::StrFormat("a row to delete is in shard %d of %d", id.shard, kShardCount));
  }
  std::sort(request.rows.begin(), request.rows.end());
  request.rows.erase(std::unique(request.rows.begin(), request.rows.end()), request.rows.end());
  if (request.rows.empty()) return DeleteResult{.token = {.epoch = 1, .commit = log_->visible_commit()}, .row_count = 0};
  // The request and its record.
  ASSIGN_OR_RETURN(MemoryReservation memory, MemoryReservation::Make(options_.budget, MemoryUse::kVersions,
                                                                     2 * request.rows.size() * sizeof(VersionId)));
  auto promise = std::make_shared<std::promise<absl::StatusOr<DeleteResult>>>();
  auto future = promise->get_future();
  log_->Submit(std::make_unique<DeleteTask>(
      table, times_.get(), std::move(request), std::move(memory),
      [promise](absl::StatusOr<DeleteResult> result) { promise->set_value(std::move(result)); }));
  return future.get();
}

absl::StatusOr<std::shared_ptr<const Snapshot>> DatabaseImpl::OpenSnapshot(std::string_view name,
                                                                           const SnapshotRequest& request) {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, registry_.Find(name));
  return snapshots_->Open(*table, request);
}

absl::StatusOr<LookupResult> DatabaseImpl::Lookup(std::string_view name, absl::Span<const std::string> keys,
                                                  absl::Span<const uint32_t> columns, const SnapshotRequest& at,
                                                  uint64_t max_bytes) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Snapshot> snapshot, OpenSnapshot(name, at));
  return LookupLatest(*snapshot, keys, columns, {.max_bytes = max_bytes, .still_wanted = at.still_wanted});
}

// --- tiers --------------------------------------------------------------------------------------------------------

absl::StatusOr<MoveResult> DatabaseImpl::MoveTier(const MoveRequest& request) {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, registry_.Find(request.table));
  ASSIGN_OR_RETURN(const MoveCount moved,
                   tier_manager_->MoveTier(table, {.from = request.from,
                                                   .to = request.to,
                                                   .max_time_before_ns = request.max_time_before_ns,
                                                   .max_rows = request.max_rows,
                                                   .still_wanted = request.still_wanted}));
  return MoveResult{.segments = moved.segments, .rows = moved.rows, .stored_bytes = moved.stored_bytes};
}

absl::StatusOr<CompactResult> DatabaseImpl::CompactTable(std::string_view name, Tier tier,
                                                         const StillWanted& still_wanted) {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, registry_.Find(name));
  if (tier == Tier::kHot) return absl::InvalidArgumentError("rows in memory are not compacted; name tier warm or cold");
  const auto count = [&] {
    const std::vector<SegmentSummary> segments = SummariesOf(*table);
    return static_cast<uint64_t>(std::count_if(segments.begin(), segments.end(),
                                               [&](const SegmentSummary& segment) { return segment.tier == tier; }));
  };
  CompactResult result{.segments_before = count()};
  ASSIGN_OR_RETURN(const MoveCount merged, tier_manager_->Compact(table, tier, still_wanted));
  result.segments_after = count();
  result.bytes_written = merged.bytes_written;
  return result;
}

// While commits wait for the meta store to find space, more of them would only wait behind.
absl::Status DatabaseImpl::CheckMetaSpace() const {
  if (!meta_->IsWaitingForSpace()) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "the disk of the data directory is full; free space, and it goes on by itself within seconds");
}

void DatabaseImpl::TrimLog() {
  const absl::Status trimmed = cortex::TrimLog(registry_, producers_.get(), log_.get());
  if (!trimmed.ok() && options_.on_event != nullptr) options_.on_event("write-ahead log kept", trimmed.ToString());
}

// --- seeing inside ------------------------------------------------------------------------------------------------

absl::StatusOr<TableStats> DatabaseImpl::GetTableStats(std::string_view name) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, registry_.Find(name));
  return CollectTableStats(*table);
}

DatabaseStats DatabaseImpl::GetStats() const {
  const TierManagerStats tiers = tier_manager_->stats();
  return {.visible_commit = log_->visible_commit(),
          .manifest_version = meta_->manifest_version(),
          .wal_bytes = log_->wal_bytes(),
          .wal_syncs = log_->sync_count(),
          .tiering_paused = tiers.paused,
          .moves_done = tiers.moves_done,
          .moves_failed = tiers.moves_failed,
          .moved_bytes = tiers.moved_bytes,
          .recovery_ns = recovery_ns_,
          .recovered_wal_records = replayed_records_,
          .disks = disk_reserve_->Stats(),
          .ingest_refused_by_disk = disk_reserve_->refused(),
          .waits_for_space = meta_->IsWaitingForSpace(),
          .ingest_delayed = ingest_gate_->delayed(),
          .ingest_refused_by_memory = ingest_gate_->refused()};
}

TieringStats DatabaseImpl::GetTieringStats() const {
  return CollectTieringStats(*tier_manager_, tier_counters_, *mappings_);
}

// --- safety -------------------------------------------------------------------------------------------------------

absl::StatusOr<VerifyProgress> DatabaseImpl::Verify(const VerifyRequest& request, const VerifyObserver& observer) {
  return VerifyDatabase({.options = &options_,
                         .server_id = server_id_,
                         .meta = meta_.get(),
                         .warm = warm_.get(),
                         .cold = cold_.get(),
                         .registry = &registry_,
                         .log = log_.get()},
                        request, observer);
}

absl::StatusOr<BackupResult> DatabaseImpl::CreateBackup(const BackupRequest& request) {
  return BackupDatabase({.options = &options_,
                         .server_id = server_id_,
                         .meta = meta_.get(),
                         .warm = warm_.get(),
                         .cold = cold_.get(),
                         .log = log_.get()},
                        request);
}

}  // namespace

absl::StatusOr<CommitToken> Database::Ingest(IngestRequest request) {
  return WaitFor([&](IngestDone done) { IngestAsync(std::move(request), std::move(done)); });
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(DatabaseOptions options) {
  if (options.data_dir.empty()) return absl::InvalidArgumentError("no data directory given");
  if (options.seal_rows == 0 || options.seal_rows % kHotBlockRows != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("seal_rows must be a multiple of %d, not %d", kHotBlockRows, options.seal_rows));
  }
  if (options.warm_dir.empty()) options.warm_dir = JoinPath(options.data_dir, "warm");
  if (options.cold_dir.empty()) options.cold_dir = JoinPath(options.data_dir, "cold");
  if (options.file_system == nullptr) options.file_system = PosixFileSystem();
  if (options.clock == nullptr) options.clock = SystemClock();
  auto database = std::make_unique<DatabaseImpl>(std::move(options));
  RETURN_IF_ERROR(database->Start());
  return database;
}

}  // namespace cortex
