// Aggregates over integers, bool, timestamps and intervals: sums of 128 bits.
#include <algorithm>
#include <limits>
#include <vector>

#include "codecs/simd/aggregate_kernels.h"
#include "codecs/simd/exact_sum.h"
#include "query/exec/aggregate_parts.h"
#include "query/exec/row_key.h"
#include "query/expr/kernels.h"
#include "storage/zone_map.h"

namespace cortex::query {
namespace {

using simd::ExactSum;
using simd::Int128;

class IntState final : public AggregateState {
 public:
  explicit IntState(const AggregateNeeds& needs) : needs_(needs) {}

  void Resize(size_t count) override {
    summaries_.resize(count);
    if (needs_.squares) squares_.resize(count);
  }

  void AddAll(const BatchColumn& values) override {
    const BatchColumn rows = Expanded(values);
    summaries_[0].Merge(Summarize(rows));
    if (!needs_.squares) return;
    const Widened<int64_t> wide = WidenToInt(rows);
    for (uint32_t row = 0; row < rows.row_count; ++row) {
      if (!rows.IsNull(row)) AddSquare(wide[row], &squares_[0]);
    }
  }

  void AddToGroups(const BatchColumn& values, const GroupedRows& rows) override {
    const Widened<int64_t> wide = WidenToInt(values);
    const std::vector<uint32_t>& groups = rows.groups();
    for (uint32_t row = 0; row < groups.size(); ++row) {
      if (values.IsNull(row)) continue;
      simd::IntSummary& summary = summaries_[groups[row]];
      const int64_t value = wide[row];
      ++summary.count;
      summary.sum += value;
      summary.min = std::min(summary.min, value);
      summary.max = std::max(summary.max, value);
      if (needs_.squares) AddSquare(value, &squares_[groups[row]]);
    }
  }

  void Merge(const AggregateState& base, absl::Span<const uint32_t> groups) override {
    const auto& other = static_cast<const IntState&>(base);
    for (size_t i = 0; i < groups.size(); ++i) {
      summaries_[groups[i]].Merge(other.summaries_[i]);
      if (needs_.squares) squares_[groups[i]].Merge(other.squares_[i]);
    }
  }

  absl::Status Finish(const AggregateCall& call, uint32_t group, Column* out) const override {
    const simd::IntSummary& summary = summaries_[group];
    const bool counts = call.function == AggregateFunction::kCount || call.function == AggregateFunction::kCountStar;
    if (counts) {
      AppendCount(summary.count, out);
    } else if (summary.count == 0) {
      out->AppendNull();
    } else if (call.function == AggregateFunction::kSum) {
      if (summary.sum > std::numeric_limits<int64_t>::max() || summary.sum < std::numeric_limits<int64_t>::min()) {
        return cql::ErrorAt(call.argument->position, absl::StatusCode::kOutOfRange, "integer overflow in sum");
      }
      out->AppendScalar<int64_t>(static_cast<int64_t>(summary.sum));
    } else if (call.function == AggregateFunction::kAvg) {
      out->AppendScalar<double>(static_cast<double>(summary.sum) / static_cast<double>(summary.count));
    } else if (call.function == AggregateFunction::kMin || call.function == AggregateFunction::kMax) {
      AppendInt(call.function == AggregateFunction::kMin ? summary.min : summary.max, out);
    } else {
      AppendSpread(call.function, ExactSumOf(summary.sum), squares_[group], summary.count, out);
    }
    return absl::OkStatus();
  }

  bool KnowsFrom(const ZoneMap& zone) const override {
    return !needs_.sum && !needs_.squares && (!(needs_.min || needs_.max) || zone.exact);
  }
  bool AddZoneMap(const ZoneMap& zone) override {
    if (!KnowsFrom(zone)) return false;
    simd::IntSummary summary;
    summary.count = zone.row_count - zone.null_count;
    if (zone.min) summary.min = std::get<int64_t>(*zone.min);
    if (zone.max) summary.max = std::get<int64_t>(*zone.max);
    summaries_[0].Merge(summary);
    return true;
  }

  size_t memory_bytes() const override {
    return summaries_.capacity() * sizeof(simd::IntSummary) + squares_.capacity() * sizeof(ExactSum);
  }

 private:
  static simd::IntSummary Summarize(const BatchColumn& rows) {
    const auto span = [&]<typename T>(const T* data) {
      return simd::Summarize(absl::Span<const T>(data, rows.row_count), rows.validity);
    };
    switch (rows.values.shape.type) {
      case PhysicalType::kInt64:
        return span(rows.data<int64_t>());
      case PhysicalType::kInt32:
        return span(rows.data<int32_t>());
      case PhysicalType::kInt16:
        return span(rows.data<int16_t>());
      default:
        return span(rows.data<int8_t>());  // bool is 0 or 1
    }
  }

  static void AddSquare(int64_t value, ExactSum* squares) {
    const auto square = static_cast<unsigned __int128>(static_cast<__int128>(value) * value);
    if (const auto low = static_cast<uint64_t>(square); low != 0) squares->AddScaled(false, low, 0);
    if (const auto high = static_cast<uint64_t>(square >> 64); high != 0) squares->AddScaled(false, high, 64);
  }
  static ExactSum ExactSumOf(Int128 sum) {
    ExactSum exact;
    const bool negative = sum < 0;
    const auto magnitude = negative ? -static_cast<unsigned __int128>(sum) : static_cast<unsigned __int128>(sum);
    if (const auto low = static_cast<uint64_t>(magnitude); low != 0) exact.AddScaled(negative, low, 0);
    if (const auto high = static_cast<uint64_t>(magnitude >> 64); high != 0) exact.AddScaled(negative, high, 64);
    return exact;
  }

  const AggregateNeeds needs_;
  std::vector<simd::IntSummary> summaries_;
  std::vector<ExactSum> squares_;
};

}  // namespace

std::unique_ptr<AggregateState> MakeIntAggregate(const AggregateNeeds& needs) {
  return std::make_unique<IntState>(needs);
}

}  // namespace cortex::query
