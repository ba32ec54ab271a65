#include "query/exec/aggregate_state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "codecs/simd/aggregate_kernels.h"
#include "codecs/simd/exact_sum.h"
#include "query/exec/row_key.h"
#include "query/expr/kernels.h"
#include "storage/zone_map.h"

namespace cortex::query {
namespace {

using simd::ExactSum;
using simd::ExactVariance;
using simd::FloatSummary;
using simd::Int128;

void AppendCount(uint64_t count, Column* out) { out->AppendScalar<int64_t>(static_cast<int64_t>(count)); }

uint64_t PresentRows(const BatchColumn& values) {
  if (values.validity == nullptr) return values.row_count;
  if (values.constant) return values.IsNull(0) ? 0 : values.row_count;
  return CountOnes(values.validity, values.row_count);
}

// stddev and variance of a sample: NULL below two values.
void AppendSpread(AggregateFunction function, const ExactSum& sum, const ExactSum& squares, uint64_t count, Column* out) {
  if (count < 2) return out->AppendNull();
  const double variance = ExactVariance(sum, squares, count, count - 1);
  out->AppendScalar<double>(function == AggregateFunction::kVariance ? variance : std::sqrt(variance));
}

// A column of the batch without constants, so that kernels see one value per row.
BatchColumn Expanded(const BatchColumn& values) {
  if (!values.constant) return values;
  Column rows(values.type);
  values.AppendTo(&rows);
  return BatchColumn::Of(std::move(rows));
}

// ---- floats ---------------------------------------------------------------------------------------------------------
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
      AddSpan(absl::Span<const float>(rows.data<float>(), rows.row_count), rows.validity);
    } else {
      const Widened<double> wide = WidenToFloat(rows);
      AddSpan(absl::Span<const double>(wide.values, rows.row_count), rows.validity);
    }
  }

  void AddToGroups(const BatchColumn& values, absl::Span<const uint32_t> groups) override {
    const Widened<double> wide = WidenToFloat(values);
    for (uint32_t row = 0; row < groups.size(); ++row) {
      if (values.IsNull(row)) continue;
      const uint32_t group = groups[row];
      const double value = wide[row];
      ++counts_[group];
      if (needs_.sum) sums_[group].Add(value);
      if (needs_.squares) squares_[group].AddSquare(value);
      if (!extremes_.empty()) extremes_[group].Merge(simd::Summarize(absl::Span<const double>(&value, 1)));
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
  void AddSpan(absl::Span<const T> values, const uint64_t* present) {
    if (needs_.sum) sums_[0].AddSpan(values, present);
    if (needs_.squares) squares_[0].AddSquares(values, present);
    if (!extremes_.empty()) extremes_[0].Merge(simd::Summarize(values, present));
  }

  const AggregateNeeds needs_;
  std::vector<uint64_t> counts_;
  std::vector<ExactSum> sums_, squares_;
  std::vector<FloatSummary> extremes_;
};

// ---- integers, bool, timestamps, intervals ----------------------------------------------------------------------------
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

  void AddToGroups(const BatchColumn& values, absl::Span<const uint32_t> groups) override {
    const Widened<int64_t> wide = WidenToInt(values);
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

// ---- strings and bytes ------------------------------------------------------------------------------------------------
class TextState final : public AggregateState {
 public:
  explicit TextState(const AggregateNeeds& needs) : needs_(needs) {}

  void Resize(size_t count) override {
    counts_.resize(count);
    if (needs_.min) min_.resize(count);
    if (needs_.max) max_.resize(count);
  }
  void AddAll(const BatchColumn& values) override {
    if (!needs_.min && !needs_.max) {
      counts_[0] += PresentRows(values);
      return;
    }
    for (uint32_t row = 0; row < values.row_count; ++row) {
      if (!values.IsNull(row)) Add(0, values.StringAt(row));
    }
  }
  void AddToGroups(const BatchColumn& values, absl::Span<const uint32_t> groups) override {
    for (uint32_t row = 0; row < groups.size(); ++row) {
      if (!values.IsNull(row)) Add(groups[row], values.StringAt(row));
    }
  }
  void Merge(const AggregateState& base, absl::Span<const uint32_t> groups) override {
    const auto& other = static_cast<const TextState&>(base);
    for (size_t i = 0; i < groups.size(); ++i) {
      if (other.counts_[i] == 0) continue;
      if (needs_.min) AddLow(groups[i], other.min_[i]);
      if (needs_.max) AddHigh(groups[i], other.max_[i]);
      counts_[groups[i]] += other.counts_[i];
    }
  }
  absl::Status Finish(const AggregateCall& call, uint32_t group, Column* out) const override {
    if (call.function == AggregateFunction::kCount) {
      AppendCount(counts_[group], out);
    } else if (counts_[group] == 0) {
      out->AppendNull();
    } else {
      out->AppendString(call.function == AggregateFunction::kMin ? min_[group] : max_[group]);
    }
    return absl::OkStatus();
  }
  bool KnowsFrom(const ZoneMap& zone) const override { return (!needs_.min && !needs_.max) || (zone.exact && zone.max && zone.min); }
  bool AddZoneMap(const ZoneMap& zone) override {
    if (!KnowsFrom(zone)) return false;
    if (needs_.min) AddLow(0, std::get<std::string>(*zone.min));
    if (needs_.max) AddHigh(0, std::get<std::string>(*zone.max));
    counts_[0] += zone.row_count - zone.null_count;
    return true;
  }
  size_t memory_bytes() const override {
    return counts_.capacity() * sizeof(uint64_t) + (min_.capacity() + max_.capacity()) * sizeof(std::string) + text_bytes_;
  }

 private:
  void Add(uint32_t group, std::string_view value) {
    if (needs_.min) AddLow(group, value);
    if (needs_.max) AddHigh(group, value);
    ++counts_[group];
  }
  // Called before the group's count grows: the first value always wins.
  void AddLow(uint32_t group, std::string_view value) {
    if (counts_[group] == 0 || value < min_[group]) Replace(value, &min_[group]);
  }
  void AddHigh(uint32_t group, std::string_view value) {
    if (counts_[group] == 0 || value > max_[group]) Replace(value, &max_[group]);
  }
  void Replace(std::string_view value, std::string* target) {
    const size_t before = target->capacity();
    target->assign(value);
    text_bytes_ += target->capacity() - before;
  }

  const AggregateNeeds needs_;
  std::vector<uint64_t> counts_;
  std::vector<std::string> min_, max_;
  size_t text_bytes_ = 0;
};

// ---- everything else: only counted ------------------------------------------------------------------------------------
class PresenceState final : public AggregateState {
 public:
  void Resize(size_t count) override { counts_.resize(count); }
  void AddAll(const BatchColumn& values) override { counts_[0] += PresentRows(values); }
  void AddToGroups(const BatchColumn& values, absl::Span<const uint32_t> groups) override {
    for (uint32_t row = 0; row < groups.size(); ++row) counts_[groups[row]] += values.IsNull(row) ? 0 : 1;
  }
  void Merge(const AggregateState& base, absl::Span<const uint32_t> groups) override {
    const auto& other = static_cast<const PresenceState&>(base);
    for (size_t i = 0; i < groups.size(); ++i) counts_[groups[i]] += other.counts_[i];
  }
  absl::Status Finish(const AggregateCall& call, uint32_t group, Column* out) const override {
    AppendCount(counts_[group], out);
    return absl::OkStatus();
  }
  bool KnowsFrom(const ZoneMap& zone) const override { return true; }
  bool AddZoneMap(const ZoneMap& zone) override {
    counts_[0] += zone.row_count - zone.null_count;
    return true;
  }
  size_t memory_bytes() const override { return counts_.capacity() * sizeof(uint64_t); }

 private:
  std::vector<uint64_t> counts_;
};

}  // namespace

void AggregateNeeds::Add(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kSum:
    case AggregateFunction::kAvg:
      sum = true;
      break;
    case AggregateFunction::kStddev:
    case AggregateFunction::kVariance:
      sum = squares = true;
      break;
    case AggregateFunction::kMin:
      min = true;
      break;
    case AggregateFunction::kMax:
      max = true;
      break;
    default:
      break;
  }
}

std::unique_ptr<AggregateState> MakeAggregateState(const ExprType& argument, const AggregateNeeds& needs) {
  switch (argument.family()) {
    case Family::kFloat:
      return std::make_unique<FloatState>(needs);
    case Family::kString:
    case Family::kBytes:
      return std::make_unique<TextState>(needs);
    case Family::kComplex:
    case Family::kVector:
    case Family::kList:
      return std::make_unique<PresenceState>();
    default:
      return std::make_unique<IntState>(needs);
  }
}

}  // namespace cortex::query
