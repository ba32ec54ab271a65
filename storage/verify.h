// Checks everything a running database has on disk, at a pace that leaves the disk to others: segment files with what
// manifest and cold index say of them, the log up to what is synced, the meta store.
//
// Findings never end it. A segment that moves while the check runs is checked where it went; the rest of a table that is
// dropped meanwhile is left out.
#ifndef CORTEX_STORAGE_VERIFY_H_
#define CORTEX_STORAGE_VERIFY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "storage/database.h"

namespace cortex {

class CommitLog;
class FileTier;
class MetaStore;
class TableRegistry;

// All borrowed.
struct VerifyInput {
  const DatabaseOptions* options = nullptr;
  uint64_t server_id = 0;
  MetaStore* meta = nullptr;
  FileTier* warm = nullptr;
  FileTier* cold = nullptr;
  const TableRegistry* registry = nullptr;
  CommitLog* log = nullptr;
};

absl::StatusOr<VerifyProgress> VerifyDatabase(const VerifyInput& input, const VerifyRequest& request,
                                              const VerifyObserver& observer);

}  // namespace cortex

#endif  // CORTEX_STORAGE_VERIFY_H_
