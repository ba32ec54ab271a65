// One cell as JSON (google.protobuf.Value), for people: integers beyond 2^53 as text, NaN and infinities as text,
// timestamps as RFC 3339, bytes as base64, complex numbers as [re, im]. What CellToJson writes, AppendJson reads back
// to the same bits (a NaN's payload excepted).
#ifndef CORTEX_SERVER_JSON_VALUE_H_
#define CORTEX_SERVER_JSON_VALUE_H_

#include <google/protobuf/struct.pb.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/column/column.h"

namespace cortex {

// Appends one row to `column`. Errors: INVALID_ARGUMENT saying what the column's type expects; the column is then
// unchanged. Names of table, row and column are the caller's to add.
absl::Status AppendJson(const google::protobuf::Value& json, Column* column);

void CellToJson(const Column& column, uint32_t row, google::protobuf::Value* json);

// A JSON list as a one-row column, for parameters: numbers give vector<float64>, [re, im] pairs vector<complex128>,
// strings list<string>. Errors: INVALID_ARGUMENT empty or mixed.
absl::StatusOr<Column> ColumnFromJsonList(const google::protobuf::ListValue& list);

}  // namespace cortex

#endif  // CORTEX_SERVER_JSON_VALUE_H_
