// A server stream around a check that runs for minutes: Verify and VerifyBackup. A message every 200 ms says how far it is
// and names the damage found since; after damage the call ends with DATA_LOSS naming the first. The check runs on the
// maintenance pool and holds no snapshot. A reader that takes nothing slows it, and ends it with ABORTED after
// query.stall_timeout_ms: backups want the thread, too.
#ifndef CORTEX_SERVER_CHECK_STREAM_H_
#define CORTEX_SERVER_CHECK_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>

#include "absl/status/statusor.h"
#include "cortex/datastore/v1/admin_service.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"
#include "storage/database.h"

namespace cortex {

// The check itself. It calls `report` after every piece it has read and gives up with the error that returns. Blocking.
using CheckBody = std::function<absl::StatusOr<VerifyProgress>(const VerifyObserver& report)>;

struct CheckStreamOptions {
  const char* method = "";  // "AdminService/Verify"
  const char* what = "";    // in sentences: "the verification"
  uint64_t request_bytes = 0;
};

// `Response` is wire::VerifyResponse or wire::VerifyBackupResponse. Whatever `body` refers to lives as long as the call.
template <typename Response>
grpc::ServerWriteReactor<Response>* StartCheckStream(const ServerCore& core, grpc::CallbackServerContext* context,
                                                     const CheckStreamOptions& options, CheckBody body);

extern template grpc::ServerWriteReactor<wire::VerifyResponse>* StartCheckStream(const ServerCore&,
                                                                                 grpc::CallbackServerContext*,
                                                                                 const CheckStreamOptions&, CheckBody);
extern template grpc::ServerWriteReactor<wire::VerifyBackupResponse>* StartCheckStream(const ServerCore&,
                                                                                       grpc::CallbackServerContext*,
                                                                                       const CheckStreamOptions&,
                                                                                       CheckBody);

}  // namespace cortex

#endif  // CORTEX_SERVER_CHECK_STREAM_H_
