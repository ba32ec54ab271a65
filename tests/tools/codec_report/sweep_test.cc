#include "tools/codec_report/sweep.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "tests/support/status_assertions.h"
#include "tools/codec_report/contract_judge.h"

namespace cortex::codec_report {
namespace {

using Kind = ZptvContract::Kind;

ValueSpan RowsOf(const std::vector<double>& values, uint32_t values_per_row) {
  return {.shape = {PhysicalType::kFloat64, values_per_row},
          .row_count = static_cast<uint32_t>(values.size() / values_per_row),
          .fixed = reinterpret_cast<const std::byte*>(values.data())};
}

uint64_t BreachesOf(const std::vector<double>& was, const std::vector<double>& is, ZptvContract contract,
                    uint32_t components = 1, uint32_t values_per_row = 2) {
  return JudgeContract(RowsOf(was, values_per_row), RowsOf(is, values_per_row), contract, components).count;
}

TEST_CASE("The judge tells values just within each contract from values just beyond", "[tools]") {
  const std::vector<double> was = {3, 4, 0, 0};
  CHECK(BreachesOf(was, was, {}) == 0);
  CHECK(BreachesOf(was, {3, 4, 0, -0.0}, {}) == 1);
  CHECK(BreachesOf(was, {3.5, 4, 0, 0}, {Kind::kAbs, 0.5}) == 0);
  CHECK(BreachesOf(was, {3.5, 4.5, 0, 0}, {Kind::kAbs, 0.49}) == 2);
  CHECK(BreachesOf(was, {3.5, 4.5, 0, 0}, {Kind::kAbs, 0.5}, 2) == 1);
  CHECK(BreachesOf(was, {3.5, 4, 0, 0}, {Kind::kRms, 0.2}) == 0);  // the root mean square is 2.5
  CHECK(BreachesOf(was, {3.5, 4, 0, 0}, {Kind::kRms, 0.199}) == 1);
  CHECK(BreachesOf(was, {3.5, 4, 0, 0}, {Kind::kRowL2, 0.1}) == 0);
  CHECK(BreachesOf(was, {3.5, 4, 0, 0}, {Kind::kRowL2, 0.099}) == 1);
  CHECK(BreachesOf(was, {3, 4, 1e-9, 0}, {Kind::kRowL2, 0.25}) == 1);  // a row of zeros stays one
  CHECK(BreachesOf(was, {3.3, 4, 0, 0}, {Kind::kPoint, 0.11}) == 0);
  CHECK(BreachesOf(was, {3.3, 4, 0, 1e-300}, {Kind::kPoint, 0.09}) == 2);
  const double half = std::sqrt(0.5);  // phase 2 · π/8
  CHECK(BreachesOf({half, half}, {1.1 * half, 1.1 * half}, {Kind::kPhase16, 0.11}, 2) == 0);
  CHECK(BreachesOf({half, half}, {1.1 * half, 1.1 * half}, {Kind::kPhase16, 0.09}, 2) == 1);
  CHECK(BreachesOf({half, half}, {half, half * 1.01}, {Kind::kPhase16, 0.11}, 2) == 1);  // not a multiple of π/8
  CHECK(BreachesOf({half, half}, {1, 0}, {Kind::kPhase16, 0.11}, 2) == 1);               // another sixteenth
}

TEST_CASE("The judge lets no special value change", "[tools]") {
  for (const double special : {-0.0, HUGE_VAL, 5e-324, -5e-324}) {
    for (const Kind kind : {Kind::kAbs, Kind::kRms, Kind::kRowL2, Kind::kPoint}) {
      CAPTURE(special, static_cast<int>(kind));
      CHECK(BreachesOf({special, 1}, {special, 1}, {kind, 0.25}) == 0);
      CHECK(BreachesOf({special, 1}, {0, 1}, {kind, 0.25}) == 1);
    }
  }
}

TEST_CASE("A sweep judges every number of a column under every contract", "[tools]") {
  std::vector<double> values;
  for (int i = 0; i < 70 * 64; ++i) values.push_back(std::sin(i * 0.37) * (1 + i % 7));
  values[5] = NAN;
  values[77] = -0.0;
  const Column column{.name = "waves", .rows = RowsOf(values, 64), .is_complex = true};
  const std::vector<ZptvContract> contracts = SweptContracts(column);
  REQUIRE(contracts.size() == 1 + 5 * std::size(kSweptBounds));
  for (const ZptvContract contract : contracts) {
    CAPTURE(static_cast<int>(contract.kind), contract.bound);
    const SweepResult result = REQUIRE_OK_AND_TAKE(SweepContract(column, contract));
    CHECK(result.breaches == 0);
    CHECK(result.numbers == values.size() / 2);
  }
  const Column real{.name = "waves", .rows = RowsOf(values, 64)};
  CHECK(SweptContracts(real).size() == 1 + 4 * std::size(kSweptBounds));
}

}  // namespace
}  // namespace cortex::codec_report
