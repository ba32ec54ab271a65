#include "codecs/zptv/rans.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "tests/codecs/simd/for_each_target.h"
#include "tests/codecs/zptv/golden_bytes.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

RansTable TableOf(absl::Span<const int32_t> values) {
  RansCounts counts = {};
  CountValueTokens(values, &counts);
  return RansTable::FromCounts(counts);
}
RansTable TableOf(absl::Span<const uint8_t> symbols) {
  RansCounts counts = {};
  CountSymbols(symbols, &counts);
  return RansTable::FromCounts(counts);
}

std::vector<int32_t> NormalValues(size_t count, double sigma, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, sigma);
  std::vector<int32_t> values(count);
  for (int32_t& value : values) value = static_cast<int32_t>(std::lround(normal(random)));
  return values;
}

std::string Encode(const RansTable& table, absl::Span<const int32_t> values) {
  const RansEncoder encoder(table);
  std::string stream;
  REQUIRE_OK(EncodeRans({{.encoder = &encoder, .values = values}}, &stream));
  return stream;
}

absl::Status Decode(const RansTable& table, std::string_view stream, std::vector<int32_t>* values) {
  auto reader = RansReader::Open(AsBytes(stream));
  if (!reader.ok()) return reader.status();
  if (absl::Status s = reader->Read(RansDecoder(table), absl::MakeSpan(*values)); !s.ok()) return s;
  return reader->Finish();
}

void CheckValues(const std::vector<int32_t>& values) {
  const RansTable table = TableOf(values);
  const std::string stream = Encode(table, values);
  std::vector<int32_t> decoded(values.size());
  REQUIRE_OK(Decode(table, stream, &decoded));
  REQUIRE(decoded == values);
}

TEST_CASE("Rans returns values of every length and size on every target", "[codecs][zptv]") {
  testing::ForEachTarget([] {
    for (size_t count = 0; count <= 200; ++count) {
      CAPTURE(count);
      CheckValues(NormalValues(count, 5, count));
    }
    for (const double sigma : {0.01, 1.0, 30.0, 1e3, 1e5, 1e8}) {
      CAPTURE(sigma);
      CheckValues(NormalValues(5000, sigma, 1));
    }
    std::mt19937_64 random(5);
    std::vector<int32_t> any(3001);
    for (int32_t& value : any) value = static_cast<int32_t>(random() >> (32 + random() % 32));
    any[0] = std::numeric_limits<int32_t>::min();
    any[3000] = std::numeric_limits<int32_t>::max();
    CheckValues(any);
    CheckValues(std::vector<int32_t>(1000, std::numeric_limits<int32_t>::min()));
    CheckValues(std::vector<int32_t>(1000, 0));
  });
}

TEST_CASE("Rans reads runs of symbols and values with their own tables from one stream", "[codecs][zptv]") {
  testing::ForEachTarget([] {
    std::mt19937_64 random(6);
    for (int round = 0; round < 60; ++round) {
      CAPTURE(round);
      const size_t run_count = 1 + random() % 6;
      std::vector<std::vector<uint8_t>> symbols(run_count);
      std::vector<std::vector<int32_t>> values(run_count);
      std::vector<RansTable> tables(run_count);
      std::vector<RansEncoder> encoders;
      std::vector<RansRun> runs(run_count);
      for (size_t r = 0; r < run_count; ++r) {
        const size_t count = random() % 300;
        if (random() % 2 == 0) {
          symbols[r].resize(count);
          for (uint8_t& s : symbols[r]) s = static_cast<uint8_t>(random() >> (random() % 8));
          tables[r] = TableOf(symbols[r]);
        } else {
          values[r] = NormalValues(count, 1 << random() % 20, random());
          tables[r] = TableOf(values[r]);
        }
      }
      for (size_t r = 0; r < run_count; ++r) encoders.emplace_back(tables[r]);
      for (size_t r = 0; r < run_count; ++r) runs[r] = {&encoders[r], symbols[r], values[r]};
      std::string stream;
      REQUIRE_OK(EncodeRans(runs, &stream));
      auto reader = REQUIRE_OK_AND_TAKE(RansReader::Open(AsBytes(stream)));
      for (size_t r = 0; r < run_count; ++r) {
        const RansDecoder decoder(tables[r]);
        std::vector<uint8_t> out_symbols(symbols[r].size());
        std::vector<int32_t> out_values(values[r].size());
        if (!out_symbols.empty()) REQUIRE_OK(reader.Read(decoder, absl::MakeSpan(out_symbols)));
        if (!out_values.empty()) REQUIRE_OK(reader.Read(decoder, absl::MakeSpan(out_values)));
        REQUIRE((out_symbols == symbols[r] && out_values == values[r]));
      }
      REQUIRE_OK(reader.Finish());
    }
  });
}

TEST_CASE("RansReader continues from a copy, and a run may be read in parts of whole groups", "[codecs][zptv]") {
  const auto values = NormalValues(1000, 9, 8);
  const RansTable table = TableOf(values);
  const RansDecoder decoder(table);
  const std::string stream = Encode(table, values);
  auto reader = REQUIRE_OK_AND_TAKE(RansReader::Open(AsBytes(stream)));
  std::vector<int32_t> out(1000);
  for (size_t done = 0; done < out.size();) {
    const size_t part = std::min<size_t>(96, out.size() - done);
    RansReader copy = reader;
    REQUIRE_OK(copy.Read(decoder, absl::MakeSpan(out).subspan(done, part)));
    reader = copy;
    done += part;
  }
  REQUIRE_OK(reader.Finish());
  REQUIRE(out == values);
}

TEST_CASE("Rans stays within 1 % of the entropy of quantised fields", "[codecs][zptv]") {
  for (const double sigma : {0.3, 1.5, 6.0, 60.0, 600.0, 6000.0}) {
    CAPTURE(sigma);
    const auto values = NormalValues(32768, sigma, 2);
    const RansTable table = TableOf(values);
    std::string bytes = Encode(table, values);
    table.AppendTo(&bytes);
    // Entropy of a rounded normal variable: summed for small sigma, that of the density above.
    double ideal = std::log2(sigma * std::sqrt(2 * M_PI * M_E));
    if (sigma < 2) {
      ideal = 0;
      for (int k = -30; k <= 30; ++k) {
        const double p = 0.5 * (std::erf((k + 0.5) / sigma / M_SQRT2) - std::erf((k - 0.5) / sigma / M_SQRT2));
        if (p > 0) ideal -= p * std::log2(p);
      }
    }
    const double bits = 8.0 * static_cast<double>(bytes.size()) / 32768;
    CHECK(bits < ideal * 1.01 + 0.03);  // 0.03: states and table
  }
}

TEST_CASE("EncodeRans refuses a symbol its table does not know", "[codecs][zptv]") {
  const RansTable table = TableOf(std::vector<int32_t>{1, 2, 3});
  const RansEncoder encoder(table);
  const std::vector<int32_t> values = {1, 2, 4};
  std::string out = "before";
  REQUIRE_STATUS(EncodeRans({{.encoder = &encoder, .values = values}}, &out), absl::StatusCode::kInvalidArgument,
                 "no frequency");
  REQUIRE(out == "before");
}

TEST_CASE("Rans answers every truncation with DATA_LOSS, and survives damage", "[codecs][zptv]") {
  testing::ForEachTarget([] {
    for (const double sigma : {0.2, 20.0, 1e6}) {
      const auto values = NormalValues(700, sigma, 3);
      const RansTable table = TableOf(values);
      const std::string stream = Encode(table, values);
      std::vector<int32_t> out(values.size());
      for (size_t size = 0; size < stream.size(); ++size) {
        // Copied, so that a sanitizer sees each byte past the end.
        const std::vector<char> cut(stream.begin(), stream.begin() + static_cast<ptrdiff_t>(size));
        REQUIRE_STATUS(Decode(table, {cut.data(), cut.size()}, &out), absl::StatusCode::kDataLoss, "entropy stream");
      }
      REQUIRE_STATUS(Decode(table, stream + "xx", &out), absl::StatusCode::kDataLoss, "left over");
      std::mt19937_64 random(4);
      int found = 0;
      for (int round = 0; round < 300; ++round) {
        std::string damaged = stream;
        damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
        const absl::Status status = Decode(table, damaged, &out);
        REQUIRE((status.ok() || status.code() == absl::StatusCode::kDataLoss));
        found += status.ok() ? 0 : 1;
      }
      // Where no raw bits are, a changed word changes a state, and hardly ever can a later step mend that.
      if (sigma < 1) CHECK(found > 290);
    }
  });
}

TEST_CASE("Golden entropy stream is written and read", "[codecs][zptv]") {
  std::vector<int32_t> values(70);
  for (int i = 0; i < 70; ++i) values[i] = i % 10 == 9 ? -(1 << (i / 3)) : i * i % 7 - 3;
  std::vector<uint8_t> symbols(40);
  for (int i = 0; i < 40; ++i) symbols[i] = static_cast<uint8_t>(i * 5 % 16);
  const RansTable tables[2] = {TableOf(values), TableOf(symbols)};
  const RansEncoder encoders[2] = {RansEncoder(tables[0]), RansEncoder(tables[1])};
  std::string today;
  for (const RansTable& table : tables) table.AppendTo(&today);
  REQUIRE_OK(
      EncodeRans({{.encoder = &encoders[0], .values = values}, {.encoder = &encoders[1], .symbols = symbols}}, &today));
  const std::string golden = testing::GoldenBytes("rans", today);
  REQUIRE(today == golden);
  ByteReader in(golden);
  const RansDecoder values_decoder(REQUIRE_OK_AND_TAKE(RansTable::Parse(&in)));
  const RansDecoder symbols_decoder(REQUIRE_OK_AND_TAKE(RansTable::Parse(&in)));
  auto reader = REQUIRE_OK_AND_TAKE(RansReader::Open(AsBytes(golden).subspan(in.offset())));
  std::vector<int32_t> out_values(values.size());
  std::vector<uint8_t> out_symbols(symbols.size());
  REQUIRE_OK(reader.Read(values_decoder, absl::MakeSpan(out_values)));
  REQUIRE_OK(reader.Read(symbols_decoder, absl::MakeSpan(out_symbols)));
  REQUIRE_OK(reader.Finish());
  REQUIRE((out_values == values && out_symbols == symbols));
}

}  // namespace
}  // namespace cortex
