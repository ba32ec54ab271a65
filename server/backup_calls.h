// The bodies of the backup calls: paths of requests -> paths below `backup.dir` -> storage/backup -> answers. Blocking;
// the long ones end soon after nobody waits for them any more.
#ifndef CORTEX_SERVER_BACKUP_CALLS_H_
#define CORTEX_SERVER_BACKUP_CALLS_H_

#include <grpcpp/server_context.h>

#include "absl/status/status.h"
#include "cortex/datastore/v1/admin_service.pb.h"
#include "server/check_stream.h"
#include "server/server_core.h"

namespace cortex {

absl::Status DoCreateBackup(const ServerCore& core, const grpc::CallbackServerContext& context,
                            const wire::CreateBackupRequest& request, wire::CreateBackupResponse* response);
absl::Status DoListBackups(const ServerCore& core, const wire::ListBackupsRequest& request,
                           wire::ListBackupsResponse* response);
absl::Status DoRestoreBackup(const ServerCore& core, const grpc::CallbackServerContext& context,
                             const wire::RestoreBackupRequest& request, wire::RestoreBackupResponse* response);
absl::StatusOr<VerifyProgress> DoVerifyBackup(const ServerCore& core, const wire::VerifyBackupRequest& request,
                                              const VerifyObserver& report);

}  // namespace cortex

#endif  // CORTEX_SERVER_BACKUP_CALLS_H_
