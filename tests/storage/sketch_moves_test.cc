// Sketches as rows live through their tiers: what a scan finds always encloses the distances of the rows it is about.
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "codecs/zptv/sketch/bounds.h"
#include "codecs/zptv/sketch/row_envelope.h"
#include "storage/database.h"
#include "tests/storage/sketch_asking.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::TempDir;

constexpr uint32_t kPoints = 128;
constexpr uint32_t kRows = 6000;  // row groups of more than 256 in every shard
constexpr int64_t kTime = 1'700'000'000'000'000'000;

// Fields of a few waves with noise, as computed, in whole units of an instrument and with a bound, and vectors around two
// means: rows as instruments and models deliver them, neighbours that resemble each other.
std::shared_ptr<const TableDefinition> FieldTable() {
  TableDefinition table = *testing::TestTable("t", {{"exact", DataType::Vector(TypeKind::kComplex128, kPoints)},
                                                    {"bounded", DataType::Vector(TypeKind::kComplex128, kPoints)},
                                                    {"words", DataType::Vector(TypeKind::kFloat32, 96)},
                                                    {"counts", DataType::Vector(TypeKind::kComplex128, kPoints)}});
  ColumnDefinition& bounded = table.columns[*table.FindColumn("bounded")];
  bounded.compression = Compression::kZptv;
  bounded.contract = {ZptvContract::Kind::kRms, 1e-2};
  return std::make_shared<const TableDefinition>(std::move(table));
}

void AppendFixed(absl::Span<const std::byte> bytes, Column* column) {
  column->AppendValues({.shape = column->type().shape(), .row_count = 1, .fixed = bytes.data()});
}

class Fixture {
 public:
  Fixture() {
    options_.data_dir = dir_.File("data");
    options_.tiering_interval_ns = 0;
    options_.tiering_bytes_per_second = 0;
    options_.create_builtin_tables = false;
    Open();
    REQUIRE_OK(db->CreateTable(*FieldTable()).status());
  }
  void Open() { db = REQUIRE_OK_AND_TAKE(Database::Open(options_)); }
  void Reopen() {
    db.reset();
    Open();
  }
  void Put(uint32_t first, uint32_t count) {
    const auto table = REQUIRE_OK_AND_TAKE(db->FindTable("t"));
    Batch batch = Batch::For(table);
    batch.row_count = count;
    std::normal_distribution<double> noise(0, 0.01);
    for (uint32_t i = first; i < first + count; ++i) {
      batch.columns[0].AppendString("k" + std::to_string(i * 7919 % 100'000));
      const int64_t time = kTime + i;
      AppendFixed({reinterpret_cast<const std::byte*>(&time), sizeof(time)}, &batch.columns[1]);
      std::vector<double> field(2 * kPoints);
      for (uint32_t p = 0; p < kPoints; ++p) {
        const double turn = 2 * std::numbers::pi * p / kPoints, phase = 0.01 * i;
        field[2 * p] = std::cos(3 * turn + phase) + 0.3 * std::cos(7 * turn) + noise(random_);
        field[2 * p + 1] = std::sin(3 * turn + phase) - 0.2 * std::sin(5 * turn) + noise(random_);
      }
      const absl::Span<const std::byte> bytes{reinterpret_cast<const std::byte*>(field.data()), field.size() * 8};
      i % 5 == 0 ? batch.columns[2].AppendNull() : AppendFixed(bytes, &batch.columns[2]);
      AppendFixed(bytes, &batch.columns[3]);
      std::vector<float> words(96);
      for (uint32_t w = 0; w < words.size(); ++w) {
        words[w] = static_cast<float>((i % 2 == 0 ? std::sin(w) : std::cos(w)) + 10 * noise(random_));
      }
      AppendFixed({reinterpret_cast<const std::byte*>(words.data()), words.size() * 4}, &batch.columns[4]);
      for (double& value : field) value = std::round(value * 100);
      AppendFixed(bytes, &batch.columns[5]);
    }
    REQUIRE_OK(db->Ingest({.batch = std::move(batch)}));
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to})); }
  // Ends every third row.
  void DeleteSome() {
    const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
    DeleteRequest request{.table = "t"};
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        std::vector<uint32_t> rows;
        for (uint32_t row = 0; row < segment->row_group(g).row_count(); row += 3) rows.push_back(row);
        REQUIRE_OK(AppendVersionIds(*segment, g, rows, &request.rows));
      }
    }
    REQUIRE_OK(db->Delete(request));
  }

  std::unique_ptr<Database> db;

 private:
  TempDir dir_;
  DatabaseOptions options_;
  std::mt19937_64 random_{7};
};

struct Found : testing::SketchAnswers {
  uint32_t enveloped = 0;
};

// Asks the sketches and the envelope of one chunk about all its rows; ends of intervals must enclose what the kernel
// answers.
void AskChunk(const RowGroupView& group, const ColumnDefinition& definition, Found* found) {
  const Column column = testing::RowsOf(group, definition);
  const bool is_float = definition.type.shape().type == PhysicalType::kFloat32;
  const CanonicalPrecision precision = is_float ? CanonicalPrecision::kFloat32 : CanonicalPrecision::kFloat64;
  std::vector<double> query(definition.type.shape().values_per_row, 0.125);
  if (!column.IsNull(column.row_count() / 2)) query = testing::RowOf(column, column.row_count() / 2);
  found->Add(testing::AskGroup(group, definition, query));
  const RowEnvelope* const envelope = group.row_envelope(definition.id);
  if (envelope == nullptr) return;
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (column.IsNull(row)) continue;
    ++found->enveloped;
    const double squared = testing::CanonicalSquares(column, query, testing::RowOf(column, row));
    const SquaredInterval squares = SquaredDistances(*envelope, query, precision);
    found->wrong += !(squares.lower <= squared && squared <= squares.upper);
  }
}

Found Ask(const Fixture& f, std::string_view name, Tier tier) {
  const auto snapshot = REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("t", 0));
  const ColumnDefinition& column = snapshot->table->columns[*snapshot->table->FindColumn(name)];
  Found found;
  for (const auto& segment : snapshot->segments) {
    if (segment->tier() != tier) continue;
    for (size_t g = 0; g < segment->row_group_count(); ++g) AskChunk(segment->row_group(g), column, &found);
  }
  CAPTURE(name, TierName(tier), found.rows);
  REQUIRE(found.wrong == 0);
  return found;
}

// Where encoding saved the room there are sketches; what lies plain is read in place and has only its envelope.
void CheckAll(const Fixture& f, Tier tier) {
  for (const char* name : {"exact", "counts", "bounded", "words"}) {
    const Found found = Ask(f, name, tier);
    CAPTURE(name);
    REQUIRE(found.rows > 0);
    REQUIRE(found.enveloped == found.rows);
    const std::string_view column(name);
    if (column == "exact" || column == "words") {
      REQUIRE(found.sketched == 0);
      continue;
    }
    REQUIRE(found.sketched > found.rows / 2);  // but for groups of few rows
    REQUIRE(found.polar == (column == "counts" ? found.sketched : 0));
  }
}

// Every byte of the files is one that a checksum covers, or padding.
void CheckFiles(const Fixture& f) {
  const auto sound = [](const VerifyProgress&, const absl::Status& checked) { return checked; };
  REQUIRE_OK(f.db->Verify({}, sound).status());
}

// Exact fields carry their sketch inside; what is small has only its envelope.
void CheckCold(const Fixture& f) {
  const Found exact = Ask(f, "exact", Tier::kCold), bounded = Ask(f, "bounded", Tier::kCold);
  REQUIRE(exact.rows > 0);
  REQUIRE(exact.sketched > exact.rows / 2);
  REQUIRE(exact.polar == 0);
  REQUIRE(exact.enveloped == exact.rows);
  REQUIRE(bounded.rows > 0);
  REQUIRE(bounded.sketched == 0);
  REQUIRE(bounded.enveloped == bounded.rows);
}

TEST_CASE("Sketches follow rows through their tiers, merges and deletes", "[storage][tiers]") {
  Fixture f;
  f.Put(0, kRows);
  REQUIRE(Ask(f, "counts", Tier::kHot).sketched == 0);  // no block is full
  f.Move(Tier::kHot, Tier::kWarm);
  CheckAll(f, Tier::kWarm);
  CheckFiles(f);
  f.Move(Tier::kWarm, Tier::kHot);  // rows in memory are those of their file
  CheckAll(f, Tier::kHot);
  f.Move(Tier::kHot, Tier::kWarm);
  f.Put(kRows, kRows / 2);
  f.Move(Tier::kHot, Tier::kWarm);
  f.DeleteSome();
  CheckAll(f, Tier::kWarm);
  REQUIRE_OK(f.db->CompactTable("t", Tier::kWarm));
  CheckAll(f, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kCold);
  CheckCold(f);
  CheckFiles(f);
  f.Reopen();
  CheckCold(f);
  f.DeleteSome();
  REQUIRE_OK(f.db->CompactTable("t", Tier::kCold));
  CheckCold(f);
  f.Move(Tier::kCold, Tier::kWarm);
  CheckAll(f, Tier::kWarm);
}

}  // namespace
}  // namespace cortex
