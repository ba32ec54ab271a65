#include "query/plan/scan_binder.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "query/plan/range_extraction.h"

namespace cortex::query {
namespace {

// `key = 'x'` and `key IN (..)` let whole segments be skipped by their key filters.
void CollectKeys(ScanPlan* plan) {
  for (const PushedPredicate& pushed : plan->predicates) {
    if (pushed.ordinal != plan->table->key_ordinal() || pushed.predicate.kind != ColumnPredicate::Kind::kValues) {
      continue;
    }
    const ValueFilter& filter = pushed.predicate.filter;
    if (filter.kind == ValueFilter::Kind::kSet) {
      for (const FilterValue& value : filter.set) plan->keys.push_back(std::get<std::string>(value));
      return;
    }
    if (filter.lower && filter.upper && filter.lower->value == filter.upper->value) {
      plan->keys.push_back(std::get<std::string>(filter.lower->value));
      return;
    }
  }
}

}  // namespace

void SetCondition(BoundExpr condition, ScanPlan* plan) {
  ExtractedRanges ranges = ExtractRanges(std::move(condition), *plan->table);
  plan->is_empty = ranges.is_empty;
  plan->predicates = std::move(ranges.predicates);
  CollectKeys(plan);
  if (ranges.residual.empty()) return;
  plan->residual_text =
      absl::StrFormat("%d more condition%s", ranges.residual.size(), ranges.residual.size() > 1 ? "s" : "");
  if (ranges.residual.size() == 1) {
    plan->residual = std::move(ranges.residual[0]);
    return;
  }
  const cql::Position at = ranges.residual[0].position;
  plan->residual = MakeOp(ExprOp::kAnd, ExprType::Bool(), std::move(ranges.residual), at);
}

ScanColumn ScanColumnFor(const TableDefinition& table, uint32_t index) {
  const auto count = static_cast<uint32_t>(table.columns.size());
  if (index < count) return {index, table.columns[index].type, table.columns[index].name};
  const DataType number = DataType::Scalar(TypeKind::kInt64);
  if (index == count) return {ScanColumn::kCommit, number, std::string(kCommitColumnName)};
  return {ScanColumn::kEnd, number, std::string(kEndColumnName)};
}

uint32_t ScanNarrower::PositionOf(uint32_t index) {
  const auto [found, added] = position_.emplace(index, static_cast<uint32_t>(plan_.columns.size()));
  if (added) plan_.columns.push_back(ScanColumnFor(*plan_.table, index));
  return found->second;
}

}  // namespace cortex::query
