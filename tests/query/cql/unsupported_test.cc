// Valid statements this release cannot run are UNIMPLEMENTED, with the clause and its place, never a syntax error.
#include "query/cql/parser.h"
#include "query/cql/release_scope.h"
#include "tests/support/status_assertions.h"

using cortex::cql::CheckReleaseScope;
using cortex::cql::Parse;

namespace {

struct Refused {
  const char* text;
  const char* message;
};

absl::Status ParseAndCheck(const char* text) {
  const auto statement = Parse(text);
  return statement.ok() ? CheckReleaseScope(*statement) : statement.status();
}

}  // namespace

TEST_CASE("SQL outside the grammar is UNIMPLEMENTED at its clause", "[query][cql]") {
  const Refused refused = GENERATE(values<Refused>({
      {"SELECT a FROM t JOIN u ON t.a = u.a", "line 1:17: JOIN"},
      {"SELECT a FROM t AS x LEFT JOIN u ON 1 = 1", "line 1:22: JOIN"},
      {"SELECT a FROM t, u", "line 1:16: a list of tables"},
      {"SELECT a FROM (SELECT 1)", "line 1:15: a subquery"},
      {"SELECT a FROM t WHERE a IN (SELECT b FROM u)", "line 1:29: a subquery"},
      {"SELECT (SELECT 1)", "line 1:9: a subquery"},
      {"SELECT a FROM t WHERE EXISTS (SELECT 1)", "line 1:23: EXISTS"},
      {"SELECT a FROM t UNION SELECT b FROM u", "line 1:17: UNION"},
      {"SELECT a FROM t WHERE a = 1 EXCEPT SELECT 1", "line 1:29: EXCEPT"},
      {"SELECT a FROM t ORDER BY a INTERSECT SELECT 1", "INTERSECT"},
      {"SELECT sum(a) OVER (PARTITION BY b) FROM t", "line 1:15: a window function"},
      {"SELECT a FROM t DISTRIBUTE BY a", "line 1:17: DISTRIBUTE BY"},
      {"SELECT a FROM t WHERE a > 1 PARALLEL USING 4", "line 1:29: PARALLEL USING"},
      {"SELECT a FROM t LIMIT 3 DISTRIBUTE BY a", "line 1:25: DISTRIBUTE BY"},
      {"WITH x AS (SELECT 1) SELECT * FROM x", "line 1:1: WITH in front of a statement"},
      {"SELECT DISTINCT ON (a) b FROM t", "DISTINCT ON"},
      {"SELECT a FROM t ORDER BY a NULLS FIRST", "line 1:28: NULLS FIRST"},
      {"SELECT a FROM t GROUP BY ROLLUP (a)", "ROLLUP"},
      {"SELECT a FROM t FETCH FIRST 3 ROWS ONLY", "FETCH"},
      {"SELECT a FROM t FOR UPDATE", "row locking"},
      {"SELECT a::float32 FROM t", "line 1:9: the cast operator ::"},
      {"SELECT a || b FROM t", "string concatenation"},
      {"SELECT a[1] FROM t", "subscript"},
      {"SELECT a ILIKE 'x' FROM t", "ILIKE"},
      {"SELECT a IS TRUE FROM t", "IS TRUE"},
      {"SELECT t.* FROM t", "table.*"},
      {"SELECT a = ANY (b) FROM t", "ANY"},
      {"SELECT a FROM s.t", "schema-qualified"},
      {"SELECT a FROM t SAMPLE BY 1", "SAMPLE BY"},
      {"INSERT INTO t SELECT a FROM u", "line 1:15: INSERT .. SELECT"},
      {"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "ON CONFLICT"},
      {"INSERT INTO t VALUES (1) RETURNING a", "RETURNING"},
      {"CREATE INDEX i ON t (a)", "line 1:8: CREATE INDEX"},
      {"CREATE TABLE t (a int8 PRIMARY KEY)", "the column option PRIMARY"},
      {"CREATE TABLE t (a int8, PRIMARY KEY (a))", "a table constraint"},
      {"CREATE TABLE t AS SELECT 1", "CREATE TABLE .. AS SELECT"},
      {"ALTER TABLE t ALTER COLUMN a", "line 1:15: ALTER TABLE .. ALTER"},
      {"ALTER TABLE t ALTER COLUMN a SET DEFAULT 1", "ALTER TABLE .. ALTER"},
      {"ALTER TABLE t SET x = 1", "line 1:15: ALTER TABLE .. SET"},
      {"DROP INDEX i", "DROP INDEX"},
      {"DROP TABLE a, b", "several tables"},
      {"BEGIN", "line 1:1: BEGIN"},
      {"TRUNCATE t", "TRUNCATE"},
      {"SELECT 1; SELECT 2", "line 1:11: more than one statement"},
      {"EXPLAIN FORMAT JSON SELECT 1", "EXPLAIN options"},
  }));
  CAPTURE(refused.text);
  REQUIRE_STATUS(Parse(refused.text), absl::StatusCode::kUnimplemented, refused.message);
}

TEST_CASE("Clauses of the grammar this release lacks are UNIMPLEMENTED after parsing", "[query][cql]") {
  const Refused refused = GENERATE(values<Refused>({
      {"CREATE REFERENCE r ON t (v) AS $1", "CREATE REFERENCE"},
      {"SELECT a FROM t WITH (lossy = 'certain')", "line 1:23: WITH (lossy = ..)"},
      {"SHOW QUERIES", "SHOW QUERIES"},
      {"EXPLAIN ANALYZE DELETE FROM t", "line 1:1: EXPLAIN ANALYZE of a statement that changes rows"},
      {"EXPLAIN INSERT INTO t VALUES (1)", "EXPLAIN INSERT"},
  }));
  CAPTURE(refused.text);
  REQUIRE_OK(Parse(refused.text));
  REQUIRE_STATUS(ParseAndCheck(refused.text), absl::StatusCode::kUnimplemented, refused.message);
}

TEST_CASE("Unknown options are mistakes, not missing features", "[query][cql]") {
  REQUIRE_STATUS(ParseAndCheck("SELECT a FROM t WITH (histry = true)"), absl::StatusCode::kInvalidArgument,
                 "line 1:23: unknown option \"histry\"; did you mean \"history\"?");
  REQUIRE_OK(ParseAndCheck("SELECT a FROM t WHERE a > 1"));
}
