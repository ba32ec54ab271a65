// A database that lives through steps on a given file system, and what it holds.
#ifndef CORTEX_TESTS_RECOVERY_LIFE_H_
#define CORTEX_TESTS_RECOVERY_LIFE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/database.h"
#include "storage/io/file_system.h"
#include "storage/runtime/mutex.h"
#include "tests/recovery/expected_rows.h"
#include "tests/recovery/life_step.h"
#include "tests/support/fake_clock.h"

namespace cortex::testing {

// All that can be read, and which shards could not.
struct LifeReading {
  LifeRows rows;
  std::map<std::string, uint32_t> shards;                            // of the rows
  std::map<std::pair<std::string, uint32_t>, absl::Status> damaged;  // (table, shard) -> the first error
  std::string twice;                                                 // a row that came twice, or ""
};

class Life {
 public:
  // Both must outlive it.
  Life(FileSystem* fs, std::string dir) : fs_(fs), dir_(std::move(dir)) {}

  absl::Status Open();
  void Close() { db_.reset(); }
  absl::Status Do(const LifeStep& step);
  // Do for each, with `expected` told; ends at the first error.
  absl::Status DoAll(const std::vector<LifeStep>& steps, ExpectedRows* expected);

  // At the newest commit, or as of an earlier one.
  LifeReading Read(std::optional<Commit> as_of = std::nullopt);
  // Read, without damage.
  absl::StatusOr<LifeRows> Rows(std::optional<Commit> as_of = std::nullopt);
  Commit visible_commit() const { return db_->GetStats().visible_commit; }
  // "" if warm and cold hold exactly the files of the segments; for a database nobody uses.
  std::string CheckFiles();

  Database* db() { return db_.get(); }
  // Lines of the seals and moves: "<event>: <detail>".
  std::vector<std::string> events() const;

 private:
  absl::Status Create(const LifeStep& step);
  absl::Status Put(const LifeStep& step);
  absl::Status Delete(const LifeStep& step);
  std::string CompareFiles();
  void ReadSegment(const Snapshot& snapshot, const SegmentView& segment, LifeReading* reading);

  FileSystem* const fs_;
  const std::string dir_;
  FakeClock clock_;
  mutable Mutex mutex_;  // guards events_
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Database> db_;
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_RECOVERY_LIFE_H_
