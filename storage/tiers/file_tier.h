// A tier of files: warm (light encodings, index inside the file) or cold (heavy encodings, footers, fences and key
// filters in the meta store). One directory each; the two differ in what they are opened with, not in code.
#ifndef CORTEX_STORAGE_TIERS_FILE_TIER_H_
#define CORTEX_STORAGE_TIERS_FILE_TIER_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/zptv/contract.h"
#include "storage/meta/manifest.h"
#include "storage/runtime/mutex.h"
#include "storage/segment/segment_writer.h"
#include "storage/table/live_segment.h"
#include "storage/table/manifest_segment.h"
#include "storage/tiers/blob_store.h"

namespace cortex {

class FileSystem;
class MappingCache;
class MemoryBudget;
class MetaStore;
struct MappedSlot;

// Where the rows of a new file come from: rows that never were in a file change within the contracts of their columns.
struct RowOrigin {
  bool is_file = false;
  std::vector<std::optional<ZptvStatement>> made = {};  // from files: what those say of each column

  static RowOrigin New() { return {}; }
  static RowOrigin Files(std::vector<std::optional<ZptvStatement>> made) { return {true, std::move(made)}; }
};

struct FileTierOptions {
  Tier tier = Tier::kWarm;
  std::string directory;               // created if missing
  FileSystem* file_system = nullptr;   // borrowed, as all below
  MetaStore* meta = nullptr;
  MappingCache* mappings = nullptr;
  MemoryBudget* budget = nullptr;      // charged for what readers keep; nullptr: nobody is
  std::function<void(std::string_view event, std::string_view detail)> on_event;
};

// Thread-safe. Must outlive the files it opened.
class FileTier {
 public:
  static absl::StatusOr<std::unique_ptr<FileTier>> Open(FileTierOptions options);

  // A writer of a new file of this tier, with the tier's encoding effort. `origin` says whether the rows are sealed now
  // or come from files.
  absl::StatusOr<std::unique_ptr<SegmentWriter>> NewFile(std::shared_ptr<const TableDefinition> table, uint32_t shard,
                                                         SegmentId id, bool sorted_by_key, RowOrigin origin,
                                                         DirectorySync directory_sync = DirectorySync::kAtOnce);
  // Makes the names of all finished files durable.
  absl::Status SyncDirectory();
  // What the manifest is to say about a finished file.
  SegmentRecord RecordOf(const TableDefinition& table, const SegmentInfo& info) const {
    return SegmentRecordOf(table, tier(), info);
  }
  // Opens a file the manifest names. Reads nothing yet. `late_ends`: of its rows, newer than the file.
  absl::StatusOr<std::shared_ptr<const SealedFile>> OpenFile(const SegmentRecord& record,
                                                             std::shared_ptr<const TableDefinition> table,
                                                             std::shared_ptr<const RowVersions> late_ends);
  // The bytes of a file, mapped anew. Errors: NOT_FOUND, DATA_LOSS, RESOURCE_EXHAUSTED.
  absl::StatusOr<std::shared_ptr<const ByteSource>> OpenBytes(const std::string& file_name);
  // While anybody holds them, no file is removed; what retires meanwhile goes with the last ReleaseRemovals.
  void HoldRemovals();
  void ReleaseRemovals();
  // Removes a file that was finished but never committed.
  void RemoveUncommitted(const std::string& file_name);
  // FAILED_PRECONDITION if the directory cannot be the one the manifest means: it holds none of several files that are
  // in `live`, or files of somebody else where `first_start` says that there can be none yet. Before SweepOrphans.
  absl::Status CheckDirectory(const std::set<std::string>& live, bool first_start) const;
  // Removes every segment file, finished or not, that is not in `live`: left by a crash. Returns how many.
  absl::StatusOr<uint64_t> SweepOrphans(const std::set<std::string>& live);

  Tier tier() const { return options_.tier; }
  const std::string& directory() const { return options_.directory; }

 private:
  explicit FileTier(FileTierOptions options);

  SegmentReaderOptions ReaderOptions(const SegmentRecord& record, std::shared_ptr<const TableDefinition> table,
                                     std::shared_ptr<const RowVersions> late_ends,
                                     const std::shared_ptr<MappedSlot>& slot);
  void RemoveNow(const std::string& file_name);

  const FileTierOptions options_;
  const std::unique_ptr<BlobStore> blobs_;
  Mutex mutex_;  // guards what follows; a leaf
  uint32_t removal_holds_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> held_back_ ABSL_GUARDED_BY(mutex_);
};

// What a live file costs in memory before anybody reads it, about: record, names and handles, places in lists, versions
// of rows of which none has ended. Charged as kFiles as long as somebody holds the file.
uint64_t FileMemoryBytes(const SegmentRecord& record);

// Files of a tier that no manifest names yet. Those still in it at its end are removed, so that work which fails half-way
// and is tried again does not fill the disk.
class UncommittedFiles {
 public:
  // `tier` must outlive it.
  explicit UncommittedFiles(FileTier* tier) : tier_(tier) {}
  UncommittedFiles(UncommittedFiles&& other) noexcept : tier_(other.tier_), names_(std::exchange(other.names_, {})) {}
  ~UncommittedFiles() {
    for (const std::string& name : names_) tier_->RemoveUncommitted(name);
  }
  void Add(std::string file_name) { names_.push_back(std::move(file_name)); }
  // The manifest names them, or may.
  void Keep() { names_.clear(); }

 private:
  FileTier* const tier_;
  std::vector<std::string> names_;
};

// Commits an edit that names `files`. Where it failed and nobody knows how far, they are kept too: the manifest may name
// them, and the next start tells.
absl::Status CommitWithFiles(MetaStore* meta, const ManifestEdit& edit, absl::Span<UncommittedFiles* const> files);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_FILE_TIER_H_
