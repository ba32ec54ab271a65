// The promises of a ZPTV column: every number within its contract, what cannot be exact, the error stated, and values
// that never change again, however they are sorted and grouped later.
//
// CORTEX_ZPTV_VECTORS=100000 codecs_test "[zptv]" runs the adversarial vectors at full length.
#include "codecs/zptv_codec.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/encoding_chooser.h"
#include "codecs/simd/half.h"
#include "tests/codecs/float_columns.h"
#include "tests/codecs/sample_columns.h"
#include "tests/codecs/simd/for_each_target.h"
#include "tests/support/status_assertions.h"
#include "tools/codec_report/contract_judge.h"

namespace cortex {
namespace {

using Kind = ZptvContract::Kind;
using testing::DecodeAll;
using testing::Make;
using testing::Noise;
using testing::SameRows;
using testing::SmoothFields;

constexpr double kBounds[] = {0.25, 0.1, 1e-2, 1e-3, 1e-4, 1e-6};
constexpr Kind kBoundedKinds[] = {Kind::kAbs, Kind::kRms, Kind::kRowL2, Kind::kPoint, Kind::kPhase16};

struct Encoded {
  std::string bytes;
  ZptvError error;
  ValueBuffer decoded;
  ZptvStatement statement;
};

Encoded EncodeAs(const ValueSpan& rows, ZptvContract contract, bool is_complex) {
  Encoded encoded;
  encoded.error =
      REQUIRE_OK_AND_TAKE(EncodeZptv(rows, {.contract = contract, .is_complex = is_complex}, &encoded.bytes));
  encoded.decoded = DecodeAll(encoded.bytes, rows);
  const MemorySource source(AsBytes(encoded.bytes));
  encoded.statement =
      *REQUIRE_OK_AND_TAKE(ZptvCodec()->Open(&source, rows.shape, rows.row_count))->statement();
  return encoded;
}

void CheckContract(const ValueBuffer& column, ZptvContract contract, bool is_complex) {
  const ValueSpan rows = column.span();
  const Encoded encoded = EncodeAs(rows, contract, is_complex);
  const ValueSpan decoded = encoded.decoded.span();
  CAPTURE(static_cast<int>(contract.kind), contract.bound, rows.row_count, rows.shape.values_per_row);
  REQUIRE(JudgeContract(rows, decoded, contract, is_complex ? 2 : 1).count == 0);
  if (contract.kind != Kind::kPhase16) REQUIRE(encoded.error.max <= contract.bound);
  REQUIRE(encoded.error.rms <= encoded.error.max);
  REQUIRE(encoded.statement.contract.kind == contract.kind);
  REQUIRE(encoded.statement.contract.bound == contract.bound);
  REQUIRE(encoded.statement.error.max == encoded.error.max);
  REQUIRE(encoded.statement.error.rms == encoded.error.rms);
}

void CheckAllContracts(const ValueBuffer& column, bool is_complex) {
  for (const Kind kind : kBoundedKinds) {
    if (kind == Kind::kPhase16 && !is_complex) continue;
    for (const double bound : kBounds) CheckContract(column, {kind, bound}, is_complex);
  }
  CheckContract(column, {}, is_complex);
}

// Whatever breaks encoders, at random: extremes, specials, values just beside each other, all scales, repeated values.
double Nasty(std::mt19937_64& random) {
  using Limits = std::numeric_limits<double>;
  const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
  switch (random() % 16) {
    case 0: return 0.0;
    case 1: return -0.0;
    case 2: return Limits::infinity();
    case 3: return -Limits::infinity();
    case 4: return Limits::quiet_NaN();
    case 5: return Limits::denorm_min() * static_cast<double>(random() % 99);
    case 6: return Limits::max() * unit;
    case 7: return Limits::min() * (1 + unit);
    case 8: return std::ldexp(unit - 0.5, static_cast<int>(random() % 2000) - 1000);
    case 9: return static_cast<double>(static_cast<int64_t>(random() % 2001) - 1000);
    case 10: return 0.1 * static_cast<double>(random() % 100);
    case 11: return 65504.0 * (unit + 0.5);
    case 12: return 0x1p-14 * unit;
    case 13: return 1 + Limits::epsilon() * static_cast<double>(random() % 4);
    default: return unit - 0.5;
  }
}
// A vector of one sort of trouble or of all of them together.
std::vector<double> NastyVector(size_t count, std::mt19937_64& random) {
  std::vector<double> values(count);
  const uint64_t how = random() % 4;
  const double scale = std::ldexp(1.0, static_cast<int>(random() % 200) - 100);
  for (double& v : values) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53 - 0.5;
    v = how == 0                          ? Nasty(random)
        : how == 1 && random() % 32 == 0  ? Nasty(random)
        : how == 2 && random() % 100 == 0 ? unit * scale * 1e6
        : how == 3                        ? scale * static_cast<double>(static_cast<int>(random() % 9) - 4)
                                          : unit * scale;
  }
  return values;
}

TEST_CASE("Zptv keeps every contract on noise, fields and embeddings of every type", "[codecs][zptv]") {
  SECTION("complex128 noise, a block and a bit") {
    CheckAllContracts(Make(PhysicalType::kFloat64, 128, Noise(70 * 128, 1)), true);
  }
  SECTION("complex128 smooth fields") {
    CheckAllContracts(Make(PhysicalType::kFloat64, 256, SmoothFields(66, 128, 2)), true);
  }
  SECTION("complex64 smooth fields") {
    CheckAllContracts(Make(PhysicalType::kFloat32, 128, SmoothFields(40, 64, 3)), true);
  }
  SECTION("complex64 of a size that cannot be transformed") {
    CheckAllContracts(Make(PhysicalType::kFloat32, 2 * 37, Noise(20 * 2 * 37, 4)), true);
  }
  SECTION("float16 vectors") { CheckAllContracts(Make(PhysicalType::kFloat16, 96, Noise(65 * 96, 5)), false); }
  SECTION("float32 vectors") { CheckAllContracts(Make(PhysicalType::kFloat32, 100, Noise(10 * 100, 6)), false); }
  SECTION("narrow vectors") { CheckAllContracts(Make(PhysicalType::kFloat64, 3, Noise(700 * 3, 7)), false); }
  SECTION("scalars") {
    const auto type = GENERATE(PhysicalType::kFloat16, PhysicalType::kFloat32, PhysicalType::kFloat64);
    CheckAllContracts(Make(type, 1, Noise(17000, 8)), false);
  }
  SECTION("complex scalars") { CheckAllContracts(Make(PhysicalType::kFloat64, 2, Noise(2 * 1500, 9)), true); }
  SECTION("one row, no rows") {
    CheckAllContracts(Make(PhysicalType::kFloat64, 64, Noise(64, 10)), true);
    CheckAllContracts(Make(PhysicalType::kFloat64, 64, {}), true);
    CheckAllContracts(Make(PhysicalType::kFloat32, 1, {-3.5}), false);
  }
}

TEST_CASE("Zptv keeps every contract on adversarial vectors", "[codecs][zptv]") {
  const char* wanted = std::getenv("CORTEX_ZPTV_VECTORS");
  const int vectors = wanted == nullptr ? 1500 : std::atoi(wanted);
  constexpr uint32_t kRows = 20;
  for (int done = 0; done < vectors; done += kRows) {
    std::mt19937_64 random(static_cast<uint64_t>(done));
    const auto type = static_cast<PhysicalType>(static_cast<int>(PhysicalType::kFloat16) + random() % 3);
    const bool is_complex = type != PhysicalType::kFloat16 && random() % 2 == 0;
    const uint32_t widths[] = {1, 3, 32, 48, 128};
    const uint32_t width = widths[random() % 5] * (is_complex ? 2 : 1);
    std::vector<double> values;
    for (uint32_t row = 0; row < kRows; ++row) {
      const std::vector<double> one = NastyVector(width, random);
      values.insert(values.end(), one.begin(), one.end());
    }
    const Kind kind = kBoundedKinds[random() % (is_complex ? 5 : 4)];
    CAPTURE(done, static_cast<int>(type), is_complex);
    const ValueBuffer column = Make(type, width, values);
    CheckContract(column, {kind, kBounds[random() % 6]}, is_complex);
    CheckContract(column, {}, is_complex);
  }
}

TEST_CASE("Zptv gives specials back bit for bit under every contract", "[codecs][zptv]") {
  std::vector<double> values = Noise(64 * 64, 11);
  ValueBuffer column = Make(PhysicalType::kFloat64, 64, values);
  const uint64_t specials[] = {0x7ff8000000000000, 0xfff800000000beef, 0x7ff0000000000001, 0x7ff0000000000000,
                               0xfff0000000000000, 0x8000000000000000, 0x0000000000000001, 0x800fffffffffffff};
  auto* bits = reinterpret_cast<uint64_t*>(column.mutable_fixed());
  for (size_t i = 0; i < 64; ++i) bits[64 * i + i] = specials[i % 8];
  for (const Kind kind : kBoundedKinds) {
    for (const bool is_complex : {true, false}) {
      if (kind == Kind::kPhase16 && !is_complex) continue;
      const Encoded encoded = EncodeAs(column.span(), {kind, 0.1}, is_complex);
      const auto* got = reinterpret_cast<const uint64_t*>(encoded.decoded.span().fixed);
      for (size_t i = 0; i < 64; ++i) REQUIRE(got[64 * i + i] == specials[i % 8]);
    }
  }
}

TEST_CASE("Zptv values never change again, sorted and grouped anew", "[codecs][zptv]") {
  struct Sort {
    Kind kind;
    double bound;
  };
  const auto contract = GENERATE(Sort{Kind::kRms, 1e-2}, Sort{Kind::kRms, 1e-4}, Sort{Kind::kRowL2, 1e-2},
                                 Sort{Kind::kAbs, 0.05}, Sort{Kind::kPoint, 1e-3}, Sort{Kind::kPhase16, 0.05});
  struct Data {
    PhysicalType type;
    uint32_t width;
    bool is_complex;
    std::vector<double> values;
  };
  const int which = GENERATE(0, 1, 2, 3, 4);
  const Data all[] = {{PhysicalType::kFloat64, 256, true, SmoothFields(200, 128, 12)},
                      {PhysicalType::kFloat64, 128, true, Noise(200 * 128, 13)},
                      {PhysicalType::kFloat32, 128, true, SmoothFields(200, 64, 14)},
                      {PhysicalType::kFloat16, 96, false, Noise(200 * 96, 15)},
                      {PhysicalType::kFloat64, 1, false, Noise(40000, 16)}};
  const Data& data = all[which];
  if (contract.kind == Kind::kPhase16 && !data.is_complex) return;
  CAPTURE(static_cast<int>(contract.kind), contract.bound, which);
  const ValueBuffer column = Make(data.type, data.width, data.values);
  const Encoded sealed = EncodeAs(column.span(), {contract.kind, contract.bound}, data.is_complex);

  // As compaction does: other neighbours, other blocks.
  const uint32_t rows = column.row_count();
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [](uint32_t a, uint32_t b) { return a % 7 < b % 7; });
  ValueBuffer sorted(column.shape());
  for (const uint32_t row : order) sorted.Append(sealed.decoded.span().Slice(row, 1));
  std::string again;
  const ZptvOptions options{.is_complex = data.is_complex,
                            .made_under = sealed.statement.contract,
                            .made_error = sealed.statement.error};
  REQUIRE_OK(EncodeZptv(sorted.span(), options, &again).status());
  REQUIRE(SameRows(DecodeAll(again, sorted.span()).span(), sorted.span()));
  // And it is as small as before but for what the old order gave to predictors; blocks have other neighbours.
  REQUIRE(static_cast<double>(again.size()) < 1.25 * static_cast<double>(sealed.bytes.size()) + 2000);
  const MemorySource source(AsBytes(again));
  const auto statement = REQUIRE_OK_AND_TAKE(ZptvCodec()->Open(&source, sorted.shape(), rows))->statement();
  REQUIRE(statement->error.max == sealed.error.max);
  REQUIRE(statement->contract.kind == contract.kind);
}

TEST_CASE("Zptv finds the steps of float16 rows again, beside exceptions and specials", "[codecs][zptv]") {
  const auto contract = GENERATE(ZptvContract{Kind::kRms, 1e-2}, ZptvContract{Kind::kRowL2, 1e-2});
  CAPTURE(static_cast<int>(contract.kind));
  constexpr uint32_t kRows = 300, kWidth = 768;
  std::vector<double> values = Noise(kRows * kWidth, 21);
  for (uint32_t row = 0; row < kRows; ++row) {
    for (uint32_t i = 0; i < kWidth; ++i) values[row * kWidth + i] *= 0.03 * (1 + 0.001 * row);
    values[row * kWidth + row % kWidth] = 0x1p-20;  // subnormal
  }
  const ValueBuffer column = Make(PhysicalType::kFloat16, kWidth, values);
  const Encoded sealed = EncodeAs(column.span(), contract, /*is_complex=*/false);
  ValueBuffer sorted(column.shape());
  for (uint32_t i = 0; i < kRows; ++i) sorted.Append(sealed.decoded.span().Slice(i * 7 % kRows, 1));
  std::string again;
  REQUIRE_OK(EncodeZptv(sorted.span(), {.made_under = contract}, &again).status());
  REQUIRE(SameRows(DecodeAll(again, sorted.span()).span(), sorted.span()));
  CHECK(static_cast<double>(again.size()) < 1.01 * static_cast<double>(sealed.bytes.size()));
}

TEST_CASE("Zptv takes coefficients for integers only where they give every bit", "[codecs][zptv]") {
  // Lines of Fourier coefficients, some with a value changed in its last bit: far below what tells coefficients apart.
  const ValueBuffer column = Make(PhysicalType::kFloat64, 256, SmoothFields(64, 128, 30));
  const Encoded sealed = EncodeAs(column.span(), {Kind::kRms, 1e-2}, true);
  const Encoded moved = EncodeAs(sealed.decoded.span(), {}, true);
  ValueBuffer changed(column.shape());
  changed.Append(sealed.decoded.span());
  auto* bits = reinterpret_cast<uint64_t*>(changed.mutable_fixed());
  for (const size_t row : {3u, 17u, 18u, 63u}) bits[row * 256 + row] += 1;
  const Encoded again = EncodeAs(changed.span(), {}, true);
  REQUIRE(SameRows(again.decoded.span(), changed.span()));
  // The four rows are stored as they are (2 KiB each), the others as before.
  REQUIRE(again.bytes.size() < moved.bytes.size() + 4 * 2048 + 1000);
  REQUIRE(again.bytes.size() > moved.bytes.size() + 4 * 1024);
}

TEST_CASE("Zptv finds the integers of instruments and loses nothing", "[codecs][zptv]") {
  std::mt19937_64 random(17);
  std::normal_distribution<double> normal(0, 120);
  std::vector<double> values(200 * 128);
  for (double& v : values) v = 0.25 * std::nearbyint(normal(random));
  for (const auto type : {PhysicalType::kFloat32, PhysicalType::kFloat64}) {
    const ValueBuffer column = Make(type, 128, values);
    const Encoded encoded = EncodeAs(column.span(), {}, true);
    REQUIRE(SameRows(encoded.decoded.span(), column.span()));
    // The entropy of the integers is 8.95 bits.
    REQUIRE(static_cast<double>(encoded.bytes.size()) < 9.3 / 8 * static_cast<double>(values.size()));
  }
}

TEST_CASE("Zptv is as small as its bound lets it be", "[codecs][zptv]") {
  const auto bits = [](const ValueBuffer& column, ZptvContract contract, bool is_complex) {
    const Encoded encoded = EncodeAs(column.span(), contract, is_complex);
    return 8.0 * static_cast<double>(encoded.bytes.size()) /
           (static_cast<double>(column.row_count()) * column.shape().values_per_row);
  };
  const ValueBuffer noise = Make(PhysicalType::kFloat64, 512, Noise(128 * 512, 18));
  // Entropy of a normal value in steps of 0.02: 7.69 bits; of 0.002: 11.01.
  CHECK(bits(noise, {Kind::kRms, 1e-2}, true) < 7.9);
  CHECK(bits(noise, {Kind::kRms, 1e-3}, true) < 11.2);
  const ValueBuffer smooth = Make(PhysicalType::kFloat64, 512, SmoothFields(128, 256, 19));
  CHECK(bits(smooth, {Kind::kRms, 1e-2}, true) < 2.2);
  CHECK(bits(smooth, {Kind::kRowL2, 1e-2}, true) < 1.6);
  CHECK(bits(smooth, {Kind::kPhase16, 0.1}, true) < 4.0);
  const ValueBuffer embedding = Make(PhysicalType::kFloat16, 256, Noise(128 * 256, 20));
  CHECK(bits(embedding, {Kind::kRowL2, 1e-2}, false) < 7.2);
}

TEST_CASE("Zptv gives single rows as it gives all", "[codecs][zptv]") {
  const ValueBuffer column = Make(PhysicalType::kFloat64, 128, SmoothFields(150, 64, 21));
  const Encoded encoded = EncodeAs(column.span(), {Kind::kRms, 1e-3}, true);
  const MemorySource source(AsBytes(encoded.bytes));
  const auto chunk = REQUIRE_OK_AND_TAKE(ZptvCodec()->Open(&source, column.shape(), 150));
  const std::vector<uint32_t> rows = {0, 1, 63, 63, 64, 127, 149};
  ValueBuffer some(column.shape());
  REQUIRE_OK(chunk->Gather(rows, &some));
  for (size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(SameRows(some.span().Slice(static_cast<uint32_t>(i), 1), encoded.decoded.span().Slice(rows[i], 1)));
  }
  ValueBuffer part(column.shape());
  REQUIRE_OK(chunk->Decode(60, 10, &part));
  REQUIRE(SameRows(part.span(), encoded.decoded.span().Slice(60, 10)));
}

TEST_CASE("Zptv writes and reads the same bits on every target", "[codecs][zptv]") {
  const ValueBuffer smooth = Make(PhysicalType::kFloat64, 256, SmoothFields(70, 128, 22));
  const ValueBuffer halves = Make(PhysicalType::kFloat16, 64, Noise(70 * 64, 23));
  const Encoded fields = EncodeAs(smooth.span(), {Kind::kRms, 1e-2}, true);
  const Encoded vectors = EncodeAs(halves.span(), {Kind::kRowL2, 1e-2}, false);
  testing::ForEachTarget([&] {
    const Encoded a = EncodeAs(smooth.span(), {Kind::kRms, 1e-2}, true);
    REQUIRE(a.bytes == fields.bytes);
    REQUIRE(SameRows(a.decoded.span(), fields.decoded.span()));
    const Encoded b = EncodeAs(halves.span(), {Kind::kRowL2, 1e-2}, false);
    REQUIRE(b.bytes == vectors.bytes);
    REQUIRE(SameRows(b.decoded.span(), vectors.decoded.span()));
  });
}

TEST_CASE("Zptv answers damaged bytes with DATA_LOSS or values, never worse", "[codecs][zptv]") {
  const auto damage = [](const ValueBuffer& column, ZptvContract contract, bool is_complex, uint64_t seed) {
    const Encoded encoded = EncodeAs(column.span(), contract, is_complex);
    const auto read = [&](const std::string& bytes, bool must_fail) {
      // An exact copy, so that sanitizers see every step outside.
      const std::vector<char> copy(bytes.begin(), bytes.end());
      const MemorySource source(AsBytes(std::string_view(copy.data(), copy.size())));
      const auto chunk = ZptvCodec()->Open(&source, column.shape(), column.row_count());
      ValueBuffer out(column.shape());
      const absl::Status status =
          chunk.ok() ? (*chunk)->Decode(0, column.row_count(), &out) : chunk.status();
      REQUIRE((status.ok() ? !must_fail
                           : status.code() == absl::StatusCode::kDataLoss ||
                                 status.code() == absl::StatusCode::kUnimplemented));
    };
    for (size_t size = 0; size < encoded.bytes.size(); size += 1 + encoded.bytes.size() / 300) {
      read(encoded.bytes.substr(0, size), true);
    }
    std::mt19937_64 random(seed);
    for (int i = 0; i < 400; ++i) {
      std::string damaged = encoded.bytes;
      for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
        const size_t range = random() % 2 == 0 ? damaged.size() : std::min<size_t>(damaged.size(), 400);
        damaged[random() % range] ^= static_cast<char>(1 << random() % 8);
      }
      read(damaged, false);
    }
  };
  damage(Make(PhysicalType::kFloat64, 128, SmoothFields(40, 64, 24)), {Kind::kRms, 1e-2}, true, 1);
  damage(Make(PhysicalType::kFloat32, 64, Noise(40 * 64, 25)), {Kind::kPhase16, 0.1}, true, 2);
  damage(Make(PhysicalType::kFloat16, 64, Noise(40 * 64, 26)), {Kind::kPoint, 0.1}, false, 3);
  damage(Make(PhysicalType::kFloat64, 1, Noise(3000, 27)), {Kind::kAbs, 0.01}, false, 4);
  damage(Make(PhysicalType::kFloat32, 40, Noise(40 * 40, 28)), {}, false, 5);
  std::vector<double> mixed = Noise(40 * 64, 29);  // exceptions, and lines of several kinds
  for (size_t i = 0; i < mixed.size(); i += 7) mixed[i] = i % 2 == 0 ? NAN : 1e300;
  damage(Make(PhysicalType::kFloat64, 64, mixed), {Kind::kRowL2, 0.1}, true, 6);
}

TEST_CASE("Zptv refuses what it cannot promise", "[codecs][zptv]") {
  std::string out;
  const ValueBuffer column = Make(PhysicalType::kFloat64, 1, {1.0, 2.0});
  const auto encode = [&](ZptvContract contract) {
    return EncodeZptv(column.span(), {.contract = contract}, &out).status();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  REQUIRE_STATUS(encode({Kind::kAbs, 0}), kInvalid, "not positive");
  REQUIRE_STATUS(encode({Kind::kRms, -1}), kInvalid, "not positive");
  REQUIRE_STATUS(encode({Kind::kRms, NAN}), kInvalid, "not positive");
  REQUIRE_STATUS(encode({Kind::kPoint, INFINITY}), kInvalid, "not positive");
  REQUIRE_STATUS(encode({Kind::kPhase16, 0.1}), kInvalid, "complex");
  ValueBuffer integers(ValueShape{PhysicalType::kInt64, 1});
  integers.AppendZeros(3);
  REQUIRE_STATUS(EncodeZptv(integers.span(), {}, &out).status(), kInvalid, "floats");
}

TEST_CASE("Zptv keeps exact what it cannot quantise within the bound", "[codecs][zptv]") {
  // Rows whose squares, and whose steps, leave the range of doubles: 1e-298 beside 1e-307.
  ValueBuffer rows(ValueShape{PhysicalType::kFloat64, 40});
  auto* to = reinterpret_cast<double*>(rows.ExtendFixed(1));
  for (int i = 0; i < 40; ++i) to[i] = i % 3 == 0 ? 8.09327e-298 : i % 3 == 1 ? 1.88436e-307 : 1.1643e-302;
  for (const auto kind : {ZptvContract::Kind::kRowL2, ZptvContract::Kind::kRms, ZptvContract::Kind::kPoint}) {
    for (const bool is_complex : {false, true}) {
      CAPTURE(static_cast<int>(kind), is_complex);
      std::string bytes;
      const ZptvError error =
          REQUIRE_OK_AND_TAKE(EncodeZptv(rows.span(), {.contract = {kind, 0.01}, .is_complex = is_complex}, &bytes));
      REQUIRE(error.max <= 0.01);
      const MemorySource source(AsBytes(bytes));
      const auto chunk = REQUIRE_OK_AND_TAKE(ZptvCodec()->Open(&source, rows.shape(), 1));
      ValueBuffer decoded(rows.shape());
      REQUIRE_OK(chunk->Decode(0, 1, &decoded));
      for (int i = 0; i < 40; i += 3) REQUIRE(std::fabs(decoded.values<double>()[i] / to[i] - 1) <= 0.1);
    }
  }
}

}  // namespace
}  // namespace cortex
