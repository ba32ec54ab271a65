// Speed and size of the entropy stage: zptv_test "[.bench]". Numbers of a real run are in codecs/zptv/README.md.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/zptv/rans.h"
#include "tests/codecs/simd/for_each_target.h"
#include "tests/codecs/stopwatch.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::BestNs;
using testing::Report;

constexpr size_t kValues = 64 * 512;  // a block of 64 fields

std::vector<int32_t> NormalValues(double sigma) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0, sigma);
  std::vector<int32_t> values(kValues);
  for (int32_t& value : values) value = static_cast<int32_t>(std::lround(normal(random)));
  return values;
}

template <typename T>
void Measure(const char* what, const RansCounts& counts, absl::Span<const T> values, RansRun run) {
  std::printf("%s\n", what);
  const RansTable table = RansTable::FromCounts(counts);
  const RansEncoder encoder(table);
  const RansDecoder decoder(table);
  run.encoder = &encoder;
  std::string stream, table_bytes;
  table.AppendTo(&table_bytes);
  const auto rate = [](const char* name, double ns) { Report(name, kValues / ns, "values/ns"); };
  rate("  encode", BestNs([&] {
         stream.clear();
         REQUIRE_OK(EncodeRans({run}, &stream));
       }));
  std::vector<T> out(kValues);
  rate("  decode", BestNs([&] {
         auto reader = RansReader::Open(AsBytes(stream));
         REQUIRE_OK(reader->Read(decoder, absl::MakeSpan(out)));
         REQUIRE_OK(reader->Finish());
       }));
  const double ideal = sizeof(T) == 1 ? EstimatedSymbolBits(counts) : EstimatedValueBits(counts);
  Report("  bits per value, order-0 entropy with raw bits", ideal / kValues, "bits");
  Report("  bits per value, stream", 8.0 * static_cast<double>(stream.size()) / kValues, "bits");
  Report("  table", static_cast<double>(table_bytes.size()), "bytes");
}

TEST_CASE("Entropy stage speed", "[.bench]") {
  testing::ForEachTarget([] {
    std::printf("-- %s\n", hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()));
    for (const double sigma : {0.5, 5.0, 50.0, 500.0, 5e5}) {
      const auto values = NormalValues(sigma);
      RansCounts counts = {};
      CountValueTokens(values, &counts);
      Measure<int32_t>(("values, sigma " + std::to_string(sigma)).c_str(), counts, values, {.values = values});
    }
    std::vector<uint8_t> phases(kValues);
    std::mt19937_64 random(2);
    for (uint8_t& phase : phases) phase = static_cast<uint8_t>(random() % 16 & random() % 16);
    RansCounts counts = {};
    CountSymbols(phases, &counts);
    Measure<uint8_t>("symbols", counts, phases, {.symbols = phases});
    const RansTable table = RansTable::FromCounts(counts);
    Report("table from counts", BestNs([&] { (void)RansTable::FromCounts(counts); }), "ns");
    Report("decoder from table", BestNs([&] { (void)RansDecoder(table); }), "ns");
  });
}

}  // namespace
}  // namespace cortex
