// What a call that runs for minutes asks now and then: is it still wanted?
#ifndef CORTEX_SERVER_LONG_CALL_H_
#define CORTEX_SERVER_LONG_CALL_H_

#include <grpcpp/server_context.h>

#include <string_view>

#include "absl/status/status.h"
#include "server/server_core.h"
#include "storage/runtime/still_wanted.h"

namespace cortex {

// OK, or why the call is to end: CANCELLED the caller went away, DEADLINE_EXCEEDED. `what` is the work in the words of the
// caller ("the backup"). Thread-safe, cheap. For calls that a server on its way out still answers.
absl::Status CheckNotCancelled(const grpc::CallbackServerContext& context, std::string_view what);

// The same, and UNAVAILABLE when the server drains: for calls that may take minutes.
absl::Status CheckStillWanted(const ServerCore& core, const grpc::CallbackServerContext& context,
                              std::string_view what);

// The same, for storage to ask; `core` and `context` are borrowed.
StillWanted WhileWanted(const ServerCore& core, const grpc::CallbackServerContext& context, const char* what);

}  // namespace cortex

#endif  // CORTEX_SERVER_LONG_CALL_H_
