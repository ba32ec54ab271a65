// SELECT and EXPLAIN [ANALYZE] SELECT as streams.
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/exec/select_executor.h"
#include "query/statement_streams.h"

namespace cortex::query {
namespace {

class SelectStream final : public QueryStream {
 public:
  SelectStream(SelectPlan plan, std::shared_ptr<const Snapshot> snapshot, ExplainMode explain, StreamOptions options)
      : options_(std::move(options)), plan_(std::move(plan)), snapshot_(std::move(snapshot)), explain_(explain) {
    if (explain_ != ExplainMode::kNone) {
      schema_.push_back({"plan", DataType::String()});
    } else {
      for (const OutputColumn& output : plan_.outputs) schema_.push_back({output.name, output.type.data});
    }
    statistics_.plan_ns = options_.plan_ns;
    statistics_.snapshot_commit = snapshot_ == nullptr ? 0 : snapshot_->commit;
  }

  const std::vector<ResultColumn>& schema() const override { return schema_; }
  const QueryStatistics& statistics() const override { return statistics_; }

  absl::Status Run(const BatchSink& sink) override {
    const QueryEngineOptions& engine = options_.engine;
    QueryContext context(engine.budget, engine.workers, engine.clock, options_.deadline_monotonic_ns,
                         options_.cancelled);
    RETURN_IF_ERROR(context.CheckStop());
    SelectExecutor executor(plan_, snapshot_, &context);
    const int64_t start = context.MonotonicNanos();
    absl::Status status;
    if (explain_ == ExplainMode::kPlan) {
      status = executor.Estimate();
    } else {
      status = executor.Run({.max_batch_rows = options_.max_batch_rows, .max_batch_bytes = options_.max_batch_bytes},
                            [&](uint32_t rows, std::vector<Column> columns) -> absl::Status {
                              statistics_.rows_returned += rows;
                              if (explain_ == ExplainMode::kAnalyze) return absl::OkStatus();
                              return sink({rows, std::move(columns)});
                            });
    }
    statistics_.execute_ns = context.MonotonicNanos() - start;
    statistics_.peak_memory_bytes = context.memory().peak_bytes();
    Collect(executor);
    snapshot_ = nullptr;  // files and memory may go as soon as the last row is out
    RETURN_IF_ERROR(status);
    return explain_ == ExplainMode::kNone ? absl::OkStatus() : EmitLines(sink);
  }

 private:
  void Collect(const SelectExecutor& executor) {
    CopyScanStatistics(executor.scan_statistics(), &statistics_);
    for (const OperatorTrace& trace : executor.operators()) {
      statistics_.operators.push_back(
          {trace.name, trace.detail, trace.depth, trace.estimated_rows, trace.rows, trace.time_ns});
    }
  }

  absl::Status EmitLines(const BatchSink& sink) const {
    ResultBatch batch;
    Column lines(DataType::String());
    for (const std::string& line : ExplainLines(statistics_, explain_ == ExplainMode::kAnalyze))
      lines.AppendString(line);
    batch.row_count = lines.row_count();
    batch.columns.push_back(std::move(lines));
    return sink(std::move(batch));
  }

  const StreamOptions options_;
  const SelectPlan plan_;
  std::shared_ptr<const Snapshot> snapshot_;
  const ExplainMode explain_;
  std::vector<ResultColumn> schema_;
  QueryStatistics statistics_;
};

}  // namespace

void CopyScanStatistics(const ScanStatistics& scan, QueryStatistics* statistics) {
  for (size_t i = 0; i < scan.tiers.size(); ++i) {
    const TierScan& from = scan.tiers[i];
    statistics->tiers[i] = {.segments = from.segments,
                            .segments_pruned = from.segments_pruned,
                            .row_groups = from.row_groups,
                            .row_groups_pruned_time = from.row_groups_pruned_time,
                            .row_groups_pruned_zone = from.row_groups_pruned_zone,
                            .row_groups_pruned_key = from.row_groups_pruned_key,
                            .rows_scanned = from.rows_scanned,
                            .rows_selected = from.rows_selected,
                            .bytes_decoded = from.bytes_decoded};
  }
}

std::unique_ptr<QueryStream> MakeSelectStream(SelectPlan plan, std::shared_ptr<const Snapshot> snapshot,
                                              ExplainMode explain, StreamOptions options) {
  return std::make_unique<SelectStream>(std::move(plan), std::move(snapshot), explain, std::move(options));
}

}  // namespace cortex::query
