#include "query/exec/distinct.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/exec/row_key.h"

namespace cortex::query {

Distinct::Distinct(const SelectPlan& plan, QueryContext* context)
    : plan_(plan), context_(context), charged_bytes_(context->worker_count(), 0) {
  for (size_t i = 0; i < context->worker_count(); ++i) seen_.push_back(std::make_unique<GroupIndex>());
}

absl::Status Distinct::Consume(size_t worker, const RowBatch& rows) {
  GroupIndex& seen = *seen_[worker];
  const std::vector<BatchColumn> outputs(rows.columns.begin(),
                                         rows.columns.begin() + static_cast<ptrdiff_t>(plan_.outputs.size()));
  std::vector<uint32_t> unused;
  seen.Number(outputs, rows.row_count, &unused);
  const uint64_t grown = seen.memory_bytes() - charged_bytes_[worker];
  if (grown == 0) return absl::OkStatus();
  RETURN_IF_ERROR(context_->memory().Grow(grown));
  charged_bytes_[worker] += grown;
  return absl::OkStatus();
}

absl::StatusOr<RowBatch> Distinct::Finish() {
  GroupIndex& all = *seen_[0];
  for (size_t worker = 1; worker < seen_.size(); ++worker) {
    for (uint32_t i = 0; i < seen_[worker]->size(); ++i) all.NumberOf(seen_[worker]->key(i));
    seen_[worker].reset();
  }
  std::vector<uint32_t> order(all.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return all.key(a) < all.key(b); });
  std::vector<Column> columns;
  for (const OutputColumn& output : plan_.outputs) columns.emplace_back(output.type.data);
  for (const uint32_t row : order) {
    std::string_view key = all.key(row);
    for (Column& column : columns) DecodeKeyValue(&key, &column);
  }
  RowBatch out;
  out.row_count = static_cast<uint32_t>(order.size());
  for (Column& column : columns) out.columns.push_back(BatchColumn::Of(std::move(column)));
  return out;
}

}  // namespace cortex::query
