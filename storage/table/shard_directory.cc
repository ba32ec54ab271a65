#include "storage/table/shard_directory.h"

#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/meta/meta_store.h"

namespace cortex {

void ShardDirectory::Remember(std::string_view key, uint32_t shard) {
  if (cache_.size() >= kMaxCachedKeys) cache_.clear();
  cache_[AbslView(key)] = static_cast<uint8_t>(shard);
}

absl::Status ShardDirectory::Find(absl::Span<const std::string_view> keys,
                                  std::vector<std::optional<uint32_t>>* shards) {
  shards->assign(keys.size(), std::nullopt);
  std::vector<std::string_view> missing;
  std::vector<size_t> missing_at;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto it = cache_.find(AbslView(keys[i]));
    if (it != cache_.end()) {
      (*shards)[i] = it->second;
    } else {
      missing.push_back(keys[i]);
      missing_at.push_back(i);
    }
  }
  if (missing.empty()) return absl::OkStatus();
  std::vector<std::optional<uint32_t>> found;
  RETURN_IF_ERROR(meta_->FindPlacements(table_, missing, &found));
  for (size_t i = 0; i < missing.size(); ++i) {
    if (!found[i].has_value()) continue;
    (*shards)[missing_at[i]] = found[i];
    Remember(missing[i], *found[i]);
  }
  return absl::OkStatus();
}

absl::Status ShardDirectory::Place(absl::Span<const std::string_view> keys, absl::Span<const uint32_t> shards) {
  std::vector<std::pair<std::string, uint32_t>> placements;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto it = cache_.find(AbslView(keys[i]));
    if (it != cache_.end() && it->second == shards[i]) continue;
    placements.emplace_back(std::string(keys[i]), shards[i]);
  }
  if (placements.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(meta_->PutPlacements(table_, placements));
  // Not before: what was refused must be put again when the key comes again.
  for (const auto& [key, shard] : placements) Remember(key, shard);
  return absl::OkStatus();
}

}  // namespace cortex
