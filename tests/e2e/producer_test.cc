// Exactly-once ingest as a client sees it.
#include <catch2/catch.hpp>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"

namespace cortex::testing {
namespace {

wire::IngestRequest Numbered(const std::string& producer, uint64_t sequence, uint32_t rows = 3) {
  wire::IngestRequest request;
  request.set_table("scores");
  *request.mutable_columns() = Scores(static_cast<uint32_t>(sequence) * 100, rows);
  request.set_producer_id(producer);
  request.set_sequence(sequence);
  return request;
}

grpc::Status Send(TestServer& server, const wire::IngestRequest& request, wire::IngestResponse* response) {
  grpc::ClientContext context;
  return server.ingest().Ingest(&context, request, response);
}

wire::GetProducerStateResponse StateOf(TestServer& server, const std::string& producer) {
  grpc::ClientContext context;
  wire::GetProducerStateRequest request;
  request.set_producer_id(producer);
  wire::GetProducerStateResponse response;
  const grpc::Status status = server.ingest().GetProducerState(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response;
}

std::string Reason(const grpc::Status& status) {
  google::rpc::Status details;
  REQUIRE(details.ParseFromString(status.error_details()));
  google::rpc::ErrorInfo info;
  for (const auto& detail : details.details()) detail.UnpackTo(&info);
  return info.reason();
}

TEST_CASE("Ingest applies a producer's batch once, also after a restart", "[e2e][producers]") {
  TestServer server;
  server.CreateTable(kScores);
  CHECK(StateOf(server, "loader").last_sequence() == 0);
  wire::IngestResponse first, again;
  REQUIRE(Send(server, Numbered("loader", 1), &first).ok());
  CHECK_FALSE(first.duplicate());
  CHECK(first.row_count() == 3);
  server.Restart();
  CHECK(StateOf(server, "loader").last_sequence() == 1);
  CHECK(StateOf(server, "loader").token().commit() == first.token().commit());
  REQUIRE(Send(server, Numbered("loader", 1), &again).ok());
  CHECK(again.duplicate());
  CHECK(again.row_count() == 0);
  CHECK(again.token().commit() == first.token().commit());

  const grpc::Status gap = Send(server, Numbered("loader", 3), &again);
  CHECK(gap.error_code() == grpc::StatusCode::OUT_OF_RANGE);
  CHECK(Reason(gap) == "SEQUENCE_GAP");
  CHECK_THAT(gap.error_message(), Catch::Contains("expected 2"));
  const grpc::Status conflict = Send(server, Numbered("loader", 1, 2), &again);
  CHECK(conflict.error_code() == grpc::StatusCode::ABORTED);
  CHECK(Reason(conflict) == "SEQUENCE_CONFLICT");
  CHECK_THAT(conflict.error_message(), Catch::Contains("producer \"loader\", sequence 1"));
  CHECK(server.Query("SELECT count(*) AS n FROM scores").Lines() == std::vector<std::string>{"n=3"});
}

TEST_CASE("IngestStream takes the producer of its first message and acknowledges replays in order",
          "[e2e][producers]") {
  TestServer server;
  server.CreateTable(kScores);
  std::vector<uint64_t> commits;
  for (const uint64_t first_sequence : {1, 11}) {  // the second stream sends 11 .. 20 again
    grpc::ClientContext context;
    const auto stream = server.ingest().IngestStream(&context);
    wire::IngestStreamRequest defaults;
    defaults.mutable_batch()->set_table("scores");
    defaults.mutable_batch()->set_producer_id("loader");
    REQUIRE(stream->Write(defaults));
    for (uint64_t sequence = first_sequence; sequence < first_sequence + 20; ++sequence) {
      wire::IngestStreamRequest request;
      *request.mutable_batch() = Numbered("", sequence);
      request.mutable_batch()->clear_table();
      REQUIRE(stream->Write(request));
    }
    stream->WritesDone();
    wire::IngestStreamResponse response;
    uint64_t sequence = first_sequence;
    while (stream->Read(&response)) {
      if (!response.has_ack()) continue;
      CAPTURE(sequence);
      const bool known = sequence <= commits.size();
      CHECK(response.ack().duplicate() == known);
      CHECK(response.ack().row_count() == (known ? 0 : 3));
      if (known) {
        CHECK(response.ack().token().commit() == commits[sequence - 1]);
      } else {
        commits.push_back(response.ack().token().commit());
      }
      ++sequence;
    }
    REQUIRE(stream->Finish().ok());
    CHECK(sequence == first_sequence + 20);
  }
  CHECK(StateOf(server, "loader").last_sequence() == 30);
  CHECK(server.Query("SELECT count(*) AS n FROM scores").Lines() == std::vector<std::string>{"n=90"});
}

TEST_CASE("IngestStream never ends with OK when its last batch was refused", "[e2e][producers]") {
  TestServer server;
  server.CreateTable(kScores);
  wire::IngestResponse first;
  REQUIRE(Send(server, Numbered("loader", 1), &first).ok());
  // The client's last word and the commit race: either may come first.
  for (int round = 0; round < 50; ++round) {
    grpc::ClientContext context;
    const auto stream = server.ingest().IngestStream(&context);
    wire::IngestStreamRequest request;
    *request.mutable_batch() = Numbered("loader", 1, 2);
    stream->Write(request);
    stream->WritesDone();
    wire::IngestStreamResponse response;
    while (stream->Read(&response)) CHECK_FALSE(response.has_ack());
    REQUIRE(stream->Finish().error_code() == grpc::StatusCode::ABORTED);
  }
}

TEST_CASE("Get waits for the commit it is to see", "[e2e][producers]") {
  TestServer server;
  server.CreateTable(kScores);
  wire::IngestResponse ingested;
  REQUIRE(Send(server, Numbered("loader", 1), &ingested).ok());
  wire::GetRequest request;
  request.set_table("scores");
  request.add_keys("e100");
  request.add_columns("score");
  *request.mutable_at_least() = ingested.token();
  wire::GetResponse response;
  {
    grpc::ClientContext context;
    REQUIRE(server.query().Get(&context, request, &response).ok());
    CHECK(response.found(0));
    CHECK(response.token().commit() >= ingested.token().commit());
  }
  request.mutable_at_least()->set_commit(ingested.token().commit() + 1000);
  grpc::ClientContext context;
  const grpc::Status never = server.query().Get(&context, request, &response);
  CHECK(never.error_code() == grpc::StatusCode::OUT_OF_RANGE);
  CHECK_THAT(never.error_message(), Catch::Contains("never given out"));
}

}  // namespace
}  // namespace cortex::testing
