#include "server/server_core.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"

namespace cortex {
namespace {

// std::function must be copyable, tickets are not: both live behind one pointer.
struct UnaryCall {
  CallRecord record;
  AdmissionTicket ticket;
  std::function<absl::Status()> body;
};

}  // namespace

ThreadPool* ServerCore::PoolOf(CallClass call_class) const {
  switch (call_class) {
    case CallClass::kLookup:
      return lookup_pool;
    case CallClass::kQuery:
      return query_pool;
    case CallClass::kIngest:
      return ingest_pool;
    case CallClass::kAdmin:
      return admin_pool;
    case CallClass::kMaintenance:
      return maintenance_pool;
  }
  return admin_pool;
}

absl::Status QueueFull(CallClass call_class) {
  return WithReason(absl::ResourceExhaustedError(
                        absl::StrFormat("the queue of %s calls is full; retry later", CallClassName(call_class))),
                    kReasonTooManyCalls);
}

grpc::ServerUnaryReactor* RunUnary(const ServerCore& core, CallClass call_class, const char* method,
                                   grpc::CallbackServerContext* context, uint64_t request_bytes,
                                   std::function<absl::Status()> body) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  CallRecord record(core.metrics, method);
  absl::StatusOr<AdmissionTicket> ticket = core.admission->Enter(call_class, request_bytes);
  if (!ticket.ok()) {
    record.Handled(ticket.status());
    reactor->Finish(ToGrpcStatus(ticket.status()));
    return reactor;
  }
  auto call = std::make_shared<UnaryCall>(UnaryCall{record, std::move(ticket).value(), std::move(body)});
  const auto finish = [call, reactor](const absl::Status& status) {
    call->record.Handled(status);
    call->body = nullptr;
    call->ticket = AdmissionTicket();  // the place is free before the caller can know
    reactor->Finish(ToGrpcStatus(status));
  };
  const bool queued = core.PoolOf(call_class)->TrySubmit([call, finish, context] {
    finish(context->IsCancelled() ? absl::CancelledError("the caller went away before the call began") : call->body());
  });
  if (!queued) finish(QueueFull(call_class));
  return reactor;
}

absl::Status FinishNotBuilt(const ServerCore& core, const char* method, const char* message) {
  const absl::Status status = NotBuilt(message);
  CallRecord(core.metrics, method).Handled(status);
  return status;
}

grpc::ServerUnaryReactor* AnswerNotBuilt(const ServerCore& core, const char* method,
                                         grpc::CallbackServerContext* context, const char* message) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(FinishNotBuilt(core, method, message)));
  return reactor;
}

}  // namespace cortex
