// Opens the snapshot that FOR SYSTEM_TIME asks for. Internal to the engine.
#ifndef CORTEX_QUERY_SYSTEM_TIME_H_
#define CORTEX_QUERY_SYSTEM_TIME_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "query/plan/system_time_binder.h"
#include "storage/database.h"

namespace cortex::query {

// `now` has what the request says apart from system time. Errors: those of Database::OpenSnapshot, at the moment they
// are about; INVALID_ARGUMENT a range that ends before it begins.
absl::StatusOr<std::shared_ptr<const Snapshot>> OpenSystemTime(Database* database, std::string_view table,
                                                               const SystemTimePlan& plan, const SnapshotRequest& now);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_SYSTEM_TIME_H_
