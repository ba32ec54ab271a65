#include "query/cql/parser.h"

#include "query/cql/printer.h"
#include "query/cql/token_stream.h"
#include "tests/support/status_assertions.h"

using namespace cortex::cql;  // NOLINT: a test of this very namespace

namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// The canonical text shows what was understood: brackets appear where the tree needs them.
std::string Understood(std::string_view text) { return Print(REQUIRE_OK_AND_TAKE(ParseExpressionText(text))); }

template <typename Node>
Node ParseAs(std::string_view text) {
  const Statement statement = REQUIRE_OK_AND_TAKE(Parse(text));
  REQUIRE(std::holds_alternative<Node>(statement.node));
  return std::get<Node>(statement.node);
}

const Binary& AsBinary(const Expr& expr) { return std::get<Binary>(expr.node); }

}  // namespace

TEST_CASE("Parser gives operators the precedence of SQL", "[query][cql]") {
  const Expr a = REQUIRE_OK_AND_TAKE(ParseExpressionText("a OR b AND NOT c = d + e * f"));
  REQUIRE(AsBinary(a).op == BinaryOp::kOr);
  const Binary& conjunction = AsBinary(*AsBinary(a).right);
  REQUIRE(conjunction.op == BinaryOp::kAnd);
  const Unary& negation = std::get<Unary>(conjunction.right->node);
  REQUIRE(negation.op == UnaryOp::kNot);
  const Binary& comparison = AsBinary(*negation.operand);
  REQUIRE(comparison.op == BinaryOp::kEqual);
  REQUIRE(AsBinary(*comparison.right).op == BinaryOp::kAdd);
  REQUIRE(AsBinary(*AsBinary(*comparison.right).right).op == BinaryOp::kMultiply);
}

TEST_CASE("Parser associates to the left and keeps needed brackets only", "[query][cql]") {
  CHECK(Understood("a - b - c") == "a - b - c");
  CHECK(Understood("a - (b - c)") == "a - (b - c)");
  CHECK(Understood("((a)) * (b + c)") == "a * (b + c)");
  CHECK(Understood("(a OR b) AND c") == "(a OR b) AND c");
  CHECK(Understood("not (a and b)") == "NOT (a AND b)");
  CHECK(Understood("a != b") == "a <> b");
  CHECK(Understood("-(-a)") == "-(-a)");
  CHECK(Understood("-a * b") == "-a * b");
  CHECK(Understood("-(a * b)") == "-(a * b)");
}

TEST_CASE("Parser reads literals of every kind", "[query][cql]") {
  CHECK(Understood("-9223372036854775808") == "-9223372036854775808");
  CHECK(Understood("- - 5") == "5");
  CHECK(Understood("1.50") == "1.5");
  CHECK(Understood("3.") == "3.0");
  CHECK(Understood("1e300") == "1e+300");
  CHECK(Understood("'it''s'") == "'it''s'");
  CHECK(Understood("x'00FF'") == "X'00ff'");
  CHECK(Understood("timestamp '2026-03-01 12:00'") == "TIMESTAMP '2026-03-01T12:00:00Z'");
  CHECK(Understood("NOW() - INTERVAL '24 hours'") == "now() - INTERVAL '1 day'");
  CHECK(Understood("[1, 2.5, NULL]") == "[1, 2.5, NULL]");
  CHECK(Understood("[]") == "[]");
  CHECK(Understood("TRUE AND false OR null") == "TRUE AND FALSE OR NULL");
  CHECK(Understood("$1 + :low") == "$1 + :low");
  REQUIRE_STATUS(ParseExpressionText("9223372036854775808"), kInvalid, "integer literal out of range");
  REQUIRE_STATUS(ParseExpressionText("1e999"), kInvalid, "float literal out of range");
  REQUIRE_STATUS(ParseExpressionText("$0"), kInvalid, "parameter number out of range");
  REQUIRE_STATUS(ParseExpressionText("a + TIMESTAMP '2026-02-30'"), kInvalid, "line 1:15: bad timestamp");
  REQUIRE_STATUS(ParseExpressionText("INTERVAL '3 months'"), kInvalid, "line 1:10: bad interval");
  REQUIRE_STATUS(ParseExpressionText("INTERVAL hours"), kInvalid, "an interval is written as a string");
  REQUIRE_STATUS(ParseExpressionText("float32 '1'"), kInvalid, "unknown kind of literal \"float32\"");
}

TEST_CASE("Parser reads predicates, CASE, CAST and calls", "[query][cql]") {
  CHECK(Understood("a in (1,2) and b not between 1 and 2 or c like 'x%' escape '!'") ==
        "a IN (1, 2) AND b NOT BETWEEN 1 AND 2 OR c LIKE 'x%' ESCAPE '!'");
  CHECK(Understood("a is not null and (b is null) is null") == "a IS NOT NULL AND (b IS NULL) IS NULL");
  CHECK(Understood("case a when 1 then 'x' else 'y' end") == "CASE a WHEN 1 THEN 'x' ELSE 'y' END");
  CHECK(Understood("case when a > 1 then 2 end + 1") == "CASE WHEN a > 1 THEN 2 END + 1");
  CHECK(Understood("cast(a as Vector<Complex128, 256>)") == "CAST(a AS vector<complex128, 256>)");
  CHECK(Understood("cast(a as list<string(64)>)") == "CAST(a AS list<string(64)>)");
  CHECK(Understood("Count(*) FILTER (WHERE a > 1)") == "count(*) FILTER (WHERE a > 1)");
  CHECK(Understood("count(distinct a)") == "count(DISTINCT a)");
  CHECK(Understood("css_distance(css_field_state, REFERENCE optimal, 'polar')") ==
        "css_distance(css_field_state, REFERENCE optimal, 'polar')");
  CHECK(Understood("f(reference, t.\"Order\")") == "f(reference, t.\"Order\")");
  REQUIRE_STATUS(ParseExpressionText("a < b < c"), kInvalid, "line 1:7: comparisons do not chain");
}

TEST_CASE("Parser keeps the position of every node", "[query][cql]") {
  const auto select = ParseAs<Select>("SELECT a,\n  cont(b)\nFROM t");
  CHECK(select.items[1].expr->position.line == 2);
  CHECK(select.items[1].expr->position.column == 3);
  CHECK(select.from->position.line == 3);
  CHECK(select.from->position.column == 6);
}

TEST_CASE("Parser reads every clause of SELECT", "[query][cql]") {
  const auto select = ParseAs<Select>(
      "select distinct entity_id id, avg(score) as mean, * from css_fields f for system_time as of commit 17 "
      "latest by entity_id where score > 0.5 group by entity_id, 2 having count(*) > 1 order by mean desc, 1 asc "
      "limit 10 offset $1 with (history = true, lossy = 'certain');");
  CHECK(select.distinct);
  REQUIRE(select.items.size() == 3);
  CHECK(select.items[0].alias == "id");
  CHECK_FALSE(select.items[2].expr);
  CHECK(select.from->name == "css_fields");
  CHECK(select.from->alias == "f");
  CHECK(select.system_time->kind == SystemTimeKind::kAsOf);
  CHECK(select.system_time->from.is_commit);
  CHECK(select.latest_by->keys.size() == 1);
  CHECK(select.where);
  CHECK(select.group_by.size() == 2);
  CHECK(select.having);
  REQUIRE(select.order_by.size() == 2);
  CHECK(select.order_by[0].descending);
  CHECK_FALSE(select.order_by[1].descending);
  CHECK(select.limit);
  CHECK(select.offset);
  REQUIRE(select.options.size() == 2);
  CHECK(select.options[1].name == "lossy");
}

TEST_CASE("Parser takes soft keywords as column names", "[query][cql]") {
  const auto select = ParseAs<Select>(
      "SELECT timestamp, key, time, latest, tier FROM css_fields WHERE timestamp > 5 ORDER BY timestamp");
  CHECK(select.items.size() == 5);
  CHECK(select.items[0].alias.empty());
}

TEST_CASE("Parser reads CREATE TABLE with all of its clauses", "[query][cql]") {
  const auto create = ParseAs<CreateTable>(
      "CREATE TABLE IF NOT EXISTS t (entity_id string(64), ts timestamp NOT NULL, score float32 COMPRESSION auto, "
      "css vector<complex128, 256> COMPRESSION zptv(rms = 1e-3) METADATA (unit = 'mV')) "
      "KIND events KEY entity_id TIME ts SHARD BY hash "
      "TIER HOT FOR 1 HOUR OR 1000000 ROWS, WARM FOR 7 DAYS OR 100 GiB, COLD FOREVER");
  CHECK(create.if_not_exists);
  REQUIRE(create.columns.size() == 4);
  CHECK(create.columns[1].not_null);
  CHECK(create.columns[3].type.name == "vector");
  CHECK(create.columns[3].type.element[0].name == "complex128");
  CHECK(create.columns[3].type.size == 256);
  CHECK(create.columns[3].compression->name == "zptv");
  CHECK(create.columns[3].compression->arguments[0].name == "rms");
  CHECK(create.kind->name == "events");
  CHECK(create.key->name == "entity_id");
  CHECK(create.time->name == "ts");
  CHECK(create.shard_by->name == "hash");
  REQUIRE(create.tiers.size() == 3);
  CHECK(create.tiers[0].age_ns == 3'600'000'000'000);
  CHECK(create.tiers[0].rows == 1'000'000);
  CHECK(create.tiers[1].bytes == 100LL << 30);
  CHECK_FALSE(create.tiers[2].age_ns);
  REQUIRE_STATUS(Parse("CREATE TABLE t (a int8) KEY a KEY a"), kInvalid, "line 1:31: KEY is given twice");
  REQUIRE_STATUS(Parse("CREATE TABLE t (a int8) TIER HOT FOR 1 HORS"), kInvalid, "unknown unit \"hors\"; did you mean");
  REQUIRE_STATUS(Parse("CREATE TABLE t (a int8) TIER HOT FOR 1 ROW OR 2 ROWS"), kInvalid,
                 "two limits of the same kind");
  // Stored as 0 it would be no limit at all.
  REQUIRE_STATUS(Parse("CREATE TABLE t (a int8) TIER HOT FOR 0 ROWS"), kInvalid, "a limit of 0; write FOREVER");
  REQUIRE_STATUS(Parse("ALTER TABLE t SET TIER COLD FOR 0 DAYS"), kInvalid, "a limit of 0");
  REQUIRE_STATUS(Parse("ALTER TABLE t SET HISTORY FOR 0 SECONDS"), kInvalid, "a limit of 0");
}

TEST_CASE("Parser reads statements over rows and the rest of DDL", "[query][cql]") {
  CHECK(ParseAs<Insert>("INSERT INTO t (a, b) VALUES (1, 'x'), (2, NULL)").rows.size() == 2);
  CHECK(ParseAs<Update>("UPDATE t SET a = 1, b = b + 1 WHERE k = 'x'").assignments.size() == 2);
  CHECK(ParseAs<Delete>("DELETE FROM t WHERE k = 'x' PURGE").purge);
  CHECK(ParseAs<Delete>("DELETE FROM t").where == Boxed<Expr>());
  CHECK(ParseAs<DropTable>("DROP TABLE IF EXISTS t").if_exists);
  CHECK(std::holds_alternative<AddColumn>(ParseAs<AlterTable>("ALTER TABLE t ADD COLUMN a int8 DEFAULT 3").action));
  CHECK(std::holds_alternative<DropColumn>(ParseAs<AlterTable>("ALTER TABLE t DROP a").action));
  CHECK(std::holds_alternative<RenameColumn>(ParseAs<AlterTable>("ALTER TABLE t RENAME COLUMN a TO b").action));
  const auto coded = ParseAs<AlterTable>("alter table t alter a set compression zptv(rms = 1e-3)");
  CHECK(std::get<SetCompression>(coded.action).compression.arguments.size() == 1);
  const auto tiers = ParseAs<AlterTable>("ALTER TABLE t SET TIER hot FOR 1 HOURS, cold FOREVER");
  CHECK(std::get<SetTiers>(tiers.action).tiers.size() == 2);
  CHECK(ParseAs<CreateReference>("CREATE REFERENCE optimal ON css_fields (css_field_state) AS $1").column.name ==
        "css_field_state");
  CHECK(ParseAs<Show>("SHOW SEGMENTS FROM css_fields").table->name == "css_fields");
  CHECK(ParseAs<Show>("show queries").target == ShowTarget::kQueries);
  CHECK(ParseAs<Explain>("EXPLAIN ANALYZE SELECT 1").analyze);
}

TEST_CASE("Parser says what it expected, where, and what was probably meant", "[query][cql]") {
  REQUIRE_STATUS(Parse(""), kInvalid, "line 1:1: empty statement");
  REQUIRE_STATUS(Parse("SELEC 1"), kInvalid, "line 1:1: expected a statement, got \"SELEC\"; did you mean \"SELECT\"?");
  REQUIRE_STATUS(Parse("SELECT FROM t"), kInvalid, "line 1:8: expected an expression, got the keyword FROM");
  REQUIRE_STATUS(Parse("SELECT a FROM"), kInvalid, "line 1:14: expected a table name, got the end of the text");
  REQUIRE_STATUS(Parse("SELECT a FROM t WERE x > 1"), kInvalid,
                 "line 1:22: expected the end of the statement, got \"x\"; did you mean \"WHERE\"?");
  REQUIRE_STATUS(Parse("SELECT a FROM t WITH (history = true) ORDER BY a"), kInvalid,
                 "got \"ORDER\"; its clause is not allowed here or stands too late");
  REQUIRE_STATUS(Parse("SELECT (a FROM t"), kInvalid, "line 1:11: expected \")\", got \"FROM\"");
  REQUIRE_STATUS(Parse("SELECT a FROM t GROUP a"), kInvalid, "expected BY, got \"a\"");
  REQUIRE_STATUS(Parse("SELECT a FROM order"), kInvalid, "got the keyword order; put it in double quotes");
  REQUIRE_STATUS(Parse("INSERT INTO t VALUES 1"), kInvalid, "expected \"(\", got \"1\"");
  REQUIRE_STATUS(Parse("EXPLAIN SHOW TABLES"), kInvalid, "expected SELECT, INSERT, UPDATE or DELETE after EXPLAIN");
}

TEST_CASE("Parser bounds nesting and tree height", "[query][cql]") {
  const auto nested = [](int levels) { return std::string(levels, '(') + "a" + std::string(levels, ')'); };
  REQUIRE_OK(ParseExpressionText(nested(kMaxNesting - 1)));
  REQUIRE_STATUS(ParseExpressionText(nested(kMaxNesting)), kInvalid, "nested deeper than 128 levels");
  REQUIRE_STATUS(ParseExpressionText(nested(100'000)), kInvalid, "nested deeper than");
  const auto chain = [](std::string_view op, int terms) {
    std::string text = "a";
    for (int i = 1; i < terms; ++i) text += std::string(op) + "a";
    return text;
  };
  REQUIRE_OK(ParseExpressionText(chain(" OR ", kMaxTreeHeight)));
  REQUIRE_STATUS(ParseExpressionText(chain(" OR ", kMaxTreeHeight + 1)), kInvalid, "expression too deep");
  REQUIRE_STATUS(ParseExpressionText(chain("+", 100'000)), kInvalid, "expression too deep");
  for (const char* prefix : {"NOT ", "- ", "+ ", "CASE WHEN ", "[", "f("}) {
    CAPTURE(prefix);
    std::string text;
    for (int i = 0; i < 50'000; ++i) text += prefix;
    REQUIRE_STATUS(ParseExpressionText(text + "a"), kInvalid, "nested deeper than");
  }
  std::string type;
  for (int i = 0; i < 50'000; ++i) type += "list<";
  REQUIRE_STATUS(ParseExpressionText("CAST(a AS " + type), kInvalid, "nested deeper than");
}
