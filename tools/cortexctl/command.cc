#include "tools/cortexctl/command.h"

namespace cortex::ctl {

absl::StatusOr<client::Connection> Connect(const GlobalOptions& options) {
  return client::Connect(options.server, options.connect_ms);
}

void Prepare(const GlobalOptions& options, grpc::ClientContext* context) {
  if (options.timeout_ms > 0) context->set_deadline(client::DeadlineIn(options.timeout_ms));
}

int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk: return 0;
    case absl::StatusCode::kUnavailable: return 3;
    case absl::StatusCode::kNotFound: return 4;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated: return 5;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted: return 6;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled: return 7;
    default: return 1;
  }
}

}  // namespace cortex::ctl
