#include "query/query_engine.h"

#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/cql/parser.h"
#include "query/cql/release_scope.h"
#include "query/exec/query_context.h"
#include "query/plan/select_binder.h"
#include "query/plan/table_binder.h"
#include "query/statement_streams.h"
#include "query/system_time.h"
#include "storage/runtime/clock.h"

namespace cortex {
namespace {

using query::BindContext;
using query::ExplainMode;
using query::StreamOptions;

// Storage knows names, not positions.
template <typename T>
absl::StatusOr<T> At(cql::Position at, absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return cql::ErrorAt(at, result.status().code(), std::string(result.status().message()));
}

class Starter {
 public:
  Starter(const QueryEngineOptions& engine, const QueryRequest& request) : request_(request) {
    options_.engine = engine;
    if (options_.engine.clock == nullptr) options_.engine.clock = SystemClock();
    options_.deadline_monotonic_ns = request.deadline_monotonic_ns;
    options_.cancelled = request.cancelled;
    options_.max_batch_rows = std::max<uint32_t>(1, request.max_batch_rows);
    options_.max_batch_bytes = std::max<uint64_t>(1, request.max_batch_bytes);
    for (const QueryParameter& parameter : request.parameters)
      context_.parameters.push_back({parameter.name, &parameter.value});
    context_.now_ns = options_.engine.clock->NowNanos();
    options_.now_ns = context_.now_ns;
    options_.at_least = request.at_least;
    start_ns_ = options_.engine.clock->MonotonicNanos();
  }

  absl::StatusOr<std::unique_ptr<QueryStream>> Start() {
    ASSIGN_OR_RETURN(const cql::Statement statement, cql::Parse(request_.text));
    RETURN_IF_ERROR(cql::CheckReleaseScope(statement));
    at_ = statement.position;
    return std::visit(*this, statement.node);
  }

  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::Select& select) {
    return StartSelect(select, ExplainMode::kNone);
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::Explain& explain) {
    const ExplainMode mode = explain.analyze ? ExplainMode::kAnalyze : ExplainMode::kPlan;
    const cql::Statement& inner = *explain.statement;
    if (const auto* select = std::get_if<cql::Select>(&inner.node)) return StartSelect(*select, mode);
    if (const auto* update = std::get_if<cql::Update>(&inner.node)) return StartUpdate(*update, mode);
    if (const auto* erase = std::get_if<cql::Delete>(&inner.node)) return StartDelete(*erase, mode);
    return cql::UnsupportedAt(inner.position, "EXPLAIN of this statement");
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::Update& update) {
    return StartUpdate(update, ExplainMode::kNone);
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::Delete& erase) {
    return StartDelete(erase, ExplainMode::kNone);
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::Insert& insert) {
    ASSIGN_OR_RETURN(auto table, FindTable(insert.table));
    ASSIGN_OR_RETURN(Batch batch, query::BindInsert(insert, std::move(table), context_));
    return query::MakeInsertStream(std::move(batch), Options());
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::CreateTable& create) {
    ASSIGN_OR_RETURN(TableDefinition definition, query::BindCreateTable(create, context_));
    return query::MakeCreateTableStream(std::move(definition), create.if_not_exists, create.table.position, Options());
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::AlterTable& alter) {
    ASSIGN_OR_RETURN(TableChange change, query::BindAlterTable(alter, context_));
    return query::MakeAlterTableStream(alter.table.name, std::move(change), alter.table.position, Options());
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::DropTable& drop) {
    return query::MakeDropTableStream(drop.table.name, drop.if_exists, drop.table.position, Options());
  }
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const cql::Show& show) {
    if (show.table) RETURN_IF_ERROR(FindTable(*show.table).status());
    return query::MakeShowStream(show.target, show.table ? show.table->name : "", Options());
  }
  // CREATE REFERENCE: refused by CheckReleaseScope before.
  template <typename Other>
  absl::StatusOr<std::unique_ptr<QueryStream>> operator()(const Other&) {
    return cql::UnsupportedAt(at_, "this statement");
  }

 private:
  absl::StatusOr<std::shared_ptr<const TableDefinition>> FindTable(const cql::TableRef& table) const {
    return At(table.position, options_.engine.database->FindTable(table.name));
  }

  absl::StatusOr<std::unique_ptr<QueryStream>> StartSelect(const cql::Select& select, ExplainMode explain) {
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const TableDefinition> table;
    if (select.from) {
      RETURN_IF_ERROR(FindTable(*select.from).status());
      ASSIGN_OR_RETURN(const query::SystemTimePlan time, query::BindSystemTime(select, context_));
      // Only to be asked whether the query still runs.
      const query::QueryContext query(nullptr, nullptr, options_.engine.clock, options_.deadline_monotonic_ns,
                                      options_.cancelled);
      ASSIGN_OR_RETURN(snapshot, query::OpenSystemTime(options_.engine.database, select.from->name, time,
                                                       {.at_least = request_.at_least,
                                                        .now_ns = context_.now_ns,
                                                        .still_wanted = [&] { return query.CheckStop(); }}));
      table = snapshot->table;
    }
    ASSIGN_OR_RETURN(query::SelectPlan plan, query::BindSelect(select, std::move(table), context_));
    return query::MakeSelectStream(std::move(plan), std::move(snapshot), explain, Options());
  }

  absl::StatusOr<std::unique_ptr<QueryStream>> StartUpdate(const cql::Update& update, ExplainMode explain) {
    ASSIGN_OR_RETURN(auto table, FindTable(update.table));
    ASSIGN_OR_RETURN(query::UpdatePlan plan, query::BindUpdate(update, std::move(table), context_));
    return query::MakeUpdateStream(std::move(plan), explain, Options());
  }

  absl::StatusOr<std::unique_ptr<QueryStream>> StartDelete(const cql::Delete& erase, ExplainMode explain) {
    ASSIGN_OR_RETURN(auto table, FindTable(erase.table));
    ASSIGN_OR_RETURN(query::DeletePlan plan, query::BindDelete(erase, std::move(table), context_));
    return query::MakeDeleteStream(std::move(plan), explain, Options());
  }

  StreamOptions Options() {
    options_.plan_ns = options_.engine.clock->MonotonicNanos() - start_ns_;
    return options_;
  }

  const QueryRequest& request_;
  StreamOptions options_;
  BindContext context_;
  cql::Position at_;
  int64_t start_ns_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<QueryStream>> QueryEngine::Start(QueryRequest request) const {
  return Starter(options_, request).Start();
}

}  // namespace cortex
