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

constexpr uint64_t kLeastGivenBack = 4 << 20;

// nullopt-like INT64_MIN for files that are gone: they go first.
int64_t LastUse(const MappedSlot& slot) {
  const std::shared_ptr<const SealedFile> file = slot.file.lock();
  if (file == nullptr) return INT64_MIN;
  return std::max(slot.mapped_ns.load(std::memory_order_relaxed), file->access().last_touch_ns());
}

}  // namespace

MappingCache::MappingCache(const Clock* clock, uint64_t limit) 
    : clock_(clock), limit_(std::max<uint64_t>(1, limit)), next_sweep_(2 * limit_) {}

absl::StatusOr<std::shared_ptr<const ByteSource>> MappingCache::Map(const std::shared_ptr<MappedSlot>& slot,
                                                                    const OpenSource& open) {
  if (mapped_files() >= limit_) MakeRoom();
  ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> source, open());
  std::shared_ptr<const ByteSource> counted = std::make_shared<CountedSource>(std::move(source), mapped_);
  slot->mapped.store(true, std::memory_order_relaxed);
  slot->mapped_ns.store(clock_->MonotonicNanos(), std::memory_order_relaxed);
  MutexLock lock(&mutex_);
  List(slot);
  return counted;
}

void MappingCache::NoteCached(const std::shared_ptr<MappedSlot>& slot) {
  if (slot->listed.load(std::memory_order_relaxed)) return;
  MutexLock lock(&mutex_);
  List(slot);
}

void MappingCache::List(const std::shared_ptr<MappedSlot>& slot) {
  if (slot->listed.exchange(true, std::memory_order_relaxed)) return;
  // Files that are gone leave their slots behind.
  if (slots_.size() >= next_sweep_) {
    std::erase_if(slots_, [](const auto& known) { return known->file.expired(); });
    next_sweep_ = std::max<size_t>(2 * limit_, 2 * slots_.size());
  }
  slots_.push_back(slot);
}

void MappingCache::MakeRoom() {
  std::vector<std::shared_ptr<MappedSlot>> victims;
  {
    MutexLock lock(&mutex_);
    // A sixteenth at a time: choosing costs a look at all of them.
    std::vector<std::pair<int64_t, size_t>> by_use;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i]->mapped.load(std::memory_order_relaxed)) by_use.emplace_back(LastUse(*slots_[i]), i);
    }
    const size_t wanted = std::min<size_t>(by_use.size(), std::max<uint64_t>(1, limit_ / 16));
    std::partial_sort(by_use.begin(), by_use.begin() + static_cast<ptrdiff_t>(wanted), by_use.end());
    for (size_t i = 0; i < wanted; ++i) victims.push_back(std::move(slots_[by_use[i].second]));
    std::erase(slots_, nullptr);
  }
  Unmap(victims);
}

void MappingCache::GiveWay(uint64_t bytes) {
  // More than asked for, as far as there is more: choosing costs a look at all of them.
  const uint64_t wanted = std::max(bytes, kLeastGivenBack);
  std::vector<std::shared_ptr<MappedSlot>> victims;
  {
    MutexLock lock(&mutex_);
    std::vector<std::pair<int64_t, size_t>> by_use;
    for (size_t i = 0; i < slots_.size(); ++i) by_use.emplace_back(LastUse(*slots_[i]), i);
    std::sort(by_use.begin(), by_use.end());
    uint64_t given_back = 0;
    for (size_t i = 0; i < by_use.size() && given_back < wanted; ++i) {
      std::shared_ptr<MappedSlot>& slot = slots_[by_use[i].second];
      const std::shared_ptr<const SealedFile> file = slot->file.lock();
      const uint64_t cached = file == nullptr ? 0 : file->cached_bytes();
      if (file != nullptr && cached == 0) continue;
      given_back += cached;
      victims.push_back(std::move(slot));
    }
    std::erase(slots_, nullptr);
  }
  Unmap(victims);
}

void MappingCache::Unmap(const std::vector<std::shared_ptr<MappedSlot>>& victims) {
  for (const auto& victim : victims) {
    victim->mapped.store(false, std::memory_order_relaxed);
    victim->listed.store(false, std::memory_order_relaxed);  // first: what is cached from here on lists it again
    const std::shared_ptr<const SealedFile> file = victim->file.lock();
    if (file == nullptr) continue;
    file->Unmap();
    unmapped_total_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace cortex
