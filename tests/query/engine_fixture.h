// A database on a fresh directory with an engine over it, for tests of the engine.
#ifndef CORTEX_TESTS_QUERY_ENGINE_FIXTURE_H_
#define CORTEX_TESTS_QUERY_ENGINE_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "query/query_engine.h"
#include "storage/database.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/thread_pool.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {

class EngineFixture {
 public:
  explicit EngineFixture(size_t threads = 1, uint64_t budget_bytes = 4ull << 30)
      : budget_(budget_bytes), workers_("query", threads) {
    Open();
  }
  // As after a restart of the server.
  void Reopen() {
    engine_.reset();
    database_.reset();
    Open();
  }

  Database& database() { return *database_; }
  QueryEngine& engine() { return *engine_; }
  MemoryBudget& budget() { return budget_; }

  // All batches of a query, in order.
  absl::Status Run(QueryRequest request, std::vector<ResultBatch>* batches, QueryStatistics* statistics = nullptr) {
    auto stream = engine_->Start(std::move(request));
    if (!stream.ok()) return stream.status();
    const absl::Status status = (*stream)->Run([&](ResultBatch batch) {
      batches->push_back(std::move(batch));
      return absl::OkStatus();
    });
    if (statistics != nullptr) *statistics = (*stream)->statistics();
    return status;
  }
  absl::Status Run(const std::string& text) {
    std::vector<ResultBatch> batches;
    return Run({.text = text}, &batches);
  }
  // The one batch of a small answer.
  ResultBatch Answer(const std::string& text) {
    std::vector<ResultBatch> batches;
    REQUIRE_OK(Run({.text = text}, &batches));
    REQUIRE(batches.size() == 1);
    return std::move(batches[0]);
  }
  void MoveAll(const std::string& table, Tier from, Tier to) {
    REQUIRE_OK(database_->MoveTier({.table = table, .from = from, .to = to}));
  }

 private:
  void Open() {
    DatabaseOptions options;
    options.data_dir = directory_.path();
    options.tiering_interval_ns = 0;
    options.create_builtin_tables = false;
    options.budget = &budget_;
    database_ = REQUIRE_OK_AND_TAKE(Database::Open(options));
    engine_ = std::make_unique<QueryEngine>(QueryEngineOptions{
        .database = database_.get(), .workers = &workers_, .budget = &budget_, .clock = SystemClock()});
  }

  TempDir directory_;
  MemoryBudget budget_;
  ThreadPool workers_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<QueryEngine> engine_;
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_QUERY_ENGINE_FIXTURE_H_
