// Aggregates over floats: exact sums, minimum and maximum by the rules for NaN.
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
using simd::FloatSummary;

class FloatState final : public AggregateState {
 public:
  explicit FloatState(const AggregateNeeds& needs) : needs_(needs) {}

  void Resize(size_t count) override {
    counts_.resize(count);
    if (needs_.sum) sums_.resize(count);
    if (needs_.squares) squares_.resize(count);
    if (needs_.min || needs_.max) extremes_.resize(count);
  }

  void AddAll(const BatchColumn& values) override {
    const BatchColumn rows = Expanded(values);
    counts_[0] += PresentRows(rows);
    if (rows.values.shape.type == PhysicalType::kFloat32) {
      AddSpan(0, absl::Span<const float>(rows.data<float>(), rows.row_count), rows.validity);
    } else {
      const Widened<double> wide = WidenToFloat(rows);
      AddSpan(0, absl::Span<const double>(wide.values, rows.row_count), rows.validity);
    }
  }

  void AddToGroups(const BatchColumn& values, const GroupedRows& rows) override {
    const Widened<double> wide = WidenToFloat(values);
    for (const GroupedRows::Run& run : rows.runs()) {
      run_values_.resize(run.rows.size());
      size_t present = 0;
      for (const uint32_t row : run.rows) {
        run_values_[present] = wide[row];
        present += values.IsNull(row) ? 0 : 1;
      }
      counts_[run.group] += present;
      AddSpan(run.group, absl::MakeConstSpan(run_values_.data(), present), nullptr);
    }
    if (!rows.runs().empty()) return;
    for (uint32_t row = 0; row < rows.groups().size(); ++row) {
      if (!values.IsNull(row)) AddOne(rows.groups()[row], wide[row]);
    }
  }

  void Merge(const AggregateState& base, absl::Span<const uint32_t> groups) override {
    const auto& other = static_cast<const FloatState&>(base);
    for (size_t i = 0; i < groups.size(); ++i) {
      counts_[groups[i]] += other.counts_[i];
      if (needs_.sum) sums_[groups[i]].Merge(other.sums_[i]);
      if (needs_.squares) squares_[groups[i]].Merge(other.squares_[i]);
      if (!extremes_.empty()) extremes_[groups[i]].Merge(other.extremes_[i]);
    }
  }

  absl::Status Finish(const AggregateCall& call, uint32_t group, Column* out) const override {
    const uint64_t count = counts_[group];
    switch (call.function) {
      case AggregateFunction::kCountStar:
      case AggregateFunction::kCount:
        AppendCount(count, out);
        break;
      case AggregateFunction::kSum:
      case AggregateFunction::kAvg:
        if (count == 0) {
          out->AppendNull();
        } else {
          const double sum = sums_[group].Round();
          out->AppendScalar<double>(call.function == AggregateFunction::kSum ? sum : sum / static_cast<double>(count));
        }
        break;
      case AggregateFunction::kMin:
      case AggregateFunction::kMax:
        if (count == 0) {
          out->AppendNull();
        } else {
          AppendFloat(call.function == AggregateFunction::kMin ? extremes_[group].Min() : extremes_[group].Max(), out);
        }
        break;
      default:
        AppendSpread(call.function, sums_[group], squares_[group], count, out);
        break;
    }
    return absl::OkStatus();
  }

  bool KnowsFrom(const ZoneMap& zone) const override {
    return !needs_.sum && !needs_.squares && (extremes_.empty() || zone.exact);
  }
  bool AddZoneMap(const ZoneMap& zone) override {
    if (!KnowsFrom(zone)) return false;
    counts_[0] += zone.row_count - zone.null_count;
    if (extremes_.empty()) return true;
    FloatSummary summary;
    summary.count = zone.row_count - zone.null_count;
    if (zone.min) summary.min_number = std::get<double>(*zone.min);
    if (zone.max) summary.max_number = std::get<double>(*zone.max);
    // How many are NaN does not matter, only whether all are.
    summary.nan_count = zone.min ? 0 : summary.count;
    extremes_[0].Merge(summary);
    return true;
  }

  size_t memory_bytes() const override {
    return counts_.capacity() * sizeof(uint64_t) + (sums_.capacity() + squares_.capacity()) * sizeof(ExactSum) +
           extremes_.capacity() * sizeof(FloatSummary);
  }

 private:
  template <typename T>
  void AddSpan(uint32_t group, absl::Span<const T> values, const uint64_t* present) {
    if (needs_.sum) sums_[group].AddSpan(values, present);
    if (needs_.squares) squares_[group].AddSquares(values, present);
    if (!extremes_.empty()) extremes_[group].Merge(simd::Summarize(values, present));
  }
  void AddOne(uint32_t group, double value) {
    ++counts_[group];
    if (needs_.sum) sums_[group].Add(value);
    if (needs_.squares) squares_[group].AddSquare(value);
    if (!extremes_.empty()) extremes_[group].Add(value);
  }

  const AggregateNeeds needs_;
  std::vector<uint64_t> counts_;
  std::vector<ExactSum> sums_, squares_;
  std::vector<FloatSummary> extremes_;
  std::vector<double> run_values_;  // scratch
};

}  // namespace

std::unique_ptr<AggregateState> MakeFloatAggregate(const AggregateNeeds& needs) {
  return std::make_unique<FloatState>(needs);
}

}  // namespace cortex::query
