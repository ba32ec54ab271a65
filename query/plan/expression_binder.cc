#include "query/plan/expression_binder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/nearest_name.h"
#include "query/cql/printer.h"
#include "query/expr/evaluator.h"
#include "query/plan/function_binder.h"
#include "query/plan/list_literal.h"
#include "query/plan/typing.h"

namespace cortex::query {
namespace {

struct LiteralBinder {
  cql::Position at;

  BoundExpr operator()(cql::NullValue) const { return MakeNull(ExprType::Null(), at); }
  BoundExpr operator()(bool value) const { return MakeBool(value, at); }
  BoundExpr operator()(int64_t value) const { return MakeInt(value, at); }
  BoundExpr operator()(double value) const { return MakeFloat(value, at); }
  BoundExpr operator()(const std::string& value) const { return Text(DataType::String(), value); }
  BoundExpr operator()(const cql::BytesValue& value) const {
    return Text(DataType::Scalar(TypeKind::kBytes), value.bytes);
  }
  BoundExpr operator()(cql::TimestampValue value) const {
    Column column(DataType::Scalar(TypeKind::kTimestamp));
    column.AppendScalar<int64_t>(value.ns);
    return MakeConstant(ExprType::Timestamp(), std::move(column), at);
  }
  BoundExpr operator()(cql::IntervalValue value) const {
    BoundExpr interval = MakeInt(value.ns, at);
    interval.type = ExprType::Interval();
    return interval;
  }

 private:
  BoundExpr Text(DataType type, std::string_view value) const {
    Column column(type);
    column.AppendString(value);
    return MakeConstant(ExprType::Of(type), std::move(column), at);
  }
};

ExprOp OpOf(cql::BinaryOp op) {
  switch (op) {
    case cql::BinaryOp::kOr:
      return ExprOp::kOr;
    case cql::BinaryOp::kAnd:
      return ExprOp::kAnd;
    case cql::BinaryOp::kEqual:
      return ExprOp::kEqual;
    case cql::BinaryOp::kNotEqual:
      return ExprOp::kNotEqual;
    case cql::BinaryOp::kLess:
      return ExprOp::kLess;
    case cql::BinaryOp::kLessEqual:
      return ExprOp::kLessEqual;
    case cql::BinaryOp::kGreater:
      return ExprOp::kGreater;
    case cql::BinaryOp::kGreaterEqual:
      return ExprOp::kGreaterEqual;
    case cql::BinaryOp::kAdd:
      return ExprOp::kAdd;
    case cql::BinaryOp::kSubtract:
      return ExprOp::kSubtract;
    case cql::BinaryOp::kMultiply:
      return ExprOp::kMultiply;
    case cql::BinaryOp::kDivide:
      return ExprOp::kDivide;
    case cql::BinaryOp::kModulo:
      return ExprOp::kModulo;
  }
  return ExprOp::kAnd;
}

absl::StatusOr<BoundExpr> MakeNot(BoundExpr operand, cql::Position at) {
  ASSIGN_OR_RETURN(operand, AsCondition(std::move(operand), "NOT"));
  std::vector<BoundExpr> children;
  children.push_back(std::move(operand));
  return Folded(MakeOp(ExprOp::kNot, ExprType::Bool(), std::move(children), at));
}

class ExpressionBinder {
 public:
  ExpressionBinder(const BindScope& scope, cql::Position at) : scope_(scope), at_(at) {}

  absl::StatusOr<BoundExpr> operator()(const cql::Literal& node) const {
    return std::visit(LiteralBinder{at_}, node.value);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::Parameter& node) const {
    const std::string shown = node.name.empty() ? absl::StrFormat("$%d", node.number) : ":" + node.name;
    const Column* value = nullptr;
    int position = 0;
    for (const BindParameter& parameter : scope_.context->parameters) {
      const bool positional = parameter.name.empty() && ++position == node.number && node.name.empty();
      if (positional || (!node.name.empty() && parameter.name == node.name)) value = parameter.value;
    }
    if (value == nullptr) return cql::InvalidAt(at_, absl::StrFormat("parameter %s has no value", shown));
    if (value->row_count() != 1) {
      return cql::InvalidAt(at_, absl::StrFormat("parameter %s has %d values, not one", shown, value->row_count()));
    }
    Column copy(value->type());
    copy.AppendRows(*value, 0, 1);
    copy.Flatten();
    return MakeConstant(ExprType::Of(value->type()), std::move(copy), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::ColumnRef& node) const {
    const bool other_table =
        !node.table.empty() &&
        (scope_.table == nullptr || (node.table != scope_.table_alias && node.table != scope_.table->name));
    if (other_table)
      return cql::InvalidAt(at_, absl::StrFormat("unknown table \"%s\" in front of a column", node.table));
    const cql::Expr* alias = node.table.empty() ? FindAlias(node.name) : nullptr;
    if (alias != nullptr && scope_.alias_first) return BindAlias(*alias);
    if (scope_.table != nullptr) {
      if (const std::optional<uint32_t> ordinal = scope_.table->FindColumn(node.name)) {
        return MakeColumn(*ordinal, ExprType::Of(scope_.table->columns[*ordinal].type), at_);
      }
      if (node.name == kCommitColumnName) return MakeColumn(scope_.commit_index(), ExprType::Int(), at_);
      if (node.name == kEndColumnName) return MakeColumn(scope_.end_index(), ExprType::Int(), at_);
    }
    if (alias != nullptr) return BindAlias(*alias);
    return UnknownColumn(node.name);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::ReferenceRef&) const { return cql::UnsupportedAt(at_, "REFERENCE"); }

  absl::StatusOr<BoundExpr> operator()(const cql::Unary& node) const {
    ASSIGN_OR_RETURN(BoundExpr operand, Bind(*node.operand));
    if (node.op == cql::UnaryOp::kNot) return MakeNot(std::move(operand), at_);
    return MakeNegation(std::move(operand), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::Binary& node) const {
    ASSIGN_OR_RETURN(BoundExpr left, Bind(*node.left));
    ASSIGN_OR_RETURN(BoundExpr right, Bind(*node.right));
    const ExprOp op = OpOf(node.op);
    if (op == ExprOp::kAnd || op == ExprOp::kOr) return MakeJunction(op, std::move(left), std::move(right), at_);
    if (op >= ExprOp::kEqual && op <= ExprOp::kGreaterEqual)
      return MakeComparison(op, std::move(left), std::move(right), at_);
    return MakeArithmetic(op, std::move(left), std::move(right), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::InList& node) const {
    std::vector<BoundExpr> children(1);
    ASSIGN_OR_RETURN(children[0], Bind(*node.value));
    for (const cql::Expr& item : node.list) {
      ASSIGN_OR_RETURN(BoundExpr candidate, Bind(item));
      // Checks the types and adapts the candidate as `=` would.
      ASSIGN_OR_RETURN(const BoundExpr probe,
                       MakeComparison(ExprOp::kEqual, children[0], candidate, candidate.position));
      if (probe.op == ExprOp::kEqual) candidate = probe.children[1];
      if (candidate.type.is_null) candidate = MakeNull(children[0].type, candidate.position);
      children.push_back(std::move(candidate));
    }
    if (children[0].type.is_null) children[0] = MakeNull(children[1].type, children[0].position);
    BoundExpr in = Folded(MakeOp(ExprOp::kIn, ExprType::Bool(), std::move(children), at_));
    if (!node.negated) return in;
    return MakeNot(std::move(in), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::Between& node) const {
    ASSIGN_OR_RETURN(const BoundExpr value, Bind(*node.value));
    ASSIGN_OR_RETURN(BoundExpr low, Bind(*node.low));
    ASSIGN_OR_RETURN(BoundExpr high, Bind(*node.high));
    ASSIGN_OR_RETURN(BoundExpr above, MakeComparison(ExprOp::kGreaterEqual, value, std::move(low), at_));
    ASSIGN_OR_RETURN(BoundExpr below, MakeComparison(ExprOp::kLessEqual, value, std::move(high), at_));
    ASSIGN_OR_RETURN(BoundExpr both, MakeJunction(ExprOp::kAnd, std::move(above), std::move(below), at_));
    if (!node.negated) return both;
    return MakeNot(std::move(both), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::Like& node) const {
    ASSIGN_OR_RETURN(BoundExpr value, Bind(*node.value));
    ASSIGN_OR_RETURN(const std::optional<std::string> pattern, TextConstant(*node.pattern, "the pattern of LIKE"));
    std::optional<std::string> escape = std::string();
    if (node.escape) {
      ASSIGN_OR_RETURN(escape, TextConstant(*node.escape, "the escape of LIKE"));
      if (escape && (escape->empty() || escape->size() > 4)) {
        return cql::InvalidAt(node.escape->position, "ESCAPE needs one character");
      }
    }
    if (value.type.is_null || !pattern || !escape) return MakeNull(ExprType::Bool(), at_);
    if (value.type.family() != Family::kString) {
      return cql::InvalidAt(value.position, absl::StrFormat("LIKE needs a string, got %s", value.type.ToString()));
    }
    std::vector<BoundExpr> children;
    children.push_back(std::move(value));
    BoundExpr like = MakeOp(ExprOp::kLike, ExprType::Bool(), std::move(children), at_);
    like.pattern = *pattern;
    like.escape = *escape;
    like = Folded(std::move(like));
    if (!node.negated) return like;
    return MakeNot(std::move(like), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::IsNull& node) const {
    std::vector<BoundExpr> children(1);
    ASSIGN_OR_RETURN(children[0], Bind(*node.value));
    BoundExpr is_null = Folded(MakeOp(ExprOp::kIsNull, ExprType::Bool(), std::move(children), at_));
    if (!node.negated) return is_null;
    return MakeNot(std::move(is_null), at_);
  }

  // CASE x WHEN a .. is CASE WHEN x = a ..
  absl::StatusOr<BoundExpr> operator()(const cql::Case& node) const {
    std::vector<BoundExpr> conditions, results;
    for (const cql::CaseBranch& branch : node.branches) {
      ASSIGN_OR_RETURN(BoundExpr when, Bind(*branch.when));
      if (node.operand) {
        ASSIGN_OR_RETURN(BoundExpr operand, Bind(*node.operand));
        ASSIGN_OR_RETURN(when,
                         MakeComparison(ExprOp::kEqual, std::move(operand), std::move(when), branch.when->position));
      }
      ASSIGN_OR_RETURN(when, AsCondition(std::move(when), "WHEN"));
      conditions.push_back(std::move(when));
      ASSIGN_OR_RETURN(BoundExpr then, Bind(*branch.then));
      results.push_back(std::move(then));
    }
    BoundExpr otherwise = MakeNull(ExprType::Null(), at_);
    if (node.otherwise) {
      ASSIGN_OR_RETURN(otherwise, Bind(*node.otherwise));
    }
    results.push_back(std::move(otherwise));
    std::vector<BoundExpr*> all;
    for (BoundExpr& result : results) all.push_back(&result);
    ASSIGN_OR_RETURN(const ExprType type, Unify(std::move(all), "CASE"));
    std::vector<BoundExpr> children;
    for (size_t i = 0; i < conditions.size(); ++i) {
      children.push_back(std::move(conditions[i]));
      children.push_back(std::move(results[i]));
    }
    children.push_back(std::move(results.back()));
    return Folded(MakeOp(ExprOp::kCase, type, std::move(children), at_));
  }

  absl::StatusOr<BoundExpr> operator()(const cql::Cast& node) const {
    ASSIGN_OR_RETURN(BoundExpr value, Bind(*node.value));
    ASSIGN_OR_RETURN(const DataType type, BindType(node.type));
    return Explicitly(std::move(value), ExprType::Of(type), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::ListValue& node) const {
    std::vector<BoundExpr> elements;
    for (const cql::Expr& element : node.elements) {
      ASSIGN_OR_RETURN(BoundExpr bound, Bind(element));
      elements.push_back(std::move(bound));
    }
    return MakeListLiteral(std::move(elements), at_);
  }

  absl::StatusOr<BoundExpr> operator()(const cql::Call& node) const {
    if (const auto aggregate = FindAggregate(node.function)) return BindAggregate(node, *aggregate);
    RETURN_IF_ERROR(CheckFunctionName(node.function, at_));
    if (node.star) return cql::InvalidAt(at_, absl::StrFormat("%s does not take *", node.function));
    if (node.distinct) return cql::InvalidAt(at_, absl::StrFormat("%s does not take DISTINCT", node.function));
    if (node.filter) return cql::InvalidAt(at_, "FILTER belongs to aggregates only");
    std::vector<BoundExpr> arguments;
    for (const cql::Expr& argument : node.arguments) {
      ASSIGN_OR_RETURN(BoundExpr bound, Bind(argument));
      arguments.push_back(std::move(bound));
    }
    return BindFunction(node.function, std::move(arguments), *scope_.context, at_);
  }

 private:
  absl::StatusOr<BoundExpr> Bind(const cql::Expr& expr) const { return BindExpression(expr, scope_); }

  const cql::Expr* FindAlias(const std::string& name) const {
    if (scope_.aliases == nullptr) return nullptr;
    const auto found = scope_.aliases->find(name);
    return found == scope_.aliases->end() ? nullptr : found->second;
  }
  absl::StatusOr<BoundExpr> BindAlias(const cql::Expr& expr) const {
    BindScope inner = scope_;  // an alias names an expression over columns, never another alias
    inner.aliases = nullptr;
    return BindExpression(expr, inner);
  }

  absl::Status UnknownColumn(const std::string& name) const {
    if (scope_.table == nullptr) {
      return cql::InvalidAt(
          at_, absl::StrFormat("unknown column \"%s\": no table is read here; text stands in 'single quotes'", name));
    }
    std::vector<std::string> names;
    for (const ColumnDefinition& column : scope_.table->columns) names.push_back(column.name);
    if (scope_.aliases != nullptr) {
      for (const auto& [alias, expr] : *scope_.aliases) names.push_back(alias);
    }
    return cql::ErrorAt(at_, absl::StatusCode::kNotFound,
                        absl::StrFormat("unknown column \"%s\" in table \"%s\"%s", name, scope_.table->name,
                                        cql::DidYouMean(name, names)));
  }

  // The text of a constant; nullopt for NULL.
  absl::StatusOr<std::optional<std::string>> TextConstant(const cql::Expr& expr, std::string_view what) const {
    ASSIGN_OR_RETURN(const BoundExpr bound, Bind(expr));
    if (bound.type.is_null) return std::optional<std::string>();
    if (!bound.is_constant() || bound.type.family() != Family::kString) {
      return cql::InvalidAt(expr.position, absl::StrFormat("%s must be a string constant", what));
    }
    if (bound.constant->IsNull(0)) return std::optional<std::string>();
    return std::optional<std::string>(std::string(bound.constant->StringAt(0)));
  }

  absl::StatusOr<BoundExpr> BindAggregate(const cql::Call& node, AggregateFunction function) const {
    if (scope_.aggregates == nullptr) {
      return cql::InvalidAt(at_,
                            absl::StrFormat("%s is an aggregate and not allowed in %s", node.function, scope_.clause));
    }
    if (node.distinct) return cql::UnsupportedAt(at_, absl::StrFormat("%s(DISTINCT ..)", node.function));
    if (node.star && function != AggregateFunction::kCount) {
      return cql::InvalidAt(at_, absl::StrFormat("%s does not take *", node.function));
    }
    if (!node.star && node.arguments.size() != 1) {
      return cql::InvalidAt(at_, absl::StrFormat("%s takes 1 argument, got %d", node.function, node.arguments.size()));
    }
    BindScope inner = scope_;
    inner.aggregates = nullptr;
    inner.clause = "an aggregate";
    AggregateCall call{function, std::nullopt, ExprType::Int(), ""};
    if (node.star) {
      call.function = AggregateFunction::kCountStar;
    } else {
      ASSIGN_OR_RETURN(call.argument, BindExpression(node.arguments[0], inner));
      if (call.argument->type.is_null) call.argument = MakeNull(ExprType::Float(), at_);
      ASSIGN_OR_RETURN(call.type, AggregateResult(function, node.function, *call.argument));
    }
    if (node.filter) RETURN_IF_ERROR(ApplyFilter(*node.filter, inner, &call));
    cql::Expr shown;
    shown.node = node;
    call.text = cql::Print(shown);
    return RegisterAggregate(std::move(call));
  }

  // agg(x) FILTER (WHERE f) is agg(CASE WHEN f THEN x END); count(*) counts 1 instead.
  static absl::Status ApplyFilter(const cql::Expr& filter, const BindScope& scope, AggregateCall* call) {
    ASSIGN_OR_RETURN(BoundExpr condition, BindExpression(filter, scope));
    ASSIGN_OR_RETURN(condition, AsCondition(std::move(condition), "FILTER"));
    BoundExpr value = call->argument ? std::move(*call->argument) : MakeInt(1, filter.position);
    const ExprType type = value.type;
    std::vector<BoundExpr> children;
    children.push_back(std::move(condition));
    children.push_back(std::move(value));
    children.push_back(MakeNull(type, filter.position));
    call->argument = MakeOp(ExprOp::kCase, type, std::move(children), filter.position);
    if (call->function == AggregateFunction::kCountStar) call->function = AggregateFunction::kCount;
    return absl::OkStatus();
  }

  BoundExpr RegisterAggregate(AggregateCall call) const {
    std::vector<AggregateCall>& known = *scope_.aggregates;
    const auto same = [&](const AggregateCall& other) {
      if (other.function != call.function || other.argument.has_value() != call.argument.has_value()) return false;
      return !call.argument || SameExpr(*other.argument, *call.argument);
    };
    const size_t index = std::find_if(known.begin(), known.end(), same) - known.begin();
    const ExprType type = call.type;
    if (index == known.size()) known.push_back(std::move(call));
    return MakeColumn(scope_.first_aggregate_index() + static_cast<uint32_t>(index), type, at_);
  }

  const BindScope& scope_;
  const cql::Position at_;
};

std::optional<TypeKind> ScalarKind(const std::string& name) {
  static constexpr TypeKind kScalars[] = {
      TypeKind::kBool,      TypeKind::kInt8,    TypeKind::kInt16,   TypeKind::kInt32,     TypeKind::kInt64,
      TypeKind::kFloat16,   TypeKind::kFloat32, TypeKind::kFloat64, TypeKind::kComplex64, TypeKind::kComplex128,
      TypeKind::kTimestamp, TypeKind::kString,  TypeKind::kBytes};
  for (const TypeKind kind : kScalars) {
    if (TypeKindName(kind) == name) return kind;
  }
  return std::nullopt;
}

absl::Status UnknownType(const cql::TypeName& type) {
  const std::vector<std::string> known = {"bool",      "int8",    "int16",   "int32",     "int64",
                                          "float16",   "float32", "float64", "complex64", "complex128",
                                          "timestamp", "string",  "bytes",   "vector",    "list"};
  return cql::InvalidAt(type.position,
                        absl::StrFormat("unknown type \"%s\"%s", type.name, cql::DidYouMean(type.name, known)));
}

}  // namespace

absl::StatusOr<BoundExpr> BindExpression(const cql::Expr& expr, const BindScope& scope) {
  return std::visit(ExpressionBinder(scope, expr.position), expr.node);
}

absl::StatusOr<DataType> BindType(const cql::TypeName& type) {
  DataType out;
  const auto bad = [&](std::string_view message) { return cql::InvalidAt(type.position, message); };
  if (type.size && (*type.size < 1 || *type.size > (1 << 20))) return bad("a length is between 1 and 1048576");
  if (type.name == "vector" || type.name == "list") {
    if (type.element.size() != 1)
      return bad(type.name == "vector" ? "write vector<float32, 512>" : "write list<string> or list<float32>");
    const cql::TypeName& inner = type.element[0];
    const std::optional<TypeKind> element = ScalarKind(inner.name);
    if (!element) return UnknownType(inner);
    if (type.name == "vector") {
      if (!type.size || inner.size) return bad("write vector<float32, 512>");
      out = DataType::Vector(*element, static_cast<uint32_t>(*type.size));
    } else if (*element == TypeKind::kString && !type.size) {
      out = DataType::ListString(static_cast<uint32_t>(inner.size.value_or(0)));
    } else if (*element == TypeKind::kFloat32 && !type.size) {
      out = DataType::Scalar(TypeKind::kListFloat32);
    } else {
      return bad("a list holds string, string(n) or float32");
    }
  } else {
    const std::optional<TypeKind> kind = ScalarKind(type.name);
    if (!kind) return UnknownType(type);
    if (!type.element.empty() || (type.size && *kind != TypeKind::kString)) {
      return bad(absl::StrFormat("%s takes no parameters", type.name));
    }
    out = DataType::Scalar(*kind);
    out.length = static_cast<uint32_t>(type.size.value_or(0));
  }
  if (absl::Status status = ValidateType(out); !status.ok()) return bad(std::string(status.message()));
  return out;
}

}  // namespace cortex::query
