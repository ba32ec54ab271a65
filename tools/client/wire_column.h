// Reads one column of a received batch. Sizes are checked once when it is opened: the peer is not trusted.
#ifndef CORTEX_TOOLS_CLIENT_WIRE_COLUMN_H_
#define CORTEX_TOOLS_CLIENT_WIRE_COLUMN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cortex/datastore/v1/query_service.pb.h"
#include "cortex/datastore/v1/types.pb.h"
#include "tools/client/wire_type.h"

namespace cortex::client {

// How values become text.
enum class TextStyle {
  kTable,  // for people: long vectors and lists are shortened
  kCsv,    // strings bare, NULL empty, vectors and lists as JSON
  kJson,   // a JSON value
};

class WireColumn final {
 public:
  // `column` must outlive the view. Errors: DATA_LOSS where its sizes do not fit together.
  static absl::StatusOr<WireColumn> Open(const v1::ColumnValues& column, const v1::DataType& type, uint32_t row_count);

  bool IsNull(uint32_t row) const;
  // The packed bytes of a fixed-width value, or the bytes of a string.
  std::string_view Bytes(uint32_t row) const;
  // A scalar number as double (bool 0 or 1, float16 widened); 0 for everything else.
  double Number(uint32_t row) const;
  // An integer or timestamp; 0 for everything else.
  int64_t Integer(uint32_t row) const;
  std::string Text(uint32_t row, TextStyle style) const;

 private:
  WireColumn(const v1::ColumnValues& column, const v1::DataType& type) : column_(&column), type_(&type), width_(FixedWidth(type)) {}
  uint32_t Offset(const std::string& offsets, uint32_t index) const;
  std::string ListText(uint32_t row, TextStyle style) const;
  std::string VectorText(std::string_view bytes, v1::DataType::Kind element, TextStyle style) const;

  const v1::ColumnValues* column_;
  const v1::DataType* type_;
  size_t width_;
};

// All columns of a batch of an answer, which must be `count`. `batch` and `schema` must outlive them. Errors: DATA_LOSS.
absl::StatusOr<std::vector<WireColumn>> OpenColumns(const v1::ResultSchema& schema, const v1::ColumnBatch& batch, int count);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_WIRE_COLUMN_H_
