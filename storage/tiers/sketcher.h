// Makes the sketches of rows in memory, behind those who write them: every full block of a column that is sketched
// (storage/segment/sketch_rule.h), of groups that grow, wait for their file or were loaded, unless their file has them.
//
// It only reads rows, as any query does, and takes no lock that a writer takes but the leaf that guards the segment
// list. Memory decides whether: a block that does not fit below memory_limit is left for a later round.
#ifndef CORTEX_STORAGE_TIERS_SKETCHER_H_
#define CORTEX_STORAGE_TIERS_SKETCHER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "storage/runtime/mutex.h"
#include "storage/table/table.h"

namespace cortex {

struct SketcherOptions {
  // How often it looks for full blocks; 0: no thread, only SketchAll.
  int64_t interval_ns = 1'000'000'000;
  // The tables as they are now.
  std::function<std::vector<std::shared_ptr<Table>>()> list_tables;
  // What may be in use of `budget` in all, sketches included, asked before each block.
  MemoryBudget* budget = nullptr;
  std::function<uint64_t()> memory_limit;
};

class Sketcher {
 public:
  explicit Sketcher(SketcherOptions options);
  // Stops, and waits for the block under way.
  ~Sketcher();

  // Makes all that there is memory for, on this thread. Blocking.
  void SketchAll();
  // Nothing is made any more after the block under way. Does not wait for it.
  void Stop();

 private:
  // A column of a group that lacks sketches; the group may go away meanwhile.
  struct Job {
    std::weak_ptr<RowGroup> group;
    std::weak_ptr<const SealedFile> file;
    size_t column = 0;
    SketchKind kind = SketchKind::kEuclidean;
  };

  void Run();
  std::vector<Job> FindJobs() const;
  // Whether the file has these sketches; then none are made in memory any more.
  bool LeftToFile(const Job& job) const;
  // The next block; false: nothing is left to do, or not now.
  bool SketchBlock(const Job& job);

  const SketcherOptions options_;
  Mutex work_mutex_;  // held while sketches are made: by one thread at a time; taken before all others
  std::atomic<bool> stopping_{false};
  Mutex mutex_;  // for the wait alone; a leaf
  CondVar stop_;
  std::thread thread_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_SKETCHER_H_
