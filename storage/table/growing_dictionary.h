// The dictionary of one string column of a row group in memory: it only ever grows, entries never move.
//
// One writer (the commit thread) adds; any number of readers look up. A reader may ask At(code) for every code it found
// in a published row: the row count's release/acquire pair makes the entry visible. Find takes a short reader lock.
#ifndef CORTEX_STORAGE_TABLE_GROWING_DICTIONARY_H_
#define CORTEX_STORAGE_TABLE_GROWING_DICTIONARY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "codecs/codec.h"
#include "storage/runtime/mutex.h"
#include "storage/table/arena.h"

namespace cortex {

class GrowingDictionary final : public StringDictionary {
 public:
  // At most `capacity` entries: the rows of a group, each of which adds one at most.
  explicit GrowingDictionary(uint32_t capacity);

  uint32_t size() const override { return size_.load(std::memory_order_acquire); }
  std::string_view At(uint32_t code) const override { return blocks_[code / kBlockEntries][code % kBlockEntries]; }
  std::optional<uint32_t> Find(std::string_view value) const override;

  // Writer only: the code of `value`, added if new. A batch holds the lock once for all its rows:
  //   GrowingDictionary::Writer writer(&dictionary);  writer.FindOrAdd("...")
  class ABSL_SCOPED_LOCKABLE Writer {
   public:
    explicit Writer(GrowingDictionary* dictionary) ABSL_EXCLUSIVE_LOCK_FUNCTION(dictionary->mutex_)
        : dictionary_(dictionary) {
      dictionary_->mutex_.Lock();
    }
    ~Writer() ABSL_UNLOCK_FUNCTION() { dictionary_->mutex_.Unlock(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    uint32_t FindOrAdd(std::string_view value) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return dictionary_->FindOrAddLocked(value);
    }

   private:
    GrowingDictionary* const dictionary_;
  };

  uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kBlockEntries = 1024;

  uint32_t FindOrAddLocked(std::string_view value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable SharedMutex mutex_;  // guards the index; a leaf
  absl::flat_hash_map<absl::string_view, uint32_t> index_ ABSL_GUARDED_BY(mutex_);
  Arena arena_;  // writer only
  std::vector<std::unique_ptr<std::string_view[]>> blocks_;  // fixed length; entries below size_ are published
  std::atomic<uint32_t> size_{0};
  std::atomic<uint64_t> memory_bytes_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_GROWING_DICTIONARY_H_
