#include "server/storage_projection.h"

#include <cmath>
#include <string>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

constexpr uint64_t kMaxEntities = 1'000'000'000'000'000;
constexpr uint64_t kMaxVectors = 1'000'000;

// The assumptions used where the request says nothing else.
wire::ProjectionConstants DefaultConstants() {
  wire::ProjectionConstants c;
  c.set_metadata_bytes(1'024);
  c.set_vector_dimension(512);
  c.set_vector_component_bytes(4);
  c.set_field_dimension(256);
  c.set_field_component_bytes(16);
  c.set_hot_fraction(0.05);
  c.set_warm_fraction(0.20);
  c.set_cold_fraction(0.75);
  c.set_warm_compression(5);
  c.set_cold_compression(20);
  c.set_warm_memory_fraction(0.10);
  return c;
}

absl::Status CheckRange(const char* name, double value, double min, double max, bool min_included) {
  const bool in_range = std::isfinite(value) && value <= max && (min_included ? value >= min : value > min);
  if (in_range) return absl::OkStatus();
  return InvalidField(absl::StrFormat("constants.%s", name),
                      absl::StrFormat("%s must be %s %g and at most %g, got %g", name,
                                      min_included ? "at least" : "above", min, max, value));
}

absl::Status CheckConstants(const wire::ProjectionConstants& c) {
  constexpr double kMaxBytes = 1e12;
  RETURN_IF_ERROR(CheckRange("metadata_bytes", c.metadata_bytes(), 0, kMaxBytes, true));
  RETURN_IF_ERROR(CheckRange("vector_dimension", c.vector_dimension(), 0, kMaxBytes, true));
  RETURN_IF_ERROR(CheckRange("vector_component_bytes", c.vector_component_bytes(), 0, 1'024, true));
  RETURN_IF_ERROR(CheckRange("field_dimension", c.field_dimension(), 0, kMaxBytes, true));
  RETURN_IF_ERROR(CheckRange("field_component_bytes", c.field_component_bytes(), 0, 1'024, true));
  RETURN_IF_ERROR(CheckRange("hot_fraction", c.hot_fraction(), 0, 1, true));
  RETURN_IF_ERROR(CheckRange("warm_fraction", c.warm_fraction(), 0, 1, true));
  RETURN_IF_ERROR(CheckRange("cold_fraction", c.cold_fraction(), 0, 1, true));
  RETURN_IF_ERROR(CheckRange("warm_compression", c.warm_compression(), 0, 1e6, false));
  RETURN_IF_ERROR(CheckRange("cold_compression", c.cold_compression(), 0, 1e6, false));
  RETURN_IF_ERROR(CheckRange("warm_memory_fraction", c.warm_memory_fraction(), 0, 1, true));
  const double sum = c.hot_fraction() + c.warm_fraction() + c.cold_fraction();
  if (std::fabs(sum - 1) <= 1e-9) return absl::OkStatus();
  return InvalidField("constants.hot_fraction", absl::StrFormat("the three fractions must sum to 1, got %g", sum));
}

// Replaces a factor by the measured one unless the request states its own; says in words what was used.
std::string UseMeasured(const char* tier, bool stated, const std::optional<double>& measured, double used) {
  if (stated) return absl::StrFormat("%s factor %g as requested", tier, used);
  if (measured) return absl::StrFormat("%s factor %g as measured on this server", tier, used);
  return absl::StrFormat("%s factor %g assumed, the tier is empty", tier, used);
}

std::string Basis(const wire::ProjectStorageRequest& request, const MeasuredRatios& measured,
                  const wire::ProjectionConstants& used) {
  std::string basis = "projection from the assumptions in `constants`, not a measurement; ";
  if (!request.use_measured_ratios()) {
    return basis + absl::StrFormat("warm factor %g and cold factor %g are assumed", used.warm_compression(),
                                   used.cold_compression());
  }
  const wire::ProjectionConstants& stated = request.constants();
  return basis + UseMeasured("warm", stated.has_warm_compression(), measured.warm, used.warm_compression()) + ", " +
         UseMeasured("cold", stated.has_cold_compression(), measured.cold, used.cold_compression());
}

}  // namespace

absl::Status ProjectStorage(const wire::ProjectStorageRequest& request, const MeasuredRatios& measured,
                            wire::ProjectStorageResponse* response) {
  if (request.entity_count() < 1 || request.entity_count() > kMaxEntities) {
    return InvalidField("entity_count",
                        absl::StrFormat("entity_count must be 1 to %d, got %d", kMaxEntities, request.entity_count()));
  }
  const uint64_t vectors = request.has_vectors_per_entity() ? request.vectors_per_entity() : 1;
  if (vectors > kMaxVectors) {
    return InvalidField("vectors_per_entity",
                        absl::StrFormat("vectors_per_entity is at most %d, got %d", kMaxVectors, vectors));
  }
  wire::ProjectionConstants c = DefaultConstants();
  if (request.use_measured_ratios()) {
    if (measured.warm) c.set_warm_compression(*measured.warm);
    if (measured.cold) c.set_cold_compression(*measured.cold);
  }
  c.MergeFrom(request.constants());
  RETURN_IF_ERROR(CheckConstants(c));

  const double per_entity = c.metadata_bytes() +
                            static_cast<double>(vectors) * c.vector_dimension() * c.vector_component_bytes() +
                            c.field_dimension() * c.field_component_bytes();
  const double raw = static_cast<double>(request.entity_count()) * per_entity;
  const double hot = raw * c.hot_fraction();
  const double warm = raw * c.warm_fraction() / c.warm_compression();
  const double cold = raw * c.cold_fraction() / c.cold_compression();
  response->set_bytes_per_entity(per_entity);
  response->set_raw_bytes(raw);
  response->set_hot_bytes(hot);
  response->set_warm_bytes(warm);
  response->set_cold_bytes(cold);
  response->set_memory_bytes(hot + c.warm_memory_fraction() * warm);
  response->set_disk_bytes(warm + cold);
  response->set_vectors_per_entity(vectors);
  response->set_basis(Basis(request, measured, c));
  *response->mutable_constants() = std::move(c);
  return absl::OkStatus();
}

}  // namespace cortex
