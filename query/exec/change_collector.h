// What UPDATE and DELETE send to storage: the rows a scan finds, by the names of their versions, and their new values.
// The collected is held in memory, charged to the query, until the one commit that applies it.
#ifndef CORTEX_QUERY_EXEC_CHANGE_COLLECTOR_H_
#define CORTEX_QUERY_EXEC_CHANGE_COLLECTOR_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "query/exec/query_context.h"
#include "query/exec/scan_statistics.h"
#include "query/plan/change_binder.h"
#include "storage/database.h"

namespace cortex::query {

// Opens a snapshot of the table of the statement, for the past or for now.
using SnapshotOpener =
    std::function<absl::StatusOr<std::shared_ptr<const Snapshot>>(const SnapshotRequest& request)>;

class ChangeCollector {
 public:
  // Borrows all.
  ChangeCollector(QueryContext* context, const SnapshotOpener& open) : context_(*context), open_(open) {}

  // The rows to end. PURGE names every version of what goes: in ENTITIES tables, of the keys whose current row matches
  // (if WHERE is nothing but the keys, of those keys, current or not); in EVENTS tables of the rows that match, deleted
  // ones too.
  absl::StatusOr<DeleteRequest> Delete(const DeletePlan& plan);

  // A MERGE of key, time and assigned columns that expects the versions it was computed from.
  // Errors: RESOURCE_EXHAUSTED more rows than one commit takes, those of evaluation.
  absl::StatusOr<IngestRequest> Update(const UpdatePlan& plan);

  // Of the scans so far, and the commit the first of them looked at.
  const ScanStatistics& statistics() const { return statistics_; }
  Commit snapshot_commit() const { return snapshot_commit_; }

 private:
  struct Piece;

  absl::StatusOr<std::shared_ptr<const Snapshot>> Open(const ScanPlan& plan, const SnapshotRequest& request);
  absl::StatusOr<std::vector<VersionId>> Versions(const ScanPlan& plan, const SnapshotRequest& request);
  absl::StatusOr<std::vector<VersionId>> VersionsOfMatchingKeys(const ScanPlan& plan);
  absl::Status Charge(Piece* piece);
  void AddStatistics(const ScanStatistics& scan);

  QueryContext& context_;
  const SnapshotOpener& open_;
  ScanStatistics statistics_;
  Commit snapshot_commit_ = 0;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_CHANGE_COLLECTOR_H_
