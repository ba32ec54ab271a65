#include "storage/tiers/sealer.h"

#include <pthread.h>

#include <algorithm>
#include <numeric>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"
#include "storage/segment/chunk_writer.h"
#include "storage/tiers/file_tier.h"
#include "storage/zone_map.h"

namespace cortex {
namespace {

// The group's rows as columns, and on the way the zone maps that pruning of the memory copy uses from now on.
absl::StatusOr<std::vector<Column>> DecodeGroup(RowGroup* group) {
  const TableDefinition& table = *group->table();
  const uint32_t rows = group->published_rows();
  std::vector<Column> columns;
  columns.reserve(table.columns.size());
  for (size_t i = 0; i < table.columns.size(); ++i) {
    columns.emplace_back(table.columns[i].type);
    RETURN_IF_ERROR(group->column(i).Decode(0, rows, &columns.back()));
    if (table.columns[i].type.is_filterable() && group->column(i).zone_map() == nullptr) {
      group->mutable_column(i)->SetZoneMap(std::make_unique<ZoneMap>(ComputeZoneMap(columns.back(), 0, rows)));
    }
  }
  return columns;
}

// Batch::exact_rows of the group.
std::vector<Bitmap> ExactRowsOf(const RowGroup& group) {
  std::vector<Bitmap> exact_rows(group.table()->columns.size());
  for (size_t i = 0; i < exact_rows.size(); ++i) {
    if (group.table()->columns[i].contract.kind == ZptvContract::Kind::kLossless) continue;
    group.column(i).AppendExactRows(0, group.published_rows(), &exact_rows[i]);
  }
  return exact_rows;
}

bool HasBounds(const TableDefinition& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), [](const ColumnDefinition& column) {
    return column.contract.kind != ZptvContract::Kind::kLossless;
  });
}

}  // namespace

// Bounded columns change when they are sealed. Were the group to go on serving what it was given, answers would change
// once more when it is evicted; so from publication on a copy serves what the file holds.
absl::StatusOr<std::shared_ptr<RowGroup>> Sealer::GroupAsStored(const RowGroup& group, const SealedFile& file,
                                                                std::vector<Column> columns,
                                                                absl::Span<const Commit> commits,
                                                                std::vector<uint32_t> ordinals) const {
  const std::shared_ptr<const TableDefinition>& table = group.table();
  const uint32_t rows = group.published_rows();
  Batch batch = Batch::For(table);
  batch.row_count = rows;
  batch.columns = std::move(columns);
  const std::shared_ptr<const SegmentReader> reader = file.reader();
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    if (table->columns[i].contract.kind == ZptvContract::Kind::kLossless) continue;
    ASSIGN_OR_RETURN(const ColumnChunk* chunk, reader->row_group(0).column(table->columns[i].id));
    batch.columns[i].Reset(table->columns[i].type);
    RETURN_IF_ERROR(chunk->Decode(0, rows, &batch.columns[i]));
    Bitmap exact_rows;
    chunk->AppendExactRows(0, rows, &exact_rows);
    batch.SetExactRows(i, std::move(exact_rows));
  }
  auto stored = std::make_shared<RowGroup>(RowGroupOptions{
      .table = table,
      .shard = group.shard(),
      .capacity = (rows + kHotBlockRows - 1) / kHotBlockRows * kHotBlockRows,
      .budget = context_.budget,
      .plain_strings = group.PlainStrings(),
      .versions = group.versions(),
      .ordinals = std::move(ordinals)});
  std::vector<uint32_t> all_rows(rows);
  std::iota(all_rows.begin(), all_rows.end(), 0);
  stored->Append(batch, all_rows, commits);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    if (!table->columns[i].type.is_filterable()) continue;
    stored->mutable_column(i)->SetZoneMap(std::make_unique<ZoneMap>(ComputeZoneMap(batch.columns[i], 0, rows)));
  }
  return stored;
}

UnsavedEnds UnsavedEnds::Collect(Table* table, uint32_t shard, ManifestEdit* edit) {
  UnsavedEnds unsaved;
  unsaved.table_ = table;
  unsaved.shard_ = shard;
  unsaved.last_ends_ = table->LastEnds(shard);
  const std::shared_ptr<const SegmentList> list = table->segments();  // held: a publish meanwhile frees the old one
  for (const LiveSegment& segment : list->shards[shard]) {
    if (segment.file == nullptr) continue;
    if (segment.versions->incomplete()) edit->SetCounter(IncompleteSegmentCounter(segment.id()), 1);
    if (!segment.versions->unsaved()) continue;
    const uint64_t changes = segment.versions->change_count();
    edit->PutEnds(table->id(), segment.id(), segment.versions->List());
    unsaved.saved_.emplace_back(segment.versions, changes);
  }
  return unsaved;
}

void UnsavedEnds::MarkSaved() const {
  for (const auto& [versions, changes] : saved_) versions->MarkSaved(changes);
  table_->EndsSaved(shard_, last_ends_);
}

Sealer::Sealer(TierContext context, std::function<void()> on_sealed)
    : context_(std::move(context)), on_sealed_(std::move(on_sealed)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "sealer");
}

Sealer::~Sealer() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void Sealer::Enqueue(std::shared_ptr<Table> table, ClosedGroup closed) {
  MutexLock lock(&mutex_);
  queue_.push_back({.table = std::move(table), .closed = std::move(closed), .number = next_number_++});
  changed_.NotifyAll();
}

void Sealer::EnqueueEnds(std::shared_ptr<Table> table, uint32_t shard) {
  Enqueue(std::move(table), {.shard = shard, .group = nullptr, .seal_point = {}});
}

absl::Status Sealer::Drain(const StillWanted& still_wanted) {
  MutexLock lock(&mutex_);
  const uint64_t last = next_number_ - 1;
  const uint64_t tries_before = tries_;
  while (!queue_.empty() && queue_.front().number <= last) {
    if (stopping_) return absl::UnavailableError("the database is closing");
    if (failed_try_ > tries_before) return last_error_;
    if (still_wanted != nullptr) RETURN_IF_ERROR(still_wanted());
    // Whoever drains wants to know now: a head that waits for its next try is tried at once.
    try_now_ = true;
    changed_.NotifyAll();
    if (still_wanted == nullptr) {
      changed_.Wait(&mutex_);
    } else {
      changed_.WaitFor(&mutex_, kAskNs);
    }
  }
  return absl::OkStatus();
}

size_t Sealer::queued() const {
  MutexLock lock(&mutex_);
  return queue_.size();
}

uint64_t Sealer::queued_bytes() const {
  MutexLock lock(&mutex_);
  uint64_t bytes = 0;
  for (const Job& job : queue_) bytes += job.closed.group == nullptr ? 0 : job.closed.group->raw_bytes();
  return bytes;
}

void Sealer::Run() {
  int64_t pause_ns = kFirstPauseNs;
  for (;;) {
    Job job;
    uint64_t number = 0;
    {
      MutexLock lock(&mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (stopping_) return;
      job = queue_.front();
      number = ++tries_;
    }
    const absl::Status status = Seal(job);
    if (!status.ok()) {
      const uint32_t rows = job.closed.group == nullptr ? 0 : job.closed.group->published_rows();
      context_.Event("seal failed", absl::StrFormat("table %s, shard %d, %d rows: %s", job.table->definition()->name,
                                                    job.closed.shard, rows, status.ToString()));
    }
    MutexLock lock(&mutex_);
    if (status.ok()) {
      queue_.pop_front();
      pause_ns = kFirstPauseNs;
      changed_.NotifyAll();
      continue;
    }
    last_error_ = status;
    failed_try_ = number;
    changed_.NotifyAll();
    try_now_ = false;
    const int64_t next_try_ns = context_.clock->MonotonicNanos() + pause_ns;
    while (!stopping_ && !try_now_ && context_.clock->MonotonicNanos() < next_try_ns) {
      changed_.WaitFor(&mutex_, pause_ns);
    }
    pause_ns = std::min(pause_ns * 2, kLongestPauseNs);
  }
}

absl::Status Sealer::Seal(const Job& job) {
  Table& table = *job.table;
  const ClosedGroup& closed = job.closed;
  if (table.dropped()) return absl::OkStatus();
  if (closed.group == nullptr) return SaveEnds(&table, closed.shard);
  RETURN_IF_ERROR(context_.meta->health());  // or every try would leave a file that nobody may remove
  KillPoint("seal-start");
  MemoryReservation copy(context_.budget, MemoryUse::kMoves);
  copy.ForceGrow(closed.group->raw_bytes() +
                 SketchScratchBytes(*closed.group->table(), closed.group->published_rows()));
  ASSIGN_OR_RETURN(std::vector<Column> columns, DecodeGroup(closed.group.get()));
  std::vector<Commit> commits(closed.group->published_rows());
  for (uint32_t row = 0; row < commits.size(); ++row) commits[row] = closed.group->CommitAt(row);
  std::vector<uint32_t> ordinals(commits.size());
  closed.group->ReadOrdinals(0, static_cast<uint32_t>(ordinals.size()), ordinals.data());

  ASSIGN_OR_RETURN(const SegmentId id, context_.meta->NextSegmentId());
  const std::shared_ptr<const TableDefinition>& schema = closed.group->table();  // the rows' own, not today's
  ASSIGN_OR_RETURN(auto writer, context_.warm->NewFile(schema, closed.shard, id, /*sorted_by_key=*/false, RowOrigin::New()));
  RETURN_IF_ERROR(writer->AddRowGroup(columns, commits, {}, ordinals, ExactRowsOf(*closed.group)));
  ASSIGN_OR_RETURN(const SegmentInfo info, writer->Finish());
  UncommittedFiles uncommitted(context_.warm);
  uncommitted.Add(info.file_name);
  const SegmentRecord record = context_.warm->RecordOf(*schema, info);
  ASSIGN_OR_RETURN(auto file, context_.warm->OpenFile(record, schema, closed.group->versions()));
  std::shared_ptr<RowGroup> served = closed.group;
  if (HasBounds(*schema)) {
    ASSIGN_OR_RETURN(served, GroupAsStored(*closed.group, *file, std::move(columns), commits, std::move(ordinals)));
  }

  {
    MutexLock maintenance(table.maintenance_mutex(closed.shard));
    if (table.dropped()) return absl::OkStatus();
    ManifestEdit edit;
    edit.AddSegment(record);
    edit.SetSealPoint(table.id(), closed.shard, closed.seal_point);
    // It says up to which commit ends are saved now; so the group's own are listed after that.
    const UnsavedEnds unsaved = UnsavedEnds::Collect(&table, closed.shard, &edit);
    KillPoint("seal-collected");
    const uint64_t own_changes = closed.group->versions()->change_count();
    const std::vector<VersionEnd> own_ends = closed.group->versions()->List();
    if (!own_ends.empty()) edit.PutEnds(table.id(), id, own_ends);
    KillPoint("seal-written");
    RETURN_IF_ERROR(CommitWithFiles(context_.meta, edit, {&uncommitted}));
    KillPoint("seal-committed");
    unsaved.MarkSaved();
    closed.group->versions()->MarkSaved(own_changes);
    table.PublishSealed(closed, std::move(served), std::move(file));
  }
  context_.counters->ingested_bytes += record.raw_bytes;
  context_.counters->sealed_bytes += record.file_bytes;
  ++context_.counters->new_files;
  // Deterministic replay: this line and the WAL tell which rows the file holds.
  context_.Event("sealed", absl::StrFormat("table %s, shard %d, commits %d..%d, %d rows, %s",
                                           schema->name, closed.shard, record.min_commit,
                                           record.max_commit, record.row_count, record.file_name));
  KillPoint("seal-published");
  on_sealed_();
  return absl::OkStatus();
}

// The ends of groups that have no file yet go with their seals.
absl::Status Sealer::SaveEnds(Table* table, uint32_t shard) {
  {
    MutexLock maintenance(table->maintenance_mutex(shard));
    if (table->dropped()) return absl::OkStatus();
    ManifestEdit edit;
    const UnsavedEnds unsaved = UnsavedEnds::Collect(table, shard, &edit);
    if (!edit.empty()) RETURN_IF_ERROR(context_.meta->Commit(edit).status());
    unsaved.MarkSaved();
  }
  on_sealed_();
  return absl::OkStatus();
}

}  // namespace cortex
