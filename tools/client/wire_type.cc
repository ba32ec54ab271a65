#include "tools/client/wire_type.h"

#include "absl/strings/str_format.h"

namespace cortex::client {
namespace {

std::string_view KindName(v1::DataType::Kind kind) {
  switch (kind) {
    case v1::DataType::KIND_BOOL: return "bool";
    case v1::DataType::KIND_INT8: return "int8";
    case v1::DataType::KIND_INT16: return "int16";
    case v1::DataType::KIND_INT32: return "int32";
    case v1::DataType::KIND_INT64: return "int64";
    case v1::DataType::KIND_FLOAT16: return "float16";
    case v1::DataType::KIND_FLOAT32: return "float32";
    case v1::DataType::KIND_FLOAT64: return "float64";
    case v1::DataType::KIND_COMPLEX64: return "complex64";
    case v1::DataType::KIND_COMPLEX128: return "complex128";
    case v1::DataType::KIND_TIMESTAMP: return "timestamp";
    case v1::DataType::KIND_STRING: return "string";
    case v1::DataType::KIND_BYTES: return "bytes";
    case v1::DataType::KIND_VECTOR: return "vector";
    case v1::DataType::KIND_LIST_STRING: return "list<string>";
    case v1::DataType::KIND_LIST_FLOAT32: return "list<float32>";
    default: return "unknown";
  }
}

}  // namespace

size_t ScalarWidth(v1::DataType::Kind kind) {
  switch (kind) {
    case v1::DataType::KIND_BOOL:
    case v1::DataType::KIND_INT8: return 1;
    case v1::DataType::KIND_INT16:
    case v1::DataType::KIND_FLOAT16: return 2;
    case v1::DataType::KIND_INT32:
    case v1::DataType::KIND_FLOAT32: return 4;
    case v1::DataType::KIND_INT64:
    case v1::DataType::KIND_FLOAT64:
    case v1::DataType::KIND_COMPLEX64:
    case v1::DataType::KIND_TIMESTAMP: return 8;
    case v1::DataType::KIND_COMPLEX128: return 16;
    default: return 0;
  }
}

size_t FixedWidth(const v1::DataType& type) {
  if (type.kind() == v1::DataType::KIND_VECTOR) return ScalarWidth(type.element()) * type.length();
  return ScalarWidth(type.kind());
}

std::string TypeName(const v1::DataType& type) {
  const std::string_view kind = KindName(type.kind());
  if (type.kind() == v1::DataType::KIND_VECTOR) {
    return absl::StrFormat("vector<%s, %d>", KindName(type.element()), type.length());
  }
  if (type.kind() == v1::DataType::KIND_LIST_STRING && type.length() > 0) {
    return absl::StrFormat("list<string(%d)>", type.length());
  }
  if (type.length() > 0) return absl::StrFormat("%s(%d)", kind, type.length());
  return std::string(kind);
}

std::string_view TierName(v1::Tier tier) {
  switch (tier) {
    case v1::TIER_HOT: return "hot";
    case v1::TIER_WARM: return "warm";
    case v1::TIER_COLD: return "cold";
    default: return "";
  }
}

}  // namespace cortex::client
