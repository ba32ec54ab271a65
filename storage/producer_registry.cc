#include "storage/producer_registry.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/column/utf8.h"
#include "storage/meta/meta_store.h"

namespace cortex {
namespace {

// Old entries are deleted as a range, once in so many batches: a range deletion costs the store more than a write.
constexpr uint64_t kForgetEvery = 4'096;

absl::Status Conflict(const ProducerStamp& stamp, Commit commit) {
  return absl::AbortedError(absl::StrFormat("sequence reused for other content: producer \"%s\", sequence %d, commit %d",
                                            stamp.producer, stamp.sequence, commit));
}

}  // namespace

absl::Status ValidateProducer(std::string_view producer) {
  if (producer.empty() || producer.size() > kMaxProducerBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a producer has a name of 1 to %d bytes, not %d", kMaxProducerBytes, producer.size()));
  }
  if (!IsValidUtf8(producer)) return absl::InvalidArgumentError("the name of a producer is not valid UTF-8");
  return absl::OkStatus();
}

ProducerSequence AppliedSequence(const ProducerStamp& stamp, Commit commit) {
  const bool forget = stamp.sequence % kForgetEvery == 0 && stamp.sequence > kExactSequences;
  return {.producer = stamp.producer,
          .sequence = stamp.sequence,
          .commit = commit,
          .content_hash = stamp.content_hash,
          .keep_from = forget ? stamp.sequence - kExactSequences + 1 : 0};
}

// --- submitters ---------------------------------------------------------------------------------------------------

void ProducerRegistry::Arrive(std::string_view producer, DurableBy durable_by) {
  MutexLock lock(&mutex_);
  if (durable_by == DurableBy::kManifest) {
    ++bound_for_manifest_[AbslView(producer)];
    return;
  }
  while (bound_for_manifest_.contains(AbslView(producer))) left_.Wait(&mutex_);
}

void ProducerRegistry::Leave(std::string_view producer, DurableBy durable_by) {
  if (durable_by == DurableBy::kLog) return;
  MutexLock lock(&mutex_);
  const auto it = bound_for_manifest_.find(AbslView(producer));
  if (--it->second != 0) return;
  bound_for_manifest_.erase(it);
  left_.NotifyAll();
}

// --- writer thread ------------------------------------------------------------------------------------------------

absl::Status ProducerRegistry::Load(const std::string& producer) {
  {
    MutexLock lock(&mutex_);
    const auto it = producers_.find(producer);
    if (it != producers_.end()) {
      recent_.splice(recent_.begin(), recent_, it->second.recency);
      return absl::OkStatus();
    }
  }
  ASSIGN_OR_RETURN(const std::optional<ProducerSequence> last, meta_->FindLastSequence(producer));
  MutexLock lock(&mutex_);
  if (producers_.size() >= kMaxProducers) EvictOne();
  recent_.push_front(producer);
  Producer& entry = producers_[producer];
  entry.recency = recent_.begin();
  if (last) entry.last = {.last_sequence = last->sequence, .commit = last->commit};
  memory_.ForceGrow(kProducerBytes);
  return absl::OkStatus();
}

void ProducerRegistry::EvictOne() {
  for (auto name = recent_.rbegin(); name != recent_.rend(); ++name) {
    const auto it = producers_.find(*name);
    if (!it->second.prepared.empty()) continue;
    recent_.erase(it->second.recency);
    producers_.erase(it);
    memory_.Shrink(kProducerBytes);
    return;
  }
}

absl::StatusOr<ProducerRegistry::Verdict> ProducerRegistry::JudgeOld(const ProducerStamp& stamp,
                                                                     const ProducerState& last) const {
  if (last.last_sequence - stamp.sequence >= kExactSequences) return Verdict{.duplicate = true, .commit = last.commit};
  ASSIGN_OR_RETURN(const std::optional<ProducerSequence> first, meta_->FindSequence(stamp.producer, stamp.sequence));
  if (!first) {
    // Forgotten this moment, because others moved the producer on?
    ASSIGN_OR_RETURN(const ProducerState now, StateOf(stamp.producer));
    if (now.last_sequence - stamp.sequence >= kExactSequences) return Verdict{.duplicate = true, .commit = now.commit};
    return absl::DataLossError(absl::StrFormat("meta store: producer \"%s\" is at sequence %d but has no sequence %d",
                                               stamp.producer, last.last_sequence, stamp.sequence));
  }
  if (first->content_hash != stamp.content_hash) return Conflict(stamp, first->commit);
  return Verdict{.duplicate = true, .commit = first->commit};
}

absl::StatusOr<ProducerRegistry::Verdict> ProducerRegistry::Admit(const ProducerStamp& stamp, DurableBy durable_by) {
  RETURN_IF_ERROR(Load(stamp.producer));
  ForgetUnknownOutcome();
  ProducerState last;
  {
    MutexLock lock(&mutex_);
    const Producer& producer = producers_.find(stamp.producer)->second;
    last = producer.last;
    const uint64_t expected = last.last_sequence + producer.prepared.size() + 1;
    if (stamp.sequence > expected) {
      return absl::OutOfRangeError(absl::StrFormat("gap in the sequence of producer \"%s\": expected %d, got %d",
                                                   stamp.producer, expected, stamp.sequence));
    }
    if (stamp.sequence == expected) {
      if (outcome_unknown_) {
        return absl::UnavailableError(
            "the meta store failed while a producer's batch was committed; whether it was applied is known after a "
            "restart, or once a full disk has space");
      }
      if (durable_by == DurableBy::kLog && !producer.prepared.empty() &&
          producer.prepared.back().durable_by == DurableBy::kManifest) {
        return absl::UnavailableError(
            absl::StrFormat("producer \"%s\" still writes sequence %d straight into a file; send %d again", stamp.producer,
                            expected - 1, stamp.sequence));
      }
      return Verdict();
    }
    if (stamp.sequence > last.last_sequence) {
      const InFlight& first = producer.prepared[stamp.sequence - last.last_sequence - 1];
      if (first.content_hash != stamp.content_hash) return Conflict(stamp, first.commit);
      return Verdict{.duplicate = true, .commit = first.commit};
    }
  }
  return JudgeOld(stamp, last);
}

// A full disk: once the meta store writes again, nothing is left of what it could not write then.
void ProducerRegistry::ForgetUnknownOutcome() {
  {
    MutexLock lock(&mutex_);
    if (!outcome_unknown_) return;
  }
  if (!meta_->health().ok()) return;
  MutexLock lock(&mutex_);
  outcome_unknown_ = false;
}

void ProducerRegistry::Prepared(const ProducerStamp& stamp, Commit commit, DurableBy durable_by) {
  MutexLock lock(&mutex_);
  producers_.find(stamp.producer)
      ->second.prepared.push_back({.sequence = stamp.sequence,
                                   .commit = commit,
                                   .content_hash = stamp.content_hash,
                                   .durable_by = durable_by});
}

// --- applier thread -----------------------------------------------------------------------------------------------

absl::Status ProducerRegistry::CheckTurn(const ProducerStamp& stamp, Commit commit) const {
  MutexLock lock(&mutex_);
  const auto it = producers_.find(stamp.producer);
  if (it != producers_.end() && !it->second.prepared.empty()) {
    const InFlight& next = it->second.prepared.front();
    if (next.sequence == stamp.sequence && next.commit == commit) return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrFormat("producer \"%s\": the batch before sequence %d failed; send both again",
                                                stamp.producer, stamp.sequence));
}

absl::Status ProducerRegistry::Record(const ProducerStamp& stamp, Commit commit) {
  RETURN_IF_ERROR(meta_->PutSequence(AppliedSequence(stamp, commit)));
  unsynced_.store(true, std::memory_order_release);
  Applied(stamp, commit);
  return absl::OkStatus();
}

void ProducerRegistry::Applied(const ProducerStamp& stamp, Commit commit) {
  MutexLock lock(&mutex_);
  Producer& producer = producers_.find(stamp.producer)->second;
  producer.prepared.pop_front();
  producer.last = {.last_sequence = stamp.sequence, .commit = commit};
}

bool ProducerRegistry::HasApplied(const ProducerStamp& stamp) const {
  const absl::StatusOr<ProducerState> state = StateOf(stamp.producer);
  return state.ok() && state->last_sequence >= stamp.sequence;
}

void ProducerRegistry::Abandon(const ProducerStamp& stamp, Commit commit) {
  DurableBy durable_by = DurableBy::kLog;
  {
    MutexLock lock(&mutex_);
    const auto producer = producers_.find(stamp.producer);
    if (producer == producers_.end()) return;
    std::deque<InFlight>& prepared = producer->second.prepared;
    auto mine = prepared.begin();
    while (mine != prepared.end() && mine->commit != commit) ++mine;
    if (mine == prepared.end()) return;  // went with one before it
    durable_by = mine->durable_by;
    prepared.erase(mine, prepared.end());
  }
  if (durable_by == DurableBy::kLog || meta_->health().ok()) return;
  MutexLock lock(&mutex_);
  outcome_unknown_ = true;
}

// --- replay, anybody ----------------------------------------------------------------------------------------------

absl::Status ProducerRegistry::Learn(const ProducerStamp& stamp, Commit commit) {
  RETURN_IF_ERROR(Load(stamp.producer));
  {
    MutexLock lock(&mutex_);
    ProducerState& last = producers_.find(stamp.producer)->second.last;
    if (stamp.sequence <= last.last_sequence) return absl::OkStatus();  // the meta store had it already
    last = {.last_sequence = stamp.sequence, .commit = commit};
  }
  unsynced_.store(true, std::memory_order_release);
  return meta_->PutSequence(AppliedSequence(stamp, commit));
}

absl::StatusOr<std::vector<RewoundProducer>> ProducerRegistry::Rewind(Commit kept_through) {
  ASSIGN_OR_RETURN(std::vector<RewoundProducer> rewound, meta_->RewindProducers(kept_through));
  MutexLock lock(&mutex_);
  memory_.Shrink(kProducerBytes * producers_.size());
  producers_.clear();
  recent_.clear();
  return rewound;
}

absl::StatusOr<ProducerState> ProducerRegistry::StateOf(std::string_view producer) const {
  {
    MutexLock lock(&mutex_);
    const auto it = producers_.find(AbslView(producer));
    if (it != producers_.end()) return it->second.last;
  }
  ASSIGN_OR_RETURN(const std::optional<ProducerSequence> last, meta_->FindLastSequence(producer));
  return last ? ProducerState{.last_sequence = last->sequence, .commit = last->commit} : ProducerState();
}

absl::Status ProducerRegistry::Sync() {
  if (!unsynced_.exchange(false, std::memory_order_acq_rel)) return absl::OkStatus();
  const absl::Status synced = meta_->SyncWrites();
  if (!synced.ok()) unsynced_.store(true, std::memory_order_release);
  return synced;
}

}  // namespace cortex
