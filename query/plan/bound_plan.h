// What a SELECT will do, with every name resolved: the scan, what is computed from it, and in which order it comes out.
//
//   scan -> [latest by] -> [aggregate -> having] -> project -> [distinct] -> [sort] -> [offset, limit]
#ifndef CORTEX_QUERY_PLAN_BOUND_PLAN_H_
#define CORTEX_QUERY_PLAN_BOUND_PLAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/expr/bound_expr.h"
#include "storage/column/predicate.h"
#include "storage/column/schema.h"

namespace cortex::query {

// The hidden column that tells when a version stopped being current; NULL for one that is current where the read looks.
inline constexpr std::string_view kEndColumnName = "_end";

// A column a scan yields: an ordinal of the table, or the hidden `_commit` or `_end`.
struct ScanColumn {
  static constexpr uint32_t kCommit = UINT32_MAX;
  static constexpr uint32_t kEnd = UINT32_MAX - 1;
  bool is_hidden() const { return ordinal >= kEnd; }
  uint32_t ordinal = 0;
  DataType type;
  std::string name;
};

// One condition storage evaluates, and its text for EXPLAIN.
struct PushedPredicate {
  ColumnPredicate predicate;
  uint32_t ordinal = 0;
  std::string text;
};

struct ScanPlan {
  std::shared_ptr<const TableDefinition> table;  // nullptr: SELECT without FROM, one row without columns
  std::vector<ScanColumn> columns;
  std::vector<PushedPredicate> predicates;  // all must hold
  std::optional<BoundExpr> residual;        // over `columns`; what storage cannot evaluate
  std::string residual_text;
  bool is_empty = false;          // WHERE can never be true
  std::vector<std::string> keys;  // if not empty: only rows with one of these keys qualify
};

enum class AggregateFunction : uint8_t { kCountStar, kCount, kSum, kAvg, kMin, kMax, kStddev, kVariance };

struct AggregateCall {
  AggregateFunction function = AggregateFunction::kCountStar;
  std::optional<BoundExpr> argument;  // over the scan's columns; none for count(*)
  ExprType type;
  std::string text;
};

struct SortKey {
  uint32_t projection = 0;
  bool descending = false;
};

struct OutputColumn {
  std::string name;
  ExprType type;
};

// LATEST BY: of the rows of the scan that agree in `keys`, the one with the highest commit, or in EVENTS tables the
// highest time and among those the highest commit.
struct LatestByPlan {
  std::vector<BoundExpr> keys;    // over the scan's columns
  uint32_t time = 0, commit = 0;  // positions in the scan
  bool by_time = false;
};

struct SelectPlan {
  ScanPlan scan;
  std::optional<LatestByPlan> latest_by;
  bool is_aggregate = false;
  std::vector<BoundExpr> group_keys;  // over the scan's columns
  std::vector<AggregateCall> aggregates;
  std::optional<BoundExpr> having;  // over group keys, then aggregates
  // Over the scan's columns, or over group keys and aggregates. The first outputs.size() are the answer, the rest are
  // sort keys that nobody sees.
  std::vector<BoundExpr> projections;
  std::vector<OutputColumn> outputs;
  std::vector<SortKey> sort_keys;  // ties broken by the hidden keys at the end, so that order never depends on luck
  bool distinct = false;
  std::optional<uint64_t> limit;
  uint64_t offset = 0;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_BOUND_PLAN_H_
