#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "cortex/storage/v1/manifest.pb.h"
#include "storage/io/file_system.h"
#include "storage/meta/meta_store.h"
#include "tests/storage/meta/meta_test_data.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

using Placements = std::vector<std::pair<std::string, uint32_t>>;

// Commit number `version` of a history in which every version is told from every other by its content.
ManifestEdit EditFor(uint64_t version) {
  ManifestEdit edit;
  if (version == 1) edit.PutTable(SmallTable(1));
  edit.AddSegment(Segment(1, version));
  if (version > 2) edit.RemoveSegment(TableId(1), SegmentId(version - 2));
  edit.SetSealPoint(TableId(1), version % kShardCount, {.commit = version, .rows = version});
  edit.SetCounter("version", version);
  return edit;
}

// The state is exactly that of its version: nothing of a later edit, all of the earlier ones.
void RequireWhole(const ManifestState& state) {
  CAPTURE(state.version);
  const uint64_t live = std::min<uint64_t>(state.version, 2);
  REQUIRE(state.segments.size() == live);
  for (uint64_t i = 0; i < live; ++i) REQUIRE(state.segments[i].id.value() == state.version - live + 1 + i);
  REQUIRE(state.seal_points.size() == std::min<uint64_t>(state.version, kShardCount));
  if (state.version > 0) REQUIRE(state.counters.at("version") == state.version);
}

std::string Filler(uint64_t version) { return "key-of-version-" + std::to_string(version); }

// Commits versions up to `last`, with unsynced placements before each, until something fails.
absl::Status Run(MetaStore* store, uint64_t last, uint64_t* acknowledged) {
  for (uint64_t version = store->Stats().manifest_version + 1; version <= last; ++version) {
    absl::Status status = store->PutPlacements(TableId(1), Placements{{Filler(version), 1}});
    if (!status.ok()) return status;
    const absl::StatusOr<uint64_t> committed = store->Commit(EditFor(version));
    if (!committed.ok()) return committed.status();
    *acknowledged = *committed;
  }
  return absl::OkStatus();
}

std::unique_ptr<MetaStore> StoreWith(const std::string& dir, uint64_t versions) {
  auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir}));
  uint64_t acknowledged = 0;
  REQUIRE_OK(Run(store.get(), versions, &acknowledged));
  return store;
}

void FlipByte(const std::string& path, size_t offset) {
  std::string bytes = ReadBytes(path);
  REQUIRE(offset < bytes.size());
  bytes[offset] ^= 0x10;
  WriteBytes(path, bytes);
}

TEST_CASE("MetaStore killed at any moment comes back with every commit", "[storage][meta][recovery]") {
  const TempDir dir;
  const auto store = StoreWith(dir.File("meta"), 20);
  CopyDir(dir.File("meta"), dir.File("copy"));
  const auto copy = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("copy")}));
  const ManifestState state = REQUIRE_OK_AND_TAKE(copy->Load());
  CHECK(state.version == 20);
  RequireWhole(state);
  CHECK(Describe(state) == Describe(REQUIRE_OK_AND_TAKE(store->Load())));
  for (uint64_t version = 1; version <= 20; ++version) {
    CHECK(REQUIRE_OK_AND_TAKE(copy->FindPlacement(TableId(1), Filler(version))) == 1);
  }
}

TEST_CASE("MetaStore takes a torn log for a torn tail unless commits were acknowledged", "[storage][meta][recovery]") {
  const TempDir dir;
  const auto store = StoreWith(dir.File("meta"), 8);
  const std::vector<std::string> logs = FilesEndingWith(dir.File("meta"), ".log");
  REQUIRE(logs.size() == 1);
  const std::string log_name = std::filesystem::path(logs[0]).filename();
  const std::string bytes = ReadBytes(logs[0]);
  uint64_t last_version = 8;
  for (size_t size = bytes.size(); size > 0; size -= std::min<size_t>(size, 97)) {
    CAPTURE(size);
    const std::string copy = dir.File("copy" + std::to_string(size));
    CopyDir(dir.File("meta"), copy);
    WriteBytes(copy + "/" + log_name, bytes.substr(0, size));
    if (size != bytes.size()) {
      REQUIRE_STATUS(MetaStore::Open({.dir = copy}), absl::StatusCode::kDataLoss, "8 was acknowledged");
    }
    // Without the witness the same bytes are what a power cut leaves.
    WriteBytes(copy + "/COMMITTED", "");
    const auto cut = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = copy}));
    const ManifestState state = REQUIRE_OK_AND_TAKE(cut->Load());
    RequireWhole(state);
    REQUIRE(state.version <= last_version);
    last_version = state.version;
    std::filesystem::remove_all(copy);
  }
  CHECK(last_version == 0);
}

TEST_CASE("MetaStore refuses a log with a rotten record and goes on when repaired", "[storage][meta][recovery]") {
  const TempDir dir;
  StoreWith(dir.File("meta"), 8).reset();
  const std::string log = FilesEndingWith(dir.File("meta"), ".log").at(0);
  FlipByte(log, ReadBytes(log).size() / 2);
  REQUIRE_STATUS(MetaStore::Open({.dir = dir.File("meta")}), absl::StatusCode::kDataLoss, "8 was acknowledged");
  uint64_t version = 0;
  {
    const auto repaired = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .repair = true}));
    const ManifestState state = REQUIRE_OK_AND_TAKE(repaired->Load());
    RequireWhole(state);
    version = state.version;
    CHECK(version > 0);
    CHECK(version < 8);
  }
  const auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta")}));
  CHECK(REQUIRE_OK_AND_TAKE(store->Commit(EditFor(version + 1))) == version + 1);
}

TEST_CASE("MetaStore says DATA_LOSS when a table file is damaged, cut or gone", "[storage][meta][recovery]") {
  const TempDir dir;
  StoreWith(dir.File("meta"), 8).reset();
  REQUIRE_OK(MetaStore::Open({.dir = dir.File("meta")}));  // replays the log into table files
  const std::vector<std::string> tables = FilesEndingWith(dir.File("meta"), ".sst");
  REQUIRE_FALSE(tables.empty());
  const std::string& path = tables[0];
  const std::string bytes = ReadBytes(path);
  const auto open_and_load = [&]() -> absl::Status {
    auto store = MetaStore::Open({.dir = dir.File("meta")});
    return store.ok() ? (*store)->Load().status() : store.status();
  };
  SECTION("damaged") {
    FlipByte(path, 10);
    REQUIRE_STATUS(open_and_load(), absl::StatusCode::kDataLoss, "meta store");
  }
  SECTION("cut") {
    WriteBytes(path, bytes.substr(0, bytes.size() / 2));
    REQUIRE_STATUS(open_and_load(), absl::StatusCode::kDataLoss, "meta store");
  }
  SECTION("gone") {
    std::filesystem::remove(path);
    REQUIRE_STATUS(open_and_load(), absl::StatusCode::kDataLoss, "meta store");
  }
  SECTION("CURRENT gone") {
    std::filesystem::remove(dir.File("meta/CURRENT"));
    REQUIRE_STATUS(open_and_load(), absl::StatusCode::kDataLoss, "CURRENT is missing");
  }
  SECTION("manifest damaged") {
    std::string current = ReadBytes(dir.File("meta/CURRENT"));
    current.pop_back();
    FlipByte(dir.File("meta/" + current), 10);
    REQUIRE_STATUS(open_and_load(), absl::StatusCode::kDataLoss, "; restore a backup");
  }
  SECTION("unreadable") {
    FaultyFileSystem fs(PosixFileSystem());
    fs.FailReads(".sst", absl::DataLossError("injected read error"));
    REQUIRE_STATUS(MetaStore::Open({.dir = dir.File("meta"), .file_system = &fs}), absl::StatusCode::kDataLoss,
                   "injected read error");
  }
}

// Writes into a closed store behind its back.
const std::vector<rocksdb::ColumnFamilyDescriptor> kFamilies = {
    {"default", {}}, {"cold", {}}, {"placements", {}}, {"commit_times", {}}, {"producers", {}}};

void PutRaw(const std::string& dir, const std::string& key, const std::string& value) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open({}, dir, kFamilies, &handles, &db).ok());
  REQUIRE(db->Put({}, key, value).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) REQUIRE(db->DestroyColumnFamilyHandle(handle).ok());
  delete db;
}

TEST_CASE("MetaStore refuses a store it does not understand", "[storage][meta][recovery]") {
  const TempDir dir;
  const std::string path = dir.File("meta");
  StoreWith(path, 3).reset();
  SECTION("newer format") {
    storage::v1::MetaFormat format;
    format.set_version(2);
    PutRaw(path, "F", format.SerializeAsString());
    REQUIRE_STATUS(MetaStore::Open({.dir = path}), absl::StatusCode::kFailedPrecondition, "newer program");
  }
  SECTION("newer feature") {
    storage::v1::MetaFormat format;
    format.set_version(1);
    format.set_required_features(1ull << 63);
    PutRaw(path, "F", format.SerializeAsString());
    REQUIRE_STATUS(MetaStore::Open({.dir = path}), absl::StatusCode::kFailedPrecondition, "0x8000000000000000");
  }
  SECTION("newer column family") {
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    rocksdb::DBOptions options;
    options.create_missing_column_families = true;
    std::vector<rocksdb::ColumnFamilyDescriptor> families = kFamilies;
    families.push_back({"future", {}});
    REQUIRE(rocksdb::DB::Open(options, path, families, &handles, &db).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) REQUIRE(db->DestroyColumnFamilyHandle(handle).ok());
    delete db;
    REQUIRE_STATUS(MetaStore::Open({.dir = path}), absl::StatusCode::kFailedPrecondition, "newer program");
  }
  SECTION("unknown key") {
    PutRaw(path, "Z", "1");
    REQUIRE_STATUS(MetaStore::Open({.dir = path}), absl::StatusCode::kDataLoss, "no known form: \"Z\"");
  }
  SECTION("segment of no table") {
    PutRaw(path, std::string("S\0\0\0\x09\0\0\0\0\0\0\0\x01", 13), "\x1a\x01" "f\x30\x01\x10\x02");
    REQUIRE_STATUS(MetaStore::Open({.dir = path}), absl::StatusCode::kDataLoss, "contradicts itself");
  }
}

TEST_CASE("MetaStore loses no acknowledged commit when any step fails and power goes", "[storage][meta][recovery]") {
  constexpr uint64_t kVersions = 6;
  uint64_t operation_count = 0;
  {
    const TempDir dir;
    FaultyFileSystem fs(PosixFileSystem());
    auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .file_system = &fs}));
    uint64_t acknowledged = 0;
    REQUIRE_OK(Run(store.get(), kVersions, &acknowledged));
    operation_count = fs.operation_count();
  }
  REQUIRE(operation_count > 20);  // every byte of RocksDB passes the seam
  for (uint64_t operation = 1; operation <= operation_count; ++operation) {
    const TempDir dir;
    FaultyFileSystem fs(PosixFileSystem());
    const MetaStoreOptions options = {.dir = dir.File("meta"), .file_system = &fs};
    fs.FailAt(operation, absl::ResourceExhaustedError("injected"), /*sticky=*/true, operation * 11 % 90);
    uint64_t acknowledged = 0;
    {
      auto store = MetaStore::Open(options);
      if (store.ok()) {
        CHECK_FALSE(Run(store->get(), kVersions, &acknowledged).ok());
        fs.StopFailing();  // the disk is well again; the store must not believe it
        CHECK_FALSE((*store)->Commit(EditFor(acknowledged + 1)).ok());
      }
    }
    fs.StopFailing();
    fs.LosePower(operation);
    CAPTURE(operation, acknowledged);
    auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open(options));
    const ManifestState state = REQUIRE_OK_AND_TAKE(store->Load());
    RequireWhole(state);
    REQUIRE(state.version >= acknowledged);
    REQUIRE(state.version <= acknowledged + 1);
    for (uint64_t version = 1; version <= acknowledged; ++version) {
      REQUIRE(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(1), Filler(version))) == 1);
    }
    REQUIRE_OK(Run(store.get(), kVersions + 1, &acknowledged));
  }
}

TEST_CASE("MetaStore comes back from a power cut with holes in the unsynced tail of its log",
          "[storage][meta][recovery]") {
  const uint64_t seed = GENERATE(range(1, 25));
  CAPTURE(seed);
  const TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  const MetaStoreOptions options = {.dir = dir.File("meta"), .file_system = &fs};
  uint64_t acknowledged = 0;
  {
    const auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open(options));
    REQUIRE_OK(Run(store.get(), 3, &acknowledged));
    for (int i = 0; i < 40; ++i) {
      REQUIRE_OK(store->PutPlacements(TableId(1), Placements{{std::string(3'000, 'x') + std::to_string(i), 2}}));
    }
  }
  fs.LosePower(seed);
  const auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open(options));
  const ManifestState state = REQUIRE_OK_AND_TAKE(store->Load());
  CHECK(state.version == 3);
  RequireWhole(state);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(1), Filler(3))) == 1);
  REQUIRE_OK(Run(store.get(), 5, &acknowledged));
}

}  // namespace
}  // namespace cortex::testing
