// One table from its creation to its end, over every call a client makes.
#include <catch2/catch.hpp>

#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"

namespace cortex::testing {
namespace {

using Lines = std::vector<std::string>;

void IngestThree(TestServer* server) {
  server->Ingest(R"({"table": "scores", "rows": {"rows": [
      {"id": "a", "at": "2026-01-01T00:00:00Z", "score": 0.25, "state": [1, 0, 0, 0]},
      {"id": "b", "at": "2026-01-02T00:00:00Z", "score": 0.75, "state": [0, 1, 0, 0]},
      {"id": "a", "at": "2026-01-03T00:00:00Z"}]}})");
}

TEST_CASE("Rows written as JSON are queried, read by key and counted", "[e2e]") {
  TestServer server;
  server.CreateTable(kScores);
  IngestThree(&server);
  CHECK(server.Query("SELECT id, score FROM scores WHERE score IS NOT NULL ORDER BY id").Lines() ==
        Lines{"id=\"a\" score=0.25", "id=\"b\" score=0.75"});
  CHECK(server.Query("SELECT id, count(*) AS n FROM scores GROUP BY id ORDER BY id").Lines() ==
        Lines{"id=\"a\" n=2", "id=\"b\" n=1"});

  grpc::ClientContext get_context;
  const auto get = FromJson<wire::GetRequest>(
      R"({"table": "scores", "keys": ["b", "missing", "a"], "columns": ["id", "at"], "format": "RESULT_FORMAT_ROWS"})");
  wire::GetResponse found;
  REQUIRE(server.query().Get(&get_context, get, &found).ok());
  CHECK((found.found(0) && !found.found(1) && found.found(2)));
  CHECK(found.tiers(0) == wire::TIER_HOT);
  REQUIRE(found.rows().rows_size() == 2);
  CHECK(found.rows().rows(1).fields().at("at").string_value() == "2026-01-03T00:00:00Z");  // the latest of `a`

  grpc::ClientContext stats_context;
  wire::GetStatsRequest stats_request;
  stats_request.set_table("scores");
  wire::GetStatsResponse stats;
  REQUIRE(server.stats().GetStats(&stats_context, stats_request, &stats).ok());
  REQUIRE(stats.tables_size() == 1);
  CHECK(stats.tables(0).row_count() == 3);
  CHECK(stats.tables(0).tiers(0).row_count() == 3);
  CHECK(stats.tables(0).tiers(0).column_count() == 4);
  CHECK(stats.server().token().commit() >= 1);
  CHECK(stats.server().memory_budget_bytes() == 512u << 20);
}

TEST_CASE("A token returned by Ingest is a barrier for reads", "[e2e]") {
  TestServer server;
  server.CreateTable(kScores);
  const wire::IngestResponse written =
      server.Ingest(R"({"table": "scores", "rows": {"rows": [{"id": "x", "at": 1}]}})");
  CHECK(written.row_count() == 1);
  CHECK(written.token().epoch() == 1);
  wire::QueryRequest request;
  request.set_cql("SELECT id FROM scores");
  request.set_format(wire::RESULT_FORMAT_ROWS);
  *request.mutable_at_least() = written.token();
  const QueryAnswer answer = server.Query(request);
  REQUIRE(answer.status.ok());
  CHECK(answer.Lines() == Lines{"id=\"x\""});
  CHECK(answer.trailer.token().commit() >= written.token().commit());
}

TEST_CASE("A later row of an entity supersedes the current one", "[e2e]") {
  TestServer server;
  server.CreateTable(kUsers);
  server.Ingest(R"({"table": "users", "rows": {"rows": [{"id": "u", "at": 1, "visits": 1}]}})");
  server.Ingest(R"({"table": "users", "rows": {"rows": [{"id": "u", "at": 2, "visits": 2}, {"id": "v", "at": 2}]}})");
  CHECK(server.Query("SELECT id, visits FROM users ORDER BY id").Lines() ==
        Lines{"id=\"u\" visits=2", "id=\"v\" visits=null"});
}

TEST_CASE("Parameters are typed", "[e2e]") {
  TestServer server;
  server.CreateTable(kScores);
  IngestThree(&server);
  const auto request = FromJson<wire::QueryRequest>(R"({
      "cql": "SELECT id FROM scores WHERE score > $1 AND l2_distance(state, :probe) < 0.5",
      "parameters": [{"doubleValue": 0.5}], "namedParameters": {"probe": {"list": [0, 1, 0, 0]}},
      "format": "RESULT_FORMAT_ROWS"})");
  const QueryAnswer answer = server.Query(request);
  INFO(answer.status.error_message());
  REQUIRE(answer.status.ok());
  CHECK(answer.Lines() == Lines{"id=\"b\""});
}

TEST_CASE("Explain shows the plan, and with analyze what it did", "[e2e]") {
  TestServer server;
  server.CreateTable(kScores);
  IngestThree(&server);
  wire::ExplainRequest request;
  request.set_cql("SELECT id FROM scores WHERE score > 0.5");
  wire::ExplainResponse plan;
  grpc::ClientContext context;
  REQUIRE(server.query().Explain(&context, request, &plan).ok());
  CHECK_FALSE(plan.text().empty());
  request.set_analyze(true);
  wire::ExplainResponse analyzed;
  grpc::ClientContext analyze_context;
  REQUIRE(server.query().Explain(&analyze_context, request, &analyzed).ok());
  CHECK(analyzed.operators_size() > 0);
  REQUIRE(analyzed.statistics().tiers_size() > 0);
  CHECK(analyzed.statistics().tiers(0).rows_scanned() > 0);
  request.set_cql("SELECT id FROM scores\nWHERE nosuch > 1");
  grpc::ClientContext bad_context;
  const grpc::Status status = server.query().Explain(&bad_context, request, &plan);
  CHECK_THAT(status.error_message(), Catch::Contains("line 2:7"));
}

TEST_CASE("Tables are listed, described and dropped", "[e2e]") {
  TestServer server;
  server.CreateTable(kScores);
  grpc::ClientContext list_context;
  wire::ListTablesResponse tables;
  REQUIRE(server.catalog().ListTables(&list_context, {}, &tables).ok());
  Lines names;
  for (const auto& table : tables.tables()) names.push_back(table.name());
  CHECK(names == Lines{"css_fields", "fmo_entities", "itb_rules", "scores", "tcs_patterns"});

  grpc::ClientContext page_context;
  wire::ListTablesRequest page;
  page.set_page_size(2);
  page.set_page_token("css_fields");
  wire::ListTablesResponse second;
  REQUIRE(server.catalog().ListTables(&page_context, page, &second).ok());
  REQUIRE(second.tables_size() == 2);
  CHECK(second.tables(0).name() == "fmo_entities");
  CHECK(second.next_page_token() == "itb_rules");

  grpc::ClientContext describe_context;
  wire::DescribeTableRequest describe;
  describe.set_table("css_fields");
  wire::DescribeTableResponse described;
  REQUIRE(server.catalog().DescribeTable(&describe_context, describe, &described).ok());
  CHECK(described.table().definition().sharding() == wire::SHARDING_STRATEGY_FMO);
  CHECK(described.table().definition().columns_size() == 15);

  wire::DropTableRequest drop;
  drop.set_table("scores");
  grpc::ClientContext drop_context, again_context, quiet_context;
  wire::DropTableResponse dropped;
  REQUIRE(server.catalog().DropTable(&drop_context, drop, &dropped).ok());
  CHECK(dropped.dropped());
  CHECK(server.catalog().DropTable(&again_context, drop, &dropped).error_code() == grpc::StatusCode::NOT_FOUND);
  drop.set_if_exists(true);
  REQUIRE(server.catalog().DropTable(&quiet_context, drop, &dropped).ok());
  CHECK_FALSE(dropped.dropped());
}

TEST_CASE("Everything acknowledged is there after a restart", "[e2e]") {
  TestServer server;
  server.CreateTable(kScores);
  IngestThree(&server);
  server.Restart();
  CHECK(server.Query("SELECT count(*) AS n FROM scores").Lines() == Lines{"n=3"});
  IngestThree(&server);
  server.Restart();
  CHECK(server.Query("SELECT count(*) AS n, max(score) AS m FROM scores").Lines() == Lines{"m=0.75 n=6"});
}

TEST_CASE("A planner learns what the source can do", "[e2e]") {
  TestServer server;
  grpc::ClientContext context;
  wire::DescribeSourceResponse response;
  REQUIRE(server.stats().DescribeSource(&context, {}, &response).ok());
  CHECK(response.source().name() == "cortex_datastore");
  CHECK(response.source().tables_size() == 4);
  CHECK(response.source().tier_costs_size() == 3);
  CHECK(response.source().capabilities_size() == 3);
}

}  // namespace
}  // namespace cortex::testing
