// Keeps the number of mapped segment files small, however many files and tables there are: least recently used files are
// unmapped when a further one is to be mapped, and mapped again when somebody reads them. What their readers keep in
// memory (footers, opened chunks, filters) goes with the mapping, so the same is done when memory is short.
//
// A reader in use keeps its mapping: a snapshot over more files than the limit exceeds it for as long as it lives, and
// everything mapped on its behalf goes with it. Mappings hold no file descriptor (storage/io/file_system.h), so
// descriptors are bounded by the files being opened at one moment.
#ifndef CORTEX_STORAGE_TIERS_MAPPING_CACHE_H_
#define CORTEX_STORAGE_TIERS_MAPPING_CACHE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "codecs/codec.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/mutex.h"
#include "storage/table/live_segment.h"

namespace cortex {

inline constexpr uint64_t kMaxMappedFiles = 4'096;

// The cache's handle on one file of a tier.
struct MappedSlot {
  std::weak_ptr<const SealedFile> file;  // set before the file is read
  std::atomic<int64_t> mapped_ns{0};     // monotonic
  std::atomic<bool> mapped{false};       // since it was last unmapped
  std::atomic<bool> listed{false};       // among those that may be unmapped
};

// Thread-safe. Must outlive the tiers that use it; mappings may outlive it.
class MappingCache {
 public:
  using OpenSource = std::function<absl::StatusOr<std::shared_ptr<const ByteSource>>()>;

  explicit MappingCache(const Clock* clock, uint64_t limit = kMaxMappedFiles);

  // Maps a file by `open`, after unmapping others if there are `limit` mappings. The result counts as a mapping until
  // its last holder lets go.
  absl::StatusOr<std::shared_ptr<const ByteSource>> Map(const std::shared_ptr<MappedSlot>& slot,
                                                        const OpenSource& open);
  // The file's reader keeps something in memory, mapped or not.
  void NoteCached(const std::shared_ptr<MappedSlot>& slot);
  // Unmaps least recently used files until their readers have given back about `bytes`, or none keeps anything.
  void GiveWay(uint64_t bytes);
  uint64_t mapped_files() const { return mapped_->load(std::memory_order_relaxed); }
  uint64_t unmapped_total() const { return unmapped_total_.load(std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }

 private:
  void List(const std::shared_ptr<MappedSlot>& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeRoom();
  void Unmap(const std::vector<std::shared_ptr<MappedSlot>>& victims);

  const Clock* const clock_;
  const uint64_t limit_;
  const std::shared_ptr<std::atomic<uint64_t>> mapped_ = std::make_shared<std::atomic<uint64_t>>(0);
  std::atomic<uint64_t> unmapped_total_{0};
  size_t next_sweep_ ABSL_GUARDED_BY(mutex_);
  Mutex mutex_;  // guards the list; a leaf, not held while files are mapped or unmapped
  std::vector<std::shared_ptr<MappedSlot>> slots_ ABSL_GUARDED_BY(mutex_);  // mapped or cached, and not yet unmapped
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_MAPPING_CACHE_H_
