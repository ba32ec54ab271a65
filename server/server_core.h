// What every service handler needs, and the one way a unary call runs: admission -> its class's pool -> status.
// Handlers are stateless: decode, call a door (Database, QueryEngine), encode.
#ifndef CORTEX_SERVER_SERVER_CORE_H_
#define CORTEX_SERVER_SERVER_CORE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "server/admission.h"
#include "server/metrics.h"
#include "server/query_registry.h"
#include "server/server_config.h"
#include "server/status_mapping.h"
#include "storage/runtime/thread_pool.h"

namespace cortex {

class Clock;
class Database;
class IngestStreams;
class QueryEngine;
class SubscriptionHub;

inline constexpr char kServerVersion[] = "0.1.0";

// All borrowed; they outlive the gRPC server. Constant after start.
struct ServerCore {
  const LoadedConfig* config = nullptr;
  Database* database = nullptr;
  const QueryEngine* engine = nullptr;
  MemoryBudget* budget = nullptr;
  Clock* clock = nullptr;
  Admission* admission = nullptr;
  Metrics* metrics = nullptr;
  QueryRegistry* queries = nullptr;
  IngestStreams* ingest_streams = nullptr;
  SubscriptionHub* subscriptions = nullptr;
  // One pool per class, so that no class waits for another; `acks` is one thread that answers after commits.
  ThreadPool* lookup_pool = nullptr;
  ThreadPool* query_pool = nullptr;
  ThreadPool* ingest_pool = nullptr;
  ThreadPool* admin_pool = nullptr;
  ThreadPool* maintenance_pool = nullptr;
  ThreadPool* acks = nullptr;
  int64_t start_monotonic_ns = 0;

  ThreadPool* PoolOf(CallClass call_class) const;
};

// RESOURCE_EXHAUSTED for a pool whose queue is full.
absl::Status QueueFull(CallClass call_class);

// Runs `body` on the pool of `call_class` and finishes the call with its status. `body` may use the request and the
// response: both live until the call is finished.
grpc::ServerUnaryReactor* RunUnary(const ServerCore& core, CallClass call_class, const char* method,
                                   grpc::CallbackServerContext* context, uint64_t request_bytes,
                                   std::function<absl::Status()> body);

// Answers UNIMPLEMENTED with `message` at once.
grpc::ServerUnaryReactor* AnswerNotBuilt(const ServerCore& core, const char* method,
                                         grpc::CallbackServerContext* context, const char* message);

// A server stream that answers UNIMPLEMENTED with `message` at once.
template <typename Response>
grpc::ServerWriteReactor<Response>* StreamNotBuilt(const ServerCore& core, const char* method, const char* message);

absl::Status FinishNotBuilt(const ServerCore& core, const char* method, const char* message);

template <typename Response>
grpc::ServerWriteReactor<Response>* StreamNotBuilt(const ServerCore& core, const char* method, const char* message) {
  class Reactor final : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Reactor(const absl::Status& status) { this->Finish(ToGrpcStatus(status)); }
    void OnDone() override { delete this; }
  };
  return new Reactor(FinishNotBuilt(core, method, message));
}

}  // namespace cortex

#endif  // CORTEX_SERVER_SERVER_CORE_H_
