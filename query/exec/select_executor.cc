#include "query/exec/select_executor.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/exec/aggregate.h"
#include "query/exec/distinct.h"
#include "query/exec/sort_limit.h"
#include "query/expr/evaluator.h"

namespace cortex::query {
namespace {

// A stream holds this many morsels per worker while it waits for the sink: enough to keep workers busy between windows.
constexpr size_t kWindowMorselsPerWorker = 4;
// Bytes of one morsel of a stream, about; wide rows get fewer rows.
constexpr uint64_t kStreamMorselBytes = 1 << 20;

uint32_t StreamMorselRows(const SelectPlan& plan) {
  uint64_t row_bytes = 1;
  for (const ScanColumn& column : plan.scan.columns)
    row_bytes += std::max<uint32_t>(8, column.type.shape().row_bytes());
  const uint64_t rows = kStreamMorselBytes / row_bytes / kVectorRows * kVectorRows;
  return static_cast<uint32_t>(std::clamp<uint64_t>(rows, kVectorRows, kMorselRows));
}

std::vector<ExprType> OutputTypes(const SelectPlan& plan) {
  std::vector<ExprType> types;
  for (const OutputColumn& output : plan.outputs) types.push_back(output.type);
  return types;
}

// Offset and limit together.
uint64_t RowsWanted(const SelectPlan& plan) {
  if (!plan.limit) return UINT64_MAX;
  const uint64_t sum = *plan.limit + plan.offset;
  return sum < plan.offset ? UINT64_MAX : sum;
}

}  // namespace

SelectExecutor::SelectExecutor(const SelectPlan& plan, std::shared_ptr<const Snapshot> snapshot, QueryContext* context)
    : plan_(plan), snapshot_(std::move(snapshot)), context_(context) {
  DescribeOperators();
}

void SelectExecutor::DescribeOperators() {
  const auto add = [&](std::string name, std::string detail) {
    operators_.push_back({std::move(name), std::move(detail), static_cast<int>(operators_.size())});
  };
  if (plan_.limit || plan_.offset > 0) {
    add("limit", (plan_.limit ? absl::StrFormat("%d", *plan_.limit) : "all") +
                     (plan_.offset > 0 ? absl::StrFormat(" offset %d", plan_.offset) : ""));
  }
  if (!plan_.sort_keys.empty()) add(plan_.limit ? "top-k" : "sort", absl::StrFormat("%d keys", plan_.sort_keys.size()));
  if (plan_.distinct) add("distinct", "");
  add("project", absl::StrFormat("%d columns", plan_.outputs.size()));
  if (plan_.having) add("having", "");
  if (plan_.is_aggregate) {
    std::string calls;
    for (const AggregateCall& call : plan_.aggregates) calls += (calls.empty() ? "" : ", ") + call.text;
    if (!plan_.group_keys.empty()) calls += absl::StrFormat(" by %d keys", plan_.group_keys.size());
    add("aggregate", calls);
  }
  if (plan_.scan.table == nullptr) return add("one row", "");
  if (plan_.latest_by) add("latest", absl::StrFormat("by %d keys", plan_.latest_by->keys.size()));
  add("scan", DescribeScan(plan_.scan));
}

OperatorTrace* SelectExecutor::Find(std::string_view name) {
  for (OperatorTrace& trace : operators_) {
    if (trace.name == name) return &trace;
  }
  return nullptr;
}

absl::Status SelectExecutor::FindLatest() {
  ASSIGN_OR_RETURN(const auto scan, Scan::Open(plan_.scan, snapshot_, context_, {.with_ordinals = true}));
  auto latest = std::make_unique<LatestRows>(*plan_.latest_by, context_);
  RETURN_IF_ERROR(scan->Run(0, scan->morsel_count(), [&](size_t worker, size_t, ScanBatch& batch) {
    return latest->Consume(worker, batch);
  }));
  RETURN_IF_ERROR(latest->Finish());
  Find("latest")->rows = latest->size();
  latest_ = std::move(latest);
  return absl::OkStatus();
}

absl::Status SelectExecutor::RunScan(size_t first, size_t count, const ScanConsumer& consumer) {
  if (latest_ == nullptr) return scan_->Run(first, count, consumer);
  return scan_->Run(first, count, [&](size_t worker, size_t slot, ScanBatch& batch) {
    latest_->Keep(&batch);
    return batch.rows.row_count == 0 ? absl::OkStatus() : consumer(worker, slot, batch);
  });
}

absl::Status SelectExecutor::OpenScan(ScanOptions options) {
  if (plan_.latest_by) {  // rows that did not win must be met to be left out
    options.with_ordinals = true;
    options.rows_per_morsel = UINT64_MAX;
    options.shortcut = nullptr;
  }
  ASSIGN_OR_RETURN(scan_, Scan::Open(plan_.scan, snapshot_, context_, std::move(options)));
  const uint64_t estimate = EstimateRows(plan_.scan, scan_->statistics());
  // Operators above the scan: an aggregate without groups gives one row, with groups the square root is as good as any.
  uint64_t rows = estimate;
  for (auto trace = operators_.rbegin(); trace != operators_.rend(); ++trace) {
    if (trace->name == "aggregate") {
      uint64_t groups = 1;
      while (!plan_.group_keys.empty() && groups * groups < rows) ++groups;
      rows = groups;
    }
    if (trace->name == "having") rows = GuessRows(rows, 1);
    if ((trace->name == "limit" || trace->name == "top-k") && plan_.limit) rows = std::min(rows, *plan_.limit);
    trace->estimated_rows = rows;
  }
  return absl::OkStatus();
}

absl::Status SelectExecutor::Estimate() {
  if (plan_.scan.table == nullptr) return absl::OkStatus();
  return OpenScan({});
}

absl::StatusOr<RowBatch> SelectExecutor::Project(const RowBatch& rows, size_t count) const {
  RowBatch out;
  out.row_count = rows.row_count;
  for (size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(BatchColumn column, Evaluate(plan_.projections[i], rows));
    out.columns.push_back(std::move(column));
  }
  return out;
}

absl::Status SelectExecutor::ScanAll(const ScanConsumer& consumer) {
  const int64_t start = context_->MonotonicNanos();
  const absl::Status status = RunScan(0, scan_->morsel_count(), [&](size_t worker, size_t slot, ScanBatch& batch) {
    const int64_t before = context_->MonotonicNanos();
    const absl::Status consumed = consumer(worker, slot, batch);
    consumer_ns_.fetch_add(context_->MonotonicNanos() - before, std::memory_order_relaxed);
    return consumed;
  });
  scan_wall_ns_ += context_->MonotonicNanos() - start;
  return status;
}

absl::Status SelectExecutor::Run(ResultLimits limits, const ColumnSink& sink) {
  limits.offset = plan_.offset;
  limits.limit = plan_.limit;
  ResultWriter writer(OutputTypes(plan_), limits, sink);
  const int64_t start = context_->MonotonicNanos();
  if (plan_.latest_by) RETURN_IF_ERROR(FindLatest());
  absl::Status status;
  if (plan_.scan.table == nullptr) {
    status = RunWithoutTable(&writer);
  } else if (plan_.is_aggregate) {
    status = RunAggregate(&writer);
  } else if (plan_.distinct) {
    status = RunDistinct(&writer);
  } else if (!plan_.sort_keys.empty()) {
    status = RunSort(&writer);
  } else {
    status = RunStream(limits.max_batch_rows, &writer);
  }
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(writer.Flush());
  const int64_t total = context_->MonotonicNanos() - start;
  uint64_t selected = 0;
  for (const TierScan& tier : scan_statistics().tiers) selected += tier.rows_selected;
  if (OperatorTrace* scan = Find("scan")) {
    scan->rows = selected;
    scan->time_ns =
        std::max<int64_t>(0, scan_wall_ns_ - consumer_ns_.load() / static_cast<int64_t>(context_->worker_count()));
  }
  // What is not the scan belongs to the operator right above it.
  if (operators_.size() > 1) operators_[operators_.size() - 2].time_ns = total - operators_.back().time_ns;
  for (OperatorTrace& trace : operators_) {
    if (trace.name == "limit" || (operators_.front().name != "limit" && &trace == &operators_.front()))
      trace.rows = writer.rows_written();
  }
  return absl::OkStatus();
}

absl::Status SelectExecutor::RunWithoutTable(ResultWriter* writer) {
  RowBatch one_row;
  one_row.row_count = 1;
  if (plan_.scan.residual) {
    std::vector<uint32_t> kept;
    RETURN_IF_ERROR(SelectTrue(*plan_.scan.residual, one_row, &kept));
    one_row.row_count = static_cast<uint32_t>(kept.size());
  }
  if (plan_.is_aggregate) {
    Aggregate aggregate(plan_, context_);
    if (one_row.row_count > 0) RETURN_IF_ERROR(aggregate.Consume(0, one_row));
    ASSIGN_OR_RETURN(one_row, aggregate.Finish());
    if (plan_.having) {
      std::vector<uint32_t> kept;
      RETURN_IF_ERROR(SelectTrue(*plan_.having, one_row, &kept));
      one_row = one_row.Select(kept);
    }
  }
  if (one_row.row_count == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const RowBatch projected, Project(one_row, plan_.projections.size()));
  return SortAndWrite(projected, writer);
}

// What one morsel of a stream left behind, cut into batches the writer can hand on as they are.
class SelectExecutor::StreamSlot {
 public:
  absl::Status Append(const RowBatch& rows, const std::vector<ExprType>& types, uint32_t max_batch_rows,
                      QueryMemory* memory) {
    if (batches_.empty() || batches_.back().row_count + rows.row_count > max_batch_rows) {
      batches_.emplace_back();
      for (const ExprType& type : types) batches_.back().columns.emplace_back(type.data);
    }
    Batch& batch = batches_.back();
    uint64_t bytes = 0;
    for (size_t i = 0; i < types.size(); ++i) {
      rows.columns[i].AppendTo(&batch.columns[i]);
      bytes += batch.columns[i].memory_bytes();
    }
    batch.row_count += rows.row_count;
    if (bytes <= batch.charged_bytes) return absl::OkStatus();
    RETURN_IF_ERROR(memory->Grow(bytes - batch.charged_bytes));
    batch.charged_bytes = bytes;
    return absl::OkStatus();
  }

  // False once the writer wants no more.
  absl::StatusOr<bool> Drain(ResultWriter* writer, QueryMemory* memory, uint64_t* rows) {
    for (Batch& batch : batches_) {
      *rows += batch.row_count;
      ASSIGN_OR_RETURN(const bool more, writer->WriteOwned(batch.row_count, std::move(batch.columns)));
      memory->Release(batch.charged_bytes);
      if (!more) return false;
    }
    return true;
  }

 private:
  struct Batch {
    std::vector<Column> columns;
    uint32_t row_count = 0;
    uint64_t charged_bytes = 0;
  };
  std::vector<Batch> batches_;
};

absl::Status SelectExecutor::RunStream(uint32_t max_batch_rows, ResultWriter* writer) {
  if (!writer->wants_more()) return absl::OkStatus();
  RETURN_IF_ERROR(OpenScan({.morsel_rows = StreamMorselRows(plan_), .rows_per_morsel = RowsWanted(plan_)}));
  const std::vector<ExprType> types = OutputTypes(plan_);
  const size_t full_window = kWindowMorselsPerWorker * context_->worker_count();
  // With LIMIT the first morsels may do: begin with one and double.
  size_t window = plan_.limit ? 1 : full_window;
  OperatorTrace* project = Find("project");
  for (size_t first = 0, count = 0; first < scan_->morsel_count();
       first += count, window = std::min(2 * window, full_window)) {
    count = std::min(window, scan_->morsel_count() - first);
    std::vector<StreamSlot> slots(count);
    const int64_t start = context_->MonotonicNanos();
    RETURN_IF_ERROR(RunScan(first, count, [&](size_t, size_t slot, ScanBatch& batch) -> absl::Status {
      ASSIGN_OR_RETURN(const RowBatch projected, Project(batch.rows, types.size()));
      return slots[slot].Append(projected, types, max_batch_rows, &context_->memory());
    }));
    scan_wall_ns_ += context_->MonotonicNanos() - start;
    for (StreamSlot& slot : slots) {
      ASSIGN_OR_RETURN(const bool more, slot.Drain(writer, &context_->memory(), &project->rows));
      if (!more) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status SelectExecutor::RunAggregate(ResultWriter* writer) {
  Aggregate aggregate(plan_, context_);
  ScanOptions options;
  if (aggregate.TakesZoneMaps()) {
    options.shortcut = [&](const RowGroupView& group) { return aggregate.TakeGroup(group); };
  }
  RETURN_IF_ERROR(OpenScan(std::move(options)));
  RETURN_IF_ERROR(
      ScanAll([&](size_t worker, size_t, ScanBatch& batch) { return aggregate.Consume(worker, batch.rows); }));
  ASSIGN_OR_RETURN(RowBatch groups, aggregate.Finish());
  Find("aggregate")->rows = groups.row_count;
  if (plan_.having) {
    std::vector<uint32_t> kept;
    RETURN_IF_ERROR(SelectTrue(*plan_.having, groups, &kept));
    groups = groups.Select(kept);
    Find("having")->rows = groups.row_count;
  }
  ASSIGN_OR_RETURN(RowBatch projected, Project(groups, plan_.projections.size()));
  Find("project")->rows = projected.row_count;
  if (plan_.distinct) {
    Distinct distinct(plan_, context_);
    RETURN_IF_ERROR(distinct.Consume(0, projected));
    ASSIGN_OR_RETURN(projected, distinct.Finish());
    Find("distinct")->rows = projected.row_count;
  }
  return SortAndWrite(projected, writer);
}

absl::Status SelectExecutor::RunDistinct(ResultWriter* writer) {
  RETURN_IF_ERROR(OpenScan({}));
  Distinct distinct(plan_, context_);
  const size_t outputs = plan_.outputs.size();
  RETURN_IF_ERROR(ScanAll([&](size_t worker, size_t, ScanBatch& batch) -> absl::Status {
    ASSIGN_OR_RETURN(const RowBatch projected, Project(batch.rows, outputs));
    return distinct.Consume(worker, projected);
  }));
  ASSIGN_OR_RETURN(const RowBatch rows, distinct.Finish());
  Find("distinct")->rows = rows.row_count;
  return SortAndWrite(rows, writer);
}

absl::Status SelectExecutor::RunSort(ResultWriter* writer) {
  RETURN_IF_ERROR(OpenScan({.with_ordinals = true}));
  SortLimit sort(plan_, context_);
  RETURN_IF_ERROR(ScanAll([&](size_t worker, size_t, ScanBatch& batch) -> absl::Status {
    ASSIGN_OR_RETURN(const RowBatch projected, Project(batch.rows, plan_.projections.size()));
    return sort.Consume(worker, projected, batch.ordinals);
  }));
  return sort.Finish(kVectorRows, [&](const RowBatch& rows) { return writer->Write(rows); });
}

absl::Status SelectExecutor::SortAndWrite(const RowBatch& rows, ResultWriter* writer) {
  if (plan_.sort_keys.empty()) return writer->Write(rows).status();
  SortLimit sort(plan_, context_);
  std::vector<uint64_t> ordinals(rows.row_count);
  std::iota(ordinals.begin(), ordinals.end(), uint64_t{0});
  RETURN_IF_ERROR(sort.Consume(0, rows, ordinals));
  return sort.Finish(kVectorRows, [&](const RowBatch& sorted) { return writer->Write(sorted); });
}

}  // namespace cortex::query
