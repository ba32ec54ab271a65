// How much of the write-ahead log must stay, and what to do when that is too much.
#ifndef CORTEX_STORAGE_LOG_TRIMMING_H_
#define CORTEX_STORAGE_LOG_TRIMMING_H_

#include "absl/status/status.h"

namespace cortex {

class CommitLog;
class ProducerRegistry;
class Sealer;
class TableRegistry;

// After a group was sealed or a table dropped: asks `log` to let go of everything below the oldest row that is in no file
// yet. Thread-safe. Errors: those of the meta store, which must sync what producers sent first; then the log is kept.
absl::Status TrimLog(const TableRegistry& registry, ProducerRegistry* producers, CommitLog* log);

// Has `sealer` write what the oldest record of the log is kept for, unless it is at work anyway. Thread-safe; does not wait.
void SealOldestOpenGroup(const TableRegistry& registry, Sealer* sealer);

}  // namespace cortex

#endif  // CORTEX_STORAGE_LOG_TRIMMING_H_
