#include "storage/recovery.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/commit_record.h"
#include "storage/commit_times.h"
#include "storage/io/file_system.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"
#include "storage/producer_registry.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/tier_context.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_record.h"

namespace cortex {
namespace {

void Event(const DatabaseOptions& options, std::string_view event, const std::string& detail) {
  if (options.on_event != nullptr) options.on_event(event, detail);
}

absl::Status SweepOrphans(const RecoveryInput& input, const ManifestState& state) {
  std::set<std::string> live_warm, live_cold;
  for (const SegmentRecord& segment : state.segments) {
    (segment.tier == Tier::kCold ? live_cold : live_warm).insert(segment.file_name);
  }
  if (input.warm->directory() == input.cold->directory()) {
    return absl::InvalidArgumentError("warm and cold tier must be two directories: " + input.warm->directory());
  }
  const bool first_start = state.counters.count(std::string(kServerIdCounter)) == 0;
  if (first_start || !input.options->repair_wal) {
    RETURN_IF_ERROR(input.warm->CheckDirectory(live_warm, first_start));
    RETURN_IF_ERROR(input.cold->CheckDirectory(live_cold, first_start));
  }
  RETURN_IF_ERROR(input.warm->SweepOrphans(live_warm).status());
  return input.cold->SweepOrphans(live_cold).status();
}

absl::Status OpenTables(const RecoveryInput& input, const ManifestState& state) {
  std::map<TableId, std::shared_ptr<Table>> tables;
  for (const auto& definition : state.tables) {
    auto table = std::make_shared<Table>(TableOptionsFor(*input.options, input.meta, definition));
    const auto pin = state.counters.find(PinCounter(definition->id));
    if (pin != state.counters.end() && pin->second >= 1 && pin->second <= static_cast<uint64_t>(Tier::kCold)) {
      table->SetPin(static_cast<Tier>(pin->second));
    }
    if (const auto saved = state.sharding.find(definition->id); saved != state.sharding.end())
      RETURN_IF_ERROR(table->RestoreSharding(saved->second));
    tables[definition->id] = table;
    input.registry->Add(table);
  }
  std::map<std::pair<TableId, SegmentId>, const std::vector<VersionEnd>*> ends;
  for (const SegmentEnds& segment : state.ends) ends[{segment.table, segment.segment}] = &segment.ends;
  std::vector<SegmentRecord> oldest_first = state.segments;
  std::stable_sort(oldest_first.begin(), oldest_first.end(), [](const SegmentRecord& a, const SegmentRecord& b) {
    return a.max_commit < b.max_commit;
  });
  for (const SegmentRecord& record : oldest_first) {
    const auto table = tables.find(record.table);
    if (table == tables.end() || record.shard >= kShardCount) {
      return absl::DataLossError(absl::StrFormat("manifest: segment %d names table %d, shard %d", record.id.value(),
                                                 record.table.value(), record.shard));
    }
    auto versions = std::make_shared<RowVersions>(record.row_count, input.options->budget);
    if (const auto known = ends.find({record.table, record.id}); known != ends.end()) {
      for (const VersionEnd& end : *known->second) {
        if (end.row >= record.row_count) {
          return absl::DataLossError(absl::StrFormat("manifest: segment %d has no row %d", record.id.value(), end.row));
        }
        versions->SetEnd(end.row, end.end);
      }
      versions->MarkSaved(versions->change_count());
    }
    if (state.counters.count(IncompleteSegmentCounter(record.id)) != 0) versions->MarkIncomplete();
    FileTier* tier = record.tier == Tier::kCold ? input.cold : input.warm;
    ASSIGN_OR_RETURN(auto file, tier->OpenFile(record, table->second->definition(), versions));
    table->second->AddSegment(record.shard, {.group = nullptr, .file = std::move(file), .versions = versions});
  }
  for (const auto& [place, point] : state.seal_points) {
    const auto table = tables.find(place.first);
    if (table != tables.end()) table->second->SetSealPoint(place.second, point);
  }
  for (const auto& [id, table] : tables) {
    const auto floor = state.counters.find(HistoryFloorCounter(id));
    if (floor != state.counters.end()) table->RaiseHistoryFloor(floor->second);
  }
  return absl::OkStatus();
}

absl::StatusOr<Batch> DecodeRows(const Table& table, const CommitRecord& rows) {
  ASSIGN_OR_RETURN(Batch batch, DecodeBatch(rows.batch, table.definition()));
  if (batch.row_count == rows.placements.size()) return batch;
  return absl::DataLossError(
      absl::StrFormat("commit record places %d rows but holds %d", rows.placements.size(), batch.row_count));
}

// Applies one record. Rows of dropped tables are gone on purpose.
absl::Status Replay(const RecoveryInput& input, const WalRecord& record, Recovered* recovered) {
  ASSIGN_OR_RETURN(const CommitRecord commit, DecodeCommitRecord(record.payload));
  RETURN_IF_ERROR(input.times->Learn(record.commit, commit.time_ns));
  if (!commit.producer.empty()) {  // the rows of a table dropped since were applied once, too
    const ProducerStamp stamp{.producer = std::string(commit.producer),
                              .sequence = commit.sequence,
                              .content_hash = commit.content_hash};
    RETURN_IF_ERROR(input.producers->Learn(stamp, record.commit));
  }
  const std::shared_ptr<Table> table = input.registry->FindById(commit.table);
  if (table == nullptr) return absl::OkStatus();
  absl::Status applied;
  if (commit.kind == CommitKind::kRows) {
    ASSIGN_OR_RETURN(const Batch batch, DecodeRows(*table, commit));
    RETURN_IF_ERROR(table->LearnPlacements(batch, commit.placements));
    applied = table->Apply(batch, commit.placements, record.commit,
                           [&](ClosedGroup closed) { recovered->closed.emplace_back(table, std::move(closed)); });
  } else {
    uint64_t changed = 0;
    applied = table->EndVersions(commit.ids, record.commit, commit.erase, &changed);
  }
  if (!absl::IsDataLoss(applied)) return applied;
  // The rows are there; what ends with this commit stands in a damaged segment. That must not keep the rest from being
  // served.
  Event(*input.options, "ended row not found",
        absl::StrFormat("commit %d: %s", record.commit, std::string(applied.message())));
  return absl::OkStatus();
}

// Producers go back to what is kept, and no number of a lost commit is given again.
absl::Status GiveUpAfter(const RecoveryInput& input, Commit kept_through, Recovered* recovered) {
  ASSIGN_OR_RETURN(const std::vector<RewoundProducer> rewound, input.producers->Rewind(kept_through));
  Commit last_commit = std::max(recovered->last_commit, kept_through);
  for (const RewoundProducer& producer : rewound) {
    last_commit = std::max(last_commit, producer.last_commit);
    Event(*input.options, "producer rewound",
          absl::StrFormat("producer \"%s\" from sequence %d to %d%s; %d of the batches taken back were written straight to "
                          "files and will be there twice if they are sent again",
                          producer.producer, producer.from_sequence, producer.to_sequence,
                          producer.forgotten ? ", older ones are not known any more" : "", producer.batches_in_files));
  }
  ASSIGN_OR_RETURN(const std::optional<CommitTime> last_time, input.meta->LastCommitTime());
  if (last_time.has_value()) last_commit = std::max(last_commit, last_time->commit);
  recovered->last_commit = last_commit;
  ManifestEdit edit;
  edit.SetCounter(std::string(kLastCommitCounter), last_commit);
  return input.meta->Commit(edit).status();
}

// A repair gives up acknowledged commits: their producers must send them again, and nobody else may get their numbers, which
// readers hold as tokens. Before the log is cut, so that a crash in between repeats it.
absl::Status ForgetLostCommits(const RecoveryInput& input, const WalTail& tail, Recovered* recovered) {
  const WalLoss& loss = *tail.loss;
  Event(*input.options, "write-ahead log repaired",
        absl::StrFormat("cut at %s, offset %d (%s); given up: %d bytes, %d readable records up to commit %d", loss.file,
                        loss.offset, loss.reason, loss.lost_bytes, loss.readable_records, loss.last_readable_commit));
  // What is below the log's first file is in segment files.
  const Commit first = tail.files.empty() ? ParseWalFileName(loss.file).value_or(1) : tail.files.back().header.first_commit;
  const Commit kept_through = std::max(tail.last_commit, first - 1);
  recovered->last_commit = std::max(recovered->last_commit, loss.last_readable_commit);
  return GiveUpAfter(input, kept_through, recovered);
}

// The same, where nothing of the log is left: what is in files tells how far it had come.
absl::Status ForgetLostLog(const RecoveryInput& input, const absl::Status& why, Recovered* recovered) {
  Event(*input.options, "write-ahead log repaired", std::string(why.message()));
  return GiveUpAfter(input, recovered->last_commit, recovered);
}

// The log keeps its last file for ever. Where rows came through it once, none at all means that its disk is away, or that
// somebody removed it with rows that were nowhere else. (What a repair has set aside lies there, too.)
absl::Status CheckLogIsThere(FileSystem* fs, const std::string& dir, const ManifestState& state) {
  if (state.seal_points.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs->ListDir(dir));
  if (!entries.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the write-ahead log is gone: %s is empty, and rows that are in no file yet were there; is its disk mounted? "
      "restore a backup, or start with --wal.repair=true to go on without them",
      dir));
}

absl::Status ReplayWal(const RecoveryInput& input, const ManifestState& state, Recovered* recovered) {
  const DatabaseOptions& options = *input.options;
  FileSystem* const fs = options.file_system;
  const std::string dir = JoinPath(options.data_dir, "wal");
  const uint64_t server_id = recovered->server_id;
  RETURN_IF_ERROR(fs->CreateDirs(dir));
  const absl::Status there = CheckLogIsThere(fs, dir, state);
  if (!there.ok() && !options.repair_wal) return there;
  ASSIGN_OR_RETURN(auto reader,
                   WalReader::Open(fs, {.dir = dir, .server_id = server_id, .repair = options.repair_wal}));
  WalRecord record;
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, reader->Next(&record));
    if (!found) break;
    const absl::Status replayed = Replay(input, record, recovered);
    if (!replayed.ok()) {
      return absl::Status(replayed.code(),
                          absl::StrFormat("write-ahead log %s, offset %d, commit %d: %s", record.file, record.offset,
                                          record.commit, std::string(replayed.message())));
    }
    ++recovered->replayed_records;
    KillPoint("recovery-replay");
  }
  const WalTail& tail = reader->tail();
  if (tail.loss.has_value()) RETURN_IF_ERROR(ForgetLostCommits(input, tail, recovered));
  if (!there.ok()) RETURN_IF_ERROR(ForgetLostLog(input, there, recovered));
  recovered->last_commit = std::max(recovered->last_commit, tail.last_commit);
  // The log's last file began after commits that may have left nothing else behind: erased, expired, or refused.
  if (!tail.files.empty()) {
    recovered->last_commit = std::max(recovered->last_commit, tail.files.back().header.first_commit - 1);
  }
  ASSIGN_OR_RETURN(recovered->wal,
                   WalWriter::Open(fs, {.dir = dir, .server_id = server_id, .file_bytes = options.wal_file_bytes},
                                   tail));
  for (const std::string& file : recovered->wal->removed_files()) Event(options, "orphan removed", file);
  KillPoint("recovery-log-ready");
  return absl::OkStatus();
}

// The number that ties WAL files to their manifest, so that a log copied from elsewhere is refused.
absl::StatusOr<uint64_t> ServerId(MetaStore* meta, const ManifestState& state) {
  if (const auto known = state.counters.find(std::string(kServerIdCounter)); known != state.counters.end()) {
    return known->second;
  }
  std::random_device random;
  const uint64_t id = (uint64_t{random()} << 32 | random()) | 1;  // never 0
  ManifestEdit edit;
  edit.SetCounter(kServerIdCounter, id);
  RETURN_IF_ERROR(meta->Commit(edit).status());
  return id;
}

}  // namespace

std::string PinCounter(TableId table) { return absl::StrFormat("pin.%d", table.value()); }

TableOptions TableOptionsFor(const DatabaseOptions& options, MetaStore* meta,
                             std::shared_ptr<const TableDefinition> definition) {
  return {.definition = std::move(definition),
          .meta = meta,
          .budget = options.budget,
          .seal_rows = options.seal_rows,
          .seal_bytes = options.seal_bytes};
}

absl::StatusOr<Recovered> Recover(const RecoveryInput& input) {
  Recovered recovered;
  ASSIGN_OR_RETURN(const ManifestState state, input.meta->Load());
  recovered.manifest_version = state.version;
  recovered.builtin_tables_created = state.counters.count(std::string(kBuiltinTablesCounter)) != 0;
  KillPoint("recovery-manifest");
  RETURN_IF_ERROR(SweepOrphans(input, state));
  RETURN_IF_ERROR(OpenTables(input, state));
  for (const SegmentRecord& segment : state.segments) {
    recovered.last_commit = std::max(recovered.last_commit, segment.max_commit);
  }
  for (const auto& [place, point] : state.seal_points) {
    recovered.last_commit = std::max(recovered.last_commit, point.commit);
  }
  for (const std::string_view name : {kLastCommitCounter, std::string_view(kReclaimedCommitCounter)}) {
    const auto counter = state.counters.find(std::string(name));
    if (counter != state.counters.end()) recovered.last_commit = std::max(recovered.last_commit, counter->second);
  }
  if (const auto trusted = state.counters.find(kTrustedTimeCounter); trusted != state.counters.end()) {
    recovered.trusted_time_ns = static_cast<int64_t>(trusted->second);
  }
  KillPoint("recovery-segments");
  ASSIGN_OR_RETURN(recovered.server_id, ServerId(input.meta, state));
  RETURN_IF_ERROR(ReplayWal(input, state, &recovered));
  return recovered;
}

}  // namespace cortex
