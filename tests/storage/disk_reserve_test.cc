// A disk below its reserve refuses rows and nothing else, and takes them again once space is back.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "storage/io/file_system.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::TempDir;
using testing::TestTable;
using testing::WaitUntil;

constexpr uint64_t kPlenty = 1ull << 40;

uint64_t CountVisible(const SegmentView& segment, const Snapshot& snapshot) {
  uint64_t rows = 0;
  for (size_t g = 0; g < segment.row_group_count(); ++g) {
    const RowGroupView& group = segment.row_group(g);
    if (group.row_count() == 0) continue;
    std::vector<uint64_t> selection(WordsForBits(group.row_count()));
    FillOnes(selection.data(), group.row_count());
    REQUIRE_OK(group.SelectVisible(snapshot.window, 0, group.row_count(), selection.data()));
    for (uint32_t row = 0; row < group.row_count(); ++row) rows += GetBit(selection.data(), row) ? 1 : 0;
  }
  return rows;
}

struct Fixture {
  Fixture() {
    fs.SetFreeSpace("", kPlenty);
    options.data_dir = dir.File("data");
    options.file_system = &fs;
    options.clock = &clock;
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    options.data_reserve_bytes = 1000;
    options.warm_reserve_bytes = 2000;
    options.cold_reserve_bytes = 3000;
    Open();
    table = REQUIRE_OK_AND_TAKE(db->CreateTable(*TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}})));
  }
  void Open() { db = REQUIRE_OK_AND_TAKE(Database::Open(options)); }
  uint64_t VisibleRows() {
    const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
    uint64_t rows = 0;
    for (const auto& segment : snapshot->segments) rows += CountVisible(*segment, *snapshot);
    return rows;
  }
  absl::Status Ingest(Tier tier) {
    return db->Ingest({.batch = BatchBuilder(table).Row({"k" + std::to_string(next++), 1, 5}).Build(), .tier = tier})
        .status();
  }
  void Pass100Ms() { clock.Advance(100'000'000); }

  TempDir dir;
  FakeClock clock;
  DatabaseOptions options;
  FaultyFileSystem fs{PosixFileSystem()};
  std::unique_ptr<Database> db;
  std::shared_ptr<const TableDefinition> table;
  int next = 0;
};

}  // namespace

TEST_CASE("A disk below its reserve refuses rows, keeps everything else going and recovers", "[storage][disk]") {
  Fixture f;
  REQUIRE_OK(f.Ingest(Tier::kHot));
  f.fs.SetFreeSpace("", 999);
  REQUIRE_OK(f.Ingest(Tier::kHot));  // asked less than 100 ms ago
  f.Pass100Ms();
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    REQUIRE_STATUS(f.Ingest(tier), absl::StatusCode::kResourceExhausted, "data directory");
  }
  const DatabaseStats stats = f.db->GetStats();
  CHECK(stats.ingest_refused_by_disk == 3);
  REQUIRE(stats.disks.size() == 3);
  CHECK(stats.disks[0].low);
  CHECK(stats.disks[0].free_bytes == 999);
  CHECK(stats.disks[0].reserve_bytes == 1000);
  // Reads, moves, deletes and the catalog go on.
  CHECK(REQUIRE_OK_AND_TAKE(f.db->Lookup("t", std::vector<std::string>{"k0"}, std::vector<uint32_t>{2})).found[0]);
  CHECK(REQUIRE_OK_AND_TAKE(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kCold})).rows == 2);
  REQUIRE_OK(f.db->Delete({.table = "t", .rows = {}}).status());
  REQUIRE_OK(f.db->CreateTable(*TestTable("u", {})).status());
  f.fs.SetFreeSpace("", kPlenty);
  f.Pass100Ms();
  REQUIRE_OK(f.Ingest(Tier::kHot));
  CHECK_FALSE(f.db->GetStats().disks[0].low);
}

TEST_CASE("Every tier asks the disks it writes to", "[storage][disk]") {
  Fixture f;
  f.fs.SetFreeSpace("/warm", 1999);
  f.Pass100Ms();
  REQUIRE_STATUS(f.Ingest(Tier::kHot), absl::StatusCode::kResourceExhausted, "warm directory");
  REQUIRE_STATUS(f.Ingest(Tier::kWarm), absl::StatusCode::kResourceExhausted, "1999 bytes free, 2000 are kept");
  REQUIRE_OK(f.Ingest(Tier::kCold));
  f.fs.SetFreeSpace("/warm", kPlenty);
  f.fs.SetFreeSpace("/cold", 2999);
  f.Pass100Ms();
  REQUIRE_OK(f.Ingest(Tier::kHot));
  REQUIRE_STATUS(f.Ingest(Tier::kCold), absl::StatusCode::kResourceExhausted, "cold directory");
}


TEST_CASE("A disk that is really full stops nothing for good: what is durable waits, the rest is refused", "[storage][disk]") {
  Fixture f;
  REQUIRE_OK(f.Ingest(Tier::kHot));
  f.fs.Inject({.part = "/data/", .count = UINT64_MAX, .status = absl::ResourceExhaustedError("no space"), .only_growth = true});
  // The log has room left, so rows and deletes become durable; what the meta store is to know of them finds no space.
  f.clock.Advance(1'000'000'000);
  const bool delete_first = GENERATE(false, true);
  CAPTURE(delete_first);
  std::vector<VersionId> rows;
  {
    const auto snapshot = REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("t", 0));
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        std::vector<uint32_t> all(group.row_count());
        std::iota(all.begin(), all.end(), 0);
        REQUIRE_OK(AppendVersionIds(*segment, g, all, &rows));
      }
    }
  }
  REQUIRE(rows.size() == 1);
  std::promise<absl::Status> first;
  std::thread writer([&] {
    first.set_value(delete_first ? f.db->Delete({.table = "t", .rows = rows}).status()
                                 : f.db->Ingest({.batch = BatchBuilder(f.table).Row({"waits", 1, 5}).Build()}).status());
  });
  // As soon as it waits, others are told at once.
  while (!f.db->GetStats().waits_for_space) std::this_thread::yield();
  REQUIRE_STATUS(f.db->Flush(), absl::StatusCode::kResourceExhausted, "goes on by itself");
  REQUIRE_STATUS(f.Ingest(Tier::kHot), absl::StatusCode::kResourceExhausted, "full");
  REQUIRE_STATUS(f.Ingest(Tier::kWarm), absl::StatusCode::kResourceExhausted, "full");
  REQUIRE_STATUS(f.db->Delete({.table = "t", .rows = rows}), absl::StatusCode::kResourceExhausted, "full");
  CHECK(f.VisibleRows() == 1);  // reads go on
  SECTION("space returns") {
    f.fs.StopFailing();
    REQUIRE_OK(first.get_future().get());
    writer.join();
    CHECK(f.VisibleRows() == (delete_first ? 0 : 2));
    REQUIRE_OK(f.Ingest(Tier::kHot));
    REQUIRE_OK(f.Ingest(Tier::kWarm));
    REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kCold}));
    CHECK(f.VisibleRows() == (delete_first ? 2 : 4));
  }
  SECTION("the process ends first") {
    f.db.reset();
    REQUIRE_STATUS(first.get_future().get(), absl::StatusCode::kUnavailable, "restart, which applies it");
    writer.join();
    f.fs.StopFailing();
    f.Open();
    CHECK(f.VisibleRows() == (delete_first ? 0 : 2));
  }
  const uint64_t rows_left = f.VisibleRows();
  f.db.reset();
  f.Open();
  CHECK(f.VisibleRows() == rows_left);
}

TEST_CASE("A batch that no meta store could name is refused while the disk is full and applied once later",
          "[storage][disk][producers]") {
  Fixture f;
  REQUIRE_OK(f.Ingest(Tier::kWarm));  // reserves ids
  const auto send = [&] {
    return f.db->Ingest({.batch = BatchBuilder(f.table).Row({"once", 1, 5}).Build(),
                         .tier = Tier::kWarm,
                         .producer = ProducerStamp{.producer = "p", .sequence = 1}});
  };
  f.fs.Inject({.part = "/data/meta/", .count = UINT64_MAX, .status = absl::ResourceExhaustedError("no space"),
               .only_growth = true});
  REQUIRE_STATUS(send(), absl::StatusCode::kResourceExhausted, "");
  REQUIRE(f.VisibleRows() == 1);
  f.fs.StopFailing();
  absl::StatusOr<CommitToken> token = send();
  while (absl::IsResourceExhausted(token.status()) || absl::IsUnavailable(token.status())) token = send();
  REQUIRE_OK(token.status());
  CHECK_FALSE(token->duplicate);
  CHECK(REQUIRE_OK_AND_TAKE(send()).duplicate);
  CHECK(f.VisibleRows() == 2);
  f.db.reset();
  f.Open();
  CHECK(f.VisibleRows() == 2);
}

namespace {

// Fills the device until not even a small write fits; gone with its end.
class Filler {
 public:
  explicit Filler(std::string path) : path_(std::move(path)) {
    std::FILE* const file = std::fopen(path_.c_str(), "wb");
    REQUIRE(file != nullptr);
    for (const size_t bytes : {size_t{1} << 20, size_t{4096}, size_t{1}}) {
      const std::string block(bytes, 'x');
      while (std::fwrite(block.data(), 1, bytes, file) == bytes && std::fflush(file) == 0) {
      }
      std::clearerr(file);
    }
    std::fclose(file);
  }
  ~Filler() { std::filesystem::remove(path_); }

 private:
  const std::string path_;
};

}  // namespace

// CORTEX_FULL_DISK=DIR storage_test "[.full-disk]", DIR an empty directory on a small device of its own, such as
//   mount -t tmpfs -o size=200m none DIR       or an ext4 image in a file
TEST_CASE("A database on a device that fills up goes on by itself once there is space", "[.full-disk]") {
  const char* const dir = std::getenv("CORTEX_FULL_DISK");
  REQUIRE(dir != nullptr);
  DatabaseOptions options;
  options.data_dir = std::string(dir) + "/data";
  options.wal_file_bytes = 1 << 20;
  options.seal_rows = 1024;
  options.tiering_interval_ns = 0;
  options.tiering_bytes_per_second = 0;
  options.create_builtin_tables = false;
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  const auto table = REQUIRE_OK_AND_TAKE(db->CreateTable(*TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}})));
  std::atomic<uint64_t> acknowledged{0}, refused{0}, deleted{0}, other_errors{0};
  std::atomic<bool> stop{false};
  std::string first_error;  // read after join
  const auto count = [&](const absl::Status& status, std::atomic<uint64_t>* good) {
    if (status.ok()) {
      ++*good;
    } else if (absl::IsResourceExhausted(status)) {
      ++refused;
    } else if (++other_errors == 1) {
      first_error = status.ToString();
    }
    return status.ok();
  };
  std::thread writer([&] {
    while (!stop) {
      count(db->Ingest({.batch = BatchBuilder(table).Row({"k" + std::to_string(acknowledged.load()), 1, 5}).Build()}).status(),
            &acknowledged);
    }
  });
  std::thread deleter([&] {
    while (!stop) {  // the first rows that are there
      const auto snapshot = db->OpenSnapshot("t", 0);
      std::vector<VersionId> rows;
      if (!snapshot.ok()) continue;
      for (const auto& segment : (*snapshot)->segments) {
        for (size_t g = 0; g < segment->row_group_count() && rows.empty(); ++g) {
          const RowGroupView& group = segment->row_group(g);
          if (group.row_count() == 0) continue;
          std::vector<uint64_t> selection(WordsForBits(group.row_count()));
          FillOnes(selection.data(), group.row_count());
          if (!group.SelectVisible((*snapshot)->window, 0, group.row_count(), selection.data()).ok()) continue;
          uint32_t row = 0;
          while (row < group.row_count() && !GetBit(selection.data(), row)) ++row;
          if (row < group.row_count() && !AppendVersionIds(*segment, g, {&row, 1}, &rows).ok()) rows.clear();
        }
      }
      if (!rows.empty()) count(db->Delete({.table = "t", .rows = rows}).status(), &deleted);
    }
  });
  const auto wait_until = [](const auto& reached) { CHECK(WaitUntil(reached)); };
  for (int round = 0; round < 4 && other_errors == 0; ++round) {
    CAPTURE(round);
    uint64_t before = acknowledged;
    wait_until([&] { return acknowledged >= before + 300 || other_errors > 0; });
    if (round % 2 == 1) REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}));
    {
      const Filler filler(std::string(dir) + "/filler");
      before = refused;
      wait_until([&] { return refused >= before + 100 || db->GetStats().waits_for_space || other_errors > 0; });
      std::printf("round %d: %lu rows acknowledged, %lu deleted, %lu refused, commits wait: %s\n", round,
                  acknowledged.load(), deleted.load(), refused.load(), db->GetStats().waits_for_space ? "yes" : "no");
      const absl::Status moved = db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status();
      std::printf("  a move says: %s\n", moved.ToString().c_str());
    }
    before = acknowledged;
    const uint64_t deleted_before = deleted;
    wait_until([&] { return (acknowledged > before + 10 && deleted > deleted_before + 10) || other_errors > 0; });
  }
  stop = true;
  writer.join();
  deleter.join();
  CAPTURE(first_error);
  CHECK(other_errors == 0);
  db.reset();
  db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  uint64_t rows = 0;
  const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
  for (const auto& segment : snapshot->segments) rows += CountVisible(*segment, *snapshot);
  CHECK(rows == acknowledged - deleted);
}

}  // namespace cortex
