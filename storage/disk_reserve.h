// Refuses rows while a disk has less free space than is kept in reserve, so that what must still be written has room:
// the log and its sealing, deletes, moves between tiers, the manifest. Nothing but ingest asks here. Space that comes
// back is noticed by the next batch: there is no state to leave.
#ifndef CORTEX_STORAGE_DISK_RESERVE_H_
#define CORTEX_STORAGE_DISK_RESERVE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/database.h"
#include "storage/runtime/mutex.h"

namespace cortex {

class Clock;
class FileSystem;

struct DiskReserveOptions {
  FileSystem* file_system = nullptr;  // borrowed
  const Clock* clock = nullptr;       // borrowed
  std::string data_dir, warm_dir, cold_dir;
  uint64_t data_bytes = 0, warm_bytes = 0, cold_bytes = 0;  // kept free; 0: none
};

// Thread-safe.
class DiskReserve {
 public:
  explicit DiskReserve(const DiskReserveOptions& options);

  // OK if rows bound for `tier` may come in: `hot` needs the data directory and, to seal, the warm one; `warm` and
  // `cold` the data directory and their own. Asks the kernel at most every 100 ms.
  // Errors: RESOURCE_EXHAUSTED naming directory, free bytes and reserve.
  absl::Status CheckIngest(Tier tier);

  // As last seen, asked again if that is older than 100 ms: data, warm, cold.
  std::vector<DiskStats> Stats();
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  static constexpr int64_t kFreshNs = 100'000'000;

  // A disk that cannot be asked is not a reason to refuse: the write will say what is wrong with it.
  void Refresh() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem* const file_system_;
  const Clock* const clock_;

  Mutex mutex_;  // guards what was seen; held across statvfs, which asks the kernel's memory, not the disk
  std::vector<DiskStats> disks_ ABSL_GUARDED_BY(mutex_);
  int64_t seen_ns_ ABSL_GUARDED_BY(mutex_) = 0;
  bool seen_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<uint64_t> refused_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_DISK_RESERVE_H_
