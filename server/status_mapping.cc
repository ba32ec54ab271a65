#include "server/status_mapping.h"

#include <string>

#include "absl/strings/cord.h"
#include "codecs/bytes/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "storage/outcome_unknown.h"

namespace cortex {
namespace {

// What an error says to those behind it in the same process alone.
bool IsInternalPayload(absl::string_view type_url) { return StdView(type_url) == kOutcomeUnknownPayload; }

constexpr std::string_view kTypePrefix = "type.googleapis.com/";
constexpr int64_t kDefaultRetryMs = 200;

template <typename Detail>
std::string TypeUrl() {
  return std::string(kTypePrefix) + Detail::descriptor()->full_name();
}

template <typename Detail>
absl::Status WithDetail(absl::Status status, const Detail& detail) {
  if (!status.ok()) status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
  return status;
}

template <typename Detail>
bool Has(const absl::Status& status) {
  return status.GetPayload(TypeUrl<Detail>()).has_value();
}

// What the code alone tells a program.
std::string_view ReasonOfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_REQUEST";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kFailedPrecondition:
      return "WRONG_STATE";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCES_EXHAUSTED";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kDataLoss:
      return "DATA_DAMAGED";
    case absl::StatusCode::kUnimplemented:
      return kReasonNotBuilt;
    default:
      return "INTERNAL";
  }
}

}  // namespace

absl::Status WithReason(absl::Status status, std::string_view reason) {
  if (Has<google::rpc::ErrorInfo>(status)) return status;
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain("cortex.datastore");
  return WithDetail(std::move(status), info);
}

absl::Status WithFieldViolation(absl::Status status, std::string_view field) {
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(StdView(status.message())));
  return WithDetail(std::move(status), bad_request);
}

absl::Status WithRetryAfter(absl::Status status, int64_t retry_after_ms) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(retry_after_ms / 1'000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_after_ms % 1'000 * 1'000'000));
  return WithDetail(std::move(status), info);
}

absl::Status InvalidField(std::string_view field, std::string_view message) {
  return WithFieldViolation(absl::InvalidArgumentError(AbslView(message)), field);
}

absl::Status NotBuilt(std::string_view message) {
  return WithReason(absl::UnimplementedError(AbslView(message)), kReasonNotBuilt);
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const bool unknown = IsOutcomeUnknown(status);
  absl::Status full = WithReason(status, unknown ? kReasonOutcomeUnknown : ReasonOfCode(status.code()));
  const bool retry = !unknown && (absl::IsResourceExhausted(full) || absl::IsUnavailable(full));
  if (retry && !Has<google::rpc::RetryInfo>(full)) full = WithRetryAfter(std::move(full), kDefaultRetryMs);

  google::rpc::Status wire;
  wire.set_code(static_cast<int>(full.code()));
  wire.set_message(std::string(StdView(full.message())));
  full.ForEachPayload([&](absl::string_view type_url, const absl::Cord& bytes) {
    if (IsInternalPayload(type_url)) return;
    google::protobuf::Any* detail = wire.add_details();
    detail->set_type_url(std::string(StdView(type_url)));
    detail->set_value(std::string(bytes));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(full.code()), wire.message(), wire.SerializeAsString());
}

}  // namespace cortex
