#include "query/plan/range_extraction.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "query/expr/batch_column.h"
#include "query/expr/convert.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

// Beyond it, int64 and float64 no longer compare alike, so the condition stays with the evaluator.
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool IsNullConstant(const BoundExpr& expr) {
  return expr.is_constant() && (expr.type.is_null || expr.constant->IsNull(0));
}

ExprOp Mirrored(ExprOp op) {
  switch (op) {
    case ExprOp::kLess:
      return ExprOp::kGreater;
    case ExprOp::kLessEqual:
      return ExprOp::kGreaterEqual;
    case ExprOp::kGreater:
      return ExprOp::kLess;
    case ExprOp::kGreaterEqual:
      return ExprOp::kLessEqual;
    default:
      return op;
  }
}

std::string ValueText(const FilterValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return absl::StrFormat("%d", *integer);
  if (const auto* number = std::get_if<double>(&value)) return FloatText(*number);
  return absl::StrFormat("'%s'", std::get<std::string>(value).substr(0, 40));
}

std::string PredicateText(const std::string& name, const ColumnPredicate& predicate) {
  if (predicate.kind == ColumnPredicate::Kind::kIsNull) return name + " IS NULL";
  if (predicate.kind == ColumnPredicate::Kind::kIsNotNull) return name + " IS NOT NULL";
  const ValueFilter& filter = predicate.filter;
  if (filter.kind == ValueFilter::Kind::kSet) {
    if (filter.set.size() > 3) return absl::StrFormat("%s in %d values", name, filter.set.size());
    std::string list;
    for (const FilterValue& value : filter.set) list += (list.empty() ? "" : ", ") + ValueText(value);
    return absl::StrFormat("%s in (%s)", name, list);
  }
  std::string text = name + " in ";
  text += filter.lower ? (filter.lower->inclusive ? "[" : "(") + ValueText(filter.lower->value) : "(-inf";
  text += ", ";
  return text + (filter.upper ? ValueText(filter.upper->value) + (filter.upper->inclusive ? "]" : ")") : "+inf)");
}

class Extractor {
 public:
  explicit Extractor(const TableDefinition& table) : table_(table) {}

  ExtractedRanges Run(BoundExpr condition) {
    Add(std::move(condition));
    for (PushedPredicate& pushed : out_.predicates) {
      pushed.text = PredicateText(table_.columns[pushed.ordinal].name, pushed.predicate);
    }
    return std::move(out_);
  }

 private:
  void Add(BoundExpr condition) {
    if (condition.op == ExprOp::kAnd) {
      for (BoundExpr& child : condition.children) Add(std::move(child));
      return;
    }
    if (condition.is_constant()) {
      const bool holds = !IsNullConstant(condition) && condition.constant->values_as<uint8_t>()[0] != 0;
      out_.is_empty |= !holds;
      return;
    }
    if (!Push(condition)) out_.residual.push_back(std::move(condition));
  }

  // True if `condition` is now fully expressed as predicates (or as "no row").
  bool Push(const BoundExpr& condition) {
    switch (condition.op) {
      case ExprOp::kColumn:
        return PushBool(condition, true);
      case ExprOp::kNot:
        if (condition.children[0].op == ExprOp::kIsNull) {
          return PushNull(condition.children[0], ColumnPredicate::Kind::kIsNotNull);
        }
        return condition.children[0].op == ExprOp::kColumn && PushBool(condition.children[0], false);
      case ExprOp::kIsNull:
        return PushNull(condition, ColumnPredicate::Kind::kIsNull);
      case ExprOp::kIn:
        return PushSet(condition);
      case ExprOp::kLike:
        return PushPrefix(condition);
      case ExprOp::kEqual:
      case ExprOp::kLess:
      case ExprOp::kLessEqual:
      case ExprOp::kGreater:
      case ExprOp::kGreaterEqual:
        return PushComparison(condition);
      default:
        return false;
    }
  }

  bool IsTableColumn(const BoundExpr& expr) const {
    return expr.op == ExprOp::kColumn && expr.column < table_.columns.size();
  }
  bool IsFilterable(const BoundExpr& expr) const {
    return IsTableColumn(expr) && table_.columns[expr.column].type.is_filterable();
  }

  ColumnPredicate For(uint32_t ordinal, ColumnPredicate::Kind kind) const {
    ColumnPredicate predicate;
    predicate.column = table_.columns[ordinal].id;
    predicate.kind = kind;
    return predicate;
  }

  bool PushNull(const BoundExpr& is_null, ColumnPredicate::Kind kind) {
    if (!IsTableColumn(is_null.children[0])) return false;
    const uint32_t ordinal = is_null.children[0].column;
    out_.predicates.push_back({For(ordinal, kind), ordinal, ""});
    return true;
  }

  bool PushBool(const BoundExpr& column, bool wanted) {
    if (!IsFilterable(column)) return false;
    AddInterval(column.column, FilterBound{int64_t{wanted}, true}, FilterBound{int64_t{wanted}, true});
    return true;
  }

  bool PushComparison(const BoundExpr& condition) {
    const bool swapped = condition.children[0].is_constant();
    const BoundExpr& column = condition.children[swapped ? 1 : 0];
    const BoundExpr& constant = condition.children[swapped ? 0 : 1];
    if (!IsFilterable(column) || !constant.is_constant()) return false;
    if (IsNullConstant(constant)) {
      out_.is_empty = true;
      return true;
    }
    return PushBound(column, swapped ? Mirrored(condition.op) : condition.op, constant);
  }

  bool PushBound(const BoundExpr& column, ExprOp op, const BoundExpr& constant) {
    const Family family = column.type.family();
    if (family == Family::kFloat) {
      const double value = WidenToFloat(BatchColumn::Constant(constant.constant, 1))[0];
      if (std::isnan(value)) {
        out_.is_empty = true;  // = < <= > >= with NaN hold for nothing
        return true;
      }
      AddBound(column.column, op, value);
      return true;
    }
    if (family == Family::kString || family == Family::kBytes) {
      AddBound(column.column, op, std::string(constant.constant->StringAt(0)));
      return true;
    }
    if (constant.type.family() == Family::kFloat) return PushFloatBoundOnInt(column.column, op, constant);
    AddBound(column.column, op, WidenToInt(BatchColumn::Constant(constant.constant, 1))[0]);
    return true;
  }

  // x < 2.5 is x <= 2; x = 2.5 is never.
  bool PushFloatBoundOnInt(uint32_t ordinal, ExprOp op, const BoundExpr& constant) {
    const double value = WidenToFloat(BatchColumn::Constant(constant.constant, 1))[0];
    if (std::isnan(value)) {
      out_.is_empty = true;
      return true;
    }
    if (std::fabs(value) >= kExactIntegers) return false;
    const double down = std::floor(value);
    const auto floor = static_cast<int64_t>(down);
    if (down == value) {
      AddBound(ordinal, op, floor);
    } else if (op == ExprOp::kEqual) {
      out_.is_empty = true;
    } else if (op == ExprOp::kLess || op == ExprOp::kLessEqual) {
      AddBound(ordinal, ExprOp::kLessEqual, floor);
    } else {
      AddBound(ordinal, ExprOp::kGreater, floor);
    }
    return true;
  }

  void AddBound(uint32_t ordinal, ExprOp op, FilterValue value) {
    const bool inclusive = op != ExprOp::kLess && op != ExprOp::kGreater;
    std::optional<FilterBound> lower, upper;
    if (op == ExprOp::kEqual || op == ExprOp::kGreater || op == ExprOp::kGreaterEqual)
      lower = FilterBound{value, inclusive};
    if (op == ExprOp::kEqual || op == ExprOp::kLess || op == ExprOp::kLessEqual) upper = FilterBound{value, inclusive};
    AddInterval(ordinal, std::move(lower), std::move(upper));
  }

  // Intersects with an interval already known for the column.
  void AddInterval(uint32_t ordinal, std::optional<FilterBound> lower, std::optional<FilterBound> upper) {
    PushedPredicate* known = nullptr;
    for (PushedPredicate& pushed : out_.predicates) {
      const bool interval = pushed.predicate.kind == ColumnPredicate::Kind::kValues &&
                            pushed.predicate.filter.kind == ValueFilter::Kind::kInterval;
      if (pushed.ordinal == ordinal && interval) known = &pushed;
    }
    if (known == nullptr) {
      out_.predicates.push_back({For(ordinal, ColumnPredicate::Kind::kValues), ordinal, ""});
      known = &out_.predicates.back();
    }
    ValueFilter& filter = known->predicate.filter;
    const auto tighter_lower = [](const FilterBound& a, const FilterBound& b) {
      return a.value > b.value || (a.value == b.value && !a.inclusive);
    };
    const auto tighter_upper = [](const FilterBound& a, const FilterBound& b) {
      return a.value < b.value || (a.value == b.value && !a.inclusive);
    };
    if (lower && (!filter.lower || tighter_lower(*lower, *filter.lower))) filter.lower = std::move(lower);
    if (upper && (!filter.upper || tighter_upper(*upper, *filter.upper))) filter.upper = std::move(upper);
    if (!filter.lower || !filter.upper) return;
    const bool touching = filter.lower->value == filter.upper->value;
    out_.is_empty |= filter.lower->value > filter.upper->value ||
                     (touching && !(filter.lower->inclusive && filter.upper->inclusive));
  }

  // IN with a NULL in the list is true for the same rows as without it.
  bool PushSet(const BoundExpr& in) {
    const BoundExpr& column = in.children[0];
    if (!IsFilterable(column)) return false;
    const Family family = column.type.family();
    std::vector<FilterValue> set;
    for (size_t i = 1; i < in.children.size(); ++i) {
      const BoundExpr& item = in.children[i];
      if (!item.is_constant()) return false;
      if (IsNullConstant(item)) continue;
      const BatchColumn value = BatchColumn::Constant(item.constant, 1);
      if (family == Family::kString || family == Family::kBytes) {
        set.emplace_back(std::string(value.StringAt(0)));
      } else if (family == Family::kFloat) {
        const double number = WidenToFloat(value)[0];
        if (!std::isnan(number)) set.emplace_back(number == 0 ? 0.0 : number);
      } else if (item.type.family() == Family::kFloat) {
        return false;
      } else {
        set.emplace_back(WidenToInt(value)[0]);
      }
    }
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    out_.is_empty |= set.empty();
    PushedPredicate pushed{For(column.column, ColumnPredicate::Kind::kValues), column.column, ""};
    pushed.predicate.filter.kind = ValueFilter::Kind::kSet;
    pushed.predicate.filter.set = std::move(set);
    out_.predicates.push_back(std::move(pushed));
    return true;
  }

  // LIKE 'abc%' is ['abc', 'abd'); LIKE without wildcards is equality. Anything else stays.
  bool PushPrefix(const BoundExpr& like) {
    if (!IsFilterable(like.children[0]) || !like.escape.empty()) return false;
    const size_t wildcard = like.pattern.find_first_of("%_");
    const uint32_t ordinal = like.children[0].column;
    if (wildcard == std::string::npos) {
      AddBound(ordinal, ExprOp::kEqual, like.pattern);
      return true;
    }
    if (wildcard == 0 || wildcard + 1 != like.pattern.size() || like.pattern[wildcard] != '%') return false;
    std::string prefix = like.pattern.substr(0, wildcard);
    std::string end = prefix;
    end.back() = static_cast<char>(end.back() + 1);  // UTF-8 holds no byte 0xff
    AddInterval(ordinal, FilterBound{std::move(prefix), true}, FilterBound{std::move(end), false});
    return true;
  }

  const TableDefinition& table_;
  ExtractedRanges out_;
};

}  // namespace

ExtractedRanges ExtractRanges(BoundExpr condition, const TableDefinition& table) {
  return Extractor(table).Run(std::move(condition));
}

}  // namespace cortex::query
