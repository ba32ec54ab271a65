#include "tools/client/patient_ingester.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/runtime/mutex.h"

namespace cortex::client {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Where the server does not say how long to wait.
constexpr int64_t kDefaultWaitMs = 1'000;

class PatientIngester final : public Ingester {
 public:
  PatientIngester(const Connection& connection, v1::IngestRequest defaults, Patience patience)
      : connection_(connection),
        defaults_(std::move(defaults)),
        patience_(std::move(patience)),
        first_unacknowledged_(defaults_.sequence()),
        next_sequence_(defaults_.sequence()) {
    Reopen();
  }

  absl::Status Send(v1::ColumnBatch batch) override {
    {
      MutexLock lock(&mutex_);
      totals_.request_bytes += batch.ByteSizeLong();
      unacknowledged_.push_back(batch);
      ++next_sequence_;
    }
    absl::Status sent = stream_->Send(std::move(batch));
    while (!sent.ok()) {
      RETURN_IF_ERROR(Wait(sent));
      sent = SendAgain();
    }
    return absl::OkStatus();
  }

  absl::StatusOr<IngestTotals> Finish() override {
    absl::Status finished = stream_->Finish().status();
    while (!finished.ok()) {
      RETURN_IF_ERROR(Wait(finished));
      finished = SendAgain();
      if (finished.ok()) finished = stream_->Finish().status();
    }
    MutexLock lock(&mutex_);
    return totals_;
  }

  std::optional<int64_t> retry_after_ms() const override { return stream_->retry_after_ms(); }

 private:
  void Reopen() {
    {
      MutexLock lock(&mutex_);
      defaults_.set_sequence(first_unacknowledged_);
    }
    stream_ = Ingester::Open(connection_, defaults_, [this](const v1::IngestAck& ack) { OnAck(ack); });
  }

  // On the stream's reading thread; acknowledgements come in the order of the batches.
  void OnAck(const v1::IngestAck& ack) {
    MutexLock lock(&mutex_);
    if (unacknowledged_.empty()) return;  // the stream's first request, without rows
    unacknowledged_.pop_front();
    ++first_unacknowledged_;
    ++totals_.batch_count;
    totals_.row_count += ack.row_count();
    totals_.last_commit = ack.token().commit();
    if (ack.duplicate()) ++totals_.duplicate_count;
    refused_since_.reset();
  }

  // After the stream has ended with `refused`: OK once it may be tried again.
  absl::Status Wait(const absl::Status& refused) {
    if (!absl::IsResourceExhausted(refused)) return refused;
    const int64_t wait_ms = std::max<int64_t>(1, stream_->retry_after_ms().value_or(kDefaultWaitMs));
    const SteadyTime now = std::chrono::steady_clock::now();
    bool is_first = false;
    SteadyTime since;
    {
      MutexLock lock(&mutex_);
      is_first = !refused_since_.has_value();
      since = refused_since_.value_or(now);
      refused_since_ = since;
    }
    if (now + std::chrono::milliseconds(wait_ms) > since + std::chrono::milliseconds(patience_.longest_ms)) {
      return absl::ResourceExhaustedError(absl::StrFormat("%s; gave up after %d s without a batch acknowledged",
                                                          std::string(refused.message()), patience_.longest_ms / 1'000));
    }
    if (is_first && patience_.on_wait != nullptr) patience_.on_wait(refused);
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    return absl::OkStatus();
  }

  absl::Status SendAgain() {
    stream_.reset();  // joins its reader: no acknowledgement comes any more
    Reopen();
    for (uint64_t sequence = defaults_.sequence(); sequence < next_sequence_; ++sequence) {
      v1::ColumnBatch batch;
      {
        MutexLock lock(&mutex_);
        batch = unacknowledged_[sequence - first_unacknowledged_];  // not sent on this stream, so not acknowledged
      }
      RETURN_IF_ERROR(stream_->Send(std::move(batch)));
    }
    return absl::OkStatus();
  }

  const Connection& connection_;
  v1::IngestRequest defaults_;
  const Patience patience_;

  Mutex mutex_;  // guards what the reader of acknowledgements tells; a leaf
  std::deque<v1::ColumnBatch> unacknowledged_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_unacknowledged_ ABSL_GUARDED_BY(mutex_);  // sequence of the front
  std::optional<SteadyTime> refused_since_ ABSL_GUARDED_BY(mutex_);
  IngestTotals totals_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_sequence_;  // caller's thread only
  std::unique_ptr<Ingester> stream_;  // last: its reader uses what stands above
};

}  // namespace

std::unique_ptr<Ingester> OpenPatientIngester(const Connection& connection, const v1::IngestRequest& defaults,
                                              Patience patience) {
  return std::make_unique<PatientIngester>(connection, defaults, std::move(patience));
}

}  // namespace cortex::client
