// cortex.datastore.v1.StatsService: figures of storage, for people, dashboards and planners. Stateless.
#ifndef CORTEX_SERVER_STATS_SERVICE_H_
#define CORTEX_SERVER_STATS_SERVICE_H_

#include "cortex/datastore/v1/stats_service.grpc.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

class StatsServiceImpl final : public wire::StatsService::CallbackService {
 public:
  explicit StatsServiceImpl(const ServerCore* core) : core_(*core) {}

  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context, const wire::GetStatsRequest* request,
                                     wire::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* DescribeSource(grpc::CallbackServerContext* context,
                                           const wire::DescribeSourceRequest* request,
                                           wire::DescribeSourceResponse* response) override;
  grpc::ServerUnaryReactor* ProjectStorage(grpc::CallbackServerContext* context,
                                           const wire::ProjectStorageRequest* request,
                                           wire::ProjectStorageResponse* response) override;

 private:
  const ServerCore& core_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_STATS_SERVICE_H_
