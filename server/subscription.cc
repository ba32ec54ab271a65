#include "server/subscription.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/commit_token.h"
#include "server/query_messages.h"
#include "server/result_proto.h"
#include "server/resume_token.h"
#include "server/subscription_hub.h"
#include "server/subscription_state.h"
#include "storage/change_reader.h"
#include "storage/runtime/clock.h"

namespace cortex {
namespace {

constexpr size_t kMaxMessageBytes = 1 << 20;
constexpr uint64_t kColumnsBatchBytes = 512 << 10;
constexpr uint64_t kRowsBatchBytes = 64 << 10;  // JSON-like rows grow by an order of magnitude on the wire

// Created by StartSubscription, deleted in OnDone. Whose it is at the moment: subscription_state.h.
class Subscription final : public grpc::ServerWriteReactor<wire::SubscribeResponse>, public Subscriber {
 public:
  Subscription(const ServerCore& core, const wire::SubscribeRequest* request)
      : core_(core),
        hub_(*core.subscriptions),
        request_(*request),
        record_(core.metrics, "QueryService/Subscribe"),
        stall_ns_(static_cast<int64_t>(core.config->config.query_stall_timeout_ms) * 1'000'000),
        state_(static_cast<int64_t>(core.config->config.subscribe_heartbeat_ms) * 1'000'000, stall_ns_),
        message_memory_(core.budget, MemoryUse::kRpc) {}

  void Begin() {
    const absl::Status prepared = Prepare();
    if (!prepared.ok()) return End(prepared);
    state_.MakeHeartbeatDue(core_.clock->MonotonicNanos());  // the first message comes at once: it has a token
    if (!hub_.Add(this)) {
      if (hub_.draining()) return End(Draining());
      return End(WithReason(absl::ResourceExhaustedError("too many subscriptions are open; retry when some have ended"),
                            kReasonTooManyCalls));
    }
    added_ = true;
    hub_.Schedule(this);
  }

  // --- the hub's view -------------------------------------------------------------------------------------------
  Wish Ask(int64_t now_ns) override { return state_.Ask(Now(now_ns)); }

  void EndUnread() override {
    if (hub_.draining()) return End(Draining());
    End(WithReason(absl::AbortedError(absl::StrFormat(
                       "the reader took nothing for %d ms; subscribe again with its last resume_token",
                       stall_ns_ / 1'000'000)),
                   kReasonReaderStalled));
  }

  void Step() override {
    if (const absl::Status wanted = CheckStillWanted(); !wanted.ok()) return End(wanted);
    const absl::StatusOr<bool> sent = ReadAndSend();
    if (!sent.ok()) return End(sent.status());
    if (*sent) return;
    batch_ = ChangeBatch();
    // Behind the others: commits that never stop must not keep them from their turn.
    if (!state_.Rest(Now(core_.clock->MonotonicNanos()))) hub_.Schedule(this);
  }

  // --- gRPC's view ----------------------------------------------------------------------------------------------
  void OnWriteDone(bool ok) override {
    if (state_.OnWritten(ok)) hub_.Schedule(this);
  }

  void OnCancel() override {
    if (state_.OnCancelled()) hub_.Schedule(this);
  }

  void OnDone() override { delete this; }

 private:
  SubscriptionState::Now Now(int64_t ns) const {
    return {.ns = ns, .visible = hub_.visible(), .draining = hub_.draining()};
  }

  static absl::Status Draining() {
    return WithReason(absl::UnavailableError(
                          "the server is shutting down; subscribe to its successor with the last resume_token"),
                      kReasonDraining);
  }

  absl::Status Prepare() {
    if (!request_.where().empty()) {
      return NotBuilt("conditions on subscribed rows are not built yet; leave `where` out and filter the rows");
    }
    ASSIGN_OR_RETURN(const auto table, core_.database->FindTable(request_.table()));
    ASSIGN_OR_RETURN(const std::vector<uint32_t> ordinals, ColumnOrdinals(*table, request_.columns()));
    std::vector<ColumnId> columns;
    for (const uint32_t ordinal : ordinals) {
      columns.push_back(table->columns[ordinal].id);
      names_.push_back(table->columns[ordinal].name);
    }
    ASSIGN_OR_RETURN(const ChangePosition after, Start(*table));
    table_ = table->id;
    as_rows_ = request_.format() == wire::RESULT_FORMAT_ROWS;
    reader_.emplace(ChangeReader::Options{.database = core_.database,
                                          .budget = core_.budget,
                                          .table = request_.table(),
                                          .table_id = table->id,
                                          .columns = std::move(columns),
                                          .after = after,
                                          .batch_bytes = as_rows_ ? kRowsBatchBytes : kColumnsBatchBytes,
                                          .still_wanted = [this] { return CheckStillWanted(); }});
    return absl::OkStatus();
  }

  absl::StatusOr<ChangePosition> Start(const TableDefinition& table) const {
    if (request_.resume_token().empty()) {
      if (!request_.has_after()) return ChangePosition{.commit = hub_.visible()};
      ASSIGN_OR_RETURN(const Commit after, CommitFromToken(request_.after()));
      return ChangePosition{.commit = after};
    }
    ASSIGN_OR_RETURN(const ResumePlace place, DecodeResumeToken(request_.resume_token()));
    if (place.table != table.id) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "resume_token is of another table than \"%s\", perhaps of a dropped one of that name; start over",
          table.name));
    }
    return ChangePosition{.commit = place.commit, .shard = place.shard, .ordinal = place.ordinal};
  }

  // False: there was nothing to send.
  absl::StatusOr<bool> ReadAndSend() {
    const int64_t now_ns = core_.clock->MonotonicNanos();
    if (batch_row_ == batch_.row_count) {
      state_.Look(hub_.visible());  // before reading: what comes later wakes us
      // A reader that is slow but does not stall keeps no snapshot, and its files, for ever either.
      if (reader_->holds_snapshot() && now_ns - snapshot_ns_ > stall_ns_) reader_->DropSnapshot();
      if (!reader_->holds_snapshot()) snapshot_ns_ = now_ns;
      batch_ = ChangeBatch();
      batch_row_ = 0;
      ASSIGN_OR_RETURN(batch_, reader_->Next());
    }
    message_ = wire::SubscribeResponse();
    message_memory_.Shrink(message_memory_.bytes());
    ChangePosition position = batch_.position;
    if (batch_row_ < batch_.row_count) {
      const uint32_t count = Fill(batch_.row_count - batch_row_);
      for (uint32_t row = batch_row_; row < batch_row_ + count; ++row) message_.add_commits(batch_.rows[row].commit);
      batch_row_ += count;
      position = batch_.PositionAfter(batch_row_ - 1);
    } else if (!state_.IsHeartbeatDue(now_ns)) {
      return false;
    }
    PutPosition(position);
    RETURN_IF_ERROR(message_memory_.Resize(message_.ByteSizeLong()));
    Send();
    return true;
  }

  // Puts rows from batch_row_ on into message_, at most `count` and as many as fit; returns how many.
  uint32_t Fill(uint32_t count) {
    for (;; count /= 2) {
      message_.clear_columns();
      message_.clear_rows();
      if (as_rows_) {
        for (uint32_t row = 0; row < count; ++row) {
          RowToProto(names_, batch_.columns, batch_row_ + row, message_.mutable_rows());
        }
      } else {
        message_.mutable_columns()->set_row_count(count);
        for (size_t i = 0; i < names_.size(); ++i) {
          ColumnToProto(batch_.columns[i], names_[i], batch_row_, count, message_.mutable_columns()->add_columns());
        }
      }
      if (count == 1 || message_.ByteSizeLong() <= kMaxMessageBytes) return count;
    }
  }

  void PutPosition(const ChangePosition& position) {
    message_.mutable_token()->set_epoch(kEpoch);
    message_.mutable_token()->set_commit(position.is_whole_commit() ? position.commit : position.commit - 1);
    message_.set_resume_token(EncodeResumeToken(
        {.table = table_, .commit = position.commit, .shard = position.shard, .ordinal = position.ordinal}));
  }

  absl::Status CheckStillWanted() {
    if (state_.cancelled()) return absl::CancelledError("the client went away");
    return hub_.draining() ? Draining() : absl::OkStatus();
  }

  // Afterwards OnWriteDone, or the hub, owns the call: not before StartWrite has returned, or the hub might finish a
  // call, and gRPC delete it, that is just about to write.
  void Send() {
    state_.BeginSend(core_.clock->MonotonicNanos());
    StartWrite(&message_);
    if (state_.EndSend()) hub_.Schedule(this);
  }

  // The last thing its owner does: afterwards gRPC may delete the object at any time.
  void End(const absl::Status& status) {
    state_.End();
    // A reader that stalls keeps the call, whose end it does not take either, but no snapshot and no rows.
    reader_.reset();
    batch_ = ChangeBatch();
    record_.Handled(status);
    if (added_) hub_.Remove(this);
    Finish(ToGrpcStatus(status));
  }

  const ServerCore& core_;
  SubscriptionHub& hub_;
  const wire::SubscribeRequest request_;
  CallRecord record_;
  const int64_t stall_ns_;
  SubscriptionState state_;
  bool added_ = false;
  bool as_rows_ = false;
  TableId table_;

  // Owner only.
  std::vector<std::string> names_;
  std::optional<ChangeReader> reader_;
  ChangeBatch batch_;
  uint32_t batch_row_ = 0;            // of batch_, the first that was not sent
  int64_t snapshot_ns_ = 0;           // when reader_ began to hold one
  wire::SubscribeResponse message_;   // gRPC may read it until OnWriteDone
  MemoryReservation message_memory_;
};

}  // namespace

grpc::ServerWriteReactor<wire::SubscribeResponse>* StartSubscription(const ServerCore& core,
                                                                     const wire::SubscribeRequest* request) {
  auto* call = new Subscription(core, request);
  call->Begin();
  return call;
}

}  // namespace cortex
