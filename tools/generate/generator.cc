#include "tools/generate/generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "absl/strings/str_format.h"
#include "codecs/simd/half.h"

namespace cortex::generate {
namespace {

constexpr uint32_t kClusters = 256;
constexpr uint32_t kFieldLength = 256;
constexpr uint32_t kStateLength = 512;
constexpr uint32_t kEmbeddingLength = 768;
constexpr uint64_t kRowsPerEntity = 10;
constexpr int64_t kStepNs = 1'000'000;
constexpr std::array<const char*, 8> kArchetypes = {"Onset", "Growth", "Plateau", "Decay", "Silence", "Echo", "Split", "Merge"};

// SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
uint64_t Mix(uint64_t z) {
  z += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

class Random final {
 public:
  Random(uint64_t seed, uint64_t stream, uint64_t index) : state_(Mix(seed ^ Mix(stream ^ Mix(index)))) {}
  uint64_t Next() { return state_ = Mix(state_); }
  // Uniform in [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  // Nearly normal: the sum of four uniforms, mean 0, variance 1. Cheap, and no tail that would stretch a scale.
  double Normal() { return (Uniform() + Uniform() + Uniform() + Uniform() - 2.0) * 1.7320508075688772; }

 private:
  uint64_t state_;
};

enum Stream : uint64_t { kField = 1, kState, kEntity, kRow, kVectorNoise, kLate };

template <typename T>
void AppendPacked(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendText(std::string_view text, v1::ColumnValues* column) {
  if (column->offsets().empty()) AppendPacked<uint32_t>(0, column->mutable_offsets());
  column->mutable_values()->append(text);
  AppendPacked(static_cast<uint32_t>(column->values().size()), column->mutable_offsets());
}

struct ColumnSpec {
  const char* name;
  v1::DataType::Kind kind;
  v1::DataType::Kind element;
  uint32_t length;
  v1::Compression compression;
};

constexpr auto kNone = v1::DataType::KIND_UNSPECIFIED;
constexpr std::array<ColumnSpec, 12> kColumns = {{
    {"entity_id", v1::DataType::KIND_STRING, kNone, 64, v1::COMPRESSION_DICTIONARY},
    {"timestamp", v1::DataType::KIND_TIMESTAMP, kNone, 0, v1::COMPRESSION_AUTO},
    {"coherence_score", v1::DataType::KIND_FLOAT32, kNone, 0, v1::COMPRESSION_AUTO},
    {"refactorability_score", v1::DataType::KIND_FLOAT32, kNone, 0, v1::COMPRESSION_AUTO},
    {"css_coupling_strength", v1::DataType::KIND_FLOAT32, kNone, 0, v1::COMPRESSION_AUTO},
    {"tcs_archetype", v1::DataType::KIND_STRING, kNone, 16, v1::COMPRESSION_DICTIONARY},
    {"fractal_dimension", v1::DataType::KIND_FLOAT64, kNone, 0, v1::COMPRESSION_ZPTV},
    {"lacunarity", v1::DataType::KIND_FLOAT64, kNone, 0, v1::COMPRESSION_ZPTV},
    {"hurst_exponent", v1::DataType::KIND_FLOAT64, kNone, 0, v1::COMPRESSION_ZPTV},
    {"css_field_state", v1::DataType::KIND_VECTOR, v1::DataType::KIND_COMPLEX128, kFieldLength, v1::COMPRESSION_ZPTV},
    {"i_am_vector", v1::DataType::KIND_VECTOR, v1::DataType::KIND_FLOAT32, kStateLength, v1::COMPRESSION_ZPTV},
    {"embedding_vector", v1::DataType::KIND_VECTOR, v1::DataType::KIND_FLOAT16, kEmbeddingLength, v1::COMPRESSION_ZPTV},
}};
constexpr size_t kScalarColumns = 9;

}  // namespace

Generator::Generator(const GeneratorOptions& options) : options_(options) {
  if (!options_.vectors) return;
  field_centroids_.resize(size_t{kClusters} * kFieldLength);
  state_centroids_.resize(size_t{kClusters} * kStateLength);
  for (uint32_t cluster = 0; cluster < kClusters; ++cluster) {
    Random field(options_.seed, kField, cluster), state(options_.seed, kState, cluster);
    // A few smooth modes: neighbouring components are alike, as in measured fields.
    std::array<double, 4> amplitude{}, phase{};
    for (size_t mode = 0; mode < amplitude.size(); ++mode) {
      amplitude[mode] = field.Uniform() / static_cast<double>(mode + 1);
      phase[mode] = field.Uniform() * 2 * M_PI;
    }
    for (uint32_t i = 0; i < kFieldLength; ++i) {
      std::complex<double> value = 0;
      for (size_t mode = 0; mode < amplitude.size(); ++mode) {
        const double turn = 2 * M_PI * static_cast<double>(mode + 1) * i / kFieldLength + phase[mode];
        value += amplitude[mode] * std::complex<double>(std::cos(turn), std::sin(turn));
      }
      field_centroids_[size_t{cluster} * kFieldLength + i] = value;
    }
    for (uint32_t i = 0; i < kStateLength; ++i) {
      state_centroids_[size_t{cluster} * kStateLength + i] = static_cast<float>(state.Normal());
    }
  }
}

v1::TableDefinition Generator::Definition(const std::string& table_name) const {
  v1::TableDefinition table;
  table.set_name(table_name);
  table.set_kind(v1::TABLE_KIND_EVENTS);
  table.set_key_column("entity_id");
  table.set_time_column("timestamp");
  for (size_t i = 0; i < (options_.vectors ? kColumns.size() : kScalarColumns); ++i) {
    const ColumnSpec& spec = kColumns[i];
    v1::ColumnDefinition* column = table.add_columns();
    column->set_name(spec.name);
    column->set_nullable(i >= 2);
    column->set_compression(spec.compression);
    column->mutable_type()->set_kind(spec.kind);
    column->mutable_type()->set_element(spec.element);
    column->mutable_type()->set_length(spec.length);
  }
  return table;
}

uint64_t Generator::Entity(uint64_t row) const {
  const uint64_t entities = std::max<uint64_t>(1, options_.row_count / kRowsPerEntity);
  return Mix(options_.seed ^ Mix(row)) % entities;
}

std::string Generator::EntityId(uint64_t row) const { return absl::StrFormat("entity_%08d", Entity(row)); }

int64_t Generator::TimeNs(uint64_t row) const {
  Random random(options_.seed, kLate, row);
  const int64_t late = random.Next() % 10 == 0 ? static_cast<int64_t>(random.Next() % 2'000) * kStepNs : 0;
  return options_.first_time_ns + static_cast<int64_t>(row) * kStepNs - late;
}

std::string Generator::Field(uint64_t row) const {
  v1::ColumnValues field, state, embedding;
  AppendVectors(row, &field, &state, &embedding);
  return field.values();
}

void Generator::AppendVectors(uint64_t row, v1::ColumnValues* field, v1::ColumnValues* state, v1::ColumnValues* embedding) const {
  const uint64_t entity = Entity(row);
  const auto cluster = static_cast<uint32_t>(Mix(entity) % kClusters);
  Random random(options_.seed, kVectorNoise, row);
  Random own(options_.seed, kEntity, entity);
  // Entities sit apart inside their cluster; time turns the phase of the whole field slowly.
  const double turn = own.Uniform() * 0.5 + 2 * M_PI * static_cast<double>(row) / 1e7;
  const double scale = 1.0 + 0.2 * own.Normal();
  const std::complex<double> factor = scale * std::complex<double>(std::cos(turn), std::sin(turn));
  const std::complex<double>* centroid = &field_centroids_[size_t{cluster} * kFieldLength];
  for (uint32_t i = 0; i < kFieldLength; ++i) {
    const std::complex<double> noise(random.Uniform() - 0.5, random.Uniform() - 0.5);
    const std::complex<double> value = centroid[i] * factor + 0.02 * noise;
    AppendPacked(value.real(), field->mutable_values());
    AppendPacked(value.imag(), field->mutable_values());
  }
  const float* center = &state_centroids_[size_t{cluster} * kStateLength];
  std::array<float, kStateLength> values;
  double norm = 0;
  for (uint32_t i = 0; i < kStateLength; ++i) {
    values[i] = center[i] + 0.5f * static_cast<float>(random.Uniform() - 0.5 + (own.Uniform() - 0.5));
    norm += double{values[i]} * values[i];
  }
  const auto unit = static_cast<float>(1 / std::sqrt(norm));
  for (const float value : values) AppendPacked(value * unit, state->mutable_values());
  for (uint32_t i = 0; i < kEmbeddingLength; ++i) {
    AppendPacked(ToHalf(values[i % kStateLength] * unit * (i < kStateLength ? 1.0f : -0.5f)).bits, embedding->mutable_values());
  }
}

v1::ColumnBatch Generator::Rows(uint64_t begin, uint32_t count) const {
  v1::ColumnBatch batch;
  batch.set_row_count(count);
  std::array<v1::ColumnValues*, kColumns.size()> columns{};
  for (size_t i = 0; i < (options_.vectors ? kColumns.size() : kScalarColumns); ++i) {
    columns[i] = batch.add_columns();
    columns[i]->set_name(kColumns[i].name);
  }
  for (uint64_t row = begin; row < begin + count; ++row) {
    const uint64_t entity = Entity(row);
    const double cluster = static_cast<double>(Mix(entity) % kClusters) / kClusters;
    Random random(options_.seed, kRow, row);
    AppendText(absl::StrFormat("entity_%08d", entity), columns[0]);
    AppendPacked(TimeNs(row), columns[1]->mutable_values());
    AppendPacked(static_cast<float>(std::clamp(0.2 + 0.6 * cluster + 0.1 * random.Normal(), 0.0, 1.0)), columns[2]->mutable_values());
    AppendPacked(static_cast<float>(random.Uniform()), columns[3]->mutable_values());
    AppendPacked(static_cast<float>(0.8 * random.Uniform()), columns[4]->mutable_values());
    AppendText(kArchetypes[std::min<uint64_t>(Mix(entity ^ 7) % 11, kArchetypes.size() - 1)], columns[5]);
    AppendPacked(1.0 + 0.9 * cluster + 0.05 * random.Normal(), columns[6]->mutable_values());
    AppendPacked(std::round((1.0 + 0.5 * random.Uniform()) * 1e4) / 1e4, columns[7]->mutable_values());
    AppendPacked(0.5 + 0.3 * std::sin(static_cast<double>(row) * 1e-5) + 1e-3 * random.Normal(), columns[8]->mutable_values());
    if (options_.vectors) AppendVectors(row, columns[9], columns[10], columns[11]);
  }
  return batch;
}

}  // namespace cortex::generate
