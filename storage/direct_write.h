// Batches bound straight for `warm` and `cold`, made durable together: one file per table, tier, shard (and time
// partition, if cold), whatever the number of batches, and one manifest edit that names them all.
//
// A batch of a few rows becomes a file in each of 16 shards, every file is synced, and all commits wait behind it. So
// the batches that wait behind each other share their files: the longer the queue, the less each of them costs.
#ifndef CORTEX_STORAGE_DIRECT_WRITE_H_
#define CORTEX_STORAGE_DIRECT_WRITE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/column/batch.h"
#include "storage/database.h"
#include "storage/ingest_context.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/strong_id.h"
#include "storage/table/table.h"

namespace cortex {

class UncommittedFiles;

// What a batch of so many rows costs while it is written, beside its values (a copy to share files, a copy in file order):
// to be reserved before. What files cost is charged as they are written, and cannot be refused.
uint64_t DirectWriteBytes(const Batch& batch);

// Applier thread. The rows of a batch are ended, superseded and visible as if it had been written alone.
class DirectWrite {
 public:
  // A batch; what it borrows must live until Write has returned.
  struct Part {
    std::shared_ptr<Table> table;
    FileTier* tier = nullptr;
    const Batch* batch = nullptr;
    absl::Span<const uint8_t> placements;
    const std::optional<ProducerStamp>* producer = nullptr;
    Commit commit = 0;
  };

  explicit DirectWrite(IngestContext context) : context_(std::move(context)) {}
  DirectWrite(const DirectWrite&) = delete;
  DirectWrite& operator=(const DirectWrite&) = delete;

  // In commit order; not while the table is blocked.
  void Add(const Part& part);
  // A commit that is no part of this changes versions of the table: what comes behind it must not be written first.
  void Block(const Table& table) { blocked_.insert(&table); }
  bool IsBlocked(const Table& table) const { return blocked_.count(&table) != 0; }
  // Whether the producer's batch before this one was added last of its batches.
  bool HoldsOneBefore(const ProducerStamp& stamp) const;

  // Writes all parts or none, the first time; later calls return the same.
  absl::Status Write();
  // Whether a batch may succeed alone although Write failed: what one batch brought about is not for the others. Not where
  // the disk that all are bound for is full, nor once the manifest edit was begun.
  bool MaySucceedAlone() const;
  // Written, or nobody knows before a restart.
  bool MayBeDurable() const;

 private:
  struct Unit;
  struct File;
  // Written, but not synced yet.
  static constexpr size_t kMaxOpenFiles = 128;

  absl::Status WriteOnce();
  std::vector<Unit> MakeUnits() const;
  // Replay knows nothing of these commits, so older rows of the same keys must not wait in the WAL to be replayed after
  // them: they are sealed first.
  absl::Status SealOlderRows(const std::vector<Unit>& units) const;
  // `uncommitted`: of warm and of cold.
  absl::StatusOr<std::vector<File>> WriteFiles(const std::vector<Unit>& units,
                                               absl::Span<UncommittedFiles* const> uncommitted,
                                               MemoryReservation* memory) const;
  absl::StatusOr<File> WriteRows(const Unit& unit, std::vector<uint32_t> rows, uint32_t shard) const;
  absl::Status Finish(File* file, absl::Span<UncommittedFiles* const> uncommitted) const;
  absl::Status CommitAndPublish(std::vector<File> files, absl::Span<UncommittedFiles* const> uncommitted)
      ABSL_NO_THREAD_SAFETY_ANALYSIS;

  const IngestContext context_;
  std::vector<Part> parts_;
  std::set<const Table*> blocked_;
  std::map<std::string, uint64_t> sequences_;  // the last one added of each producer
  std::optional<absl::Status> result_;
  bool committing_ = false;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_DIRECT_WRITE_H_
