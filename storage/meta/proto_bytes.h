// Protobuf messages as bytes on disk: the same message gives the same bytes, and bytes are not trusted.
#ifndef CORTEX_STORAGE_META_PROTO_BYTES_H_
#define CORTEX_STORAGE_META_PROTO_BYTES_H_

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cortex {

// Map entries are written in key order, so that equal definitions have equal bytes.
std::string SerializeDeterministic(const google::protobuf::MessageLite& message);

// DATA_LOSS naming `what` if `bytes` are no such message.
absl::Status ParseMessage(std::string_view bytes, std::string_view what, google::protobuf::MessageLite* message);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_PROTO_BYTES_H_
