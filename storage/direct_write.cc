#include "storage/direct_write.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"
#include "storage/outcome_unknown.h"
#include "storage/producer_registry.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/sealer.h"
#include "storage/tiers/tier_context.h"
#include "storage/tiers/tiering_policy.h"

namespace cortex {

// The parts that share files: of one table, tier and schema.
struct DirectWrite::Unit {
  std::vector<const Part*> parts;
  Batch joined;  // of several parts
  // By row of the parts, one after the other.
  std::vector<Commit> commits, ends;
  std::vector<uint32_t> ordinals;  // the place in its batch: unique within the commit, and so within the shard
  std::vector<bool> is_first;      // of its key among all parts: what it supersedes is live already
  std::array<std::vector<uint32_t>, kShardCount> rows;  // of each shard

  const Table& table() const { return *parts[0]->table; }
  FileTier* tier() const { return parts[0]->tier; }
  const Batch& batch() const { return parts.size() == 1 ? *parts[0]->batch : joined; }
  bool IsEntities() const { return batch().table->kind == TableKind::kEntities; }
  bool Takes(const Part& part) const {
    return parts[0]->table == part.table && parts[0]->tier == part.tier &&
           parts[0]->batch->table->schema_id == part.batch->table->schema_id;
  }
};

struct DirectWrite::File {
  const Unit* unit = nullptr;
  uint32_t shard = 0;
  std::vector<uint32_t> rows;  // of the unit, in file order
  std::unique_ptr<SegmentWriter> writer;  // until it is finished
  SegmentInfo info;
  LiveSegment live;
  std::vector<FoundVersion> superseded;
};

namespace {

// Their memory was reserved thrice: as they came, here, and for the rows of the file being written.
Batch Join(absl::Span<const DirectWrite::Part* const> parts) {
  Batch joined = Batch::For(parts[0]->batch->table);
  for (const DirectWrite::Part* part : parts) joined.row_count += part->batch->row_count;
  for (size_t i = 0; i < joined.columns.size(); ++i) {
    Bitmap exact_rows;
    for (const DirectWrite::Part* part : parts) {
      const uint32_t rows = part->batch->row_count;
      joined.columns[i].AppendRows(part->batch->columns[i], 0, rows);
      if (const Bitmap* exact = part->batch->ExactRows(i); exact != nullptr) {
        exact_rows.AppendBits(exact->words(), 0, rows);
      } else {
        exact_rows.Append(false, rows);
      }
    }
    joined.SetExactRows(i, std::move(exact_rows));
  }
  return joined;
}

// Of what the meta store is to know of an archive: from the writer, in the manifest edit, in the batch made of that.
constexpr uint64_t kEditCopies = 3;

// By key, then time, then commit.
void SortByKey(const Batch& batch, std::vector<uint32_t>* rows) {
  const Column& keys = batch.columns[batch.table->key_ordinal()];
  const auto times = batch.columns[batch.table->time_ordinal()].values_as<int64_t>();
  std::stable_sort(rows->begin(), rows->end(), [&](uint32_t a, uint32_t b) {
    const int order = keys.StringAt(a).compare(keys.StringAt(b));
    return order != 0 ? order < 0 : times[a] < times[b];
  });
}

// Row by row: what `values` says of unit rows `rows`.
template <typename T>
std::vector<T> Select(const std::vector<T>& values, absl::Span<const uint32_t> rows) {
  std::vector<T> selected;
  selected.reserve(rows.size());
  for (const uint32_t row : rows) selected.push_back(values[row]);
  return selected;
}

}  // namespace

// Per row: commit, end, ordinal, whether it is the first of its key, its place, and the same again for the file being
// written; of entities also its key's last row among several batches, what it supersedes, and that one's end.
uint64_t DirectWriteBytes(const Batch& batch) {
  constexpr uint64_t kRow = 2 * (sizeof(Commit) + sizeof(Commit) + 2 * sizeof(uint32_t)) + 1;
  constexpr uint64_t kEntityRow = 96 + sizeof(FoundVersion) + 2 * sizeof(VersionEnd);
  return batch.row_count * (kRow + (batch.table->kind == TableKind::kEntities ? kEntityRow : 0));
}

void DirectWrite::Add(const Part& part) {
  if (part.producer->has_value()) sequences_[(*part.producer)->producer] = (*part.producer)->sequence;
  parts_.push_back(part);
}

bool DirectWrite::HoldsOneBefore(const ProducerStamp& stamp) const {
  const auto last = sequences_.find(stamp.producer);
  return last != sequences_.end() && last->second + 1 == stamp.sequence;
}

absl::Status DirectWrite::Write() {
  if (!result_.has_value()) result_ = WriteOnce();
  return *result_;
}

bool DirectWrite::MaySucceedAlone() const {
  if (parts_.size() < 2 || committing_) return false;
  const bool one_tier = std::all_of(parts_.begin(), parts_.end(),
                                    [&](const Part& part) { return part.tier == parts_[0].tier; });
  return !absl::IsResourceExhausted(*result_) || !one_tier;
}

bool DirectWrite::MayBeDurable() const {
  return result_.has_value() && (result_->ok() || IsOutcomeUnknown(*result_));
}

absl::Status DirectWrite::WriteOnce() {
  RETURN_IF_ERROR(context_.meta->health());  // or every batch would leave files that nobody may remove
  std::vector<Unit> units = MakeUnits();
  RETURN_IF_ERROR(SealOlderRows(units));
  UncommittedFiles warm(context_.warm), cold(context_.cold);
  MemoryReservation memory(context_.budget, MemoryUse::kMoves);
  ASSIGN_OR_RETURN(std::vector<File> files, WriteFiles(units, {&warm, &cold}, &memory));
  KillPoint("ingest-file-written");
  return CommitAndPublish(std::move(files), {&warm, &cold});
}

std::vector<DirectWrite::Unit> DirectWrite::MakeUnits() const {
  std::vector<Unit> units;
  absl::flat_hash_map<std::pair<const Table*, absl::string_view>, std::pair<size_t, uint32_t>> newest;
  for (const Part& part : parts_) {
    auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& other) { return other.Takes(part); });
    if (unit == units.end()) unit = units.insert(units.end(), Unit());
    unit->parts.push_back(&part);
    const auto first_row = static_cast<uint32_t>(unit->commits.size());
    const uint32_t count = part.batch->row_count;
    unit->commits.resize(first_row + count, part.commit);
    unit->ends.resize(first_row + count, kOpenEnd);
    unit->is_first.resize(first_row + count, true);
    const Column& keys = part.batch->columns[part.batch->table->key_ordinal()];
    for (uint32_t row = 0; row < count; ++row) {
      unit->ordinals.push_back(row);
      unit->rows[ShardOfPlacement(part.placements[row])].push_back(first_row + row);
      // A batch alone has each key once.
      if (parts_.size() == 1 || part.batch->table->kind != TableKind::kEntities) continue;
      const auto place = std::pair(static_cast<size_t>(unit - units.begin()), first_row + row);
      const auto [known, is_new] = newest.try_emplace({part.table.get(), AbslView(keys.StringAt(row))}, place);
      if (is_new) continue;
      unit->is_first[first_row + row] = false;
      units[known->second.first].ends[known->second.second] = part.commit;
      known->second = place;
    }
  }
  for (Unit& unit : units) {
    if (unit.parts.size() > 1) unit.joined = Join(unit.parts);
  }
  return units;
}

absl::Status DirectWrite::SealOlderRows(const std::vector<Unit>& units) const {
  bool any = false;
  for (const Unit& unit : units) {
    if (!unit.IsEntities()) continue;
    const std::shared_ptr<Table>& table = unit.parts[0]->table;
    for (uint32_t shard = 0; shard < kShardCount; ++shard) {
      if (!table->HasUnsealedVersions(unit.batch(), unit.rows[shard], shard)) continue;
      table->CloseOpenGroup(shard, [&](ClosedGroup closed) { context_.sealer->Enqueue(table, std::move(closed)); });
      any = true;
    }
  }
  return any ? context_.sealer->Drain() : absl::OkStatus();
}

absl::StatusOr<std::vector<DirectWrite::File>> DirectWrite::WriteFiles(
    const std::vector<Unit>& units, absl::Span<UncommittedFiles* const> uncommitted, MemoryReservation* memory) const {
  std::vector<File> files;
  std::set<FileTier*> tiers;
  size_t finished = 0;
  const auto finish = [&]() -> absl::Status {
    for (; finished < files.size(); ++finished) RETURN_IF_ERROR(Finish(&files[finished], uncommitted));
    return absl::OkStatus();
  };
  for (const Unit& unit : units) {
    const Batch& batch = unit.batch();
    const bool is_cold = unit.tier()->tier() == Tier::kCold;
    const auto times = batch.columns[batch.table->time_ordinal()].values_as<int64_t>();
    for (uint32_t shard = 0; shard < kShardCount; ++shard) {
      std::map<int64_t, std::vector<uint32_t>> partitions;
      for (const uint32_t row : unit.rows[shard]) {
        partitions[is_cold ? PartitionOf(times[row], batch.table->policy.cold_partition) : 0].push_back(row);
      }
      for (auto& [partition, rows] : partitions) {
        ASSIGN_OR_RETURN(File file, WriteRows(unit, std::move(rows), shard));
        // Until all of it is committed; what an archive has is copied into the manifest edit and its batch.
        memory->ForceGrow(sizeof(File) + kEditCopies * file.writer->memory_bytes());
        files.push_back(std::move(file));
        if (files.size() - finished >= kMaxOpenFiles) RETURN_IF_ERROR(finish());
      }
    }
    tiers.insert(unit.tier());
  }
  RETURN_IF_ERROR(finish());
  for (FileTier* tier : tiers) RETURN_IF_ERROR(tier->SyncDirectory());
  return files;
}

absl::StatusOr<DirectWrite::File> DirectWrite::WriteRows(const Unit& unit, std::vector<uint32_t> rows,
                                                         uint32_t shard) const {
  const Batch& batch = unit.batch();
  FileTier* const tier = unit.tier();
  const bool sorted = tier->tier() == Tier::kCold;
  if (sorted) SortByKey(batch, &rows);
  ASSIGN_OR_RETURN(const SegmentId id, context_.meta->NextSegmentId());
  ASSIGN_OR_RETURN(auto writer, tier->NewFile(batch.table, shard, id, sorted, RowOrigin::New(), DirectorySync::kLater));
  constexpr size_t kRowGroupRows = 65'536;
  for (size_t first = 0; first < rows.size(); first += kRowGroupRows) {
    const auto part = absl::MakeConstSpan(rows).subspan(first, kRowGroupRows);
    std::vector<Column> columns;
    std::vector<Bitmap> exact_rows(batch.columns.size());
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      columns.emplace_back(batch.columns[i].type());
      columns.back().AppendSelected(batch.columns[i], part);
      if (batch.ExactRows(i) == nullptr) continue;
      for (const uint32_t row : part) exact_rows[i].PushBack(batch.ExactRows(i)->Get(row));
    }
    RETURN_IF_ERROR(writer->AddRowGroup(columns, Select(unit.commits, part), Select(unit.ends, part),
                                        Select(unit.ordinals, part), exact_rows));
  }
  RETURN_IF_ERROR(writer->WriteEnd());
  return File{.unit = &unit, .shard = shard, .rows = std::move(rows), .writer = std::move(writer)};
}

absl::Status DirectWrite::Finish(File* file, absl::Span<UncommittedFiles* const> uncommitted) const {
  const Unit& unit = *file->unit;
  FileTier* const tier = unit.tier();
  ASSIGN_OR_RETURN(file->info, file->writer->Finish());
  uncommitted[tier->tier() == Tier::kCold ? 1 : 0]->Add(file->info.file_name);
  file->writer.reset();
  SegmentRecord record = tier->RecordOf(*unit.batch().table, file->info);
  if (tier->tier() == Tier::kWarm) file->info.DropIndex();  // the manifest needs it of archives alone
  for (const uint32_t row : file->rows) {
    if (unit.ends[row] == kOpenEnd) continue;
    ++record.ended_row_count;
    record.max_end = std::max(record.max_end, unit.ends[row]);
  }
  file->live.versions = std::make_shared<RowVersions>(record.row_count, context_.budget);
  ASSIGN_OR_RETURN(file->live.file, tier->OpenFile(record, unit.batch().table, file->live.versions));
  return absl::OkStatus();
}

absl::Status DirectWrite::CommitAndPublish(std::vector<File> files, absl::Span<UncommittedFiles* const> uncommitted) {
  std::map<std::pair<TableId, uint32_t>, Table*> shards;
  for (const File& file : files) {
    Table* const table = file.unit->parts[0]->table.get();
    shards[{table->id(), file.shard}] = table;
  }
  // In rising order, as everybody who takes more than one.
  std::vector<std::unique_ptr<MutexLock>> maintenance;
  for (const auto& [place, table] : shards) {
    maintenance.push_back(std::make_unique<MutexLock>(table->maintenance_mutex(place.second)));
    if (table->dropped()) return absl::NotFoundError("the table was dropped while rows were written to it");
  }
  ManifestEdit edit;
  std::map<SegmentId, std::pair<TableId, std::shared_ptr<RowVersions>>> touched;
  std::map<SegmentId, std::vector<VersionEnd>> new_ends;
  for (File& file : files) {
    const Unit& unit = *file.unit;
    edit.AddSegment(file.live.file->record());
    if (unit.tier()->tier() == Tier::kCold) {
      edit.PutColdIndex(file.info.id, file.info.footer, file.info.key_filter, file.info.fences);
    }
    std::vector<uint32_t> first_rows;
    for (const uint32_t row : file.rows) {
      if (unit.is_first[row]) first_rows.push_back(row);
    }
    ASSIGN_OR_RETURN(file.superseded, unit.table().FindSuperseded(unit.batch(), first_rows, unit.commits, file.shard));
    for (const FoundVersion& version : file.superseded) {
      touched[version.segment] = {unit.table().id(), version.versions};
      new_ends[version.segment].push_back({.row = version.row, .end = version.end});
    }
  }
  for (auto& [segment, ends] : new_ends) {
    const auto& [table, versions] = touched[segment];
    const std::vector<VersionEnd> known = versions->List();
    ends.insert(ends.end(), known.begin(), known.end());
    edit.PutEnds(table, segment, ends);
  }
  for (const Part& part : parts_) {
    if (part.producer->has_value()) edit.PutSequence(AppliedSequence(**part.producer, part.commit));
  }
  committing_ = true;
  const absl::Status committed = CommitWithFiles(context_.meta, edit, uncommitted);
  // On a full disk nothing of it stays.
  if (!committed.ok() && !absl::IsResourceExhausted(committed) && !context_.meta->health().ok()) {
    return OutcomeUnknown(absl::StrFormat("the meta store failed while the batch was committed; whether it was applied is "
                                          "known after a restart, and sent again without a producer it may be there "
                                          "twice: %s",
                                          std::string(committed.message())));
  }
  RETURN_IF_ERROR(committed);
  KillPoint("ingest-file-committed");
  for (File& file : files) {
    context_.counters->ingested_bytes += file.live.file->record().raw_bytes;
    context_.counters->sealed_bytes += file.live.file->record().file_bytes;
    ++context_.counters->new_files;
    file.unit->parts[0]->table->PublishSegment(file.shard, std::move(file.live), file.superseded);
  }
  // Ends come from this thread alone, so what is recorded now is what the edit holds.
  for (const auto& [segment, ended] : touched) ended.second->MarkSaved(ended.second->change_count());
  KillPoint("ingest-file-published");
  return absl::OkStatus();
}

}  // namespace cortex
