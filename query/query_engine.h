// THE DOOR of query: text in, batches of rows out.
//
//   auto stream = engine.Start({.text = "SELECT count(*) FROM css_fields"});   parse, bind, plan, snapshot
//   stream->Run(sink)                                                          pull, on the calling thread + workers
//
// All errors of text, names and types come out of Start with line and column; Run may fail with DATA_LOSS (damaged
// segment), RESOURCE_EXHAUSTED (query memory), DEADLINE_EXCEEDED, CANCELLED, OUT_OF_RANGE or INVALID_ARGUMENT
// (arithmetic), or with whatever the sink returned.
#ifndef CORTEX_QUERY_QUERY_ENGINE_H_
#define CORTEX_QUERY_QUERY_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/column/column.h"
#include "storage/database.h"

namespace cortex {

class Clock;
class MemoryBudget;
class ThreadPool;

// A typed parameter or literal: one row of a column (possibly null).
struct QueryParameter {
  std::string name;  // for `:name`; empty for positional `$1`, `$2`, ... in order
  Column value;      // row_count() == 1
};

struct QueryRequest {
  std::string text;
  std::vector<QueryParameter> parameters;
  Commit at_least = 0;
  std::optional<int64_t> deadline_monotonic_ns;  // of the engine's Clock
  const std::atomic<bool>* cancelled = nullptr;  // borrowed until Run returns
  uint32_t max_batch_rows = 8'192;               // rows per batch given to the sink, at most
  uint64_t max_batch_bytes = 768 << 10;          // about; a single larger row still comes
};

struct ResultColumn {
  std::string name;
  DataType type;
};

// What happened, per tier and per operator. Filled while running; complete after Run.
struct TierScanStatistics {
  uint64_t segments = 0, segments_pruned = 0;
  uint64_t row_groups = 0, row_groups_pruned_time = 0, row_groups_pruned_zone = 0, row_groups_pruned_key = 0;
  uint64_t rows_scanned = 0, rows_selected = 0;
  uint64_t bytes_decoded = 0;
};
struct OperatorStatistics {
  std::string name, detail;
  int depth = 0;
  uint64_t estimated_rows = 0, rows = 0;
  int64_t time_ns = 0;
};
struct QueryStatistics {
  TierScanStatistics tiers[3];  // hot, warm, cold
  std::vector<OperatorStatistics> operators;
  int64_t plan_ns = 0, execute_ns = 0;
  uint64_t rows_returned = 0;
  uint64_t peak_memory_bytes = 0;
  Commit snapshot_commit = 0;  // INSERT, UPDATE, DELETE: the commit of the change
  bool approximate = false;
};

struct ResultBatch {
  uint32_t row_count = 0;
  std::vector<Column> columns;
};

// Takes batches in order, on the thread that called Run; may block (back-pressure). A non-OK status ends the query.
using BatchSink = std::function<absl::Status(ResultBatch batch)>;

class QueryStream {
 public:
  virtual ~QueryStream() = default;
  virtual const std::vector<ResultColumn>& schema() const = 0;
  // Runs to the end. Call once. Blocking.
  virtual absl::Status Run(const BatchSink& sink) = 0;
  virtual const QueryStatistics& statistics() const = 0;
};

struct QueryEngineOptions {
  Database* database = nullptr;  // borrowed, as all below
  ThreadPool* workers = nullptr;
  MemoryBudget* budget = nullptr;
  const Clock* clock = nullptr;
};

// Thread-safe.
class QueryEngine {
 public:
  explicit QueryEngine(QueryEngineOptions options) : options_(options) {}

  // SELECT, INSERT, CREATE/DROP TABLE, SHOW, EXPLAIN [ANALYZE] (its result is a table of lines). Statements that change
  // something do so in Run. Errors: INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED, all "line L:C: ...".
  absl::StatusOr<std::unique_ptr<QueryStream>> Start(QueryRequest request) const;

 private:
  QueryEngineOptions options_;
};

}  // namespace cortex

#endif  // CORTEX_QUERY_QUERY_ENGINE_H_
