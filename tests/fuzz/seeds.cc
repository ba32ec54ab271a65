// Writes the seeds of the fuzzers: inputs that our own encoders, writers and tests give, so that a fuzzer starts behind
// the first checks.
//
//   fuzz_seeds SOURCE_DIR OUT_DIR      writes OUT_DIR/<fuzzer>/<seed>; tests/fuzz/README.md says when
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/codec_registry.h"
#include "codecs/zptv/rans.h"
#include "codecs/zptv/sketch/section.h"
#include "codecs/zptv_codec.h"
#include "server/batch_proto.h"
#include "server/result_proto.h"
#include "tests/server/wire_builders.h"

namespace cortex {
namespace {

using Kind = ZptvContract::Kind;

constexpr size_t kMaxSeedBytes = 1500;

std::filesystem::path out_dir;

void Put(const std::string& fuzzer, const std::string& name, const std::string& bytes) {
  std::filesystem::create_directories(out_dir / fuzzer);
  std::ofstream(out_dir / fuzzer / name, std::ios::binary) << bytes;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

struct Sample {
  std::string name;
  ValueBuffer values;
  uint8_t width_choice;  // of codec_fuzz: its {1, 1, 2, 80}
};

template <typename T>
Sample Numbers(std::string name, PhysicalType type, uint32_t rows, uint8_t width_choice,
               const std::function<T(uint32_t)>& value) {
  constexpr uint32_t kWidths[] = {1, 1, 2, 80};
  Sample sample{std::move(name), ValueBuffer(ValueShape{type, kWidths[width_choice]}), width_choice};
  auto* to = reinterpret_cast<T*>(sample.values.ExtendFixed(rows));
  for (uint32_t i = 0; i < rows * kWidths[width_choice]; ++i) to[i] = value(i);
  return sample;
}

// Columns that between them every encoding can hold. Rows are multiples of 9, as codec_fuzz counts.
std::vector<Sample> Samples() {
  using enum PhysicalType;
  std::vector<Sample> samples;
  samples.push_back(Numbers<int64_t>("runs", kInt64, 126, 0, [](uint32_t i) { return i / 20 * 1000; }));
  samples.push_back(Numbers<int64_t>("stamps", kInt64, 126, 0, [](uint32_t i) { return 1'700'000'000 + i * 300 + i % 3; }));
  samples.push_back(Numbers<int16_t>("counts", kInt16, 9, 3, [](uint32_t i) { return static_cast<int16_t>(i * i % 97); }));
  samples.push_back(Numbers<int8_t>("flags", kBool, 126, 0, [](uint32_t i) { return i % 5 == 0; }));
  samples.push_back(Numbers<double>("decimals", kFloat64, 126, 0, [](uint32_t i) { return (i * 37 % 501) / 100.0; }));
  samples.push_back(Numbers<double>("floats", kFloat64, 63, 2, [](uint32_t i) { return std::sin(0.1f * i) * 0.5f; }));
  samples.push_back(Numbers<double>("constant", kFloat64, 63, 0, [](uint32_t) { return 2.5; }));
  samples.push_back(Numbers<double>("field", kFloat64, 9, 3, [](uint32_t i) {
    return i == 70 ? NAN : std::cos(0.2 * i) + 1e-3 * (i * 7919 % 13);
  }));
  samples.push_back(Numbers<float>("vectors", kFloat32, 18, 3, [](uint32_t i) { return std::sin(1.7f * i); }));
  Sample strings{"strings", ValueBuffer(ValueShape{kBytes, 1}), 0};
  for (uint32_t i = 0; i < 126; ++i) strings.values.AppendString(i % 10 == 9 ? "" : "state " + std::to_string(i * i % 11));
  samples.push_back(std::move(strings));
  return samples;
}

char TypeChoice(const ValueShape& shape) { return static_cast<char>(static_cast<int>(shape.type) - 1); }

// Chunks as codec_fuzz takes them: encoding, type, rows, width; then the bytes.
void PutChunk(size_t codec, const Sample& sample, const std::string& name, const std::string& chunk) {
  if (chunk.size() > kMaxSeedBytes) return;
  const char prefix[] = {static_cast<char>(codec), TypeChoice(sample.values.shape()),
                         static_cast<char>(sample.values.row_count() / 9), static_cast<char>(sample.width_choice)};
  Put("codec", name, std::string(prefix, sizeof(prefix)) + chunk);
}

void ChunkSeeds() {
  const auto codecs = AllCodecs();
  for (const Sample& sample : Samples()) {
    for (size_t c = 0; c < codecs.size(); ++c) {
      std::string chunk;
      if (!codecs[c]->Encode(sample.values.span(), EncodingEffort::kHeavy, &chunk).ok()) continue;
      PutChunk(c, sample, std::string(EncodingName(codecs[c]->id())) + "_" + sample.name, chunk);
    }
    if (!IsFloat(sample.values.shape().type)) continue;
    const size_t zptv = std::find(codecs.begin(), codecs.end(), ZptvCodec()) - codecs.begin();
    for (const Kind kind : {Kind::kAbs, Kind::kRms, Kind::kRowL2, Kind::kPoint, Kind::kPhase16}) {
      std::string chunk;
      const bool is_complex = sample.values.shape().values_per_row % 2 == 0;
      const ZptvOptions options{.contract = {kind, 0.05}, .is_complex = is_complex};
      if (!EncodeZptv(sample.values.span(), options, &chunk).ok()) continue;
      PutChunk(zptv, sample, "zptv_" + std::to_string(static_cast<int>(kind)) + "_" + sample.name, chunk);
    }
  }
}

// Values as damaged_chunk_fuzz takes them: encoding or contract, type, width, effort, no damages; then the values.
void DamagedChunkSeeds() {
  constexpr size_t kContracts = 6;
  for (const Sample& sample : Samples()) {
    const ValueSpan rows = sample.values.span();
    std::string values;
    if (rows.shape.type == PhysicalType::kBytes) {
      for (uint32_t row = 0; row < rows.row_count / 2; ++row) {
        values += static_cast<char>(rows.StringAt(row).size());
        values += rows.StringAt(row);
      }
    } else {
      values.assign(reinterpret_cast<const char*>(rows.fixed), std::min<size_t>(rows.byte_size(), 640));
    }
    const char width = rows.shape.values_per_row == 1 ? 0 : rows.shape.values_per_row == 2 ? 1 : 3;
    for (size_t pick = 0; pick < AllCodecs().size() + kContracts; ++pick) {
      const char prefix[] = {static_cast<char>(pick), TypeChoice(rows.shape), width, 1, 0};
      std::string ignored;
      if (pick < AllCodecs().size() && !AllCodecs()[pick]->Encode(rows, EncodingEffort::kHeavy, &ignored).ok()) continue;
      if (pick >= AllCodecs().size() && !IsFloat(rows.shape.type)) continue;
      Put("damaged_chunk", sample.name + "_" + std::to_string(pick), std::string(prefix, sizeof(prefix)) + values);
    }
  }
}

// A table, then a stream of runs that alternate between values and symbols, all of `run`.
void RansSeeds() {
  for (const int spread : {1, 3, 40, 2'000, 30'000'000}) {
    constexpr size_t kRun = 70;
    std::vector<int32_t> values(kRun);
    for (size_t i = 0; i < kRun; ++i) values[i] = static_cast<int32_t>(i * 7919 % 101 * spread / 20) - 2 * spread;
    const std::vector<uint8_t> symbols(kRun, static_cast<uint8_t>(simd::RansTokenOf(simd::RansZigZag(values[3]))));
    RansCounts counts = {};
    CountValueTokens(values, &counts);
    const RansTable table = RansTable::FromCounts(counts);
    const RansEncoder encoder(table);
    std::string seed = {static_cast<char>(kRun), 3};
    table.AppendTo(&seed);
    const RansRun runs[] = {{.encoder = &encoder, .values = values}, {.encoder = &encoder, .symbols = symbols},
                            {.encoder = &encoder, .values = values}};
    if (EncodeRans(runs, &seed).ok()) Put("rans", "spread_" + std::to_string(spread), seed);
  }
}

void SketchSeeds() {
  for (const uint32_t components : {2u, 34u}) {
    for (const SketchKind kind : {SketchKind::kEuclidean, SketchKind::kPolar}) {
      constexpr uint32_t kRows = 12;
      ValueBuffer rows(ValueShape{PhysicalType::kFloat32, components});
      auto* to = reinterpret_cast<float*>(rows.ExtendFixed(kRows));
      for (uint32_t i = 0; i < kRows * components; ++i) to[i] = std::sin(1.3f * static_cast<float>(i)) * 3;
      std::string seed = {kind == SketchKind::kPolar, static_cast<char>((components - 2) / 2), kRows};
      std::string section;
      AppendSketchSection(kind, rows.span(), &section);
      Put("sketch", std::string(kind == SketchKind::kPolar ? "polar_" : "euclidean_") + std::to_string(components),
          seed + section);
    }
  }
}

// Statements of the query tests: what stands below "statement" or "query", up to an empty line or the answer.
void StatementSeeds(const std::filesystem::path& source) {
  for (const auto& entry : std::filesystem::directory_iterator(source / "tests/cql")) {
    if (entry.path().extension() != ".cqltest") continue;
    std::istringstream lines(ReadFile(entry.path()));
    std::string line, statement;
    bool inside = false;
    int count = 0;
    while (std::getline(lines, line)) {
      const bool ends = line.empty() || line == "----";
      if (inside && ends && !statement.empty() && count < 8) {
        Put("cql_parser", entry.path().stem().string() + "_" + std::to_string(count++), statement);
      }
      if (inside && !ends) statement += line + "\n";
      if (ends) inside = false, statement.clear();
      if (line.rfind("statement", 0) == 0 || line.rfind("query", 0) == 0) inside = true;
    }
  }
}

// The frozen files of earlier formats.
void GoldenSeeds(const std::filesystem::path& source) {
  std::istringstream lines(ReadFile(source / "tests/golden/wal_v1.hex"));
  std::string line, wal;
  while (std::getline(lines, line)) {
    std::istringstream bytes(line.substr(0, line.find('#')));
    unsigned byte = 0;
    while (bytes >> std::hex >> byte) wal += static_cast<char>(byte);
  }
  for (const char how : {0, 1, 2, 3}) Put("wal_reader", "golden_" + std::to_string(how), how + wal);
  for (const char* name : {"segment-v1", "segment-v1-sorted"}) {
    const std::string file = ReadFile(source / "tests/golden" / (std::string(name) + ".seg"));
    Put("segment_reader", name, '\0' + file);
  }
}

void BatchSeeds() {
  const auto table = testing::AllTypesTable();
  const auto rows = testing::FromJson<wire::RowBatch>(
      R"({"rows": [{"k": "a", "t": "2026-03-01T12:00:00Z", "f32": 0.5, "i64": "9007199254740993", "i8": -3, "f16": 0.25,
          "field": [[1, 2], [3, 4]], "names": ["x", "y"], "b": true, "vec": [1, 2, 3], "c128": [1, -1], "s": "text"},
         {"k": "b", "t": 5, "f64": "NaN", "i64": -3, "field": [1, 2, 3, 4], "weights": [1.5], "raw": "AAE="}]})");
  Put("batch_proto", "rows", '\1' + rows.SerializeAsString());
  Put("batch_proto", "two_rows", '\0' + testing::TwoRows().SerializeAsString());
  const auto batch = BatchFromRows(rows, table);
  if (!batch.ok()) return;
  wire::ColumnBatch columns;
  columns.set_row_count(batch->row_count);
  for (size_t i = 0; i < batch->columns.size(); ++i) {
    ColumnToProto(batch->columns[i], table->columns[i].name, 0, batch->row_count, columns.add_columns());
  }
  Put("batch_proto", "columns", '\0' + columns.SerializeAsString());
}

}  // namespace
}  // namespace cortex

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: fuzz_seeds SOURCE_DIR OUT_DIR\n");
    return 2;
  }
  cortex::out_dir = argv[2];
  cortex::ChunkSeeds();
  cortex::DamagedChunkSeeds();
  cortex::RansSeeds();
  cortex::SketchSeeds();
  cortex::StatementSeeds(argv[1]);
  cortex::GoldenSeeds(argv[1]);
  cortex::BatchSeeds();
}
