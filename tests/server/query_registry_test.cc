#include "server/query_registry.h"

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

CancelFlag NewFlag() { return std::make_shared<std::atomic<bool>>(false); }

TEST_CASE("QueryRegistry cancels by name", "[server][query]") {
  QueryRegistry registry;
  const CancelFlag mine = NewFlag(), other = NewFlag();
  CHECK(REQUIRE_OK_AND_TAKE(registry.Add("mine", mine)) == "mine");
  const std::string given = REQUIRE_OK_AND_TAKE(registry.Add("", other));
  CHECK(given != "mine");
  CHECK(registry.Cancel("mine"));
  CHECK(mine->load());
  CHECK_FALSE(other->load());
  registry.CancelAll();
  CHECK(other->load());
}

TEST_CASE("QueryRegistry refuses a name in use and forgets finished queries", "[server][query]") {
  QueryRegistry registry;
  REQUIRE_OK(registry.Add("a", NewFlag()));
  REQUIRE_STATUS(registry.Add("a", NewFlag()), absl::StatusCode::kAlreadyExists, "running already");
  REQUIRE_STATUS(registry.Add(std::string(65, 'x'), NewFlag()), absl::StatusCode::kInvalidArgument, "at most 64");
  registry.Remove("a");
  CHECK_FALSE(registry.Cancel("a"));
  REQUIRE_OK(registry.Add("a", NewFlag()));
}

TEST_CASE("QueryRegistry gives names that nobody else uses", "[server][query]") {
  QueryRegistry registry;
  REQUIRE_OK(registry.Add("q-1", NewFlag()));
  CHECK(REQUIRE_OK_AND_TAKE(registry.Add("", NewFlag())) == "q-2");
}

}  // namespace
}  // namespace cortex
