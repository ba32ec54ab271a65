#include "storage/table_registry.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace cortex {

bool TableRegistry::Add(std::shared_ptr<Table> table) {
  MutexLock lock(&mutex_);
  const std::string name = table->definition()->name;
  return tables_.emplace(name, std::move(table)).second;
}

void TableRegistry::Remove(std::string_view name) {
  MutexLock lock(&mutex_);
  const auto it = tables_.find(name);
  if (it != tables_.end()) tables_.erase(it);
}

absl::StatusOr<std::shared_ptr<Table>> TableRegistry::Find(std::string_view name) const {
  std::vector<std::string> names;
  {
    MutexLock lock(&mutex_);
    const auto it = tables_.find(name);
    if (it != tables_.end()) return it->second;
    for (const auto& [known, table] : tables_) names.push_back(known);
  }
  const auto nearest = NearestName(name, names);
  return absl::NotFoundError(nearest.has_value()
                                 ? absl::StrFormat("unknown table \"%s\"; did you mean \"%s\"?", name, *nearest)
                                 : absl::StrFormat("unknown table \"%s\"", name));
}

std::shared_ptr<Table> TableRegistry::FindById(TableId id) const {
  MutexLock lock(&mutex_);
  for (const auto& [name, table] : tables_) {
    if (table->id() == id) return table;
  }
  return nullptr;
}

std::vector<std::shared_ptr<Table>> TableRegistry::List() const {
  MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<Table>> tables;
  for (const auto& [name, table] : tables_) tables.push_back(table);
  return tables;
}

}  // namespace cortex
