// A delete on its way through the commit log: the versions it names end, or are erased, in one commit.
#ifndef CORTEX_STORAGE_DELETE_TASK_H_
#define CORTEX_STORAGE_DELETE_TASK_H_

#include <functional>
#include <memory>
#include <string>

#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {

class CommitTimes;
class Table;

class DeleteTask final : public CommitTask {
 public:
  using DeleteDone = std::function<void(absl::StatusOr<DeleteResult>)>;

  // `request.rows` ascending, each once. `times` is borrowed; `memory` covers the request and its record.
  DeleteTask(std::shared_ptr<Table> table, CommitTimes* times, DeleteRequest request, MemoryReservation memory,
             DeleteDone done);

  uint64_t queued_bytes() const override { return request_.rows.size() * sizeof(VersionId); }
  absl::StatusOr<std::string> Prepare(Commit commit) override;
  bool Join(const std::shared_ptr<DirectWrite>& write, Commit commit) override;
  absl::Status Apply(Commit commit) override;
  void Done(absl::StatusOr<Commit> result) override;

 private:
  const std::shared_ptr<Table> table_;
  CommitTimes* const times_;
  const DeleteRequest request_;
  const MemoryReservation memory_;
  const DeleteDone done_;
  int64_t time_ns_ = 0;
  uint64_t changed_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_DELETE_TASK_H_
