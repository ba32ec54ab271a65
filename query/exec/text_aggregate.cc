// Aggregates over strings and bytes: count, minimum, maximum.
#include <string>
#include <string_view>
#include <vector>

#include "query/exec/aggregate_parts.h"
#include "storage/zone_map.h"

namespace cortex::query {
namespace {

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
  void AddToGroups(const BatchColumn& values, const GroupedRows& rows) override {
    const std::vector<uint32_t>& groups = rows.groups();
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
  bool KnowsFrom(const ZoneMap& zone) const override {
    return (!needs_.min && !needs_.max) || (zone.exact && zone.max && zone.min);
  }
  bool AddZoneMap(const ZoneMap& zone) override {
    if (!KnowsFrom(zone)) return false;
    if (needs_.min) AddLow(0, std::get<std::string>(*zone.min));
    if (needs_.max) AddHigh(0, std::get<std::string>(*zone.max));
    counts_[0] += zone.row_count - zone.null_count;
    return true;
  }
  size_t memory_bytes() const override {
    return counts_.capacity() * sizeof(uint64_t) + (min_.capacity() + max_.capacity()) * sizeof(std::string) +
           text_bytes_;
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

}  // namespace

std::unique_ptr<AggregateState> MakeTextAggregate(const AggregateNeeds& needs) {
  return std::make_unique<TextState>(needs);
}

}  // namespace cortex::query
