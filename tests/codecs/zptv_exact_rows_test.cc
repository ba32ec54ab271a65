// Rows that went through a contract before come back bit for bit when their column is sealed again beside others.
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "codecs/zptv_codec.h"
#include "tests/codecs/float_columns.h"
#include "tests/codecs/sample_columns.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using Kind = ZptvContract::Kind;
using testing::DecodeAll;
using testing::Make;
using testing::SameRows;

// Every third row of a column that was sealed before, the others of one that is `scale` times larger.
struct MixedRows {
  ValueBuffer rows;
  std::vector<uint64_t> exact;

  bool IsExact(uint32_t row) const { return row % 3 == 0; }
};
MixedRows Mix(const ValueBuffer& sealed, const ValueBuffer& fresh) {
  MixedRows mixed{.rows = ValueBuffer(sealed.shape()), .exact = std::vector<uint64_t>(sealed.row_count() / 64 + 1)};
  const size_t bytes = sealed.shape().row_bytes();
  for (uint32_t row = 0; row < sealed.row_count(); ++row) {
    const ValueBuffer& from = mixed.IsExact(row) ? sealed : fresh;
    std::memcpy(mixed.rows.ExtendFixed(1), from.span().fixed + row * bytes, bytes);
    if (mixed.IsExact(row)) mixed.exact[row / 64] |= uint64_t{1} << (row % 64);
  }
  return mixed;
}

struct Counts {
  uint32_t changed_exact = 0, kept_fresh = 0;
};
Counts Compare(const MixedRows& mixed, const std::string& bytes) {
  const ValueBuffer decoded = DecodeAll(bytes, mixed.rows.span());
  Counts counts;
  for (uint32_t row = 0; row < mixed.rows.row_count(); ++row) {
    const bool same = SameRows(decoded.span().Slice(row, 1), mixed.rows.span().Slice(row, 1));
    if (mixed.IsExact(row)) counts.changed_exact += same ? 0 : 1;
    if (!mixed.IsExact(row)) counts.kept_fresh += same ? 1 : 0;
  }
  return counts;
}

struct Shape {
  PhysicalType type;
  uint32_t values_per_row;
  bool is_complex;
};

TEST_CASE("Zptv gives exact rows back bit for bit under every contract", "[codecs][zptv]") {
  constexpr uint32_t kRows = 200;
  for (const Shape shape : {Shape{PhysicalType::kFloat64, 128, true}, Shape{PhysicalType::kFloat32, 48, false},
                            Shape{PhysicalType::kFloat16, 64, false}, Shape{PhysicalType::kFloat64, 1, false},
                            Shape{PhysicalType::kFloat64, 2, true}}) {
    for (const Kind kind : {Kind::kAbs, Kind::kRms, Kind::kRowL2, Kind::kPoint, Kind::kPhase16}) {
      if (kind == Kind::kPhase16 && !shape.is_complex) continue;
      if (kind == Kind::kRowL2 && shape.values_per_row == 1) continue;
      CAPTURE(static_cast<int>(kind), static_cast<int>(shape.type), shape.values_per_row);
      const ZptvContract contract{kind, 0.03};
      std::vector<double> small = testing::Noise(size_t{kRows} * shape.values_per_row, 1);
      if (shape.values_per_row == 128) small = testing::SmoothFields(kRows, 64, 1);
      std::vector<double> large = testing::Noise(small.size(), 2);
      for (double& value : large) value *= 37.3;
      const ValueBuffer given = Make(shape.type, shape.values_per_row, small);
      std::string first;
      const ZptvOptions once{.contract = contract, .is_complex = shape.is_complex};
      REQUIRE_OK(EncodeZptv(given.span(), once, &first).status());
      const MixedRows mixed =
          Mix(DecodeAll(first, given.span()), Make(shape.type, shape.values_per_row, large));

      ZptvOptions again = once;
      again.exact_rows = mixed.exact.data();
      std::string bytes;
      const ZptvError error = REQUIRE_OK_AND_TAKE(EncodeZptv(mixed.rows.span(), again, &bytes));
      if (kind != Kind::kPhase16) CHECK(error.max <= contract.bound);
      const Counts counts = Compare(mixed, bytes);
      CHECK(counts.changed_exact == 0);
      // The others are changed as ever. (Halves of this size have no more digits than the absolute bound leaves.)
      if (shape.type != PhysicalType::kFloat16) CHECK(counts.kept_fresh < kRows / 20);

      // Without being told, the encoder changes them once more where the bound depends on their neighbours.
      if (kind != Kind::kRms || shape.values_per_row == 2) continue;
      std::string twice;
      REQUIRE_OK(EncodeZptv(mixed.rows.span(), once, &twice).status());
      CHECK(Compare(mixed, twice).changed_exact > kRows / 6);
    }
  }
}

TEST_CASE("Zptv stores exact rows by the integers they have", "[codecs][zptv]") {
  constexpr uint32_t kRows = 192;
  for (const Kind kind : {Kind::kRms, Kind::kRowL2}) {
    const ZptvOptions once{.contract = {kind, 1e-2}, .is_complex = true};
    const ValueBuffer given = Make(PhysicalType::kFloat64, 512, testing::SmoothFields(kRows, 256, 3));
    std::string first;
    REQUIRE_OK(EncodeZptv(given.span(), once, &first).status());
    const MixedRows mixed = Mix(DecodeAll(first, given.span()), given);
    ZptvOptions again = once;
    again.exact_rows = mixed.exact.data();
    std::string second;
    REQUIRE_OK(EncodeZptv(mixed.rows.span(), again, &second).status());
    CHECK(Compare(mixed, second).changed_exact == 0);
    CAPTURE(static_cast<int>(kind), first.size(), second.size());
    CHECK(static_cast<double>(second.size()) < 1.1 * static_cast<double>(first.size()));
  }
}

}  // namespace
}  // namespace cortex
