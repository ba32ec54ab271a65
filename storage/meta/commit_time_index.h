// Windows of commits and when they began; storage/commit_times.h says what they mean. In a column family of their own,
// not synced; logged in order with everything else.
//
// A server that is written to day and night begins a hundred windows a second. So only the last few hundred stand as
// entries of their own, two keys each, one per direction; older ones are packed into runs, again with a key per
// direction. Measured with 2,000,000 windows: README.md.
#ifndef CORTEX_STORAGE_META_COMMIT_TIME_INDEX_H_
#define CORTEX_STORAGE_META_COMMIT_TIME_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/meta/meta_db.h"

namespace cortex {

class CommitTimeIndex {
 public:
  // Windows in a run. Twice as many at most stand by themselves.
  static constexpr size_t kRunEntries = 256;

  explicit CommitTimeIndex(MetaDb* db) : db_(db) {}

  // Commits and times rise from entry to entry. One thread.
  absl::Status Put(const CommitTime& entry);

  // Thread-safe. Errors of all: DATA_LOSS.
  absl::StatusOr<std::optional<CommitTime>> Last() const;
  absl::StatusOr<std::optional<CommitTime>> FirstAfter(int64_t time_ns) const;
  // The last entry at or before `commit`.
  absl::StatusOr<std::optional<CommitTime>> Of(Commit commit) const;

 private:
  absl::StatusOr<size_t> CountSingles() const;
  absl::Status PackOldest(rocksdb::WriteBatch* batch) const;

  MetaDb* const db_;
  std::optional<size_t> singles_;  // entries in no run; nullopt: not counted yet. Put's thread
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_COMMIT_TIME_INDEX_H_
