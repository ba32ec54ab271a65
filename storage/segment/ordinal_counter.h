// Ordinals of rows that stand in commit order need no storage: each is the number of rows of its commit before it.
#ifndef CORTEX_STORAGE_SEGMENT_ORDINAL_COUNTER_H_
#define CORTEX_STORAGE_SEGMENT_ORDINAL_COUNTER_H_

#include <cstdint>

#include "storage/runtime/strong_id.h"

namespace cortex {

// Fed row by row with the commits of a group; `first_ordinal` is that of the group's first row, whose commit may have
// begun in the group before.
class OrdinalCounter {
 public:
  explicit OrdinalCounter(uint32_t first_ordinal) : next_(first_ordinal) {}

  uint32_t Next(Commit commit) {
    if (started_ && commit != commit_) next_ = 0;
    started_ = true;
    commit_ = commit;
    return next_++;
  }

 private:
  uint32_t next_;
  Commit commit_ = 0;
  bool started_ = false;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_ORDINAL_COUNTER_H_
