// Finds the distinct values of a column and gives each row its code: the analysis half of the dictionary encoding.
#ifndef CORTEX_CODECS_DICTIONARY_BUILDER_H_
#define CORTEX_CODECS_DICTIONARY_BUILDER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/values.h"

namespace cortex {

struct BuiltDictionary {
  std::vector<uint32_t> first_rows;  // per entry: a row that holds its value
  std::vector<uint32_t> codes;       // per row
};

// Entries in order of appearance, told apart by their bits. Gives up (nullopt) beyond `max_entries`.
std::optional<BuiltDictionary> BuildDictionary(const ValueSpan& rows, uint32_t max_entries);

// Renumbers the entries: strings as unsigned bytes; integers by number; floats by number with -0 before +0 and NaN
// outside the infinities. Apart from building because sizes can be estimated without.
void SortDictionary(const ValueSpan& rows, BuiltDictionary* built);

// True if the column can have a dictionary: strings, or one fixed-width value per row.
bool HasDictionaryForm(ValueShape shape);

}  // namespace cortex

#endif  // CORTEX_CODECS_DICTIONARY_BUILDER_H_
