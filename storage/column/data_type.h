// The column types of the store (README.md of this folder: the table of types) and their physical shape.
#ifndef CORTEX_STORAGE_COLUMN_DATA_TYPE_H_
#define CORTEX_STORAGE_COLUMN_DATA_TYPE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/values.h"

namespace cortex {

// Numbers are part of the file format and equal those of cortex.datastore.v1.DataType.Kind.
enum class TypeKind : uint8_t {
  kBool = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kFloat16 = 6,
  kFloat32 = 7,
  kFloat64 = 8,
  kComplex64 = 9,    // two float32: re, im
  kComplex128 = 10,  // two float64: re, im
  kTimestamp = 11,   // int64 nanoseconds since 1970-01-01 UTC
  kString = 12,      // valid UTF-8
  kBytes = 13,
  kVector = 14,  // `length` elements of kind `element`
  kListString = 15,
  kListFloat32 = 16,
};

struct DataType {
  TypeKind kind = TypeKind::kInt64;
  TypeKind element = TypeKind::kFloat32;  // kVector only: a float or complex kind
  uint32_t length = 0;  // kVector: elements, 1..65536. kString, kListString: most bytes of a string, 0 = no limit

  bool is_vector() const { return kind == TypeKind::kVector; }
  bool is_list() const { return kind == TypeKind::kListString || kind == TypeKind::kListFloat32; }
  bool is_string() const { return kind == TypeKind::kString || kind == TypeKind::kBytes; }
  bool is_complex() const {
    const TypeKind scalar = is_vector() ? element : kind;
    return scalar == TypeKind::kComplex64 || scalar == TypeKind::kComplex128;
  }
  // One value of physical width per row: what codecs can filter and zone maps describe.
  bool is_filterable() const { return !is_vector() && !is_list() && !is_complex(); }

  // The physical rows; for lists, of one element.
  ValueShape shape() const;
  // As CQL writes it: `string(64)`, `vector<complex128, 256>`, `list<string(32)>`.
  std::string ToString() const;
  bool operator==(const DataType&) const = default;

  static DataType Scalar(TypeKind kind) { return {.kind = kind}; }
  static DataType String(uint32_t max_bytes = 0) { return {.kind = TypeKind::kString, .length = max_bytes}; }
  static DataType Vector(TypeKind element, uint32_t length) {
    return {.kind = TypeKind::kVector, .element = element, .length = length};
  }
  static DataType ListString(uint32_t max_bytes = 0) { return {.kind = TypeKind::kListString, .length = max_bytes}; }
};

std::string_view TypeKindName(TypeKind kind);

// Errors: INVALID_ARGUMENT for an unknown kind, a vector of something that is not a float or complex, a vector length
// outside 1..65536 or a row larger than 1 MiB.
absl::Status ValidateType(const DataType& type);

// Reads what ToString writes (case-insensitive kind names). Errors: INVALID_ARGUMENT.
absl::StatusOr<DataType> ParseType(std::string_view text);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_DATA_TYPE_H_
