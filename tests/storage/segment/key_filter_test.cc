#include "storage/segment/key_filter.h"

#include "codecs/bytes/checksum.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

uint64_t HashOf(uint64_t number) { return HashKey("entity-" + std::to_string(number)); }

TEST_CASE("Key filter forgets no key and invents few", "[storage][segment]") {
  const uint64_t key_count = GENERATE(1, 10, 1'000, 200'000);
  CAPTURE(key_count);
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < key_count; ++i) hashes.push_back(HashOf(i));
  const std::string filter = BuildKeyFilter(hashes, key_count);
  uint64_t forgotten = 0;
  for (const uint64_t hash : hashes) forgotten += !KeyFilterMayContain(filter, hash);
  REQUIRE(forgotten == 0);
  constexpr uint64_t kProbes = 200'000;
  uint64_t invented = 0;
  for (uint64_t i = 0; i < kProbes; ++i) invented += KeyFilterMayContain(filter, HashOf(1'000'000'000 + i));
  const double rate = static_cast<double>(invented) / kProbes;
  CAPTURE(rate);
  if (key_count >= 1'000) REQUIRE(filter.size() * 8.0 / key_count < 10.9);
  REQUIRE(rate < 0.015);
}

TEST_CASE("Key filter of impossible size excludes nothing", "[storage][segment]") {
  REQUIRE(KeyFilterMayContain("", 17));
  REQUIRE(KeyFilterMayContain(std::string(33, '\0'), 17));
  REQUIRE_FALSE(KeyFilterMayContain(std::string(32, '\0'), 17));
}

}  // namespace
}  // namespace cortex
