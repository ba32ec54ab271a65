#include "storage/tiers/mover.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/column_default.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/memory_budget.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/rewrite_unit.h"
#include "storage/tiers/source_columns.h"

namespace cortex {
namespace {

// Where every row of a unit went.
struct Destination {
  static constexpr uint32_t kNowhere = UINT32_MAX;  // erased, or older than the history kept
  uint32_t target = kNowhere;
  uint32_t row = 0;
};

std::vector<Destination> DestinationsOf(uint64_t row_count, const std::vector<RewrittenFile>& files) {
  std::vector<Destination> destinations(row_count);
  for (uint32_t t = 0; t < files.size(); ++t) {
    for (uint32_t i = 0; i < files[t].rows.size(); ++i) destinations[files[t].rows[i]] = {t, i};
  }
  return destinations;
}

// Ends recorded on the sources since the unit was read, set on the targets. Repeating it is harmless.
void TranslateLateEnds(const RewriteUnit& unit, absl::Span<const LiveSegment> sources,
                       const std::vector<Destination>& destinations, const std::vector<LiveSegment>& targets) {
  for (size_t s = 0; s < sources.size(); ++s) {
    // One that could not be found since, in bytes that the rewrite did not need: it may be anywhere.
    if (sources[s].versions->incomplete()) {
      for (const LiveSegment& target : targets) target.versions->MarkIncomplete();
    }
    for (const VersionEnd& end : sources[s].versions->List()) {
      const uint64_t unit_row = unit.first_row_of(s) + end.row;
      if (unit.EndAtRead(unit_row) == end.end) continue;  // the file has it
      const Destination& to = destinations[unit_row];
      if (to.target == Destination::kNowhere) continue;
      targets[to.target].versions->SetEnd(to.row, end.end);
    }
  }
}

std::vector<LiveSegment> FindSealed(const Table& table, uint32_t shard, absl::Span<const SegmentId> ids) {
  std::vector<LiveSegment> found;
  const std::shared_ptr<const SegmentList> list = table.segments();  // held: a publish meanwhile frees the old one
  for (const LiveSegment& segment : list->shards[shard]) {
    if (segment.file == nullptr) continue;
    if (std::find(ids.begin(), ids.end(), segment.id()) != ids.end()) found.push_back(segment);
  }
  return found;
}

// What is known of the reading of rows goes with them.
void CarryAccess(absl::Span<const LiveSegment> sources, const std::vector<LiveSegment>& targets) {
  int64_t touched_ns = SegmentAccess::kNever;
  for (const LiveSegment& source : sources) touched_ns = std::max(touched_ns, source.access().last_touch_ns());
  for (const LiveSegment& target : targets) target.access().Remember(touched_ns);
}

// Key, time, two commits, ordinal and the sort itself, for keys of common length.
constexpr uint64_t kOrderBytesPerRow = 96;
// The rows read, a row group gathered from them, and the same encoded.
constexpr uint64_t kResidentCopies = 3;

// As many of `sources` as have at most `raw_bytes` together, the smallest, in their order.
std::vector<LiveSegment> SmallestWithin(std::vector<LiveSegment> sources, uint64_t raw_bytes) {
  std::vector<uint64_t> sizes;
  for (const LiveSegment& source : sources) sizes.push_back(source.file->record().raw_bytes);
  std::sort(sizes.begin(), sizes.end());
  uint64_t largest = 0;
  bool any = false;
  for (const uint64_t size : sizes) {
    if (size > raw_bytes) break;
    raw_bytes -= size;
    largest = size;
    any = true;
  }
  std::erase_if(sources, [&](const LiveSegment& source) { return !any || source.file->record().raw_bytes > largest; });
  return sources;
}

}  // namespace

void MoveCount::Add(const MoveCount& other) {
  segments += other.segments;
  rows += other.rows;
  bytes_written += other.bytes_written;
  stored_bytes += other.stored_bytes;
  created.insert(created.end(), other.created.begin(), other.created.end());
  damaged_segments += other.damaged_segments;
  damage.Update(other.damage);
}

MoveCount MoveCount::Damaged(const absl::Status& damage) {
  MoveCount count;
  count.damaged_segments = 1;
  count.damage = damage;
  return count;
}

UnitLimits UnitLimits::For(uint64_t budget_bytes) {
  const uint64_t eighth = budget_bytes / 8;
  return {.resident_bytes = std::clamp<uint64_t>(eighth, 4ull << 20, 256ull << 20),
          .order_bytes = std::clamp<uint64_t>(eighth, 4ull << 20, 1ull << 30),
          .group_bytes = std::clamp<uint64_t>(eighth / 4, 1ull << 20, 64ull << 20),
          .sure_bytes = std::clamp<uint64_t>(eighth / 8, 1ull << 20, 16ull << 20)};
}

uint64_t UnitLimits::max_rows() const { return order_bytes / kOrderBytesPerRow; }

Mover::Mover(TierContext context, Pacer* pacer)
    : context_(std::move(context)), limits_(UnitLimits::For(context_.budget->limit())), pacer_(pacer) {}

MoveCount Mover::Evict(Table* table, uint32_t shard, absl::Span<const SegmentId> segments) {
  MoveCount count;
  for (const LiveSegment& segment : FindSealed(*table, shard, segments)) {
    if (segment.group == nullptr) continue;
    KillPoint("evict");
    segment.access().MarkMoved(context_.clock->MonotonicNanos(), /*promoted=*/false);
    table->PublishEvicted(shard, segment.id());
    ++count.segments;
    count.rows += segment.group->published_rows();
    count.stored_bytes += segment.file->record().file_bytes;
    context_.Event("evicted", absl::StrFormat("table %s, shard %d, segment %d, %d rows", table->definition()->name,
                                              shard, segment.id().value(), segment.group->published_rows()));
  }
  return count;
}

absl::StatusOr<MoveCount> Mover::Load(Table* table, uint32_t shard, SegmentId id, bool promoted,
                                      const StillWanted& still_wanted) {
  const std::vector<LiveSegment> found = FindSealed(*table, shard, {&id, 1});
  if (found.empty() || found[0].group != nullptr) return MoveCount();
  const LiveSegment& segment = found[0];
  // Twice: the decoded copy lives next to the group while it is filled.
  ASSIGN_OR_RETURN(auto memory, MemoryReservation::Make(context_.budget, MemoryUse::kMoves,
                                                        2 * segment.file->record().raw_bytes));
  const auto rows = static_cast<uint32_t>(segment.file->record().row_count);
  const std::shared_ptr<const SegmentReader> reader = segment.file->reader();
  std::vector<uint32_t> ordinals;
  for (size_t g = 0; g < reader->row_group_count(); ++g) {
    const RowGroupView& view = reader->row_group(g);
    ordinals.resize(ordinals.size() + view.row_count());
    RETURN_IF_ERROR(view.Ordinals(0, view.row_count(), ordinals.data() + ordinals.size() - view.row_count()));
  }
  ASSIGN_OR_RETURN(const SourceColumns columns, SourceColumnsOf(table->definition(), {&segment, 1}));
  const std::shared_ptr<const TableDefinition>& schema = columns.schema;
  auto group = std::make_shared<RowGroup>(RowGroupOptions{
      .table = schema,
      .shard = shard,
      .capacity = (rows + kHotBlockRows - 1) / kHotBlockRows * kHotBlockRows,
      .budget = context_.budget,
      .versions = segment.versions,
      .ordinals = std::move(ordinals)});
  std::vector<VersionEnd> file_ends;
  uint64_t first_row = 0;
  for (size_t g = 0; g < reader->row_group_count(); ++g) {
    RETURN_IF_ERROR(still_wanted());
    const RowGroupView& view = reader->row_group(g);
    Batch batch = Batch::For(schema);
    batch.row_count = view.row_count();
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      ASSIGN_OR_RETURN(const ColumnChunk* chunk, view.column(schema->columns[i].id));
      if (chunk == nullptr) {
        AppendDefaults(schema->columns[i], batch.row_count, &batch.columns[i]);
      } else {
        RETURN_IF_ERROR(chunk->Decode(0, batch.row_count, &batch.columns[i]));
        Bitmap exact_rows;
        chunk->AppendExactRows(0, batch.row_count, &exact_rows);
        batch.SetExactRows(i, std::move(exact_rows));
      }
    }
    std::vector<Commit> commits(batch.row_count), ends(batch.row_count);
    RETURN_IF_ERROR(view.Commits(0, batch.row_count, commits.data()));
    RETURN_IF_ERROR(view.Ends(0, batch.row_count, ends.data()));
    std::vector<uint32_t> all_rows(batch.row_count);
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      all_rows[row] = row;
      if (ends[row] != kOpenEnd) file_ends.push_back({.row = first_row + row, .end = ends[row]});
    }
    group->Append(batch, all_rows, commits);
    first_row += batch.row_count;
  }
  KillPoint("load");
  segment.access().MarkMoved(context_.clock->MonotonicNanos(), promoted);
  table->PublishLoaded(shard, id, group, file_ends);
  return MoveCount{.segments = 1, .rows = rows, .bytes_written = 0, .stored_bytes = group->memory_bytes(), .created = {}};
}

absl::Status Mover::Rewrite(Table* table, uint32_t shard, absl::Span<const SegmentId> segments, Tier target,
                            const StillWanted& still_wanted, MoveCount* moved) {
  std::vector<LiveSegment> sources = FindSealed(*table, shard, segments);
  // Neighbours in time share archives.
  std::stable_sort(sources.begin(), sources.end(), [](const LiveSegment& a, const LiveSegment& b) {
    return a.file->record().min_time < b.file->record().min_time;
  });
  size_t first = 0;
  uint64_t unit_bytes = 0;
  for (size_t i = 0; i < sources.size(); ++i) {
    unit_bytes += sources[i].file->record().raw_bytes;
    const bool is_full = i + 1 == sources.size() ||
                         unit_bytes + sources[i + 1].file->record().raw_bytes > limits_.resident_bytes;
    if (!is_full) continue;
    RETURN_IF_ERROR(RewriteInParts(table, shard, absl::MakeConstSpan(sources).subspan(first, i + 1 - first), target,
                                   still_wanted, moved));
    first = i + 1;
    unit_bytes = 0;
  }
  return absl::OkStatus();
}

absl::Status Mover::RewriteInParts(Table* table, uint32_t shard, absl::Span<const LiveSegment> sources, Tier target,
                                   const StillWanted& still_wanted, MoveCount* moved) {
  const absl::StatusOr<MoveCount> unit = RewriteUnit(table, shard, sources, target, still_wanted);
  const bool is_damaged = absl::IsDataLoss(unit.status());
  if (unit.ok() || (is_damaged && sources.size() < 2)) {
    moved->Add(unit.ok() ? *unit : MoveCount::Damaged(unit.status()));
    return absl::OkStatus();
  }
  if ((!is_damaged && !absl::IsResourceExhausted(unit.status())) || sources.size() < 2) return unit.status();
  const size_t half = sources.size() / 2;
  RETURN_IF_ERROR(RewriteInParts(table, shard, sources.subspan(0, half), target, still_wanted, moved));
  return RewriteInParts(table, shard, sources.subspan(half), target, still_wanted, moved);
}

absl::StatusOr<MoveCount> Mover::Merge(Table* table, uint32_t shard, absl::Span<const SegmentId> segments, Tier tier,
                                       const StillWanted& still_wanted) {
  std::vector<LiveSegment> sources = FindSealed(*table, shard, segments);
  // Planned a while ago: what has moved elsewhere since is no part of it.
  std::erase_if(sources, [&](const LiveSegment& source) { return source.file->record().tier != tier; });
  if (sources.empty() || sources.size() < std::min<size_t>(segments.size(), 2)) return MoveCount();
  const absl::StatusOr<MoveCount> moved = RewriteUnit(table, shard, sources, tier, still_wanted);
  if (!absl::IsResourceExhausted(moved.status())) return moved;
  std::vector<LiveSegment> smallest = SmallestWithin(std::move(sources), limits_.sure_bytes / kResidentCopies);
  if (smallest.size() < 2) return moved;
  return RewriteUnit(table, shard, smallest, tier, still_wanted);
}

absl::StatusOr<MoveCount> Mover::Reclaim(Table* table, uint32_t shard, absl::Span<const SegmentId> segments) {
  MoveCount count;
  const std::vector<LiveSegment> sources = FindSealed(*table, shard, segments);
  if (sources.empty()) return count;
  {
    MutexLock maintenance(table->maintenance_mutex(shard));
    if (table->dropped()) return count;
    ManifestEdit edit;
    Commit last_commit = context_.visible_commit();  // a file may hold later ones already
    for (const LiveSegment& source : sources) {
      edit.RemoveSegment(table->id(), source.id());
      ++count.segments;
      count.rows += source.file->record().row_count;
      last_commit = std::max(last_commit, source.file->record().max_commit);
    }
    edit.RaiseCounter(kReclaimedCommitCounter, last_commit);
    KillPoint("reclaim");
    RETURN_IF_ERROR(context_.meta->Commit(edit).status());
    KillPoint("reclaim-committed");
    table->PublishReplaced(shard, segments, {}, [] {});
  }
  KillPoint("reclaim-published");
  for (const LiveSegment& source : sources) source.file->Retire();
  context_.Event("reclaimed", absl::StrFormat("table %s, shard %d, %d segments, %d expired rows",
                                              table->definition()->name, shard, count.segments, count.rows));
  return count;
}

absl::StatusOr<MoveCount> Mover::RewriteUnit(Table* table, uint32_t shard, absl::Span<const LiveSegment> sources,
                                             Tier target, const StillWanted& still_wanted) {
  if (table->dropped()) return MoveCount();
  RETURN_IF_ERROR(still_wanted());
  RETURN_IF_ERROR(context_.meta->health());  // or every try would leave files that nobody may remove
  FileTier* const tier = target == Tier::kCold ? context_.cold : context_.warm;
  uint64_t rows = 0;
  std::vector<SegmentId> source_ids;
  for (const LiveSegment& source : sources) {
    rows += source.file->record().row_count;
    source_ids.push_back(source.id());
  }
  ASSIGN_OR_RETURN(const SourceColumns columns, SourceColumnsOf(table->definition(), sources));
  const uint64_t raw_bytes = columns.raw_bytes;
  // The rows, or what decides their order, and one row group gathered from them and encoded.
  MemoryReservation memory(context_.budget, MemoryUse::kMoves);
  const uint64_t group_bytes = (kResidentCopies - 1) * std::min(limits_.group_bytes, raw_bytes);
  // Files merge slowest when memory is short, and memory is short because of files: small units are never refused.
  const bool is_sure = raw_bytes + group_bytes <= limits_.sure_bytes;
  if (is_sure) memory.ForceGrow(raw_bytes + group_bytes);
  const bool resident = is_sure || (raw_bytes <= limits_.resident_bytes && memory.Grow(raw_bytes + group_bytes).ok());
  if (!resident) RETURN_IF_ERROR(memory.Grow(rows * kOrderBytesPerRow + group_bytes));

  // Write.
  ASSIGN_OR_RETURN(const Commit floor, context_.OldestReadable(*table));
  const std::shared_ptr<const TableDefinition>& schema = columns.schema;
  ASSIGN_OR_RETURN(const class RewriteUnit unit,
                   RewriteUnit::Read(schema, {sources.begin(), sources.end()}, raw_bytes, resident));
  if (!resident) RETURN_IF_ERROR(memory.Resize(unit.memory_bytes() + group_bytes));
  KillPoint("rewrite-read");
  std::vector<RewrittenFile> files;
  UncommittedFiles uncommitted(tier);
  for (std::vector<uint32_t>& target_rows : unit.SortedPartitions(/*by_partition=*/target == Tier::kCold, floor)) {
    ASSIGN_OR_RETURN(const SegmentId id, context_.meta->NextSegmentId());
    ASSIGN_OR_RETURN(RewrittenFile file,
                     unit.Write(tier, shard, id, std::move(target_rows), limits_.group_bytes, pacer_, still_wanted));
    uncommitted.Add(file.info.file_name);
    files.push_back(std::move(file));
  }
  MoveCount count;
  count.segments = sources.size();
  count.rows = unit.row_count();
  const std::vector<Destination> destinations = DestinationsOf(unit.row_count(), files);
  std::vector<LiveSegment> targets;
  for (const RewrittenFile& file : files) {
    SegmentRecord record = tier->RecordOf(*schema, file.info);
    record.ended_row_count = file.ended_row_count;
    record.max_end = file.max_end;
    auto versions = std::make_shared<RowVersions>(record.row_count, context_.budget);
    ASSIGN_OR_RETURN(auto sealed, tier->OpenFile(record, schema, versions));
    targets.push_back({.group = nullptr, .file = std::move(sealed), .versions = std::move(versions)});
    count.bytes_written += record.file_bytes;
    count.stored_bytes += record.file_bytes;
    count.created.push_back(record.id);
  }

  CarryAccess(sources, targets);
  {
    MutexLock maintenance(table->maintenance_mutex(shard));
    if (table->dropped()) return MoveCount();
    // Commit. Ends that came while the files were written go along; those that come after stay in memory and in the WAL
    // until the shard's next seal saves them.
    TranslateLateEnds(unit, sources, destinations, targets);
    ManifestEdit edit;
    for (const SegmentId id : source_ids) edit.RemoveSegment(table->id(), id);
    for (size_t t = 0; t < targets.size(); ++t) {
      edit.AddSegment(targets[t].file->record());
      const SegmentInfo& info = files[t].info;
      if (target == Tier::kCold) edit.PutColdIndex(info.id, info.footer, info.key_filter, info.fences);
      const uint64_t changes = targets[t].versions->change_count();
      const std::vector<VersionEnd> ends = targets[t].versions->List();
      if (!ends.empty()) edit.PutEnds(table->id(), info.id, ends);
      targets[t].versions->MarkSaved(changes);
      if (targets[t].versions->incomplete()) edit.SetCounter(IncompleteSegmentCounter(info.id), 1);
    }
    const uint64_t rows_kept = std::accumulate(files.begin(), files.end(), uint64_t{0},
                                               [](uint64_t sum, const auto& file) { return sum + file.rows.size(); });
    if (rows_kept < unit.row_count() && floor > table->history_floor()) {
      edit.SetCounter(HistoryFloorCounter(table->id()), floor);
      table->RaiseHistoryFloor(floor);  // before anything is missing
    }
    // The highest commits may have been those of rows that are gone.
    if (rows_kept < unit.row_count()) edit.RaiseCounter(kReclaimedCommitCounter, context_.visible_commit());
    KillPoint(target == Tier::kCold ? "archive-written" : "rewrite-written");
    RETURN_IF_ERROR(CommitWithFiles(context_.meta, edit, {&uncommitted}));
    KillPoint(target == Tier::kCold ? "archive-committed" : "rewrite-committed");
    // Publish.
    table->PublishReplaced(shard, source_ids, targets,
                           [&] { TranslateLateEnds(unit, sources, destinations, targets); });
  }
  KillPoint(target == Tier::kCold ? "archive-published" : "rewrite-published");
  // Retire.
  for (const LiveSegment& source : sources) source.file->Retire();
  context_.Event("rewritten", absl::StrFormat("table %s, shard %d, %d segments to %d of tier %s, %d rows, %d bytes",
                                              schema->name, shard, sources.size(), files.size(),
                                              TierName(target), count.rows, count.bytes_written));
  return count;
}

}  // namespace cortex
