#include "storage/table/sharding_strategy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "codecs/bytes/checksum.h"
#include "storage/table/field_centroids.h"

namespace cortex {
namespace {

constexpr double kDefaultFractalDimension = 1.5;
constexpr float kStrongCoupling = 0.8f;

class HashSharding final : public ShardingStrategy {
 public:
  void Use(const TableDefinition& table) override { key_ = table.key_ordinal(); }
  uint32_t Assign(const Batch& batch, uint32_t row, const ShardBytes&) override {
    return static_cast<uint32_t>(HashKey(batch.columns[key_].StringAt(row)) % kShardCount);
  }

 private:
  uint32_t key_ = 0;
};

class FmoSharding final : public ShardingStrategy {
 public:
  void Use(const TableDefinition& table) override {
    key_ = table.key_ordinal();
    fractal_dimension_ = *table.FindColumn("fractal_dimension");
    coupling_ = table.FindColumn("css_coupling_strength");
    field_ = FieldOrdinal(table);
  }

  uint32_t Assign(const Batch& batch, uint32_t row, const ShardBytes& bytes) override {
    const uint32_t shard = Place(batch, row, bytes);
    if (const double* field = FieldOf(batch, row)) centroids_.Add(shard, {field, FieldLength(batch)});
    return shard;
  }

  uint64_t epoch() const override { return centroids_.epoch(); }
  std::string Save() const override { return centroids_.Save(); }
  absl::Status Restore(std::string_view bytes) override { return centroids_.Restore(bytes); }

 private:
  static std::optional<uint32_t> FieldOrdinal(const TableDefinition& table) {
    const auto ordinal = table.FindColumn("css_field_state");
    if (!ordinal.has_value()) return std::nullopt;
    const DataType& type = table.columns[*ordinal].type;
    if (!type.is_vector() || type.element != TypeKind::kComplex128) return std::nullopt;
    return ordinal;
  }
  size_t FieldLength(const Batch& batch) const { return batch.columns[*field_].values().shape.values_per_row; }
  const double* FieldOf(const Batch& batch, uint32_t row) const {
    if (!field_.has_value() || batch.columns[*field_].IsNull(row)) return nullptr;
    return reinterpret_cast<const double*>(batch.columns[*field_].FixedAt(row).data());
  }
  bool IsStronglyCoupled(const Batch& batch, uint32_t row) const {
    if (!coupling_.has_value()) return false;
    const Column& column = batch.columns[*coupling_];
    if (column.type().kind != TypeKind::kFloat32 || column.IsNull(row)) return false;
    return column.values_as<float>()[row] > kStrongCoupling;
  }
  uint32_t Place(const Batch& batch, uint32_t row, const ShardBytes& bytes) const {
    if (IsStronglyCoupled(batch, row)) {
      if (const double* field = FieldOf(batch, row)) {
        if (const auto nearest = centroids_.Nearest({field, FieldLength(batch)})) return *nearest;
      }
    }
    const Column& dimension = batch.columns[fractal_dimension_];
    const uint32_t base = BaseShardOf(dimension.IsNull(row)
                                          ? std::nullopt
                                          : std::optional<double>(dimension.values_as<double>()[row]));
    return IsOverfull(base, bytes) ? SpillShardOf(batch.columns[key_].StringAt(row), bytes) : base;
  }

  uint32_t key_ = 0;
  uint32_t fractal_dimension_ = 0;
  std::optional<uint32_t> coupling_;
  std::optional<uint32_t> field_;
  FieldCentroids centroids_;
};

}  // namespace

uint32_t BaseShardOf(std::optional<double> fractal_dimension) {
  const double dimension = fractal_dimension.has_value() && std::isfinite(*fractal_dimension)
                               ? *fractal_dimension
                               : kDefaultFractalDimension;
  const double step = std::floor(10.0 * dimension) - 10.0;
  if (step <= 0) return 0;
  return static_cast<uint32_t>(std::fmod(step, kShardCount));
}

bool IsOverfull(uint32_t shard, const ShardBytes& bytes) {
  const uint64_t total = std::accumulate(bytes.begin(), bytes.end(), uint64_t{0});
  // 1.25 x mean, in integers: bytes * 16 * 4 > total * 5.
  return bytes[shard] > kSpillFromBytes && bytes[shard] * kShardCount * 4 > total * 5;
}

uint32_t SpillShardOf(std::string_view key, const ShardBytes& bytes) {
  const uint64_t hash = HashKey(key);
  const auto first = static_cast<uint32_t>(hash % kShardCount);
  const auto second = static_cast<uint32_t>((hash >> 32) % kShardCount);
  return bytes[second] < bytes[first] ? second : first;
}

std::unique_ptr<ShardingStrategy> MakeShardingStrategy(const TableDefinition& table) {
  std::unique_ptr<ShardingStrategy> strategy;
  if (table.sharding == ShardingKind::kFmo) {
    strategy = std::make_unique<FmoSharding>();
  } else {
    strategy = std::make_unique<HashSharding>();
  }
  strategy->Use(table);
  return strategy;
}

}  // namespace cortex
