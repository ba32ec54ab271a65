// Query streams against a whole server: sizes of messages, back-pressure, cancelling, deadlines.
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"
#include "tests/support/wait_until.h"

namespace cortex::testing {
namespace {

// `rows` rows in batches of 10,000.
void Fill(TestServer* server, uint32_t rows) {
  server->CreateTable(kScores);
  for (uint32_t first = 0; first < rows; first += 10'000) {
    server->Ingest("scores", Scores(first, std::min(rows - first, 10'000u)));
  }
}

TEST_CASE("Large results come in messages of about one mebibyte", "[e2e][query]") {
  TestServer server;
  Fill(&server, 100'000);
  const wire::ResultFormat format = GENERATE(wire::RESULT_FORMAT_COLUMNS, wire::RESULT_FORMAT_ROWS);
  const QueryAnswer answer = server.Query("SELECT id, at, score, state FROM scores LIMIT 50000", format);
  uint64_t rows = answer.rows.rows_size();
  for (const wire::ColumnBatch& batch : answer.batches) rows += batch.row_count();
  CHECK(rows == 50'000);
  CHECK(answer.trailer.row_count() == 50'000);
  CHECK(answer.largest_message_bytes <= (1u << 20) + (64u << 10));
  CHECK(answer.schema.columns_size() == 4);
}

TEST_CASE("A query without rows is one message with schema and trailer", "[e2e][query]") {
  TestServer server;
  server.CreateTable(kScores);
  const QueryAnswer answer = server.Query("SELECT id, score FROM scores WHERE score > 1", wire::RESULT_FORMAT_COLUMNS);
  CHECK(answer.schema.columns_size() == 2);
  CHECK(answer.batches.empty());
  CHECK(answer.trailer.row_count() == 0);
}

TEST_CASE("A reader that stalls loses its snapshot and nothing else", "[e2e][query]") {
  TestServer server([](ServerConfig* c) { c->query_stall_timeout_ms = 2'000; });
  Fill(&server, 100'000);
  grpc::ClientContext context;
  wire::QueryRequest request;
  request.set_cql("SELECT id, at, score, state FROM scores");
  request.set_query_id("stalled");
  const auto reader = server.query().Query(&context, request);
  wire::QueryResponse message;
  REQUIRE(reader->Read(&message));
  // The server gives up by its own clock; we notice when the name is free again.
  grpc::Status other;
  CHECK(WaitUntil([&] {
    wire::QueryRequest probe;
    probe.set_cql("SELECT count(*) FROM scores");
    probe.set_query_id("stalled");  // refused while the stalled query still holds the name
    other = server.Query(probe).status;
    return other.error_code() != grpc::StatusCode::ALREADY_EXISTS;
  }));
  INFO(other.error_message());
  REQUIRE(other.ok());
  while (reader->Read(&message)) {
  }
  CHECK(reader->Finish().error_code() == grpc::StatusCode::ABORTED);
}

TEST_CASE("Cancel stops a query by name", "[e2e][query]") {
  TestServer server;
  Fill(&server, 100'000);
  grpc::ClientContext context;
  wire::QueryRequest request;
  request.set_cql("SELECT id, at, score, state FROM scores");
  request.set_query_id("mine");
  const auto reader = server.query().Query(&context, request);
  wire::QueryResponse message;
  REQUIRE(reader->Read(&message));
  CHECK(message.query_id() == "mine");
  grpc::ClientContext cancel_context;
  wire::CancelRequest cancel;
  cancel.set_query_id("mine");
  wire::CancelResponse cancelled;
  REQUIRE(server.query().Cancel(&cancel_context, cancel, &cancelled).ok());
  CHECK(cancelled.cancelled());
  while (reader->Read(&message)) {
  }
  CHECK(reader->Finish().error_code() == grpc::StatusCode::CANCELLED);
  grpc::ClientContext again_context;
  REQUIRE(server.query().Cancel(&again_context, cancel, &cancelled).ok());
  CHECK_FALSE(cancelled.cancelled());
}

TEST_CASE("A query whose deadline has passed ends with DEADLINE_EXCEEDED", "[e2e][query]") {
  TestServer server([](ServerConfig* c) { c->query_stall_timeout_ms = 60'000; });
  Fill(&server, 100'000);
  wire::QueryRequest request;
  request.set_cql("SELECT id, at, score, state FROM scores");
  bool has_begun = false;
  for (auto allowed = std::chrono::milliseconds(300); !has_begun; allowed *= 2) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + allowed);
    const auto reader = server.query().Query(&context, request);
    wire::QueryResponse message;
    has_begun = reader->Read(&message);  // and then take nothing until the deadline has passed
    while (std::chrono::system_clock::now() < context.deadline()) std::this_thread::yield();
    while (reader->Read(&message)) {
    }
    REQUIRE(reader->Finish().error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  }
}

TEST_CASE("Queries beyond the bound are refused and lookups still answered", "[e2e][query]") {
  TestServer server([](ServerConfig* c) {
    c->query_max_running = 1;
    c->query_max_queued = 0;
  });
  Fill(&server, 100'000);
  grpc::ClientContext context;
  wire::QueryRequest request;
  request.set_cql("SELECT id, at, score, state FROM scores");
  const auto reader = server.query().Query(&context, request);  // not read to the end: it occupies the only place
  wire::QueryResponse message;
  REQUIRE(reader->Read(&message));
  const QueryAnswer refused = server.Query(request);
  CHECK(refused.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK_THAT(refused.status.error_message(), Catch::Contains("too many query calls at once, limit 1"));
  grpc::ClientContext get_context;
  wire::GetRequest get;
  get.set_table("scores");
  get.add_keys("e7");
  get.add_columns("score");
  wire::GetResponse found;
  REQUIRE(server.query().Get(&get_context, get, &found).ok());
  CHECK(found.found(0));
  context.TryCancel();
  while (reader->Read(&message)) {
  }
  CHECK(reader->Finish().error_code() == grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace cortex::testing
