#include "storage/delete_task.h"

#include <utility>

#include "codecs/bytes/status_macros.h"
#include "storage/commit_record.h"
#include "storage/commit_times.h"
#include "storage/direct_write.h"
#include "storage/table/table.h"

namespace cortex {

DeleteTask::DeleteTask(std::shared_ptr<Table> table, CommitTimes* times, DeleteRequest request,
                       MemoryReservation memory, DeleteDone done)
    : table_(std::move(table)),
      times_(times),
      request_(std::move(request)),
      memory_(std::move(memory)),
      done_(std::move(done)) {}

absl::StatusOr<std::string> DeleteTask::Prepare(Commit) {
  time_ns_ = times_->Next();
  return EncodeEnds({.time_ns = time_ns_, .table = table_->id(), .erase = request_.purge, .ids = request_.rows});
}

bool DeleteTask::Join(const std::shared_ptr<DirectWrite>& write, Commit commit) {
  if (!times_->Learn(commit, time_ns_).ok()) return false;  // reported by Apply
  write->Block(*table_);
  return true;
}

absl::Status DeleteTask::Apply(Commit commit) {
  RETURN_IF_ERROR(times_->Learn(commit, time_ns_));
  return table_->EndVersions(request_.rows, commit, request_.purge, &changed_);
}

void DeleteTask::Done(absl::StatusOr<Commit> result) {
  if (!result.ok()) return done_(result.status());
  done_(DeleteResult{.token = {.epoch = 1, .commit = *result}, .row_count = changed_});
}

}  // namespace cortex
