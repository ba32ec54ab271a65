#include "query/exec/aggregate.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/exec/row_key.h"
#include "query/expr/evaluator.h"

namespace cortex::query {

Aggregate::Aggregate(const SelectPlan& plan, QueryContext* context) : plan_(plan), context_(context) {
  for (const AggregateCall& call : plan.aggregates) {
    if (!call.argument) {
      argument_of_call_.push_back(-1);
      continue;
    }
    const auto same = [&](const Argument& argument) { return SameExpr(argument.expr, *call.argument); };
    const auto known = std::find_if(arguments_.begin(), arguments_.end(), same);
    argument_of_call_.push_back(static_cast<int>(known - arguments_.begin()));
    if (known == arguments_.end()) arguments_.push_back({*call.argument, {}});
    arguments_[argument_of_call_.back()].needs.Add(call.function);
  }
  for (size_t i = 0; i < context->worker_count(); ++i) tables_.push_back(MakeTable());
}

std::unique_ptr<Aggregate::Table> Aggregate::MakeTable() const {
  auto table = std::make_unique<Table>();
  for (const Argument& argument : arguments_)
    table->states.push_back(MakeAggregateState(argument.expr.type, argument.needs));
  if (plan_.group_keys.empty()) Resize(table.get(), 1);
  return table;
}

void Aggregate::Resize(Table* table, size_t groups) const {
  if (table->row_counts.size() == groups) return;
  table->row_counts.resize(groups);
  for (const auto& state : table->states) state->Resize(groups);
}

absl::Status Aggregate::Charge(Table* table) {
  uint64_t bytes = table->index.memory_bytes() + table->row_counts.capacity() * sizeof(uint64_t);
  for (const auto& state : table->states) bytes += state->memory_bytes();
  if (bytes <= table->charged_bytes) return absl::OkStatus();
  RETURN_IF_ERROR(context_->memory().Grow(bytes - table->charged_bytes));
  table->charged_bytes = bytes;
  return absl::OkStatus();
}

absl::Status Aggregate::Consume(size_t worker, const RowBatch& rows) {
  Table& table = *tables_[worker];
  if (plan_.group_keys.empty()) {
    table.row_counts[0] += rows.row_count;
  } else {
    std::vector<BatchColumn> keys;
    for (const BoundExpr& key : plan_.group_keys) {
      ASSIGN_OR_RETURN(BatchColumn column, Evaluate(key, rows));
      keys.push_back(std::move(column));
    }
    std::vector<uint32_t> groups = table.rows.Release();
    table.index.Number(keys, rows.row_count, &groups);
    Resize(&table, table.index.size());
    for (const uint32_t group : groups) ++table.row_counts[group];
    table.rows.Assign(std::move(groups), static_cast<uint32_t>(table.index.size()));
  }
  for (size_t i = 0; i < arguments_.size(); ++i) {
    ASSIGN_OR_RETURN(const BatchColumn values, Evaluate(arguments_[i].expr, rows));
    if (plan_.group_keys.empty()) {
      table.states[i]->AddAll(values);
    } else {
      table.states[i]->AddToGroups(values, table.rows);
    }
  }
  return Charge(&table);
}

bool Aggregate::TakesZoneMaps() const {
  const auto is_column = [&](const Argument& argument) {
    return argument.expr.op == ExprOp::kColumn &&
           !plan_.scan.columns[argument.expr.column].is_hidden();
  };
  return plan_.group_keys.empty() && std::all_of(arguments_.begin(), arguments_.end(), is_column);
}

bool Aggregate::TakeGroup(const RowGroupView& group) {
  Table& table = *tables_[0];
  std::vector<const ZoneMap*> zones;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const uint32_t ordinal = plan_.scan.columns[arguments_[i].expr.column].ordinal;
    const ZoneMap* zone = group.zone_map(plan_.scan.table->columns[ordinal].id);
    if (zone == nullptr || !table.states[i]->KnowsFrom(*zone)) return false;
    zones.push_back(zone);
  }
  for (size_t i = 0; i < zones.size(); ++i) table.states[i]->AddZoneMap(*zones[i]);
  table.row_counts[0] += group.row_count();
  return true;
}

void Aggregate::MergeInto(Table* target, Table* source) const {
  std::vector<uint32_t> groups;
  if (plan_.group_keys.empty()) {
    groups.push_back(0);
  } else {
    for (uint32_t i = 0; i < source->index.size(); ++i) groups.push_back(target->index.NumberOf(source->index.key(i)));
    Resize(target, target->index.size());
  }
  for (size_t i = 0; i < groups.size(); ++i) target->row_counts[groups[i]] += source->row_counts[i];
  for (size_t i = 0; i < target->states.size(); ++i) target->states[i]->Merge(*source->states[i], groups);
}

absl::StatusOr<RowBatch> Aggregate::Finish() {
  Table& all = *tables_[0];
  for (size_t worker = 1; worker < tables_.size(); ++worker) {
    MergeInto(&all, tables_[worker].get());
    context_->memory().Release(tables_[worker]->charged_bytes);
    tables_[worker].reset();
    RETURN_IF_ERROR(Charge(&all));
  }
  std::vector<uint32_t> order(plan_.group_keys.empty() ? 1 : all.index.size());
  std::iota(order.begin(), order.end(), 0u);
  if (!plan_.group_keys.empty()) {
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return all.index.key(a) < all.index.key(b); });
  }
  std::vector<Column> columns;
  for (const BoundExpr& key : plan_.group_keys) columns.emplace_back(key.type.data);
  for (const uint32_t group : order) {
    if (plan_.group_keys.empty()) break;
    std::string_view key = all.index.key(group);
    for (Column& column : columns) DecodeKeyValue(&key, &column);
  }
  for (size_t i = 0; i < plan_.aggregates.size(); ++i) {
    Column column(plan_.aggregates[i].type.data);
    for (const uint32_t group : order) {
      if (argument_of_call_[i] < 0) {
        column.AppendScalar<int64_t>(static_cast<int64_t>(all.row_counts[group]));
      } else {
        RETURN_IF_ERROR(all.states[argument_of_call_[i]]->Finish(plan_.aggregates[i], group, &column));
      }
    }
    columns.push_back(std::move(column));
  }
  RowBatch out;
  out.row_count = static_cast<uint32_t>(order.size());
  for (Column& column : columns) out.columns.push_back(BatchColumn::Of(std::move(column)));
  return out;
}

}  // namespace cortex::query
