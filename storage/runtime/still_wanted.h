// What work that may take minutes asks now and then: OK, or why it is to end (CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE).
// Cheap, and called from whatever thread does the work.
#ifndef CORTEX_STORAGE_RUNTIME_STILL_WANTED_H_
#define CORTEX_STORAGE_RUNTIME_STILL_WANTED_H_

#include <functional>

#include "absl/status/status.h"

namespace cortex {

// Where one may be left out, empty means: always wanted.
using StillWanted = std::function<absl::Status()>;

}  // namespace cortex

#endif  // CORTEX_STORAGE_RUNTIME_STILL_WANTED_H_
