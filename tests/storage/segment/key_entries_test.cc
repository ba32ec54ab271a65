#include "storage/segment/key_entries.h"

#include <random>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

MemorySource SourceOf(const std::vector<uint64_t>& entries) {
  return MemorySource({reinterpret_cast<const std::byte*>(entries.data()), entries.size() * sizeof(uint64_t)});
}

std::vector<uint64_t> Find(const std::vector<uint64_t>& entries, uint64_t hash) {
  std::vector<uint64_t> rows;
  REQUIRE_OK(FindKeyEntries(SourceOf(entries), entries.size(), hash, &rows));
  return rows;
}

TEST_CASE("Key entries give the rows of a hash in row order", "[storage][segment]") {
  const uint64_t row_count = GENERATE(1, 2, 63, 1'000, 20'000);
  std::mt19937_64 random(row_count);
  std::vector<uint64_t> hashes;
  for (uint64_t row = 0; row < row_count; ++row) {
    hashes.push_back(row % 3 == 0 && row > 0 ? hashes[random() % row] : random());
  }
  const std::vector<uint64_t> entries = BuildKeyEntries(hashes);
  for (uint64_t probe = 0; probe < 300; ++probe) {
    const uint64_t hash = probe % 2 == 0 ? hashes[random() % row_count] : random();
    std::vector<uint64_t> expected;
    for (uint64_t row = 0; row < row_count; ++row) {
      if (hashes[row] >> 32 == hash >> 32) expected.push_back(row);
    }
    if (Find(entries, hash) != expected) FAIL("hash " << hash);
  }
}

TEST_CASE("Key entries work however badly hashes are spread", "[storage][segment]") {
  const uint64_t low = 5, high = uint64_t{0xffffffff} << 32;
  const std::vector<uint64_t> entries = BuildKeyEntries(std::vector<uint64_t>{low, low, high, low, high});
  REQUIRE(Find(entries, low) == std::vector<uint64_t>{0, 1, 3});
  REQUIRE(Find(entries, high) == std::vector<uint64_t>{2, 4});
  REQUIRE(Find(entries, uint64_t{1} << 63).empty());
  REQUIRE(CountDistinctKeys(entries) == 2);
}

TEST_CASE("Key entries beyond the last row are damage", "[storage][segment]") {
  std::vector<uint64_t> rows;
  const std::vector<uint64_t> entries = {uint64_t{7} << 32 | 99};
  REQUIRE_STATUS(FindKeyEntries(SourceOf(entries), 1, uint64_t{7} << 32, &rows), absl::StatusCode::kDataLoss,
                 "beyond the last row");
}

}  // namespace
}  // namespace cortex
