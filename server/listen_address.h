// Addresses to listen on: "host:port" split and probed, so that a taken port is one clear sentence.
#ifndef CORTEX_SERVER_LISTEN_ADDRESS_H_
#define CORTEX_SERVER_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"

namespace cortex {

// Binds and closes `host_port`. Port 0 always passes. `option` names the setting in the message.
// Errors: INVALID_ARGUMENT not host:port or unknown host, FAILED_PRECONDITION address taken or not ours,
// PERMISSION_DENIED port reserved for root.
absl::Status CheckCanListen(const std::string& host_port, const std::string& option);

}  // namespace cortex

#endif  // CORTEX_SERVER_LISTEN_ADDRESS_H_
