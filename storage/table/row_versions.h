// When row versions of one segment ended: `end` per row, for ends that came after the rows were written. An erased
// version has the end kErased, 0: no commit ever sees it.
//
// Blocks of 1,024 ends are allocated when the first row of the block ends, so a segment nobody touches costs one
// pointer per block. One writer at a time (the shard's lock); readers are lock-free: an end is set once, from kOpenEnd
// to a commit that becomes visible later, so a reader at an older commit is right whether it sees it or not. Only
// erasing overrides an end.
#ifndef CORTEX_STORAGE_TABLE_ROW_VERSIONS_H_
#define CORTEX_STORAGE_TABLE_ROW_VERSIONS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/meta/manifest.h"
#include "storage/runtime/strong_id.h"
#include "storage/segment/end_overlay.h"

namespace cortex {

class MemoryBudget;

class RowVersions final : public EndOverlay {
 public:
  // For rows [0, row_count). `budget` may be nullptr; it is charged for the blocks.
  RowVersions(uint64_t row_count, MemoryBudget* budget);
  ~RowVersions() override;

  bool empty() const override { return ended_count_.load(std::memory_order_acquire) == 0; }
  void ClearEnded(Commit commit, uint64_t first_row, uint32_t count, uint64_t* selection) const override;
  void ReadEnds(uint64_t first_row, uint32_t count, Commit* ends) const override;

  // An end could not be set because its row stands in damaged bytes; for good, as far as this program can tell.
  void MarkIncomplete() { incomplete_.store(true, std::memory_order_release); }
  bool incomplete() const { return incomplete_.load(std::memory_order_acquire); }
  absl::Status status() const override;

  // kOpenEnd if none is recorded here.
  Commit EndOf(uint64_t row) const;
  // Writer only. An end that is already set stays, unless the row is erased now. False if nothing changed.
  bool SetEnd(uint64_t row, Commit end);

  // Recorded ends, by row. What a manifest edit stores.
  std::vector<VersionEnd> List() const;
  uint64_t ended_count() const { return ended_count_.load(std::memory_order_relaxed); }
  // Erased rows among them: their bytes are to go at the next rewrite.
  uint64_t erased_count() const { return erased_count_.load(std::memory_order_relaxed); }
  // How often an end was set. Read it before List(): what it counts is in the list.
  uint64_t change_count() const { return change_count_.load(std::memory_order_acquire); }
  // Some change is not durable yet.
  bool unsaved() const { return saved_count_.load(std::memory_order_relaxed) != change_count(); }
  // `changes`: the change count of the list that is now durable.
  void MarkSaved(uint64_t changes) { saved_count_.store(changes, std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kBlockRows = 1024;
  struct Block;

  const uint64_t row_count_;
  MemoryBudget* const budget_;
  std::vector<std::atomic<Block*>> blocks_;
  std::atomic<bool> incomplete_{false};
  std::atomic<uint64_t> ended_count_{0};
  std::atomic<uint64_t> erased_count_{0};
  std::atomic<uint64_t> change_count_{0};
  std::atomic<uint64_t> saved_count_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_ROW_VERSIONS_H_
