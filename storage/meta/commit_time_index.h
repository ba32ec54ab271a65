// Windows of commits and when they began; storage/commit_times.h says what they mean. Two keys per entry, one per
// direction, in a column family of their own. Not synced; logged in order with everything else.
#ifndef CORTEX_STORAGE_META_COMMIT_TIME_INDEX_H_
#define CORTEX_STORAGE_META_COMMIT_TIME_INDEX_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/meta/meta_db.h"

namespace cortex {

absl::Status WriteCommitTime(MetaDb* db, const CommitTime& entry);
// Errors of all reads: DATA_LOSS.
absl::StatusOr<std::optional<CommitTime>> ReadLastCommitTime(const MetaDb& db);
absl::StatusOr<std::optional<CommitTime>> ReadFirstCommitTimeAfter(const MetaDb& db, int64_t time_ns);
absl::StatusOr<std::optional<CommitTime>> ReadCommitTimeOf(const MetaDb& db, Commit commit);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_COMMIT_TIME_INDEX_H_
