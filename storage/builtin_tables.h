// The four tables every server has: css_fields, fmo_entities, itb_rules, tcs_patterns.
#ifndef CORTEX_STORAGE_BUILTIN_TABLES_H_
#define CORTEX_STORAGE_BUILTIN_TABLES_H_

#include <vector>

#include "storage/column/schema.h"

namespace cortex {

// Definitions without ids, in the order in which they are created at first start.
std::vector<TableDefinition> BuiltinTables();

}  // namespace cortex

#endif  // CORTEX_STORAGE_BUILTIN_TABLES_H_
