#include "storage/table/field_centroids.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cortex {

void FieldCentroids::Add(uint32_t shard, absl::Span<const double> field) {
  if (!std::all_of(field.begin(), field.end(), [](double value) { return std::isfinite(value); })) return;
  Mean& mean = growing_[shard];
  mean.sum.resize(field.size(), 0.0);
  for (size_t i = 0; i < field.size(); ++i) mean.sum[i] += field[i];
  ++mean.count;
  if (++fields_in_epoch_ == kEpochFields) FinishEpoch();
}

void FieldCentroids::FinishEpoch() {
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    Mean& mean = growing_[shard];
    if (mean.count != 0) {
      frozen_[shard] = mean.sum;
      for (double& value : frozen_[shard]) value /= static_cast<double>(mean.count);
    }
    mean = Mean();
  }
  fields_in_epoch_ = 0;
  ++epoch_;
}

std::optional<uint32_t> FieldCentroids::Nearest(absl::Span<const double> field) const {
  std::optional<uint32_t> nearest;
  double best = std::numeric_limits<double>::infinity();
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    const std::vector<double>& centroid = frozen_[shard];
    if (centroid.size() != field.size()) continue;
    double distance = 0;
    for (size_t i = 0; i < field.size(); ++i) {
      const double difference = field[i] - centroid[i];
      distance += difference * difference;
    }
    if (distance < best) {
      best = distance;
      nearest = shard;
    }
  }
  return nearest;
}

}  // namespace cortex
