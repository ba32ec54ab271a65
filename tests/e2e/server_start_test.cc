// How a server starts, tells its health, refuses to start, and stops.
#include <catch2/catch.hpp>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {
namespace {

using Health = grpc::health::v1::Health;
using HealthResponse = grpc::health::v1::HealthCheckResponse;

HealthResponse::ServingStatus Check(const std::shared_ptr<grpc::Channel>& channel, const std::string& name) {
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(name);
  HealthResponse response;
  const grpc::Status status = Health::NewStub(channel)->Check(&context, request, &response);
  INFO(name << ": " << status.error_message());
  REQUIRE(status.ok());
  return response.status();
}

LoadedConfig QuietConfig(const std::string& data_dir) {
  LoadedConfig loaded;
  loaded.config.server_listen = "127.0.0.1:0";
  loaded.config.ops_listen = "";
  loaded.config.metrics_listen = "";
  loaded.config.data_dir = data_dir;
  loaded.config.log_level = "warn";
  loaded.config.memory_budget_bytes = 256ull << 20;
  return loaded;
}

TEST_CASE("Health answers on both ports for every name", "[e2e][start]") {
  TestServer server;
  const auto ops = grpc::CreateChannel("127.0.0.1:" + std::to_string(server.server().ops_port()),
                                       grpc::InsecureChannelCredentials());
  for (const auto& channel : {server.channel(), ops}) {
    for (const char* name : {"", "liveness", "readiness", "startup", "cortex.datastore.v1.IngestService",
                             "cortex.datastore.v1.QueryService"}) {
      CHECK(Check(channel, name) == HealthResponse::SERVING);
    }
  }
}

TEST_CASE("A second server on the same directory is refused in one sentence", "[e2e][start]") {
  TestServer server;
  REQUIRE_STATUS(DatastoreServer::Start(QuietConfig(server.data_dir())), absl::StatusCode::kFailedPrecondition,
                 "another cortexd holds");
  server.CreateTable(kScores);  // the first one is unharmed
}

TEST_CASE("A taken port is named before any data is opened", "[e2e][start]") {
  TestServer server;
  TempDir other;
  LoadedConfig loaded = QuietConfig(other.File("data"));
  loaded.config.server_listen = "127.0.0.1:" + std::to_string(server.server().port());
  REQUIRE_STATUS(DatastoreServer::Start(loaded), absl::StatusCode::kFailedPrecondition, "Address already in use");
  loaded.config.server_listen = "nowhere";
  REQUIRE_STATUS(DatastoreServer::Start(loaded), absl::StatusCode::kInvalidArgument, "must be host:port");
}

TEST_CASE("A directory that cannot be made is named", "[e2e][start]") {
  const absl::Status status = DatastoreServer::Start(QuietConfig("/proc/no/such/place")).status();
  INFO(status.ToString());
  CHECK_FALSE(status.ok());
  CHECK_THAT(std::string(status.message()), Catch::Contains("/proc/no"));
}

TEST_CASE("A server can be stopped twice and hurried", "[e2e][start]") {
  TestServer server([](ServerConfig* c) {
    c->drain_delay_ms = 60'000;
    c->drain_timeout_ms = 60'000;
  });
  server.server().Hurry();
  server.server().Shutdown();
  server.server().Shutdown();
  wire::GetStatsResponse stats;
  grpc::ClientContext context;
  CHECK(server.stats().GetStats(&context, {}, &stats).error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("GetConfig shows every setting", "[e2e][start]") {
  TestServer server;
  grpc::ClientContext context;
  wire::GetConfigResponse config;
  REQUIRE(server.admin().GetConfig(&context, {}, &config).ok());
  CHECK(config.options_size() == static_cast<int>(ConfigOptions().size()));
}

TEST_CASE("ProjectStorage answers over the wire", "[e2e][start]") {
  TestServer server;
  grpc::ClientContext context;
  wire::ProjectStorageRequest request;
  request.set_entity_count(1'000);
  wire::ProjectStorageResponse response;
  REQUIRE(server.stats().ProjectStorage(&context, request, &response).ok());
  CHECK(response.bytes_per_entity() == 1'024 + 512 * 4 + 256 * 16);
}

}  // namespace
}  // namespace cortex::testing
