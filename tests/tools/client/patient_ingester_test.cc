#include "tools/client/patient_ingester.h"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "storage/runtime/mutex.h"
#include "tests/support/status_assertions.h"

namespace cortex::client {
namespace {

grpc::Status Refusal(int64_t retry_ms) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_ms * 1'000'000));
  google::rpc::Status details;
  details.set_code(grpc::StatusCode::RESOURCE_EXHAUSTED);
  details.add_details()->PackFrom(info);
  return {grpc::StatusCode::RESOURCE_EXHAUSTED, "memory is full", details.SerializeAsString()};
}

// Applies numbered batches as cortexd does, each once and in order, and refuses some of them first.
class BusyServer final : public v1::IngestService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::IngestStreamResponse, v1::IngestStreamRequest>;

  BusyServer() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    connection = REQUIRE_OK_AND_TAKE(Connect("127.0.0.1:" + std::to_string(port), 120'000));
  }
  ~BusyServer() override { server_->Shutdown(); }

  grpc::Status IngestStream(grpc::ServerContext*, Stream* stream) override {
    MutexLock lock(&mutex_);
    ++streams_;
    v1::IngestStreamResponse window;
    window.set_credit_bytes(1 << 20);
    stream->Write(window);
    for (v1::IngestStreamRequest request; stream->Read(&request);) {
      const uint64_t sequence = request.batch().sequence();
      if (sequence == 0) continue;  // only defaults
      if (refusals[sequence] > 0) {
        --refusals[sequence];
        return Refusal(1);
      }
      if (sequence > applied_.size() + 1) return {grpc::StatusCode::OUT_OF_RANGE, "gap"};
      v1::IngestStreamResponse answer;
      answer.mutable_ack()->set_duplicate(sequence <= applied_.size());
      if (sequence == applied_.size() + 1) applied_.push_back(request.batch().columns().row_count());
      answer.mutable_ack()->set_row_count(answer.ack().duplicate() ? 0 : applied_.back());
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }

  std::vector<uint64_t> applied() {
    MutexLock lock(&mutex_);
    return applied_;
  }
  int streams() {
    MutexLock lock(&mutex_);
    return streams_;
  }

  std::map<uint64_t, int> refusals;  // by sequence: how often; set before the first stream
  Connection connection;

 private:
  std::unique_ptr<grpc::Server> server_;
  Mutex mutex_;  // one stream at a time
  std::vector<uint64_t> applied_ ABSL_GUARDED_BY(mutex_);  // rows of each
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
};

v1::IngestRequest Numbered() {
  v1::IngestRequest defaults;
  defaults.set_table("t");
  defaults.set_producer_id("p");
  defaults.set_sequence(1);
  return defaults;
}

v1::ColumnBatch Rows(uint32_t count) {
  v1::ColumnBatch batch;
  batch.set_row_count(count);
  return batch;
}

}  // namespace

TEST_CASE("PatientIngester waits for a busy server and has every batch applied once", "[tools][client]") {
  BusyServer server;
  server.refusals = {{1, 2}, {3, 1}, {4, 5}, {10, 1}};
  int waits = 0;
  const auto ingester =
      OpenPatientIngester(server.connection, Numbered(), {.on_wait = [&](const absl::Status&) { ++waits; }});
  for (uint32_t i = 1; i <= 10; ++i) REQUIRE_OK(ingester->Send(Rows(i)));
  const IngestTotals totals = REQUIRE_OK_AND_TAKE(ingester->Finish());
  CHECK(server.applied() == std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(totals.row_count == 55);
  CHECK(totals.batch_count == 10);
  CHECK(totals.duplicate_count == 0);
  CHECK(waits == 4);
  CHECK(server.streams() == 1 + 2 + 1 + 5 + 1);
}

TEST_CASE("RetryAfterMs reads what the server asks for", "[tools][client]") {
  CHECK(RetryAfterMs(Refusal(250)) == 250);
  CHECK(RetryAfterMs(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "a proxy says no")) == std::nullopt);
}

TEST_CASE("PatientIngester gives up with the refusal once nothing was acknowledged for so long", "[tools][client]") {
  BusyServer server;
  server.refusals = {{2, 1'000'000}};
  const auto ingester = OpenPatientIngester(server.connection, Numbered(), {.longest_ms = 2'000, .on_wait = nullptr});
  absl::Status status;
  for (int i = 0; i < 3 && status.ok(); ++i) status = ingester->Send(Rows(7));
  if (status.ok()) status = ingester->Finish().status();
  REQUIRE_STATUS(status, absl::StatusCode::kResourceExhausted, "memory is full; gave up after");
  CHECK(server.applied() == std::vector<uint64_t>{7});
  CHECK(server.streams() > 1);
}

}  // namespace cortex::client
