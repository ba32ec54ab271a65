#include "query/cql/expression_parser.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/time_literal.h"
#include "query/cql/type_parser.h"

namespace cortex::cql {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Builds a node whose children are at most `below` high; the only place where heights are bounded.
template <typename Node>
absl::StatusOr<Expr> Make(Position at, Node node, int below = 0) {
  if (below >= kMaxTreeHeight) {
    return InvalidAt(at,
                     absl::StrFormat("expression too deep: more than %d operators on top of each other; use IN for a "
                                     "long list of values",
                                     kMaxTreeHeight));
  }
  Expr expr;
  expr.position = at;
  expr.node = std::move(node);
  expr.height = below + 1;
  return expr;
}

int HeightOf(const std::vector<Expr>& list) {
  int height = 0;
  for (const Expr& expr : list) height = std::max(height, expr.height);
  return height;
}

absl::StatusOr<Expr> MakeBinary(Position at, BinaryOp op, Expr left, Expr right) {
  Binary node{op, std::move(left), std::move(right)};
  const int below = std::max(node.left->height, node.right->height);
  return Make(at, std::move(node), below);
}

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  absl::StatusOr<Expr> Or() {
    const TokenStream::Nesting nesting(&tokens_);
    RETURN_IF_ERROR(nesting.Check());
    ASSIGN_OR_RETURN(Expr left, And());
    while (tokens_.AtKeyword("OR")) {
      const Position at = tokens_.Take().position;
      ASSIGN_OR_RETURN(Expr right, And());
      ASSIGN_OR_RETURN(left, MakeBinary(at, BinaryOp::kOr, std::move(left), std::move(right)));
    }
    return left;
  }
  // What binds stronger than a comparison.
  absl::StatusOr<Expr> Operand() { return Sum(); }

 private:
  absl::StatusOr<Expr> And() {
    ASSIGN_OR_RETURN(Expr left, Not());
    while (tokens_.AtKeyword("AND")) {
      const Position at = tokens_.Take().position;
      ASSIGN_OR_RETURN(Expr right, Not());
      ASSIGN_OR_RETURN(left, MakeBinary(at, BinaryOp::kAnd, std::move(left), std::move(right)));
    }
    return left;
  }

  absl::StatusOr<Expr> Not() {
    if (!tokens_.AtKeyword("NOT")) return Comparison();
    const TokenStream::Nesting nesting(&tokens_);
    RETURN_IF_ERROR(nesting.Check());
    const Position at = tokens_.Take().position;
    ASSIGN_OR_RETURN(Expr operand, Not());
    Unary node{UnaryOp::kNot, std::move(operand)};
    const int below = node.operand->height;
    return Make(at, std::move(node), below);
  }

  // Comparisons and predicates do not chain: `a < b < c` is refused, because it rarely means what it says.
  absl::StatusOr<Expr> Comparison() {
    ASSIGN_OR_RETURN(Expr left, Sum());
    BinaryOp op;
    if (PeekComparison(&op)) {
      const Position at = tokens_.Take().position;
      if (tokens_.AtKeyword("ANY") || tokens_.AtKeyword("ALL") || tokens_.AtKeyword("SOME")) {
        if (tokens_.AtSymbol("(", 1)) return UnsupportedAt(tokens_.position(), "comparison with ANY, ALL or SOME");
      }
      ASSIGN_OR_RETURN(Expr right, Sum());
      ASSIGN_OR_RETURN(left, MakeBinary(at, op, std::move(left), std::move(right)));
      if (PeekComparison(&op)) {
        return InvalidAt(tokens_.position(), "comparisons do not chain; join them with AND or use brackets");
      }
      return left;
    }
    return Predicate(std::move(left));
  }

  bool PeekComparison(BinaryOp* op) const {
    static constexpr std::pair<std::string_view, BinaryOp> kOps[] = {
        {"=", BinaryOp::kEqual},        {"<>", BinaryOp::kNotEqual},  {"!=", BinaryOp::kNotEqual},
        {"<", BinaryOp::kLess},         {"<=", BinaryOp::kLessEqual}, {">", BinaryOp::kGreater},
        {">=", BinaryOp::kGreaterEqual}};
    for (const auto& [symbol, candidate] : kOps) {
      if (tokens_.AtSymbol(symbol)) {
        *op = candidate;
        return true;
      }
    }
    return false;
  }

  absl::StatusOr<Expr> Predicate(Expr left) {
    const Position at = tokens_.position();
    const bool negated = tokens_.AtKeyword("NOT") && (tokens_.AtKeyword("IN", 1) || tokens_.AtKeyword("BETWEEN", 1) ||
                                                      tokens_.AtKeyword("LIKE", 1) || tokens_.AtKeyword("ILIKE", 1));
    if (negated) tokens_.Take();
    if (tokens_.AcceptKeyword("IN")) return InPredicate(at, std::move(left), negated);
    if (tokens_.AcceptKeyword("BETWEEN")) return BetweenPredicate(at, std::move(left), negated);
    if (tokens_.AcceptKeyword("LIKE")) return LikePredicate(at, std::move(left), negated);
    if (tokens_.AcceptKeyword("IS")) return IsPredicate(at, std::move(left));
    for (std::string_view other : {"ILIKE", "SIMILAR", "REGEXP", "GLOB"}) {
      if (tokens_.AtKeyword(other)) return UnsupportedAt(tokens_.position(), other, "LIKE is");
    }
    return left;
  }

  absl::StatusOr<Expr> InPredicate(Position at, Expr left, bool negated) {
    RETURN_IF_ERROR(tokens_.ExpectSymbol("("));
    RETURN_IF_ERROR(RefuseSubquery());
    ASSIGN_OR_RETURN(std::vector<Expr> list, ParseExpressionList(tokens_));
    RETURN_IF_ERROR(tokens_.ExpectSymbol(")"));
    InList node{std::move(left), std::move(list), negated};
    const int below = std::max(node.value->height, HeightOf(node.list));
    return Make(at, std::move(node), below);
  }

  absl::StatusOr<Expr> BetweenPredicate(Position at, Expr left, bool negated) {
    ASSIGN_OR_RETURN(Expr low, Sum());
    RETURN_IF_ERROR(tokens_.ExpectKeyword("AND"));
    ASSIGN_OR_RETURN(Expr high, Sum());
    Between node{std::move(left), std::move(low), std::move(high), negated};
    const int below = std::max({node.value->height, node.low->height, node.high->height});
    return Make(at, std::move(node), below);
  }

  absl::StatusOr<Expr> LikePredicate(Position at, Expr left, bool negated) {
    Like node{std::move(left), {}, {}, negated};
    ASSIGN_OR_RETURN(node.pattern, Sum());
    if (tokens_.AcceptKeyword("ESCAPE")) {
      ASSIGN_OR_RETURN(node.escape, Sum());
    }
    const int below = std::max({node.value->height, node.pattern->height, node.escape ? node.escape->height : 0});
    return Make(at, std::move(node), below);
  }

  absl::StatusOr<Expr> IsPredicate(Position at, Expr left) {
    const bool negated = tokens_.AcceptKeyword("NOT");
    if (tokens_.AtKeyword("TRUE") || tokens_.AtKeyword("FALSE") || tokens_.AtKeyword("UNKNOWN") ||
        tokens_.AtKeyword("DISTINCT")) {
      return UnsupportedAt(at, absl::StrFormat("IS %s", tokens_.Peek().text), "IS NULL and IS NOT NULL are");
    }
    RETURN_IF_ERROR(tokens_.ExpectKeyword("NULL"));
    IsNull node{std::move(left), negated};
    const int below = node.value->height;
    return Make(at, std::move(node), below);
  }

  absl::StatusOr<Expr> Sum() {
    ASSIGN_OR_RETURN(Expr left, Product());
    while (tokens_.AtSymbol("+") || tokens_.AtSymbol("-") || tokens_.AtSymbol("||")) {
      const Token op = tokens_.Take();
      if (op.text == "||") return UnsupportedAt(op.position, "string concatenation ||");
      ASSIGN_OR_RETURN(Expr right, Product());
      const BinaryOp kind = op.text == "+" ? BinaryOp::kAdd : BinaryOp::kSubtract;
      ASSIGN_OR_RETURN(left, MakeBinary(op.position, kind, std::move(left), std::move(right)));
    }
    return left;
  }

  absl::StatusOr<Expr> Product() {
    ASSIGN_OR_RETURN(Expr left, Sign());
    while (tokens_.AtSymbol("*") || tokens_.AtSymbol("/") || tokens_.AtSymbol("%")) {
      const Token op = tokens_.Take();
      ASSIGN_OR_RETURN(Expr right, Sign());
      const BinaryOp kind = op.text == "*"   ? BinaryOp::kMultiply
                            : op.text == "/" ? BinaryOp::kDivide
                                             : BinaryOp::kModulo;
      ASSIGN_OR_RETURN(left, MakeBinary(op.position, kind, std::move(left), std::move(right)));
    }
    return left;
  }

  absl::StatusOr<Expr> Sign() {
    if (!tokens_.AtSymbol("-") && !tokens_.AtSymbol("+")) return Postfix();
    const TokenStream::Nesting nesting(&tokens_);
    RETURN_IF_ERROR(nesting.Check());
    const Token sign = tokens_.Take();
    if (sign.text == "+") return Sign();
    // The sign belongs to the number: 9223372036854775808 alone is out of range, -9223372036854775808 is not.
    const TokenKind next = tokens_.Peek().kind;
    if (next == TokenKind::kInteger || next == TokenKind::kFloat) return Number(sign.position, /*negative=*/true);
    ASSIGN_OR_RETURN(Expr operand, Sign());
    if (Literal* literal = std::get_if<Literal>(&operand.node)) {
      if (Negate(literal)) {
        operand.position = sign.position;
        return operand;
      }
    }
    Unary node{UnaryOp::kNegate, std::move(operand)};
    const int below = node.operand->height;
    return Make(sign.position, std::move(node), below);
  }

  // Folds the sign of a bracketed literal, so that `-(5)` and `-5` are one tree and print alike.
  static bool Negate(Literal* literal) {
    if (int64_t* integer = std::get_if<int64_t>(&literal->value)) {
      return !__builtin_sub_overflow(int64_t{0}, *integer, integer);
    }
    if (double* number = std::get_if<double>(&literal->value)) {
      *number = -*number;
      return true;
    }
    return false;
  }

  absl::StatusOr<Expr> Postfix() {
    ASSIGN_OR_RETURN(Expr expr, Primary());
    if (tokens_.AtSymbol("::"))
      return UnsupportedAt(tokens_.position(), "the cast operator ::", "write CAST(x AS type)");
    if (tokens_.AtSymbol("[")) return UnsupportedAt(tokens_.position(), "subscript");
    if (tokens_.AtKeyword("COLLATE")) return UnsupportedAt(tokens_.position(), "COLLATE");
    if (tokens_.AtKeywords({"AT", "TIME"})) return UnsupportedAt(tokens_.position(), "AT TIME ZONE");
    return expr;
  }

  absl::StatusOr<Expr> Primary() {
    const Token& token = tokens_.Peek();
    switch (token.kind) {
      case TokenKind::kInteger:
      case TokenKind::kFloat:
        return Number(token.position, /*negative=*/false);
      case TokenKind::kString: {
        Token taken = tokens_.Take();
        return Make(taken.position, Literal{std::move(taken.text)});
      }
      case TokenKind::kBytes: {
        Token taken = tokens_.Take();
        return Make(taken.position, Literal{BytesValue{std::move(taken.text)}});
      }
      case TokenKind::kParameter:
        return ParameterMark();
      case TokenKind::kSymbol:
        return Bracketed();
      case TokenKind::kWord:
      case TokenKind::kQuotedName:
        return Word();
      case TokenKind::kEnd:
        break;
    }
    return tokens_.Unexpected("an expression");
  }

  absl::StatusOr<Expr> Number(Position at, bool negative) {
    const Token token = tokens_.Take();
    const std::string text = (negative ? "-" : "") + token.text;
    if (token.kind == TokenKind::kFloat) {
      double value = 0;
      if (!absl::SimpleAtod(text, &value) || std::isinf(value)) {
        return InvalidAt(at, absl::StrFormat("float literal out of range: %s", text.substr(0, 40)));
      }
      return Make(at, Literal{value});
    }
    int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc()) {
      return InvalidAt(at, absl::StrFormat("integer literal out of range: %s; write %s.0 for a float",
                                           text.substr(0, 40), text.substr(0, 40)));
    }
    return Make(at, Literal{value});
  }

  absl::StatusOr<Expr> ParameterMark() {
    const Token token = tokens_.Take();
    const std::string body = token.text.substr(1);
    if (token.text[0] == ':') return Make(token.position, Parameter{0, body});
    int number = 0;
    const auto result = std::from_chars(body.data(), body.data() + body.size(), number);
    if (result.ec != std::errc() || number < 1 || number > 65'535) {
      return InvalidAt(
          token.position,
          absl::StrFormat("parameter number out of range: $%s; parameters are $1 to $65535", body.substr(0, 40)));
    }
    return Make(token.position, Parameter{number, ""});
  }

  absl::StatusOr<Expr> Bracketed() {
    const Position at = tokens_.position();
    if (tokens_.AcceptSymbol("[")) {
      ListValue list;
      if (!tokens_.AtSymbol("]")) {
        ASSIGN_OR_RETURN(list.elements, ParseExpressionList(tokens_));
      }
      RETURN_IF_ERROR(tokens_.ExpectSymbol("]"));
      const int below = HeightOf(list.elements);
      return Make(at, std::move(list), below);
    }
    if (!tokens_.AcceptSymbol("(")) return tokens_.Unexpected("an expression");
    RETURN_IF_ERROR(RefuseSubquery());
    ASSIGN_OR_RETURN(Expr inner, Or());
    if (tokens_.AtSymbol(",")) return UnsupportedAt(at, "a row value (a, b)");
    RETURN_IF_ERROR(tokens_.ExpectSymbol(")"));
    return inner;
  }

  absl::Status RefuseSubquery() {
    if (tokens_.AtKeyword("SELECT") || tokens_.AtKeyword("WITH") || tokens_.AtKeyword("VALUES")) {
      return UnsupportedAt(tokens_.position(), "a subquery");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Expr> Word() {
    const Position at = tokens_.position();
    if (tokens_.AcceptKeyword("NULL")) return Make(at, Literal{NullValue{}});
    if (tokens_.AcceptKeyword("TRUE")) return Make(at, Literal{true});
    if (tokens_.AcceptKeyword("FALSE")) return Make(at, Literal{false});
    if (tokens_.AcceptKeyword("CASE")) return CaseExpression(at);
    if (tokens_.AcceptKeyword("CAST")) return CastExpression(at);
    if (tokens_.AtKeyword("EXISTS")) return UnsupportedAt(at, "EXISTS (subquery)");
    if (tokens_.AtKeyword("INTERVAL") && tokens_.Peek(1).kind != TokenKind::kString && tokens_.AtName(1)) {
      return InvalidAt(tokens_.Peek(1).position, "an interval is written as a string: INTERVAL '24 hours'");
    }
    if (tokens_.Peek(1).kind == TokenKind::kString && tokens_.Peek().kind == TokenKind::kWord) return TypedLiteral(at);
    if (tokens_.AtSymbol("(", 1)) return FunctionCall(at);
    return Column(at);
  }

  absl::StatusOr<Expr> TypedLiteral(Position at) {
    const std::string type = Lower(tokens_.Take().text);
    const Token text = tokens_.Take();
    if (type == "timestamp" || type == "date") {
      const absl::StatusOr<int64_t> ns = ParseTimestamp(text.text);
      if (!ns.ok()) return InvalidAt(text.position, std::string(ns.status().message()));
      return Make(at, Literal{TimestampValue{*ns}});
    }
    if (type == "interval") {
      const absl::StatusOr<int64_t> ns = ParseInterval(text.text);
      if (!ns.ok()) return InvalidAt(text.position, std::string(ns.status().message()));
      return Make(at, Literal{IntervalValue{*ns}});
    }
    return InvalidAt(
        at, absl::StrFormat("unknown kind of literal \"%s\"; TIMESTAMP '..', DATE '..' and INTERVAL '..' exist", type));
  }

  absl::StatusOr<Expr> Column(Position at) {
    ASSIGN_OR_RETURN(ColumnName name, tokens_.ExpectName("an expression"));
    if (!tokens_.AtSymbol(".")) return Make(at, ColumnRef{"", std::move(name.name)});
    tokens_.Take();
    if (tokens_.AtSymbol("*")) return UnsupportedAt(at, "table.*", "write * or name the columns");
    ASSIGN_OR_RETURN(ColumnName column, tokens_.ExpectName("a column name"));
    return Make(at, ColumnRef{std::move(name.name), std::move(column.name)});
  }

  absl::StatusOr<Expr> FunctionCall(Position at) {
    ASSIGN_OR_RETURN(const ColumnName name, tokens_.ExpectName("a function name"));
    RETURN_IF_ERROR(tokens_.ExpectSymbol("("));
    RETURN_IF_ERROR(RefuseSubquery());
    Call call;
    call.function = Lower(name.name);
    if (tokens_.AcceptSymbol("*")) {
      call.star = true;
    } else if (!tokens_.AtSymbol(")")) {
      call.distinct = tokens_.AcceptKeyword("DISTINCT");
      do {
        ASSIGN_OR_RETURN(Expr argument, Argument());
        call.arguments.push_back(std::move(argument));
      } while (tokens_.AcceptSymbol(","));
    }
    if (tokens_.AtKeywords({"ORDER", "BY"}))
      return UnsupportedAt(tokens_.position(), "ORDER BY inside a function call");
    RETURN_IF_ERROR(tokens_.ExpectSymbol(")"));
    if (tokens_.AtKeyword("WITHIN")) return UnsupportedAt(tokens_.position(), "WITHIN GROUP");
    RETURN_IF_ERROR(FilterClause(&call));
    if (tokens_.AtKeyword("OVER")) return UnsupportedAt(tokens_.position(), "a window function (OVER)");
    const int below = std::max(HeightOf(call.arguments), call.filter ? call.filter->height : 0);
    return Make(at, std::move(call), below);
  }

  absl::Status FilterClause(Call* call) {
    if (!tokens_.AtKeyword("FILTER") || !tokens_.AtSymbol("(", 1)) return absl::OkStatus();
    tokens_.Take();
    RETURN_IF_ERROR(tokens_.ExpectSymbol("("));
    RETURN_IF_ERROR(tokens_.ExpectKeyword("WHERE"));
    ASSIGN_OR_RETURN(call->filter, Or());
    return tokens_.ExpectSymbol(")");
  }

  // `REFERENCE optimal` is a reference; `reference` alone is a column of that name.
  absl::StatusOr<Expr> Argument() {
    if (!tokens_.AtKeyword("REFERENCE") || !tokens_.AtName(1)) return Or();
    const Position at = tokens_.Take().position;
    ASSIGN_OR_RETURN(ColumnName name, tokens_.ExpectName("a reference name"));
    return Make(at, ReferenceRef{std::move(name.name)});
  }

  absl::StatusOr<Expr> CaseExpression(Position at) {
    Case node;
    int below = 0;
    const auto part = [&](Boxed<Expr>* into) -> absl::Status {
      ASSIGN_OR_RETURN(*into, Or());
      below = std::max(below, (*into)->height);
      return absl::OkStatus();
    };
    if (!tokens_.AtKeyword("WHEN")) RETURN_IF_ERROR(part(&node.operand));
    while (tokens_.AcceptKeyword("WHEN")) {
      CaseBranch branch;
      RETURN_IF_ERROR(part(&branch.when));
      RETURN_IF_ERROR(tokens_.ExpectKeyword("THEN"));
      RETURN_IF_ERROR(part(&branch.then));
      node.branches.push_back(std::move(branch));
    }
    if (node.branches.empty()) return tokens_.Unexpected("WHEN");
    if (tokens_.AcceptKeyword("ELSE")) RETURN_IF_ERROR(part(&node.otherwise));
    RETURN_IF_ERROR(tokens_.ExpectKeyword("END"));
    return Make(at, std::move(node), below);
  }

  absl::StatusOr<Expr> CastExpression(Position at) {
    Cast node;
    RETURN_IF_ERROR(tokens_.ExpectSymbol("("));
    ASSIGN_OR_RETURN(node.value, Or());
    RETURN_IF_ERROR(tokens_.ExpectKeyword("AS"));
    ASSIGN_OR_RETURN(node.type, ParseTypeName(tokens_));
    RETURN_IF_ERROR(tokens_.ExpectSymbol(")"));
    const int below = node.value->height;
    return Make(at, std::move(node), below);
  }

  TokenStream& tokens_;
};

}  // namespace

absl::StatusOr<Expr> ParseExpression(TokenStream& tokens) { return ExpressionParser(tokens).Or(); }

absl::StatusOr<Expr> ParseSum(TokenStream& tokens) { return ExpressionParser(tokens).Operand(); }

absl::StatusOr<std::vector<Expr>> ParseExpressionList(TokenStream& tokens) {
  std::vector<Expr> list;
  do {
    ASSIGN_OR_RETURN(Expr expr, ParseExpression(tokens));
    list.push_back(std::move(expr));
  } while (tokens.AcceptSymbol(","));
  return list;
}

}  // namespace cortex::cql
