// One streaming query: the engine runs on a thread of the query pool and each message is written before the next is
// made, so a slow reader slows its own query and nothing else. Messages hold at most about 1 MiB; a reader that takes
// nothing for query.stall_timeout_ms loses its snapshot (ABORTED).
#ifndef CORTEX_SERVER_QUERY_STREAM_H_
#define CORTEX_SERVER_QUERY_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "cortex/datastore/v1/query_service.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

grpc::ServerWriteReactor<wire::QueryResponse>* StartQueryStream(const ServerCore& core,
                                                                grpc::CallbackServerContext* context,
                                                                const wire::QueryRequest* request);

}  // namespace cortex

#endif  // CORTEX_SERVER_QUERY_STREAM_H_
