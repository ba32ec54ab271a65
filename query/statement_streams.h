// One QueryStream per kind of statement. Internal to the engine.
#ifndef CORTEX_QUERY_STATEMENT_STREAMS_H_
#define CORTEX_QUERY_STATEMENT_STREAMS_H_

#include <memory>
#include <string>
#include <vector>

#include "query/cql/ast.h"
#include "query/exec/query_context.h"
#include "query/plan/bound_plan.h"
#include "query/query_engine.h"
#include "storage/column/batch.h"

namespace cortex::query {

// What a stream keeps of its request.
struct StreamOptions {
  QueryEngineOptions engine;
  std::optional<int64_t> deadline_monotonic_ns;
  const std::atomic<bool>* cancelled = nullptr;
  uint32_t max_batch_rows = 8'192;
  uint64_t max_batch_bytes = 768 << 10;
  int64_t plan_ns = 0;
};

enum class ExplainMode { kNone, kPlan, kAnalyze };

// SELECT, or EXPLAIN of one. `snapshot` is nullptr without FROM.
std::unique_ptr<QueryStream> MakeSelectStream(SelectPlan plan, std::shared_ptr<const Snapshot> snapshot,
                                              ExplainMode explain, StreamOptions options);
// rows_inserted, commit.
std::unique_ptr<QueryStream> MakeInsertStream(Batch batch, StreamOptions options);
// One row of text: what was done.
std::unique_ptr<QueryStream> MakeCreateTableStream(TableDefinition definition, bool if_not_exists, cql::Position at,
                                                   StreamOptions options);
std::unique_ptr<QueryStream> MakeDropTableStream(std::string name, bool if_exists, cql::Position at,
                                                 StreamOptions options);
// SHOW TABLES, SEGMENTS, TIERS; `table` empty = all.
std::unique_ptr<QueryStream> MakeShowStream(cql::ShowTarget target, std::string table, StreamOptions options);

// The lines of EXPLAIN.
std::vector<std::string> ExplainLines(const QueryStatistics& statistics, bool analyzed);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_STATEMENT_STREAMS_H_
