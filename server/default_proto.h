// Default values of columns: wire::Value <-> a column of one row.
#ifndef CORTEX_SERVER_DEFAULT_PROTO_H_
#define CORTEX_SERVER_DEFAULT_PROTO_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/definition_proto.h"
#include "storage/column/column.h"

namespace cortex {

// nullptr for NULL. Errors: INVALID_ARGUMENT naming `field` where the value is none of `type`.
absl::StatusOr<std::shared_ptr<const Column>> DefaultFromProto(const wire::Value& value, const DataType& type,
                                                               const std::string& field);
void DefaultToProto(const Column& value, wire::Value* proto);

}  // namespace cortex

#endif  // CORTEX_SERVER_DEFAULT_PROTO_H_
