#include "query/exec/grouped_rows.h"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

using namespace cortex::query;  // NOLINT: a test of this very namespace

TEST_CASE("GroupedRows holds every row once, in runs of its group", "[query][exec]") {
  std::mt19937 random(5);
  GroupedRows rows;
  for (const uint32_t group_count : {1u, 2u, 7u, 40u}) {
    std::vector<uint32_t> groups = rows.Release();
    REQUIRE(groups.empty());
    for (int i = 0; i < 5'000; ++i) groups.push_back(random() % group_count);
    const std::vector<uint32_t> expected = groups;
    rows.Assign(std::move(groups), group_count + 1);  // one group without rows
    CHECK(rows.groups() == expected);
    std::vector<bool> seen(expected.size());
    uint32_t last_group = 0;
    for (const GroupedRows::Run& run : rows.runs()) {
      CHECK(run.group >= last_group);
      last_group = run.group + 1;
      for (size_t i = 0; i < run.rows.size(); ++i) {
        REQUIRE(expected[run.rows[i]] == run.group);
        REQUIRE_FALSE(seen[run.rows[i]]);
        REQUIRE((i == 0 || run.rows[i - 1] < run.rows[i]));
        seen[run.rows[i]] = true;
      }
    }
    CHECK(std::count(seen.begin(), seen.end(), true) == static_cast<int64_t>(seen.size()));
  }
}

TEST_CASE("GroupedRows of many small groups has no runs", "[query][exec]") {
  GroupedRows rows;
  rows.Assign(std::vector<uint32_t>(1'000, 3), 1'000);
  CHECK(rows.runs().empty());
  CHECK(rows.groups().size() == 1'000);
}
