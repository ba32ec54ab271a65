#include "storage/table/growing_dictionary.h"

#include "codecs/bytes/string_view.h"

namespace cortex {

GrowingDictionary::GrowingDictionary(uint32_t capacity) : blocks_((capacity + kBlockEntries - 1) / kBlockEntries) {}

std::optional<uint32_t> GrowingDictionary::Find(std::string_view value) const {
  ReaderLock lock(&mutex_);
  const auto it = index_.find(AbslView(value));
  if (it == index_.end()) return std::nullopt;
  return it->second;
}

uint32_t GrowingDictionary::FindOrAddLocked(std::string_view value) {
  const uint32_t next = size_.load(std::memory_order_relaxed);
  const auto it = index_.find(AbslView(value));
  if (it != index_.end()) return it->second;
  auto& block = blocks_[next / kBlockEntries];
  if (block == nullptr) block = std::make_unique<std::string_view[]>(kBlockEntries);
  const std::string_view entry = arena_.Copy(value);
  block[next % kBlockEntries] = entry;
  index_.emplace(AbslView(entry), next);
  size_.store(next + 1, std::memory_order_release);
  // Per entry: its view, and a slot of the index at 7/8 load with one control byte.
  constexpr uint64_t kSlotBytes = sizeof(absl::string_view) + sizeof(uint32_t) + 4 + 1;
  memory_bytes_.store(arena_.memory_bytes() + (next / kBlockEntries + 1) * kBlockEntries * sizeof(std::string_view) +
                          index_.capacity() * kSlotBytes,
                      std::memory_order_relaxed);
  return next;
}

}  // namespace cortex
