// One connection to cortexd with a stub per service, and gRPC errors as absl::Status.
#ifndef CORTEX_TOOLS_CLIENT_CONNECTION_H_
#define CORTEX_TOOLS_CLIENT_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cortex/datastore/v1/admin_service.grpc.pb.h"
#include "cortex/datastore/v1/catalog_service.grpc.pb.h"
#include "cortex/datastore/v1/ingest_service.grpc.pb.h"
#include "cortex/datastore/v1/query_service.grpc.pb.h"
#include "cortex/datastore/v1/stats_service.grpc.pb.h"
#include "tools/client/wire_type.h"

namespace cortex::client {

inline constexpr char kDefaultEndpoint[] = "127.0.0.1:7411";

// Thread-safe. Stubs live as long as the connection.
struct Connection {
  std::string endpoint;
  std::unique_ptr<v1::CatalogService::Stub> catalog;
  std::unique_ptr<v1::IngestService::Stub> ingest;
  std::unique_ptr<v1::QueryService::Stub> query;
  std::unique_ptr<v1::StatsService::Stub> stats;
  std::unique_ptr<v1::AdminService::Stub> admin;
};

// Connects to "host:port" in plaintext. Errors: UNAVAILABLE when nobody answers within `wait_ms`.
absl::StatusOr<Connection> Connect(const std::string& endpoint, int wait_ms);

// The same code and message; OK for OK.
absl::Status ToStatus(const grpc::Status& status);

// How long the server asks its caller to wait before it tries again; nullopt: it does not say.
std::optional<int64_t> RetryAfterMs(const grpc::Status& status);

// What a call that must not hang waits at most.
std::chrono::system_clock::time_point DeadlineIn(int milliseconds);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_CONNECTION_H_
