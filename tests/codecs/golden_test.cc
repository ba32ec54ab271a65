// The bytes of every encoding, frozen: tests/golden/codecs/<encoding>_<column>.hex must be what today's encoder writes,
// and today's decoder must read it. Zstd frames may differ between versions of the library, and what a nesting encoding
// nests is the chooser's verdict, so for those only reading is checked.
//
// After an intended change of format: CORTEX_WRITE_GOLDEN=1 codecs_test "Golden*", and say so in FORMAT.md.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "codecs/bytes/byte_writer.h"
#include "codecs/codec_registry.h"
#include "codecs/nested_chunk.h"
#include "codecs/simd/fourier_plan.h"
#include "codecs/zptv_codec.h"
#include "tests/codecs/sample_columns.h"
#include "tests/support/status_assertions.h"

#ifndef CORTEX_GOLDEN_DIR
#error "CORTEX_GOLDEN_DIR names tests/golden/codecs"
#endif

namespace cortex {
namespace {

ValueBuffer GoldenIntegers() {
  ValueBuffer out(ValueShape{PhysicalType::kInt64, 1});
  auto* to = reinterpret_cast<int64_t*>(out.ExtendFixed(40));
  for (int64_t i = 0; i < 40; ++i) to[i] = 1000 + i / 8 * 5 + (i == 17 ? int64_t{1} << 40 : 0);
  return out;
}

ValueBuffer GoldenFloats() {
  ValueBuffer out(ValueShape{PhysicalType::kFloat32, 2});
  auto* to = reinterpret_cast<float*>(out.ExtendFixed(40));
  for (int i = 0; i < 80; ++i) to[i] = static_cast<float>(i / 4) * 0.25f - 3.0f;
  return out;
}

ValueBuffer GoldenStrings() {
  ValueBuffer out(ValueShape{PhysicalType::kBytes, 1});
  for (int i = 0; i < 40; ++i) out.AppendString(i % 10 == 9 ? "" : "state " + std::to_string(i / 4));
  return out;
}

// Two decimals, exceptions among them.
ValueBuffer GoldenDecimals() {
  ValueBuffer out(ValueShape{PhysicalType::kFloat64, 1});
  auto* to = reinterpret_cast<double*>(out.ExtendFixed(1100));
  for (int i = 0; i < 1100; ++i) to[i] = static_cast<double>(i * 37 % 501) / 100;
  to[3] = -0.0;
  to[1050] = HUGE_VAL;
  return out;
}

// Rows like the one before, strips of different magnitude.
ValueBuffer GoldenCounts() {
  ValueBuffer out(ValueShape{PhysicalType::kInt16, 40});
  auto* to = reinterpret_cast<int16_t*>(out.ExtendFixed(100));
  for (int i = 0; i < 100 * 40; ++i) {
    const int column = i % 40, noise = i * 7919 % 13;
    to[i] = static_cast<int16_t>(column < 16 ? 40 * column + noise % 2 : 3000 - 50 * column + 97 * noise);
  }
  return out;
}

// Two bits of mantissa.
ValueBuffer GoldenHalves() {
  ValueBuffer out(ValueShape{PhysicalType::kFloat64, 2});
  auto* to = reinterpret_cast<double*>(out.ExtendFixed(40));
  for (int i = 0; i < 80; ++i) to[i] = std::ldexp(1.0 + i % 4 * 0.25, i % 7);
  return out;
}

ValueBuffer GoldenConstant() {
  ValueBuffer out(ValueShape{PhysicalType::kFloat64, 1});
  auto* to = reinterpret_cast<double*>(out.ExtendFixed(40));
  for (int i = 0; i < 40; ++i) to[i] = -0.0;
  return out;
}

std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (size_t i = 0; i < bytes.size(); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(bytes[i]));
    hex += digits;
    hex += i % 32 == 31 ? '\n' : ' ';
  }
  hex += '\n';
  return hex;
}

std::string FromHex(const std::string& hex) {
  std::istringstream in(hex);
  std::string bytes, digits;
  while (in >> digits) bytes.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
  return bytes;
}

bool HasFixedBytes(EncodingId id) {
  return id != EncodingId::kByteSplitZstd && id != EncodingId::kZstd && id != EncodingId::kZstdRows &&
         id != EncodingId::kSketched && !Nests(id);
}

void CheckGolden(const std::string& name, EncodingId id, const ValueBuffer& column) {
  INFO(name << ", " << EncodingName(id));
  const ValueSpan rows = column.span();
  const Codec* codec = REQUIRE_OK_AND_TAKE(FindCodec(id));
  const std::filesystem::path path =
      std::filesystem::path(CORTEX_GOLDEN_DIR) / (std::string(EncodingName(id)) + "_" + name + ".hex");
  std::string today;
  REQUIRE_OK(codec->Encode(rows, EncodingEffort::kLight, &today));
  if (std::getenv("CORTEX_WRITE_GOLDEN") != nullptr) std::ofstream(path) << ToHex(today);
  std::ifstream file(path);
  REQUIRE(file.good());
  std::stringstream hex;
  hex << file.rdbuf();
  const std::string golden = FromHex(hex.str());
  if (HasFixedBytes(id)) REQUIRE(ToHex(today) == ToHex(golden));
  const MemorySource source(AsBytes(golden));
  const auto chunk = REQUIRE_OK_AND_TAKE(OpenChunk(id, &source, rows.shape, rows.row_count));
  ValueBuffer decoded(rows.shape);
  REQUIRE_OK(chunk->Decode(0, rows.row_count, &decoded));
  REQUIRE(testing::SameRows(decoded.span(), rows));
}

TEST_CASE("Golden bytes of every encoding are written and read", "[codecs]") {
  using enum EncodingId;
  for (EncodingId id : {kPlain, kDictionary, kRunLength, kBitPack, kDelta, kByteSplitZstd}) {
    CheckGolden("int64", id, GoldenIntegers());
  }
  for (EncodingId id : {kPlain, kRunLength, kByteSplitZstd, kZptv}) CheckGolden("float32x2", id, GoldenFloats());
  for (EncodingId id : {kPlain, kDictionary, kRunLength, kZstd, kSymbols}) CheckGolden("string", id, GoldenStrings());
  CheckGolden("float64", kConstant, GoldenConstant());
  CheckGolden("int64", kResidual, GoldenIntegers());
  CheckGolden("int16x40", kResidual, GoldenCounts());
  CheckGolden("int64", kZstdRows, GoldenIntegers());
  CheckGolden("decimals", kFrontBits, GoldenDecimals());
  CheckGolden("string", kCodedDictionary, GoldenStrings());
  CheckGolden("decimals", kScaled, GoldenDecimals());
  CheckGolden("float64x2", kNarrowed, GoldenHalves());
}

TEST_CASE("Golden bytes exist of every encoding", "[codecs]") {
  for (const Codec* codec : AllCodecs()) {
    const std::string prefix = std::string(EncodingName(codec->id())) + "_";
    INFO(prefix);
    const std::filesystem::directory_iterator files(CORTEX_GOLDEN_DIR);
    REQUIRE(std::any_of(begin(files), end(files), [&](const std::filesystem::directory_entry& file) {
      return file.path().filename().string().substr(0, prefix.size()) == prefix;
    }));
  }
}

// Fields of a few waves; roots of unity come from our own table, so that no library has a say in the bytes.
ValueBuffer GoldenFields() {
  const simd::FourierPlan& plan = simd::FourierPlanOf(32);
  ValueBuffer out(ValueShape{PhysicalType::kFloat64, 64});
  auto* to = reinterpret_cast<double*>(out.ExtendFixed(12));
  for (size_t row = 0; row < 12; ++row) {
    for (size_t t = 0; t < 32; ++t) {
      const double jitter = 0x1p-12 * static_cast<double>(row * 37 + t * 101 % 64);
      *to++ = plan.cosines[t] + 0.5 * plan.cosines[(3 * t + row) % 32] + jitter;
      *to++ = plan.sines[t] - 0.25 * plan.sines[2 * t % 32] - jitter;
    }
  }
  out.mutable_fixed()[15] = std::byte{0x80};  // im of the first: −0, an exception
  return out;
}

TEST_CASE("Golden bytes of a sketch as base layer are written and read", "[codecs]") {
  CheckGolden("fields", EncodingId::kSketched, GoldenFields());
}

TEST_CASE("Golden bytes of every contract are written and read", "[codecs][zptv]") {
  using Kind = ZptvContract::Kind;
  const std::pair<const char*, ZptvContract> contracts[] = {{"abs", {Kind::kAbs, 0.01}},
                                                            {"rms", {Kind::kRms, 0.05}},
                                                            {"row_l2", {Kind::kRowL2, 0.05}},
                                                            {"point", {Kind::kPoint, 0.01}},
                                                            {"phase16", {Kind::kPhase16, 0.1}}};
  const ValueBuffer fields = GoldenFields();
  for (const auto& [name, contract] : contracts) {
    CAPTURE(name);
    std::string today;
    REQUIRE_OK(EncodeZptv(fields.span(), {.contract = contract, .is_complex = true}, &today).status());
    const auto path = std::filesystem::path(CORTEX_GOLDEN_DIR) / ("zptv_" + std::string(name) + ".hex");
    if (std::getenv("CORTEX_WRITE_GOLDEN") != nullptr) std::ofstream(path) << ToHex(today);
    std::ifstream file(path);
    REQUIRE(file.good());
    std::stringstream hex;
    hex << file.rdbuf();
    const std::string golden = FromHex(hex.str());
    REQUIRE(ToHex(today) == ToHex(golden));
    const MemorySource source(AsBytes(golden));
    const auto chunk = REQUIRE_OK_AND_TAKE(OpenChunk(EncodingId::kZptv, &source, fields.shape(), 12));
    ValueBuffer decoded(fields.shape());
    REQUIRE_OK(chunk->Decode(0, 12, &decoded));
    const auto was = fields.values<double>(), is = decoded.values<double>();
    for (size_t i = 0; i < was.size(); ++i) REQUIRE(std::fabs(was[i] - is[i]) < 0.5);
    REQUIRE((is[1] == 0 && std::signbit(is[1])));
  }
}

}  // namespace
}  // namespace cortex
