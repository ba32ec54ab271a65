// Exactly once: whatever a producer sends again, in whatever tier, across restarts, stands in the table once.
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "storage/column/bitmap.h"
#include "storage/column/string_dictionary.h"
#include "storage/content_hash.h"
#include "storage/database.h"
#include "storage/io/file_system.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::TempDir;
using testing::TestTable;
using testing::TestValue;

// A database that can be closed and opened again, and what tests send to it.
class Store {
 public:
  explicit Store(FileSystem* fs = PosixFileSystem(), uint64_t wal_limit_bytes = 1ull << 30)
      : fs_(fs), wal_limit_bytes_(wal_limit_bytes) {}

  absl::Status Open() {
    DatabaseOptions options;
    options.data_dir = dir_.File("data");
    options.file_system = fs_;
    options.clock = &clock_;
    options.seal_rows = 1024;
    options.wal_limit_bytes = wal_limit_bytes_;
    options.wal_file_bytes = 64 << 10;
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    options.repair_wal = repair;
    options.on_event = [this](std::string_view event, std::string_view detail) {
      if (event == "producer rewound") rewound.emplace_back(detail);
    };
    absl::StatusOr<std::unique_ptr<Database>> opened = Database::Open(options);
    if (opened.ok()) db_ = *std::move(opened);
    return opened.status();
  }
  void Close() { db_.reset(); }
  void Reopen() {
    Close();
    REQUIRE_OK(Open());
  }
  absl::Status CreateTable(const std::string& name = "t") {
    return db_->CreateTable(*TestTable(name, {{"x", DataType::Scalar(TypeKind::kInt64)}})).status();
  }

  // One row, whose key names producer and sequence.
  absl::StatusOr<IngestRequest> Request(const std::string& producer, uint64_t sequence, int64_t x,
                                        Tier tier = Tier::kHot, const std::string& table_name = "t") const {
    auto table = db_->FindTable(table_name);
    if (!table.ok()) return table.status();
    BatchBuilder builder(*table);
    builder.Row({producer + "/" + std::to_string(sequence), static_cast<int64_t>(sequence), x});
    return IngestRequest{.batch = builder.Build(),
                         .tier = tier,
                         .producer = ProducerStamp{.producer = producer, .sequence = sequence}};
  }
  absl::StatusOr<CommitToken> Send(const std::string& producer, uint64_t sequence, int64_t x, Tier tier = Tier::kHot,
                                   const std::string& table_name = "t") {
    auto request = Request(producer, sequence, x, tier, table_name);
    if (!request.ok()) return request.status();
    return db_->Ingest(*std::move(request));
  }

  // How often each key is visible.
  std::map<std::string, int> Rows(const std::string& table_name = "t") {
    std::map<std::string, int> rows;
    const auto snapshot = REQUIRE_OK_AND_TAKE(db_->OpenSnapshot(table_name, 0));
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) Count(*snapshot, segment->row_group(g), &rows);
    }
    return rows;
  }

  Database& db() { return *db_; }
  std::string dir() const { return dir_.File("data"); }

  bool repair = false;               // of the log, at the next Open
  std::vector<std::string> rewound;  // what a repair said of producers

 private:
  static void Count(const Snapshot& snapshot, const RowGroupView& group, std::map<std::string, int>* rows) {
    const uint32_t count = group.row_count();
    std::vector<uint64_t> selection(WordsForBits(count) + 1);
    FillOnes(selection.data(), count);
    REQUIRE_OK(group.SelectVisible(snapshot.commit, 0, count, selection.data()));
    Column keys(DataType::String());
    const auto chunk = REQUIRE_OK_AND_TAKE(group.column(snapshot.table->columns[0].id));
    REQUIRE_OK(chunk->Decode(0, count, &keys));
    for (uint32_t row = 0; row < count; ++row) {
      if (GetBit(selection.data(), row)) ++(*rows)[std::string(keys.StringAt(row))];
    }
  }

  FileSystem* const fs_;
  const uint64_t wal_limit_bytes_;
  TempDir dir_;
  FakeClock clock_;
  std::unique_ptr<Database> db_;
};

// What was applied: per producer the content and commit of sequence 1, 2, ...
using Applied = std::vector<std::pair<int64_t, Commit>>;

}  // namespace

TEST_CASE("Producers apply each sequence once and answer replays with the first commit", "[storage][producers]") {
  Store store;
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  CHECK(REQUIRE_OK_AND_TAKE(store.db().GetProducerState("p")) == ProducerState());

  const CommitToken first = REQUIRE_OK_AND_TAKE(store.Send("p", 1, 10));
  CHECK_FALSE(first.duplicate);
  const CommitToken again = REQUIRE_OK_AND_TAKE(store.Send("p", 1, 10));
  CHECK(again.duplicate);
  CHECK(again.commit == first.commit);
  REQUIRE_STATUS(store.Send("p", 1, 11), absl::StatusCode::kAborted, "producer \"p\", sequence 1");
  REQUIRE_STATUS(store.Send("p", 3, 30), absl::StatusCode::kOutOfRange, "expected 2, got 3");
  REQUIRE_STATUS(store.Send("q", 2, 1), absl::StatusCode::kOutOfRange, "expected 1, got 2");
  REQUIRE_STATUS(store.Send(std::string(129, 'p'), 1, 1), absl::StatusCode::kInvalidArgument, "128 bytes");
  REQUIRE_STATUS(store.Send("\xff", 1, 1), absl::StatusCode::kInvalidArgument, "UTF-8");
  REQUIRE_STATUS(store.Send("p", 0, 1), absl::StatusCode::kInvalidArgument, "begins with 1");
  CHECK(store.Rows() == std::map<std::string, int>{{"p/1", 1}});
  // A refused batch takes no number of the log with it.
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("p", 2, 20)).commit == first.commit + 1);
  CHECK(REQUIRE_OK_AND_TAKE(store.db().GetProducerState("p")) ==
        ProducerState{.last_sequence = 2, .commit = first.commit + 1});
}

TEST_CASE("Producers behave like their model under replays, gaps, conflicts, tiers and restarts",
          "[storage][producers]") {
  const uint64_t seed = GENERATE(1, 2, 3, 4);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto chance = [&](uint32_t percent) { return random() % 100 < percent; };
  Store store(PosixFileSystem(), seed % 2 == 0 ? 1ull << 30 : 8 << 10);  // with and without trims of the log
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  const std::vector<std::string> producers = {"a", "aa", "b", "\xc3\xa4"};
  std::map<std::string, Applied> model;
  for (int step = 0; step < 600; ++step) {
    const std::string& producer = producers[random() % producers.size()];
    Applied& applied = model[producer];
    const Tier tier = chance(80) ? Tier::kHot : chance(50) ? Tier::kWarm : Tier::kCold;
    const auto content = static_cast<int64_t>(random() % 1000);
    CAPTURE(step, producer, applied.size());
    if (chance(55)) {
      const CommitToken token = REQUIRE_OK_AND_TAKE(store.Send(producer, applied.size() + 1, content, tier));
      CHECK_FALSE(token.duplicate);
      applied.emplace_back(content, token.commit);
    } else if (!applied.empty() && chance(60)) {
      const uint64_t sequence = random() % applied.size() + 1;
      const auto first = applied[sequence - 1];
      const CommitToken token = REQUIRE_OK_AND_TAKE(store.Send(producer, sequence, first.first, tier));
      CHECK(token.duplicate);
      CHECK(token.commit == first.second);
    } else if (!applied.empty() && chance(50)) {
      const uint64_t sequence = random() % applied.size() + 1;
      REQUIRE_STATUS(store.Send(producer, sequence, applied[sequence - 1].first + 1, tier),
                     absl::StatusCode::kAborted, "reused for other content");
    } else {
      REQUIRE_STATUS(store.Send(producer, applied.size() + 2 + random() % 5, content, tier),
                     absl::StatusCode::kOutOfRange, "expected " + std::to_string(applied.size() + 1));
    }
    if (chance(3)) store.Reopen();
    if (chance(2)) REQUIRE_OK(store.db().MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status());
    const ProducerState state = REQUIRE_OK_AND_TAKE(store.db().GetProducerState(producer));
    CHECK(state.last_sequence == applied.size());
    CHECK(state.commit == (applied.empty() ? 0 : applied.back().second));
  }
  std::map<std::string, int> expected;
  for (const auto& [producer, applied] : model) {
    for (size_t i = 1; i <= applied.size(); ++i) expected[producer + "/" + std::to_string(i)] = 1;
  }
  CHECK(store.Rows() == expected);
}

TEST_CASE("Producers do not keep the write-ahead log from being trimmed", "[storage][producers]") {
  Store store(PosixFileSystem(), /*wal_limit_bytes=*/64 << 20);
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  uint64_t sequence = 0;
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i) REQUIRE_OK(store.Send("p", ++sequence, i).status());
  };
  send(1000);
  const uint64_t full = store.db().GetStats().wal_bytes;
  REQUIRE_OK(store.db().MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}));
  send(1);  // the writer thread trims when it comes by
  REQUIRE_OK(store.db().Flush());
  CHECK(store.db().GetStats().wal_bytes < full / 2);
  store.Reopen();
  CHECK(REQUIRE_OK_AND_TAKE(store.db().GetProducerState("p")).last_sequence == sequence);
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("p", sequence, 0)).duplicate);
}

TEST_CASE("Producers may send ahead and again without waiting", "[storage][producers]") {
  Store store;
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  const Tier tier = GENERATE(Tier::kHot, Tier::kWarm);
  constexpr uint64_t kSequences = 40;
  std::vector<std::future<absl::StatusOr<CommitToken>>> answers;
  std::vector<std::unique_ptr<std::promise<absl::StatusOr<CommitToken>>>> promises;
  for (uint64_t i = 0; i < 2 * kSequences; ++i) {
    // Every batch twice in a row; every tenth goes the other way into the table.
    const uint64_t sequence = i / 2 + 1;
    const Tier other = tier == Tier::kHot ? Tier::kWarm : Tier::kHot;
    promises.push_back(std::make_unique<std::promise<absl::StatusOr<CommitToken>>>());
    answers.push_back(promises.back()->get_future());
    store.db().IngestAsync(REQUIRE_OK_AND_TAKE(store.Request("p", sequence, 7, sequence % 10 == 0 ? other : tier)),
                           [p = promises.back().get()](absl::StatusOr<CommitToken> t) { p->set_value(std::move(t)); });
  }
  Commit last = 0;
  for (uint64_t i = 0; i < 2 * kSequences; ++i) {
    CAPTURE(i);
    const CommitToken token = REQUIRE_OK_AND_TAKE(answers[i].get());
    CHECK(token.duplicate == (i % 2 == 1));
    CHECK((i % 2 == 1 ? token.commit == last : token.commit > last));
    last = token.commit;
  }
  CHECK(store.Rows().size() == kSequences);
}

TEST_CASE("A producer's merges build on each other without waiting", "[storage][producers][versions]") {
  Store store;
  REQUIRE_OK(store.Open());
  const DataType number = DataType::Scalar(TypeKind::kInt64);
  REQUIRE_OK(store.db().CreateTable(*TestTable("t", {{"x", number}, {"y", number}}, TableKind::kEntities)).status());
  const auto table = REQUIRE_OK_AND_TAKE(store.db().FindTable("t"));
  const Tier tier = GENERATE(Tier::kHot, Tier::kWarm);
  std::atomic<int> failures{0};
  constexpr int kMerges = 60;
  for (int i = 1; i <= kMerges; ++i) {
    // Odd ones write x alone, even ones y alone: each row is whole only with what the one before left behind.
    const bool odd = i % 2 == 1;
    BatchBuilder builder(table);
    builder.Row({"a", i, odd ? testing::TestValue(i) : testing::Null{}, odd ? testing::Null{} : testing::TestValue(i)});
    store.db().IngestAsync({.batch = builder.Build(),
                            .mode = IngestMode::kMerge,
                            .tier = tier,
                            .present = {true, true, odd, !odd},
                            .producer = ProducerStamp{.producer = "p", .sequence = static_cast<uint64_t>(i)}},
                           [&](const absl::StatusOr<CommitToken>& token) { failures += token.ok() ? 0 : 1; });
  }
  REQUIRE_OK(store.db().Flush().status());
  REQUIRE(failures == 0);
  const std::vector<std::string> keys = {"a"};
  const std::vector<uint32_t> columns = {2, 3};
  const LookupResult found = REQUIRE_OK_AND_TAKE(store.db().Lookup("t", keys, columns));
  REQUIRE(found.found[0]);
  CHECK_FALSE(found.columns[0].IsNull(0));
  CHECK(found.columns[0].values_as<int64_t>()[0] == kMerges - 1);
  CHECK(found.columns[1].values_as<int64_t>()[0] == kMerges);
}

TEST_CASE("A producer's sequence is free again when its batch could not be written", "[storage][producers]") {
  FaultyFileSystem fs(PosixFileSystem());
  Store store(&fs);
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  REQUIRE_OK(store.Send("p", 1, 1).status());
  SECTION("into the log") {
    // The disk is too full for the next file of the log: one group is refused.
    const auto table = REQUIRE_OK_AND_TAKE(store.db().FindTable("t"));
    BatchBuilder wide(table);
    for (int i = 0; i < 4000; ++i) wide.Row({"wide" + std::to_string(i), i, i});
    const Batch batch = wide.Build();
    const auto copy = [&] {
      Batch out = Batch::For(batch.table);
      out.row_count = batch.row_count;
      for (size_t i = 0; i < out.columns.size(); ++i) out.columns[i].AppendRows(batch.columns[i], 0, batch.row_count);
      return IngestRequest{.batch = std::move(out), .producer = ProducerStamp{.producer = "p", .sequence = 2}};
    };
    fs.Inject({.part = "", .count = UINT64_MAX, .status = absl::ResourceExhaustedError("disk full"), .only_growth = true});
    REQUIRE_STATUS(store.db().Ingest(copy()), absl::StatusCode::kResourceExhausted, "disk full");
    fs.StopFailing();
    CHECK(REQUIRE_OK_AND_TAKE(store.db().GetProducerState("p")).last_sequence == 1);
    const CommitToken token = REQUIRE_OK_AND_TAKE(store.db().Ingest(copy()));
    CHECK_FALSE(token.duplicate);
  }
  SECTION("into a file") {
    REQUIRE_OK(store.Send("q", 1, 1, Tier::kWarm).status());  // the first file of all reserves its number durably
    fs.Inject({.part = "data/warm/", .status = absl::ResourceExhaustedError("disk full")});
    REQUIRE_STATUS(store.Send("p", 2, 2, Tier::kWarm), absl::StatusCode::kResourceExhausted, "disk full");
    fs.StopFailing();
    CHECK(REQUIRE_OK_AND_TAKE(store.db().GetProducerState("p")).last_sequence == 1);
    CHECK_FALSE(REQUIRE_OK_AND_TAKE(store.Send("p", 2, 2, Tier::kWarm)).duplicate);
    CHECK(store.Rows().size() == 3);
  }
  store.Reopen();
  CHECK(REQUIRE_OK_AND_TAKE(store.db().GetProducerState("p")).last_sequence == 2);
}

// Inverts a bit in the log's record of the batch whose key is `key`.
void DamageRecordOf(const std::string& data_dir, const std::string& key) {
  int damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir + "/wal")) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const size_t at = bytes.find(key);
    if (at == std::string::npos) continue;
    file.clear();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(bytes[at] ^ 1));
    ++damaged;
  }
  REQUIRE(damaged == 1);
}

TEST_CASE("A repair that gives up batches rewinds their producers, so that they can be sent again",
          "[storage][producers][recovery]") {
  Store store;
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  REQUIRE_OK(store.Send("whole", 1, 1).status());
  REQUIRE_OK(store.Send("cut", 1, 1).status());
  const Commit kept = REQUIRE_OK_AND_TAKE(store.Send("cut", 2, 2)).commit;
  REQUIRE_OK(store.Send("gone", 1, 1).status());  // the record that is damaged
  REQUIRE_OK(store.Send("cut", 3, 3).status());
  REQUIRE_OK(store.Send("files", 1, 1, Tier::kWarm).status());
  REQUIRE_OK(store.Send("mixed", 1, 1).status());
  REQUIRE_OK(store.Send("mixed", 2, 2, Tier::kCold).status());
  const Commit last = REQUIRE_OK_AND_TAKE(store.Send("cut", 4, 4)).commit;
  store.Close();
  DamageRecordOf(store.dir(), "gone/1");
  REQUIRE_STATUS(store.Open(), absl::StatusCode::kDataLoss, "--wal.repair=true");
  store.repair = true;
  REQUIRE_OK(store.Open());
  store.repair = false;
  if (GENERATE(false, true)) store.Reopen();

  CHECK(store.rewound.size() == 3);
  CHECK_THAT(store.rewound.at(0), Catch::Contains("\"cut\" from sequence 4 to 2; 0 of"));
  CHECK_THAT(store.rewound.at(1), Catch::Contains("\"gone\" from sequence 1 to 0; 0 of"));
  CHECK_THAT(store.rewound.at(2), Catch::Contains("\"mixed\" from sequence 2 to 0; 1 of"));
  CHECK(store.Rows() == std::map<std::string, int>{
                            {"whole/1", 1}, {"cut/1", 1}, {"cut/2", 1}, {"files/1", 1}, {"mixed/2", 1}});
  const auto state = [&](const std::string& producer) {
    return REQUIRE_OK_AND_TAKE(store.db().GetProducerState(producer));
  };
  CHECK(state("cut") == ProducerState{.last_sequence = 2, .commit = kept});
  CHECK(state("gone") == ProducerState());
  CHECK(state("mixed") == ProducerState());

  // What was kept is known still, what was lost is applied, under numbers that nobody had before.
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("whole", 1, 1)).duplicate);
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("files", 1, 1, Tier::kWarm)).duplicate);
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("cut", 2, 2)).duplicate);
  for (const auto& lost : {std::pair{"cut", 3}, {"cut", 4}, {"gone", 1}, {"mixed", 1}}) {
    CAPTURE(lost.first, lost.second);
    const CommitToken token = REQUIRE_OK_AND_TAKE(store.Send(lost.first, lost.second, lost.second));
    CHECK_FALSE(token.duplicate);
    CHECK(token.commit > last);
  }
  for (const auto& [key, count] : store.Rows()) CHECK(count == 1);
  CHECK(store.Rows().size() == 9);
  store.Reopen();
  CHECK(store.Rows().size() == 9);
  CHECK(state("cut").last_sequence == 4);
}

TEST_CASE("A batch sent again after a column with a default was added is known again", "[storage][producers]") {
  Store store;
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  const CommitToken first = REQUIRE_OK_AND_TAKE(store.Send("p", 1, 10));
  auto seven = std::make_shared<Column>(DataType::Scalar(TypeKind::kInt64));
  seven->AppendScalar<int64_t>(7);
  REQUIRE_OK(store.db()
                 .AlterTable("t", AddColumn{{.name = "y", .type = seven->type(), .default_value = seven}})
                 .status());
  BatchBuilder as_filled_in(REQUIRE_OK_AND_TAKE(store.db().FindTable("t")));
  as_filled_in.Row({"p/1", 1, 10, 7});
  const CommitToken again = REQUIRE_OK_AND_TAKE(
      store.db().Ingest({.batch = as_filled_in.Build(), .producer = ProducerStamp{.producer = "p", .sequence = 1}}));
  CHECK(again.duplicate);
  CHECK(again.commit == first.commit);
}

TEST_CASE("A producer outlives the table it wrote to", "[storage][producers]") {
  Store store;
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  REQUIRE_OK(store.CreateTable("other"));
  REQUIRE_OK(store.Send("p", 1, 1).status());
  REQUIRE_OK(store.Send("p", 2, 2, Tier::kHot, "other").status());
  REQUIRE_OK(store.db().DropTable("t"));
  store.Reopen();
  CHECK(REQUIRE_OK_AND_TAKE(store.db().GetProducerState("p")).last_sequence == 2);
  CHECK(REQUIRE_OK_AND_TAKE(store.Send("p", 2, 2, Tier::kHot, "other")).duplicate);
  CHECK_FALSE(REQUIRE_OK_AND_TAKE(store.Send("p", 3, 3, Tier::kHot, "other")).duplicate);
}

TEST_CASE("The last 65,536 sequences are answered with their own commit, older ones with a later one",
          "[storage][producers]") {
  Store store(PosixFileSystem(), 1 << 20);
  REQUIRE_OK(store.Open());
  REQUIRE_OK(store.CreateTable());
  constexpr uint64_t kSequences = 70'000, kExact = 65'536;
  std::vector<Commit> commits(kSequences + 1);
  for (uint64_t sequence = 1; sequence <= kSequences; ++sequence) {
    store.db().IngestAsync(REQUIRE_OK_AND_TAKE(store.Request("p", sequence, 1)),
                           [slot = &commits[sequence]](const absl::StatusOr<CommitToken>& token) {
                             if (token.ok() && !token->duplicate) *slot = token->commit;
                           });
  }
  REQUIRE_OK(store.db().Flush().status());
  const bool reopened = GENERATE(false, true);
  if (reopened) store.Reopen();
  for (const uint64_t sequence : {kSequences, kSequences - 1, kSequences - kExact + 2, kSequences - kExact + 1}) {
    const CommitToken token = REQUIRE_OK_AND_TAKE(store.Send("p", sequence, 1));
    CHECK(token.duplicate);
    CHECK(token.commit == commits[sequence]);
  }
  REQUIRE_STATUS(store.Send("p", kSequences - kExact + 1, 2), absl::StatusCode::kAborted, "other content");
  for (const uint64_t sequence : {kSequences - kExact, uint64_t{1}}) {
    const CommitToken token = REQUIRE_OK_AND_TAKE(store.Send("p", sequence, 1));
    CHECK(token.duplicate);
    CHECK(token.commit >= commits[sequence]);
  }
  CHECK(store.Rows().size() == kSequences);
}

TEST_CASE("Content of a batch is compared by meaning, not by layout", "[storage][producers]") {
  const auto table = TestTable("t", {{"s", DataType::String()}, {"x", DataType::Scalar(TypeKind::kInt64)}});
  TableDefinition wider = *table;
  wider.columns.push_back(
      {.id = ColumnId(9), .name = "added", .type = DataType::Scalar(TypeKind::kFloat64), .nullable = true});
  const auto hash = [](Batch batch, IngestMode mode = IngestMode::kReplace) {
    return ContentHash({.batch = std::move(batch), .mode = mode});
  };
  const auto plain = [&] { return BatchBuilder(table).Row({"a", 1, "v", 5}).Row({"b", 2, testing::Null{}, 6}).Build(); };
  Batch coded = plain();
  ValueBuffer entries(DataType::String().shape());
  entries.AppendString("unused");
  entries.AppendString("v");
  Bitmap validity;
  validity.PushBack(true);
  validity.PushBack(false);
  coded.columns[2] =
      Column::OfCodes(DataType::String(), MakeStringDictionary(std::move(entries)), {1, 0}, validity);
  CHECK(hash(plain()) == hash(std::move(coded)));
  const auto later = std::make_shared<const TableDefinition>(wider);
  CHECK(hash(plain()) ==
        hash(BatchBuilder(later).Row({"a", 1, "v", 5, testing::Null{}}).Row({"b", 2, testing::Null{}, 6, testing::Null{}}).Build()));
  // A batch sent again after columns with a default were added: the server fills them in where the sender says nothing.
  TableDefinition with_defaults = *table;
  for (const DataType& type : {DataType::Scalar(TypeKind::kInt64), DataType::String(), DataType::ListString()}) {
    ColumnDefinition column{.id = ColumnId(static_cast<uint32_t>(with_defaults.columns.size()) + 9), .type = type};
    column.name = "added_" + std::to_string(column.id.value());
    auto value = std::make_shared<Column>(type);
    testing::AppendValue(type.is_list() ? TestValue(std::vector<std::string>{"p", "q"})
                                        : type.is_string() ? TestValue("d") : TestValue(7),
                         value.get());
    column.default_value = std::move(value);
    with_defaults.columns.push_back(std::move(column));
  }
  const auto defaulted = std::make_shared<const TableDefinition>(with_defaults);
  const auto filled = [&](const TestValue& number, const TestValue& text, const std::vector<std::string>& list) {
    return BatchBuilder(defaulted)
        .Row({"a", 1, "v", 5, 7, "d", std::vector<std::string>{"p", "q"}})
        .Row({"b", 2, testing::Null{}, 6, number, text, list})
        .Build();
  };
  CHECK(hash(plain()) == hash(filled(7, "d", {"p", "q"})));
  CHECK(hash(plain()) != hash(filled(8, "d", {"p", "q"})));
  CHECK(hash(plain()) != hash(filled(testing::Null{}, "d", {"p", "q"})));
  CHECK(hash(plain()) != hash(filled(7, "D", {"p", "q"})));
  CHECK(hash(plain()) != hash(filled(7, "d", {"p"})));
  CHECK(hash(plain()) != hash(plain(), IngestMode::kMerge));
  CHECK(hash(plain()) != hash(BatchBuilder(table).Row({"a", 1, "v", 5}).Row({"b", 2, "", 6}).Build()));
  CHECK(hash(plain()) != hash(BatchBuilder(table).Row({"b", 2, testing::Null{}, 6}).Row({"a", 1, "v", 5}).Build()));
  CHECK(hash(plain()) != hash(BatchBuilder(table).Row({"a", 1, "v", 5}).Row({"b", 2, testing::Null{}, 7}).Build()));
}

}  // namespace cortex
