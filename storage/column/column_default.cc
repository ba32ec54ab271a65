#include "storage/column/column_default.h"

#include "codecs/filter_values.h"

namespace cortex {

void AppendDefaults(const ColumnDefinition& definition, uint32_t rows, Column* out) {
  if (definition.default_value == nullptr) return out->AppendNulls(rows);
  for (uint32_t row = 0; row < rows; ++row) out->AppendRows(*definition.default_value, 0, 1);
}

bool DefaultMatches(const ColumnDefinition& definition, const ColumnPredicate& predicate) {
  const Column* const value = definition.default_value.get();
  if (predicate.kind != ColumnPredicate::Kind::kValues) {
    return (predicate.kind == ColumnPredicate::Kind::kIsNull) == (value == nullptr);
  }
  if (value == nullptr) return false;
  if (definition.type.is_string()) return MatchesFilter(predicate.filter, value->StringAt(0));
  uint64_t selection = 1;
  FilterFixedValues(value->values(), predicate.filter, &selection);
  return (selection & 1) != 0;
}

}  // namespace cortex
