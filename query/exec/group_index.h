// Numbers groups: equal rows of GROUP BY expressions get one number, in order of first appearance.
#ifndef CORTEX_QUERY_EXEC_GROUP_INDEX_H_
#define CORTEX_QUERY_EXEC_GROUP_INDEX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "query/expr/batch_column.h"

namespace cortex::query {

// One thread at a time.
class GroupIndex {
 public:
  // Appends the group of every row to `groups`. A single dictionary column is looked up once per code, not per row.
  void Number(const std::vector<BatchColumn>& keys, uint32_t rows, std::vector<uint32_t>* groups);
  // The group of an encoded key (row_key.h), added if new.
  uint32_t NumberOf(const std::string& key);

  size_t size() const { return keys_.size(); }
  const std::string& key(uint32_t group) const { return keys_[group]->first; }
  size_t memory_bytes() const { return bytes_; }

 private:
  void NumberCodes(const BatchColumn& codes, uint32_t rows, std::vector<uint32_t>* groups);

  absl::node_hash_map<std::string, uint32_t> numbers_;  // nodes: keys_ points at them
  std::vector<const std::pair<const std::string, uint32_t>*> keys_;
  size_t bytes_ = 0;
  // Groups of the codes of the dictionary met last; kUnknown where not looked up yet.
  static constexpr uint32_t kUnknown = UINT32_MAX;
  const StringDictionary* last_dictionary_ = nullptr;
  std::shared_ptr<const void> last_owner_;  // keeps it, so that its address cannot come back as another dictionary
  std::vector<uint32_t> code_groups_;
  uint32_t null_group_ = kUnknown;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_GROUP_INDEX_H_
