#include "storage/table/table.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"

namespace cortex {
namespace {

std::vector<std::string_view> KeysOf(const Batch& batch) {
  const Column& keys = batch.columns[batch.table->key_ordinal()];
  std::vector<std::string_view> out;
  out.reserve(batch.row_count);
  for (uint32_t row = 0; row < batch.row_count; ++row) out.push_back(keys.StringAt(row));
  return out;
}

}  // namespace

std::string IncompleteSegmentCounter(SegmentId segment) {
  return absl::StrFormat("incomplete_segment.%d", segment.value());
}

std::string HistoryFloorCounter(TableId table) { return absl::StrFormat("history_floor.%d", table.value()); }

Table::Table(const TableOptions& options)
    : id_(options.definition->id),
      kind_(options.definition->kind),
      budget_(options.budget),
      seal_rows_(options.seal_rows),
      seal_bytes_(options.seal_bytes),
      meta_(options.meta),
      sharding_(MakeShardingStrategy(*options.definition)),
      definition_(options.definition),
      list_(std::make_shared<SegmentList>()) {
  if (kind_ == TableKind::kEntities && options.definition->sharding == ShardingKind::kFmo) {
    directory_ = std::make_unique<ShardDirectory>(options.meta, id_);
  }
}

// --- commit thread ------------------------------------------------------------------------------------------------

absl::Status Table::AssignShards(const Batch& batch, std::vector<uint8_t>* placements) {
  sharding_->Use(*batch.table);
  placements->resize(batch.row_count);
  RETURN_IF_ERROR(PlaceRows(batch, placements));
  if (sharding_->epoch() == saved_sharding_epoch_) return absl::OkStatus();
  RETURN_IF_ERROR(meta_->PutSharding(id_, sharding_->Save()));
  saved_sharding_epoch_ = sharding_->epoch();
  return absl::OkStatus();
}

absl::Status Table::RestoreSharding(std::string_view saved) {
  RETURN_IF_ERROR(sharding_->Restore(saved));
  saved_sharding_epoch_ = sharding_->epoch();
  return absl::OkStatus();
}

absl::Status Table::PlaceRows(const Batch& batch, std::vector<uint8_t>* placements) {
  const ShardBytes bytes = shard_bytes();
  if (directory_ == nullptr) {
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      (*placements)[row] = static_cast<uint8_t>(sharding_->Assign(batch, row, bytes));
    }
    return absl::OkStatus();
  }
  const std::vector<std::string_view> keys = KeysOf(batch);
  std::vector<std::optional<uint32_t>> known;
  RETURN_IF_ERROR(directory_->Find(keys, &known));
  std::vector<std::string_view> new_keys;
  std::vector<uint32_t> new_shards;
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    if (known[row].has_value()) {
      (*placements)[row] = static_cast<uint8_t>(*known[row]);
      continue;
    }
    const uint32_t shard = sharding_->Assign(batch, row, bytes);
    (*placements)[row] = static_cast<uint8_t>(shard | kFirstVersion);
    new_keys.push_back(keys[row]);
    new_shards.push_back(shard);
  }
  return directory_->Place(new_keys, new_shards);
}

absl::Status Table::LearnPlacements(const Batch& batch, absl::Span<const uint8_t> placements) {
  if (directory_ == nullptr) return absl::OkStatus();
  std::vector<uint32_t> shards;
  shards.reserve(placements.size());
  for (const uint8_t placement : placements) shards.push_back(ShardOfPlacement(placement));
  return directory_->Place(KeysOf(batch), shards);
}

absl::Status Table::Apply(const Batch& batch, absl::Span<const uint8_t> placements, Commit commit,
                          const ClosedSink& closed) {
  if (auto now = definition(); batch.table->schema_id != now->schema_id) {
    return Apply(AdaptBatch(batch, std::move(now)), placements, commit, closed);
  }
  RaiseLastRows(commit);
  std::array<std::vector<uint32_t>, kShardCount> rows;
  for (uint32_t row = 0; row < batch.row_count; ++row) rows[ShardOfPlacement(placements[row])].push_back(row);
  absl::Status status;
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    if (rows[shard].empty()) continue;
    const absl::Status applied = ApplyToShard(batch, rows[shard], placements, shard, commit, closed);
    if (!applied.ok() && !absl::IsDataLoss(applied)) return applied;
    status.Update(applied);
  }
  return status;
}

absl::Status Table::ApplyToShard(const Batch& batch, absl::Span<const uint32_t> rows,
                                 absl::Span<const uint8_t> placements, uint32_t shard_number, Commit commit,
                                 const ClosedSink& closed) {
  Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  if (commit < shard.sealed.commit) return absl::OkStatus();
  if (commit == shard.sealed.commit) {
    const auto sealed_rows = static_cast<size_t>(std::min<uint64_t>(shard.sealed.rows, rows.size()));
    rows.remove_prefix(sealed_rows);
    shard.applied = {.commit = commit, .rows = sealed_rows};
  }
  if (shard.applied.commit != commit) shard.applied = {.commit = commit, .rows = 0};
  absl::Status status;
  if (kind_ == TableKind::kEntities) {
    const std::shared_ptr<const SegmentList> list = segments();
    const Column& keys = batch.columns[batch.table->key_ordinal()];
    std::vector<std::shared_ptr<RowVersions>> damaged;
    for (const uint32_t row : rows) {
      if ((placements[row] & kFirstVersion) != 0) continue;
      auto found = FindOpenVersion(list->shards[shard_number], keys.StringAt(row), &damaged);
      if (!found.ok() && !absl::IsDataLoss(found.status())) return found.status();
      status.Update(found.status());
      if (found.ok() && found->has_value()) (*found)->versions->SetEnd((*found)->row, commit);
    }
    // Else older and newer version of a key would both be shown once the bytes can be read again.
    for (const auto& versions : damaged) versions->MarkIncomplete();
  }
  AppendLocked(shard, shard_number, batch, rows, commit, closed);
  return status;
}

absl::Status Table::EndVersions(absl::Span<const VersionId> ids, Commit commit, bool erase, uint64_t* changed) {
  absl::Status status;
  while (!ids.empty()) {
    const uint32_t shard_number = ids.front().shard;
    size_t count = 1;
    while (count < ids.size() && ids[count].shard == shard_number) ++count;
    Shard& shard = shards_[shard_number];
    MutexLock lock(&shard.mutex);
    const std::shared_ptr<const SegmentList> list = segments();
    std::vector<FoundVersion> found;
    status.Update(FindVersions(list->shards[shard_number], ids.subspan(0, count), &found));
    for (const FoundVersion& version : found) {
      KillPoint("apply-ends");
      if (!erase && version.end != kOpenEnd) continue;
      if (version.versions->SetEnd(version.row, erase ? kErased : commit)) ++*changed;
    }
    if (shard.first_unsaved_ends == 0) shard.first_unsaved_ends = commit;
    shard.last_ends = commit;
    ids.remove_prefix(count);
  }
  last_ends_.store(commit, std::memory_order_release);
  return status;
}

void Table::AppendLocked(Shard& shard, uint32_t shard_number, const Batch& batch, absl::Span<const uint32_t> rows,
                         Commit commit, const ClosedSink& closed) {
  const uint64_t row_bytes = std::max<uint64_t>(1, batch.memory_bytes() / batch.row_count);
  if (shard.open != nullptr && shard.open->table()->schema_id != batch.table->schema_id) {
    CloseLocked(shard, shard_number, closed);
  }
  while (!rows.empty()) {
    if (shard.open == nullptr) OpenGroupLocked(shard, shard_number, batch.table);
    const uint64_t used = shard.open->raw_bytes();
    const uint64_t by_bytes = used >= seal_bytes_ ? 1 : (seal_bytes_ - used) / row_bytes + 1;
    const auto step = static_cast<size_t>(std::min<uint64_t>({rows.size(), shard.open->room(), by_bytes}));
    const uint64_t raw_before = used;
    shard.open->Append(batch, rows.subspan(0, step), commit);
    shard.raw_bytes.fetch_add(shard.open->raw_bytes() - raw_before, std::memory_order_relaxed);
    shard.applied.rows += step;
    rows.remove_prefix(step);
    if (shard.open->room() == 0 || shard.open->raw_bytes() >= seal_bytes_) {
      CloseLocked(shard, shard_number, closed);
    }
  }
}

absl::StatusOr<std::vector<FoundVersion>> Table::FindSuperseded(const Batch& batch, absl::Span<const uint32_t> rows,
                                                                absl::Span<const Commit> commits,
                                                                uint32_t shard_number) const {
  std::vector<FoundVersion> superseded;
  if (kind_ != TableKind::kEntities) return superseded;
  const std::shared_ptr<const SegmentList> list = segments();
  const Column& keys = batch.columns[batch.table->key_ordinal()];
  std::vector<std::shared_ptr<RowVersions>> damaged;  // the batch is refused, and so ends nothing in them
  for (const uint32_t row : rows) {
    ASSIGN_OR_RETURN(auto found, FindOpenVersion(list->shards[shard_number], keys.StringAt(row), &damaged));
    if (!found.has_value()) continue;
    found->end = commits[row];
    superseded.push_back(*std::move(found));
  }
  return superseded;
}

bool Table::HasUnsealedVersions(const Batch& batch, absl::Span<const uint32_t> rows, uint32_t shard_number) const {
  const std::shared_ptr<const SegmentList> list = segments();
  const Column& keys = batch.columns[batch.table->key_ordinal()];
  for (const LiveSegment& segment : list->shards[shard_number]) {
    if (segment.file != nullptr) continue;
    const uint32_t published_rows = segment.group->published_rows();
    for (const uint32_t row : rows) {
      if (segment.group->FindNewest(keys.StringAt(row), published_rows).has_value()) return true;
    }
  }
  return false;
}

void Table::OpenGroupLocked(Shard& shard, uint32_t shard_number,
                            const std::shared_ptr<const TableDefinition>& definition) {
  if (shard.plain_strings_schema != definition->schema_id) shard.plain_strings.clear();
  shard.open = std::make_shared<RowGroup>(RowGroupOptions{.table = definition,
                                                          .shard = shard_number,
                                                          .capacity = seal_rows_,
                                                          .budget = budget_,
                                                          .plain_strings = shard.plain_strings,
                                                          .first_ordinal =
                                                              static_cast<uint32_t>(shard.applied.rows)});
  const LiveSegment segment{.group = shard.open, .file = nullptr, .versions = shard.open->versions()};
  EditList(shard_number, [&](std::vector<LiveSegment>* segments) { segments->push_back(segment); });
}

void Table::SetDefinition(std::shared_ptr<const TableDefinition> definition) {
  MutexLock lock(&list_mutex_);
  definition_ = std::move(definition);
}

void Table::CloseOpenGroup(uint32_t shard_number, const ClosedSink& closed) {
  Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  CloseLocked(shard, shard_number, closed);
}

void Table::CloseLocked(Shard& shard, uint32_t shard_number, const ClosedSink& closed) {
  if (shard.open == nullptr) return;
  shard.closed.push_back(shard.open);
  // Not the group itself: it would stay in memory after its eviction.
  shard.plain_strings = shard.open->PlainStrings();
  shard.plain_strings_schema = shard.open->table()->schema_id;
  closed({.shard = shard_number, .group = std::exchange(shard.open, nullptr), .seal_point = shard.applied});
}

Commit Table::FirstUnsealedCommit(uint32_t shard_number) const {
  const Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  const RowGroup* oldest = shard.closed.empty() ? shard.open.get() : shard.closed.front().get();
  if (oldest == nullptr) return shard.first_unsaved_ends;
  return shard.first_unsaved_ends == 0 ? oldest->CommitAt(0) : std::min(oldest->CommitAt(0), shard.first_unsaved_ends);
}

Commit Table::LastEnds(uint32_t shard_number) const {
  const Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  return shard.last_ends;
}

void Table::EndsSaved(uint32_t shard_number, Commit last_ends) {
  Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  if (shard.first_unsaved_ends == 0) return;
  // Those that came since: of them only the last is known.
  shard.first_unsaved_ends = shard.last_ends > last_ends ? last_ends + 1 : 0;
}

// --- recovery -----------------------------------------------------------------------------------------------------

void Table::SetSealPoint(uint32_t shard_number, SealPoint point) {
  Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  shard.sealed = point;
  shard.applied = point;
}

void Table::AddSegment(uint32_t shard_number, LiveSegment segment) {
  PublishSegment(shard_number, std::move(segment), {});
}

// --- background threads -------------------------------------------------------------------------------------------

void Table::PublishSealed(const ClosedGroup& closed, std::shared_ptr<RowGroup> served,
                          std::shared_ptr<const SealedFile> file) {
  Shard& shard = shards_[closed.shard];
  MutexLock lock(&shard.mutex);
  std::erase(shard.closed, closed.group);
  if (const int64_t touched_ns = closed.group->access().last_touch_ns(); touched_ns != SegmentAccess::kNever) {
    file->access().Remember(touched_ns);
  }
  EditList(closed.shard, [&](std::vector<LiveSegment>* segments) {
    for (LiveSegment& segment : *segments) {
      if (segment.group != closed.group) continue;
      segment.group = served;
      segment.file = file;
    }
  });
}

void Table::PublishSegment(uint32_t shard_number, LiveSegment segment, absl::Span<const FoundVersion> superseded) {
  RaiseLastRows(segment.file->record().max_commit);
  Shard& shard = shards_[shard_number];
  shard.raw_bytes.fetch_add(segment.file->record().raw_bytes, std::memory_order_relaxed);
  MutexLock lock(&shard.mutex);
  for (const FoundVersion& version : superseded) version.versions->SetEnd(version.row, version.end);
  EditList(shard_number, [&](std::vector<LiveSegment>* segments) {
    // The open group, if any, stays last: searches go newest first.
    const auto open = std::find_if(segments->begin(), segments->end(),
                                   [](const LiveSegment& live) { return live.file == nullptr; });
    segments->insert(open, std::move(segment));
  });
}

void Table::PublishEvicted(uint32_t shard_number, SegmentId id) {
  Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  EditList(shard_number, [&](std::vector<LiveSegment>* segments) {
    for (LiveSegment& segment : *segments) {
      if (segment.file != nullptr && segment.id() == id) segment.group = nullptr;
    }
  });
}

void Table::PublishLoaded(uint32_t shard_number, SegmentId id, std::shared_ptr<RowGroup> group,
                          absl::Span<const VersionEnd> file_ends) {
  Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  // An end that could not be found while the segment was read: the copy would show what the file rightly does not.
  if (group->versions()->incomplete()) return;
  for (const VersionEnd& end : file_ends) group->versions()->SetEnd(end.row, end.end);
  EditList(shard_number, [&](std::vector<LiveSegment>* segments) {
    for (LiveSegment& segment : *segments) {
      if (segment.file != nullptr && segment.id() == id) segment.group = group;
    }
  });
}

void Table::PublishReplaced(uint32_t shard_number, absl::Span<const SegmentId> sources,
                            std::vector<LiveSegment> targets, const std::function<void()>& translate_late_ends) {
  Shard& shard = shards_[shard_number];
  MutexLock lock(&shard.mutex);
  translate_late_ends();
  EditList(shard_number, [&](std::vector<LiveSegment>* segments) {
    std::erase_if(*segments, [&](const LiveSegment& segment) {
      return segment.file != nullptr && std::find(sources.begin(), sources.end(), segment.id()) != sources.end();
    });
    // Moved segments are older than everything that stayed.
    segments->insert(segments->begin(), targets.begin(), targets.end());
  });
}

void Table::RaiseLastRows(Commit commit) {
  Commit known = last_rows_.load(std::memory_order_relaxed);
  while (known < commit && !last_rows_.compare_exchange_weak(known, commit, std::memory_order_release)) {
  }
}

void Table::EditList(uint32_t shard, const std::function<void(std::vector<LiveSegment>*)>& edit) {
  MutexLock lock(&list_mutex_);
  auto edited = std::make_shared<SegmentList>(*list_);
  edit(&edited->shards[shard]);
  list_ = std::move(edited);
}

// --- anybody ------------------------------------------------------------------------------------------------------

std::shared_ptr<const SegmentList> Table::segments() const {
  MutexLock lock(&list_mutex_);
  return list_;
}

Commit Table::LastCommitInFiles() const {
  const std::shared_ptr<const SegmentList> list = segments();
  Commit last = 0;
  for (const auto& shard : list->shards) {
    for (const LiveSegment& segment : shard) {
      if (segment.file != nullptr) last = std::max(last, segment.file->record().max_commit);
    }
  }
  return last;
}

ShardBytes Table::shard_bytes() const {
  ShardBytes bytes{};
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    bytes[shard] = shards_[shard].raw_bytes.load(std::memory_order_relaxed);
  }
  return bytes;
}

}  // namespace cortex
