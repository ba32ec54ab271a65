// Turns closed row groups into warm segment files, in the order they were closed: write -> commit -> publish.
//
// Sealing is not eviction: the memory copy goes on serving reads. One thread; groups of one shard must be sealed in
// order because a seal point says "everything before is in files". A group that cannot be written (disk full) stays at
// the head of the queue and is tried again after a pause that doubles up to a minute; its rows are safe in the WAL.
#ifndef CORTEX_STORAGE_TIERS_SEALER_H_
#define CORTEX_STORAGE_TIERS_SEALER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "storage/runtime/mutex.h"
#include "storage/runtime/still_wanted.h"
#include "storage/table/table.h"
#include "storage/tiers/tier_context.h"

namespace cortex {

class Sealer {
 public:
  // `on_sealed` runs on the sealer's thread after each published group (the WAL may be trimmed).
  Sealer(TierContext context, std::function<void()> on_sealed);
  // Stops after the group under way. What is still queued is replayed from the WAL at the next start.
  ~Sealer();

  void Enqueue(std::shared_ptr<Table> table, ClosedGroup closed);
  // Commits the shard's unsaved ends alone, in turn with its groups: what lets the WAL go where rows only end.
  void EnqueueEnds(std::shared_ptr<Table> table, uint32_t shard);
  // Blocks until everything enqueued before is sealed. If a group cannot be written it is tried once more, now, and the
  // error of that try comes back (the group stays queued), never that of a try begun before; UNAVAILABLE when stopping. Ends with the answer of
  // `still_wanted` once that is not OK.
  absl::Status Drain(const StillWanted& still_wanted = {});
  size_t queued() const;
  // Of the rows of queued groups, as plain values.
  uint64_t queued_bytes() const;

 private:
  struct Job {
    std::shared_ptr<Table> table;
    ClosedGroup closed;  // without a group: only the ends of the shard
    uint64_t number = 0;
  };
  static constexpr int64_t kFirstPauseNs = 1'000'000'000;
  static constexpr int64_t kLongestPauseNs = 60'000'000'000;
  static constexpr int64_t kAskNs = 100'000'000;  // so often Drain asks whether it is still wanted

  void Run();
  absl::Status Seal(const Job& job);
  // The rows of `group` with the values that `file` holds of bounded columns. `columns`: the group's, decoded.
  absl::StatusOr<std::shared_ptr<RowGroup>> GroupAsStored(const RowGroup& group, const SealedFile& file,
                                                          std::vector<Column> columns, absl::Span<const Commit> commits,
                                                          std::vector<uint32_t> ordinals) const;
  absl::Status SaveEnds(Table* table, uint32_t shard);

  const TierContext context_;
  const std::function<void()> on_sealed_;

  mutable Mutex mutex_;  // guards the queue and what Drain waits for; a leaf
  CondVar changed_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t tries_ ABSL_GUARDED_BY(mutex_) = 0;        // begun so far
  uint64_t failed_try_ ABSL_GUARDED_BY(mutex_) = 0;   // the last that failed, and how
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
  bool try_now_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// The ends of a shard's sealed segments that no manifest edit holds yet, added to `edit`; call `MarkSaved` on the result
// once the edit is committed.
class UnsavedEnds {
 public:
  static UnsavedEnds Collect(Table* table, uint32_t shard, ManifestEdit* edit);
  void MarkSaved() const;

 private:
  Table* table_ = nullptr;
  uint32_t shard_ = 0;
  Commit last_ends_ = 0;
  std::vector<std::pair<std::shared_ptr<RowVersions>, uint64_t>> saved_;  // with their change counts
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_SEALER_H_
