// Errors after which only a restart tells whether the write they are about is there: for whoever must not do it twice.
#ifndef CORTEX_STORAGE_OUTCOME_UNKNOWN_H_
#define CORTEX_STORAGE_OUTCOME_UNKNOWN_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "codecs/bytes/string_view.h"

namespace cortex {

inline constexpr std::string_view kOutcomeUnknownPayload = "cortex.datastore/outcome-unknown";

// UNAVAILABLE, marked.
inline absl::Status OutcomeUnknown(std::string_view message) {
  absl::Status status = absl::UnavailableError(AbslView(message));
  status.SetPayload(AbslView(kOutcomeUnknownPayload), absl::Cord());
  return status;
}

inline bool IsOutcomeUnknown(const absl::Status& status) {
  return status.GetPayload(AbslView(kOutcomeUnknownPayload)).has_value();
}

}  // namespace cortex

#endif  // CORTEX_STORAGE_OUTCOME_UNKNOWN_H_
