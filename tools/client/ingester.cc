#include "tools/client/ingester.h"

#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "codecs/bytes/status_macros.h"
#include "storage/runtime/mutex.h"

namespace cortex::client {
namespace {

class StreamIngester final : public Ingester {
 public:
  StreamIngester(const Connection& connection, const v1::IngestRequest& defaults, AckCallback on_ack)
      : on_ack_(std::move(on_ack)), stream_(connection.ingest->IngestStream(&context_)) {
    v1::IngestStreamRequest first;
    *first.mutable_batch() = defaults;
    first.mutable_batch()->clear_sequence();
    if (!defaults.producer_id().empty()) next_sequence_ = defaults.sequence();
    stream_->Write(first);  // a failure shows in Finish()
    reader_ = std::thread([this] { ReadAnswers(); });
  }

  ~StreamIngester() override {
    if (!reader_.joinable()) return;
    context_.TryCancel();
    reader_.join();
  }

  absl::Status Send(v1::ColumnBatch batch) override {
    v1::IngestStreamRequest request;
    request.mutable_batch()->mutable_columns()->Swap(&batch);
    if (next_sequence_ > 0) request.mutable_batch()->set_sequence(next_sequence_++);
    const auto bytes = static_cast<int64_t>(request.ByteSizeLong());
    {
      MutexLock lock(&mutex_);
      // A batch larger than the whole window could never be covered; it goes out alone once all credit is back.
      while (!ended_ && (granted_ == 0 || (credit_ < bytes && credit_ < granted_))) changed_.Wait(&mutex_);
      if (ended_) return EndedStatus();
      credit_ -= bytes;
      totals_.request_bytes += static_cast<uint64_t>(bytes);
    }
    if (!stream_->Write(request)) return EndedStatus();
    return absl::OkStatus();
  }

  absl::StatusOr<IngestTotals> Finish() override {
    if (!finished_) stream_->WritesDone();
    RETURN_IF_ERROR(EndedStatus());  // also where Send has said so already
    MutexLock lock(&mutex_);
    return totals_;
  }

  std::optional<int64_t> retry_after_ms() const override { return retry_after_ms_; }

 private:
  void ReadAnswers() {
    v1::IngestStreamResponse response;
    while (stream_->Read(&response)) {
      if (response.has_ack() && on_ack_) on_ack_(response.ack());
      MutexLock lock(&mutex_);
      if (response.has_ack()) {
        ++totals_.batch_count;
        if (response.ack().duplicate()) ++totals_.duplicate_count;
        totals_.row_count += response.ack().row_count();
        totals_.last_commit = response.ack().token().commit();
      } else {
        credit_ += static_cast<int64_t>(response.credit_bytes());
        if (granted_ == 0) granted_ = credit_;  // the first grant is the whole window
      }
      changed_.NotifyAll();
    }
    MutexLock lock(&mutex_);
    ended_ = true;
    changed_.NotifyAll();
  }

  // Joins the reader and asks the stream why it ended; the answer is kept.
  absl::Status EndedStatus() {
    if (!finished_) {
      reader_.join();
      const grpc::Status ended = stream_->Finish();
      status_ = ToStatus(ended);
      retry_after_ms_ = RetryAfterMs(ended);
      finished_ = true;
    }
    return status_;
  }

  const AckCallback on_ack_;
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::IngestStreamRequest, v1::IngestStreamResponse>> stream_;
  std::thread reader_;
  bool finished_ = false;  // sender's thread only
  uint64_t next_sequence_ = 0;  // sender's thread only; 0: batches are not numbered
  absl::Status status_;
  std::optional<int64_t> retry_after_ms_;

  Mutex mutex_;  // guards what the reader tells the sender
  CondVar changed_;
  int64_t credit_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t granted_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  IngestTotals totals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Ingester> Ingester::Open(const Connection& connection, const v1::IngestRequest& defaults, AckCallback on_ack) {
  return std::make_unique<StreamIngester>(connection, defaults, std::move(on_ack));
}

}  // namespace cortex::client
