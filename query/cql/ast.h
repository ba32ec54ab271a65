// The syntax tree of one CQL statement, as the parser leaves it: names are unresolved, types unchecked, parameters
// unbound. Every node is a plain value (copyable, comparable) and keeps the position of its first character; positions
// take no part in comparison. GRAMMAR.md says which text gives which node.
#ifndef CORTEX_QUERY_CQL_AST_H_
#define CORTEX_QUERY_CQL_AST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "query/cql/boxed.h"
#include "query/cql/position.h"

namespace cortex::cql {

struct Expr;

// ---- leaves ---------------------------------------------------------------------------------------------------------
struct NullValue {
  bool operator==(const NullValue&) const = default;
};
struct TimestampValue {
  int64_t ns = 0;
  bool operator==(const TimestampValue&) const = default;
};
struct IntervalValue {
  int64_t ns = 0;
  bool operator==(const IntervalValue&) const = default;
};
struct BytesValue {
  std::string bytes;
  bool operator==(const BytesValue&) const = default;
};
struct Literal {
  std::variant<NullValue, bool, int64_t, double, std::string, TimestampValue, IntervalValue, BytesValue> value;
  bool operator==(const Literal&) const = default;
};

// `$1` (number 1, no name) or `:limit` (name "limit", number 0).
struct Parameter {
  int number = 0;
  std::string name;
  bool operator==(const Parameter&) const = default;
};

// `score` or `t.score`. Case matters.
struct ColumnRef {
  std::string table;  // empty if the name stands alone
  std::string name;
  bool operator==(const ColumnRef&) const = default;
};

// `REFERENCE optimal`, only as a function argument.
struct ReferenceRef {
  std::string name;
  bool operator==(const ReferenceRef&) const = default;
};

// ---- operators ------------------------------------------------------------------------------------------------------
enum class UnaryOp { kNegate, kNot };
struct Unary {
  UnaryOp op;
  Boxed<Expr> operand;
  bool operator==(const Unary&) const = default;
};

enum class BinaryOp {
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo
};
struct Binary {
  BinaryOp op;
  Boxed<Expr> left, right;
  bool operator==(const Binary&) const = default;
};

struct InList {
  Boxed<Expr> value;
  std::vector<Expr> list;  // at least one
  bool negated = false;
  bool operator==(const InList&) const = default;
};
struct Between {
  Boxed<Expr> value, low, high;
  bool negated = false;
  bool operator==(const Between&) const = default;
};
struct Like {
  Boxed<Expr> value, pattern;
  Boxed<Expr> escape;  // empty if no ESCAPE
  bool negated = false;
  bool operator==(const Like&) const = default;
};
struct IsNull {
  Boxed<Expr> value;
  bool negated = false;
  bool operator==(const IsNull&) const = default;
};

// CASE [operand] WHEN .. THEN .. [ELSE ..] END
struct CaseBranch {
  Boxed<Expr> when, then;
  bool operator==(const CaseBranch&) const = default;
};
struct Case {
  Boxed<Expr> operand;  // empty in the searched form
  std::vector<CaseBranch> branches;
  Boxed<Expr> otherwise;  // empty = NULL
  bool operator==(const Case&) const = default;
};

// `float32`, `string(64)`, `vector<complex128, 256>`, `list<string(64)>`. Names are lower case, spelling unchecked.
struct TypeName {
  Position position;
  std::string name;
  std::vector<TypeName> element;  // at most one
  std::optional<int64_t> size;    // n of string(n) and vector<elem, n>
  bool operator==(const TypeName&) const = default;
};
struct Cast {
  Boxed<Expr> value;
  TypeName type;
  bool operator==(const Cast&) const = default;
};

// count(*), sum(DISTINCT x), avg(x) FILTER (WHERE y > 0). Function names are lower case.
struct Call {
  std::string function;
  std::vector<Expr> arguments;
  bool star = false;
  bool distinct = false;
  Boxed<Expr> filter;
  bool operator==(const Call&) const = default;
};

// `['a', 'b']`: a list value, or a vector where one is expected.
struct ListValue {
  std::vector<Expr> elements;
  bool operator==(const ListValue&) const = default;
};

struct Expr {
  Position position;
  std::variant<Literal, Parameter, ColumnRef, ReferenceRef, Unary, Binary, InList, Between, Like, IsNull, Case, Cast,
               Call, ListValue>
      node;
  int height = 1;  // of the tree below; bounded by the parser so that recursion over a tree cannot exhaust a stack
  bool operator==(const Expr&) const = default;
};

// ---- SELECT ---------------------------------------------------------------------------------------------------------
struct SelectItem {
  Position position;
  Boxed<Expr> expr;  // empty = `*`
  std::string alias;
  bool operator==(const SelectItem&) const = default;
};
struct TableRef {
  Position position;
  std::string name;
  std::string alias;
  bool operator==(const TableRef&) const = default;
};
// A moment in the history of a table: a timestamp, or the number of a commit (`COMMIT` says so, or the type does).
struct Moment {
  bool is_commit = false;
  Boxed<Expr> at;
  bool operator==(const Moment&) const = default;
};
// FOR SYSTEM_TIME AS OF a | FROM a TO b (without b) | BETWEEN a AND b (with b)
enum class SystemTimeKind { kAsOf, kFromTo, kBetween };
struct SystemTime {
  Position position;
  SystemTimeKind kind = SystemTimeKind::kAsOf;
  Moment from, to;  // AS OF: only `from`
  bool operator==(const SystemTime&) const = default;
};
struct LatestBy {
  Position position;
  std::vector<Expr> keys;
  bool operator==(const LatestBy&) const = default;
};
struct OrderItem {
  Boxed<Expr> expr;
  bool descending = false;
  bool operator==(const OrderItem&) const = default;
};
// One `name = value` of WITH (..) or of COMPRESSION codec(..).
struct Option {
  Position position;
  std::string name;  // lower case
  Boxed<Expr> value;
  bool operator==(const Option&) const = default;
};
struct Select {
  bool distinct = false;
  std::vector<SelectItem> items;
  std::optional<TableRef> from;
  std::optional<SystemTime> system_time;
  std::optional<LatestBy> latest_by;
  Boxed<Expr> where;
  std::vector<Expr> group_by;
  Boxed<Expr> having;
  std::vector<OrderItem> order_by;
  Boxed<Expr> limit, offset;
  std::vector<Option> options;
  bool operator==(const Select&) const = default;
};

// ---- rows -----------------------------------------------------------------------------------------------------------
struct ColumnName {
  Position position;
  std::string name;
  bool operator==(const ColumnName&) const = default;
};
struct Insert {
  TableRef table;
  std::vector<ColumnName> columns;  // empty = all, in declared order
  std::vector<std::vector<Expr>> rows;
  bool operator==(const Insert&) const = default;
};
struct Assignment {
  ColumnName column;
  Boxed<Expr> value;
  bool operator==(const Assignment&) const = default;
};
struct Update {
  TableRef table;
  std::vector<Assignment> assignments;
  Boxed<Expr> where;
  bool operator==(const Update&) const = default;
};
struct Delete {
  TableRef table;
  Boxed<Expr> where;
  bool purge = false;
  bool operator==(const Delete&) const = default;
};

// ---- DDL ------------------------------------------------------------------------------------------------------------
// COMPRESSION auto | COMPRESSION zptv(rms = 1e-3)
struct Compression {
  Position position;
  std::string name;  // lower case
  std::vector<Option> arguments;
  bool operator==(const Compression&) const = default;
};
struct ColumnDefinition {
  ColumnName name;
  TypeName type;
  bool not_null = false;
  Boxed<Expr> default_value;
  std::optional<Compression> compression;
  std::vector<Option> metadata;  // METADATA (unit = 'mV', source = 'probe 3')
  bool operator==(const ColumnDefinition&) const = default;
};
// `HOT FOR 1 HOUR OR 1000000 ROWS`; the rows move on as soon as one limit is passed. No limit = FOREVER.
struct TierClause {
  Position position;
  std::string tier;  // lower case
  std::optional<int64_t> age_ns;
  std::optional<int64_t> rows;
  std::optional<int64_t> bytes;
  bool operator==(const TierClause&) const = default;
};
// HISTORY FOR 30 DAYS | HISTORY FOREVER: how long ended versions stay readable.
struct HistoryClause {
  Position position;
  std::optional<int64_t> age_ns;  // absent = for ever
  bool operator==(const HistoryClause&) const = default;
};
struct CreateTable {
  bool if_not_exists = false;
  TableRef table;
  std::vector<ColumnDefinition> columns;
  std::optional<ColumnName> kind;  // events | entities, lower case
  std::optional<ColumnName> key;
  std::optional<ColumnName> time;
  std::optional<ColumnName> shard_by;  // lower case
  std::vector<TierClause> tiers;
  std::optional<HistoryClause> history;
  std::vector<Option> options;
  bool operator==(const CreateTable&) const = default;
};
struct AddColumn {
  ColumnDefinition column;
  bool operator==(const AddColumn&) const = default;
};
struct DropColumn {
  ColumnName column;
  bool operator==(const DropColumn&) const = default;
};
struct RenameColumn {
  ColumnName from, to;
  bool operator==(const RenameColumn&) const = default;
};
// ALTER COLUMN x SET COMPRESSION zptv
struct SetCompression {
  ColumnName column;
  Compression compression;
  bool operator==(const SetCompression&) const = default;
};
// SET TIER hot FOR 1 HOURS, cold FOREVER
struct SetTiers {
  std::vector<TierClause> tiers;
  bool operator==(const SetTiers&) const = default;
};
struct AlterTable {
  TableRef table;
  std::variant<AddColumn, DropColumn, RenameColumn, SetCompression, SetTiers, HistoryClause> action;
  bool operator==(const AlterTable&) const = default;
};
struct DropTable {
  bool if_exists = false;
  TableRef table;
  bool operator==(const DropTable&) const = default;
};
// CREATE REFERENCE optimal ON css_fields (css_field_state) AS $1
struct CreateReference {
  ColumnName name;
  TableRef table;
  ColumnName column;
  Boxed<Expr> value;
  bool operator==(const CreateReference&) const = default;
};

enum class ShowTarget { kTables, kSegments, kTiers, kQueries };
struct Show {
  ShowTarget target = ShowTarget::kTables;
  std::optional<TableRef> table;  // SHOW SEGMENTS FROM css_fields
  bool operator==(const Show&) const = default;
};

struct Statement;
struct Explain {
  bool analyze = false;
  Boxed<Statement> statement;  // SELECT, INSERT, UPDATE or DELETE
  bool operator==(const Explain&) const = default;
};

struct Statement {
  Position position;
  std::variant<Select, Insert, Update, Delete, CreateTable, AlterTable, DropTable, CreateReference, Show, Explain> node;
  bool operator==(const Statement&) const = default;
};

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_AST_H_
