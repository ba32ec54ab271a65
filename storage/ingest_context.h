// What batches on their way into a table work with, wired by the database.
#ifndef CORTEX_STORAGE_INGEST_CONTEXT_H_
#define CORTEX_STORAGE_INGEST_CONTEXT_H_

#include <functional>
#include <memory>

namespace cortex {

class CommitTimes;
class FileTier;
class MemoryBudget;
class MetaStore;
class Sealer;
class Table;
struct Snapshot;
struct TierCounters;

// All borrowed.
struct IngestContext {
  MetaStore* meta = nullptr;
  Sealer* sealer = nullptr;
  FileTier* warm = nullptr;
  FileTier* cold = nullptr;
  MemoryBudget* budget = nullptr;
  CommitTimes* times = nullptr;
  // The table now.
  std::function<std::shared_ptr<const Snapshot>(const Table&)> snapshot;
  TierCounters* counters = nullptr;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_INGEST_CONTEXT_H_
