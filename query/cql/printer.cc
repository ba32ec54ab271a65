#include "query/cql/printer.h"

#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "query/cql/lexer.h"
#include "query/cql/time_literal.h"

namespace cortex::cql {
namespace {

std::string Quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

// Shortest text that reads back to the same bits and still looks like a float.
std::string PrintFloat(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// How tightly an operator binds; a child that binds less tightly than its place asks for gets brackets.
enum Precedence {
  kOrLevel = 1,
  kAndLevel,
  kNotLevel,
  kComparisonLevel,
  kSumLevel,
  kProductLevel,
  kSignLevel,
  kPrimaryLevel
};

struct OpText {
  std::string_view text;
  Precedence level;
};
OpText TextOf(BinaryOp op) {
  switch (op) {
    case BinaryOp::kOr:
      return {"OR", kOrLevel};
    case BinaryOp::kAnd:
      return {"AND", kAndLevel};
    case BinaryOp::kEqual:
      return {"=", kComparisonLevel};
    case BinaryOp::kNotEqual:
      return {"<>", kComparisonLevel};
    case BinaryOp::kLess:
      return {"<", kComparisonLevel};
    case BinaryOp::kLessEqual:
      return {"<=", kComparisonLevel};
    case BinaryOp::kGreater:
      return {">", kComparisonLevel};
    case BinaryOp::kGreaterEqual:
      return {">=", kComparisonLevel};
    case BinaryOp::kAdd:
      return {"+", kSumLevel};
    case BinaryOp::kSubtract:
      return {"-", kSumLevel};
    case BinaryOp::kMultiply:
      return {"*", kProductLevel};
    case BinaryOp::kDivide:
      return {"/", kProductLevel};
    case BinaryOp::kModulo:
      return {"%", kProductLevel};
  }
  return {"?", kPrimaryLevel};
}

struct LiteralText {
  std::string operator()(NullValue) const { return "NULL"; }
  std::string operator()(bool value) const { return value ? "TRUE" : "FALSE"; }
  std::string operator()(int64_t value) const { return absl::StrFormat("%d", value); }
  std::string operator()(double value) const { return PrintFloat(value); }
  std::string operator()(const std::string& value) const { return Quoted(value, '\''); }
  std::string operator()(TimestampValue value) const {
    return absl::StrFormat("TIMESTAMP '%s'", FormatTimestamp(value.ns));
  }
  std::string operator()(IntervalValue value) const {
    return absl::StrFormat("INTERVAL '%s'", FormatInterval(value.ns));
  }
  std::string operator()(const BytesValue& value) const {
    return absl::StrFormat("X'%s'", std::string(absl::BytesToHexString(value.bytes)));
  }
};

std::string PrintAt(const Expr& expr, Precedence place);

template <typename List, typename PrintOne>
std::string Joined(const List& list, PrintOne print_one) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) out += ", ";
    out += print_one(item);
  }
  return out;
}
std::string JoinedExprs(const std::vector<Expr>& list) {
  return Joined(list, [](const Expr& expr) { return Print(expr); });
}
std::string PrintOptions(const std::vector<Option>& options) {
  return "(" + Joined(options, [](const Option& o) { return o.name + " = " + Print(*o.value); }) + ")";
}

// Text and level of one node; the caller adds brackets.
struct ExprText {
  std::pair<std::string, Precedence> operator()(const Literal& node) const {
    return {std::visit(LiteralText(), node.value), kPrimaryLevel};
  }
  std::pair<std::string, Precedence> operator()(const Parameter& node) const {
    return {node.name.empty() ? absl::StrFormat("$%d", node.number) : ":" + node.name, kPrimaryLevel};
  }
  std::pair<std::string, Precedence> operator()(const ColumnRef& node) const {
    return {node.table.empty() ? PrintName(node.name) : PrintName(node.table) + "." + PrintName(node.name),
            kPrimaryLevel};
  }
  std::pair<std::string, Precedence> operator()(const ReferenceRef& node) const {
    return {"REFERENCE " + PrintName(node.name), kPrimaryLevel};
  }
  std::pair<std::string, Precedence> operator()(const Unary& node) const {
    if (node.op == UnaryOp::kNot) return {"NOT " + PrintAt(*node.operand, kNotLevel), kNotLevel};
    // Brackets around anything but a primary: `--x` would be a comment.
    return {"-" + PrintAt(*node.operand, kPrimaryLevel), kSignLevel};
  }
  std::pair<std::string, Precedence> operator()(const Binary& node) const {
    const OpText op = TextOf(node.op);
    // Left-associative; comparisons do not chain on either side.
    const bool chains = op.level != kComparisonLevel;
    const auto tighter = static_cast<Precedence>(op.level + 1);
    return {PrintAt(*node.left, chains ? op.level : tighter) + absl::StrFormat(" %s ", op.text) +
                PrintAt(*node.right, tighter),
            op.level};
  }
  std::pair<std::string, Precedence> operator()(const InList& node) const {
    return {PrintAt(*node.value, kSumLevel) + (node.negated ? " NOT IN (" : " IN (") + JoinedExprs(node.list) + ")",
            kComparisonLevel};
  }
  std::pair<std::string, Precedence> operator()(const Between& node) const {
    return {PrintAt(*node.value, kSumLevel) + (node.negated ? " NOT BETWEEN " : " BETWEEN ") +
                PrintAt(*node.low, kSumLevel) + " AND " + PrintAt(*node.high, kSumLevel),
            kComparisonLevel};
  }
  std::pair<std::string, Precedence> operator()(const Like& node) const {
    std::string text =
        PrintAt(*node.value, kSumLevel) + (node.negated ? " NOT LIKE " : " LIKE ") + PrintAt(*node.pattern, kSumLevel);
    if (node.escape) text += " ESCAPE " + PrintAt(*node.escape, kSumLevel);
    return {text, kComparisonLevel};
  }
  std::pair<std::string, Precedence> operator()(const IsNull& node) const {
    return {PrintAt(*node.value, kSumLevel) + (node.negated ? " IS NOT NULL" : " IS NULL"), kComparisonLevel};
  }
  std::pair<std::string, Precedence> operator()(const Case& node) const {
    std::string text = "CASE";
    if (node.operand) text += " " + Print(*node.operand);
    for (const CaseBranch& branch : node.branches)
      text += " WHEN " + Print(*branch.when) + " THEN " + Print(*branch.then);
    if (node.otherwise) text += " ELSE " + Print(*node.otherwise);
    return {text + " END", kPrimaryLevel};
  }
  std::pair<std::string, Precedence> operator()(const Cast& node) const {
    return {"CAST(" + Print(*node.value) + " AS " + Print(node.type) + ")", kPrimaryLevel};
  }
  std::pair<std::string, Precedence> operator()(const Call& node) const {
    std::string text = PrintName(node.function) + "(";
    text += node.star ? "*" : (node.distinct ? "DISTINCT " : "") + JoinedExprs(node.arguments);
    text += ")";
    if (node.filter) text += " FILTER (WHERE " + Print(*node.filter) + ")";
    return {text, kPrimaryLevel};
  }
  std::pair<std::string, Precedence> operator()(const ListValue& node) const {
    return {"[" + JoinedExprs(node.elements) + "]", kPrimaryLevel};
  }
};

std::string PrintAt(const Expr& expr, Precedence place) {
  auto [text, level] = std::visit(ExprText(), expr.node);
  return level < place ? "(" + text + ")" : text;
}

std::string PrintColumns(const std::vector<ColumnName>& columns) {
  return " (" + Joined(columns, [](const ColumnName& c) { return PrintName(c.name); }) + ")";
}

std::string PrintCompression(const Compression& compression) {
  return " COMPRESSION " + compression.name +
         (compression.arguments.empty() ? "" : PrintOptions(compression.arguments));
}

std::string PrintDefinition(const ColumnDefinition& column) {
  std::string text = PrintName(column.name.name) + " " + Print(column.type);
  if (column.not_null) text += " NOT NULL";
  if (column.default_value) text += " DEFAULT " + Print(*column.default_value);
  if (column.compression) text += PrintCompression(*column.compression);
  if (!column.metadata.empty()) text += " METADATA " + PrintOptions(column.metadata);
  return text;
}

std::string PrintTier(const TierClause& clause) {
  std::string limits;
  const auto add = [&](std::string limit) { limits += (limits.empty() ? "" : " OR ") + limit; };
  if (clause.age_ns) add(FormatInterval(*clause.age_ns));
  if (clause.rows) add(absl::StrFormat("%d ROWS", *clause.rows));
  if (clause.bytes) add(absl::StrFormat("%d BYTES", *clause.bytes));
  return clause.tier + (limits.empty() ? " FOREVER" : " FOR " + limits);
}

std::string PrintSystemTime(const SystemTime& time) {
  const auto moment = [](const Moment& m) { return (m.is_commit ? "COMMIT " : "") + PrintAt(*m.at, kSumLevel); };
  switch (time.kind) {
    case SystemTimeKind::kFromTo:
      return " FOR SYSTEM_TIME FROM " + moment(time.from) + " TO " + moment(time.to);
    case SystemTimeKind::kBetween:
      return " FOR SYSTEM_TIME BETWEEN " + moment(time.from) + " AND " + moment(time.to);
    case SystemTimeKind::kAsOf:
      break;
  }
  return " FOR SYSTEM_TIME AS OF " + moment(time.from);
}

std::string PrintHistory(const HistoryClause& history) {
  return " HISTORY " + (history.age_ns ? "FOR " + FormatInterval(*history.age_ns) : "FOREVER");
}

struct AlterText {
  std::string operator()(const AddColumn& add) const { return " ADD COLUMN " + PrintDefinition(add.column); }
  std::string operator()(const DropColumn& drop) const { return " DROP COLUMN " + PrintName(drop.column.name); }
  std::string operator()(const RenameColumn& rename) const {
    return " RENAME COLUMN " + PrintName(rename.from.name) + " TO " + PrintName(rename.to.name);
  }
  std::string operator()(const SetCompression& set) const {
    return " ALTER COLUMN " + PrintName(set.column.name) + " SET" + PrintCompression(set.compression);
  }
  std::string operator()(const SetTiers& set) const { return " SET TIER " + Joined(set.tiers, PrintTier); }
  std::string operator()(const HistoryClause& history) const { return " SET" + PrintHistory(history); }
};

struct StatementText {
  std::string operator()(const Select& select) const {
    std::string text = select.distinct ? "SELECT DISTINCT " : "SELECT ";
    text += Joined(select.items, [](const SelectItem& item) {
      std::string one = item.expr ? Print(*item.expr) : "*";
      return item.alias.empty() ? one : one + " AS " + PrintName(item.alias);
    });
    if (select.from) text += " FROM " + PrintName(select.from->name);
    if (select.from && !select.from->alias.empty()) text += " AS " + PrintName(select.from->alias);
    if (select.system_time) text += PrintSystemTime(*select.system_time);
    if (select.latest_by) text += " LATEST BY " + JoinedExprs(select.latest_by->keys);
    if (select.where) text += " WHERE " + Print(*select.where);
    if (!select.group_by.empty()) text += " GROUP BY " + JoinedExprs(select.group_by);
    if (select.having) text += " HAVING " + Print(*select.having);
    if (!select.order_by.empty()) {
      text += " ORDER BY " + Joined(select.order_by, [](const OrderItem& item) {
                return Print(*item.expr) + (item.descending ? " DESC" : "");
              });
    }
    if (select.limit) text += " LIMIT " + Print(*select.limit);
    if (select.offset) text += " OFFSET " + Print(*select.offset);
    if (!select.options.empty()) text += " WITH " + PrintOptions(select.options);
    return text;
  }
  std::string operator()(const Insert& insert) const {
    std::string text = "INSERT INTO " + PrintName(insert.table.name);
    if (!insert.columns.empty()) text += PrintColumns(insert.columns);
    return text + " VALUES " +
           Joined(insert.rows, [](const std::vector<Expr>& row) { return "(" + JoinedExprs(row) + ")"; });
  }
  std::string operator()(const Update& update) const {
    std::string text = "UPDATE " + PrintName(update.table.name) + " SET ";
    text += Joined(update.assignments,
                   [](const Assignment& a) { return PrintName(a.column.name) + " = " + Print(*a.value); });
    return update.where ? text + " WHERE " + Print(*update.where) : text;
  }
  std::string operator()(const Delete& erase) const {
    std::string text = "DELETE FROM " + PrintName(erase.table.name);
    if (erase.where) text += " WHERE " + Print(*erase.where);
    return erase.purge ? text + " PURGE" : text;
  }
  std::string operator()(const CreateTable& create) const {
    std::string text = create.if_not_exists ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ";
    text += PrintName(create.table.name) + " (" + Joined(create.columns, PrintDefinition) + ")";
    if (create.kind) text += " KIND " + create.kind->name;
    if (create.key) text += " KEY " + PrintName(create.key->name);
    if (create.time) text += " TIME " + PrintName(create.time->name);
    if (create.shard_by) text += " SHARD BY " + create.shard_by->name;
    if (!create.tiers.empty()) text += " TIER " + Joined(create.tiers, PrintTier);
    if (create.history) text += PrintHistory(*create.history);
    if (!create.options.empty()) text += " WITH " + PrintOptions(create.options);
    return text;
  }
  std::string operator()(const AlterTable& alter) const {
    return "ALTER TABLE " + PrintName(alter.table.name) + std::visit(AlterText(), alter.action);
  }
  std::string operator()(const DropTable& drop) const {
    return (drop.if_exists ? "DROP TABLE IF EXISTS " : "DROP TABLE ") + PrintName(drop.table.name);
  }
  std::string operator()(const CreateReference& create) const {
    return "CREATE REFERENCE " + PrintName(create.name.name) + " ON " + PrintName(create.table.name) + " (" +
           PrintName(create.column.name) + ") AS " + Print(*create.value);
  }
  std::string operator()(const Show& show) const {
    static constexpr std::string_view kTargets[] = {"TABLES", "SEGMENTS", "TIERS", "QUERIES"};
    std::string text = "SHOW " + std::string(kTargets[static_cast<int>(show.target)]);
    return show.table ? text + " FROM " + PrintName(show.table->name) : text;
  }
  std::string operator()(const Explain& explain) const {
    return (explain.analyze ? "EXPLAIN ANALYZE " : "EXPLAIN ") + Print(*explain.statement);
  }
};

}  // namespace

std::string Print(const Statement& statement) { return std::visit(StatementText(), statement.node); }

std::string Print(const Expr& expr) { return PrintAt(expr, kOrLevel); }

std::string Print(const TypeName& type) {
  if (type.element.empty()) return type.size ? absl::StrFormat("%s(%d)", type.name, *type.size) : type.name;
  std::string text = type.name + "<" + Print(type.element[0]);
  if (type.size) text += absl::StrFormat(", %d", *type.size);
  return text + ">";
}

std::string PrintName(std::string_view name) { return IsPlainName(name) ? std::string(name) : Quoted(name, '"'); }

}  // namespace cortex::cql
