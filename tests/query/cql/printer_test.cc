#include "query/cql/printer.h"

#include <random>

#include "query/cql/parser.h"
#include "tests/support/status_assertions.h"

using namespace cortex::cql;  // NOLINT: a test of this very namespace

namespace {

void RequireRoundTrip(std::string_view text) {
  const Statement first = REQUIRE_OK_AND_TAKE(Parse(text));
  const std::string printed = Print(first);
  CAPTURE(printed);
  const Statement second = REQUIRE_OK_AND_TAKE(Parse(printed));
  REQUIRE(second == first);
  REQUIRE(Print(second) == printed);
}

// Random expressions from text pieces, so that only trees the parser can make are met.
class ExpressionWriter {
 public:
  explicit ExpressionWriter(uint64_t seed) : random_(seed) {}

  std::string Write(int depth) {
    if (depth == 0)
      return Pick({"a", "t.b", "\"a b\"", "1", "-2", "2.5", "1e-7", "'x''y'", "NULL", "TRUE", "$3", ":p", "X'0a'",
                   "TIMESTAMP '2026-01-01'", "INTERVAL '90 seconds'", "[]"});
    const auto sub = [&] { return Write(static_cast<int>(random_() % depth)); };
    switch (random_() % 12) {
      case 0:
        return "((" + sub() + ")" + Pick({" + ", " - ", " * ", " / ", " % "}) + "(" + sub() + "))";
      case 1:
        return sub() + Pick({" AND ", " OR "}) + sub();
      case 2:
        return "(" + sub() + ")" + Pick({" = ", " <> ", " < ", " <= ", " > ", " >= "}) + "(" + sub() + ")";
      case 3:
        return "NOT (" + sub() + ")";
      case 4:
        return "-(" + sub() + ")";
      case 5:
        return "(" + sub() + ")" + Pick({" IN (", " NOT IN ("}) + sub() + ", " + sub() + ")";
      case 6:
        return "(" + sub() + ") BETWEEN (" + sub() + ") AND (" + sub() + ")";
      case 7:
        return "(" + sub() + ")" + Pick({" LIKE 'a%'", " NOT LIKE 'b_' ESCAPE '!'", " IS NULL", " IS NOT NULL"});
      case 8:
        return "CASE WHEN " + sub() + " THEN " + sub() + " ELSE " + sub() + " END";
      case 9:
        return "CAST(" + sub() + Pick({" AS float32)", " AS string(8))", " AS vector<float16, 3>)"});
      case 10:
        return Pick({"f(", "\"order\"(", "sum(DISTINCT "}) + sub() + ")";
      default:
        return "[" + sub() + ", " + sub() + "]";
    }
  }

 private:
  std::string Pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + random_() % choices.size());
  }

  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("Printed statements parse to the same tree", "[query][cql]") {
  const std::string text = GENERATE(values<std::string>({
      "SELECT 1",
      "SELECT DISTINCT a AS b FROM t",
      "SELECT a AS \"select\", * FROM \"My Table\" AS f FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01' LATEST BY a, b",
      "SELECT count(*) FILTER (WHERE a > 0) FROM t FOR SYSTEM_TIME AS OF COMMIT 12",
      "SELECT a FROM t WHERE a > 1 GROUP BY a, b + 1 HAVING sum(c) > 2 ORDER BY 1 DESC, a LIMIT 3 OFFSET $1 WITH "
      "(history = TRUE)",
      "INSERT INTO t VALUES (1, 'a', [1.0, 2.0], X'00', NOW())",
      "INSERT INTO t (a, \"B c\") VALUES (1, NULL), (-2, 'x')",
      "UPDATE t SET a = 1, b = a + 1 WHERE c = 2",
      "DELETE FROM t WHERE a IS NULL PURGE",
      "DELETE FROM t",
      "CREATE TABLE IF NOT EXISTS t (a string(64) NOT NULL DEFAULT 'x' COMPRESSION dictionary, ts timestamp, "
      "v vector<complex64, 8> COMPRESSION zptv(rms = 0.001, mode = 'x') METADATA (unit = 'mV')) KIND entities KEY a "
      "TIME ts "
      "SHARD BY fmo TIER HOT FOR 90 SECONDS OR 5 ROWS OR 3 MiB, WARM FOR 1 WEEK, COLD FOREVER WITH (x = 1)",
      "ALTER TABLE t ADD COLUMN a list<string(64)>",
      "ALTER TABLE t DROP COLUMN \"a b\"",
      "ALTER TABLE t RENAME COLUMN a TO b",
      "ALTER TABLE t ALTER COLUMN a SET COMPRESSION zptv (rms = 0.001)",
      "ALTER TABLE t SET TIER hot FOR 1 HOURS OR 10 ROWS, cold FOREVER",
      "ALTER TABLE t SET HISTORY FOR 30 DAYS",
      "CREATE TABLE t (k string DEFAULT 'a') KEY k TIME ts TIER warm FOREVER HISTORY FOREVER",
      "SELECT a FROM t FOR SYSTEM_TIME FROM COMMIT 1 TO NOW() - INTERVAL '1 hour' WHERE a = 1",
      "SELECT a FROM t FOR SYSTEM_TIME BETWEEN (a AND b) AND $2",
      "DROP TABLE IF EXISTS t",
      "CREATE REFERENCE optimal ON t (v) AS $1",
      "SHOW TABLES",
      "SHOW SEGMENTS FROM t",
      "SHOW TIERS",
      "SHOW QUERIES",
      "EXPLAIN ANALYZE SELECT a FROM t",
      "EXPLAIN DELETE FROM t WHERE a = 1",
  }));
  RequireRoundTrip(text);
}

TEST_CASE("Printed random expressions parse to the same tree", "[query][cql]") {
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    CAPTURE(seed);
    const std::string text = ExpressionWriter(seed).Write(5);
    CAPTURE(text);
    const Expr first = REQUIRE_OK_AND_TAKE(ParseExpressionText(text));
    const std::string printed = Print(first);
    CAPTURE(printed);
    REQUIRE(REQUIRE_OK_AND_TAKE(ParseExpressionText(printed)) == first);
  }
}

TEST_CASE("Printer spells canonically", "[query][cql]") {
  CHECK(Print(REQUIRE_OK_AND_TAKE(Parse("select  A , b as c from T where not x>1 order by A asc;"))) ==
        "SELECT A, b AS c FROM T WHERE NOT x > 1 ORDER BY A");
  CHECK(PrintName("plain_1") == "plain_1");
  CHECK(PrintName("from") == "\"from\"");
  CHECK(PrintName("a\"b") == "\"a\"\"b\"");
}
