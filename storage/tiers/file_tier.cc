#include "storage/tiers/file_tier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/file_system.h"
#include "storage/io/kill_point.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/memory_budget.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/segment_reader.h"
#include "storage/table/manifest_segment.h"
#include "storage/tiers/mapping_cache.h"

namespace cortex {
namespace {

// Warm is searched, cold is small (README.md): there a sketch must fit into a column without a bound. Beside the values
// it may take what encoding them saved.
const std::vector<SketchKind> kWarmSketches = {SketchKind::kEuclidean, SketchKind::kPolar};
constexpr double kColdSketchShare = 1.0 / 16;

}  // namespace

absl::StatusOr<std::unique_ptr<FileTier>> FileTier::Open(FileTierOptions options) {
  RETURN_IF_ERROR(options.file_system->CreateDirs(options.directory));
  return std::unique_ptr<FileTier>(new FileTier(std::move(options)));
}

FileTier::FileTier(FileTierOptions options)
    : options_(std::move(options)), blobs_(MakeLocalBlobStore(options_.file_system, options_.directory)) {}

absl::StatusOr<std::unique_ptr<SegmentWriter>> FileTier::NewFile(std::shared_ptr<const TableDefinition> table,
                                                                 uint32_t shard, SegmentId id, bool sorted_by_key,
                                                                 RowOrigin origin, DirectorySync directory_sync) {
  const bool cold = tier() == Tier::kCold;
  return SegmentWriter::Create({.file_system = options_.file_system,
                                .directory = options_.directory,
                                .table = std::move(table),
                                .shard = shard,
                                .id = id,
                                .effort = cold ? EncodingEffort::kHeavy : EncodingEffort::kLight,
                                .apply_contracts = !origin.is_file,
                                .made = std::move(origin.made),
                                .sketches = cold ? std::vector<SketchKind>() : kWarmSketches,
                                .sketches_within_raw = true,
                                .sketch_share = cold ? kColdSketchShare : 0,
                                .directory_sync = directory_sync,
                                .sorted_by_key = sorted_by_key});
}

absl::Status FileTier::SyncDirectory() {
  return SyncSegmentNames(options_.file_system, options_.directory);
}

absl::StatusOr<std::shared_ptr<const SealedFile>> FileTier::OpenFile(const SegmentRecord& record,
                                                                     std::shared_ptr<const TableDefinition> table,
                                                                     std::shared_ptr<const RowVersions> late_ends) {
  const auto slot = std::make_shared<MappedSlot>();
  SegmentReaderOptions checked = ReaderOptions(record, table, late_ends, slot);
  checked.budget = nullptr;
  checked.on_cached = nullptr;
  RETURN_IF_ERROR(SegmentReader::Open(std::move(checked)).status());
  MemoryReservation memory(options_.budget, MemoryUse::kFiles);
  if (options_.budget != nullptr) memory.ForceGrow(FileMemoryBytes(record));
  auto file = std::make_shared<const SealedFile>(
      record,
      [this, table = std::move(table), late_ends = std::move(late_ends), slot](const SegmentRecord& of) {
        // Its options were found good above, and nothing else is asked for.
        return *SegmentReader::Open(ReaderOptions(of, table, late_ends, slot));
      },
      [this](const SegmentRecord& of) { RemoveUncommitted(of.file_name); }, std::move(memory));
  slot->file = file;
  return file;
}

SegmentReaderOptions FileTier::ReaderOptions(const SegmentRecord& record, std::shared_ptr<const TableDefinition> table,
                                             std::shared_ptr<const RowVersions> late_ends,
                                             const std::shared_ptr<MappedSlot>& slot) {
  SegmentReaderOptions reader_options;
  reader_options.info = SegmentInfoOf(record);
  reader_options.tier = record.tier;
  reader_options.table = std::move(table);
  reader_options.overlay = std::move(late_ends);
  reader_options.budget = options_.budget;
  reader_options.on_cached = [mappings = options_.mappings, slot] { mappings->NoteCached(slot); };
  reader_options.open_file = [blobs = blobs_.get(), mappings = options_.mappings, slot, name = record.file_name] {
    return mappings->Map(slot, [&]() -> absl::StatusOr<std::shared_ptr<const ByteSource>> {
      absl::StatusOr<std::shared_ptr<const ByteSource>> bytes = blobs->Open(name);
      if (!absl::IsNotFound(bytes.status())) return bytes;
      // Whoever holds the segment keeps its file: somebody else took it away.
      return absl::DataLossError(absl::StrCat("segment file is missing: ", name));
    });
  };
  if (tier() == Tier::kCold) {
    MetaStore* meta = options_.meta;
    reader_options.load_footer = [meta, id = record.id] { return meta->ReadFooter(id); };
    reader_options.load_key_filter = [meta, id = record.id] { return meta->ReadKeyFilter(id); };
    reader_options.load_fences = [meta, id = record.id] { return meta->ReadFences(id); };
  }
  return reader_options;
}

uint64_t FileMemoryBytes(const SegmentRecord& record) {
  constexpr uint64_t kBytes = 1'792, kBytesPerThousandRows = 8;
  return kBytes + record.file_name.capacity() + record.row_count / 1024 * kBytesPerThousandRows;
}

absl::StatusOr<std::shared_ptr<const ByteSource>> FileTier::OpenBytes(const std::string& file_name) {
  return blobs_->Open(file_name);
}

void FileTier::HoldRemovals() {
  MutexLock lock(&mutex_);
  ++removal_holds_;
}

void FileTier::ReleaseRemovals() {
  std::vector<std::string> due;
  {
    MutexLock lock(&mutex_);
    if (--removal_holds_ == 0) due.swap(held_back_);
  }
  for (const std::string& name : due) RemoveNow(name);
}

void FileTier::RemoveUncommitted(const std::string& file_name) {
  {
    MutexLock lock(&mutex_);
    if (removal_holds_ > 0) return held_back_.push_back(file_name);
  }
  RemoveNow(file_name);
}

void FileTier::RemoveNow(const std::string& file_name) {
  KillPoint("retire");
  const absl::Status status = blobs_->Remove(file_name);
  // Space is lost until the next start sweeps it; no row is.
  if (!status.ok() && options_.on_event != nullptr) options_.on_event("segment not removed", status.ToString());
}

absl::Status FileTier::CheckDirectory(const std::set<std::string>& live, bool first_start) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, blobs_->List());
  uint64_t known = 0, unknown = 0;
  for (const std::string& name : names) {
    if (live.count(name) != 0) {
      ++known;
    } else if (IsSegmentFileName(name) && name.ends_with(".seg")) {
      ++unknown;
    }
  }
  if (first_start && unknown != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the directory holds segment files of another database, which would be removed; name an empty one, or the data "
        "directory they belong to: ", options_.directory, ", ", unknown, " files"));
  }
  if (known != 0 || live.empty() || (live.size() == 1 && unknown == 0)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the directory holds none of the segment files that should be there; is its disk mounted? ", options_.directory,
      ", ", live.size(), " files"));
}

absl::StatusOr<uint64_t> FileTier::SweepOrphans(const std::set<std::string>& live) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, blobs_->List());
  uint64_t removed = 0;
  for (const std::string& name : names) {
    if (!IsSegmentFileName(name) || live.count(name) != 0) continue;  // what others left here is theirs
    KillPoint("recovery-sweep");
    RETURN_IF_ERROR(blobs_->Remove(name));
    ++removed;
    if (options_.on_event != nullptr) {
      options_.on_event("orphan removed", absl::StrCat(options_.directory, "/", name));
    }
  }
  return removed;
}

absl::Status CommitWithFiles(MetaStore* meta, const ManifestEdit& edit, absl::Span<UncommittedFiles* const> files) {
  const absl::Status committed = meta->Commit(edit).status();
  if (committed.ok() || !meta->health().ok()) {
    for (UncommittedFiles* of_tier : files) of_tier->Keep();
  }
  return committed;
}

}  // namespace cortex
