// The Explain call: runs EXPLAIN [ANALYZE] through the engine and returns its lines and operators.
#ifndef CORTEX_SERVER_EXPLAIN_H_
#define CORTEX_SERVER_EXPLAIN_H_

#include <grpcpp/server_context.h>

#include "absl/status/status.h"
#include "cortex/datastore/v1/query_service.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

// Blocking. Errors: those of the engine, with positions in the caller's own text.
absl::Status ExplainQuery(const ServerCore& core, const grpc::CallbackServerContext& context,
                          const wire::ExplainRequest& request, wire::ExplainResponse* response);

}  // namespace cortex

#endif  // CORTEX_SERVER_EXPLAIN_H_
