// cortex.datastore.v1.AdminService: for operators. What is not built answers UNIMPLEMENTED. Stateless.
#ifndef CORTEX_SERVER_ADMIN_SERVICE_H_
#define CORTEX_SERVER_ADMIN_SERVICE_H_

#include "cortex/datastore/v1/admin_service.grpc.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

class AdminServiceImpl final : public wire::AdminService::CallbackService {
 public:
  explicit AdminServiceImpl(const ServerCore* core) : core_(*core) {}

  grpc::ServerUnaryReactor* MoveTier(grpc::CallbackServerContext* context, const wire::MoveTierRequest* request,
                                     wire::MoveTierResponse* response) override;
  grpc::ServerUnaryReactor* Pin(grpc::CallbackServerContext* context, const wire::PinRequest* request,
                                wire::PinResponse* response) override;
  grpc::ServerUnaryReactor* PauseTiering(grpc::CallbackServerContext* context, const wire::PauseTieringRequest* request,
                                         wire::PauseTieringResponse* response) override;
  grpc::ServerWriteReactor<wire::VerifyResponse>* Verify(grpc::CallbackServerContext* context,
                                                         const wire::VerifyRequest* request) override;
  grpc::ServerUnaryReactor* Compact(grpc::CallbackServerContext* context, const wire::CompactRequest* request,
                                    wire::CompactResponse* response) override;
  grpc::ServerUnaryReactor* CreateBackup(grpc::CallbackServerContext* context, const wire::CreateBackupRequest* request,
                                         wire::CreateBackupResponse* response) override;
  grpc::ServerUnaryReactor* ListBackups(grpc::CallbackServerContext* context, const wire::ListBackupsRequest* request,
                                        wire::ListBackupsResponse* response) override;
  grpc::ServerWriteReactor<wire::VerifyBackupResponse>* VerifyBackup(grpc::CallbackServerContext* context,
                                                                     const wire::VerifyBackupRequest* request) override;
  grpc::ServerUnaryReactor* RestoreBackup(grpc::CallbackServerContext* context,
                                          const wire::RestoreBackupRequest* request,
                                          wire::RestoreBackupResponse* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context, const wire::GetConfigRequest* request,
                                      wire::GetConfigResponse* response) override;
  grpc::ServerUnaryReactor* CreateConnector(grpc::CallbackServerContext* context,
                                            const wire::CreateConnectorRequest* request,
                                            wire::CreateConnectorResponse* response) override;
  grpc::ServerUnaryReactor* PauseConnector(grpc::CallbackServerContext* context,
                                           const wire::PauseConnectorRequest* request,
                                           wire::PauseConnectorResponse* response) override;
  grpc::ServerUnaryReactor* ResumeConnector(grpc::CallbackServerContext* context,
                                            const wire::ResumeConnectorRequest* request,
                                            wire::ResumeConnectorResponse* response) override;
  grpc::ServerUnaryReactor* GetConnectorLag(grpc::CallbackServerContext* context,
                                            const wire::GetConnectorLagRequest* request,
                                            wire::GetConnectorLagResponse* response) override;
  grpc::ServerUnaryReactor* ReplayConnector(grpc::CallbackServerContext* context,
                                            const wire::ReplayConnectorRequest* request,
                                            wire::ReplayConnectorResponse* response) override;

 private:
  const ServerCore& core_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_ADMIN_SERVICE_H_
