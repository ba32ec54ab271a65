// cortex.datastore.v1.IngestService. Unary batches are decoded on the ingest pool, queued on the commit log and
// answered from the ack thread; streams live in ingest_stream.h.
#ifndef CORTEX_SERVER_INGEST_SERVICE_H_
#define CORTEX_SERVER_INGEST_SERVICE_H_

#include "cortex/datastore/v1/ingest_service.grpc.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

class IngestServiceImpl final : public wire::IngestService::CallbackService {
 public:
  explicit IngestServiceImpl(const ServerCore* core) : core_(*core) {}

  grpc::ServerUnaryReactor* Ingest(grpc::CallbackServerContext* context, const wire::IngestRequest* request,
                                   wire::IngestResponse* response) override;
  grpc::ServerBidiReactor<wire::IngestStreamRequest, wire::IngestStreamResponse>* IngestStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetProducerState(grpc::CallbackServerContext* context,
                                             const wire::GetProducerStateRequest* request,
                                             wire::GetProducerStateResponse* response) override;
  grpc::ServerUnaryReactor* Flush(grpc::CallbackServerContext* context, const wire::FlushRequest* request,
                                  wire::FlushResponse* response) override;

 private:
  const ServerCore& core_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_INGEST_SERVICE_H_
