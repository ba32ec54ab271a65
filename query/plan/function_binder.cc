#include "query/plan/function_binder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/nearest_name.h"
#include "query/plan/list_literal.h"
#include "query/plan/typing.h"

namespace cortex::query {
namespace {

struct Signature {
  std::string_view name;
  FunctionId id;
  size_t min_arguments;
  size_t max_arguments;
};
constexpr Signature kFunctions[] = {
    {"css_distance", FunctionId::kCssDistance, 2, 3},
    {"l2_distance", FunctionId::kL2Distance, 2, 2},
    {"cosine_distance", FunctionId::kCosineDistance, 2, 2},
    {"inner_product", FunctionId::kInnerProduct, 2, 2},
    {"abs", FunctionId::kAbs, 1, 1},
    {"sqrt", FunctionId::kSqrt, 1, 1},
    {"floor", FunctionId::kFloor, 1, 1},
    {"ceil", FunctionId::kCeil, 1, 1},
    {"round", FunctionId::kRound, 1, 1},
    {"ln", FunctionId::kLn, 1, 1},
    {"exp", FunctionId::kExp, 1, 1},
    {"length", FunctionId::kLength, 1, 1},
    {"lower", FunctionId::kLower, 1, 1},
    {"upper", FunctionId::kUpper, 1, 1},
    {"coalesce", FunctionId::kCoalesce, 1, 100},
    {"time_bucket", FunctionId::kTimeBucket, 2, 2},
    {"complex", FunctionId::kComplex, 2, 2},
};
struct AggregateName {
  std::string_view name;
  AggregateFunction function;
};
constexpr AggregateName kAggregates[] = {
    {"count", AggregateFunction::kCount},       {"sum", AggregateFunction::kSum},
    {"avg", AggregateFunction::kAvg},           {"min", AggregateFunction::kMin},
    {"max", AggregateFunction::kMax},           {"stddev", AggregateFunction::kStddev},
    {"variance", AggregateFunction::kVariance},
};
// Of the language, later.
constexpr std::string_view kLater[] = {"signature_similarity", "first",   "last", "quantile",
                                       "approx_quantile",      "centroid"};

const Signature* FindSignature(std::string_view name) {
  for (const Signature& signature : kFunctions) {
    if (signature.name == name) return &signature;
  }
  return nullptr;
}

std::vector<std::string> KnownNames() {
  std::vector<std::string> names = {"now"};
  for (const Signature& f : kFunctions) names.emplace_back(f.name);
  for (const AggregateName& a : kAggregates) names.emplace_back(a.name);
  return names;
}

class FunctionBinder {
 public:
  FunctionBinder(const Signature& signature, std::vector<BoundExpr> arguments, cql::Position at)
      : signature_(signature), arguments_(std::move(arguments)), at_(at) {}

  absl::StatusOr<BoundExpr> Bind() {
    if (arguments_.size() < signature_.min_arguments || arguments_.size() > signature_.max_arguments) {
      return cql::InvalidAt(at_,
                            absl::StrFormat("%s takes %s, got %d", signature_.name, ArityText(), arguments_.size()));
    }
    switch (signature_.id) {
      case FunctionId::kCssDistance:
      case FunctionId::kL2Distance:
      case FunctionId::kCosineDistance:
      case FunctionId::kInnerProduct:
        return Distance();
      case FunctionId::kAbs:
      case FunctionId::kFloor:
      case FunctionId::kCeil:
      case FunctionId::kRound:
        RETURN_IF_ERROR(Numeric(0));
        return Make(arguments_[0].type.family() == Family::kInt ? ExprType::Int() : ExprType::Float());
      case FunctionId::kSqrt:
      case FunctionId::kLn:
      case FunctionId::kExp:
        RETURN_IF_ERROR(Numeric(0));
        return Make(ExprType::Float());
      case FunctionId::kLength:
        RETURN_IF_ERROR(Text());
        return Make(ExprType::Int());
      case FunctionId::kLower:
      case FunctionId::kUpper:
        RETURN_IF_ERROR(Expect(0, Family::kString, ExprType::String()));
        return Make(ExprType::String());
      case FunctionId::kTimeBucket:
        RETURN_IF_ERROR(Expect(0, Family::kInterval, ExprType::Interval()));
        RETURN_IF_ERROR(Expect(1, Family::kTimestamp, ExprType::Timestamp()));
        return Make(ExprType::Timestamp());
      case FunctionId::kComplex:
        RETURN_IF_ERROR(Numeric(0));
        RETURN_IF_ERROR(Numeric(1));
        return Make(ExprType::Of(DataType::Scalar(TypeKind::kComplex128)));
      case FunctionId::kCoalesce:
        break;
    }
    std::vector<BoundExpr*> all;
    for (BoundExpr& argument : arguments_) all.push_back(&argument);
    ASSIGN_OR_RETURN(const ExprType type, Unify(std::move(all), "coalesce"));
    return Make(type);
  }

 private:
  std::string ArityText() const {
    const size_t low = signature_.min_arguments, high = signature_.max_arguments;
    if (low != high) return absl::StrFormat("%d to %d arguments", low, high);
    return absl::StrFormat("%d argument%s", low, low == 1 ? "" : "s");
  }

  absl::StatusOr<BoundExpr> Make(ExprType type) {
    BoundExpr call = MakeOp(ExprOp::kFunction, type, std::move(arguments_), at_);
    call.function = signature_.id;
    call.metric = metric_;
    return Folded(std::move(call));
  }

  absl::Status Misfit(size_t i, std::string_view expected) const {
    return cql::InvalidAt(arguments_[i].position, absl::StrFormat("%s: argument %d must be %s, got %s", signature_.name,
                                                                  i + 1, expected, arguments_[i].type.ToString()));
  }
  absl::Status Numeric(size_t i) {
    if (arguments_[i].type.is_null) arguments_[i] = MakeNull(ExprType::Float(), arguments_[i].position);
    return IsNumeric(arguments_[i].type.family()) ? absl::OkStatus() : Misfit(i, "a number");
  }
  absl::Status Text() {
    if (arguments_[0].type.is_null) arguments_[0] = MakeNull(ExprType::String(), arguments_[0].position);
    const Family family = arguments_[0].type.family();
    return family == Family::kString || family == Family::kBytes ? absl::OkStatus() : Misfit(0, "a string or bytes");
  }
  absl::Status Expect(size_t i, Family family, const ExprType& type) {
    if (arguments_[i].type.is_null) arguments_[i] = MakeNull(type, arguments_[i].position);
    const bool text = arguments_[i].is_constant() && arguments_[i].type.family() == Family::kString;
    if (text && family == Family::kTimestamp) {
      ASSIGN_OR_RETURN(arguments_[i], Implicitly(std::move(arguments_[i]), type, signature_.name));
    }
    return arguments_[i].type.family() == family ? absl::OkStatus() : Misfit(i, type.ToString());
  }

  absl::StatusOr<BoundExpr> Distance() {
    RETURN_IF_ERROR(Metric());
    RETURN_IF_ERROR(AlignVectors());
    const DataType& vector = arguments_[0].type.data;
    if (signature_.id == FunctionId::kCssDistance && !vector.is_complex()) {
      return Misfit(0, "a vector of complex64 or complex128");
    }
    if (signature_.id == FunctionId::kInnerProduct && vector.is_complex()) {
      return Make(ExprType::Of(DataType::Scalar(vector.element)));
    }
    return Make(ExprType::Float());
  }

  absl::Status Metric() {
    if (arguments_.size() < 3) return absl::OkStatus();
    const BoundExpr& metric = arguments_[2];
    if (!metric.is_constant() || metric.type.family() != Family::kString) {
      return Misfit(2, "'euclidean', 'polar' or 'fidelity'");
    }
    const std::string name(metric.constant->StringAt(0));
    if (name == "polar") {
      metric_ = DistanceMetric::kPolar;
    } else if (name == "fidelity") {
      metric_ = DistanceMetric::kFidelity;
    } else if (name != "euclidean") {
      return cql::InvalidAt(metric.position,
                            absl::StrFormat("unknown distance \"%s\"%s", name,
                                            cql::DidYouMean(name, {"euclidean", "polar", "fidelity"})));
    }
    arguments_.pop_back();
    return absl::OkStatus();
  }

  // One element type and one length on both sides. A constant takes the type of the column beside it if it loses
  // nothing there; two columns are widened to the wider type.
  absl::Status AlignVectors() {
    BoundExpr& a = arguments_[0];
    BoundExpr& b = arguments_[1];
    for (BoundExpr* side : {&a, &b}) {
      const BoundExpr& other = side == &a ? b : a;
      if (side->type.is_null && other.type.family() == Family::kVector) *side = MakeNull(other.type, side->position);
    }
    for (size_t i = 0; i < 2; ++i) {
      if (arguments_[i].type.family() != Family::kVector) return Misfit(i, "a vector");
    }
    if (a.type == b.type) return absl::OkStatus();
    if (a.type.data.length != b.type.data.length) {
      return cql::InvalidAt(at_, absl::StrFormat("%s: vectors of different length: %s and %s", signature_.name,
                                                 a.type.ToString(), b.type.ToString()));
    }
    for (BoundExpr* side : {&a, &b}) {
      BoundExpr& other = side == &a ? b : a;
      if (!side->is_constant() || other.is_constant()) continue;
      if (side->type.data.is_complex() && !other.type.data.is_complex())
        return Misfit(side == &a ? 0 : 1, other.type.ToString());
      ASSIGN_OR_RETURN(BoundExpr converted, ConvertListLiteral(*side, other.type.data));
      if (side->is_list_text || LosesNothing(*side, converted)) {
        *side = std::move(converted);
        return absl::OkStatus();
      }
    }
    if (a.type.data.is_complex() != b.type.data.is_complex()) return Misfit(1, a.type.ToString());
    BoundExpr& narrow = a.type.data.shape().row_bytes() < b.type.data.shape().row_bytes() ? a : b;
    const ExprType wide = (&narrow == &a ? b : a).type;
    ASSIGN_OR_RETURN(narrow, Implicitly(std::move(narrow), wide, signature_.name));
    return absl::OkStatus();
  }

  static bool LosesNothing(const BoundExpr& original, const BoundExpr& converted) {
    const absl::StatusOr<BoundExpr> back = ConvertListLiteral(converted, original.type.data);
    return back.ok() && SameExpr(*back, original);
  }

  const Signature& signature_;
  std::vector<BoundExpr> arguments_;
  cql::Position at_;
  DistanceMetric metric_ = DistanceMetric::kEuclidean;
};

}  // namespace

absl::StatusOr<BoundExpr> BindFunction(const std::string& name, std::vector<BoundExpr> arguments,
                                       const BindContext& context, cql::Position at) {
  if (name == "now") {
    if (!arguments.empty()) return cql::InvalidAt(at, "now takes no arguments");
    Column now(DataType::Scalar(TypeKind::kTimestamp));
    now.AppendScalar<int64_t>(context.now_ns);
    return MakeConstant(ExprType::Timestamp(), std::move(now), at);
  }
  RETURN_IF_ERROR(CheckFunctionName(name, at));
  return FunctionBinder(*FindSignature(name), std::move(arguments), at).Bind();
}

absl::Status CheckFunctionName(const std::string& name, cql::Position at) {
  if (name == "now" || FindSignature(name) != nullptr) return absl::OkStatus();
  if (std::find(std::begin(kLater), std::end(kLater), name) != std::end(kLater)) return cql::UnsupportedAt(at, name);
  return cql::InvalidAt(at, absl::StrFormat("unknown function \"%s\"%s", name, cql::DidYouMean(name, KnownNames())));
}

std::optional<AggregateFunction> FindAggregate(std::string_view name) {
  for (const AggregateName& aggregate : kAggregates) {
    if (aggregate.name == name) return aggregate.function;
  }
  return std::nullopt;
}

absl::StatusOr<ExprType> AggregateResult(AggregateFunction function, std::string_view name, const BoundExpr& argument) {
  const Family family = argument.type.family();
  const auto misfit = [&](std::string_view expected) {
    return cql::InvalidAt(argument.position,
                          absl::StrFormat("%s needs %s, got %s", name, expected, argument.type.ToString()));
  };
  switch (function) {
    case AggregateFunction::kCountStar:
    case AggregateFunction::kCount:
      return ExprType::Int();
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
      if (!IsOrdered(family) || family == Family::kNull) return misfit("values with an order");
      return argument.type;
    case AggregateFunction::kSum:
      if (family == Family::kInterval) return argument.type;
      if (!IsNumeric(family)) return misfit("a number");
      return family == Family::kInt ? ExprType::Int() : ExprType::Float();
    default:
      if (!IsNumeric(family)) return misfit("a number");
      return ExprType::Float();
  }
}

}  // namespace cortex::query
