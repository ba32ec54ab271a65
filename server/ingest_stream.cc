#include "server/ingest_stream.h"

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "server/ingest_decode.h"
#include "server/server_core.h"
#include "storage/database.h"

namespace cortex {

// Life: created by Open, deleted in OnDone, which gRPC calls after Finish and after every read and write has ended.
// Finish is called once, by whoever finds nothing left to do (ReadyToFinish); after that only OnDone touches the
// object.
class IngestStream final : public grpc::ServerBidiReactor<wire::IngestStreamRequest, wire::IngestStreamResponse> {
 public:
  IngestStream(const ServerCore& core, IngestStreams* streams)
      : core_(core), streams_(streams), record_(core.metrics, "IngestService/IngestStream") {}

  void Begin() {
    absl::StatusOr<AdmissionTicket> ticket = core_.admission->Enter(CallClass::kIngest, 0);
    if (!ticket.ok()) return End(ticket.status());
    {
      MutexLock lock(&mutex_);
      ++busy_;
      ticket_ = std::move(ticket).value();
      outgoing_.emplace_back().set_credit_bytes(window());
    }
    Pump();
    StartRead(&request_);
    Release();
  }

  // Stops reading; ends with `status` once everything queued is acknowledged. The first status wins.
  void End(const absl::Status& status) {
    {
      MutexLock lock(&mutex_);
      ++busy_;
      if (!final_status_) final_status_ = status;
    }
    Release();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return End(absl::OkStatus());  // the client has said everything
    {
      MutexLock lock(&mutex_);
      if (finished_) return;  // cancelled just before: gRPC deletes this object as soon as we have returned
      ++busy_;
    }
    if (!core_.ingest_pool->TrySubmit([this] { Handle(); })) {
      End(QueueFull(CallClass::kIngest));
      Release();
    }
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(&mutex_);
      ++busy_;
      writing_ = false;
      if (!ok) {  // the client is gone; what is queued still commits, nobody hears of it
        outgoing_.clear();
        if (!final_status_) final_status_ = absl::CancelledError("the client went away");
      }
    }
    Pump();
    Release();
  }

  void OnCancel() override { End(absl::CancelledError("the client cancelled the stream")); }

  void OnDone() override {
    streams_->Close(this);
    delete this;
  }

 private:
  uint64_t window() const { return core_.config->config.ingest_stream_window_bytes; }

  // On the ingest pool: decodes the request just read and queues it.
  void Handle() {
    const absl::Status status = HandleRequest();
    if (!status.ok()) End(status);
    {
      MutexLock lock(&mutex_);
      reading_ = false;
    }
    ReadMore();
    Release();
  }

  absl::Status HandleRequest() {
    if (core_.admission->draining())
      return absl::UnavailableError("the server is shutting down; retry on its successor");
    wire::IngestRequest* batch = request_.mutable_batch();
    ApplyDefaults(batch);
    if (!batch->has_columns() && !batch->has_rows() && index_ == 0) return absl::OkStatus();  // only defaults
    const uint64_t bytes = request_.ByteSizeLong();
    MemoryReservation memory(core_.budget, MemoryUse::kRpc);
    if (const absl::Status fits = ReserveBatch(core_.budget, bytes, &memory); !fits.ok()) {
      return WithReason(fits, kReasonMemoryBudget);
    }
    ASSIGN_OR_RETURN(IngestRequest request, DecodeIngest(*core_.database, core_.budget, *batch));
    const uint64_t rows = request.batch.row_count;
    {
      MutexLock lock(&mutex_);
      if (final_status_) return absl::OkStatus();  // ended meanwhile: not applied
      uncommitted_bytes_ += bytes;
      ++uncommitted_;
    }
    auto held = std::make_shared<MemoryReservation>(std::move(memory));
    const bool stamped = request.producer.has_value();
    core_.database->IngestAsync(std::move(request), [this, held, rows, bytes, stamped, index = index_++](
                                                        const absl::StatusOr<CommitToken>& token) mutable {
      held.reset();
      if (!token.ok() && stamped) return OnCommit(WithSequenceReason(token.status()), index, rows, bytes);
      OnCommit(token, index, rows, bytes);
    });
    return absl::OkStatus();
  }

  // Later requests of the stream need not repeat what the first one said.
  void ApplyDefaults(wire::IngestRequest* batch) {
    if (!has_defaults_) {
      has_defaults_ = true;
      defaults_.set_table(batch->table());
      defaults_.set_mode(batch->mode());
      defaults_.set_tier(batch->tier());
      defaults_.set_producer_id(batch->producer_id());
      return;
    }
    if (batch->table().empty()) batch->set_table(defaults_.table());
    if (batch->mode() == wire::INGEST_MODE_UNSPECIFIED) batch->set_mode(defaults_.mode());
    if (batch->tier() == wire::TIER_UNSPECIFIED) batch->set_tier(defaults_.tier());
    if (batch->producer_id().empty()) batch->set_producer_id(defaults_.producer_id());
  }

  // On the commit thread, in commit order: notes the result and leaves the socket to the ack thread.
  void OnCommit(const absl::StatusOr<CommitToken>& token, uint64_t index, uint64_t rows, uint64_t bytes) {
    {
      MutexLock lock(&mutex_);
      ++busy_;
      --uncommitted_;
      uncommitted_bytes_ -= bytes;
      returned_credit_ += bytes;
      if (!token.ok()) {
        commit_failed_ = true;
        // The client may have said that it sends no more, which alone would end the stream with OK.
        if (!final_status_ || final_status_->ok()) final_status_ = token.status();
      } else if (!commit_failed_) {  // behind a failed one nothing is acknowledged
        AddAck(*token, index, rows);
      }
      if (returned_credit_ >= window() / 4 || uncommitted_ == 0) {
        outgoing_.emplace_back().set_credit_bytes(std::exchange(returned_credit_, 0));
      }
      if (std::exchange(pump_queued_, true)) {
        --busy_;
        return;  // a task that has not started yet will see this result too
      }
    }
    const auto task = [this] {
      {
        MutexLock lock(&mutex_);
        pump_queued_ = false;
      }
      Pump();
      ReadMore();
      Release();
    };
    if (!core_.acks->TrySubmit(task)) task();
  }

  void AddAck(const CommitToken& token, uint64_t index, uint64_t rows) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    wire::IngestAck* ack = outgoing_.emplace_back().mutable_ack();
    ack->set_index(index);
    ack->mutable_token()->set_epoch(token.epoch);
    ack->mutable_token()->set_commit(token.commit);
    ack->set_row_count(token.duplicate ? 0 : rows);
    ack->set_duplicate(token.duplicate);
    core_.metrics->RowsIngested(ack->row_count());
  }

  // Writes the next answer unless one is being written. The caller holds busy_.
  void Pump() {
    {
      MutexLock lock(&mutex_);
      if (writing_ || outgoing_.empty()) return;
      writing_ = true;
      response_ = std::move(outgoing_.front());
      outgoing_.pop_front();
    }
    StartWrite(&response_);
  }

  // Reads the next request once there is room in the window. The caller holds busy_.
  void ReadMore() {
    {
      MutexLock lock(&mutex_);
      if (final_status_ || uncommitted_bytes_ >= window()) return;
      if (reading_) return;
      reading_ = true;
    }
    StartRead(&request_);
  }

  // Gives up one busy_ and finishes the stream if that was the last thing to do.
  void Release() {
    absl::Status status;
    {
      MutexLock lock(&mutex_);
      --busy_;
      if (!ReadyToFinish()) return;
      finished_ = true;
      status = *final_status_;
      ticket_ = AdmissionTicket();
    }
    record_.Handled(status);
    Finish(ToGrpcStatus(status));
  }

  bool ReadyToFinish() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return final_status_ && !finished_ && busy_ == 0 && uncommitted_ == 0 && !writing_ && outgoing_.empty();
  }

  const ServerCore& core_;
  IngestStreams* const streams_;
  CallRecord record_;

  // Touched by one read or its handling at a time.
  wire::IngestStreamRequest request_;
  wire::IngestRequest defaults_;
  bool has_defaults_ = false;
  uint64_t index_ = 0;

  wire::IngestStreamResponse response_;  // of the write under way

  Mutex mutex_;  // guards what follows; never held across a gRPC call
  AdmissionTicket ticket_ ABSL_GUARDED_BY(mutex_);
  std::deque<wire::IngestStreamResponse> outgoing_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> final_status_ ABSL_GUARDED_BY(mutex_);  // set: no more reading
  bool commit_failed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t uncommitted_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t uncommitted_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t returned_credit_ ABSL_GUARDED_BY(mutex_) = 0;
  int busy_ ABSL_GUARDED_BY(mutex_) = 0;         // methods that still use the object
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;  // from StartRead until the request is handled
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool pump_queued_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

grpc::ServerBidiReactor<wire::IngestStreamRequest, wire::IngestStreamResponse>* IngestStreams::Open(
    const ServerCore& core) {
  auto* stream = new IngestStream(core, this);
  {
    MutexLock lock(&mutex_);
    open_.insert(stream);
  }
  stream->Begin();
  return stream;
}

void IngestStreams::Drain() {
  MutexLock lock(&mutex_);
  for (IngestStream* stream : open_) {
    stream->End(
        WithReason(absl::UnavailableError("the server is shutting down; retry on its successor"), kReasonDraining));
  }
}

void IngestStreams::Close(IngestStream* stream) {
  MutexLock lock(&mutex_);
  open_.erase(stream);
}

}  // namespace cortex
