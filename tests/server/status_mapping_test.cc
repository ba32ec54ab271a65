#include "server/status_mapping.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "storage/outcome_unknown.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

google::rpc::Status Details(const absl::Status& status) {
  google::rpc::Status wire;
  REQUIRE(wire.ParseFromString(ToGrpcStatus(status).error_details()));
  return wire;
}

template <typename Detail>
std::vector<Detail> Find(const google::rpc::Status& wire) {
  std::vector<Detail> found;
  for (const auto& any : wire.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) found.push_back(detail);
  }
  return found;
}

TEST_CASE("ToGrpcStatus keeps code and message and adds a reason", "[server][status]") {
  const absl::Status status = absl::NotFoundError("unknown table \"x\"");
  const grpc::Status out = ToGrpcStatus(status);
  CHECK(out.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(out.error_message() == "unknown table \"x\"");
  const auto wire = Details(status);
  CHECK(wire.code() == 5);
  CHECK(wire.message() == out.error_message());
  const auto info = Find<google::rpc::ErrorInfo>(wire);
  REQUIRE(info.size() == 1);
  CHECK(info[0].reason() == "NOT_FOUND");
  CHECK(info[0].domain() == "cortex.datastore");
  CHECK(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST_CASE("The innermost reason is kept", "[server][status]") {
  absl::Status status = WithReason(absl::ResourceExhaustedError("full"), kReasonMemoryBudget);
  status = WithReason(status, kReasonInvalidBatch);
  CHECK(Find<google::rpc::ErrorInfo>(Details(status)).at(0).reason() == "MEMORY_BUDGET_FULL");
  CHECK(WithReason(absl::OkStatus(), kReasonInvalidBatch).ok());
}

TEST_CASE("What may be there already asks nobody to send it again", "[server][status]") {
  const auto wire = Details(OutcomeUnknown("who knows"));
  CHECK(wire.code() == 14);
  CHECK(wire.message() == "who knows");
  REQUIRE(wire.details_size() == 1);
  CHECK(Find<google::rpc::ErrorInfo>(wire).at(0).reason() == "OUTCOME_UNKNOWN");
}

TEST_CASE("What may be retried says when", "[server][status]") {
  for (const absl::Status& status : {absl::ResourceExhaustedError("full"), absl::UnavailableError("starting")}) {
    const auto retry = Find<google::rpc::RetryInfo>(Details(status));
    REQUIRE(retry.size() == 1);
    CHECK(retry[0].retry_delay().nanos() > 0);
  }
  const auto stated = Find<google::rpc::RetryInfo>(Details(WithRetryAfter(absl::UnavailableError("draining"), 2'500)));
  REQUIRE(stated.size() == 1);
  CHECK(stated[0].retry_delay().seconds() == 2);
  CHECK(stated[0].retry_delay().nanos() == 500'000'000);
  CHECK(Find<google::rpc::RetryInfo>(Details(absl::InvalidArgumentError("no"))).empty());
}

TEST_CASE("A wrong field is named", "[server][status]") {
  const auto wire = Details(InvalidField("columns[3].values", "wrong length"));
  const auto bad = Find<google::rpc::BadRequest>(wire);
  REQUIRE(bad.size() == 1);
  REQUIRE(bad[0].field_violations_size() == 1);
  CHECK(bad[0].field_violations(0).field() == "columns[3].values");
  CHECK(bad[0].field_violations(0).description() == "wrong length");
  CHECK(wire.code() == 3);
}

TEST_CASE("Every error code has a reason", "[server][status]") {
  for (int code = 1; code <= 16; ++code) {
    CAPTURE(code);
    const auto info = Find<google::rpc::ErrorInfo>(Details(absl::Status(static_cast<absl::StatusCode>(code), "m")));
    REQUIRE(info.size() == 1);
    CHECK_FALSE(info[0].reason().empty());
  }
}

}  // namespace
}  // namespace cortex
