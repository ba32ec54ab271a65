// Checks that bytes are UTF-8 as the Unicode standard (table 3-7) defines it: no overlong forms, no surrogates,
// nothing above U+10FFFF.
#ifndef CORTEX_STORAGE_COLUMN_UTF8_H_
#define CORTEX_STORAGE_COLUMN_UTF8_H_

#include <string_view>

namespace cortex {

// Thread-safe. Cost: ASCII 8 bytes per step.
bool IsAscii(std::string_view bytes);
bool IsValidUtf8(std::string_view bytes);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_UTF8_H_
