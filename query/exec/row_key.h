// Rows as byte strings that compare (memcmp) as their values do: the one form in which sorting, grouping and DISTINCT
// look at values.
//
// Ascending order of a value: values, NaN, NULL. -0 equals +0, all NaN are equal. Per value: 0x01 and the value, or
// 0x02 for NULL. Integers, timestamps, bool: 8 bytes big-endian with the sign flipped; floats: the bits of float64 made
// ordered; text: bytes with 0x00 written 0x00 0xff, ended by 0x00 0x00. Descending: every byte inverted.
#ifndef CORTEX_QUERY_EXEC_ROW_KEY_H_
#define CORTEX_QUERY_EXEC_ROW_KEY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/expr/batch_column.h"
#include "query/expr/kernels.h"

namespace cortex::query {

// Encodes rows of one batch. Borrows the columns.
class RowKeyEncoder {
 public:
  void AddColumn(const BatchColumn& column, bool descending);
  // Appends the key of `row` to `out`.
  void Append(uint32_t row, std::string* out) const;
  // Appends the rows whose first value does not come after the first value of `worst`, a key of this encoder's making:
  // the others cannot have a smaller key. Much cheaper than encoding; text keeps every row.
  void KeepUpTo(std::string_view worst, uint32_t rows, std::vector<uint32_t>* kept) const;

 private:
  struct Part {
    const BatchColumn* column;
    bool descending;
    bool is_float = false;
    bool is_text = false;
    Widened<int64_t> ints;
    Widened<double> floats;
  };
  std::vector<Part> parts_;
};

// Appends the first value of an ascending key to `out`, whose type is the column's, and moves `key` past it. Keys come
// from RowKeyEncoder, never from outside.
void DecodeKeyValue(std::string_view* key, Column* out);

// Appends an integer or float as a value of the column's own width.
void AppendInt(int64_t value, Column* out);
void AppendFloat(double value, Column* out);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_ROW_KEY_H_
