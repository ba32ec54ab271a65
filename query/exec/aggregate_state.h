// Running aggregates over one argument: count, sum, sum of squares, minimum and maximum per group, as far as somebody
// asks.
//
// Nothing here depends on the order of rows, on how they were split or on who added them: float sums are exact (one
// rounding at the end), integer sums have 128 bits, minimum and maximum commute.
#ifndef CORTEX_QUERY_EXEC_AGGREGATE_STATE_H_
#define CORTEX_QUERY_EXEC_AGGREGATE_STATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "query/exec/grouped_rows.h"
#include "query/expr/batch_column.h"
#include "query/plan/bound_plan.h"

namespace cortex {
struct ZoneMap;
}

namespace cortex::query {

// What the calls over one argument need besides the count.
struct AggregateNeeds {
  bool sum = false;
  bool squares = false;
  bool min = false;
  bool max = false;

  void Add(AggregateFunction function);
};

// One thread at a time; give each worker its own and Merge.
class AggregateState {
 public:
  virtual ~AggregateState() = default;

  // Groups 0 .. count - 1 exist from now on.
  virtual void Resize(size_t count) = 0;
  // Adds all rows of `values` to group 0, or each to its group. NULL rows count for nothing.
  virtual void AddAll(const BatchColumn& values) = 0;
  virtual void AddToGroups(const BatchColumn& values, const GroupedRows& rows) = 0;
  // Adds group i of `other`, a state of the same making, to group groups[i].
  virtual void Merge(const AggregateState& other, absl::Span<const uint32_t> groups) = 0;
  // Appends the value of `call` for `group`. Errors: OUT_OF_RANGE if an integer sum does not fit int64.
  virtual absl::Status Finish(const AggregateCall& call, uint32_t group, Column* out) const = 0;

  // Adds a whole row group to group 0 from its zone map; false (and nothing happens) if the zone map cannot tell.
  virtual bool AddZoneMap(const ZoneMap& zone) = 0;
  // Whether AddZoneMap would succeed.
  virtual bool KnowsFrom(const ZoneMap& zone) const = 0;

  virtual size_t memory_bytes() const = 0;
};

std::unique_ptr<AggregateState> MakeAggregateState(const ExprType& argument, const AggregateNeeds& needs);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_AGGREGATE_STATE_H_
