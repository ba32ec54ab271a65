// Every kind of bad input gets a canonical code and one sentence, changes nothing, and leaves the server alive.
#include <grpcpp/impl/client_unary_call.h>

#include <catch2/catch.hpp>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"

namespace cortex::testing {
namespace {

using grpc::StatusCode;

void CheckRefused(const grpc::Status& status, StatusCode code, const std::string& sentence) {
  INFO(status.error_code() << " " << status.error_message());
  CHECK(status.error_code() == code);
  CHECK_THAT(status.error_message(), Catch::Contains(sentence));
  google::rpc::Status details;
  REQUIRE(details.ParseFromString(status.error_details()));
  bool has_reason = false;
  for (const auto& detail : details.details()) has_reason = has_reason || detail.Is<google::rpc::ErrorInfo>();
  CHECK(has_reason);
}

TEST_CASE("Bad batches are refused and nothing is applied", "[e2e][bad_input]") {
  TestServer server;
  server.CreateTable(kScores);
  const auto refuses = [&](const std::string& request, StatusCode code, const std::string& sentence) {
    CAPTURE(request);
    CheckRefused(server.TryIngest(request), code, sentence);
  };
  const auto row = [](const std::string& cells) { return R"({"table": "scores", "rows": {"rows": [)" + cells + "]}}"; };
  constexpr auto kInvalid = StatusCode::INVALID_ARGUMENT;
  refuses(R"({"rows": {"rows": [{"id": "a", "at": 1}]}})", kInvalid, "table is missing");
  refuses(R"({"table": "score", "rows": {"rows": [{"id": "a", "at": 1}]}})", StatusCode::NOT_FOUND, "scores");
  refuses(R"({"table": "scores"})", kInvalid, "got neither");
  refuses(R"({"table": "scores", "rows": {}})", kInvalid, "got 0");
  refuses(R"({"table": "scores", "columns": {}})", kInvalid, "got 0");
  refuses(R"({"table": "scores", "tier": 9, "rows": {"rows": [{"id": "a", "at": 1}]}})", kInvalid, "unknown tier 9");
  refuses(R"({"table": "scores", "mode": 9, "rows": {"rows": [{"id": "a", "at": 1}]}})", kInvalid, "ingest mode 9");
  refuses(R"({"table": "scores", "sequence": "1", "rows": {"rows": [{"id": "a", "at": 1}]}})",
          StatusCode::INVALID_ARGUMENT, "a sequence needs the producer_id");
  refuses(R"({"table": "scores", "producerId": "p", "rows": {"rows": [{"id": "a", "at": 1}]}})",
          StatusCode::INVALID_ARGUMENT, "needs its sequence");
  refuses(R"({"table": "scores", "producerId": "p", "sequence": "2", "rows": {"rows": [{"id": "a", "at": 1}]}})",
          StatusCode::OUT_OF_RANGE, "expected 1, got 2");
  refuses(R"({"table": "scores", "producerId": ")" + std::string(129, 'p') +
              R"(", "sequence": "1", "rows": {"rows": [{"id": "a", "at": 1}]}})",
          StatusCode::INVALID_ARGUMENT, "1 to 128 bytes");
  refuses(row(R"({"at": 1})"), kInvalid, "row 0, column \"id\"");
  refuses(row(R"({"id": null, "at": 1})"), kInvalid, "row 0, column \"id\"");
  refuses(row(R"({"id": "", "at": 1})"), kInvalid, "empty key");
  refuses(row(R"({"id": "a", "at": 1}, {"id": "0123456789abcdefg", "at": 1})"), kInvalid, "row 1, column \"id\"");
  refuses(row(R"({"id": "a"})"), kInvalid, "column \"at\"");
  refuses(row(R"({"id": "a", "at": 1, "score": "high"})"), kInvalid, "expects a number");
  refuses(row(R"({"id": "a", "at": 1, "state": [1, 2, 3]})"), kInvalid, "takes 4 numbers, got 3");
  refuses(row(R"({"id": "a", "at": 1, "scor": 1})"), StatusCode::NOT_FOUND, "did you mean \"score\"");
  CHECK(server.Query("SELECT count(*) AS n FROM scores").Lines() == std::vector<std::string>{"n=0"});
}

TEST_CASE("Messages above the limit are refused by size", "[e2e][bad_input]") {
  TestServer server([](ServerConfig* c) { c->grpc_max_receive_bytes = 1 << 20; });
  server.CreateTable(kScores);
  grpc::ClientContext context;
  wire::IngestRequest request;
  request.set_table("scores");
  request.mutable_columns()->add_columns()->set_values(std::string(2 << 20, 'x'));
  wire::IngestResponse response;
  const grpc::Status status = server.ingest().Ingest(&context, request, &response);
  CHECK(status.error_code() == StatusCode::RESOURCE_EXHAUSTED);
  server.Ingest(R"({"table": "scores", "rows": {"rows": [{"id": "alive", "at": 1}]}})");
}

TEST_CASE("A batch that does not fit the memory budget is refused with RetryInfo", "[e2e][bad_input]") {
  TestServer server([](ServerConfig* c) { c->memory_budget_bytes = 128ull << 20; });
  server.CreateTable(kScores);
  grpc::Status status;
  for (uint32_t first = 0; status.ok() && first < 4'000'000; first += 50'000) {
    grpc::ClientContext context;
    wire::IngestRequest request;
    request.set_table("scores");
    *request.mutable_columns() = Scores(first, 50'000);
    wire::IngestResponse response;
    status = server.ingest().Ingest(&context, request, &response);
  }
  CheckRefused(status, StatusCode::RESOURCE_EXHAUSTED, "");
  google::rpc::Status details;
  REQUIRE(details.ParseFromString(status.error_details()));
  bool has_retry = false;
  for (const auto& detail : details.details()) has_retry = has_retry || detail.Is<google::rpc::RetryInfo>();
  CHECK(has_retry);
  grpc::ClientContext context;
  wire::GetStatsResponse stats;  // still answers
  REQUIRE(server.stats().GetStats(&context, {}, &stats).ok());
}

TEST_CASE("Bad queries are refused with line and column", "[e2e][bad_input]") {
  TestServer server;
  server.CreateTable(kScores);
  const auto refuses = [&](const std::string& cql, StatusCode code, const std::string& sentence) {
    CAPTURE(cql);
    wire::QueryRequest request;
    request.set_cql(cql);
    CheckRefused(server.Query(request).status, code, sentence);
  };
  refuses("", StatusCode::INVALID_ARGUMENT, "");
  refuses("SELEC id FROM scores", StatusCode::INVALID_ARGUMENT, "line 1:1");
  refuses("SELECT id\nFROM scores WHERE", StatusCode::INVALID_ARGUMENT, "line 2:");
  refuses("SELECT id FROM scorez", StatusCode::NOT_FOUND, "scores");
  refuses("SELECT idd FROM scores", StatusCode::NOT_FOUND, "line 1:8: unknown column \"idd\"");
  refuses("SELECT id FROM scores WHERE score > $1", StatusCode::INVALID_ARGUMENT, "line 1:");
  refuses("SELECT id FROM scores WHERE score LIKE 3", StatusCode::INVALID_ARGUMENT, "line 1:");
  refuses("SELECT \xff FROM scores", StatusCode::INVALID_ARGUMENT, "");
}

TEST_CASE("Bad reads by key, moves and definitions are refused", "[e2e][bad_input]") {
  TestServer server;
  server.CreateTable(kScores);
  const auto get = [&](const std::string& json) {
    grpc::ClientContext context;
    wire::GetResponse response;
    return server.query().Get(&context, FromJson<wire::GetRequest>(json), &response);
  };
  constexpr auto kInvalid = StatusCode::INVALID_ARGUMENT;
  CheckRefused(get(R"({"table": "nosuch", "keys": ["a"], "columns": ["*"]})"), StatusCode::NOT_FOUND, "nosuch");
  CheckRefused(get(R"({"table": "scores", "columns": ["*"]})"), kInvalid, "1 to 1024 keys");
  CheckRefused(get(R"({"table": "scores", "keys": ["a"]})"), kInvalid, "columns is missing");
  CheckRefused(get(R"({"table": "scores", "keys": ["a"], "columns": ["idd"]})"), StatusCode::NOT_FOUND, "\"id\"");
  CheckRefused(get(R"({"table": "scores", "keys": ["a"], "columns": ["id"], "asOf": {"commit": "1"}})"),
               StatusCode::OUT_OF_RANGE, "never given out");

  const auto move = [&](const std::string& json) {
    grpc::ClientContext context;
    wire::MoveTierResponse response;
    return server.admin().MoveTier(&context, FromJson<wire::MoveTierRequest>(json), &response);
  };
  CheckRefused(move(R"({"table": "scores", "to": "TIER_WARM"})"), kInvalid, "unknown tier 0");
  CheckRefused(move(R"({"table": "scores", "from": "TIER_WARM", "to": "TIER_WARM"})"), kInvalid, "both warm");
  CheckRefused(move(R"({"table": "no", "from": "TIER_HOT", "to": "TIER_WARM"})"), StatusCode::NOT_FOUND, "no");

  const auto create = [&](const std::function<void(wire::TableDefinition*)>& change) {
    grpc::ClientContext context;
    wire::CreateTableRequest request;
    *request.mutable_definition() = FromJson<wire::TableDefinition>(kUsers);
    change(request.mutable_definition());
    wire::CreateTableResponse response;
    return server.catalog().CreateTable(&context, request, &response);
  };
  CheckRefused(create([](auto* t) { t->set_name("scores"); }), StatusCode::ALREADY_EXISTS, "scores");
  CheckRefused(create([](auto* t) { t->set_name("1st"); }), kInvalid, "1st");
  CheckRefused(create([](auto* t) { t->set_key_column("at"); }), kInvalid, "key column");
  CheckRefused(create([](auto* t) { t->clear_columns(); }), kInvalid, "column");
  CheckRefused(create([](auto* t) {
                 t->mutable_columns(2)->set_compression(wire::COMPRESSION_ZPTV);
                 t->mutable_columns(2)->mutable_contract()->set_kind(wire::ZptvContract::KIND_ABS);
                 t->mutable_columns(2)->mutable_contract()->set_bound(-0.1);
               }),
               kInvalid, "a zptv bound needs floats");
}

TEST_CASE("Calls that do not exist are UNIMPLEMENTED", "[e2e][bad_input]") {
  TestServer server;
  // The second is how clients find out which version of reflection a server speaks.
  for (const char* name : {"/cortex.datastore.v1.QueryService/NoSuch", "/grpc.reflection.v1.ServerReflection/Info"}) {
    CAPTURE(name);
    const grpc::internal::RpcMethod method(name, grpc::internal::RpcMethod::NORMAL_RPC, server.channel());
    grpc::ClientContext context;
    wire::GetResponse response;
    const grpc::Status status =
        grpc::internal::BlockingUnaryCall(server.channel().get(), method, &context, wire::GetRequest(), &response);
    CHECK(status.error_code() == StatusCode::UNIMPLEMENTED);
  }
}

TEST_CASE("Calls that are not built say so", "[e2e][bad_input]") {
  TestServer server;
  grpc::ClientContext reference_context, expand_context;
  wire::CreateReferenceResponse reference;
  CheckRefused(server.catalog().CreateReference(&reference_context, {}, &reference), StatusCode::UNIMPLEMENTED,
               "not built yet");
  const auto reader = server.query().Expand(&expand_context, {});
  wire::ExpandResponse relation;
  CHECK_FALSE(reader->Read(&relation));
  CheckRefused(reader->Finish(), StatusCode::UNIMPLEMENTED, "not built yet");
}

}  // namespace
}  // namespace cortex::testing
