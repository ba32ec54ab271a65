#include "query/system_time.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::query {
namespace {

SnapshotRequest At(SnapshotRequest request, const BoundMoment& moment) {
  request.as_of = moment.commit;
  request.as_of_time_ns = moment.time_ns;
  return request;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> Open(Database* database, std::string_view table,
                                                     const SnapshotRequest& request, const BoundMoment& moment) {
  auto snapshot = database->OpenSnapshot(table, At(request, moment));
  if (snapshot.ok()) return snapshot;
  return cql::ErrorAt(moment.position, snapshot.status().code(), std::string(snapshot.status().message()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Snapshot>> OpenSystemTime(Database* database, std::string_view table,
                                                               const SystemTimePlan& plan, const SnapshotRequest& now) {
  SnapshotRequest request = now;
  request.history = plan.history;
  if (!plan.from) return database->OpenSnapshot(table, request);
  ASSIGN_OR_RETURN(auto snapshot, Open(database, table, request, *plan.from));
  if (!plan.to) return snapshot;
  if (plan.to->time_ns && now.now_ns && *plan.to->time_ns >= *now.now_ns) return snapshot;  // as far as is known
  // Only what the end stands for; the rows come from the first snapshot.
  ASSIGN_OR_RETURN(const auto end, Open(database, table, now, *plan.to));
  if (end->commit < snapshot->window.from) {
    return cql::InvalidAt(plan.to->position,
                          absl::StrFormat("the range ends before it begins: its first commit is %d, its last %d",
                                          snapshot->window.from, end->commit));
  }
  auto cut = std::make_shared<Snapshot>(*snapshot);
  cut->window = VersionWindow(snapshot->window.from, end->commit);
  cut->commit = end->commit;
  return cut;
}

}  // namespace cortex::query
