#include "storage/meta/meta_store.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/io/directory_tree.h"
#include "storage/io/file_system.h"
#include "storage/io/kill_point.h"
#include "storage/meta/commit_time_index.h"
#include "storage/meta/commit_witness.h"
#include "storage/meta/edit_batch.h"
#include "storage/meta/id_source.h"
#include "storage/meta/live_set.h"
#include "storage/meta/manifest_codec.h"
#include "storage/meta/manifest_loader.h"
#include "storage/meta/meta_checkpoint.h"
#include "storage/meta/meta_db.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/placements.h"
#include "storage/meta/producers.h"
#include "storage/meta/rocksdb_status.h"
#include "storage/meta/space_waiter.h"
#include "storage/meta/turnstile.h"

namespace cortex {
namespace {

// One sync per so many segments; the rest of a block is lost with a restart, which 64 bits can bear.
constexpr uint64_t kSegmentIdBlock = 1024;
// Behind the name of the store's directory: where Verify looks at a copy.
constexpr char kScratchSuffix[] = ".verify";

// Leaves a new store with its format, and checks the format of an old one.
absl::Status CheckOrWriteFormat(MetaDb* db) {
  ASSIGN_OR_RETURN(const std::optional<std::string> format, db->Get(MetaFamily::kManifest, FormatKey()));
  if (format) return CheckFormat(*format);
  const std::unique_ptr<rocksdb::Iterator> entry = db->Scan(MetaFamily::kManifest);
  entry->SeekToFirst();
  if (entry->Valid()) return absl::DataLossError("meta store has lost its format key");
  RETURN_IF_ERROR(FromRocksDb(entry->status(), "cannot read the manifest"));
  return db->PutSynced(FormatKey(), EncodeFormat());
}

absl::Status CheckWitness(const CommitWitness& witness, uint64_t version) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> acknowledged, witness.Read());
  if (acknowledged.value_or(0) <= version) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "meta store has lost commits, its log is damaged: manifest version %d found, %d was acknowledged; repairing goes "
      "on without them",
      version, *acknowledged));
}

LiveSet LiveSetOf(const ManifestState& state) {
  LiveSet live;
  for (const auto& table : state.tables) live.AddTable(table->id);
  for (const SegmentRecord& segment : state.segments) live.AddSegment(segment.table, segment.id);
  return live;
}

}  // namespace

class MetaStore::Impl {
 public:
  Impl(FileSystem* fs, std::string dir, std::unique_ptr<MetaDb> db, CommitWitness witness, const ManifestState& state)
      : fs_(fs),
        dir_(std::move(dir)),
        db_(std::move(db)),
        space_([this] { return db_->Resume(); }),
        commit_times_(db_.get()),
        table_ids_(state.next_table_id.value()),
        segment_ids_(state.next_segment_id.value()),
        version_(state.version),
        live_segments_(state.segments.size()),
        live_(LiveSetOf(state)),
        witness_(std::move(witness)) {}

  MetaDb& db() const { return *db_; }
  CommitTimeIndex& commit_times() { return commit_times_; }

  absl::StatusOr<uint64_t> Commit(const ManifestEdit& edit) {
    Turn turn(&commit_turn_);
    RETURN_IF_ERROR(CheckUsable());
    LiveSetChange change(&live_);
    EditBatch batch(db_.get(), &change);
    RETURN_IF_ERROR(batch.AddAll(edit));
    const uint64_t version = version_ + 1;
    RETURN_IF_ERROR(batch.PutNumber(VersionKey(), version));
    RETURN_IF_ERROR(KeepIdsAbove(&batch));
    KillPoint("meta-commit");
    const absl::Status written = space_.Write([&] { return db_->Write(batch.batch(), /*synced=*/true); });
    // A full disk is no reason to stop: nothing is written behind the failed record until Resume has left the log that
    // may hold it.
    if (absl::IsResourceExhausted(written)) return written;
    RETURN_IF_ERROR(failure_ = written);
    KillPoint("meta-written");
    change.Keep();
    RETURN_IF_ERROR(failure_ = witness_.Write(version));
    KillPoint("meta-witnessed");
    table_ids_.SkipTo(batch.table_id_end().value());
    segment_ids_.SkipTo(batch.segment_id_end().value());
    live_segments_ = live_.segment_count();
    ++commits_;
    version_ = version;
    return version;
  }

  absl::Status health() {
    Turn turn(&commit_turn_);
    return CheckUsable();
  }

  // A sync that failed is never tried again: the second one may succeed without the pages of the first. On a full disk it is
  // not tried again either: what was not synced is in memory still and goes to table files before anything else is written.
  absl::Status SyncWrites() {
    Turn turn(&commit_turn_);
    RETURN_IF_ERROR(CheckUsable());
    const absl::Status synced = space_.Write([&] { return db_->Sync(); });
    if (!absl::IsResourceExhausted(synced)) failure_ = synced;
    return synced;
  }

  // Not synced. `patient`: waits for space if WaitForSpace says so.
  absl::Status WriteUnsynced(const std::function<absl::Status()>& write, bool patient) {
    return patient ? space_.WriteWaiting(write) : space_.Write(write);
  }
  SpaceWaiter& space() { return space_; }

  absl::Status CheckWitnessFile() {
    Turn turn(&commit_turn_);
    RETURN_IF_ERROR(witness_.Check());
    ASSIGN_OR_RETURN(const std::optional<uint64_t> acknowledged, witness_.Read());
    if (acknowledged.value_or(0) <= version_) return absl::OkStatus();
    return absl::DataLossError(absl::StrFormat("meta store file COMMITTED: names version %d, the newest is %d",
                                               *acknowledged, version_.load()));
  }

  absl::Status Verify(const MetaFileVisitor& visit) {
    RETURN_IF_ERROR(visit(CheckWitnessFile(), 0));
    return VerifyMetaDb(fs_, dir_, *db_, dir_ + kScratchSuffix, visit);
  }

  // Every table is made by an operator, so there is no need to reserve ahead.
  absl::StatusOr<uint64_t> NextTableId() { return NextId(&table_ids_, NextTableIdKey(), 1); }
  absl::StatusOr<uint64_t> NextSegmentId() { return NextId(&segment_ids_, NextSegmentIdKey(), kSegmentIdBlock); }

  uint64_t manifest_version() const { return version_; }

  MetaStats Stats() const {
    MetaStats stats = {.manifest_version = version_,
                       .commits = commits_,
                       .live_segments = live_segments_,
                       .cache_bytes = db_->cache_bytes(),
                       .memtable_bytes = db_->memtable_bytes()};
    rocksdb::ColumnFamilyHandle* const placements = db_->family(MetaFamily::kPlacements);
    db_->db().GetIntProperty(placements, rocksdb::DB::Properties::kEstimateNumKeys, &stats.placements);
    db_->db().GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &stats.disk_bytes);
    db_->db().GetIntProperty(rocksdb::DB::Properties::kBackgroundErrors, &stats.background_errors);
    return stats;
  }

 private:
  absl::Status CheckUsable() ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_turn_) {
    if (failure_.ok()) return space_.GoOn();
    return absl::FailedPreconditionError(
        absl::StrFormat("meta store takes no more commits, restart to reopen it: %s", StdView(failure_.message())));
  }

  // Ids in the edit that were not given out here (restored, or chosen by a test) are never given out later.
  absl::Status KeepIdsAbove(EditBatch* batch) const {
    const uint64_t table_end = batch->table_id_end().value();
    const uint64_t segment_end = batch->segment_id_end().value();
    if (table_end > table_ids_.limit()) RETURN_IF_ERROR(batch->PutNumber(NextTableIdKey(), table_end));
    if (segment_end > segment_ids_.limit()) RETURN_IF_ERROR(batch->PutNumber(NextSegmentIdKey(), segment_end));
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> NextId(IdSource* ids, const std::string& key, uint64_t block) {
    while (true) {
      if (const std::optional<uint64_t> id = ids->Next()) return *id;
      Turn turn(&commit_turn_);
      RETURN_IF_ERROR(CheckUsable());
      // Two threads may both have found nothing left; the second one reserves a block too many, which does no harm.
      const uint64_t limit = ids->limit() + block;
      KillPoint("meta-ids");
      const absl::Status reserved = space_.Write([&] { return db_->PutSynced(key, EncodeNumber(limit)); });
      // A full disk is no reason to stop; another error means that the log under the store is not to be trusted any more.
      if (!reserved.ok() && !absl::IsResourceExhausted(reserved)) failure_ = reserved;
      RETURN_IF_ERROR(reserved);
      ids->Reserve(limit);
    }
  }

  FileSystem* const fs_;
  const std::string dir_;
  const std::unique_ptr<MetaDb> db_;
  SpaceWaiter space_;
  CommitTimeIndex commit_times_;
  IdSource table_ids_, segment_ids_;
  std::atomic<uint64_t> version_;
  std::atomic<uint64_t> commits_{0};
  std::atomic<uint64_t> live_segments_;

  Turnstile commit_turn_;  // taken before the locks inside RocksDB and IdSource
  LiveSet live_ ABSL_GUARDED_BY(commit_turn_);
  CommitWitness witness_ ABSL_GUARDED_BY(commit_turn_);
  // Set by a failed write. Nobody knows then what a reopened store will hold, so nothing may be built on it.
  absl::Status failure_ ABSL_GUARDED_BY(commit_turn_);
};

absl::StatusOr<std::unique_ptr<MetaStore>> MetaStore::Open(const MetaStoreOptions& options) {
  FileSystem* const fs = options.file_system != nullptr ? options.file_system : PosixFileSystem();
  RETURN_IF_ERROR(RemoveTree(fs, options.dir + kScratchSuffix));  // of a check that was killed
  ASSIGN_OR_RETURN(std::unique_ptr<MetaDb> db, MetaDb::Open(options, fs));
  RETURN_IF_ERROR(CheckOrWriteFormat(db.get()));
  ASSIGN_OR_RETURN(const ManifestState state, LoadManifest(*db));
  ASSIGN_OR_RETURN(CommitWitness witness, CommitWitness::Open(fs, options.dir, options.repair));
  RETURN_IF_ERROR(CheckWitness(witness, state.version));
  return std::unique_ptr<MetaStore>(
      new MetaStore(std::make_unique<Impl>(fs, options.dir, std::move(db), std::move(witness), state)));
}

MetaStore::MetaStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetaStore::~MetaStore() = default;

absl::StatusOr<ManifestState> MetaStore::Load() const { return LoadManifest(impl_->db()); }

absl::StatusOr<uint64_t> MetaStore::Commit(const ManifestEdit& edit) { return impl_->Commit(edit); }

absl::Status MetaStore::health() const { return impl_->health(); }

absl::StatusOr<TableId> MetaStore::NextTableId() {
  ASSIGN_OR_RETURN(const uint64_t id, impl_->NextTableId());
  if (id > UINT32_MAX) return absl::OutOfRangeError("no table ids are left");
  return TableId(static_cast<uint32_t>(id));
}

absl::StatusOr<SegmentId> MetaStore::NextSegmentId() {
  ASSIGN_OR_RETURN(const uint64_t id, impl_->NextSegmentId());
  return SegmentId(id);
}

namespace {

absl::StatusOr<std::string> ReadColdPart(const MetaDb& db, SegmentId segment, ColdPart part) {
  ASSIGN_OR_RETURN(std::optional<std::string> bytes, db.Get(MetaFamily::kCold, ColdKey(segment, part)));
  if (!bytes) return absl::NotFoundError(absl::StrFormat("no cold index: segment %d", segment.value()));
  return *std::move(bytes);
}

}  // namespace

absl::StatusOr<std::string> MetaStore::ReadFooter(SegmentId segment) const {
  return ReadColdPart(impl_->db(), segment, ColdPart::kFooter);
}

absl::StatusOr<std::string> MetaStore::ReadKeyFilter(SegmentId segment) const {
  return ReadColdPart(impl_->db(), segment, ColdPart::kKeyFilter);
}

absl::StatusOr<std::vector<std::string>> MetaStore::ReadFences(SegmentId segment) const {
  ASSIGN_OR_RETURN(const std::string bytes, ReadColdPart(impl_->db(), segment, ColdPart::kFences));
  return DecodeColdFences(bytes);
}

absl::Status MetaStore::PutPlacements(TableId table,
                                      absl::Span<const std::pair<std::string, uint32_t>> placements) {
  return impl_->WriteUnsynced([&] { return WritePlacements(&impl_->db(), table, placements); }, /*patient=*/false);
}

absl::StatusOr<std::optional<uint32_t>> MetaStore::FindPlacement(TableId table, std::string_view key) const {
  std::vector<std::optional<uint32_t>> shards;
  RETURN_IF_ERROR(ReadPlacements(impl_->db(), table, {&key, 1}, &shards));
  return shards[0];
}

absl::Status MetaStore::FindPlacements(TableId table, absl::Span<const std::string_view> keys,
                                       std::vector<std::optional<uint32_t>>* shards) const {
  return ReadPlacements(impl_->db(), table, keys, shards);
}

absl::Status MetaStore::PutSharding(TableId table, std::string_view bytes) {
  rocksdb::WriteBatch batch;
  RETURN_IF_ERROR(FromRocksDb(
      batch.Put(impl_->db().family(MetaFamily::kManifest), ToSlice(ShardingKey(table)), ToSlice(bytes)),
      "cannot build a batch"));
  return impl_->WriteUnsynced([&] { return impl_->db().Write(&batch, /*synced=*/false); }, /*patient=*/false);
}

absl::Status MetaStore::PutCommitTime(const CommitTime& entry) {
  return impl_->WriteUnsynced([&] { return impl_->commit_times().Put(entry); }, /*patient=*/true);
}

absl::StatusOr<std::optional<CommitTime>> MetaStore::LastCommitTime() const { return impl_->commit_times().Last(); }

absl::StatusOr<std::optional<CommitTime>> MetaStore::FirstCommitTimeAfter(int64_t time_ns) const {
  return impl_->commit_times().FirstAfter(time_ns);
}

absl::StatusOr<std::optional<CommitTime>> MetaStore::CommitTimeOf(cortex::Commit commit) const {
  return impl_->commit_times().Of(commit);
}

absl::Status MetaStore::PutSequence(const ProducerSequence& sequence) {
  rocksdb::WriteBatch batch;
  RETURN_IF_ERROR(AddSequence(impl_->db(), sequence, /*in_files=*/false, &batch));
  return impl_->WriteUnsynced([&] { return impl_->db().Write(&batch, /*synced=*/false); }, /*patient=*/true);
}

absl::StatusOr<std::optional<ProducerSequence>> MetaStore::FindLastSequence(std::string_view producer) const {
  return ReadLastSequence(impl_->db(), producer);
}

absl::StatusOr<std::optional<ProducerSequence>> MetaStore::FindSequence(std::string_view producer,
                                                                        uint64_t sequence) const {
  return ReadSequence(impl_->db(), producer, sequence);
}

absl::StatusOr<std::vector<RewoundProducer>> MetaStore::RewindProducers(cortex::Commit kept_through) {
  return RewindSequences(&impl_->db(), kept_through);
}

absl::Status MetaStore::SyncWrites() { return impl_->SyncWrites(); }

void MetaStore::WaitForSpace(bool wait) { impl_->space().SetWaiting(wait); }

bool MetaStore::IsWaitingForSpace() const { return impl_->space().IsWaiting(); }

absl::Status MetaStore::Flush() { return impl_->db().Flush(); }

absl::Status MetaStore::Checkpoint(const std::string& dir) const {
  return CheckpointMetaDb(impl_->db(), dir, /*flush=*/false);
}

absl::StatusOr<ManifestState> MetaStore::FinishCheckpoint(FileSystem* fs, const std::string& dir) {
  ASSIGN_OR_RETURN(const std::unique_ptr<MetaDb> db, MetaDb::OpenReadOnly(fs, dir, /*strict=*/false));
  ASSIGN_OR_RETURN(const std::optional<std::string> format, db->Get(MetaFamily::kManifest, FormatKey()));
  if (!format.has_value()) return absl::DataLossError("meta store has lost its format key");
  RETURN_IF_ERROR(CheckFormat(*format));
  ASSIGN_OR_RETURN(ManifestState state, LoadManifest(*db));
  ASSIGN_OR_RETURN(CommitWitness witness, CommitWitness::Open(fs, dir, /*reset=*/true));
  RETURN_IF_ERROR(witness.Write(state.version));
  return state;
}

absl::Status MetaStore::Verify(const std::function<absl::Status(const absl::Status&, uint64_t)>& visit) {
  return impl_->Verify(visit);
}

uint64_t MetaStore::memory_bytes() const { return impl_->db().cache_bytes() + impl_->db().memtable_bytes(); }

uint64_t MetaStore::manifest_version() const { return impl_->manifest_version(); }

MetaStats MetaStore::Stats() const { return impl_->Stats(); }

}  // namespace cortex
