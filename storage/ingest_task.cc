#include "storage/ingest_task.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/commit_record.h"
#include "storage/commit_times.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"
#include "storage/producer_registry.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/rewrite_unit.h"

namespace cortex {
namespace {

constexpr uint32_t kEpoch = 1;  // one machine

void Report(const IngestDone& done, const absl::StatusOr<Commit>& result) {
  if (!result.ok()) return done(result.status());
  done(CommitToken{.epoch = kEpoch, .commit = *result});
}

}  // namespace

absl::Status CompleteMerge(const IngestContext& context, const Table& table, Merge* merge, Batch* batch) {
  RETURN_IF_ERROR(merge->Complete(*context.snapshot(table), table.last_ends(), batch));
  return ValidateBatch(*batch);
}

Batch KeepLastOfEachKey(Batch batch) {
  const Column& keys = batch.columns[batch.table->key_ordinal()];
  absl::flat_hash_map<absl::string_view, uint32_t> last;
  last.reserve(batch.row_count);
  for (uint32_t row = 0; row < batch.row_count; ++row) last[AbslView(keys.StringAt(row))] = row;
  if (last.size() == batch.row_count) return batch;
  std::vector<uint32_t> rows;
  rows.reserve(last.size());
  for (const auto& [key, row] : last) rows.push_back(row);
  std::sort(rows.begin(), rows.end());
  Batch kept = Batch::For(batch.table);
  kept.row_count = static_cast<uint32_t>(rows.size());
  for (size_t i = 0; i < batch.columns.size(); ++i) kept.columns[i].AppendSelected(batch.columns[i], rows);
  return kept;
}

// --- hot ----------------------------------------------------------------------------------------------------------

HotIngestTask::HotIngestTask(IngestContext context, std::shared_ptr<Table> table, IngestRequest request,
                             std::optional<Merge> merge, MemoryReservation memory, IngestDone done)
    : context_(std::move(context)),
      table_(std::move(table)),
      request_(std::move(request)),
      merge_(std::move(merge)),
      bytes_(request_.batch.memory_bytes()),
      memory_(std::move(memory)),
      done_(std::move(done)) {}

absl::StatusOr<std::string> HotIngestTask::Prepare(Commit) {
  if (merge_.has_value()) RETURN_IF_ERROR(CompleteMerge(context_, *table_, &*merge_, &request_.batch));
  RETURN_IF_ERROR(table_->AssignShards(request_.batch, &placements_));
  time_ns_ = context_.times->Next();
  CommitRecord record{.time_ns = time_ns_, .table = table_->id(), .placements = placements_};
  if (request_.producer) {
    record.producer = request_.producer->producer;
    record.sequence = request_.producer->sequence;
    record.content_hash = request_.producer->content_hash;
  }
  return EncodeRows(record, request_.batch);
}

absl::Status HotIngestTask::Apply(Commit commit) {
  RETURN_IF_ERROR(context_.times->Learn(commit, time_ns_));
  return table_->Apply(request_.batch, placements_, commit,
                       [this](ClosedGroup closed) { context_.sealer->Enqueue(table_, std::move(closed)); });
}

void HotIngestTask::Done(absl::StatusOr<Commit> result) { Report(done_, result); }

// --- warm and cold ------------------------------------------------------------------------------------------------

struct FileIngestTask::WrittenFile {
  uint32_t shard = 0;
  std::vector<uint32_t> rows;  // of the batch, in file order
  SegmentInfo info;
  LiveSegment live;
  std::vector<FoundVersion> superseded;
};

FileIngestTask::FileIngestTask(IngestContext context, std::shared_ptr<Table> table, IngestRequest request,
                               std::optional<Merge> merge, MemoryReservation memory, IngestDone done)
    : context_(std::move(context)),
      tier_(request.tier == Tier::kCold ? context_.cold : context_.warm),
      table_(std::move(table)),
      request_(std::move(request)),
      merge_(std::move(merge)),
      bytes_(request_.batch.memory_bytes()),
      memory_(std::move(memory)),
      done_(std::move(done)) {}

absl::StatusOr<std::string> FileIngestTask::Prepare(Commit) {
  if (merge_.has_value()) RETURN_IF_ERROR(CompleteMerge(context_, *table_, &*merge_, &request_.batch));
  RETURN_IF_ERROR(table_->AssignShards(request_.batch, &placements_));
  time_ns_ = context_.times->Next();
  return std::string();
}

absl::Status FileIngestTask::Apply(Commit commit) {
  RETURN_IF_ERROR(context_.times->Learn(commit, time_ns_));  // durable with the manifest edit below
  RETURN_IF_ERROR(context_.meta->health());  // or every batch would leave files that nobody may remove
  RETURN_IF_ERROR(SealOlderRows());
  UncommittedFiles uncommitted(tier_);
  ASSIGN_OR_RETURN(std::vector<WrittenFile> files, WriteFiles(commit, &uncommitted));
  KillPoint("ingest-file-written");
  return CommitAndPublish(std::move(files), commit, &uncommitted);
}

void FileIngestTask::Done(absl::StatusOr<Commit> result) { Report(done_, result); }

absl::Status FileIngestTask::SealOlderRows() {
  if (table_->definition()->kind != TableKind::kEntities) return absl::OkStatus();
  std::array<bool, kShardCount> touched{};
  for (const uint8_t placement : placements_) touched[ShardOfPlacement(placement)] = true;
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    if (!touched[shard]) continue;
    table_->CloseOpenGroup(shard,
                           [this](ClosedGroup closed) { context_.sealer->Enqueue(table_, std::move(closed)); });
  }
  return context_.sealer->Drain();
}

absl::StatusOr<std::vector<FileIngestTask::WrittenFile>> FileIngestTask::WriteFiles(
    Commit commit, UncommittedFiles* uncommitted) const {
  const TableDefinition& table = *request_.batch.table;
  const auto times = request_.batch.columns[table.time_ordinal()].values_as<int64_t>();
  std::map<std::pair<uint32_t, int64_t>, std::vector<uint32_t>> rows;  // by shard and time partition
  for (uint32_t row = 0; row < request_.batch.row_count; ++row) {
    const int64_t partition = tier_->tier() == Tier::kCold ? PartitionOf(times[row], table.policy.cold_partition) : 0;
    rows[{ShardOfPlacement(placements_[row]), partition}].push_back(row);
  }
  std::vector<WrittenFile> files;
  for (auto& [place, file_rows] : rows) {
    ASSIGN_OR_RETURN(WrittenFile file, WriteFile(std::move(file_rows), place.first, commit, uncommitted));
    files.push_back(std::move(file));
  }
  return files;
}

absl::StatusOr<FileIngestTask::WrittenFile> FileIngestTask::WriteFile(std::vector<uint32_t> rows, uint32_t shard,
                                                                      Commit commit,
                                                                      UncommittedFiles* uncommitted) const {
  const Batch& batch = request_.batch;
  const bool sorted = tier_->tier() == Tier::kCold;
  if (sorted) {
    const Column& keys = batch.columns[batch.table->key_ordinal()];
    const auto times = batch.columns[batch.table->time_ordinal()].values_as<int64_t>();
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
      const int order = keys.StringAt(a).compare(keys.StringAt(b));
      return order != 0 ? order < 0 : times[a] < times[b];
    });
  }
  ASSIGN_OR_RETURN(const SegmentId id, context_.meta->NextSegmentId());
  ASSIGN_OR_RETURN(auto writer, tier_->NewFile(batch.table, shard, id, sorted, RowOrigin::New()));
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
    // Unique within the commit, and so within the shard: the place in the batch.
    RETURN_IF_ERROR(writer->AddRowGroup(columns, std::vector<Commit>(part.size(), commit), {}, part, exact_rows));
  }
  ASSIGN_OR_RETURN(SegmentInfo info, writer->Finish());
  uncommitted->Add(info.file_name);
  const SegmentRecord record = tier_->RecordOf(*batch.table, info);
  auto versions = std::make_shared<RowVersions>(record.row_count, context_.budget);
  ASSIGN_OR_RETURN(auto sealed, tier_->OpenFile(record, batch.table, versions));
  return WrittenFile{.shard = shard,
                     .rows = std::move(rows),
                     .info = std::move(info),
                     .live = {.group = nullptr, .file = std::move(sealed), .versions = std::move(versions)},
                     .superseded = {}};
}

absl::Status FileIngestTask::CommitAndPublish(std::vector<WrittenFile> files, Commit commit,
                                              UncommittedFiles* uncommitted) {
  // Shards in rising order, as everybody who takes more than one.
  std::vector<std::unique_ptr<MutexLock>> maintenance;
  for (size_t i = 0; i < files.size(); ++i) {
    if (i != 0 && files[i].shard == files[i - 1].shard) continue;
    maintenance.push_back(std::make_unique<MutexLock>(table_->maintenance_mutex(files[i].shard)));
  }
  if (table_->dropped()) return absl::NotFoundError("the table was dropped while rows were written to it");
  ManifestEdit edit;
  std::map<SegmentId, std::shared_ptr<RowVersions>> touched;
  std::map<SegmentId, std::vector<VersionEnd>> new_ends;
  for (WrittenFile& file : files) {
    edit.AddSegment(file.live.file->record());
    if (tier_->tier() == Tier::kCold) {
      edit.PutColdIndex(file.info.id, file.info.footer, file.info.key_filter, file.info.fences);
    }
    ASSIGN_OR_RETURN(file.superseded, table_->FindSuperseded(request_.batch, file.rows, file.shard));
    for (const FoundVersion& version : file.superseded) {
      touched[version.segment] = version.versions;
      new_ends[version.segment].push_back({.row = version.row, .end = commit});
    }
  }
  for (auto& [segment, ends] : new_ends) {
    const std::vector<VersionEnd> known = touched[segment]->List();
    ends.insert(ends.end(), known.begin(), known.end());
    edit.PutEnds(table_->id(), segment, ends);
  }
  if (request_.producer) edit.PutSequence(AppliedSequence(*request_.producer, commit));
  RETURN_IF_ERROR(CommitWithFiles(context_.meta, edit, uncommitted));
  KillPoint("ingest-file-committed");
  for (WrittenFile& file : files) {
    context_.counters->ingested_bytes += file.live.file->record().raw_bytes;
    context_.counters->sealed_bytes += file.live.file->record().file_bytes;
    ++context_.counters->new_files;
    table_->PublishSegment(file.shard, std::move(file.live), file.superseded, commit);
  }
  // Ends come from this thread alone, so what is recorded now is what the edit holds.
  for (const auto& [segment, versions] : touched) versions->MarkSaved(versions->change_count());
  KillPoint("ingest-file-published");
  return absl::OkStatus();
}

}  // namespace cortex
