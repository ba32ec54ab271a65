// A producer's batch on its way through the log: the write itself if the batch is new, a place in line if it is not.
//
// A repeated batch takes no number and writes nothing. It waits its turn all the same, so that whoever hears of it knows
// that the first one is durable and visible, and so that acknowledgements keep the order of the requests.
#ifndef CORTEX_STORAGE_PRODUCER_TASK_H_
#define CORTEX_STORAGE_PRODUCER_TASK_H_

#include <memory>
#include <string>

#include "storage/commit_log.h"
#include "storage/ingest_task.h"
#include "storage/producer_registry.h"

namespace cortex {

class ProducerTask final : public CommitTask {
 public:
  using DurableBy = ProducerRegistry::DurableBy;

  // Blocks as ProducerRegistry::Arrive does. `write` reports to nobody: `done` is called here.
  ProducerTask(ProducerRegistry* registry, ProducerStamp stamp, DurableBy durable_by, std::unique_ptr<CommitTask> write,
               IngestDone done);

  uint64_t queued_bytes() const override { return write_->queued_bytes(); }
  absl::Status Admit() override;
  bool takes_number() const override { return !verdict_.duplicate; }
  bool reads_applied_state() const override { return write_->reads_applied_state(); }
  absl::StatusOr<std::string> Prepare(Commit commit) override;
  void Lead(absl::Span<const PreparedTask> group) override;
  bool Join(const std::shared_ptr<DirectWrite>& write, Commit commit) override;
  absl::Status Apply(Commit commit) override;
  bool MayBeDurable() const override { return write_->MayBeDurable(); }
  void Done(absl::StatusOr<Commit> result) override;

 private:
  ProducerRegistry* const registry_;
  const ProducerStamp stamp_;
  const DurableBy durable_by_;
  const std::unique_ptr<CommitTask> write_;
  const IngestDone done_;
  ProducerRegistry::Verdict verdict_;
  Commit prepared_as_ = 0;  // 0: not, or a duplicate
  bool applied_ = false;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_PRODUCER_TASK_H_
