// Bounded columns from end to end: exact until they are sealed, within the bound from then on, and never changing
// again, whichever tier serves them.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::TempDir;
using testing::TestTable;

constexpr uint32_t kPoints = 64;
constexpr double kRmsBound = 1e-2;
constexpr double kAbsBound = 0.25;

double Wave(uint32_t row, uint32_t t) { return std::sin(0.1 * t + row) + 0.01 * std::sin(37.0 * t * (row + 1)); }
std::string KeyOf(uint32_t row) { return "k" + std::to_string(row % 5) + "-" + std::to_string(row); }
double Reading(uint32_t row) { return 100 * std::sin(1.7 * row); }

class Fixture {
 public:
  explicit Fixture(TableKind kind = TableKind::kEvents) {
    Open();
    TableDefinition table = *TestTable("t", {{"field", DataType::Vector(TypeKind::kComplex128, kPoints)},
                                             {"reading", DataType::Scalar(TypeKind::kFloat64)},
                                             {"exact", DataType::Vector(TypeKind::kComplex128, kPoints)}},
                                       kind);
    for (ColumnDefinition& column : table.columns) {
      if (column.name == "field") column.contract = {ZptvContract::Kind::kRms, kRmsBound};
      if (column.name == "reading") column.contract = {ZptvContract::Kind::kAbs, kAbsBound};
      if (column.type.is_vector() || column.name == "reading") column.compression = Compression::kZptv;
    }
    REQUIRE_OK(db->CreateTable(table).status());
  }
  void Open() {
    DatabaseOptions options;
    options.data_dir = dir.File("data");
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  }
  void Reopen() {
    db.reset();
    Open();
  }
  Batch Rows(uint32_t first, uint32_t count) {
    Batch batch = Batch::For(REQUIRE_OK_AND_TAKE(db->FindTable("t")));
    batch.row_count = count;
    for (uint32_t row = first; row < first + count; ++row) {
      for (Column& column : batch.columns) {
        const size_t i = static_cast<size_t>(&column - batch.columns.data());
        const std::string& name = batch.table->columns[i].name;
        if (column.type().is_string()) column.AppendString(KeyOf(row));
        if (column.type().kind == TypeKind::kTimestamp) column.AppendScalar<int64_t>(int64_t{1'000'000'000} * row);
        if (name == "reading") column.AppendScalar(Reading(row));
        if (!column.type().is_vector()) continue;
        auto* to = reinterpret_cast<double*>(column.ExtendFixed(1));
        for (uint32_t t = 0; t < kPoints; ++t) {
          to[2 * t] = Wave(row, t);
          to[2 * t + 1] = Wave(row, t + 7);
        }
      }
    }
    return batch;
  }
  void Ingest(uint32_t first, uint32_t count, std::optional<Tier> tier = {}) {
    IngestRequest request{.batch = Rows(first, count)};
    if (tier.has_value()) request.tier = *tier;
    REQUIRE_OK(db->Ingest(std::move(request)).status());
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to})); }
  // The bits of one column by key.
  std::map<std::string, std::string> Values(const std::string& name) {
    const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
    const ColumnDefinition& wanted = snapshot->table->columns[*snapshot->table->FindColumn(name)];
    std::map<std::string, std::string> values;
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        if (group.row_count() == 0) continue;
        Column keys(DataType::String()), found(wanted.type);
        REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(snapshot->table->key().id))->Decode(0, group.row_count(), &keys));
        const ColumnChunk* chunk = REQUIRE_OK_AND_TAKE(group.column(wanted.id));
        REQUIRE_OK(chunk->Decode(0, group.row_count(), &found));
        std::vector<uint64_t> visible(WordsForBits(group.row_count()));
        FillOnes(visible.data(), group.row_count());
        REQUIRE_OK(group.SelectVisible(snapshot->window, 0, group.row_count(), visible.data()));
        for (uint32_t row = 0; row < group.row_count(); ++row) {
          if (!GetBit(visible.data(), row)) continue;
          const auto bytes = found.FixedAt(row);
          REQUIRE(values.emplace(keys.StringAt(row), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()))
                      .second);
          if (chunk->zone_map() == nullptr) continue;
          const double value = found.values_as<double>()[row];
          REQUIRE(std::get<double>(*chunk->zone_map()->min) <= value);
          REQUIRE(std::get<double>(*chunk->zone_map()->max) >= value);
        }
      }
    }
    return values;
  }
  // The bits of one column of the current versions of rows [0, count).
  std::vector<std::string> Current(const std::string& name, uint32_t count) {
    std::vector<std::string> keys;
    for (uint32_t row = 0; row < count; ++row) keys.push_back(KeyOf(row));
    const auto ordinal = static_cast<uint32_t>(*REQUIRE_OK_AND_TAKE(db->FindTable("t"))->FindColumn(name));
    const LookupResult found = REQUIRE_OK_AND_TAKE(db->Lookup("t", keys, {&ordinal, 1}));
    std::vector<std::string> values;
    for (uint32_t row = 0; row < count; ++row) {
      REQUIRE(found.found[row]);
      const auto bytes = found.columns[0].FixedAt(row);
      values.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return values;
  }
  const ColumnStats& Stats(Tier tier, const std::string& name) {
    stats = REQUIRE_OK_AND_TAKE(db->GetTableStats("t"));
    for (const ColumnStats& column : stats.tiers[static_cast<size_t>(tier) - static_cast<size_t>(Tier::kHot)].columns) {
      if (column.name == name) return column;
    }
    FAIL("no column " << name);
    return stats.tiers[0].columns[0];
  }

  TempDir dir;
  std::unique_ptr<Database> db;
  TableStats stats;
};

double LargestDifference(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b) {
  double largest = 0;
  REQUIRE(a.size() == b.size());
  for (const auto& [key, bytes] : a) {
    const std::string& other = b.at(key);
    for (size_t i = 0; i < bytes.size(); i += sizeof(double)) {
      double x = 0, y = 0;
      std::memcpy(&x, bytes.data() + i, sizeof(x));
      std::memcpy(&y, other.data() + i, sizeof(y));
      largest = std::max(largest, std::fabs(x - y));
    }
  }
  return largest;
}

TEST_CASE("Bounded columns change once, when they are sealed", "[storage][zptv]") {
  Fixture f;
  f.Ingest(0, 300);
  const auto given_field = f.Values("field"), given_reading = f.Values("reading"), given_exact = f.Values("exact");
  f.Ingest(300, 400);

  const auto first = [](std::map<std::string, std::string> values, const std::map<std::string, std::string>& keys) {
    std::erase_if(values, [&](const auto& entry) { return keys.count(entry.first) == 0; });
    return values;
  };
  f.Move(Tier::kHot, Tier::kWarm);
  const auto field = f.Values("field"), reading = f.Values("reading");
  REQUIRE(field.size() == 700);
  const double field_difference = LargestDifference(given_field, first(field, given_field));
  CHECK(field_difference > 0);
  CHECK(field_difference <= kRmsBound * 1.5);  // amplitudes have a root mean square of about 1
  const double reading_difference = LargestDifference(given_reading, first(reading, given_reading));
  CHECK(reading_difference > 0);
  CHECK(reading_difference <= kAbsBound);
  CHECK(first(f.Values("exact"), given_exact) == given_exact);

  const ColumnStats warm = f.Stats(Tier::kWarm, "field");
  REQUIRE(warm.statement.has_value());
  CHECK(warm.statement->error.max > 0);
  CHECK(warm.statement->error.max <= kRmsBound);
  CHECK(warm.statement->error.rms > 0);
  CHECK(warm.raw_bytes > 5 * warm.stored_bytes);
  CHECK_FALSE(f.Stats(Tier::kWarm, "exact").statement.has_value());

  const auto unchanged = [&](const char* when) {
    CAPTURE(when);
    CHECK(f.Values("field") == field);
    CHECK(f.Values("reading") == reading);
    CHECK(first(f.Values("exact"), given_exact) == given_exact);
  };
  f.Reopen();
  unchanged("after a restart");
  f.Move(Tier::kWarm, Tier::kHot);
  unchanged("loaded back");
  f.Move(Tier::kHot, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kCold);
  unchanged("sorted and rewritten");
  const ColumnStats& cold = f.Stats(Tier::kCold, "field");
  REQUIRE(cold.statement.has_value());
  CHECK(cold.statement->error.max == Approx(warm.statement->error.max));
  CHECK(cold.raw_bytes > 5 * cold.stored_bytes);
  f.Reopen();
  unchanged("rewritten, after a restart");
}

TEST_CASE("Bounded columns are served from memory as their file holds them", "[storage][zptv]") {
  Fixture f(TableKind::kEntities);
  f.Ingest(0, 200);
  const auto given = f.Values("field");
  // Seals what is older in the shards where it has keys again, all of them, and evicts nothing.
  f.Ingest(100, 2100, Tier::kWarm);
  REQUIRE(REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers[0].row_count >= 100);
  const auto sealed = f.Values("field"), reading = f.Values("reading");
  for (const auto& [key, bytes] : given) CHECK(sealed.at(key) != bytes);
  CHECK(f.Stats(Tier::kHot, "field").statement.has_value());

  f.Move(Tier::kHot, Tier::kWarm);
  REQUIRE(REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers[0].row_count == 0);
  CHECK(f.Values("field") == sealed);
  CHECK(f.Values("reading") == reading);
}

TEST_CASE("Bounded columns change within their bound where rows go straight into a file", "[storage][zptv]") {
  const Tier tier = GENERATE(Tier::kWarm, Tier::kCold);
  Fixture f;
  f.Ingest(0, 6000);
  const auto given = f.Values("reading");
  Fixture g;
  g.Ingest(0, 6000, tier);
  const double difference = LargestDifference(given, g.Values("reading"));
  CHECK(difference > 0);
  CHECK(difference <= kAbsBound);
}

TEST_CASE("MERGE takes over values that a bound changed and never changes them again", "[storage][zptv]") {
  constexpr uint32_t kMerged = 150, kWritten = 150;
  Fixture f(TableKind::kEntities);
  f.Ingest(0, kMerged + kWritten);
  f.Move(Tier::kHot, Tier::kWarm);
  const auto field = f.Current("field", kMerged), reading = f.Current("reading", kMerged);
  // Every round merges other columns into half of the entities; the other half is written anew, ever larger, so that the
  // neighbours, and with them the steps, are others each time.
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    const auto table = REQUIRE_OK_AND_TAKE(f.db->FindTable("t"));
    IngestRequest merge{.batch = f.Rows(0, kMerged), .mode = IngestMode::kMerge};
    merge.tier = round == 4 ? Tier::kWarm : round == 5 ? Tier::kCold : Tier::kHot;
    merge.present.assign(table->columns.size(), true);
    for (const char* name : {"field", "reading"}) {
      const size_t ordinal = *table->FindColumn(name);
      merge.present[ordinal] = false;
      merge.batch.columns[ordinal].Reset(table->columns[ordinal].type);
      merge.batch.columns[ordinal].AppendNulls(kMerged);
    }
    REQUIRE_OK(f.db->Ingest(std::move(merge)));
    Batch anew = f.Rows(kMerged, kWritten);
    double* values = reinterpret_cast<double*>(
        anew.columns[*table->FindColumn("field")].mutable_values()->mutable_fixed());
    for (size_t i = 0; i < size_t{kWritten} * 2 * kPoints; ++i) values[i] *= std::pow(7.3, round + 1);
    REQUIRE_OK(f.db->Ingest({.batch = std::move(anew)}));
    if (round == 1) f.Reopen();  // from the log
    if (round == 2) f.Move(Tier::kHot, Tier::kCold);
    if (round == 3) {
      f.Move(Tier::kHot, Tier::kWarm);
      f.Move(Tier::kWarm, Tier::kHot);  // copies of files in memory
    }
    REQUIRE((f.Current("field", kMerged) == field));  // bytes: nothing to print
    REQUIRE((f.Current("reading", kMerged) == reading));
  }
}

}  // namespace
}  // namespace cortex
