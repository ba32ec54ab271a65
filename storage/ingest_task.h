// A batch on its way through the commit log: into the hot tier by way of the WAL, or straight into a file.
#ifndef CORTEX_STORAGE_INGEST_TASK_H_
#define CORTEX_STORAGE_INGEST_TASK_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/merge.h"
#include "storage/runtime/memory_budget.h"
#include "storage/table/table.h"
#include "storage/tiers/tier_context.h"
#include "storage/tiers/sealer.h"

namespace cortex {

class CommitTimes;
class FileTier;
class MetaStore;
class UncommittedFiles;

using IngestDone = std::function<void(absl::StatusOr<CommitToken>)>;

// What both kinds need; all borrowed.
struct IngestContext {
  MetaStore* meta = nullptr;
  Sealer* sealer = nullptr;
  FileTier* warm = nullptr;
  FileTier* cold = nullptr;
  MemoryBudget* budget = nullptr;
  CommitTimes* times = nullptr;
  // The table now.
  std::function<std::shared_ptr<const Snapshot>(const Table&)> snapshot;
  TierCounters* counters = nullptr;
};

// Completes a MERGE batch in the log's order and checks the whole rows.
absl::Status CompleteMerge(const IngestContext& context, const Table& table, Merge* merge, Batch* batch);

// Into the hot tier: the WAL makes it durable, Apply makes it visible.
class HotIngestTask final : public CommitTask {
 public:
  // `merge`: of a MERGE request, fetched; otherwise nullopt.
  HotIngestTask(IngestContext context, std::shared_ptr<Table> table, IngestRequest request,
                std::optional<Merge> merge, MemoryReservation memory, IngestDone done);

  uint64_t queued_bytes() const override { return bytes_; }
  bool reads_applied_state() const override { return merge_.has_value(); }
  absl::StatusOr<std::string> Prepare(Commit commit) override;
  absl::Status Apply(Commit commit) override;
  void Done(absl::StatusOr<Commit> result) override;

 private:
  const IngestContext context_;
  const std::shared_ptr<Table> table_;
  IngestRequest request_;
  std::optional<Merge> merge_;
  const uint64_t bytes_;
  MemoryReservation memory_;  // given back once the rows are charged as hot rows
  IngestDone done_;
  std::vector<uint8_t> placements_;
  int64_t time_ns_ = 0;
};

// Straight into `warm` or `cold`: one file per shard (and time partition, if cold), all of them committed by one
// manifest edit before the ack. Nothing of it stands in the WAL.
class FileIngestTask final : public CommitTask {
 public:
  FileIngestTask(IngestContext context, std::shared_ptr<Table> table, IngestRequest request,
                 std::optional<Merge> merge, MemoryReservation memory, IngestDone done);

  uint64_t queued_bytes() const override { return bytes_; }
  bool reads_applied_state() const override { return merge_.has_value(); }
  absl::StatusOr<std::string> Prepare(Commit commit) override;
  absl::Status Apply(Commit commit) override;
  void Done(absl::StatusOr<Commit> result) override;

 private:
  struct WrittenFile;

  // Replay knows nothing of this commit, so older rows of the same keys must not wait in the WAL to be replayed after
  // it: they are sealed first.
  absl::Status SealOlderRows();
  absl::StatusOr<std::vector<WrittenFile>> WriteFiles(Commit commit, UncommittedFiles* uncommitted) const;
  absl::StatusOr<WrittenFile> WriteFile(std::vector<uint32_t> rows, uint32_t shard, Commit commit,
                                        UncommittedFiles* uncommitted) const;
  absl::Status CommitAndPublish(std::vector<WrittenFile> files, Commit commit, UncommittedFiles* uncommitted)
      ABSL_NO_THREAD_SAFETY_ANALYSIS;

  const IngestContext context_;
  FileTier* const tier_;
  const std::shared_ptr<Table> table_;
  IngestRequest request_;
  std::optional<Merge> merge_;
  const uint64_t bytes_;
  MemoryReservation memory_;
  IngestDone done_;
  std::vector<uint8_t> placements_;
  int64_t time_ns_ = 0;
};

// Keeps, of rows with the same key, only the last (ENTITIES tables). Most batches have none and come back untouched.
Batch KeepLastOfEachKey(Batch batch);

}  // namespace cortex

#endif  // CORTEX_STORAGE_INGEST_TASK_H_
