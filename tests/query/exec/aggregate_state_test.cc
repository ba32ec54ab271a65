#include "query/exec/aggregate_state.h"

#include <random>

#include "tests/support/status_assertions.h"

using namespace cortex;         // NOLINT
using namespace cortex::query;  // NOLINT: a test of this very namespace

namespace {

constexpr AggregateFunction kAll[] = {AggregateFunction::kCount,   AggregateFunction::kSum, AggregateFunction::kAvg,
                                      AggregateFunction::kMin,     AggregateFunction::kMax, AggregateFunction::kStddev,
                                      AggregateFunction::kVariance};

AggregateNeeds AllNeeds() {
  AggregateNeeds needs;
  for (const AggregateFunction function : kAll) needs.Add(function);
  return needs;
}

std::string Bits(const AggregateState& state, const ExprType& type, uint32_t group) {
  std::string bits;
  for (const AggregateFunction function : kAll) {
    AggregateCall call{function, MakeColumn(0, type, {}), ExprType::Float(), ""};
    const bool counts = function == AggregateFunction::kCount;
    const bool same = function == AggregateFunction::kMin || function == AggregateFunction::kMax ||
                      (function == AggregateFunction::kSum && type.family() == Family::kInt);
    Column out(counts ? DataType::Scalar(TypeKind::kInt64) : same ? type.data : DataType::Scalar(TypeKind::kFloat64));
    if (function == AggregateFunction::kSum && type.family() == Family::kInt)
      out.Reset(DataType::Scalar(TypeKind::kInt64));
    REQUIRE_OK(state.Finish(call, group, &out));
    const auto bytes = out.FixedAt(0);
    bits += out.IsNull(0) ? "n" : "v";
    bits.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return bits;
}

template <typename T>
Column RandomColumn(TypeKind kind, uint64_t seed) {
  std::mt19937_64 random(seed);
  Column column(DataType::Scalar(kind));
  for (int i = 0; i < 2'000; ++i) {
    if (random() % 5 == 0) {
      column.AppendNull();
    } else {
      column.AppendScalar<T>(static_cast<T>(static_cast<int64_t>(random() % 100'001) - 50'000));
    }
  }
  return column;
}

// One state fed at once, one fed by groups, one merged from parts: the same bits.
template <typename T>
void RequireOrderFree(TypeKind kind) {
  const ExprType type = ExprType::Of(DataType::Scalar(kind));
  const BatchColumn all = BatchColumn::Of(RandomColumn<T>(kind, 3));
  const auto whole = MakeAggregateState(type, AllNeeds());
  whole->Resize(1);
  whole->AddAll(all);

  for (const uint32_t group_count : {3u, all.row_count}) {  // in runs, row by row
    GroupedRows rows;
    rows.Assign(std::vector<uint32_t>(all.row_count, 2), group_count);
    REQUIRE(rows.runs().empty() == (group_count != 3));
    const auto grouped = MakeAggregateState(type, AllNeeds());
    grouped->Resize(group_count);
    grouped->AddToGroups(all, rows);
    CHECK((Bits(*grouped, type, 2) == Bits(*whole, type, 0)));
  }

  const auto merged = MakeAggregateState(type, AllNeeds());
  merged->Resize(1);
  std::vector<uint32_t> order(all.row_count);
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = all.row_count - 1 - i;
  for (const size_t first : {size_t{0}, size_t{700}, size_t{1'400}}) {
    const size_t count = std::min<size_t>(700, order.size() - first);
    const auto part = MakeAggregateState(type, AllNeeds());
    part->Resize(1);
    part->AddAll(all.Select(absl::MakeConstSpan(order).subspan(first, count)));
    merged->Merge(*part, std::vector<uint32_t>{0});
  }
  CHECK((Bits(*merged, type, 0) == Bits(*whole, type, 0)));
}

}  // namespace

TEST_CASE("AggregateState gives the same bits for any order, split and grouping", "[query][exec]") {
  RequireOrderFree<double>(TypeKind::kFloat64);
  RequireOrderFree<float>(TypeKind::kFloat32);
  RequireOrderFree<int64_t>(TypeKind::kInt64);
  RequireOrderFree<int32_t>(TypeKind::kInt32);
}

TEST_CASE("AggregateState of nothing is NULL and counts 0", "[query][exec]") {
  const ExprType type = ExprType::Float();
  const auto state = MakeAggregateState(type, AllNeeds());
  state->Resize(1);
  for (const AggregateFunction function : kAll) {
    Column out(function == AggregateFunction::kCount ? DataType::Scalar(TypeKind::kInt64)
                                                     : DataType::Scalar(TypeKind::kFloat64));
    REQUIRE_OK(state->Finish({function, MakeColumn(0, type, {}), type, ""}, 0, &out));
    CHECK(out.IsNull(0) == (function != AggregateFunction::kCount));
  }
}

TEST_CASE("Text minimum and maximum know the empty string", "[query][exec]") {
  const ExprType type = ExprType::String();
  AggregateNeeds needs;
  needs.min = needs.max = true;
  const auto state = MakeAggregateState(type, needs);
  state->Resize(1);
  Column column(DataType::String());
  for (const char* value : {"b", "", "a"}) column.AppendString(value);
  state->AddAll(BatchColumn::Of(std::move(column)));
  Column low(DataType::String()), high(DataType::String());
  REQUIRE_OK(state->Finish({AggregateFunction::kMin, MakeColumn(0, type, {}), type, ""}, 0, &low));
  REQUIRE_OK(state->Finish({AggregateFunction::kMax, MakeColumn(0, type, {}), type, ""}, 0, &high));
  CHECK(low.StringAt(0).empty());
  CHECK_FALSE(low.IsNull(0));
  CHECK(high.StringAt(0) == "b");
}
