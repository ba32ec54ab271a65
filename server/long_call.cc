#include "server/long_call.h"

#include <chrono>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/status_mapping.h"

namespace cortex {

absl::Status CheckNotCancelled(const grpc::CallbackServerContext& context, std::string_view what) {
  if (!context.IsCancelled()) return absl::OkStatus();
  // gRPC ends a call at its deadline as if the caller had gone.
  if (context.deadline() <= std::chrono::system_clock::now()) {
    return absl::DeadlineExceededError(absl::StrFormat("the deadline passed before %s was done", what));
  }
  return absl::CancelledError(absl::StrFormat("%s was cancelled", what));
}

absl::Status CheckStillWanted(const ServerCore& core, const grpc::CallbackServerContext& context,
                              std::string_view what) {
  RETURN_IF_ERROR(CheckNotCancelled(context, what));
  if (!core.admission->draining()) return absl::OkStatus();
  return WithReason(absl::UnavailableError(absl::StrFormat(
                        "the server is shutting down, %s was given up; ask its successor again", what)),
                    kReasonDraining);
}

StillWanted WhileWanted(const ServerCore& core, const grpc::CallbackServerContext& context, const char* what) {
  return [&core, &context, what] { return CheckStillWanted(core, context, what); };
}

}  // namespace cortex
