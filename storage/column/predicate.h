// What storage understands of a WHERE clause: intervals and sets over single columns, never expressions.
#ifndef CORTEX_STORAGE_COLUMN_PREDICATE_H_
#define CORTEX_STORAGE_COLUMN_PREDICATE_H_

#include "codecs/value_filter.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// True for a row iff ... kValues: the value is present and satisfies `filter`; kIsNull / kIsNotNull: as named.
// A column that a segment does not have holds its default, or NULL, in all its rows.
struct ColumnPredicate {
  enum class Kind : uint8_t { kValues, kIsNull, kIsNotNull };
  ColumnId column;
  Kind kind = Kind::kValues;
  ValueFilter filter;  // kValues, on columns whose DataType::is_filterable()
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_PREDICATE_H_
