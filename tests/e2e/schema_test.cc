// Changes of schema and of rows, and reads of the past, by the calls a client makes.
#include <catch2/catch.hpp>

#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"

namespace cortex::testing {
namespace {

using Lines = std::vector<std::string>;

grpc::Status Alter(TestServer* server, const std::string& json, wire::AlterTableResponse* response) {
  grpc::ClientContext context;
  return server->catalog().AlterTable(&context, FromJson<wire::AlterTableRequest>(json), response);
}

uint64_t Commit(const QueryAnswer& answer) {
  INFO(answer.status.error_message());
  REQUIRE(answer.status.ok());
  return answer.trailer.token().commit();
}

Lines Get(TestServer* server, const std::string& json) {
  grpc::ClientContext context;
  wire::GetResponse response;
  const grpc::Status status = server->query().Get(&context, FromJson<wire::GetRequest>(json), &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  QueryAnswer answer;
  answer.rows = response.rows();
  return answer.Lines();
}

TEST_CASE("AlterTable changes a table that has rows, and DescribeTable shows it", "[e2e][schema]") {
  TestServer server;
  server.CreateTable(kUsers);
  server.Ingest(R"({"table": "users", "rows": {"rows": [{"id": "a", "at": 1, "visits": 3}]}})");
  server.MoveTier("users", wire::TIER_HOT, wire::TIER_WARM);
  wire::AlterTableResponse response;
  REQUIRE(Alter(&server,
                R"({"table": "users", "addColumn": {"name": "country", "nullable": true,
                    "type": {"kind": "KIND_STRING", "length": 2}, "defaultValue": {"stringValue": "xx"}}})",
                &response)
              .ok());
  CHECK(response.table().schema_id() == 2);
  server.Ingest(R"({"table": "users", "rows": {"rows": [{"id": "b", "at": 2, "country": "de"}]}})");
  CHECK(server.Query("SELECT id, country FROM users ORDER BY id").Lines() ==
        Lines{"country=\"xx\" id=\"a\"", "country=\"de\" id=\"b\""});
  server.Restart();
  CHECK(server.Query("SELECT id FROM users WHERE country = 'xx'").Lines() == Lines{"id=\"a\""});

  grpc::ClientContext context;
  wire::DescribeTableRequest request;
  request.set_table("users");
  wire::DescribeTableResponse described;
  REQUIRE(server.catalog().DescribeTable(&context, request, &described).ok());
  REQUIRE(described.table().definition().columns_size() == 4);
  CHECK(described.table().definition().columns(3).default_value().string_value() == "xx");

  const grpc::Status refused = Alter(&server, R"({"table": "users", "dropColumn": "id"})", &response);
  CHECK(refused.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  const grpc::Status missing = Alter(&server, R"({"table": "users", "dropColumn": "countri"})", &response);
  CHECK(missing.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(missing.error_message().find("did you mean \"country\"?") != std::string::npos);
}

TEST_CASE("Undeclared columns in an ingest are refused with the nearest name", "[e2e][schema]") {
  TestServer server;
  server.CreateTable(kUsers);
  const grpc::Status rows =
      server.TryIngest(R"({"table": "users", "rows": {"rows": [{"id": "a", "at": 1, "visit": 3}]}})");
  CHECK(rows.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(rows.error_message().find("unknown column \"visit\"") != std::string::npos);
  CHECK(rows.error_message().find("did you mean \"visits\"?") != std::string::npos);
  const grpc::Status columns = server.TryIngest(
      R"({"table": "users", "columns": {"rowCount": 1, "columns": [{"name": "visist", "values": "AAAAAA=="}]}})");
  CHECK(columns.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(columns.error_message().find("did you mean \"visits\"?") != std::string::npos);
  CHECK(server.Query("SELECT count(*) AS n FROM users").Lines() == Lines{"n=0"});
}

TEST_CASE("UPDATE and DELETE say which commit they were, and the past stays readable", "[e2e][schema]") {
  TestServer server;
  server.CreateTable(kUsers);
  const uint64_t inserted = Commit(server.Query("INSERT INTO users VALUES ('a', TIMESTAMP '2026-01-01', 1), "
                                                "('b', TIMESTAMP '2026-01-01', 2)"));
  CHECK(inserted == 1);
  QueryAnswer updated = server.Query("UPDATE users SET visits = visits + 10 WHERE id = 'a'");
  CHECK(updated.Lines() == Lines{"commit=2 rows_updated=1"});
  CHECK(Commit(updated) == 2);
  server.MoveTier("users", wire::TIER_HOT, wire::TIER_WARM);
  CHECK(server.Query("DELETE FROM users WHERE id = 'b'").Lines() == Lines{"commit=3 rows_deleted=1"});
  const auto check = [&] {
    CHECK(server.Query("SELECT id, visits FROM users").Lines() == Lines{"id=\"a\" visits=11"});
    CHECK(server.Query("SELECT id, visits FROM users FOR SYSTEM_TIME AS OF COMMIT 1 ORDER BY id").Lines() ==
          Lines{"id=\"a\" visits=1", "id=\"b\" visits=2"});
    CHECK(server.Query("SELECT visits, _end FROM users WHERE id = 'a' ORDER BY _commit WITH (history = true)")
              .Lines() == Lines{"_end=2 visits=1", "_end=null visits=11"});
    CHECK(Get(&server, R"({"table": "users", "keys": ["a", "b"], "columns": ["visits"], "format": "RESULT_FORMAT_ROWS"})") ==
          Lines{"visits=11"});
    CHECK(Get(&server, R"({"table": "users", "keys": ["a", "b"], "columns": ["visits"], "asOf": {"commit": "1"},
                           "format": "RESULT_FORMAT_ROWS"})") == Lines{"visits=1", "visits=2"});
  };
  check();
  server.MoveTier("users", wire::TIER_WARM, wire::TIER_COLD);
  check();
  server.Restart();
  check();
}

}  // namespace
}  // namespace cortex::testing
