#include "storage/segment/fences.h"

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

TEST_CASE("Fences come back as written and not from anything else", "[storage][segment]") {
  const std::vector<std::string> fences = {"", "a", "a", std::string(500, 'z')};
  const std::string bytes = EncodeFences(fences);
  REQUIRE(REQUIRE_OK_AND_TAKE(DecodeFences(bytes)) == fences);
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE(DecodeFences(bytes.substr(0, size)).status().code() == kDataLoss);
  }
  REQUIRE_STATUS(DecodeFences(bytes + "x"), kDataLoss, "after the last fence");
  REQUIRE_STATUS(CheckFences(fences, 5000), kDataLoss, "wrong number");
  REQUIRE_STATUS(CheckFences({"b", "a"}, 2000), kDataLoss, "out of order");
}

TEST_CASE("FenceRange keeps every row that can have the key", "[storage][segment]") {
  const std::vector<std::string> fences = {"b", "d", "d", "f"};  // rows 0, 1024, 2048, 3072 of 3500
  const auto range = [&](std::string_view key) {
    const RowRange found = FenceRange(fences, 3500, key);
    return std::pair(found.first, found.end);
  };
  REQUIRE(range("a") == std::pair<uint64_t, uint64_t>(0, 0));
  REQUIRE(range("b") == std::pair<uint64_t, uint64_t>(0, 1024));
  REQUIRE(range("c") == std::pair<uint64_t, uint64_t>(0, 1024));
  REQUIRE(range("d") == std::pair<uint64_t, uint64_t>(0, 3072));
  REQUIRE(range("e") == std::pair<uint64_t, uint64_t>(2048, 3072));
  REQUIRE(range("f") == std::pair<uint64_t, uint64_t>(2048, 3500));
  REQUIRE(range("z") == std::pair<uint64_t, uint64_t>(3072, 3500));
}

}  // namespace
}  // namespace cortex
