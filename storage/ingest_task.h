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
#include "storage/direct_write.h"
#include "storage/ingest_context.h"
#include "storage/merge.h"
#include "storage/runtime/memory_budget.h"
#include "storage/table/table.h"

namespace cortex {

using IngestDone = std::function<void(absl::StatusOr<CommitToken>)>;

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
  bool Join(const std::shared_ptr<DirectWrite>& write, Commit commit) override;
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

// Straight into `warm` or `cold`, by a manifest edit before the ack, together with those behind it: direct_write.h.
// Nothing of it stands in the WAL.
class FileIngestTask final : public CommitTask {
 public:
  FileIngestTask(IngestContext context, std::shared_ptr<Table> table, IngestRequest request,
                 std::optional<Merge> merge, MemoryReservation memory, IngestDone done);

  uint64_t queued_bytes() const override { return bytes_; }
  bool reads_applied_state() const override { return merge_.has_value(); }
  absl::StatusOr<std::string> Prepare(Commit commit) override;
  void Lead(absl::Span<const PreparedTask> group) override;
  bool Join(const std::shared_ptr<DirectWrite>& write, Commit commit) override;
  absl::Status Apply(Commit commit) override;
  bool MayBeDurable() const override { return write_ != nullptr && write_->MayBeDurable(); }
  void Done(absl::StatusOr<Commit> result) override;

 private:
  void AddTo(DirectWrite* write, Commit commit) const;

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
  std::shared_ptr<DirectWrite> write_;  // that it joined
};

// Keeps, of rows with the same key, only the last (ENTITIES tables). Most batches have none and come back untouched.
Batch KeepLastOfEachKey(Batch batch);

}  // namespace cortex

#endif  // CORTEX_STORAGE_INGEST_TASK_H_
