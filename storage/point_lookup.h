// The planner-free read: the latest version of each key. ENTITIES: the current version; EVENTS: the row with the highest
// (time, commit). Filters and fences decide which segments are read at all.
#ifndef CORTEX_STORAGE_POINT_LOOKUP_H_
#define CORTEX_STORAGE_POINT_LOOKUP_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/database.h"
#include "storage/runtime/still_wanted.h"
#include "storage/snapshot.h"

namespace cortex {

struct LookupLimits {
  uint64_t max_bytes = UINT64_MAX;     // of the values found
  StillWanted still_wanted = nullptr;  // asked for every key
};

// `columns` are ordinals of the snapshot's table. Errors: DATA_LOSS; OUT_OF_RANGE more than `max_bytes`; the answer of
// `still_wanted`.
absl::StatusOr<LookupResult> LookupLatest(const Snapshot& snapshot, absl::Span<const std::string> keys,
                                          absl::Span<const uint32_t> columns, const LookupLimits& limits = {});

}  // namespace cortex

#endif  // CORTEX_STORAGE_POINT_LOOKUP_H_
