#include "tools/client/ingester.h"

#include <grpcpp/server_builder.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/status_assertions.h"

namespace cortex::client {
namespace {

// Grants credit, takes one batch and refuses the rest, as a server does whose memory is full.
class RefusingService final : public v1::IngestService::Service {
 public:
  grpc::Status IngestStream(
      grpc::ServerContext* /*context*/,
      grpc::ServerReaderWriter<v1::IngestStreamResponse, v1::IngestStreamRequest>* stream) override {
    v1::IngestStreamRequest request;
    stream->Read(&request);  // the defaults
    v1::IngestStreamResponse credit;
    credit.set_credit_bytes(1 << 20);
    stream->Write(credit);
    stream->Read(&request);
    v1::IngestStreamResponse answer;
    answer.mutable_ack()->set_row_count(1);
    stream->Write(answer);
    stream->Read(&request);
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "memory is full");
  }
};

v1::ColumnBatch OneRow() {
  v1::ColumnBatch batch;
  batch.set_row_count(1);
  return batch;
}

TEST_CASE("An ingester says at its end, too, that the stream was refused", "[client]") {
  RefusingService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  REQUIRE(server != nullptr);
  const Connection connection = REQUIRE_OK_AND_TAKE(Connect("127.0.0.1:" + std::to_string(port), 120'000));

  const auto ingester = Ingester::Open(connection, v1::IngestRequest(), nullptr);
  absl::Status sent;
  while (sent.ok()) sent = ingester->Send(OneRow());
  REQUIRE_STATUS(sent, absl::StatusCode::kResourceExhausted, "memory is full");
  REQUIRE_STATUS(ingester->Finish(), absl::StatusCode::kResourceExhausted, "memory is full");
  REQUIRE_STATUS(ingester->Finish(), absl::StatusCode::kResourceExhausted, "memory is full");
}

}  // namespace
}  // namespace cortex::client
