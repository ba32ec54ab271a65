// Changes of schema while rows of the old one lie in every tier, in the log and on their way.
#include <catch2/catch.hpp>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "storage/column/column_default.h"
#include "storage/database.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::TempDir;
using testing::TestTable;
using testing::ValueText;

Column Number(int64_t number) {
  Column column(DataType::Scalar(TypeKind::kInt64));
  column.AppendScalar<int64_t>(number);
  return column;
}

ColumnDefinition NumberColumn(std::string name, std::optional<int64_t> default_value = {}) {
  ColumnDefinition column{.name = std::move(name), .type = DataType::Scalar(TypeKind::kInt64)};
  if (default_value) column.default_value = std::make_shared<const Column>(Number(*default_value));
  return column;
}

class Fixture {
 public:
  explicit Fixture(TableKind kind = TableKind::kEvents) {
    Open();
    REQUIRE_OK(db->CreateTable(*TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}}, kind)).status());
  }
  void Open() {
    DatabaseOptions options;
    options.data_dir = dir.File("data");
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    options.seal_rows = 1024;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  }
  void Reopen() {
    db.reset();
    Open();
  }
  std::shared_ptr<const TableDefinition> Table() { return REQUIRE_OK_AND_TAKE(db->FindTable("t")); }
  void Alter(const TableChange& change) { REQUIRE_OK(db->AlterTable("t", change).status()); }
  void Put(const std::vector<testing::TestValue>& row) {
    REQUIRE_OK(db->Ingest({.batch = BatchBuilder(Table()).Row(row).Build()}).status());
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to})); }
  // One column by key, as any reader sees it.
  std::map<std::string, std::string> Values(const std::string& column) {
    const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
    const ColumnDefinition& wanted = snapshot->table->columns[*snapshot->table->FindColumn(column)];
    std::map<std::string, std::string> values;
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        Column keys(DataType::String()), found(wanted.type);
        if (group.row_count() == 0) continue;
        REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(snapshot->table->key().id))->Decode(0, group.row_count(), &keys));
        const ColumnChunk* chunk = REQUIRE_OK_AND_TAKE(group.column(wanted.id));
        if (chunk == nullptr) {
          AppendDefaults(wanted, group.row_count(), &found);
        } else {
          REQUIRE_OK(chunk->Decode(0, group.row_count(), &found));
        }
        for (uint32_t row = 0; row < group.row_count(); ++row) {
          REQUIRE(values.emplace(keys.StringAt(row), ValueText(found, row)).second);
        }
      }
    }
    return values;
  }
  std::string Get(const std::string& key, const std::string& column) {
    const std::vector<uint32_t> ordinals = {*Table()->FindColumn(column)};
    const std::vector<std::string> keys = {key};
    const LookupResult found = REQUIRE_OK_AND_TAKE(db->Lookup("t", keys, ordinals));
    return found.found[0] ? ValueText(found.columns[0], 0) : "none";
  }

  TempDir dir;
  std::unique_ptr<Database> db;
};

using Map = std::map<std::string, std::string>;

TEST_CASE("Added columns show their default in rows of every tier, after moves and after a restart",
          "[storage][schema]") {
  Fixture f;
  f.Put({"cold", 1, 10});
  f.Move(Tier::kHot, Tier::kCold);
  f.Put({"warm", 2, 20});
  f.Move(Tier::kHot, Tier::kWarm);
  f.Put({"hot", 3, 30});
  f.Alter(AddColumn{NumberColumn("plain")});
  f.Alter(AddColumn{NumberColumn("seven", 7)});
  f.Put({"new", 4, 40, 41, 42});
  const Map plain = {{"cold", "NULL"}, {"warm", "NULL"}, {"hot", "NULL"}, {"new", ValueText(Number(41), 0)}};
  const std::string seven = ValueText(Number(7), 0);
  const Map with_default = {{"cold", seven}, {"warm", seven}, {"hot", seven}, {"new", ValueText(Number(42), 0)}};
  const auto check = [&](const char* when) {
    CAPTURE(when);
    CHECK(f.Values("plain") == plain);
    CHECK(f.Values("seven") == with_default);
    for (const auto& [key, value] : with_default) CHECK(f.Get(key, "seven") == value);
  };
  check("at once");
  f.Reopen();
  check("after a restart");
  CHECK(f.Table()->columns.size() == 5);
  CHECK(f.Table()->schema_id == 3);
  f.Move(Tier::kHot, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kHot);
  check("loaded back");
  f.Move(Tier::kHot, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kCold);
  check("rewritten");
  f.Reopen();
  check("rewritten, after a restart");
}

TEST_CASE("A dropped column's name can be used again without its old values", "[storage][schema]") {
  Fixture f;
  f.Put({"warm", 1, 10});
  f.Move(Tier::kHot, Tier::kWarm);
  f.Put({"hot", 2, 20});
  f.Alter(DropColumn{"x"});
  CHECK_FALSE(f.Table()->FindColumn("x").has_value());
  f.Put({"between", 3});
  f.Alter(AddColumn{NumberColumn("x", -1)});
  const std::string old = ValueText(Number(-1), 0);
  const Map expected = {{"warm", old}, {"hot", old}, {"between", old}};
  CHECK(f.Values("x") == expected);
  f.Reopen();
  CHECK(f.Values("x") == expected);
  f.Move(Tier::kHot, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kCold);
  CHECK(f.Values("x") == expected);
}

TEST_CASE("Columns that came later take no room where older rows move", "[storage][schema][tiers]") {
  Fixture f;
  BatchBuilder old_rows(f.Table());
  for (int i = 0; i < 1600; ++i) old_rows.Row({"k" + std::to_string(i), i, i});
  REQUIRE_OK(f.db->Ingest({.batch = old_rows.Build(), .tier = Tier::kWarm}).status());
  const uint64_t raw_bytes = REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers[1].raw_bytes;
  const DataType field = DataType::Vector(TypeKind::kComplex128, 256);  // 4 KiB a row, 6.4 MB in all
  f.Alter(AddColumn{{.name = "field", .type = field}});
  auto text = std::make_shared<Column>(DataType::String());
  text->AppendString(std::string(4096, 'd'));
  f.Alter(AddColumn{{.name = "text", .type = text->type(), .default_value = text}});
  const std::string null = "NULL", given = ValueText(*text, 0);

  f.Move(Tier::kWarm, Tier::kCold);
  CHECK(REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers[2].raw_bytes == raw_bytes);
  CHECK(f.Get("k7", "field") == null);
  CHECK(f.Get("k7", "text") == given);
  const MoveResult loaded =
      REQUIRE_OK_AND_TAKE(f.db->MoveTier({.table = "t", .from = Tier::kCold, .to = Tier::kHot}));
  CHECK(loaded.rows == 1600);
  CHECK(loaded.stored_bytes < 2 << 20);
  CHECK(f.Get("k7", "field") == null);
  CHECK(f.Get("k7", "text") == given);

  // Beside rows that have them they are written out.
  f.Move(Tier::kHot, Tier::kCold);
  BatchBuilder new_rows(f.Table());
  for (int i = 0; i < 64; ++i) {
    new_rows.Row({"n" + std::to_string(i), i, i, std::vector<double>(512, i + 0.5), "t" + std::to_string(i)});
  }
  REQUIRE_OK(f.db->Ingest({.batch = new_rows.Build(), .tier = Tier::kCold}).status());
  REQUIRE_OK(f.db->CompactTable("t", Tier::kCold).status());
  f.Reopen();
  CHECK(f.Get("k7", "field") == null);
  CHECK(f.Get("k7", "text") == given);
  CHECK(f.Get("k7", "x") == ValueText(Number(7), 0));
  Column field_of_n9(field), text_of_n9(DataType::String());
  testing::AppendValue(std::vector<double>(512, 9.5), &field_of_n9);
  text_of_n9.AppendString("t9");
  CHECK(f.Get("n9", "field") == ValueText(field_of_n9, 0));
  CHECK(f.Get("n9", "text") == ValueText(text_of_n9, 0));
  const auto all = f.Values("text");
  CHECK(all.size() == 1664);
  CHECK(all.at("k1599") == given);
}

TEST_CASE("A renamed column keeps its values, the key column too", "[storage][schema]") {
  Fixture f(TableKind::kEntities);
  f.Put({"a", 1, 10});
  f.Move(Tier::kHot, Tier::kWarm);
  f.Alter(RenameColumn{"x", "y"});
  f.Alter(RenameColumn{"key", "entity"});
  f.Put({"b", 2, 20});
  const Map expected = {{"a", ValueText(Number(10), 0)}, {"b", ValueText(Number(20), 0)}};
  CHECK(f.Values("y") == expected);
  f.Reopen();
  CHECK(f.Values("y") == expected);
  CHECK(f.Get("a", "y") == ValueText(Number(10), 0));
  CHECK(f.Table()->key_column == "entity");
}

TEST_CASE("A batch built before a change is applied after it", "[storage][schema]") {
  Fixture f(TableKind::kEntities);
  Batch before = BatchBuilder(f.Table()).Row({"a", 1, 10}).Row({"b", 1, 11}).Build();
  Batch direct = BatchBuilder(f.Table()).Row({"c", 1, 12}).Build();
  f.Alter(AddColumn{NumberColumn("seven", 7)});
  f.Alter(DropColumn{"x"});
  REQUIRE_OK(f.db->Ingest({.batch = std::move(before)}).status());
  REQUIRE_OK(f.db->Ingest({.batch = std::move(direct), .tier = Tier::kWarm}).status());
  const std::string seven = ValueText(Number(7), 0);
  const Map expected = {{"a", seven}, {"b", seven}, {"c", seven}};
  CHECK(f.Values("seven") == expected);
  f.Reopen();
  CHECK(f.Values("seven") == expected);
}

TEST_CASE("Writers and readers go on through a series of changes", "[storage][schema]") {
  Fixture f;
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::atomic<bool> failed{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const auto table = f.db->FindTable("t");
      BatchBuilder builder(*table);
      std::vector<testing::TestValue> row = {"k" + std::to_string(i), i};
      while (row.size() < (*table)->columns.size()) row.push_back(i);
      const auto done = f.db->Ingest({.batch = builder.Row(row).Build()});
      if (!done.ok()) failed = true;
      ++written;
    }
  });
  for (int round = 0; round < 10; ++round) {
    const int target = written + 20;
    while (written < target && !failed) std::this_thread::yield();
    const auto status = round % 2 == 0 ? f.db->AlterTable("t", AddColumn{NumberColumn("extra", 5)}).status()
                                       : f.db->AlterTable("t", DropColumn{"extra"}).status();
    if (!status.ok()) failed = true;
  }
  stop = true;
  writer.join();
  REQUIRE_FALSE(failed);
  const auto check = [&] {
    const Map values = f.Values("x");
    REQUIRE(values.size() == static_cast<size_t>(written));
    for (const auto& [key, value] : values) CHECK(value == ValueText(Number(std::stoi(key.substr(1))), 0));
  };
  check();
  f.Reopen();
  check();
}

TEST_CASE("AlterTable refuses unknown tables and bad changes, and leaves the table alone", "[storage][schema]") {
  Fixture f;
  REQUIRE_STATUS(f.db->AlterTable("u", DropColumn{"x"}), absl::StatusCode::kNotFound, "unknown table");
  REQUIRE_STATUS(f.db->AlterTable("t", DropColumn{"key"}), absl::StatusCode::kFailedPrecondition, "key column");
  CHECK(f.Table()->schema_id == 1);
}

}  // namespace
}  // namespace cortex
