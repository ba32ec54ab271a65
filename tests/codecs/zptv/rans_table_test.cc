#include "codecs/zptv/rans_table.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>

#include "codecs/bytes/byte_writer.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

RansCounts RandomCounts(std::mt19937_64& random) {
  RansCounts counts = {};
  const size_t symbols = random() % 257;
  const unsigned spread = random() % 32;
  for (size_t i = 0; i < symbols; ++i)
    counts[random() % 256] = static_cast<uint32_t>((random() & 0xffffffff) >> spread);
  return counts;
}

uint32_t SumOf(const RansTable& table) {
  uint32_t sum = 0;
  for (size_t s = 0; s < kRansSymbols; ++s) sum += table.frequency(s);
  return sum;
}

TEST_CASE("RansTable gives every present symbol a share and comes back from its bytes", "[codecs][zptv]") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    CAPTURE(round);
    const RansCounts counts = RandomCounts(random);
    const RansTable table = RansTable::FromCounts(counts);
    REQUIRE(SumOf(table) == simd::kRansSlots);
    for (size_t s = 0; s < kRansSymbols; ++s) {
      REQUIRE(table.frequency(s) < simd::kRansSlots);
      if (counts[s] != 0) REQUIRE(table.frequency(s) > 0);
    }
    REQUIRE(table.SymbolBits(counts) >= EstimatedSymbolBits(counts) * (1 - 1e-9));
    std::string bytes;
    table.AppendTo(&bytes);
    ByteReader in(bytes);
    REQUIRE((REQUIRE_OK_AND_TAKE(RansTable::Parse(&in))) == table);
    REQUIRE(in.remaining() == 0);
  }
}

TEST_CASE("RansTable of nothing, of one symbol and of all", "[codecs][zptv]") {
  RansCounts counts = {};
  REQUIRE(SumOf(RansTable::FromCounts(counts)) == simd::kRansSlots);
  counts[255] = 7;
  const RansTable one = RansTable::FromCounts(counts);
  REQUIRE((one.frequency(255) == simd::kRansSlots - 1 && one.frequency(0) == 1));
  counts.fill(0xffffffff);
  const RansTable all = RansTable::FromCounts(counts);
  for (size_t s = 0; s < kRansSymbols; ++s) REQUIRE(all.frequency(s) == 16);
  counts.fill(1);
  counts[9] = 0xffffffff;
  REQUIRE(RansTable::FromCounts(counts).frequency(9) == simd::kRansSlots - 255);
}

TEST_CASE("RansTable stays near the entropy", "[codecs][zptv]") {
  // Shares of a normal density, the shape residuals have.
  for (const double sigma : {0.5, 4.0, 40.0}) {
    CAPTURE(sigma);
    RansCounts counts = {};
    for (int s = 0; s < 256; ++s) {
      counts[s] = static_cast<uint32_t>(1e6 / sigma * std::exp(-(s - 128) * (s - 128) / (2 * sigma * sigma)));
    }
    REQUIRE(RansTable::FromCounts(counts).SymbolBits(counts) < EstimatedSymbolBits(counts) * 1.003);
  }
}

TEST_CASE("RansTable refuses every truncation and what does not sum up", "[codecs][zptv]") {
  std::mt19937_64 random(4);
  std::string bytes;
  RansTable::FromCounts(RandomCounts(random)).AppendTo(&bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::string_view(bytes).substr(0, size));
    REQUIRE_STATUS(RansTable::Parse(&in), absl::StatusCode::kDataLoss, "");
  }
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    for (size_t hits = 1 + random() % 3; hits > 0; --hits)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    ByteReader in(damaged);
    const auto table = RansTable::Parse(&in);
    if (table.ok()) {
      REQUIRE(SumOf(*table) == simd::kRansSlots);
      for (size_t s = 0; s < kRansSymbols; ++s) REQUIRE(table->frequency(s) < simd::kRansSlots);
    } else {
      REQUIRE(table.status().code() == absl::StatusCode::kDataLoss);
    }
  }
  // One symbol with all 4,096: a frequency the slots cannot hold.
  const std::string whole("\x00\x0d\x00", 3);
  ByteReader in(whole);
  REQUIRE_STATUS(RansTable::Parse(&in), absl::StatusCode::kDataLoss, "13 bits");
}

TEST_CASE("CountValueTokens counts tokens, and the estimate adds their raw bits", "[codecs][zptv]") {
  const std::vector<int32_t> values = {0, 0, 1, -1, 16, 1000, -1000};
  RansCounts counts = {};
  CountValueTokens(values, &counts);
  REQUIRE((counts[0] == 2 && counts[1] == 1 && counts[2] == 1 && counts[32] == 1));
  REQUIRE(counts[simd::RansTokenOf(2000)] == 2);  // 1999 and 2000 are of one class
  REQUIRE(EstimatedValueBits(counts) == Approx(EstimatedSymbolBits(counts) + 2 + 2 * 7));
}

}  // namespace
}  // namespace cortex
