// How fast segments are written and scanned. Not run by default: storage_segment_test "[.bench]".
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>

#include "codecs/bytes/checksum.h"
#include "storage/io/file_system.h"
#include "storage/segment/mapped_source.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The median of seven.
double MedianSeconds(const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < 7; ++i) times.push_back(Seconds(work));
  std::sort(times.begin(), times.end());
  return times[3];
}

// 64 Ki rows: key, time, two scores, a tag.
Batch ScalarRows(std::shared_ptr<const TableDefinition> table, uint64_t seed) {
  std::mt19937_64 random(seed);
  Batch batch = Batch::For(std::move(table));
  batch.row_count = 65'536;
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    batch.columns[0].AppendString("entity-" + std::to_string(random() % 50'000));
    batch.columns[1].AppendScalar<int64_t>(1'700'000'000'000'000'000 + int64_t{row} * 1'000'000);
    batch.columns[2].AppendScalar<float>(static_cast<float>(random() % 100'000) / 1e5f);
    batch.columns[3].AppendScalar<double>(static_cast<double>(random() >> 11) * 0x1p-53);
    batch.columns[4].AppendString("archetype-" + std::to_string(random() % 12));
  }
  return batch;
}

Batch VectorRows(std::shared_ptr<const TableDefinition> table) {
  std::mt19937_64 random(1);
  Batch batch = Batch::For(std::move(table));
  batch.row_count = 8'192;
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    batch.columns[0].AppendString("entity-" + std::to_string(row));
    batch.columns[1].AppendScalar<int64_t>(row);
    auto* const values = reinterpret_cast<double*>(batch.columns[2].ExtendFixed(1));
    for (int i = 0; i < 512; ++i) values[i] = static_cast<double>(random() >> 11) * 0x1p-53;
  }
  return batch;
}

std::shared_ptr<SegmentReader> OpenMapped(const testing::TempDir& dir, const testing::WrittenSegment& segment) {
  SegmentReaderOptions options = testing::OptionsFor(segment);
  options.open_file = [path = dir.File(segment.info.file_name)]() -> absl::StatusOr<std::shared_ptr<const ByteSource>> {
    auto file = MappedFile::Open(PosixFileSystem(), path);
    if (!file.ok()) return file.status();
    return std::make_shared<MappedSource>(std::shared_ptr<const MappedFile>(*std::move(file)));
  };
  return REQUIRE_OK_AND_TAKE(SegmentReader::Open(std::move(options)));
}

void Measure(const char* name, const testing::SegmentSpec& spec) {
  const TableDefinition& table = *spec.groups[0].table;
  testing::WrittenSegment segment;
  testing::TempDir dir;
  const double write_s =
      MedianSeconds([&] { segment = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec)); });
  const double mb = static_cast<double>(segment.info.raw_bytes) / 1e6;
  std::printf("%-22s %8.1f MB raw, %8.1f MB file, write + sync + read back %7.0f MB/s of raw\n", name, mb,
              static_cast<double>(segment.info.file_bytes) / 1e6, mb / write_s);
  const double cold_open_s = MedianSeconds([&] {
    const auto reader = OpenMapped(dir, segment);
    std::vector<RowRef> rows;
    REQUIRE_OK(reader->FindKey("entity-77", HashKey("entity-77"), &rows));
  });
  const auto reader = OpenMapped(dir, segment);
  for (const ColumnDefinition& column : table.columns) {
    const auto scan = [&] { REQUIRE_OK(testing::ReadColumn(*reader, column.id, column.type)); };
    const double first_s = Seconds(scan);
    const double again_s = MedianSeconds(scan);
    const auto stats = REQUIRE_OK_AND_TAKE(reader->ColumnStats());
    const SegmentColumnStats& mine = stats[&column - table.columns.data()];
    const double raw_mb = static_cast<double>(mine.raw_bytes) / 1e6;
    std::printf("  %-10s %-14s %8.2f -> %8.2f MB  decode first %6.2f GB/s, again %6.2f GB/s of raw\n",
                column.name.c_str(), std::string(EncodingName(mine.chunks_by_encoding[0].first)).c_str(), raw_mb,
                static_cast<double>(mine.stored_bytes) / 1e6, raw_mb / 1e3 / first_s, raw_mb / 1e3 / again_s);
  }
  std::mt19937_64 random(5);
  const double lookup_s = MedianSeconds([&] {
    for (int i = 0; i < 1000; ++i) {
      const std::string key = "entity-" + std::to_string(random() % 8'000);
      std::vector<RowRef> rows;
      REQUIRE_OK(reader->FindKey(key, HashKey(key), &rows));
    }
  });
  std::printf("  open + first lookup %.0f us, lookup %.2f us\n", cold_open_s * 1e6, lookup_s * 1e3);
}

TEST_CASE("Segment files are measured", "[storage][segment][.bench]") {
  const auto scalars = testing::TestTable("scalars", {{"score", DataType::Scalar(TypeKind::kFloat32)},
                                                      {"weight", DataType::Scalar(TypeKind::kFloat64)},
                                                      {"archetype", DataType::String(16)}});
  const auto vectors = testing::TestTable("vectors", {{"field", DataType::Vector(TypeKind::kComplex128, 256)}});
  for (const auto effort : {EncodingEffort::kLight, EncodingEffort::kHeavy}) {
    const bool heavy = effort == EncodingEffort::kHeavy;
    testing::SegmentSpec spec{.effort = effort};
    for (uint64_t seed = 0; seed < 16; ++seed) spec.groups.push_back(ScalarRows(scalars, seed));
    Measure(heavy ? "scalars, heavy" : "scalars, light", spec);
    testing::SegmentSpec wide{.effort = effort};
    wide.groups.push_back(VectorRows(vectors));
    Measure(heavy ? "vectors, heavy" : "vectors, light", wide);
  }
}

TEST_CASE("Batches are measured", "[storage][column][.bench]") {
  const auto table = testing::TestTable("scalars", {{"score", DataType::Scalar(TypeKind::kFloat32)},
                                                    {"weight", DataType::Scalar(TypeKind::kFloat64)},
                                                    {"archetype", DataType::String(16)}});
  const Batch batch = ScalarRows(table, 1);
  std::string bytes;
  const double validate_s = MedianSeconds([&] { REQUIRE_OK(ValidateBatch(batch)); });
  const double encode_s = MedianSeconds([&] {
    bytes.clear();
    EncodeBatch(batch, &bytes);
  });
  const double decode_s = MedianSeconds([&] { REQUIRE_OK(DecodeBatch(bytes, table)); });
  const double rows = batch.row_count / 1e6;
  const double gb = static_cast<double>(bytes.size()) / 1e9;
  std::printf("batch of %u rows, %.1f MB: validate %.0f M rows/s, encode %.2f GB/s, decode %.2f GB/s\n",
              batch.row_count, gb * 1e3, rows / validate_s, gb / encode_s, gb / decode_s);
}

}  // namespace
}  // namespace cortex
