#include "storage/producer_task.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/direct_write.h"
#include "storage/io/kill_point.h"

namespace cortex {

ProducerTask::ProducerTask(ProducerRegistry* registry, ProducerStamp stamp, DurableBy durable_by,
                           std::unique_ptr<CommitTask> write, IngestDone done)
    : registry_(registry),
      stamp_(std::move(stamp)),
      durable_by_(durable_by),
      write_(std::move(write)),
      done_(std::move(done)) {
  registry_->Arrive(stamp_.producer, durable_by_);
}

absl::Status ProducerTask::Admit() {
  ASSIGN_OR_RETURN(verdict_, registry_->Admit(stamp_, durable_by_));
  return verdict_.duplicate ? absl::OkStatus() : write_->Admit();
}

absl::StatusOr<std::string> ProducerTask::Prepare(Commit commit) {
  if (verdict_.duplicate) return std::string();
  ASSIGN_OR_RETURN(std::string payload, write_->Prepare(commit));
  registry_->Prepared(stamp_, commit, durable_by_);
  prepared_as_ = commit;
  return payload;
}

void ProducerTask::Lead(absl::Span<const PreparedTask> group) {
  if (!verdict_.duplicate && registry_->CheckTurn(stamp_, prepared_as_).ok()) write_->Lead(group);
}

// A batch bound for files must not be durable before the one before it.
bool ProducerTask::Join(const std::shared_ptr<DirectWrite>& write, Commit commit) {
  if (verdict_.duplicate) return true;
  if (durable_by_ == DurableBy::kManifest && !write->HoldsOneBefore(stamp_) &&
      !registry_->CheckTurn(stamp_, commit).ok()) {
    return false;
  }
  return write_->Join(write, commit);
}

absl::Status ProducerTask::Apply(Commit commit) {
  if (verdict_.duplicate) {
    if (registry_->HasApplied(stamp_)) return absl::OkStatus();
    return absl::UnavailableError(absl::StrFormat("producer \"%s\": the first try of sequence %d failed; send it again",
                                                  stamp_.producer, stamp_.sequence));
  }
  RETURN_IF_ERROR(registry_->CheckTurn(stamp_, commit));
  const absl::Status written = write_->Apply(commit);
  if (durable_by_ == DurableBy::kManifest) {
    RETURN_IF_ERROR(written);
    registry_->Applied(stamp_, commit);
  } else {
    // DATA_LOSS is about older rows; these are there.
    if (!written.ok() && !absl::IsDataLoss(written)) return written;
    KillPoint("producer-applied");
    RETURN_IF_ERROR(registry_->Record(stamp_, commit));
    KillPoint("producer-recorded");
  }
  applied_ = true;
  return written;
}

void ProducerTask::Done(absl::StatusOr<Commit> result) {
  if (prepared_as_ != 0 && !applied_) registry_->Abandon(stamp_, prepared_as_);
  registry_->Leave(stamp_.producer, durable_by_);
  write_->Done(result);
  if (!result.ok()) return done_(result.status());
  done_(CommitToken{.epoch = 1,
                    .commit = verdict_.duplicate ? verdict_.commit : *result,
                    .duplicate = verdict_.duplicate});
}

}  // namespace cortex
