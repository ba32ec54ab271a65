// Backups of whole databases: what is in them, what is refused, what a failure leaves behind.
#include <catch2/catch.hpp>
#include <atomic>
#include <cerrno>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "storage/backup/backup_files.h"
#include "storage/backup/backup_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"
#include "tests/storage/data_directory.h"
#include "tests/support/faulty_file_system.h"

namespace cortex {
namespace {

using enum absl::StatusCode;
using testing::AllVersions;
using testing::CreateTestTable;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::FilesBelow;
using testing::FlippedBit;
using testing::PutRows;
using testing::Slurp;
using testing::SmallDatabase;
using testing::TempDir;
using testing::TryPutRows;

class Fixture {
 public:
  explicit Fixture(FileSystem* fs = nullptr) {
    DatabaseOptions options = SmallDatabase(dir.File("data"), &clock);
    options.file_system = fs;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
    CreateTestTable(db.get(), "t", TableKind::kEntities);
  }
  // Rows in all tiers, superseded versions among them, and some in the log alone.
  void Fill() {
    PutRows(db.get(), "t", 0, 2000, 1);
    Move(Tier::kHot, Tier::kWarm);
    Move(Tier::kWarm, Tier::kCold);
    PutRows(db.get(), "t", 1000, 2000, 2);
    Move(Tier::kHot, Tier::kWarm);
    PutRows(db.get(), "t", 500, 100, 3);
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to}).status()); }
  std::string repository() const { return dir.File("backups"); }
  std::string PathOf(const BackupResult& backup) const { return repository() + "/" + backup.name; }
  BackupResult Backup() { return REQUIRE_OK_AND_TAKE(db->CreateBackup({.repository = repository()})); }
  // The versions a restored copy holds.
  std::vector<std::string> Restored(const std::string& backup, const std::string& target) {
    REQUIRE_OK(RestoreBackup(PosixFileSystem(), backup, dir.File(target), {}).status());
    const auto restored = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(dir.File(target), &clock)));
    last_commit = restored->GetStats().visible_commit;
    return AllVersions(restored.get(), "t");
  }

  FakeClock clock;
  TempDir dir;
  std::unique_ptr<Database> db;
  Commit last_commit = 0;
};

std::vector<std::string> SentencesOf(const std::string& backup) {
  std::vector<std::string> found;
  REQUIRE_OK(CheckBackup(PosixFileSystem(), backup,
                         [&](const absl::Status& file) {
                           if (!file.ok()) found.push_back(file.ToString());
                           return absl::OkStatus();
                         },
                         {}).status());
  return found;
}

// Lines "commit/..." of commits up to `limit`, with ends behind it taken back.
std::vector<std::string> AsOf(const std::vector<std::string>& versions, Commit limit) {
  std::vector<std::string> kept;
  for (const std::string& line : versions) {
    if (std::stoull(line) > limit) continue;
    const size_t space = line.rfind(' ');
    const std::string end = line.substr(space + 1);
    kept.push_back(end == "now" || std::stoull(end) > limit ? line.substr(0, space) + " now" : line);
  }
  return kept;
}

// What a read shows: "key=x", sorted.
absl::StatusOr<std::vector<std::string>> Shown(Database* db, const SnapshotRequest& request) {
  ASSIGN_OR_RETURN(const auto snapshot, db->OpenSnapshot("t", request));
  std::vector<std::string> rows;
  for (const auto& segment : snapshot->segments) {
    for (size_t g = 0; g < segment->row_group_count(); ++g) {
      const RowGroupView& group = segment->row_group(g);
      const uint32_t count = group.row_count();
      std::vector<uint64_t> selection(WordsForBits(count) + 1);
      FillOnes(selection.data(), count);
      RETURN_IF_ERROR(group.SelectVisible(snapshot->window, 0, count, selection.data()));
      Column keys(DataType::String()), x(DataType::Scalar(TypeKind::kInt64));
      ASSIGN_OR_RETURN(const ColumnChunk* key_chunk, group.column(snapshot->table->columns[0].id));
      ASSIGN_OR_RETURN(const ColumnChunk* x_chunk, group.column(snapshot->table->columns[2].id));
      RETURN_IF_ERROR(key_chunk->Decode(0, count, &keys));
      RETURN_IF_ERROR(x_chunk->Decode(0, count, &x));
      for (uint32_t row = 0; row < count; ++row) {
        if (!GetBit(selection.data(), row)) continue;
        rows.push_back(std::string(keys.StringAt(row)) + "=" + std::to_string(x.values_as<int64_t>()[row]));
      }
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

TEST_CASE("A restored backup shows the past by commit, by time and from one commit on", "[storage][backup]") {
  constexpr int64_t kMinute = 60'000'000'000;
  const bool forgets = GENERATE(false, true);
  Fixture f;
  const int64_t start = f.clock.NowNanos();
  if (forgets) REQUIRE_OK(f.db->AlterTable("t", SetPolicy{.history_ns = 5 * kMinute}).status());
  for (int i = 0; i < 8; ++i) {
    f.clock.Advance(kMinute);
    PutRows(f.db.get(), "t", 100 * i, 300, i);
    if (i % 2 == 0) f.Move(Tier::kHot, Tier::kWarm);
    if (i == 3) f.Move(Tier::kWarm, Tier::kCold);
  }
  f.clock.Advance(kMinute);
  if (forgets) {
    f.Move(Tier::kHot, Tier::kCold);  // what nobody may read any more is dropped on the way
    f.Move(Tier::kWarm, Tier::kCold);
  }
  PutRows(f.db.get(), "t", 0, 50, 77);  // in the log alone
  const BackupResult backup = f.Backup();
  REQUIRE_OK(RestoreBackup(PosixFileSystem(), f.PathOf(backup), f.dir.File("restored"), {}).status());
  const auto restored = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(f.dir.File("restored"), &f.clock)));
  std::vector<SnapshotRequest> requests;
  for (Commit commit = 0; commit <= backup.commit; ++commit) {
    requests.push_back({.as_of = commit});
    requests.push_back({.as_of = commit, .history = true});
  }
  for (int64_t time = start; time <= f.clock.NowNanos(); time += kMinute / 2) requests.push_back({.as_of_time_ns = time});
  requests.push_back({.history = true});
  int refused = 0;
  for (const SnapshotRequest& request : requests) {
    CAPTURE(request.as_of.value_or(0), request.as_of_time_ns.value_or(0), request.history);
    const auto expected = Shown(f.db.get(), request);
    const auto found = Shown(restored.get(), request);
    CHECK(found.status() == expected.status());
    refused += expected.ok() ? 0 : 1;
    if (expected.ok() && found.ok()) CHECK(*found == *expected);
  }
  CHECK((refused > 0) == forgets);
}

TEST_CASE("A restored backup holds every version of every tier and goes on from there", "[storage][backup]") {
  Fixture f;
  f.Fill();
  const std::vector<std::string> before = AllVersions(f.db.get(), "t");
  const BackupResult backup = f.Backup();
  CHECK(backup.name == "backup-000001");
  CHECK(SentencesOf(f.PathOf(backup)).empty());
  PutRows(f.db.get(), "t", 0, 10, 9);  // after the backup, so not in it
  CHECK(f.Restored(f.PathOf(backup), "restored") == before);
  CHECK(f.last_commit == backup.commit);
  const auto restored = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(f.dir.File("restored"), &f.clock)));
  CHECK(PutRows(restored.get(), "t", 0, 10, 4) == backup.commit + 1);
  uint64_t damages = 0;
  REQUIRE_OK(restored->Verify({}, [&](const VerifyProgress&, const absl::Status& checked) {
    damages += !checked.ok();
    return absl::OkStatus();
  }).status());
  CHECK(damages == 0);
  CHECK(SentencesOf(f.PathOf(backup)).empty());  // nothing written to the copy reaches the backup
}

TEST_CASE("A backup of an empty database restores to an empty database", "[storage][backup]") {
  Fixture f;
  const BackupResult backup = f.Backup();
  CHECK(f.Restored(f.PathOf(backup), "restored").empty());
}

TEST_CASE("Backups taken while rows come, end and move hold exactly their commit", "[storage][backup]") {
  Fixture f;
  f.Fill();
  std::atomic<bool> stop{false};
  absl::Status written;
  std::thread writer([&] {
    for (int i = 0; !stop && i < 400; ++i) {
      const Tier tier = i % 11 == 0 ? Tier::kWarm : Tier::kHot;
      written.Update(TryPutRows(f.db.get(), "t", 37 * i % 3000, 50, 100 + i, tier).status());
    }
  });
  std::thread mover([&] {
    while (!stop) {
      f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status().IgnoreError();
      f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kCold}).status().IgnoreError();
    }
  });
  std::vector<BackupResult> backups;
  for (int i = 0; i < 4; ++i) backups.push_back(f.Backup());
  stop = true;
  writer.join();
  mover.join();
  REQUIRE_OK(written);
  const std::vector<std::string> all = AllVersions(f.db.get(), "t");
  for (const BackupResult& backup : backups) {
    CAPTURE(backup.name, backup.commit);
    CHECK(SentencesOf(f.PathOf(backup)).empty());
    CHECK(f.Restored(f.PathOf(backup), "restored-" + backup.name) == AsOf(all, backup.commit));
    CHECK(f.last_commit == backup.commit);
  }
}

TEST_CASE("A later backup shares unchanged files and survives the loss of the earlier one", "[storage][backup]") {
  Fixture f;
  f.Fill();
  const BackupResult first = f.Backup();
  PutRows(f.db.get(), "t", 0, 10, 9);
  const std::vector<std::string> before = AllVersions(f.db.get(), "t");
  const BackupResult second = f.Backup();
  CHECK(first.reused_files == 0);
  uint64_t segments = 0;
  for (const std::string& file : FilesBelow(f.PathOf(second))) segments += file.ends_with(".seg");
  CHECK(segments > 10);
  CHECK(second.reused_files >= segments);
  CHECK(second.copied_bytes < second.total_bytes);
  std::filesystem::remove_all(f.PathOf(first));
  CHECK(f.Restored(f.PathOf(second), "restored") == before);
}

TEST_CASE("A backup holds the log no longer than it takes to save it", "[storage][backup]") {
  Fixture f;
  f.Fill();
  const std::vector<std::string> before = AllVersions(f.db.get(), "t");
  const auto log_files = [&] {
    const std::vector<std::string> files = FilesBelow(f.dir.File("data/wal"));
    return std::set<std::string>(files.begin(), files.end());
  };
  bool wrote = false;
  const auto write_once_segments_are_saved = [&](uint64_t) {
    const std::string warm = f.repository() + "/backup-000001/warm";
    if (wrote || !std::filesystem::exists(warm) || std::filesystem::is_empty(warm)) return absl::OkStatus();
    wrote = true;
    const std::set<std::string> saved = log_files();
    for (int i = 0; i < 20; ++i) PutRows(f.db.get(), "t", 0, 2000, i);
    f.Move(Tier::kHot, Tier::kWarm);
    REQUIRE_OK(f.db->Flush().status());  // the writer trims, as it was asked to by the last seal, before it does this
    // Files named like none of before are there, so that none of before is the one written to.
    const std::set<std::string> now = log_files();
    REQUIRE_FALSE(std::includes(saved.begin(), saved.end(), now.begin(), now.end()));
    for (const std::string& file : saved) {
      CAPTURE(file);
      CHECK(now.count(file) == 0);
    }
    return absl::OkStatus();
  };
  const BackupResult backup = REQUIRE_OK_AND_TAKE(
      f.db->CreateBackup({.repository = f.repository(), .observer = write_once_segments_are_saved}));
  CHECK(wrote);
  CHECK(f.Restored(f.PathOf(backup), "restored") == before);
}

TEST_CASE("Damage anywhere in a backup is found, named, and keeps it from being restored", "[storage][backup]") {
  Fixture f;
  f.Fill();
  const BackupResult backup = f.Backup();
  const std::string path = f.PathOf(backup);
  for (const std::string& file : FilesBelow(path)) {
    const uint64_t bytes = std::filesystem::file_size(path + "/" + file);
    if (bytes == 0) continue;
    CAPTURE(file);
    const FlippedBit flip(path + "/" + file, bytes / 2, 5);
    const absl::Status refused = RestoreBackup(PosixFileSystem(), path, f.dir.File("target"), {}).status();
    CHECK(absl::IsDataLoss(refused));
    CHECK(std::string(refused.message()).find(file) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(f.dir.File("target")));
    if (file != kBackupManifestName) CHECK(SentencesOf(path).size() == 1);
  }
  const std::string victim = path + "/" + REQUIRE_OK_AND_TAKE(ReadBackupManifest(PosixFileSystem(), path)).files[0].path;
  const std::string bytes = testing::Slurp(victim);
  std::ofstream(victim, std::ios::app) << "x";
  CHECK(SentencesOf(path).size() == 1);
  std::filesystem::remove(victim);
  REQUIRE_STATUS(RestoreBackup(PosixFileSystem(), path, f.dir.File("target"), {}).status(), kDataLoss, "missing");
}

TEST_CASE("A damaged database is not backed up over a good one", "[storage][backup]") {
  Fixture f;
  f.Fill();
  std::string victim;
  for (const std::string& file : FilesBelow(f.dir.File("data"))) {
    if (file.ends_with(".seg")) victim = file;
  }
  const FlippedBit flip(f.dir.File("data") + "/" + victim, 200, 1);
  REQUIRE_STATUS(f.db->CreateBackup({.repository = f.repository()}).status(), kDataLoss,
                 std::filesystem::path(victim).filename().string());
  CHECK_FALSE(std::filesystem::exists(f.repository()));
}

TEST_CASE("A backup takes no file from the one before that lost bytes there", "[storage][backup]") {
  Fixture f;
  f.Fill();
  const BackupResult first = f.Backup();
  size_t cut = 0;
  for (const std::string& file : FilesBelow(f.PathOf(first))) {
    const std::string path = f.PathOf(first) + "/" + file;
    if (!file.ends_with(".seg") || cut++ > 2) continue;
    const std::string bytes = Slurp(path);
    std::filesystem::remove(path);  // its other name, the database's, stays as it is
    std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() - 1);
  }
  REQUIRE(cut > 2);
  const BackupResult second = f.Backup();
  CHECK(second.reused_files > 0);
  CHECK_FALSE(SentencesOf(f.PathOf(first)).empty());
  CHECK(SentencesOf(f.PathOf(second)).empty());
}

TEST_CASE("A backup that fails leaves nothing behind where nothing was", "[storage][backup]") {
  Fixture f;
  f.Fill();
  const auto refuse = [](uint64_t) { return absl::CancelledError("enough"); };
  const auto fail = [&] {
    REQUIRE_STATUS(f.db->CreateBackup({.repository = f.repository(), .observer = refuse}).status(), kCancelled, "enough");
  };
  fail();
  CHECK_FALSE(std::filesystem::exists(f.repository()));
  // What somebody else made stays.
  std::filesystem::create_directory(f.repository());
  std::ofstream(f.repository() + "/notes") << "x";
  fail();
  CHECK(std::filesystem::exists(f.repository() + "/notes"));
  CHECK(SentencesOf(f.PathOf(f.Backup())).empty());
}

TEST_CASE("A backup copies files that can be given no further name", "[storage][backup]") {
  FaultyFileSystem fs(PosixFileSystem());
  Fixture f(&fs);
  f.Fill();
  const std::vector<std::string> before = AllVersions(f.db.get(), "t");
  fs.Inject({.part = "link ", .count = UINT64_MAX, .status = ErrnoToStatus(EMLINK, "link", "a to b")});
  const BackupResult first = f.Backup();
  const BackupResult second = f.Backup();
  fs.StopFailing();
  CHECK(second.reused_files == 0);
  CHECK(f.Restored(f.PathOf(second), "restored") == before);
}

TEST_CASE("Backups and restores go only where they harm nothing", "[storage][backup]") {
  Fixture f;
  PutRows(f.db.get(), "t", 0, 10, 1);
  REQUIRE_STATUS(f.db->CreateBackup({.repository = f.dir.File("data/backups")}).status(), kInvalidArgument, "inside");
  const std::string backup = f.PathOf(f.Backup());
  std::filesystem::create_directory(f.dir.File("full"));
  std::ofstream(f.dir.File("full/file")) << "x";
  REQUIRE_STATUS(RestoreBackup(PosixFileSystem(), backup, f.dir.File("full"), {}).status(), kFailedPrecondition, "empty");
  REQUIRE_STATUS(RestoreBackup(PosixFileSystem(), backup, backup + "/here", {}).status(), kInvalidArgument, "itself");
  REQUIRE_STATUS(RestoreBackup(PosixFileSystem(), f.dir.File("full"), f.dir.File("x"), {}).status(), kNotFound, "BACKUP");
  REQUIRE_STATUS(Database::Open(SmallDatabase(backup, &f.clock)).status(), kFailedPrecondition, "is a backup");
  // The next backup into the repository would take it for one that was never finished, with all it holds.
  const std::string nested = f.repository() + "/backup-000007";
  REQUIRE_STATUS(f.db->CreateBackup({.repository = nested}).status(), kInvalidArgument, "a name of backups");
  CHECK_FALSE(std::filesystem::exists(nested));
}

TEST_CASE("A restore into a directory that another one filled meanwhile harms nothing", "[storage][backup]") {
  Fixture f;
  f.Fill();
  const std::vector<std::string> rows = AllVersions(f.db.get(), "t");
  const std::string backup = f.PathOf(f.Backup());
  const std::string target = f.dir.File("restored");
  absl::Status other = absl::UnknownError("not tried");
  const ByteObserver fill_it_first = [&](uint64_t) {
    if (absl::IsUnknown(other)) other = RestoreBackup(PosixFileSystem(), backup, target, {}).status();
    return absl::OkStatus();
  };
  REQUIRE_STATUS(RestoreBackup(PosixFileSystem(), backup, target, fill_it_first).status(), kFailedPrecondition,
                 "holds something");
  REQUIRE_OK(other);
  const auto restored = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(target, &f.clock)));
  CHECK(AllVersions(restored.get(), "t") == rows);
}

TEST_CASE("A backup that meets a full disk says so and leaves nothing that looks like one", "[storage][backup]") {
  FaultyFileSystem fs(PosixFileSystem());
  Fixture f(&fs);
  f.Fill();
  f.Backup();
  // In the checkpoint the meta store itself writes; a failure there is its own to survive, so only the rest is failed.
  testing::InjectedFault fault = {
      .part = f.repository(), .but_not = "/meta", .status = absl::ResourceExhaustedError("no space left")};
  const std::vector<std::string> done = fs.operations();
  const auto operations = static_cast<uint64_t>(std::count_if(done.begin(), done.end(), [&](const std::string& operation) {
    return operation.find(fault.part) != std::string::npos && operation.find(fault.but_not) == std::string::npos;
  }));
  CHECK(operations > 20);
  const std::vector<std::string> rows = AllVersions(f.db.get(), "t");
  for (uint64_t step = 0; step < operations; step += 7) {
    CAPTURE(step, operations);
    fault.after = step;
    fs.Inject(fault);
    const auto backup = f.db->CreateBackup({.repository = f.repository()});
    fs.StopFailing();
    if (!backup.ok()) CHECK(absl::IsResourceExhausted(backup.status()));
    uint64_t good = 0;
    for (const ListedBackup& listed : REQUIRE_OK_AND_TAKE(ListBackups(PosixFileSystem(), f.repository()))) {
      good += listed.status.ok();
    }
    CHECK(good >= 1);
  }
  const BackupResult last = f.Backup();
  CHECK(SentencesOf(f.PathOf(last)).empty());
  for (const ListedBackup& listed : REQUIRE_OK_AND_TAKE(ListBackups(PosixFileSystem(), f.repository()))) {
    CHECK(listed.status.ok());
  }
  CHECK(f.Restored(f.PathOf(last), "restored") == rows);
}

// The child of the test below: runs until the kill point that its environment orders.
TEST_CASE("Backup and restore in a process of their own", "[.child]") {
  const char* const dir = std::getenv("CORTEX_TEST_DIR");
  REQUIRE(dir != nullptr);
  const std::string root = dir;
  FakeClock clock;
  const auto db = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(root + "/data", &clock)));
  CreateTestTable(db.get(), "t");
  PutRows(db.get(), "t", 0, 1500, 1);
  REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status());
  PutRows(db.get(), "t", 1500, 10, 1);
  const BackupResult backup = REQUIRE_OK_AND_TAKE(db->CreateBackup({.repository = root + "/backups"}));
  REQUIRE_OK(RestoreBackup(PosixFileSystem(), root + "/backups/" + backup.name, root + "/restored", {}).status());
}

TEST_CASE("A backup or restore killed at any step is recognised, swept and done again", "[storage][backup][recovery]") {
  const std::string point = GENERATE("backup-started", "backup-checkpoint", "backup-file:3", "backup-files",
                                     "backup-complete", "restore-started", "restore-file:2", "restore-copied");
  CAPTURE(point);
  FakeClock clock;
  TempDir dir;
  // A new image: the threads that RocksDB keeps in this process do not survive a plain fork.
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kKillPointVariable, point.c_str(), 1);
    ::setenv("CORTEX_TEST_DIR", dir.path().c_str(), 1);
    ::execl("/proc/self/exe", "backup_child", "[.child]", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  const std::string repository = dir.File("backups");
  const auto db = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(dir.File("data"), &clock)));
  const bool complete = point == "backup-complete" || point.starts_with("restore");
  const auto listed = REQUIRE_OK_AND_TAKE(ListBackups(PosixFileSystem(), repository));
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].status.ok() == complete);
  const BackupResult again = REQUIRE_OK_AND_TAKE(db->CreateBackup({.repository = repository}));
  CHECK((again.reused_files > 0) == complete);
  for (const ListedBackup& backup : REQUIRE_OK_AND_TAKE(ListBackups(PosixFileSystem(), repository))) {
    CHECK(backup.status.ok());
  }
  if (point.starts_with("restore")) {
    REQUIRE_STATUS(Database::Open(SmallDatabase(dir.File("restored"), &clock)).status(), kFailedPrecondition,
                   "not finished");
  }
  REQUIRE_OK(RestoreBackup(PosixFileSystem(), repository + "/" + again.name, dir.File("again"), {}).status());
  const auto restored = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(dir.File("again"), &clock)));
  CHECK(AllVersions(restored.get(), "t") == AllVersions(db.get(), "t"));
}

}  // namespace cortex
