#include "query/plan/range_extraction.h"

#include "tests/query/plan/plan_text.h"

using cortex::testing::Pushed;

TEST_CASE("Comparisons with constants become intervals", "[query][plan]") {
  CHECK(Pushed("n = 5") == "[n in [5, 5]]");
  CHECK(Pushed("5 < n") == "[n in (5, +inf)]");
  CHECK(Pushed("x >= -1.5") == "[x in [-1.5, +inf)]");
  CHECK(Pushed("s <= 'm'") == "[s in (-inf, 'm']]");
  CHECK(Pushed("n BETWEEN 2 AND 3 + 4") == "[n in [2, 7]]");
  CHECK(Pushed("f < 1") == "[f in (-inf, 1)]");
  CHECK(Pushed("time < NOW() + INTERVAL '1 second'") == "[time in (-inf, 2000000000)]");
  CHECK(Pushed("time >= '1970-01-01T00:00:01Z'") == "[time in [1000000000, +inf)]");
  CHECK(Pushed("b") == "[b in [1, 1]]");
  CHECK(Pushed("NOT b") == "[b in [0, 0]]");
}

TEST_CASE("Intervals on one column are intersected", "[query][plan]") {
  CHECK(Pushed("n > 1 AND n <= 10 AND n < 8") == "[n in (1, 8)]");
  CHECK(Pushed("n >= 3 AND n > 3") == "[n in (3, +inf)]");
  CHECK(Pushed("n > 5 AND n < 3").substr(0, 5) == "never");
  CHECK(Pushed("n > 5 AND n <= 5").substr(0, 5) == "never");
  CHECK(Pushed("n >= 5 AND n <= 5") == "[n in [5, 5]]");
}

TEST_CASE("Float bounds on integers are rounded the safe way", "[query][plan]") {
  CHECK(Pushed("n < 2.5") == "[n in (-inf, 2]]");
  CHECK(Pushed("n <= -2.5") == "[n in (-inf, -3]]");
  CHECK(Pushed("n > 2.5") == "[n in (2, +inf)]");
  CHECK(Pushed("n >= 2.0") == "[n in [2, +inf)]");
  CHECK(Pushed("n = 2.5") == "never");
  CHECK(Pushed("n < 1e17") == "+ residual");
  CHECK(Pushed("n < 0.0 / 0.0") == "never");
  CHECK(Pushed("x = 0.0 / 0.0") == "never");
}

TEST_CASE("Sets, nulls and prefixes are pushed", "[query][plan]") {
  CHECK(Pushed("n IN (3, 1, 3, NULL)") == "[n in (1, 3)]");
  CHECK(Pushed("s IN ('a')") == "[s in ('a')]");
  CHECK(Pushed("s IN ('a', 'b', 'c', 'd')") == "[s in 4 values]");
  CHECK(Pushed("n IN (NULL)").substr(0, 5) == "never");
  CHECK(Pushed("s IS NULL AND v IS NOT NULL") == "[s IS NULL] [v IS NOT NULL]");
  CHECK(Pushed("s LIKE 'ab%'") == "[s in ['ab', 'ac')]");
  CHECK(Pushed("s LIKE 'ab'") == "[s in ['ab', 'ab']]");
  CHECK(Pushed("key = 'a'") == "[key in ['a', 'a']] key a");
  CHECK(Pushed("key IN ('b', 'a')") == "[key in ('a', 'b')] key a key b");
}

TEST_CASE("What storage cannot decide exactly stays a condition", "[query][plan]") {
  for (const char* where : {"n <> 5", "n = 1 OR n = 2", "n + 1 > 2", "s LIKE '%a'", "s LIKE 'a_b%'",
                            "s LIKE 'a%' ESCAPE '!'", "n NOT IN (1)", "NOT n BETWEEN 1 AND 2", "x > f", "length(s) > 2",
                            "l2_distance(v, [1, 2, 3]) < 1", "_commit > 3"}) {
    CAPTURE(where);
    CHECK(Pushed(where) == "+ residual");
  }
  CHECK(Pushed("n > 1 AND n <> 5") == "[n in (1, +inf)] + residual");
}

TEST_CASE("Constant conditions decide at once", "[query][plan]") {
  CHECK(Pushed("1 = 1").empty());
  CHECK(Pushed("1 = 2") == "never");
  CHECK(Pushed("NULL") == "never");
  CHECK(Pushed("n = NULL") == "never");
  CHECK(Pushed("n > 1 AND 2 > 1") == "[n in (1, +inf)]");
}
