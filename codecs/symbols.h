// Symbols: strings coded one by one with a table of frequent byte strings (symbol_table.h), so that one of them is read
// without the others. Half the size of plain for prose and names; zstd is smaller and fifty times slower for a row.
// FORMAT.md, "symbols".
#ifndef CORTEX_CODECS_SYMBOLS_H_
#define CORTEX_CODECS_SYMBOLS_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* SymbolsCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_SYMBOLS_H_
