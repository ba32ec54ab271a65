// One QueryStream per kind of statement. Internal to the engine.
#ifndef CORTEX_QUERY_STATEMENT_STREAMS_H_
#define CORTEX_QUERY_STATEMENT_STREAMS_H_

#include <memory>
#include <string>
#include <vector>

#include "query/cql/ast.h"
#include "query/exec/query_context.h"
#include "query/exec/scan_statistics.h"
#include "query/plan/bound_plan.h"
#include "query/plan/change_binder.h"
#include "query/query_engine.h"
#include "storage/column/batch.h"
#include "storage/column/schema_change.h"

namespace cortex::query {

// What a stream keeps of its request.
struct StreamOptions {
  QueryEngineOptions engine;
  std::optional<int64_t> deadline_monotonic_ns;
  const std::atomic<bool>* cancelled = nullptr;
  uint32_t max_batch_rows = 8'192;
  uint64_t max_batch_bytes = 768 << 10;
  int64_t plan_ns = 0;
  Commit at_least = 0;  // statements that open their own snapshot
  int64_t now_ns = 0;   // what NOW() was bound to
};

enum class ExplainMode { kNone, kPlan, kAnalyze };

// SELECT, or EXPLAIN of one. `snapshot` is nullptr without FROM.
std::unique_ptr<QueryStream> MakeSelectStream(SelectPlan plan, std::shared_ptr<const Snapshot> snapshot,
                                              ExplainMode explain, StreamOptions options);
// rows_inserted, commit.
std::unique_ptr<QueryStream> MakeInsertStream(Batch batch, StreamOptions options);
// rows_updated or rows_deleted, commit. With `explain` only the plan.
std::unique_ptr<QueryStream> MakeUpdateStream(UpdatePlan plan, ExplainMode explain, StreamOptions options);
std::unique_ptr<QueryStream> MakeDeleteStream(DeletePlan plan, ExplainMode explain, StreamOptions options);
// One row of text: what was done.
std::unique_ptr<QueryStream> MakeCreateTableStream(TableDefinition definition, bool if_not_exists, cql::Position at,
                                                   StreamOptions options);
std::unique_ptr<QueryStream> MakeAlterTableStream(std::string name, TableChange change, cql::Position at,
                                                  StreamOptions options);
std::unique_ptr<QueryStream> MakeDropTableStream(std::string name, bool if_exists, cql::Position at,
                                                 StreamOptions options);
// SHOW TABLES, SEGMENTS, TIERS; `table` empty = all.
std::unique_ptr<QueryStream> MakeShowStream(cql::ShowTarget target, std::string table, StreamOptions options);

void CopyScanStatistics(const ScanStatistics& scan, QueryStatistics* statistics);

// The lines of EXPLAIN.
std::vector<std::string> ExplainLines(const QueryStatistics& statistics, bool analyzed);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_STATEMENT_STREAMS_H_
