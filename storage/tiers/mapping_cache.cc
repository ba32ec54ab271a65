#include "storage/tiers/mapping_cache.h"

#include <algorithm>
#include <utility>

#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

// Counts itself as long as it lives.
class CountedSource final : public ByteSource {
 public:
  CountedSource(std::shared_ptr<const ByteSource> source, std::shared_ptr<std::atomic<uint64_t>> count)
      : source_(std::move(source)), count_(std::move(count)) {
    count_->fetch_add(1, std::memory_order_relaxed);
  }
  ~CountedSource() override {
    source_.reset();
    count_->fetch_sub(1, std::memory_order_relaxed);
  }
  uint64_t size() const override { return source_->size(); }
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override {
    return source_->Read(offset, count);
  }

 private:
  std::shared_ptr<const ByteSource> source_;
  const std::shared_ptr<std::atomic<uint64_t>> count_;
};

// nullopt-like INT64_MIN for files that are gone: they go first.
int64_t LastUse(const MappedSlot& slot) {
  const std::shared_ptr<const SealedFile> file = slot.file.lock();
  if (file == nullptr) return INT64_MIN;
  return std::max(slot.mapped_ns.load(std::memory_order_relaxed), file->access().last_touch_ns());
}

}  // namespace

MappingCache::MappingCache(const Clock* clock, uint64_t limit) : clock_(clock), limit_(std::max<uint64_t>(1, limit)) {}

absl::StatusOr<std::shared_ptr<const ByteSource>> MappingCache::Map(const std::shared_ptr<MappedSlot>& slot,
                                                                    const OpenSource& open) {
  if (mapped_files() >= limit_) MakeRoom();
  ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> source, open());
  std::shared_ptr<const ByteSource> counted = std::make_shared<CountedSource>(std::move(source), mapped_);
  slot->mapped_ns.store(clock_->MonotonicNanos(), std::memory_order_relaxed);
  MutexLock lock(&mutex_);
  // Files that are gone leave their slots behind.
  if (slots_.size() >= 2 * limit_) std::erase_if(slots_, [](const auto& known) { return known->file.expired(); });
  slots_.push_back(slot);
  return counted;
}

void MappingCache::MakeRoom() {
  std::vector<std::shared_ptr<MappedSlot>> victims;
  {
    MutexLock lock(&mutex_);
    // A sixteenth at a time: choosing costs a look at all of them.
    const size_t wanted = std::min<size_t>(slots_.size(), std::max<uint64_t>(1, limit_ / 16));
    std::vector<std::pair<int64_t, size_t>> by_use;
    for (size_t i = 0; i < slots_.size(); ++i) by_use.emplace_back(LastUse(*slots_[i]), i);
    std::partial_sort(by_use.begin(), by_use.begin() + static_cast<ptrdiff_t>(wanted), by_use.end());
    for (size_t i = 0; i < wanted; ++i) victims.push_back(std::move(slots_[by_use[i].second]));
    std::erase(slots_, nullptr);
  }
  for (const auto& victim : victims) {
    const std::shared_ptr<const SealedFile> file = victim->file.lock();
    if (file == nullptr) continue;
    file->Unmap();
    unmapped_total_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace cortex
