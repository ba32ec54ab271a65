// FOR SYSTEM_TIME and WITH (history = ..) to the stretch of commits a SELECT reads.
#ifndef CORTEX_QUERY_PLAN_SYSTEM_TIME_BINDER_H_
#define CORTEX_QUERY_PLAN_SYSTEM_TIME_BINDER_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/plan/bind_context.h"
#include "storage/runtime/strong_id.h"

namespace cortex::query {

// A commit, or a time that stands for the last commit at or before it.
struct BoundMoment {
  std::optional<Commit> commit;
  std::optional<int64_t> time_ns;
  cql::Position position;
};

// Neither: the table as it is. `from` alone: as it was. `history`: every version that was current at some time from
// `from` (or the oldest kept) to `to` (or now).
struct SystemTimePlan {
  bool history = false;
  std::optional<BoundMoment> from, to;
};

// Errors: INVALID_ARGUMENT with line and column.
absl::StatusOr<SystemTimePlan> BindSystemTime(const cql::Select& select, const BindContext& context);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_SYSTEM_TIME_BINDER_H_
