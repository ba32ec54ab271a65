#include "storage/meta/meta_store.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "storage/runtime/memory_budget.h"
#include "tests/storage/meta/meta_test_data.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

std::unique_ptr<MetaStore> OpenStore(const TempDir& dir) {
  return REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta")}));
}

// Two tables, four segments, ends, seal points, a cold index, a counter.
ManifestEdit FullEdit() {
  ManifestEdit edit;
  edit.PutTable(WideTable(1));
  edit.PutTable(SmallTable(2));
  for (const uint64_t id : {1, 2, 3}) edit.AddSegment(Segment(1, id));
  edit.AddSegment(Segment(2, 4));
  edit.PutEnds(TableId(1), SegmentId(2), std::vector<VersionEnd>{{5, 8}, {1, 9}, {3, 8}});
  edit.SetSealPoint(TableId(1), 0, {.commit = 10, .rows = 3});
  edit.SetSealPoint(TableId(1), 15, {.commit = 11, .rows = 0});
  edit.SetSealPoint(TableId(2), 0, {.commit = 12, .rows = 1});
  const std::vector<std::string> fences = {"a", "ab", "c"};
  edit.PutColdIndex(SegmentId(3), "footer", std::string("filter\0x", 8), fences);
  edit.SetCounter("synced_commit", 99);
  return edit;
}

TEST_CASE("MetaStore gives ids again once a full disk has space", "[storage][meta]") {
  const auto [torn_bytes, fresh] = GENERATE(table<uint64_t, bool>({{0, true}, {20, false}}));  // fresh: empty memtables
  const TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  SegmentId last;
  uint64_t version = 0;
  {
    auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .file_system = &fs}));
    if (!fresh) REQUIRE_OK(store->PutCommitTime({.commit = 7, .time_ns = 70}));
    fs.FailAt(fs.operation_count() + 1, absl::ResourceExhaustedError("injected"), /*sticky=*/true, torn_bytes);
    for (int i = 0; i < 3; ++i) {
      REQUIRE_STATUS(store->NextSegmentId().status(), absl::StatusCode::kResourceExhausted, "");
      CHECK_FALSE(store->health().ok());
    }
    fs.StopFailing();
    // RocksDB looks for space every five seconds; whoever asks meanwhile is told to come back.
    while (absl::IsResourceExhausted(store->health())) std::this_thread::yield();
    REQUIRE_OK(store->health());
    last = REQUIRE_OK_AND_TAKE(store->NextSegmentId());
    ManifestEdit edit;
    edit.SetCounter("after", 1);
    version = REQUIRE_OK_AND_TAKE(store->Commit(edit));
  }
  fs.LosePower(torn_bytes);
  auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .file_system = &fs}));
  CHECK(store->manifest_version() == version);
  CHECK(REQUIRE_OK_AND_TAKE(store->NextSegmentId()) > last);
}

TEST_CASE("MetaStore keeps through a power cut what was put before its writes were synced", "[storage][meta]") {
  const TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  {
    auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .file_system = &fs}));
    REQUIRE_OK(store->PutSequence({.producer = "p", .sequence = 7, .commit = 70}));
    REQUIRE_OK(store->SyncWrites());
  }
  fs.LosePower(0);
  auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .file_system = &fs}));
  const auto last = REQUIRE_OK_AND_TAKE(store->FindLastSequence("p"));
  REQUIRE(last.has_value());
  CHECK(last->sequence == 7);

  // The pages of a sync that failed are gone: another one that succeeds must not vouch for them.
  REQUIRE_OK(store->PutSequence({.producer = "p", .sequence = 8, .commit = 80}));
  fs.Inject({.part = ".log", .status = absl::DataLossError("injected")});
  REQUIRE_STATUS(store->SyncWrites(), absl::StatusCode::kDataLoss, "injected");
  REQUIRE_STATUS(store->SyncWrites(), absl::StatusCode::kFailedPrecondition, "restart to reopen it");
  CHECK_FALSE(store->health().ok());
}

TEST_CASE("MetaStore forgets an edit that found no space and goes on once there is some", "[storage][meta]") {
  // How the write of the edit ends (nothing of it in the log, a part, all of it but the sync refused), and what follows. All at
  // once, because each has to wait until RocksDB looks for space.
  struct Case {
    std::string part;
    uint64_t torn_bytes = 0;
    bool fresh = false;         // nothing in memory that a table file would have to take
    bool commits_more = false;  // after it
    bool loses_power = false;   // at the end
    TempDir dir = {};
    std::unique_ptr<FaultyFileSystem> fs = {};
    std::unique_ptr<MetaStore> store = {};
    uint64_t version = 0;

    void Open() { store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .file_system = fs.get()})); }
  };
  const auto edit_of = [](const std::string& counter) {
    ManifestEdit edit;
    edit.SetCounter(counter, 1);
    return edit;
  };
  std::vector<std::unique_ptr<Case>> cases;
  for (const auto& [part, torn_bytes] : {std::pair{"write ", 0}, {"write ", 20}, {"sync ", 0}}) {
    for (int bits = 0; bits < 8; ++bits) {
      cases.push_back(std::make_unique<Case>());
      Case& c = *cases.back();
      c.part = part;
      c.torn_bytes = static_cast<uint64_t>(torn_bytes);
      c.fresh = (bits & 1) != 0;
      c.commits_more = (bits & 2) != 0;
      c.loses_power = (bits & 4) != 0;
      c.fs = std::make_unique<FaultyFileSystem>(PosixFileSystem());
    }
  }
  for (const auto& c : cases) {
    CAPTURE(c->part, c->torn_bytes, c->fresh, c->commits_more, c->loses_power);
    c->Open();
    if (!c->fresh) REQUIRE_OK(c->store->Commit(edit_of("before")).status());
    c->version = c->store->manifest_version();
    c->fs->Inject({.part = c->part,
                   .count = UINT64_MAX,
                   .status = absl::ResourceExhaustedError("injected"),
                   .torn_bytes = c->torn_bytes});
    REQUIRE_STATUS(c->store->Commit(edit_of("refused")), absl::StatusCode::kResourceExhausted, "injected");
    REQUIRE_STATUS(c->store->Commit(edit_of("refused")), absl::StatusCode::kResourceExhausted, "");
    CHECK_FALSE(c->store->health().ok());
    CHECK(c->store->manifest_version() == c->version);
    c->fs->StopFailing();
  }
  for (const auto& c : cases) {
    CAPTURE(c->part, c->torn_bytes, c->fresh, c->commits_more, c->loses_power);
    while (absl::IsResourceExhausted(c->store->health())) std::this_thread::yield();
    REQUIRE_OK(c->store->health());
    CHECK(REQUIRE_OK_AND_TAKE(c->store->Load()).counters.count("refused") == 0);
    if (c->commits_more) CHECK(REQUIRE_OK_AND_TAKE(c->store->Commit(edit_of("after"))) == c->version + 1);
    c->store.reset();
    if (c->loses_power) c->fs->LosePower(c->version + c->torn_bytes);
    c->Open();
    const ManifestState state = REQUIRE_OK_AND_TAKE(c->store->Load());
    CHECK(state.version == c->version + (c->commits_more ? 1 : 0));
    CHECK(state.counters.count("refused") == 0);
    CHECK(state.counters.count("after") == (c->commits_more ? 1 : 0));
    CHECK(state.counters.count("before") == (c->fresh ? 0 : 1));
  }
}

TEST_CASE("MetaStore waits for space with what follows durable commits, if it is told to", "[storage][meta]") {
  const TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta"), .file_system = &fs}));
  fs.Inject({.part = "/meta/", .count = UINT64_MAX, .status = absl::ResourceExhaustedError("injected"), .only_growth = true});
  REQUIRE_STATUS(store->PutCommitTime({.commit = 1, .time_ns = 10}), absl::StatusCode::kResourceExhausted, "injected");
  store->WaitForSpace(true);
  const auto put = [&] { return store->PutCommitTime({.commit = 1, .time_ns = 10}); };
  std::future<absl::Status> waits = std::async(std::launch::async, put);
  while (!store->IsWaitingForSpace()) std::this_thread::yield();
  // What can be refused is.
  const absl::Status refused = store->PutSharding(TableId(1), "x");
  UNSCOPED_INFO(refused.ToString());
  CHECK(absl::IsResourceExhausted(refused));
  SECTION("space returns") {
    fs.StopFailing();
    REQUIRE_OK(waits.get());
    CHECK_FALSE(store->IsWaitingForSpace());
    CHECK(REQUIRE_OK_AND_TAKE(store->LastCommitTime())->commit == 1);
  }
  SECTION("nobody is to wait any more") {
    store->WaitForSpace(false);
    REQUIRE_STATUS(waits.get(), absl::StatusCode::kResourceExhausted, "");
    fs.StopFailing();
  }
}

TEST_CASE("MetaStore rewinds producers to their last batch that is whole", "[storage][meta][producers]") {
  const TempDir dir;
  auto store = OpenStore(dir);
  const auto put = [&](const std::string& producer, uint64_t sequence, Commit commit, uint64_t keep_from = 0) {
    REQUIRE_OK(store->PutSequence(
        {.producer = producer, .sequence = sequence, .commit = commit, .content_hash = 7, .keep_from = keep_from}));
  };
  for (uint64_t sequence = 1; sequence <= 5; ++sequence) put("a", sequence, 10 * sequence);
  for (uint64_t sequence = 1; sequence <= 5; ++sequence) put("b", sequence, 100 + sequence, sequence == 5 ? 3 : 0);
  put("c", 1, 29);
  {
    ManifestEdit edit;  // rows that came with the manifest need no log
    edit.PutSequence({.producer = "c", .sequence = 2, .commit = 200, .content_hash = 7});
    REQUIRE_OK(store->Commit(edit).status());
  }
  const std::vector<RewoundProducer> rewound = REQUIRE_OK_AND_TAKE(store->RewindProducers(30));
  REQUIRE(rewound.size() == 2);
  CHECK(rewound[0].producer == "a");
  CHECK(rewound[0].from_sequence == 5);
  CHECK(rewound[0].to_sequence == 3);
  CHECK_FALSE(rewound[0].forgotten);
  CHECK(rewound[0].last_commit == 50);
  CHECK(rewound[1].producer == "b");
  CHECK(rewound[1].forgotten);  // 1 and 2 were forgotten before: nobody knows when they came
  const bool reopen = GENERATE(false, true);
  if (reopen) store.reset(), store = OpenStore(dir);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindLastSequence("a"))->sequence == 3);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindLastSequence("a"))->commit == 30);
  CHECK_FALSE(REQUIRE_OK_AND_TAKE(store->FindSequence("a", 4)).has_value());
  CHECK_FALSE(REQUIRE_OK_AND_TAKE(store->FindLastSequence("b")).has_value());
  CHECK(REQUIRE_OK_AND_TAKE(store->FindLastSequence("c"))->sequence == 2);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindSequence("c", 2))->commit == 200);
  CHECK(REQUIRE_OK_AND_TAKE(store->RewindProducers(30)).empty());
}

TEST_CASE("MetaStore starts empty", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  const ManifestState state = REQUIRE_OK_AND_TAKE(store->Load());
  CHECK(state.version == 0);
  CHECK(state.tables.empty());
  CHECK(state.segments.empty());
  CHECK(state.next_table_id == TableId(1));
  CHECK(state.next_segment_id == SegmentId(1));
}

TEST_CASE("MetaStore brings everything of an edit back, also after a restart", "[storage][meta]") {
  const TempDir dir;
  auto store = OpenStore(dir);
  REQUIRE(REQUIRE_OK_AND_TAKE(store->Commit(FullEdit())) == 1);
  if (GENERATE(false, true)) {
    store.reset();
    store = OpenStore(dir);
  }
  const ManifestState state = REQUIRE_OK_AND_TAKE(store->Load());
  CHECK(state.version == 1);
  REQUIRE(state.tables.size() == 2);
  CHECK(state.tables[0]->name == "entities");
  CHECK(state.tables[0]->columns.size() == WideTable(1).columns.size());
  CHECK(state.tables[1]->name == "events");
  CHECK(state.segments == std::vector<SegmentRecord>{Segment(1, 1), Segment(1, 2), Segment(1, 3), Segment(2, 4)});
  REQUIRE(state.ends.size() == 1);
  CHECK(state.ends[0].table == TableId(1));
  CHECK(state.ends[0].segment == SegmentId(2));
  CHECK(state.ends[0].ends == std::vector<VersionEnd>{{1, 9}, {3, 8}, {5, 8}});
  CHECK(state.seal_points.size() == 3);
  CHECK(state.seal_points.at({TableId(1), 15}) == SealPoint{.commit = 11, .rows = 0});
  CHECK(state.counters == std::map<std::string, uint64_t>{{"synced_commit", 99}});
  CHECK(state.next_table_id == TableId(3));
  CHECK(state.next_segment_id == SegmentId(5));
  CHECK(REQUIRE_OK_AND_TAKE(store->ReadFooter(SegmentId(3))) == "footer");
  CHECK(REQUIRE_OK_AND_TAKE(store->ReadKeyFilter(SegmentId(3))) == std::string("filter\0x", 8));
  CHECK(REQUIRE_OK_AND_TAKE(store->ReadFences(SegmentId(3))) == std::vector<std::string>{"a", "ab", "c"});
  REQUIRE_STATUS(store->ReadFooter(SegmentId(2)), absl::StatusCode::kNotFound, "segment 2");
}

TEST_CASE("MetaStore moves a segment in one edit", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  REQUIRE_OK(store->Commit(FullEdit()));
  ManifestEdit move;
  move.RemoveSegment(TableId(1), SegmentId(2));
  move.RemoveSegment(TableId(1), SegmentId(3));
  move.AddSegment(Segment(1, 5));
  move.PutEnds(TableId(1), SegmentId(5), std::vector<VersionEnd>{{7, 8}});
  move.PutColdIndex(SegmentId(5), "f5", "k5", {});
  REQUIRE(REQUIRE_OK_AND_TAKE(store->Commit(move)) == 2);
  const ManifestState state = REQUIRE_OK_AND_TAKE(store->Load());
  CHECK(state.segments == std::vector<SegmentRecord>{Segment(1, 1), Segment(1, 5), Segment(2, 4)});
  REQUIRE(state.ends.size() == 1);
  CHECK(state.ends[0].segment == SegmentId(5));
  REQUIRE_STATUS(store->ReadFences(SegmentId(3)), absl::StatusCode::kNotFound, "");
  CHECK(REQUIRE_OK_AND_TAKE(store->ReadFences(SegmentId(5))).empty());
}

TEST_CASE("MetaStore replaces a definition and all ends of a segment", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  REQUIRE_OK(store->Commit(FullEdit()));
  ManifestEdit edit;
  edit.PutTable(SmallTable(2, "renamed"));
  edit.PutEnds(TableId(1), SegmentId(2), {});
  edit.SetSealPoint(TableId(1), 0, {.commit = 20, .rows = 0});
  REQUIRE_OK(store->Commit(edit));
  const ManifestState state = REQUIRE_OK_AND_TAKE(store->Load());
  CHECK(state.tables[1]->name == "renamed");
  CHECK(state.segments.size() == 4);
  CHECK(state.ends.empty());
  CHECK(state.seal_points.at({TableId(1), 0}).commit == 20);
}

TEST_CASE("MetaStore drops a table with all that belongs to it", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  REQUIRE_OK(store->Commit(FullEdit()));
  const std::vector<std::pair<std::string, uint32_t>> placements = {{"k", 3}};
  REQUIRE_OK(store->PutPlacements(TableId(1), placements));
  REQUIRE_OK(store->PutPlacements(TableId(2), placements));
  REQUIRE_OK(store->PutSharding(TableId(1), "one"));
  REQUIRE_OK(store->PutSharding(TableId(2), "two"));
  CHECK(REQUIRE_OK_AND_TAKE(store->Load()).sharding.at(TableId(1)) == "one");
  ManifestEdit drop;
  drop.RemoveTable(TableId(1));
  REQUIRE_OK(store->Commit(drop));
  REQUIRE_OK(store->PutSharding(TableId(1), "too late"));
  const ManifestState state = REQUIRE_OK_AND_TAKE(store->Load());
  CHECK(state.sharding == std::map<TableId, std::string>{{TableId(2), "two"}});
  CHECK(state.tables.size() == 1);
  CHECK(state.segments == std::vector<SegmentRecord>{Segment(2, 4)});
  CHECK(state.seal_points.size() == 1);
  CHECK(state.ends.empty());
  CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(1), "k")) == std::nullopt);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(2), "k")) == 3);
  REQUIRE_STATUS(store->ReadFooter(SegmentId(3)), absl::StatusCode::kNotFound, "");
}

TEST_CASE("MetaStore raises a counter and never lowers it again", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  for (const auto& [value, expected] : {std::pair(5, 5), std::pair(3, 5), std::pair(5, 5), std::pair(8, 8)}) {
    ManifestEdit edit;
    edit.RaiseCounter("highest", static_cast<uint64_t>(value));
    REQUIRE_OK(store->Commit(edit));
    CHECK(REQUIRE_OK_AND_TAKE(store->Load()).counters.at("highest") == static_cast<uint64_t>(expected));
  }
}

TEST_CASE("MetaStore refuses an edit that contradicts the manifest and changes nothing", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  REQUIRE_OK(store->Commit(FullEdit()));
  const std::vector<std::string> before = Describe(REQUIRE_OK_AND_TAKE(store->Load()));
  ManifestEdit edit;
  edit.SetCounter("other", 1);
  edit.PutTable(SmallTable(9));
  edit.AddSegment(Segment(9, 90));
  edit.RemoveSegment(TableId(2), SegmentId(4));
  std::string what;
  SECTION("remove a table twice") { edit.RemoveTable(TableId(9)), edit.RemoveTable(TableId(9)), what = "table 9"; }
  SECTION("remove an unknown table") { edit.RemoveTable(TableId(8)), what = "no such table: table 8"; }
  SECTION("remove a segment twice") { edit.RemoveSegment(TableId(2), SegmentId(4)), what = "segment 4, table 2"; }
  SECTION("remove from another table") { edit.RemoveSegment(TableId(2), SegmentId(1)), what = "segment 1, table 2"; }
  SECTION("add a taken id") { edit.AddSegment(Segment(2, 1)), what = "id is taken: segment 1"; }
  SECTION("add to an unknown table") { edit.AddSegment(Segment(8, 91)), what = "table 8"; }
  SECTION("ends of an unknown segment") { edit.PutEnds(TableId(2), SegmentId(4), {}), what = "segment 4"; }
  SECTION("a row ends twice") {
    edit.PutEnds(TableId(1), SegmentId(1), std::vector<VersionEnd>{{1, 2}, {1, 3}});
    what = "row 1";
  }
  SECTION("seal point of an unknown table") { edit.SetSealPoint(TableId(8), 0, {}), what = "table 8"; }
  SECTION("seal point of an unknown shard") { edit.SetSealPoint(TableId(1), 16, {}), what = "16 of 16"; }
  SECTION("cold index of an unknown segment") { edit.PutColdIndex(SegmentId(7), "", "", {}), what = "segment 7"; }
  REQUIRE_STATUS(store->Commit(edit), absl::StatusCode::kInternal, what);
  CHECK(Describe(REQUIRE_OK_AND_TAKE(store->Load())) == before);
  // Nor does the refused edit live on in memory: the same steps are possible now.
  ManifestEdit again;
  again.RemoveSegment(TableId(2), SegmentId(4));
  again.PutTable(SmallTable(9));
  again.AddSegment(Segment(9, 90));
  CHECK(REQUIRE_OK_AND_TAKE(store->Commit(again)) == 2);
}

TEST_CASE("MetaStore gives every id once, also after a restart", "[storage][meta]") {
  const TempDir dir;
  std::set<SegmentId> segments;
  std::set<TableId> tables;
  for (int start = 0; start < 3; ++start) {
    const auto store = OpenStore(dir);
    for (int i = 0; i < 1500; ++i) {
      CHECK(segments.insert(REQUIRE_OK_AND_TAKE(store->NextSegmentId())).second);
    }
    for (int i = 0; i < 3; ++i) CHECK(tables.insert(REQUIRE_OK_AND_TAKE(store->NextTableId())).second);
  }
  CHECK(*segments.begin() == SegmentId(1));
  CHECK(*tables.rbegin() == TableId(9));
  ManifestEdit edit;
  edit.PutTable(SmallTable(50));
  edit.AddSegment(Segment(50, 1'000'000));
  const auto store = OpenStore(dir);
  REQUIRE_OK(store->Commit(edit));
  CHECK(REQUIRE_OK_AND_TAKE(store->NextSegmentId()) == SegmentId(1'000'001));
  CHECK(REQUIRE_OK_AND_TAKE(store->NextTableId()) == TableId(51));
}

TEST_CASE("MetaStore takes edits and ids from many threads", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  ManifestEdit first;
  first.PutTable(SmallTable(1));
  REQUIRE_OK(store->Commit(first));
  std::atomic<uint64_t> failures{0};
  std::vector<std::vector<uint64_t>> versions(4);
  std::vector<std::thread> threads;
  for (std::vector<uint64_t>& seen : versions) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto id = store->NextSegmentId();
        if (!id.ok()) ++failures;
        ManifestEdit edit;
        edit.AddSegment(Segment(1, id.ok() ? id->value() : 0));
        const auto version = store->Commit(edit);
        if (!version.ok()) ++failures;
        seen.push_back(version.value_or(0));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  std::set<uint64_t> all;
  for (const auto& seen : versions) all.insert(seen.begin(), seen.end());
  CHECK(all.size() == 200);
  CHECK(*all.begin() == 2);
  CHECK(*all.rbegin() == 201);
  CHECK(REQUIRE_OK_AND_TAKE(store->Load()).segments.size() == 200);
  const MetaStats stats = store->Stats();
  CHECK(stats.manifest_version == 201);
  CHECK(stats.commits == 201);
  CHECK(stats.live_segments == 200);
  CHECK(stats.background_errors == 0);
}

TEST_CASE("MetaStore charges its memory and refuses when there is none", "[storage][meta]") {
  const TempDir dir;
  MemoryBudget budget(64 << 20);
  const MetaStoreOptions options = {.dir = dir.File("meta"), .budget = &budget, .cache_bytes = 8 << 20};
  {
    const auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open(options));
    CHECK(budget.used(MemoryUse::kMeta) == (8 << 20) + kMetaMemtableBytes);
    CHECK(store->memory_bytes() > 0);
    CHECK(store->memory_bytes() <= budget.used(MemoryUse::kMeta));
  }
  CHECK(budget.used() == 0);
  MemoryBudget small(1 << 20);
  REQUIRE_STATUS(MetaStore::Open({.dir = dir.File("meta"), .budget = &small}), absl::StatusCode::kResourceExhausted,
                 "");
  CHECK(small.used() == 0);
}

TEST_CASE("MetaStore locks its directory", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  REQUIRE_STATUS(MetaStore::Open({.dir = dir.File("meta")}), absl::StatusCode::kFailedPrecondition, "meta/LOCK");
}

TEST_CASE("MetaStore carries version ends by the million", "[storage][meta]") {
  const TempDir dir;
  const auto store = OpenStore(dir);
  std::vector<VersionEnd> ends;
  for (uint64_t row = 0; row < 1'000'000; ++row) ends.push_back({3 * row, 1000 + row / 7});
  ManifestEdit edit;
  edit.PutTable(SmallTable(1));
  edit.AddSegment(Segment(1, 1));
  edit.PutEnds(TableId(1), SegmentId(1), ends);
  REQUIRE_OK(store->Commit(edit));
  CHECK(REQUIRE_OK_AND_TAKE(store->Load()).ends[0].ends == ends);
}

}  // namespace
}  // namespace cortex::testing
