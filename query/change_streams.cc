// UPDATE and DELETE as streams, and EXPLAIN of them.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/command_stream.h"
#include "query/exec/change_collector.h"
#include "query/exec/scan.h"

namespace cortex::query {
namespace {

// How often an UPDATE begins anew because somebody else changed one of its rows first.
constexpr int kMaxAttempts = 10;

class ChangeStream : public CommandStream {
 public:
  ChangeStream(std::vector<ResultColumn> schema, StreamOptions options)
      : CommandStream(std::move(schema), std::move(options)),
        context_(this->options().engine.budget, this->options().engine.workers, this->options().engine.clock,
                 this->options().deadline_monotonic_ns, this->options().cancelled) {}

 protected:
  SnapshotOpener Opener(const std::string& table) const {
    return [this, table](SnapshotRequest request) {
      request.at_least = options().at_least;
      request.now_ns = options().now_ns;
      request.still_wanted = [this] { return context_.CheckStop(); };
      return database().OpenSnapshot(table, request);
    };
  }
  void Note(const ChangeCollector& collector) {
    CopyScanStatistics(collector.statistics(), mutable_statistics());
    mutable_statistics()->snapshot_commit = collector.snapshot_commit();
    mutable_statistics()->peak_memory_bytes = context_.memory().peak_bytes();
  }

  QueryContext context_;
};

class DeleteStream final : public ChangeStream {
 public:
  DeleteStream(DeletePlan plan, StreamOptions options)
      : ChangeStream({Number("rows_deleted"), Number("commit")}, std::move(options)), plan_(std::move(plan)) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) override {
    const SnapshotOpener open = Opener(plan_.scan.table->name);
    ChangeCollector collector(&context_, open);
    ASSIGN_OR_RETURN(DeleteRequest request, collector.Delete(plan_));
    Note(collector);
    DeleteResult result{.token = {.commit = collector.snapshot_commit()}};
    if (!request.rows.empty()) {
      RETURN_IF_ERROR(context_.CheckStop());
      ASSIGN_OR_RETURN(result, database().Delete(std::move(request)));
      mutable_statistics()->snapshot_commit = result.token.commit;
    }
    RowAppender(columns).Add(result.row_count).Add(result.token.commit);
    return absl::OkStatus();
  }

  const DeletePlan plan_;
};

class UpdateStream final : public ChangeStream {
 public:
  UpdateStream(UpdatePlan plan, StreamOptions options)
      : ChangeStream({Number("rows_updated"), Number("commit")}, std::move(options)), plan_(std::move(plan)) {}

 private:
  // Another writer's commit between our snapshot and our own commit sends us back to a new snapshot.
  absl::Status Execute(std::vector<Column>* columns) override {
    const SnapshotOpener open = Opener(plan_.scan.table->name);
    for (int attempt = 1;; ++attempt) {
      RETURN_IF_ERROR(context_.CheckStop());
      ChangeCollector collector(&context_, open);
      ASSIGN_OR_RETURN(IngestRequest request, collector.Update(plan_));
      Note(collector);
      const uint64_t rows = request.batch.row_count;
      if (rows == 0) {
        RowAppender(columns).Add(uint64_t{0}).Add(collector.snapshot_commit());
        return absl::OkStatus();
      }
      const absl::StatusOr<CommitToken> token = database().Ingest(std::move(request));
      if (token.ok()) {
        mutable_statistics()->snapshot_commit = token->commit;
        RowAppender(columns).Add(rows).Add(token->commit);
        return absl::OkStatus();
      }
      if (!absl::IsAborted(token.status())) return token.status();
      if (attempt == kMaxAttempts) {
        return absl::AbortedError(absl::StrFormat("UPDATE gave up after %d attempts, nothing was applied: %s", attempt,
                                                  std::string(token.status().message())));
      }
      RETURN_IF_ERROR(database().Flush().status());  // what came first is visible then
    }
  }

  const UpdatePlan plan_;
};

// What would be done, without doing it.
class ExplainChangeStream final : public ChangeStream {
 public:
  ExplainChangeStream(std::string name, std::string detail, ScanPlan scan, StreamOptions options)
      : ChangeStream({Text("plan")}, std::move(options)),
        name_(std::move(name)),
        detail_(std::move(detail)),
        scan_(std::move(scan)) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) override {
    ASSIGN_OR_RETURN(const auto snapshot, Opener(scan_.table->name)({}));
    ASSIGN_OR_RETURN(const auto scan, Scan::Open(scan_, snapshot, &context_, {}));
    CopyScanStatistics(scan->statistics(), mutable_statistics());
    mutable_statistics()->snapshot_commit = snapshot->commit;
    const uint64_t rows = EstimateRows(scan_, scan->statistics());
    mutable_statistics()->operators = {{.name = name_, .detail = detail_, .depth = 0, .estimated_rows = rows},
                                       {.name = "scan", .detail = DescribeScan(scan_), .depth = 1, .estimated_rows = rows}};
    for (const std::string& line : ExplainLines(statistics(), /*analyzed=*/false)) RowAppender(columns).Add(line);
    return absl::OkStatus();
  }

  const std::string name_, detail_;
  const ScanPlan scan_;
};

std::string AssignedColumns(const UpdatePlan& plan) {
  std::string names;
  for (const UpdatePlan::Assignment& assignment : plan.assignments) {
    names += (names.empty() ? "" : ", ") + plan.scan.table->columns[assignment.ordinal].name;
  }
  return names;
}

}  // namespace

std::unique_ptr<QueryStream> MakeUpdateStream(UpdatePlan plan, ExplainMode explain, StreamOptions options) {
  if (explain == ExplainMode::kNone) return std::make_unique<UpdateStream>(std::move(plan), std::move(options));
  std::string detail = plan.scan.table->name + " set " + AssignedColumns(plan);
  return std::make_unique<ExplainChangeStream>("update", std::move(detail), std::move(plan.scan), std::move(options));
}

std::unique_ptr<QueryStream> MakeDeleteStream(DeletePlan plan, ExplainMode explain, StreamOptions options) {
  if (explain == ExplainMode::kNone) return std::make_unique<DeleteStream>(std::move(plan), std::move(options));
  std::string detail = plan.scan.table->name;
  return std::make_unique<ExplainChangeStream>(plan.purge ? "purge" : "delete", std::move(detail),
                                               std::move(plan.scan), std::move(options));
}

}  // namespace cortex::query
