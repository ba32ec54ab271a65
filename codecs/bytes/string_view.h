// Debian builds Abseil with its own absl::string_view. Ours is std::string_view; these two cross the border.
// absl::StrFormat("%s") takes std::string_view as it is; absl::StrCat, absl::Status and absl maps do not.
#ifndef CORTEX_CODECS_BYTES_STRING_VIEW_H_
#define CORTEX_CODECS_BYTES_STRING_VIEW_H_

#include <string_view>

#include "absl/strings/string_view.h"

namespace cortex {

inline absl::string_view AbslView(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view StdView(absl::string_view s) { return {s.data(), s.size()}; }

}  // namespace cortex

#endif  // CORTEX_CODECS_BYTES_STRING_VIEW_H_
