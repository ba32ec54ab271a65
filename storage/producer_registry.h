// Which batch comes next from each producer: what makes a repeated batch harmless.
//
//   writer thread      Admit -> (Prepare of the write) -> Prepared
//   applier thread     CheckTurn -> (Apply of the write) -> Record or Applied; Abandon if it failed
//   replay             Learn, record by record
//
// Invariants.
//  - Per producer the batches applied are 1 .. last, and those prepared follow without a gap.
//  - An entry of the meta store never outlives its rows: it is written after the WAL holds them durably, or in the same
//    manifest edit as their segments.
//  - Rows never outlive their entry: replay learns it again, and the WAL is cut only after Sync.
//  - A batch bound for the WAL is never prepared behind one of the same producer that is still being written straight
//    into a file: the second would be durable even if the first then failed, and leave a gap.
#ifndef CORTEX_STORAGE_PRODUCER_REGISTRY_H_
#define CORTEX_STORAGE_PRODUCER_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/database.h"
#include "storage/meta/manifest.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"

namespace cortex {

class MetaStore;
struct RewoundProducer;

// So many of a producer's last batches are answered with their own commit when they come again, and are compared with
// what came first. DESIGN §3.7.
inline constexpr uint64_t kExactSequences = 65'536;

// The entry of an applied batch, as the meta store keeps it.
ProducerSequence AppliedSequence(const ProducerStamp& stamp, Commit commit);

class ProducerRegistry {
 public:
  // What makes a batch durable: its WAL record, or the manifest edit that names its segments.
  enum class DurableBy : uint8_t { kLog, kManifest };
  struct Verdict {
    bool duplicate = false;
    Commit commit = 0;  // of the first, if a duplicate; perhaps still on its way
  };

  // Borrows both.
  ProducerRegistry(MetaStore* meta, MemoryBudget* budget) : meta_(meta), memory_(budget, MemoryUse::kMeta) {}

  // --- submitters -----------------------------------------------------------------------------------------------
  // A batch is on its way to the log. One bound for the WAL first waits until no other of its producer is on the way to
  // the manifest, so that Admit has nothing to refuse.
  void Arrive(std::string_view producer, DurableBy durable_by);
  void Leave(std::string_view producer, DurableBy durable_by);

  // --- writer thread --------------------------------------------------------------------------------------------
  // Errors: OUT_OF_RANGE a gap, names the expected sequence; ABORTED the sequence was used for other content;
  // UNAVAILABLE behind a batch that is written straight into a file, or after one whose outcome is unknown.
  absl::StatusOr<Verdict> Admit(const ProducerStamp& stamp, DurableBy durable_by);
  void Prepared(const ProducerStamp& stamp, Commit commit, DurableBy durable_by);

  // --- applier thread -------------------------------------------------------------------------------------------
  // Errors: UNAVAILABLE if the batch before it failed.
  absl::Status CheckTurn(const ProducerStamp& stamp, Commit commit) const;
  // The rows are in the WAL and in memory: writes the entry.
  absl::Status Record(const ProducerStamp& stamp, Commit commit);
  // The rows and the entry are in the manifest.
  void Applied(const ProducerStamp& stamp, Commit commit);
  bool HasApplied(const ProducerStamp& stamp) const;

  // --- either, before the submitter hears of it -----------------------------------------------------------------
  // The batch failed: its sequence is free again, and so are those behind it. Nothing if it is not prepared.
  void Abandon(const ProducerStamp& stamp, Commit commit);

  // --- replay (before any other thread runs) --------------------------------------------------------------------
  absl::Status Learn(const ProducerStamp& stamp, Commit commit);
  // After it, if the WAL lost records: MetaStore::RewindProducers, for the registry too.
  absl::StatusOr<std::vector<RewoundProducer>> Rewind(Commit kept_through);

  // --- anybody --------------------------------------------------------------------------------------------------
  absl::StatusOr<ProducerState> StateOf(std::string_view producer) const;
  // Every entry recorded so far is durable on return.
  absl::Status Sync();

 private:
  struct InFlight {
    uint64_t sequence = 0;
    Commit commit = 0;
    uint64_t content_hash = 0;
    DurableBy durable_by = DurableBy::kLog;
  };
  struct Producer {
    ProducerState last;
    std::deque<InFlight> prepared;  // last.last_sequence + 1, + 2, ...
    std::list<std::string>::iterator recency;
  };
  // About 300 bytes each: 5 MB. Beyond it the least recently used one is asked of the meta store when it comes again.
  static constexpr size_t kMaxProducers = 16'384;
  static constexpr uint64_t kProducerBytes = 300;

  // Brings the producer in from the meta store. Called by one thread at a time.
  absl::Status Load(const std::string& producer);
  void ForgetUnknownOutcome();
  void EvictOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Verdict> JudgeOld(const ProducerStamp& stamp, const ProducerState& last) const;

  MetaStore* const meta_;

  mutable Mutex mutex_;  // guards what follows; a leaf, never held across the meta store
  CondVar left_;
  MemoryReservation memory_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Producer> producers_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> recent_ ABSL_GUARDED_BY(mutex_);  // most recently used first
  absl::flat_hash_map<std::string, uint64_t> bound_for_manifest_ ABSL_GUARDED_BY(mutex_);
  // A manifest commit with an entry ended without saying how: whether that batch was applied is known after a restart, or
  // when the meta store is well again.
  bool outcome_unknown_ ABSL_GUARDED_BY(mutex_) = false;

  std::atomic<bool> unsynced_{false};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_PRODUCER_REGISTRY_H_
