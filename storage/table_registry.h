// The tables that exist now, by name. Dropping removes a table here; whoever still holds it finishes undisturbed.
#ifndef CORTEX_STORAGE_TABLE_REGISTRY_H_
#define CORTEX_STORAGE_TABLE_REGISTRY_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/runtime/mutex.h"
#include "storage/table/table.h"

namespace cortex {

// Thread-safe.
class TableRegistry {
 public:
  // False if the name is taken.
  bool Add(std::shared_ptr<Table> table);
  void Remove(std::string_view name);
  // Errors: NOT_FOUND with the nearest name.
  absl::StatusOr<std::shared_ptr<Table>> Find(std::string_view name) const;
  // nullptr if there is none.
  std::shared_ptr<Table> FindById(TableId id) const;
  // By name.
  std::vector<std::shared_ptr<Table>> List() const;

 private:
  mutable Mutex mutex_;  // guards tables_; a leaf
  std::map<std::string, std::shared_ptr<Table>, std::less<>> tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_REGISTRY_H_
