#include "query/exec/latest_rows.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/expr/evaluator.h"

namespace cortex::query {

LatestRows::LatestRows(const LatestByPlan& plan, QueryContext* context) : plan_(plan), context_(context) {
  for (size_t i = 0; i < context->worker_count(); ++i) workers_.push_back(std::make_unique<Worker>());
}

// The ordinal decides last, so that the answer does not depend on who scanned what.
bool LatestRows::IsLater(const Best& a, const Best& b) const {
  if (plan_.by_time) return std::tie(a.time, a.commit, a.ordinal) > std::tie(b.time, b.commit, b.ordinal);
  return std::tie(a.commit, a.time, a.ordinal) > std::tie(b.commit, b.time, b.ordinal);
}

absl::Status LatestRows::Consume(size_t worker, const ScanBatch& batch) {
  Worker& mine = *workers_[worker];
  std::vector<BatchColumn> keys;
  for (const BoundExpr& key : plan_.keys) {
    ASSIGN_OR_RETURN(BatchColumn column, Evaluate(key, batch.rows));
    keys.push_back(std::move(column));
  }
  std::vector<uint32_t> groups;
  mine.keys.Number(keys, batch.rows.row_count, &groups);
  const auto* times = batch.rows.columns[plan_.time].data<int64_t>();
  const auto* commits = batch.rows.columns[plan_.commit].data<int64_t>();
  for (uint32_t row = 0; row < batch.rows.row_count; ++row) {
    const Best candidate{times[row], static_cast<Commit>(commits[row]), batch.ordinals[row]};
    if (groups[row] >= mine.best.size()) {
      mine.best.resize(groups[row] + 1, Best{INT64_MIN, 0, 0});
      mine.best[groups[row]] = candidate;
    } else if (IsLater(candidate, mine.best[groups[row]])) {
      mine.best[groups[row]] = candidate;
    }
  }
  const uint64_t bytes = mine.keys.memory_bytes() + mine.best.capacity() * sizeof(Best);
  if (bytes <= mine.charged_bytes) return absl::OkStatus();
  RETURN_IF_ERROR(context_->memory().Grow(bytes - mine.charged_bytes));
  mine.charged_bytes = bytes;
  return absl::OkStatus();
}

absl::Status LatestRows::Finish() {
  Worker& all = *workers_[0];
  for (size_t i = 1; i < workers_.size(); ++i) {
    const Worker& other = *workers_[i];
    for (uint32_t group = 0; group < other.best.size(); ++group) {
      const uint32_t number = all.keys.NumberOf(other.keys.key(group));
      if (number >= all.best.size()) {
        all.best.push_back(other.best[group]);
      } else if (IsLater(other.best[group], all.best[number])) {
        all.best[number] = other.best[group];
      }
    }
    context_->memory().Release(other.charged_bytes);
    workers_[i].reset();
  }
  RETURN_IF_ERROR(context_->memory().Grow(all.best.size() * sizeof(uint64_t)));
  winners_.reserve(all.best.size());
  for (const Best& best : all.best) winners_.push_back(best.ordinal);
  std::sort(winners_.begin(), winners_.end());
  context_->memory().Release(all.charged_bytes);
  workers_.clear();
  return absl::OkStatus();
}

void LatestRows::Keep(ScanBatch* batch) const {
  std::vector<uint32_t> kept;
  auto winner = std::lower_bound(winners_.begin(), winners_.end(), batch->ordinals.empty() ? 0 : batch->ordinals[0]);
  for (uint32_t row = 0; row < batch->rows.row_count && winner != winners_.end(); ++row) {
    while (winner != winners_.end() && *winner < batch->ordinals[row]) ++winner;
    if (winner != winners_.end() && *winner == batch->ordinals[row]) kept.push_back(row);
  }
  if (kept.size() == batch->rows.row_count) return;
  for (size_t i = 0; i < kept.size(); ++i) batch->ordinals[i] = batch->ordinals[kept[i]];
  batch->ordinals.resize(kept.size());
  batch->rows = batch->rows.Select(kept);
}

}  // namespace cortex::query
