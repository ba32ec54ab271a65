// Fences of a segment that is sorted by key: the first key of every 1,024 rows, small enough to keep in memory.
#ifndef CORTEX_STORAGE_SEGMENT_FENCES_H_
#define CORTEX_STORAGE_SEGMENT_FENCES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cortex {

std::string EncodeFences(const std::vector<std::string>& fences);
// Errors: DATA_LOSS.
absl::StatusOr<std::vector<std::string>> DecodeFences(std::string_view bytes);
// One per kRowsPerFence rows, none below its predecessor. Errors: DATA_LOSS.
absl::Status CheckFences(const std::vector<std::string>& fences, uint64_t row_count);

// Rows [first, end) of the segment that may hold `key`; empty if none can.
struct RowRange {
  uint64_t first = 0;
  uint64_t end = 0;
};
RowRange FenceRange(const std::vector<std::string>& fences, uint64_t row_count, std::string_view key);

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_FENCES_H_
