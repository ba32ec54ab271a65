// A small database with rows in every tier and in the log, for tests of what looks at whole data directories.
#ifndef CORTEX_TESTS_STORAGE_DATA_DIRECTORY_H_
#define CORTEX_TESTS_STORAGE_DATA_DIRECTORY_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {

inline DatabaseOptions SmallDatabase(std::string data_dir, Clock* clock) {
  DatabaseOptions options;
  options.data_dir = std::move(data_dir);
  options.wal_file_bytes = 64 << 10;
  options.seal_rows = 1024;
  options.tiering_bytes_per_second = 0;
  options.tiering_interval_ns = 0;
  options.create_builtin_tables = false;
  options.clock = clock;
  return options;
}

inline void CreateTestTable(Database* db, const std::string& name, TableKind kind = TableKind::kEvents) {
  TableDefinition definition = *TestTable(name, {{"x", DataType::Scalar(TypeKind::kInt64)}}, kind);
  REQUIRE_OK(db->CreateTable(definition).status());
}

// Rows k<first> .. with x = value and time = first + i. Asserts nothing: for threads beside the test's own.
inline absl::StatusOr<CommitToken> TryPutRows(Database* db, const std::string& table, int first, int count,
                                              int64_t value, Tier tier = Tier::kHot) {
  const auto definition = db->FindTable(table);
  if (!definition.ok()) return definition.status();
  BatchBuilder builder(*definition);
  for (int i = 0; i < count; ++i) builder.Row({"k" + std::to_string(first + i), first + i, value});
  return db->Ingest({.batch = builder.Build(), .tier = tier});
}

inline Commit PutRows(Database* db, const std::string& table, int first, int count, int64_t value,
                      Tier tier = Tier::kHot) {
  return REQUIRE_OK_AND_TAKE(TryPutRows(db, table, first, count, value, tier)).commit;
}

// Every version of a table, visible or not, as "commit/shard/ordinal key=x end"; sorted.
inline std::vector<std::string> AllVersions(Database* db, const std::string& table) {
  const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot(table, 0));
  std::vector<std::string> rows;
  for (const auto& segment : snapshot->segments) {
    for (size_t g = 0; g < segment->row_group_count(); ++g) {
      const RowGroupView& group = segment->row_group(g);
      const uint32_t count = group.row_count();
      if (count == 0) continue;
      std::vector<Commit> commits(count), ends(count);
      std::vector<uint32_t> ordinals(count);
      REQUIRE_OK(group.Commits(0, count, commits.data()));
      REQUIRE_OK(group.Ends(0, count, ends.data()));
      REQUIRE_OK(group.Ordinals(0, count, ordinals.data()));
      Column keys(DataType::String()), x(DataType::Scalar(TypeKind::kInt64));
      REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(snapshot->table->columns[0].id))->Decode(0, count, &keys));
      REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(snapshot->table->columns[2].id))->Decode(0, count, &x));
      for (uint32_t row = 0; row < count; ++row) {
        if (commits[row] > snapshot->commit) continue;
        const std::string end = ends[row] > snapshot->commit ? "now" : std::to_string(ends[row]);
        rows.push_back(std::to_string(commits[row]) + "/" + std::to_string(segment->shard()) + "/" +
                       std::to_string(ordinals[row]) + " " + std::string(keys.StringAt(row)) + "=" +
                       std::to_string(x.values_as<int64_t>()[row]) + " " + end);
      }
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Files below `dir`, with paths relative to it, in order of name.
inline std::vector<std::string> FilesBelow(const std::string& dir) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file()) files.push_back(std::filesystem::relative(entry.path(), dir).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Inverts one bit of a file in place while it lives, and again at its end.
class FlippedBit {
 public:
  FlippedBit(std::string path, uint64_t offset, int bit) : path_(std::move(path)), offset_(offset), bit_(bit) { Flip(); }
  ~FlippedBit() { Flip(); }

 private:
  void Flip() {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset_));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset_));
    file.put(static_cast<char>(byte ^ (1 << bit_)));
  }

  const std::string path_;
  const uint64_t offset_;
  const int bit_;
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_STORAGE_DATA_DIRECTORY_H_
