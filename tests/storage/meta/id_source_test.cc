#include "storage/meta/id_source.h"

#include <catch2/catch.hpp>

namespace cortex::testing {
namespace {

TEST_CASE("IdSource gives only what was reserved, each id once", "[storage][meta]") {
  IdSource ids(5);
  CHECK_FALSE(ids.Next());
  ids.Reserve(7);
  CHECK(ids.Next() == 5);
  CHECK(ids.Next() == 6);
  CHECK_FALSE(ids.Next());
  CHECK(ids.limit() == 7);
}

TEST_CASE("IdSource never gives an id that somebody else brought", "[storage][meta]") {
  IdSource ids(1);
  ids.Reserve(10);
  ids.SkipTo(4);
  CHECK(ids.Next() == 4);
  ids.SkipTo(2);
  CHECK(ids.Next() == 5);
  ids.SkipTo(20);
  CHECK_FALSE(ids.Next());
  ids.Reserve(15);
  CHECK_FALSE(ids.Next());
  CHECK(ids.limit() == 20);
}

}  // namespace
}  // namespace cortex::testing
