#include "query/exec/sort_limit.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/exec/row_key.h"

namespace cortex::query {
namespace {

constexpr uint64_t kMinHeapRows = 1'024;  // pruning below it would cost more than it saves

uint64_t KeptRows(const SelectPlan& plan) {
  if (!plan.limit) return UINT64_MAX;
  const uint64_t sum = *plan.limit + plan.offset;
  return sum < plan.offset ? UINT64_MAX : sum;
}

std::vector<ExprType> TypesOf(const SelectPlan& plan) {
  std::vector<ExprType> types;
  for (const OutputColumn& output : plan.outputs) types.push_back(output.type);
  return types;
}

void AppendOrdinal(uint64_t ordinal, std::string* key) {
  const uint64_t swapped = __builtin_bswap64(ordinal);
  key->append(reinterpret_cast<const char*>(&swapped), sizeof(swapped));
}

}  // namespace

SortLimit::SortLimit(const SelectPlan& plan, QueryContext* context)
    : plan_(plan), context_(context), kept_rows_(KeptRows(plan)) {
  for (size_t i = 0; i < context->worker_count(); ++i) heaps_.push_back(std::make_unique<Heap>(TypesOf(plan)));
}

absl::Status SortLimit::Consume(size_t worker, const RowBatch& rows, absl::Span<const uint64_t> ordinals) {
  if (kept_rows_ == 0) return absl::OkStatus();
  Heap& heap = *heaps_[worker];
  RowKeyEncoder encoder;
  for (const SortKey& key : plan_.sort_keys) encoder.AddColumn(rows.columns[key.projection], key.descending);
  std::vector<uint32_t> candidates;
  if (heap.has_worst) {
    encoder.KeepUpTo(heap.worst, rows.row_count, &candidates);
  } else {
    candidates.resize(rows.row_count);
    std::iota(candidates.begin(), candidates.end(), 0u);
  }
  std::string key;
  for (const uint32_t row : candidates) {
    key.clear();
    encoder.Append(row, &key);
    AppendOrdinal(ordinals[row], &key);
    if (heap.has_worst && key >= heap.worst) continue;
    heap.rows.Append(rows, row, key);
    if (heap.rows.row_count() >= std::max(kMinHeapRows, kept_rows_ < UINT32_MAX ? 2 * kept_rows_ : UINT64_MAX))
      Prune(&heap);
  }
  const uint64_t bytes = heap.rows.memory_bytes();
  if (bytes <= heap.charged_bytes) return absl::OkStatus();
  RETURN_IF_ERROR(context_->memory().Grow(bytes - heap.charged_bytes));
  heap.charged_bytes = bytes;
  return absl::OkStatus();
}

void SortLimit::Prune(Heap* heap) const {
  if (heap->rows.row_count() <= kept_rows_) return;
  std::vector<uint32_t> order(heap->rows.row_count());
  std::iota(order.begin(), order.end(), 0u);
  const auto before = [&](uint32_t a, uint32_t b) { return heap->rows.key(a) < heap->rows.key(b); };
  std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(kept_rows_ - 1), order.end(), before);
  order.resize(kept_rows_);
  heap->worst = heap->rows.key(order.back());
  heap->has_worst = true;
  heap->rows.Keep(order);
}

absl::Status SortLimit::Finish(uint32_t batch_rows, const std::function<absl::StatusOr<bool>(const RowBatch&)>& emit) {
  struct Place {
    uint32_t heap;
    uint32_t row;
  };
  std::vector<Place> order;
  for (uint32_t heap = 0; heap < heaps_.size(); ++heap) {
    for (uint32_t row = 0; row < heaps_[heap]->rows.row_count(); ++row) order.push_back({heap, row});
  }
  RETURN_IF_ERROR(context_->memory().Grow(order.size() * sizeof(Place)));
  const auto key = [&](const Place& place) -> const std::string& { return heaps_[place.heap]->rows.key(place.row); };
  const auto before = [&](const Place& a, const Place& b) { return key(a) < key(b); };
  const size_t wanted = std::min<uint64_t>(order.size(), kept_rows_);
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(wanted), order.end(), before);
  std::vector<RowBatch> views;
  for (const auto& heap : heaps_) views.push_back(heap->rows.View());
  const std::vector<ExprType> types = TypesOf(plan_);
  for (size_t first = 0; first < wanted; first += batch_rows) {
    RETURN_IF_ERROR(context_->CheckStop());
    RowStore batch(types);
    const size_t end = std::min(wanted, first + batch_rows);
    for (size_t i = first; i < end; ++i) batch.Append(views[order[i].heap], order[i].row, std::string());
    ASSIGN_OR_RETURN(const bool more, emit(batch.View()));
    if (!more) break;
  }
  return absl::OkStatus();
}

}  // namespace cortex::query
