#include "tests/e2e/test_server.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "server/logging.h"
#include "tests/server/wire_builders.h"

namespace cortex::testing {

std::vector<std::string> QueryAnswer::Lines() const {
  std::vector<std::string> lines;
  for (const auto& row : rows.rows()) {
    std::map<std::string, std::string> cells;
    for (const auto& [name, value] : row.fields()) cells[name] = ToJson(value);
    std::string line;
    for (const auto& [name, text] : cells) line += (line.empty() ? "" : " ") + name + "=" + text;
    lines.push_back(line);
  }
  return lines;
}

TestServer::TestServer(const std::function<void(ServerConfig*)>& adjust) {
  ServerConfig& c = config_.config;
  c.server_listen = "127.0.0.1:0";
  c.ops_listen = "127.0.0.1:0";
  c.metrics_listen = "";
  c.data_dir = directory_.File("data");
  c.data_reserve_bytes = c.data_warm_reserve_bytes = c.data_cold_reserve_bytes = 0;  // whatever disk tests run on
  c.memory_budget_bytes = 512ull << 20;
  c.wal_limit_bytes = 64ull << 20;
  c.wal_file_bytes = 8ull << 20;
  c.tiering_interval_ms = 0;
  c.tiering_bytes_per_second = 0;
  c.drain_timeout_ms = 5'000;
  c.log_level = "warn";
  if (adjust) adjust(&c);
  Start();
}

TestServer::~TestServer() { server_->Shutdown(); }

void TestServer::Restart() {
  server_->Shutdown();
  server_.reset();
  Start();
}

void TestServer::Start() {
  InitLogging(ParseLogLevel(config_.config.log_level));
  absl::StatusOr<std::unique_ptr<DatastoreServer>> server = DatastoreServer::Start(config_);
  if (!server.ok()) {
    std::fprintf(stderr, "the server does not start: %s\n", server.status().ToString().c_str());
    std::abort();
  }
  server_ = std::move(server).value();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A small fixed window: a test that stops reading is felt by the server after 64 KiB, not after megabytes.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
  channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                       grpc::InsecureChannelCredentials(), arguments);
  catalog_ = wire::CatalogService::NewStub(channel_);
  ingest_ = wire::IngestService::NewStub(channel_);
  query_ = wire::QueryService::NewStub(channel_);
  stats_ = wire::StatsService::NewStub(channel_);
  admin_ = wire::AdminService::NewStub(channel_);
}

void TestServer::CreateTable(const std::string& definition_json) {
  grpc::ClientContext context;
  wire::CreateTableRequest request;
  *request.mutable_definition() = FromJson<wire::TableDefinition>(definition_json);
  wire::CreateTableResponse response;
  const grpc::Status status = catalog_->CreateTable(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
}

uint64_t TestServer::Ingest(const std::string& table, wire::ColumnBatch batch) {
  grpc::ClientContext context;
  wire::IngestRequest request;
  request.set_table(table);
  *request.mutable_columns() = std::move(batch);
  wire::IngestResponse response;
  const grpc::Status status = ingest_->Ingest(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.token().commit();
}

grpc::Status TestServer::TryIngest(const std::string& request_json) {
  grpc::ClientContext context;
  wire::IngestResponse response;
  return ingest_->Ingest(&context, FromJson<wire::IngestRequest>(request_json), &response);
}

wire::IngestResponse TestServer::Ingest(const std::string& request_json) {
  grpc::ClientContext context;
  wire::IngestResponse response;
  const grpc::Status status = ingest_->Ingest(&context, FromJson<wire::IngestRequest>(request_json), &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response;
}

QueryAnswer TestServer::Query(const std::string& cql, wire::ResultFormat format) {
  wire::QueryRequest request;
  request.set_cql(cql);
  request.set_format(format);
  QueryAnswer answer = Query(request);
  INFO(cql << " -> " << answer.status.error_message());
  REQUIRE(answer.status.ok());
  return answer;
}

QueryAnswer TestServer::Query(const wire::QueryRequest& request) {
  QueryAnswer answer;
  grpc::ClientContext context;
  const auto reader = query_->Query(&context, request);
  wire::QueryResponse message;
  bool first = true;
  while (reader->Read(&message)) {
    if (first) answer.schema = message.schema();
    first = false;
    answer.largest_message_bytes = std::max(answer.largest_message_bytes, message.ByteSizeLong());
    answer.rows.MergeFrom(message.rows());
    if (message.has_columns()) answer.batches.push_back(message.columns());
    if (message.has_trailer()) answer.trailer = message.trailer();
  }
  answer.status = reader->Finish();
  return answer;
}

void TestServer::MoveTier(const std::string& table, wire::Tier from, wire::Tier to) {
  grpc::ClientContext context;
  wire::MoveTierRequest request;
  request.set_table(table);
  request.set_from(from);
  request.set_to(to);
  wire::MoveTierResponse response;
  const grpc::Status status = admin_->MoveTier(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
}

}  // namespace cortex::testing
