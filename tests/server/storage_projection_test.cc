#include "server/storage_projection.h"

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using Catch::Detail::Approx;

TEST_CASE("ProjectStorage computes the stated formula with its defaults", "[server][stats]") {
  wire::ProjectStorageRequest request;
  request.set_entity_count(1'000'000);
  request.set_vectors_per_entity(10);
  wire::ProjectStorageResponse out;
  REQUIRE_OK(ProjectStorage(request, {}, &out));
  const double per_entity = 1'024 + 10.0 * 512 * 4 + 256 * 16;
  const double raw = per_entity * 1e6;
  CHECK(out.bytes_per_entity() == Approx(per_entity));
  CHECK(out.raw_bytes() == Approx(raw));
  CHECK(out.hot_bytes() == Approx(raw * 0.05));
  CHECK(out.warm_bytes() == Approx(raw * 0.20 / 5));
  CHECK(out.cold_bytes() == Approx(raw * 0.75 / 20));
  CHECK(out.memory_bytes() == Approx(raw * 0.05 + 0.1 * raw * 0.20 / 5));
  CHECK(out.disk_bytes() == Approx(raw * 0.20 / 5 + raw * 0.75 / 20));
  CHECK(out.constants().vector_dimension() == 512);
  CHECK(out.constants().cold_compression() == 20);
  CHECK_THAT(out.basis(), Catch::Contains("not a measurement"));
}

TEST_CASE("ProjectStorage lets every constant be overridden and repeats what it used", "[server][stats]") {
  wire::ProjectStorageRequest request;
  request.set_entity_count(10);
  request.set_vectors_per_entity(0);
  auto* c = request.mutable_constants();
  c->set_metadata_bytes(100);
  c->set_field_dimension(0);
  c->set_hot_fraction(1);
  c->set_warm_fraction(0);
  c->set_cold_fraction(0);
  wire::ProjectStorageResponse out;
  REQUIRE_OK(ProjectStorage(request, {}, &out));
  CHECK(out.raw_bytes() == 1'000);
  CHECK(out.memory_bytes() == 1'000);
  CHECK(out.disk_bytes() == 0);
  CHECK(out.constants().metadata_bytes() == 100);
  CHECK(out.vectors_per_entity() == 0);
}

TEST_CASE("ProjectStorage uses measured ratios on request, below stated ones", "[server][stats]") {
  wire::ProjectStorageRequest request;
  request.set_entity_count(1);
  request.set_use_measured_ratios(true);
  wire::ProjectStorageResponse out;
  REQUIRE_OK(ProjectStorage(request, {.warm = 1.5, .cold = std::nullopt}, &out));
  CHECK(out.constants().warm_compression() == 1.5);
  CHECK(out.constants().cold_compression() == 20);
  CHECK_THAT(out.basis(), Catch::Contains("1.5 as measured") && Catch::Contains("the tier is empty"));
  request.mutable_constants()->set_warm_compression(3);
  REQUIRE_OK(ProjectStorage(request, {.warm = 1.5, .cold = std::nullopt}, &out));
  CHECK(out.constants().warm_compression() == 3);
}

TEST_CASE("ProjectStorage refuses constants without meaning", "[server][stats]") {
  wire::ProjectStorageRequest request;
  wire::ProjectStorageResponse out;
  REQUIRE_STATUS(ProjectStorage(request, {}, &out), absl::StatusCode::kInvalidArgument, "entity_count");
  request.set_entity_count(1);
  request.mutable_constants()->set_hot_fraction(0.5);
  REQUIRE_STATUS(ProjectStorage(request, {}, &out), absl::StatusCode::kInvalidArgument, "must sum to 1");
  request.mutable_constants()->clear_hot_fraction();
  request.mutable_constants()->set_cold_compression(0);
  REQUIRE_STATUS(ProjectStorage(request, {}, &out), absl::StatusCode::kInvalidArgument,
                 "cold_compression must be above 0");
  request.mutable_constants()->set_cold_compression(std::numeric_limits<double>::quiet_NaN());
  REQUIRE_STATUS(ProjectStorage(request, {}, &out), absl::StatusCode::kInvalidArgument, "cold_compression");
}

}  // namespace
}  // namespace cortex
