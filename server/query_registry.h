// The queries that run now, by name, so that Cancel finds them.
#ifndef CORTEX_SERVER_QUERY_REGISTRY_H_
#define CORTEX_SERVER_QUERY_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Set once by whoever cancels; read by the engine every 1,024 rows.
using CancelFlag = std::shared_ptr<std::atomic<bool>>;

// Thread-safe.
class QueryRegistry {
 public:
  // Enters a query under `wanted_id`, or under a new name if it is empty. Errors: ALREADY_EXISTS, INVALID_ARGUMENT
  // longer than 64 bytes.
  absl::StatusOr<std::string> Add(const std::string& wanted_id, CancelFlag cancelled);
  void Remove(const std::string& id);
  // False if no such query runs.
  bool Cancel(const std::string& id);
  void CancelAll();

 private:
  Mutex mutex_;  // guards both; a leaf
  std::map<std::string, CancelFlag> running_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_QUERY_REGISTRY_H_
