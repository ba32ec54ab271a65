// Damage at rest, by seed and by class of file: flipped bits, cut files, zeroed pages, swapped blocks, stale files. It
// is found and named, or has no effect; no row is ever wrong, and what is not damaged stays readable.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "storage/wal/wal_reader.h"
#include "tests/recovery/life.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

namespace fs = std::filesystem;

std::string Slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void Store(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

std::vector<fs::path> FilesIn(const fs::path& dir, const std::set<std::string>& extensions) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.is_regular_file() && extensions.count(entry.path().extension()) != 0) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A database in peace with rows in the log, warm files, cold archives and the meta store; and what it holds.
class Original {
 public:
  Original() {
    Life life(PosixFileSystem(), dir_.File("data"));
    REQUIRE_OK(life.Open());
    ExpectedRows expected;
    std::vector<LifeStep> steps = ScriptedLife();
    LifeStep put = {.kind = LifeStep::Kind::kPut, .table = "e"};
    for (int i = 0; i < 60; ++i) {  // events everywhere: many log files, files in both tiers, no row superseded
      put.first = 10'000 + i * 40;
      put.count = 40;
      put.x = 100 + i;
      put.to = i < 5 ? Tier::kWarm : i < 10 ? Tier::kCold : Tier::kHot;
      steps.push_back(put);
    }
    REQUIRE_OK(life.DoAll(steps, &expected));
    reading_ = life.Read();
    REQUIRE(expected.Settle(reading_.rows) == "");
  }
  void CopyTo(const std::string& to) const { fs::copy(dir_.File("data"), to, fs::copy_options::recursive); }
  const LifeReading& reading() const { return reading_; }

 private:
  TempDir dir_;
  LifeReading reading_;
};

enum class FileClass { kWal, kWarm, kCold, kMeta };

struct Damage {
  std::string file;
  std::string what;
};

// Below the last position that later bytes of the log call synced: what lies above is a torn tail by definition.
size_t SyncedEnd(const fs::path& dir) {
  const auto reader = REQUIRE_OK_AND_TAKE(WalReader::Open(PosixFileSystem(), {.dir = dir.string()}));
  WalRecord record;
  while (REQUIRE_OK_AND_TAKE(reader->Next(&record))) {
  }
  REQUIRE(reader->tail().ends_with_marker);
  return reader->tail().files.back().used_bytes - WalRecordBytes(0);  // without the marker itself
}

Damage Inflict(const fs::path& data, FileClass file_class, RandomSteps* random) {
  const fs::path dir = data / (file_class == FileClass::kWal    ? "wal"
                               : file_class == FileClass::kWarm ? "warm"
                               : file_class == FileClass::kCold ? "cold"
                                                                : "meta");
  const std::vector<fs::path> files =
      FilesIn(dir, file_class == FileClass::kMeta ? std::set<std::string>{".sst", ".log", ""}
                                                  : std::set<std::string>{".seg", ".log"});
  REQUIRE(files.size() > 1);
  const size_t index = random->Random(files.size());
  const fs::path& file = files[index];
  const bool last_of_log = file_class == FileClass::kWal && index + 1 == files.size();
  std::string bytes = Slurp(file);
  const size_t end = last_of_log ? SyncedEnd(dir) : bytes.size();
  Damage damage = {.file = file.filename().string(), .what = ""};
  uint64_t kind = random->Random(5);
  if (last_of_log && (kind == 1 || kind == 4)) kind = 0;  // a shorter log is what a torn tail leaves
  if (end < 2) kind = 1;
  if (kind == 0) {
    const size_t at = random->Random(end);
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << random->Random(8));
    damage.what = "bit flipped at " + std::to_string(at);
  } else if (kind == 1) {
    bytes.resize(random->Random(bytes.size() + 1));
    damage.what = "cut to " + std::to_string(bytes.size());
  } else if (kind == 2) {
    const size_t at = random->Random(end) / 4096 * 4096;
    std::fill_n(bytes.begin() + static_cast<long>(at), std::min<size_t>(4096, end - at), '\0');
    damage.what = "zeros at " + std::to_string(at);
  } else if (kind == 3) {
    const size_t block = std::max<size_t>(1, std::min<size_t>(512, end / 2));
    const size_t a = random->Random(end / block) * block, b = random->Random(end / block) * block;
    const std::string first = bytes.substr(a, block), second = bytes.substr(b, block);
    bytes.replace(a, block, second).replace(b, block, first);
    damage.what = "blocks " + std::to_string(a) + " and " + std::to_string(b) + " swapped";
  } else {
    const fs::path& other = files[(index + 1 + random->Random(files.size() - 1)) % files.size()];
    bytes = Slurp(other);
    damage.what = "holds what " + other.filename().string() + " held";
  }
  Store(file, bytes);
  return damage;
}

struct Tally {
  int refused = 0;    // did not open, and said why
  int named = 0;      // opened; reading the damage says DATA_LOSS
  int no_effect = 0;  // every row there and right
};

// What one damaged copy shows. The database must not hold a wrong row, and miss only rows of shards that answer
// DATA_LOSS.
void Examine(const std::string& dir, const Original& original, FileClass file_class, Tally* tally) {
  Life life(PosixFileSystem(), dir);
  const absl::Status opened = life.Open();
  INFO(opened.ToString());
  if (!opened.ok()) {
    REQUIRE((absl::IsDataLoss(opened) || absl::IsFailedPrecondition(opened) || absl::IsNotFound(opened) ||
             absl::IsUnimplemented(opened) || absl::IsInternal(opened)));
    // A file of one segment keeps nobody from serving the rest.
    REQUIRE((file_class == FileClass::kWal || file_class == FileClass::kMeta));
    ++tally->refused;
    return;
  }
  const LifeReading reading = life.Read();
  REQUIRE(reading.twice == "");
  for (const auto& [name, row] : reading.rows) {
    CAPTURE(name, row.x, row.y);
    const auto right = original.reading().rows.find(name);
    REQUIRE(right != original.reading().rows.end());
    REQUIRE(row == right->second);
  }
  for (const auto& [place, status] : reading.damaged) REQUIRE(absl::IsDataLoss(status));
  for (const auto& [name, shard] : original.reading().shards) {
    if (reading.rows.count(name) != 0) continue;
    CAPTURE(name, shard);
    REQUIRE(reading.damaged.count({name.substr(0, name.find('/')), shard}) == 1);
  }
  ++(reading.damaged.empty() ? tally->no_effect : tally->named);
}

void DamageOneClass(FileClass file_class) {
  const char* const asked = std::getenv("CORTEX_DAMAGE_SEEDS");
  const uint64_t seeds = asked == nullptr ? 200 : std::strtoull(asked, nullptr, 10);
  const Original original;
  Tally tally;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    RandomSteps random(seed * 4 + static_cast<uint64_t>(file_class));
    TempDir dir;
    original.CopyTo(dir.File("data"));
    const Damage damage = Inflict(dir.File("data"), file_class, &random);
    CAPTURE(seed, damage.file, damage.what);
    Examine(dir.File("data"), original, file_class, &tally);
  }
  if (asked != nullptr) {
    std::printf("%d damages: %d refused at the start, %d named while reading, %d without effect\n",
                static_cast<int>(seeds), tally.refused, tally.named, tally.no_effect);
  }
  REQUIRE(tally.refused + tally.named > tally.no_effect);
}

}  // namespace

TEST_CASE("Damage to the log below what is synced is refused", "[recovery][damage]") {
  DamageOneClass(FileClass::kWal);
}
TEST_CASE("Damage to a warm file is named and keeps nobody else from reading", "[recovery][damage]") {
  DamageOneClass(FileClass::kWarm);
}
TEST_CASE("Damage to a cold archive is named and keeps nobody else from reading", "[recovery][damage]") {
  DamageOneClass(FileClass::kCold);
}
TEST_CASE("Damage to the meta store never shows a wrong row", "[recovery][damage]") {
  DamageOneClass(FileClass::kMeta);
}

}  // namespace cortex::testing
