// IngestStream against a whole server: order of acknowledgements, credits, defaults, errors.
#include <catch2/catch.hpp>
#include <thread>

#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"

namespace cortex::testing {
namespace {

using Stream = grpc::ClientReaderWriter<wire::IngestStreamRequest, wire::IngestStreamResponse>;

wire::IngestStreamRequest Batch(uint32_t first, uint32_t count) {
  wire::IngestStreamRequest request;
  *request.mutable_batch()->mutable_columns() = Scores(first, count);
  return request;
}

wire::IngestStreamRequest Defaults() {
  wire::IngestStreamRequest request;
  request.mutable_batch()->set_table("scores");
  return request;
}

struct Heard {
  std::vector<wire::IngestAck> acks;
  uint64_t credit_bytes = 0;
};

// Everything the server says until it ends the stream.
Heard Listen(Stream* stream) {
  Heard heard;
  wire::IngestStreamResponse response;
  while (stream->Read(&response)) {
    if (response.has_ack()) heard.acks.push_back(response.ack());
    heard.credit_bytes += response.credit_bytes();
  }
  return heard;
}

TEST_CASE("IngestStream acknowledges every batch in order and returns its credit", "[e2e][ingest]") {
  TestServer server;
  server.CreateTable(kScores);
  constexpr uint32_t kBatches = 200, kRows = 50;
  grpc::ClientContext context;
  const auto stream = server.ingest().IngestStream(&context);
  Heard heard;
  std::thread listener([&] { heard = Listen(stream.get()); });
  uint64_t sent_bytes = 0;
  REQUIRE(stream->Write(Defaults()));
  for (uint32_t i = 0; i < kBatches; ++i) {
    const wire::IngestStreamRequest request = Batch(i * kRows, kRows);
    sent_bytes += request.ByteSizeLong();
    REQUIRE(stream->Write(request));
  }
  stream->WritesDone();
  listener.join();
  const grpc::Status status = stream->Finish();
  INFO(status.error_message());
  REQUIRE(status.ok());
  REQUIRE(heard.acks.size() == kBatches);
  for (uint32_t i = 0; i < kBatches; ++i) {
    CHECK(heard.acks[i].index() == i);
    CHECK(heard.acks[i].row_count() == kRows);
    if (i > 0) CHECK(heard.acks[i].token().commit() > heard.acks[i - 1].token().commit());
  }
  CHECK(heard.credit_bytes >= (32u << 20) + sent_bytes);
  const QueryAnswer answer = server.Query("SELECT count(*) AS n FROM scores");
  CHECK(answer.Lines() == std::vector<std::string>{"n=10000"});
}

TEST_CASE("IngestStream ends at the first refused batch after acknowledging those before it", "[e2e][ingest]") {
  TestServer server;
  server.CreateTable(kScores);
  grpc::ClientContext context;
  const auto stream = server.ingest().IngestStream(&context);
  wire::IngestStreamRequest first = Batch(0, 3);
  first.mutable_batch()->set_table("scores");
  REQUIRE(stream->Write(first));
  wire::IngestStreamRequest bad = Batch(3, 3);
  bad.mutable_batch()->mutable_columns()->mutable_columns(2)->set_values("short");
  REQUIRE(stream->Write(bad));
  const Heard heard = Listen(stream.get());
  const grpc::Status status = stream->Finish();
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK_THAT(status.error_message(), Catch::Contains("table \"scores\", column \"score\""));
  REQUIRE(heard.acks.size() == 1);
  CHECK(server.Query("SELECT count(*) AS n FROM scores").Lines() == std::vector<std::string>{"n=3"});
}

TEST_CASE("IngestStream without a batch ends well", "[e2e][ingest]") {
  TestServer server;
  grpc::ClientContext context;
  const auto stream = server.ingest().IngestStream(&context);
  stream->WritesDone();
  const Heard heard = Listen(stream.get());
  CHECK(heard.acks.empty());
  CHECK(heard.credit_bytes == 32u << 20);
  CHECK(stream->Finish().ok());
}

// In the middle of their first batch, some a little earlier, some a little later: the server may be reading, decoding or
// committing it, or have ended the stream just before the batch is handed to it.
TEST_CASE("IngestStream survives clients that vanish", "[e2e][ingest]") {
  TestServer server;
  server.CreateTable(kScores);
  for (int round = 0; round < 200; ++round) {
    grpc::ClientContext context;
    const auto stream = server.ingest().IngestStream(&context);
    wire::IngestStreamRequest request = Batch(0, 10);
    request.mutable_batch()->set_table("scores");
    stream->Write(request);
    if (round % 2 == 0) stream->Write(request);
    for (int step = 0; step < round % 40; ++step) std::this_thread::yield();
    context.TryCancel();
    Listen(stream.get());
    REQUIRE(stream->Finish().error_code() == grpc::StatusCode::CANCELLED);
  }
  server.Ingest(R"({"table": "scores", "rows": {"rows": [{"id": "alive", "at": 1}]}})");
}

TEST_CASE("A draining server ends idle ingest streams", "[e2e][ingest]") {
  TestServer server([](ServerConfig* c) { c->drain_timeout_ms = 60'000; });
  grpc::ClientContext context;
  const auto stream = server.ingest().IngestStream(&context);
  wire::IngestStreamResponse response;
  REQUIRE(stream->Read(&response));
  server.server().Shutdown();
  Listen(stream.get());
  CHECK(stream->Finish().error_code() == grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace cortex::testing
