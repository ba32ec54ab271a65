#include "server/ingest_service.h"

#include <memory>

#include "codecs/bytes/status_macros.h"
#include "server/commit_token.h"
#include "server/ingest_decode.h"
#include "server/ingest_stream.h"
#include "storage/database.h"

namespace cortex {
namespace {

// One unary ingest between arrival and answer; the pool task, the commit callback and the ack task share it.
struct IngestCall {
  const ServerCore& core;
  CallRecord record;
  AdmissionTicket ticket;
  const wire::IngestRequest* request;
  wire::IngestResponse* response;
  grpc::ServerUnaryReactor* reactor;

  void Finish(const absl::Status& status) {
    record.Handled(status);
    ticket = AdmissionTicket();
    reactor->Finish(ToGrpcStatus(status));
  }
};

void Committed(const std::shared_ptr<IngestCall>& call, uint64_t rows, const absl::StatusOr<CommitToken>& token) {
  if (token.ok()) {
    call->response->mutable_token()->set_epoch(token->epoch);
    call->response->mutable_token()->set_commit(token->commit);
    call->response->set_row_count(token->duplicate ? 0 : rows);
    call->response->set_duplicate(token->duplicate);
    call->core.metrics->RowsIngested(call->response->row_count());
  }
  // The commit thread must not spend its time on sockets; if the ack thread is swamped, it does after all.
  const absl::Status status =
      call->request->sequence() == 0 ? token.status() : WithSequenceReason(token.status());
  if (!call->core.acks->TrySubmit([call, status] { call->Finish(status); })) call->Finish(status);
}

void Start(const std::shared_ptr<IngestCall>& call) {
  absl::StatusOr<IngestRequest> request = DecodeIngest(*call->core.database, call->core.budget, *call->request);
  if (!request.ok()) return call->Finish(request.status());
  const uint64_t rows = request->batch.row_count;
  call->core.database->IngestAsync(std::move(request).value(), [call, rows](const absl::StatusOr<CommitToken>& token) {
    Committed(call, rows, token);
  });
}

}  // namespace

grpc::ServerUnaryReactor* IngestServiceImpl::Ingest(grpc::CallbackServerContext* context,
                                                    const wire::IngestRequest* request,
                                                    wire::IngestResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto call = std::make_shared<IngestCall>(
      IngestCall{core_, CallRecord(core_.metrics, "IngestService/Ingest"), {}, request, response, reactor});
  absl::StatusOr<AdmissionTicket> ticket = core_.admission->Enter(CallClass::kIngest, request->ByteSizeLong());
  if (!ticket.ok()) {
    call->Finish(ticket.status());
    return reactor;
  }
  call->ticket = std::move(ticket).value();
  if (!core_.ingest_pool->TrySubmit([call] { Start(call); })) call->Finish(QueueFull(CallClass::kIngest));
  return reactor;
}

grpc::ServerBidiReactor<wire::IngestStreamRequest, wire::IngestStreamResponse>* IngestServiceImpl::IngestStream(
    grpc::CallbackServerContext*) {
  return core_.ingest_streams->Open(core_);
}

grpc::ServerUnaryReactor* IngestServiceImpl::GetProducerState(grpc::CallbackServerContext* context,
                                                              const wire::GetProducerStateRequest* request,
                                                              wire::GetProducerStateResponse* response) {
  return RunUnary(core_, CallClass::kLookup, "IngestService/GetProducerState", context, request->ByteSizeLong(),
                  [=, this]() -> absl::Status {
                    RETURN_IF_ERROR(CheckProducerId(request->producer_id()));
                    ASSIGN_OR_RETURN(const ProducerState state,
                                     core_.database->GetProducerState(request->producer_id()));
                    response->set_last_sequence(state.last_sequence);
                    if (state.last_sequence == 0) return absl::OkStatus();
                    response->mutable_token()->set_epoch(kEpoch);
                    response->mutable_token()->set_commit(state.commit);
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* IngestServiceImpl::Flush(grpc::CallbackServerContext* context,
                                                   const wire::FlushRequest* request, wire::FlushResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "IngestService/Flush", context, request->ByteSizeLong(),
                  [=, this]() -> absl::Status {
                    ASSIGN_OR_RETURN(const CommitToken token, core_.database->Flush());
                    response->mutable_token()->set_epoch(token.epoch);
                    response->mutable_token()->set_commit(token.commit);
                    return absl::OkStatus();
                  });
}

}  // namespace cortex
