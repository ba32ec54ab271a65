#include "storage/table/field_centroids.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"

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

std::string FieldCentroids::Save() const {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Put(epoch_);
  for (const std::vector<double>& centroid : frozen_) {
    writer.PutVarint(centroid.size());
    for (const double value : centroid) writer.Put(value);
  }
  return bytes;
}

absl::Status FieldCentroids::Restore(std::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t epoch = 0;
  RETURN_IF_ERROR(reader.Read(&epoch));
  std::array<std::vector<double>, kShardCount> frozen;
  for (std::vector<double>& centroid : frozen) {
    uint64_t length = 0;
    RETURN_IF_ERROR(reader.ReadVarint(&length));
    if (length > reader.remaining() / sizeof(double)) return absl::DataLossError("field centroids are cut off");
    centroid.resize(length);
    for (double& value : centroid) RETURN_IF_ERROR(reader.Read(&value));
  }
  if (reader.remaining() != 0) return absl::DataLossError("field centroids are followed by bytes of nobody");
  epoch_ = epoch;
  frozen_ = std::move(frozen);
  return absl::OkStatus();
}

}  // namespace cortex
