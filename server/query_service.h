// cortex.datastore.v1.QueryService. Query streams (query_stream.h); Get runs on the lookup pool, apart from scans.
#ifndef CORTEX_SERVER_QUERY_SERVICE_H_
#define CORTEX_SERVER_QUERY_SERVICE_H_

#include "cortex/datastore/v1/query_service.grpc.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

class QueryServiceImpl final : public wire::QueryService::CallbackService {
 public:
  explicit QueryServiceImpl(const ServerCore* core) : core_(*core) {}

  grpc::ServerWriteReactor<wire::QueryResponse>* Query(grpc::CallbackServerContext* context,
                                                       const wire::QueryRequest* request) override;
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const wire::GetRequest* request,
                                wire::GetResponse* response) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context, const wire::ExplainRequest* request,
                                    wire::ExplainResponse* response) override;
  grpc::ServerWriteReactor<wire::ExpandResponse>* Expand(grpc::CallbackServerContext* context,
                                                         const wire::ExpandRequest* request) override;
  grpc::ServerWriteReactor<wire::SimilarResponse>* Similar(grpc::CallbackServerContext* context,
                                                           const wire::SimilarRequest* request) override;
  grpc::ServerWriteReactor<wire::SubscribeResponse>* Subscribe(grpc::CallbackServerContext* context,
                                                               const wire::SubscribeRequest* request) override;
  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* context, const wire::CancelRequest* request,
                                   wire::CancelResponse* response) override;
  grpc::ServerUnaryReactor* PlanRead(grpc::CallbackServerContext* context, const wire::PlanReadRequest* request,
                                     wire::PlanReadResponse* response) override;
  grpc::ServerWriteReactor<wire::ReadPartResponse>* ReadPart(grpc::CallbackServerContext* context,
                                                             const wire::ReadPartRequest* request) override;

 private:
  const ServerCore& core_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_QUERY_SERVICE_H_
