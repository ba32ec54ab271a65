// A whole server in this process: a fresh data directory, free ports, and a stub for every service.
#ifndef CORTEX_TESTS_E2E_TEST_SERVER_H_
#define CORTEX_TESTS_E2E_TEST_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cortex/datastore/v1/admin_service.grpc.pb.h"
#include "cortex/datastore/v1/catalog_service.grpc.pb.h"
#include "cortex/datastore/v1/ingest_service.grpc.pb.h"
#include "cortex/datastore/v1/query_service.grpc.pb.h"
#include "cortex/datastore/v1/stats_service.grpc.pb.h"
#include "server/datastore_server.h"
#include "server/definition_proto.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {

// All messages of one query put together.
struct QueryAnswer {
  grpc::Status status;
  wire::ResultSchema schema;
  wire::RowBatch rows;                     // with format ROWS
  std::vector<wire::ColumnBatch> batches;  // with format COLUMNS
  wire::QueryTrailer trailer;
  size_t largest_message_bytes = 0;

  // Rows as lines "a=1 b=x", sorted by column name; what a test compares.
  std::vector<std::string> Lines() const;
};

class TestServer {
 public:
  // `adjust` may change the configuration. Aborts the test program if the server does not start.
  explicit TestServer(const std::function<void(ServerConfig*)>& adjust = {});
  ~TestServer();

  // Shuts down and starts again on the same directory, with other ports.
  void Restart();

  DatastoreServer& server() { return *server_; }
  const std::string& data_dir() const { return config_.config.data_dir; }
  std::shared_ptr<grpc::Channel> channel() { return channel_; }

  wire::CatalogService::Stub& catalog() { return *catalog_; }
  wire::IngestService::Stub& ingest() { return *ingest_; }
  wire::QueryService::Stub& query() { return *query_; }
  wire::StatsService::Stub& stats() { return *stats_; }
  wire::AdminService::Stub& admin() { return *admin_; }

  // The calls most tests make; REQUIREs success unless the name says otherwise.
  void CreateTable(const std::string& definition_json);
  // The batch's commit.
  uint64_t Ingest(const std::string& table, wire::ColumnBatch batch);
  wire::IngestResponse Ingest(const std::string& request_json);
  grpc::Status TryIngest(const std::string& request_json);
  QueryAnswer Query(const std::string& cql, wire::ResultFormat format = wire::RESULT_FORMAT_ROWS);
  QueryAnswer Query(const wire::QueryRequest& request);
  void MoveTier(const std::string& table, wire::Tier from, wire::Tier to);

 private:
  void Start();

  TempDir directory_;
  LoadedConfig config_;
  std::unique_ptr<DatastoreServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<wire::CatalogService::Stub> catalog_;
  std::unique_ptr<wire::IngestService::Stub> ingest_;
  std::unique_ptr<wire::QueryService::Stub> query_;
  std::unique_ptr<wire::StatsService::Stub> stats_;
  std::unique_ptr<wire::AdminService::Stub> admin_;
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_E2E_TEST_SERVER_H_
