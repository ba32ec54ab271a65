// The mean field of each shard, frozen per epoch of 65,536 fields so that rows of one epoch meet the same centroids, also
// after a restart.
#ifndef CORTEX_STORAGE_TABLE_FIELD_CENTROIDS_H_
#define CORTEX_STORAGE_TABLE_FIELD_CENTROIDS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// One thread at a time. Fields are complex128 values as (re, im) doubles, all of one length.
class FieldCentroids {
 public:
  static constexpr uint64_t kEpochFields = 65'536;

  // Counts `field` towards the next epoch's centroid of `shard`; the epoch ends with the 65,536th. Fields with a
  // non-finite component are left out: one of them would spoil the mean for good.
  void Add(uint32_t shard, absl::Span<const double> field);
  // The shard whose frozen centroid is nearest (Euclidean); nullopt before the first epoch has ended.
  std::optional<uint32_t> Nearest(absl::Span<const double> field) const;
  uint64_t epoch() const { return epoch_; }

  // The frozen centroids and their epoch as bytes (storage/meta/FORMAT.md), and back; what counts towards the next epoch is
  // not among them. Errors: DATA_LOSS, and nothing changed.
  std::string Save() const;
  absl::Status Restore(std::string_view bytes);

 private:
  void FinishEpoch();

  struct Mean {
    std::vector<double> sum;
    uint64_t count = 0;
  };
  std::array<Mean, kShardCount> growing_;
  std::array<std::vector<double>, kShardCount> frozen_;  // empty: no centroid
  uint64_t fields_in_epoch_ = 0;
  uint64_t epoch_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_FIELD_CENTROIDS_H_
