// What a column holds in rows that say nothing of it: its default, or NULL.
#ifndef CORTEX_STORAGE_COLUMN_COLUMN_DEFAULT_H_
#define CORTEX_STORAGE_COLUMN_COLUMN_DEFAULT_H_

#include <cstdint>

#include "storage/column/column.h"
#include "storage/column/predicate.h"
#include "storage/column/schema.h"

namespace cortex {

// Appends `rows` rows of the default, NULLs if there is none.
void AppendDefaults(const ColumnDefinition& definition, uint32_t rows, Column* out);

// Whether such a row satisfies `predicate`, which is on this column.
bool DefaultMatches(const ColumnDefinition& definition, const ColumnPredicate& predicate);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_COLUMN_DEFAULT_H_
