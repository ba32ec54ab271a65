#include "query/exec/aggregate_state.h"

#include <cmath>
#include <utility>

#include "codecs/simd/exact_sum.h"
#include "query/exec/aggregate_parts.h"
#include "storage/zone_map.h"

namespace cortex::query {
namespace {

// Vectors, complex values and lists: only counted.
class PresenceState final : public AggregateState {
 public:
  void Resize(size_t count) override { counts_.resize(count); }
  void AddAll(const BatchColumn& values) override { counts_[0] += PresentRows(values); }
  void AddToGroups(const BatchColumn& values, const GroupedRows& rows) override {
    for (uint32_t row = 0; row < rows.groups().size(); ++row) counts_[rows.groups()[row]] += values.IsNull(row) ? 0 : 1;
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

void AppendCount(uint64_t count, Column* out) { out->AppendScalar<int64_t>(static_cast<int64_t>(count)); }

uint64_t PresentRows(const BatchColumn& values) {
  if (values.validity == nullptr) return values.row_count;
  if (values.constant) return values.IsNull(0) ? 0 : values.row_count;
  return CountOnes(values.validity, values.row_count);
}

void AppendSpread(AggregateFunction function, const simd::ExactSum& sum, const simd::ExactSum& squares, uint64_t count,
                  Column* out) {
  if (count < 2) return out->AppendNull();
  const double variance = simd::ExactVariance(sum, squares, count, count - 1);
  out->AppendScalar<double>(function == AggregateFunction::kVariance ? variance : std::sqrt(variance));
}

BatchColumn Expanded(const BatchColumn& values) {
  if (!values.constant) return values;
  Column rows(values.type);
  values.AppendTo(&rows);
  return BatchColumn::Of(std::move(rows));
}

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
      return MakeFloatAggregate(needs);
    case Family::kString:
    case Family::kBytes:
      return MakeTextAggregate(needs);
    case Family::kComplex:
    case Family::kVector:
    case Family::kList:
      return std::make_unique<PresenceState>();
    default:
      return MakeIntAggregate(needs);
  }
}

}  // namespace cortex::query
