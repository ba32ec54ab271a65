#include "server/check_stream.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/long_call.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/mutex.h"

namespace cortex {
namespace {

constexpr int64_t kProgressNs = 200'000'000;
constexpr int kMaxDamagesPerMessage = 1'000;
constexpr int64_t kWantedPollNs = 100'000'000;  // how soon a blocked writer notices that nobody waits any more

// Life as that of a query stream: until Finish the task on the pool owns the object; deleted in OnDone.
template <typename Response>
class CheckStream final : public grpc::ServerWriteReactor<Response> {
 public:
  CheckStream(const ServerCore& core, grpc::CallbackServerContext* context, const CheckStreamOptions& options,
              CheckBody body)
      : core_(core), context_(context), options_(options), record_(core.metrics, options.method), body_(std::move(body)) {}

  void Begin() {
    absl::StatusOr<AdmissionTicket> ticket = core_.admission->Enter(CallClass::kMaintenance, options_.request_bytes);
    if (!ticket.ok()) return End(ticket.status());
    ticket_ = std::move(ticket).value();
    if (!core_.PoolOf(CallClass::kMaintenance)->TrySubmit([this] { Run(); })) End(QueueFull(CallClass::kMaintenance));
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    writing_ = false;
    write_failed_ = write_failed_ || !ok;
    written_.NotifyAll();
  }

  void OnCancel() override {
    MutexLock lock(&mutex_);
    written_.NotifyAll();
  }

  void OnDone() override { delete this; }

 private:
  void Run() {
    last_message_ns_ = core_.clock->MonotonicNanos();
    const absl::StatusOr<VerifyProgress> checked =
        body_([this](const VerifyProgress& progress, const absl::Status& piece) { return Take(progress, piece); });
    if (!checked.ok()) return End(checked.status());
    Describe(*checked);
    next_->set_finished(true);
    const absl::Status written = WaitUntilWritten();
    if (!written.ok()) return End(written);
    EndWithLast(checked->damages);
  }

  absl::Status Take(const VerifyProgress& progress, const absl::Status& piece) {
    RETURN_IF_ERROR(CheckStillWanted(core_, *context_, options_.what));
    if (!piece.ok()) {
      next_->add_damages(std::string(piece.message()));
      if (first_damage_.ok()) first_damage_ = piece;
    }
    const int64_t now_ns = core_.clock->MonotonicNanos();
    if (now_ns - last_message_ns_ < kProgressNs && next_->damages_size() < kMaxDamagesPerMessage) {
      return absl::OkStatus();
    }
    last_message_ns_ = now_ns;
    Describe(progress);
    return WriteNext();
  }

  void Describe(const VerifyProgress& progress) {
    next_->set_file_count(progress.files_done);
    next_->set_bytes_read(progress.bytes_done);
    next_->set_total_file_count(progress.files_total);
    next_->set_total_bytes(progress.bytes_total);
    next_->set_damage_count(progress.damages);
  }

  absl::Status WriteNext() {
    RETURN_IF_ERROR(WaitUntilWritten());
    {
      MutexLock lock(&mutex_);
      writing_ = true;
    }
    std::swap(next_, sent_);
    *next_ = Response();
    this->StartWrite(sent_.get());
    return absl::OkStatus();
  }

  absl::Status WaitUntilWritten() {
    const auto stall_ms = static_cast<int64_t>(core_.config->config.query_stall_timeout_ms);
    const int64_t give_up_ns = core_.clock->MonotonicNanos() + stall_ms * 1'000'000;
    MutexLock lock(&mutex_);
    while (writing_) {
      RETURN_IF_ERROR(CheckStillWanted(core_, *context_, options_.what));
      if (core_.clock->MonotonicNanos() >= give_up_ns) {
        return WithReason(
            absl::AbortedError(absl::StrFormat("the reader took nothing for %d ms, %s was given up; start it again",
                                               stall_ms, options_.what)),
            kReasonReaderStalled);
      }
      written_.WaitFor(&mutex_, kWantedPollNs);
    }
    return write_failed_ ? absl::CancelledError("the client went away") : absl::OkStatus();
  }

  // Both are the last thing the object's owner does: afterwards gRPC may delete it at any time.
  void End(const absl::Status& status) {
    Leave(status);
    this->Finish(ToGrpcStatus(status));
  }

  void EndWithLast(uint64_t damages) {
    absl::Status status = first_damage_;
    if (damages > 1) {
      status = absl::Status(status.code(), absl::StrFormat("%s; %d more such findings were reported",
                                                           std::string(status.message()), damages - 1));
    }
    Leave(status);
    this->StartWriteAndFinish(next_.get(), grpc::WriteOptions(), ToGrpcStatus(status));
  }

  void Leave(const absl::Status& status) {
    record_.Handled(status);
    ticket_ = AdmissionTicket();
  }

  const ServerCore& core_;
  grpc::CallbackServerContext* const context_;
  const CheckStreamOptions options_;
  CallRecord record_;
  const CheckBody body_;
  AdmissionTicket ticket_;
  absl::Status first_damage_;
  int64_t last_message_ns_ = 0;

  // The message being made and the one gRPC may still read.
  std::unique_ptr<Response> next_ = std::make_unique<Response>();
  std::unique_ptr<Response> sent_ = std::make_unique<Response>();

  Mutex mutex_;  // guards the two flags; never held across a write
  CondVar written_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool write_failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

template <typename Response>
grpc::ServerWriteReactor<Response>* StartCheckStream(const ServerCore& core, grpc::CallbackServerContext* context,
                                                     const CheckStreamOptions& options, CheckBody body) {
  auto* call = new CheckStream<Response>(core, context, options, std::move(body));
  call->Begin();
  return call;
}

template grpc::ServerWriteReactor<wire::VerifyResponse>* StartCheckStream(const ServerCore&,
                                                                          grpc::CallbackServerContext*,
                                                                          const CheckStreamOptions&, CheckBody);
template grpc::ServerWriteReactor<wire::VerifyBackupResponse>* StartCheckStream(const ServerCore&,
                                                                                grpc::CallbackServerContext*,
                                                                                const CheckStreamOptions&, CheckBody);

}  // namespace cortex
