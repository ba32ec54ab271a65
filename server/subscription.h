// One call of Subscribe. Life: waiting for commits -> a step reads rows -> they are written -> the next step ... until
// the caller cancels, the table is dropped, the reader stalls or the server drains. At most one message is on its way
// and one batch in memory, charged to the budget, so a slow reader slows itself alone; while it waits for commits it
// holds no thread, no snapshot and no memory to speak of.
#ifndef CORTEX_SERVER_SUBSCRIPTION_H_
#define CORTEX_SERVER_SUBSCRIPTION_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "cortex/datastore/v1/query_service.pb.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

grpc::ServerWriteReactor<wire::SubscribeResponse>* StartSubscription(const ServerCore& core,
                                                                     const wire::SubscribeRequest* request);

}  // namespace cortex

#endif  // CORTEX_SERVER_SUBSCRIPTION_H_
