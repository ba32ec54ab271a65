// Ends that are newer than a file: rows of a sealed segment whose version was superseded or deleted after the file was
// written. The file never changes, so storage/table keeps them beside it and hands them to the reader through this.
#ifndef CORTEX_STORAGE_SEGMENT_END_OVERLAY_H_
#define CORTEX_STORAGE_SEGMENT_END_OVERLAY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// Thread-safe; ends may be added while readers look.
class EndOverlay {
 public:
  virtual ~EndOverlay() = default;

  // DATA_LOSS if an end is missing because its row could not be found in the damaged file: which rows are visible is
  // then unknown, and none is shown.
  virtual absl::Status status() const { return absl::OkStatus(); }

  // True only if ClearEnded would clear nothing, whatever the arguments.
  virtual bool empty() const = 0;

  // Clears bit i of `selection` (LSB first) for every row first_row + i, i < count, whose end is <= `commit`. Rows are
  // numbered through the whole segment, from 0. `first_row` may have any alignment.
  virtual void ClearEnded(Commit commit, uint64_t first_row, uint32_t count, uint64_t* selection) const = 0;

  // Overwrites ends[i] where the overlay knows the end of row first_row + i; leaves the others.
  virtual void ReadEnds(uint64_t first_row, uint32_t count, Commit* ends) const = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_END_OVERLAY_H_
