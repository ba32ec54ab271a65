#include "server/query_registry.h"

#include "absl/strings/str_format.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

constexpr size_t kMaxIdBytes = 64;

}  // namespace

absl::StatusOr<std::string> QueryRegistry::Add(const std::string& wanted_id, CancelFlag cancelled) {
  if (wanted_id.size() > kMaxIdBytes) {
    return InvalidField("query_id",
                        absl::StrFormat("query_id is %d bytes long, at most %d", wanted_id.size(), kMaxIdBytes));
  }
  MutexLock lock(&mutex_);
  std::string id = wanted_id;
  while (id.empty() || (wanted_id.empty() && running_.count(id) > 0)) id = absl::StrFormat("q-%d", next_number_++);
  if (!running_.emplace(id, std::move(cancelled)).second) {
    return absl::AlreadyExistsError(absl::StrFormat("a query \"%s\" is running already", id));
  }
  return id;
}

void QueryRegistry::Remove(const std::string& id) {
  MutexLock lock(&mutex_);
  running_.erase(id);
}

bool QueryRegistry::Cancel(const std::string& id) {
  MutexLock lock(&mutex_);
  const auto query = running_.find(id);
  if (query == running_.end()) return false;
  query->second->store(true, std::memory_order_release);
  return true;
}

void QueryRegistry::CancelAll() {
  MutexLock lock(&mutex_);
  for (const auto& [id, cancelled] : running_) cancelled->store(true, std::memory_order_release);
}

}  // namespace cortex
