// What a column's wire type means for its bytes.
#ifndef CORTEX_TOOLS_CLIENT_WIRE_TYPE_H_
#define CORTEX_TOOLS_CLIENT_WIRE_TYPE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "cortex/datastore/v1/types.pb.h"

namespace cortex::client {

namespace v1 = ::cortex::datastore::v1;

// Bytes of one value: 0 for strings, bytes and lists.
size_t FixedWidth(const v1::DataType& type);

// Bytes of one value of a scalar kind: 0 for everything else.
size_t ScalarWidth(v1::DataType::Kind kind);

// "vector<float32, 512>", "string(64)", "int64": as CQL writes it.
std::string TypeName(const v1::DataType& type);

// "hot", "warm", "cold".
std::string_view TierName(v1::Tier tier);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_WIRE_TYPE_H_
