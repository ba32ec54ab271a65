// One column in bytes: what batches in the WAL and default values in the catalog consist of; FORMAT.md shows the boxes.
// Buffers are copied whole, so both directions run at the speed of memory; decoding checks every length, offset and code
// before anything is used.
#ifndef CORTEX_STORAGE_COLUMN_COLUMN_ENCODING_H_
#define CORTEX_STORAGE_COLUMN_COLUMN_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/bytes/byte_reader.h"
#include "storage/column/bitmap.h"
#include "storage/column/column.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// `exact_rows`: Batch::exact_rows of this column, or nullptr.
void EncodeColumn(const Column& column, ColumnId id, const Bitmap* exact_rows, std::string* out);

// A column found in bytes. It says how long it is, so that one of no interest can be passed over.
struct EncodedColumn {
  ColumnId id;
  uint8_t layout = 0;
  bool has_validity = false;
  bool has_exact_rows = false;
  absl::Span<const std::byte> body;  // borrowed
};
// Errors: DATA_LOSS.
absl::Status ReadEncodedColumn(ByteReader* reader, EncodedColumn* column);

// Fills `out`, an empty column of the type that was encoded, and `exact_rows` where there are some. Errors: DATA_LOSS for
// anything malformed.
absl::Status DecodeColumn(const EncodedColumn& encoded, uint32_t row_count, Column* out, Bitmap* exact_rows);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_COLUMN_ENCODING_H_
