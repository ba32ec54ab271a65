// cortex.datastore.v1.CatalogService: tables and their definitions. Stateless; see server_core.h.
#ifndef CORTEX_SERVER_CATALOG_SERVICE_H_
#define CORTEX_SERVER_CATALOG_SERVICE_H_

#include "cortex/datastore/v1/catalog_service.grpc.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

class CatalogServiceImpl final : public wire::CatalogService::CallbackService {
 public:
  explicit CatalogServiceImpl(const ServerCore* core) : core_(*core) {}

  grpc::ServerUnaryReactor* CreateTable(grpc::CallbackServerContext* context, const wire::CreateTableRequest* request,
                                        wire::CreateTableResponse* response) override;
  grpc::ServerUnaryReactor* AlterTable(grpc::CallbackServerContext* context, const wire::AlterTableRequest* request,
                                       wire::AlterTableResponse* response) override;
  grpc::ServerUnaryReactor* DropTable(grpc::CallbackServerContext* context, const wire::DropTableRequest* request,
                                      wire::DropTableResponse* response) override;
  grpc::ServerUnaryReactor* DescribeTable(grpc::CallbackServerContext* context,
                                          const wire::DescribeTableRequest* request,
                                          wire::DescribeTableResponse* response) override;
  grpc::ServerUnaryReactor* ListTables(grpc::CallbackServerContext* context, const wire::ListTablesRequest* request,
                                       wire::ListTablesResponse* response) override;
  grpc::ServerUnaryReactor* CreateReference(grpc::CallbackServerContext* context,
                                            const wire::CreateReferenceRequest* request,
                                            wire::CreateReferenceResponse* response) override;
  grpc::ServerUnaryReactor* ListReferences(grpc::CallbackServerContext* context,
                                           const wire::ListReferencesRequest* request,
                                           wire::ListReferencesResponse* response) override;

 private:
  const ServerCore& core_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_CATALOG_SERVICE_H_
