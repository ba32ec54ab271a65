#include "server/query_stream.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/query_engine.h"
#include "server/commit_token.h"
#include "server/query_messages.h"
#include "server/result_proto.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/mutex.h"

namespace cortex {
namespace {

constexpr size_t kMaxMessageBytes = 1 << 20;
constexpr uint32_t kMaxBatchRows = 65'536;  // narrow rows: messages are bounded by bytes instead
constexpr size_t kRowsMessageBytes = 512 << 10;  // JSON-like rows are measured after each row
constexpr uint64_t kRowsBatchBytes = 64 << 10;   // they grow by an order of magnitude on the wire
constexpr int64_t kCancelPollNs = 100'000'000;   // how soon a blocked writer notices Cancel

// Life: created by StartQueryStream, deleted in OnDone, which gRPC calls after Finish and the last write. Until Finish
// the task on the query pool owns the object.
class QueryStreamCall final : public grpc::ServerWriteReactor<wire::QueryResponse> {
 public:
  QueryStreamCall(const ServerCore& core, grpc::CallbackServerContext* context, const wire::QueryRequest* request)
      : core_(core),
        context_(context),
        request_(request),
        record_(core.metrics, "QueryService/Query"),
        cancelled_(std::make_shared<std::atomic<bool>>(false)),
        as_rows_(request->format() == wire::RESULT_FORMAT_ROWS),
        sent_memory_(core.budget, MemoryUse::kRpc) {}

  void Begin() {
    absl::StatusOr<AdmissionTicket> ticket = core_.admission->Enter(CallClass::kQuery, request_->ByteSizeLong());
    if (!ticket.ok()) return End(ticket.status());
    ticket_ = std::move(ticket).value();
    if (!core_.query_pool->TrySubmit([this] { Run(); })) End(QueueFull(CallClass::kQuery));
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    writing_ = false;
    write_failed_ = write_failed_ || !ok;
    written_.NotifyAll();
  }

  void OnCancel() override {
    cancelled_->store(true, std::memory_order_release);
    MutexLock lock(&mutex_);
    written_.NotifyAll();
  }

  void OnDone() override { delete this; }

 private:
  void Run() {
    const absl::StatusOr<std::string> id = core_.queries->Add(request_->query_id(), cancelled_);
    if (!id.ok()) return End(id.status());
    next_->set_query_id(*id);
    const absl::Status status = Execute();
    core_.queries->Remove(*id);
    End(status);
  }

  absl::Status Execute() {
    QueryRequest query;
    query.text = request_->cql();
    ASSIGN_OR_RETURN(query.parameters, ParametersFromProto(request_->parameters(), request_->named_parameters()));
    ASSIGN_OR_RETURN(query.at_least, CommitFromToken(request_->at_least()));
    query.deadline_monotonic_ns = DeadlineOf(core_, *context_, Timeout());
    query.cancelled = cancelled_.get();
    query.max_batch_rows = kMaxBatchRows;
    if (as_rows_) query.max_batch_bytes = kRowsBatchBytes;
    auto stream = core_.engine->Start(std::move(query));
    if (!stream.ok()) return WithReason(stream.status(), kReasonInvalidQuery);
    wire::ResultSchema* schema = next_->mutable_schema();
    for (const ResultColumn& column : (*stream)->schema()) {
      wire::ResultColumn* out = schema->add_columns();
      out->set_name(column.name);
      out->set_nullable(true);
      TypeToProto(column.type, out->mutable_type());
      names_.push_back(column.name);
    }
    RETURN_IF_ERROR((*stream)->Run([this](const ResultBatch& batch) { return Take(batch); }));
    PutTrailer((*stream)->statistics());
    return WaitUntilWritten();  // the last message goes out with the status, after all others
  }

  uint64_t Timeout() const {
    const uint64_t limit = core_.config->config.query_timeout_ms;
    const uint64_t wanted = request_->timeout_ms();
    if (wanted == 0 || limit == 0) return std::max(wanted, limit);
    return std::min(wanted, limit);
  }

  absl::Status Take(const ResultBatch& batch) {
    if (as_rows_) return TakeRows(batch);
    return TakeColumns(batch, 0, batch.row_count);
  }

  absl::Status TakeRows(const ResultBatch& batch) {
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      if (rows_bytes_ >= kRowsMessageBytes) RETURN_IF_ERROR(WriteNext());
      wire::RowBatch* rows = next_->mutable_rows();
      RowToProto(names_, batch.columns, row, rows);
      rows_bytes_ += rows->rows(rows->rows_size() - 1).ByteSizeLong();
    }
    return absl::OkStatus();
  }

  absl::Status TakeColumns(const ResultBatch& batch, uint32_t first, uint32_t count) {
    if (count == 0) return absl::OkStatus();
    if (next_->has_columns()) RETURN_IF_ERROR(WriteNext());
    wire::ColumnBatch* columns = next_->mutable_columns();
    columns->set_row_count(count);
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      ColumnToProto(batch.columns[i], names_[i], first, count, columns->add_columns());
    }
    if (columns->ByteSizeLong() <= kMaxMessageBytes || count == 1) return absl::OkStatus();
    next_->clear_columns();  // larger on the wire than the engine expected
    RETURN_IF_ERROR(TakeColumns(batch, first, count / 2));
    return TakeColumns(batch, first + count / 2, count - count / 2);
  }

  // Hands the message under construction to gRPC once the one before is taken. One message is on its way while the next
  // is made, never more: a slow reader blocks here.
  absl::Status WriteNext() {
    RETURN_IF_ERROR(WaitUntilWritten());
    // The message and its serialised copy, until the next one goes.
    const absl::Status fits = sent_memory_.Resize(2 * next_->ByteSizeLong());
    if (!fits.ok()) return WithReason(fits, kReasonMemoryBudget);
    {
      MutexLock lock(&mutex_);
      writing_ = true;
    }
    std::swap(next_, sent_);
    *next_ = wire::QueryResponse();
    rows_bytes_ = 0;
    StartWrite(sent_.get());
    return absl::OkStatus();
  }

  absl::Status WaitUntilWritten() {
    const auto stall_ms = static_cast<int64_t>(core_.config->config.query_stall_timeout_ms);
    const int64_t give_up_ns = core_.clock->MonotonicNanos() + stall_ms * 1'000'000;
    MutexLock lock(&mutex_);
    while (writing_) {
      if (cancelled_->load(std::memory_order_acquire)) return absl::CancelledError("the query was cancelled");
      if (core_.clock->MonotonicNanos() >= give_up_ns) {
        return WithReason(
            absl::AbortedError(absl::StrFormat(
                "the reader took nothing for %d ms, its snapshot is gone; start the query again", stall_ms)),
            kReasonReaderStalled);
      }
      written_.WaitFor(&mutex_, kCancelPollNs);
    }
    return write_failed_ ? absl::CancelledError("the client went away") : absl::OkStatus();
  }

  void PutTrailer(const QueryStatistics& statistics) {
    wire::QueryTrailer* trailer = next_->mutable_trailer();
    trailer->set_row_count(statistics.rows_returned);
    trailer->set_approximate(statistics.approximate);
    trailer->mutable_token()->set_epoch(kEpoch);
    trailer->mutable_token()->set_commit(statistics.snapshot_commit);
    StatisticsToProto(statistics, trailer->mutable_statistics());
  }

  // The last thing the object's owner does: afterwards gRPC may delete it at any time. A write that a stalled reader
  // left behind stays with gRPC; the status follows it.
  void End(const absl::Status& status) {
    record_.Handled(status);
    ticket_ = AdmissionTicket();
    if (status.ok()) {
      StartWriteAndFinish(next_.get(), grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(ToGrpcStatus(status));
    }
  }

  const ServerCore& core_;
  grpc::CallbackServerContext* const context_;
  const wire::QueryRequest* const request_;
  CallRecord record_;
  AdmissionTicket ticket_;
  const CancelFlag cancelled_;
  const bool as_rows_;
  std::vector<std::string> names_;
  size_t rows_bytes_ = 0;  // of the rows in next_

  // The message being made and the one gRPC may still read.
  std::unique_ptr<wire::QueryResponse> next_ = std::make_unique<wire::QueryResponse>();
  std::unique_ptr<wire::QueryResponse> sent_ = std::make_unique<wire::QueryResponse>();
  MemoryReservation sent_memory_;

  Mutex mutex_;  // guards the two flags; never held across a gRPC call
  CondVar written_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool write_failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

grpc::ServerWriteReactor<wire::QueryResponse>* StartQueryStream(const ServerCore& core,
                                                                grpc::CallbackServerContext* context,
                                                                const wire::QueryRequest* request) {
  auto* call = new QueryStreamCall(core, context, request);
  call->Begin();
  return call;
}

}  // namespace cortex
