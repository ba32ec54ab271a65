#include "storage/ingest_task.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/commit_record.h"
#include "storage/commit_times.h"
#include "storage/tiers/sealer.h"

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

bool HotIngestTask::Join(const std::shared_ptr<DirectWrite>& write, Commit commit) {
  if (!context_.times->Learn(commit, time_ns_).ok()) return false;  // reported by Apply
  // Rows of events change no other rows, so files may be written before them.
  if (table_->definition()->kind == TableKind::kEntities) write->Block(*table_);
  return true;
}

absl::Status HotIngestTask::Apply(Commit commit) {
  RETURN_IF_ERROR(context_.times->Learn(commit, time_ns_));
  return table_->Apply(request_.batch, placements_, commit,
                       [this](ClosedGroup closed) { context_.sealer->Enqueue(table_, std::move(closed)); });
}

void HotIngestTask::Done(absl::StatusOr<Commit> result) { Report(done_, result); }

// --- warm and cold ------------------------------------------------------------------------------------------------

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

void FileIngestTask::Lead(absl::Span<const PreparedTask> group) {
  if (write_ != nullptr) return;  // it joined one before it
  const auto write = std::make_shared<DirectWrite>(context_);
  for (const PreparedTask& next : group) {
    if (!next.task->Join(write, next.commit)) break;
  }
}

bool FileIngestTask::Join(const std::shared_ptr<DirectWrite>& write, Commit commit) {
  if (write_ != nullptr) return true;  // written already
  if (!context_.times->Learn(commit, time_ns_).ok()) return false;  // reported by Apply
  if (write->IsBlocked(*table_)) return true;
  AddTo(write.get(), commit);
  write_ = write;
  return true;
}

void FileIngestTask::AddTo(DirectWrite* write, Commit commit) const {
  write->Add({.table = table_,
              .tier = tier_,
              .batch = &request_.batch,
              .placements = placements_,
              .producer = &request_.producer,
              .commit = commit});
}

absl::Status FileIngestTask::Apply(Commit commit) {
  if (write_ != nullptr) {
    const absl::Status written = write_->Write();
    if (written.ok() || !write_->MaySucceedAlone()) return written;
  }
  RETURN_IF_ERROR(context_.times->Learn(commit, time_ns_));  // durable with the manifest edit of the write
  DirectWrite alone(context_);
  AddTo(&alone, commit);
  return alone.Write();
}

void FileIngestTask::Done(absl::StatusOr<Commit> result) { Report(done_, result); }

}  // namespace cortex
