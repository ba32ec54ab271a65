// Batches that wait for each other on their way into files share files, and nobody can tell: each is its own commit,
// ends what it supersedes, and fails alone if it alone is to blame.
#include "storage/direct_write.h"

#include <array>
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "storage/io/kill_point.h"
#include "storage/outcome_unknown.h"
#include "storage/runtime/mutex.h"
#include "tests/storage/data_directory.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::AllVersions;
using testing::BatchBuilder;
using testing::CreateTestTable;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::SmallDatabase;
using testing::TempDir;
using testing::WaitUntil;

// What comes after Hold waits, so that it stands in the log's queue together.
class HeldStore {
 public:
  explicit HeldStore(FileSystem* fs = PosixFileSystem()) : fs_(fs) {
    Open();
    CreateTestTable(db.get(), "events");
    CreateTestTable(db.get(), "entities", TableKind::kEntities);
    CreateTestTable(db.get(), "other");
    CreateTestTable(db.get(), "held");
  }
  ~HeldStore() {
    Release();
    db.reset();  // before what it lives on
  }
  void Open() {
    DatabaseOptions options = SmallDatabase(dir_.File("data"), &clock_);
    options.file_system = fs_;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  }
  void Reopen() {
    db.reset();
    Open();
  }
  void Advance(int64_t ns) { clock_.Advance(ns); }

  // Stops the thread that applies, behind a commit of its own.
  void Hold() {
    held_ = true;
    listener_ = db->AddCommitListener([this](Commit commit) {
      MutexLock lock(&mutex_);
      held_at_ = commit;
      changed_.NotifyAll();
      while (held_ && commit >= hold_from_) changed_.Wait(&mutex_);
    });
    Send("held", {"held"}, 0, Tier::kHot);
    HoldAgainAt(0);
  }
  // Lets it go on, and stops it behind the first commit from this one on.
  void HoldAgainAt(Commit commit) {
    MutexLock lock(&mutex_);
    hold_from_ = commit;
    changed_.NotifyAll();
    while (held_at_ == 0 || held_at_ < hold_from_) changed_.Wait(&mutex_);
  }
  // After Hold: what is sent from now on is one group. The log hands over two groups beside the one that is held, and
  // waits with a third; without these, where the first groups of a test end is up to how its threads are scheduled.
  // Returns the last commit given out.
  Commit FillPipe() {
    constexpr uint64_t kGroups = 3;
    for (uint64_t i = 0; i < kGroups; ++i) {
      const uint64_t groups = db->GetStats().wal_syncs;
      Send("held", {"held"}, 0, Tier::kHot);
      REQUIRE(WaitUntil([&] { return db->GetStats().wal_syncs > groups; }));
    }
    MutexLock lock(&mutex_);
    return held_at_ + kGroups;
  }
  void Release() {
    {
      MutexLock lock(&mutex_);
      if (!std::exchange(held_, false)) return;
      changed_.NotifyAll();
    }
    db->RemoveCommitListener(listener_);
  }

  using Answer = std::future<absl::StatusOr<CommitToken>>;
  Answer Send(const std::string& table, const std::vector<std::string>& keys, int64_t x, Tier tier,
              std::optional<ProducerStamp> producer = std::nullopt) {
    BatchBuilder builder(REQUIRE_OK_AND_TAKE(db->FindTable(table)));
    for (const std::string& key : keys) builder.Row({key, 7, x});
    const auto promise = std::make_shared<std::promise<absl::StatusOr<CommitToken>>>();
    Answer answer = promise->get_future();
    db->IngestAsync({.batch = builder.Build(), .tier = tier, .producer = std::move(producer)},
                    [promise](absl::StatusOr<CommitToken> token) { promise->set_value(std::move(token)); });
    return answer;
  }
  std::vector<VersionId> NamesOf(const std::string& table, const std::vector<std::string>& keys) {
    std::vector<VersionId> names;
    for (const std::string& version : AllVersions(db.get(), table)) {
      VersionId id;
      char slash;
      std::string row;
      std::istringstream(version) >> id.commit >> slash >> id.shard >> slash >> id.ordinal >> row;
      const bool is_wanted = std::find(keys.begin(), keys.end(), row.substr(0, row.find('='))) != keys.end();
      if (is_wanted && version.ends_with(" now")) names.push_back(id);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  size_t CountFiles() const {
    size_t files = 0;
    for (const std::string& name : testing::FilesBelow(dir_.File("data"))) files += name.ends_with(".seg") ? 1 : 0;
    return files;
  }

  std::unique_ptr<Database> db;

 private:
  FileSystem* const fs_;
  TempDir dir_;
  FakeClock clock_;
  uint64_t listener_ = 0;
  mutable Mutex mutex_;
  CondVar changed_;
  bool held_ = false;
  Commit hold_from_ = 0, held_at_ = 0;
};

std::vector<std::string> Keys(int first, int count) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back("k" + std::to_string(first + i));
  return keys;
}

// What a table must hold, from what was acknowledged, in the order of commits.
class Model {
 public:
  explicit Model(TableKind kind) : kind_(kind) {}

  void Put(Commit commit, const std::vector<std::string>& keys, int64_t x) {
    if (kind_ == TableKind::kEntities) End(commit, keys, INT64_MAX);
    for (const std::string& key : keys) rows_.push_back({key, x, commit, 0});
  }
  // Current rows of these keys, with x below `end_x`.
  void End(Commit commit, const std::vector<std::string>& keys, int64_t end_x) {
    for (Row& row : rows_) {
      const bool is_named = row.x < end_x && std::find(keys.begin(), keys.end(), row.key) != keys.end();
      if (is_named && row.end == 0) row.end = commit;
    }
  }
  std::vector<std::string> Versions() const {
    std::vector<std::string> versions;
    for (const Row& row : rows_) {
      versions.push_back(std::to_string(row.commit) + " " + row.key + "=" + std::to_string(row.x) + " " +
                         (row.end == 0 ? "now" : std::to_string(row.end)));
    }
    std::sort(versions.begin(), versions.end());
    return versions;
  }

 private:
  struct Row {
    std::string key;
    int64_t x = 0;
    Commit commit = 0, end = 0;
  };
  const TableKind kind_;
  std::vector<Row> rows_;
};

// AllVersions without shard and ordinal, which must name each version alone.
std::vector<std::string> Versions(Database* db, const std::string& table) {
  std::set<std::string> names;
  std::vector<std::string> versions;
  for (const std::string& version : AllVersions(db, table)) {
    const size_t slash = version.find('/'), space = version.find(' ');
    CHECK(names.insert(version.substr(0, space)).second);
    versions.push_back(version.substr(0, slash) + version.substr(space));
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

// What only one of two sorted lists has.
std::string Difference(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  std::vector<std::string> missing, extra;
  std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(), std::back_inserter(missing));
  std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(), std::back_inserter(extra));
  std::string text;
  for (const std::string& version : missing) text += "missing " + version + "; ";
  for (const std::string& version : extra) text += "not expected " + version + "; ";
  return text;
}

}  // namespace

TEST_CASE("Batches that wait on their way into files share files", "[storage][direct]") {
  HeldStore store;
  const Tier tier = GENERATE(Tier::kWarm, Tier::kCold);
  constexpr int kBatches = 40;
  std::vector<HeldStore::Answer> answers;
  store.Hold();
  for (int i = 0; i < kBatches; ++i) {
    for (const char* table : {"events", "entities"}) answers.push_back(store.Send(table, Keys(0, 50), i, tier));
  }
  store.Release();
  Commit last = 0;
  for (auto& answer : answers) {
    const Commit commit = REQUIRE_OK_AND_TAKE(answer.get()).commit;
    CHECK(commit > last);
    last = commit;
  }
  // Alone each would be a file in every shard. The writer hands over what it finds, so the first ones may be alone.
  CHECK(store.CountFiles() <= 10 * 2 * kShardCount);
  store.Reopen();
  CHECK(Versions(store.db.get(), "events").size() == kBatches * 50);
  CHECK(Versions(store.db.get(), "entities").size() == kBatches * 50);
}

TEST_CASE("Batches of every way into a table keep their order while some share files", "[storage][direct]") {
  const uint64_t seed = GENERATE(range(uint64_t{1}, uint64_t{13}));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  HeldStore store;
  struct Change {
    std::string table;
    std::vector<std::string> keys;
    int64_t x = 0;
    bool is_delete = false;
  };
  std::vector<std::pair<HeldStore::Answer, Change>> sent;
  std::map<Commit, Change> changes;
  const auto send = [&](int64_t x, std::optional<ProducerStamp> producer, Tier tier) {
    Change change{.table = random() % 2 == 0 ? "events" : "entities",
                  .keys = Keys(static_cast<int>(random() % 20), 1 + static_cast<int>(random() % 12)),
                  .x = x};
    sent.emplace_back(store.Send(change.table, change.keys, x, tier, std::move(producer)), change);
  };
  const auto any_tier = [&] { return std::array{Tier::kHot, Tier::kWarm, Tier::kCold, Tier::kWarm}[random() % 4]; };
  constexpr int64_t kFirstHeld = 12;
  for (int64_t x = 0; x < kFirstHeld; ++x) send(x, std::nullopt, any_tier());
  for (auto& batch : sent) changes[REQUIRE_OK_AND_TAKE(batch.first.get()).commit] = batch.second;
  sent.clear();

  const std::vector<std::string> doomed = {"k3", "k7", "k11"};
  std::vector<std::thread> deleters;
  std::map<std::string, absl::StatusOr<DeleteResult>> deleted;
  for (const char* table : {"events", "entities"}) {
    auto& result = deleted.emplace(table, absl::UnknownError("not run")).first->second;
    deleters.emplace_back([&result, names = store.NamesOf(table, doomed), table, &store] {
      result = store.db->Delete({.table = table, .rows = names});
    });
  }
  store.Hold();
  uint64_t sequence = 0;
  for (int64_t x = kFirstHeld; x < 90; ++x) {
    const bool numbered = random() % 3 == 0;
    send(x, numbered ? std::optional(ProducerStamp{.producer = "p", .sequence = ++sequence}) : std::nullopt,
         numbered ? (random() % 2 == 0 ? Tier::kWarm : Tier::kCold) : any_tier());
  }
  store.Release();
  for (auto& thread : deleters) thread.join();
  for (auto& batch : sent) changes[REQUIRE_OK_AND_TAKE(batch.first.get()).commit] = batch.second;
  for (const auto& each : deleted) {
    // One that names nothing makes no commit: its token is that of another change.
    const DeleteResult result = REQUIRE_OK_AND_TAKE(each.second);
    if (result.row_count == 0) continue;
    const Change change{.table = each.first, .keys = doomed, .is_delete = true};
    CHECK(changes.emplace(result.token.commit, change).second);
  }

  std::map<std::string, Model> models = {{"events", Model(TableKind::kEvents)},
                                         {"entities", Model(TableKind::kEntities)}};
  for (const auto& [commit, change] : changes) {
    Model& model = models.at(change.table);
    // A delete named what was there when it was asked for.
    change.is_delete ? model.End(commit, change.keys, kFirstHeld) : model.Put(commit, change.keys, change.x);
  }
  for (const bool reopened : {false, true}) {
    CAPTURE(reopened);
    if (reopened) store.Reopen();
    for (const auto& [table, model] : models) {
      CAPTURE(table);
      CHECK(Difference(model.Versions(), Versions(store.db.get(), table)) == "");
    }
    CHECK(REQUIRE_OK_AND_TAKE(store.db->GetProducerState("p")).last_sequence == sequence);
  }
}

TEST_CASE("A batch that cannot be written does not fail those that share its files", "[storage][direct]") {
  HeldStore store;
  store.Hold();
  std::vector<HeldStore::Answer> events, other;
  for (int i = 0; i < 20; ++i) {
    events.push_back(store.Send("events", Keys(i, 10), i, Tier::kWarm));
    other.push_back(store.Send("other", Keys(i, 10), i, Tier::kWarm));
  }
  REQUIRE_OK(store.db->DropTable("events"));
  store.Release();
  for (auto& answer : events) REQUIRE_STATUS(answer.get(), absl::StatusCode::kNotFound, "dropped");
  for (auto& answer : other) REQUIRE_OK(answer.get().status());
  CHECK(Versions(store.db.get(), "other").size() == 200);
  const size_t files = store.CountFiles();
  store.Reopen();
  CHECK(store.CountFiles() == files);  // nothing was left over
}

// Before a commit of their group that could not be applied: a file was written for all of them.
TEST_CASE("Batches that are durable when the log stops are told that they come back", "[storage][direct]") {
  FaultyFileSystem fs(PosixFileSystem());
  HeldStore store(&fs);
  REQUIRE_OK(store.Send("entities", {"k"}, 1, Tier::kWarm).get().status());
  store.Reopen();
  fs.FailReads("data/warm/", absl::ResourceExhaustedError("too many open files"));
  // What is sent while the writer stands still becomes one group.
  std::promise<void> stands, goes_on;
  std::atomic<int> syncs = 0;
  SetKillPointHook([&](std::string_view name) {
    if (name != "wal-synced" || syncs++ != 0) return;
    stands.set_value();
    goes_on.get_future().wait();
  });
  HeldStore::Answer first = store.Send("other", {"first"}, 0, Tier::kHot);
  stands.get_future().wait();
  std::vector<HeldStore::Answer> answers;
  answers.push_back(store.Send("events", {"a"}, 2, Tier::kWarm));
  answers.push_back(store.Send("entities", {"k"}, 3, Tier::kHot));   // supersedes what cannot be read now
  answers.push_back(store.Send("events", {"b"}, 4, Tier::kWarm));    // in the file of the first
  answers.push_back(store.Send("other", {"c"}, 5, Tier::kHot));      // in the log
  answers.push_back(store.Send("entities", {"l"}, 6, Tier::kWarm));  // must not pass by its table's own: not written
  goes_on.set_value();
  const Commit last = REQUIRE_OK_AND_TAKE(first.get()).commit;
  SetKillPointHook(nullptr);
  REQUIRE_OK(answers[0].get().status());
  for (const size_t i : {1u, 2u, 3u}) {
    CAPTURE(i);
    const absl::Status told = answers[i].get().status();
    REQUIRE_STATUS(told, absl::StatusCode::kUnavailable, "commit " + std::to_string(last + i + 1) + " is durable but");
    REQUIRE_STATUS(told, absl::StatusCode::kUnavailable, "restart, which applies it; sent again without a producer");
    CHECK(IsOutcomeUnknown(told));
  }
  const absl::Status told = answers[4].get().status();
  REQUIRE_STATUS(told, absl::StatusCode::kUnavailable, "until restart");
  CHECK_FALSE(IsOutcomeUnknown(told));
  fs.FailReads("", absl::OkStatus());
  store.Reopen();
  CHECK(Versions(store.db.get(), "events").size() == 2);
  CHECK(Versions(store.db.get(), "other").size() == 2);
  CHECK(Versions(store.db.get(), "entities").size() == 2);  // both of "k"
}

// The manifest edit was begun, and the meta store does not know how it ended.
TEST_CASE("Batches whose manifest edit failed are told that nobody knows", "[storage][direct]") {
  FaultyFileSystem fs(PosixFileSystem());
  HeldStore store(&fs);
  REQUIRE_OK(store.Send("events", {"a"}, 1, Tier::kWarm).get().status());
  const bool is_full = GENERATE(false, true);
  fs.Inject({.part = "/data/meta/",
             .count = UINT64_MAX,
             .status = is_full ? absl::ResourceExhaustedError("disk full") : absl::DataLossError("bad disk")});
  const absl::Status told = store.Send("events", {"b"}, 2, Tier::kWarm).get().status();
  fs.StopFailing();
  CAPTURE(told);
  if (is_full) {
    CHECK(absl::IsResourceExhausted(told));  // nothing of it stays
  } else {
    REQUIRE_STATUS(told, absl::StatusCode::kUnavailable, "whether it was applied is known after a restart");
  }
  CHECK(IsOutcomeUnknown(told) == !is_full);
}

TEST_CASE("A table dropped between commits that share a file gives none of them out again", "[storage][direct]") {
  HeldStore store;
  constexpr int kBatches = 40;
  std::vector<HeldStore::Answer> answers;
  store.Hold();
  const Commit first = store.FillPipe() + 1;
  for (int i = 0; i < kBatches; ++i) answers.push_back(store.Send("events", Keys(i, 3), i, Tier::kWarm));
  store.HoldAgainAt(first + kBatches / 2);  // those behind it are in files, and not visible
  REQUIRE_OK(store.db->DropTable("events"));
  REQUIRE_OK(store.db->DropTable("entities"));  // which knows of no such commit
  store.Release();
  Commit last = 0;
  for (auto& answer : answers) {
    const absl::StatusOr<CommitToken> token = answer.get();
    if (token.ok()) last = token->commit;
  }
  REQUIRE(last > first + kBatches / 2);
  store.Reopen();
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("other", {"next"}, 0, Tier::kHot).get()).commit > last);
}

TEST_CASE("Rows that expire between commits that share a file give none of them out again", "[storage][direct]") {
  HeldStore store;
  TableDefinition brief = *testing::TestTable("brief", {{"x", DataType::Scalar(TypeKind::kInt64)}});
  brief.policy.ttl_ns = 1;
  REQUIRE_OK(store.db->CreateTable(brief).status());
  store.Advance(3 * 86'400'000'000'000);  // rows are reclaimed a day later, by a clock that is trusted after one
  constexpr int kBatches = 40;
  std::vector<HeldStore::Answer> answers;
  store.Hold();
  const Commit first = store.FillPipe() + 1;
  for (int i = 0; i < kBatches; ++i) answers.push_back(store.Send("brief", Keys(i, 3), i, Tier::kWarm));
  store.HoldAgainAt(first + kBatches / 2);  // those behind it are in files, and not visible
  REQUIRE(store.CountFiles() > 1);
  REQUIRE_OK(store.db->ApplyTierPolicies());  // shard by shard, in whatever order of commits
  REQUIRE(store.CountFiles() == 0);
  store.Release();
  Commit last = 0;
  for (auto& answer : answers) last = REQUIRE_OK_AND_TAKE(answer.get()).commit;
  REQUIRE(last > first + kBatches / 2);
  store.Reopen();
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("other", {"next"}, 0, Tier::kHot).get()).commit > last);
}

TEST_CASE("A full disk of one tier refuses no batch for the other", "[storage][direct]") {
  FaultyFileSystem fs(PosixFileSystem());
  HeldStore store(&fs);
  store.Hold();
  std::vector<HeldStore::Answer> warm, cold;
  for (int i = 0; i < 10; ++i) {
    warm.push_back(store.Send("events", Keys(i, 10), i, Tier::kWarm));
    cold.push_back(store.Send("events", Keys(i, 10), 100 + i, Tier::kCold));
  }
  fs.Inject({.part = "data/warm/",
             .count = UINT64_MAX,
             .status = absl::ResourceExhaustedError("disk full"),
             .only_growth = true});
  store.Release();
  for (auto& answer : warm) CHECK(absl::IsResourceExhausted(answer.get().status()));
  for (auto& answer : cold) REQUIRE_OK(answer.get().status());
  fs.StopFailing();
  CHECK(Versions(store.db.get(), "events").size() == cold.size() * 10);
}

TEST_CASE("Batches that share files are whole or not at all when the disk is full", "[storage][direct]") {
  FaultyFileSystem fs(PosixFileSystem());
  HeldStore store(&fs);
  store.Hold();
  std::vector<HeldStore::Answer> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(store.Send("entities", Keys(i, 10), i, Tier::kWarm));
  const uint64_t before = fs.injected_count();
  fs.Inject({.part = "data/warm/",
             .after = GENERATE(uint64_t{0}, 9u, 18u, 27u, 36u, 45u),
             .status = absl::ResourceExhaustedError("disk full")});
  store.Release();
  size_t refused = 0;
  for (auto& answer : answers) refused += answer.get().ok() ? 0 : 1;
  CHECK(fs.injected_count() == before + 1);
  CHECK(refused > 0);
  const auto shown = Versions(store.db.get(), "entities");
  CHECK(shown.size() == (answers.size() - refused) * 10);
  const size_t files = store.CountFiles();
  store.Reopen();
  CHECK(store.CountFiles() == files);  // nothing was left over
  CHECK(Versions(store.db.get(), "entities") == shown);
}

TEST_CASE("A batch for files seals older rows of its keys and no others", "[storage][direct]") {
  HeldStore store;
  REQUIRE_OK(store.Send("entities", Keys(0, 100), 1, Tier::kHot).get().status());
  REQUIRE_OK(store.Send("entities", Keys(100, 100), 2, Tier::kWarm).get().status());
  CHECK(store.CountFiles() <= kShardCount);
  const auto before = Versions(store.db.get(), "entities");
  store.Reopen();
  CHECK(Versions(store.db.get(), "entities") == before);

  REQUIRE_OK(store.Send("entities", {"k5"}, 3, Tier::kCold).get().status());
  const auto after = Versions(store.db.get(), "entities");
  CHECK(std::count_if(after.begin(), after.end(), [](const auto& row) { return row.find(" k5=") != row.npos; }) == 2);
  store.Reopen();
  CHECK(Versions(store.db.get(), "entities") == after);
}

// More versions than are looked at together, side by side in one archive.
TEST_CASE("An entity with a long history has one current version", "[storage][direct]") {
  constexpr int kVersions = 2'500;
  HeldStore store;
  std::vector<HeldStore::Answer> answers;
  for (int x = 0; x < kVersions; ++x) answers.push_back(store.Send("entities", {"a", "b"}, x, Tier::kHot));
  for (auto& answer : answers) REQUIRE_OK(answer.get().status());
  const auto current = [&] {
    std::vector<std::string> rows;
    for (const std::string& version : Versions(store.db.get(), "entities")) {
      if (version.ends_with(" now")) rows.push_back(version.substr(version.find(' ') + 1));
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  };
  REQUIRE_OK(store.db->MoveTier({.table = "entities", .from = Tier::kHot, .to = Tier::kWarm}).status());
  REQUIRE_OK(store.db->MoveTier({.table = "entities", .from = Tier::kWarm, .to = Tier::kCold}).status());
  CHECK(current() == std::vector<std::string>{"a=2499 now", "b=2499 now"});
  REQUIRE_OK(store.Send("entities", {"a"}, 5'000, Tier::kHot).get().status());
  CHECK(current() == std::vector<std::string>{"a=5000 now", "b=2499 now"});
  REQUIRE_OK(store.Send("entities", {"b"}, 5'001, Tier::kCold).get().status());
  CHECK(current() == std::vector<std::string>{"a=5000 now", "b=5001 now"});
  store.Reopen();
  CHECK(current() == std::vector<std::string>{"a=5000 now", "b=5001 now"});
  CHECK(Versions(store.db.get(), "entities").size() == 2 * kVersions + 2);
}

}  // namespace cortex
