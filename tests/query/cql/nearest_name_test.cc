#include "query/cql/nearest_name.h"

#include <catch2/catch.hpp>

using cortex::cql::DidYouMean;
using cortex::cql::NearestName;

TEST_CASE("NearestName finds the likely spelling", "[query][cql]") {
  CHECK(NearestName("cont", {"sum", "count", "floor"}) == "count");
  CHECK(NearestName("coherense_score", {"coherence_score", "entity_id"}) == "coherence_score");
  CHECK(NearestName("ENTITY_ID", {"entity_id"}) == "entity_id");
  CHECK(NearestName("fiedl", {"field", "feed"}) == "field");
}

TEST_CASE("NearestName stays silent when nothing is near", "[query][cql]") {
  CHECK(NearestName("xyz", {"abc"}).empty());
  CHECK(NearestName("a", {"b"}).empty());
  CHECK(NearestName("", {"a"}).empty());
  CHECK(NearestName("score", {}).empty());
  CHECK(NearestName(std::string(10'000, 'x'), {std::string(10'000, 'x')}).empty());
}

TEST_CASE("DidYouMean is ready to be appended", "[query][cql]") {
  CHECK(DidYouMean("cont", {"count"}) == "; did you mean \"count\"?");
  CHECK(DidYouMean("zzz", {"count"}).empty());
}
