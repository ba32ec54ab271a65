// = <> < <= > >= over columns, and LIKE.
#include <utility>

#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

// C++ comparisons of doubles are the ones wanted: NaN makes everything false but !=.
template <typename T>
void CompareNumbers(ExprOp op, const Widened<T>& a, const Widened<T>& b, uint32_t rows, uint8_t* out) {
  switch (op) {
    case ExprOp::kEqual:
      return ForEachPair(a, b, rows, out, [](T x, T y) { return x == y; });
    case ExprOp::kNotEqual:
      return ForEachPair(a, b, rows, out, [](T x, T y) { return x != y; });
    case ExprOp::kLess:
      return ForEachPair(a, b, rows, out, [](T x, T y) { return x < y; });
    case ExprOp::kLessEqual:
      return ForEachPair(a, b, rows, out, [](T x, T y) { return x <= y; });
    case ExprOp::kGreater:
      return ForEachPair(a, b, rows, out, [](T x, T y) { return x > y; });
    default:
      return ForEachPair(a, b, rows, out, [](T x, T y) { return x >= y; });
  }
}

bool Holds(ExprOp op, int order) {
  switch (op) {
    case ExprOp::kEqual:
      return order == 0;
    case ExprOp::kNotEqual:
      return order != 0;
    case ExprOp::kLess:
      return order < 0;
    case ExprOp::kLessEqual:
      return order <= 0;
    case ExprOp::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

size_t CharacterLength(std::string_view text, size_t at) {
  size_t length = 1;
  while (at + length < text.size() && (static_cast<unsigned char>(text[at + length]) & 0xc0) == 0x80) ++length;
  return length;
}

}  // namespace

BatchColumn EvaluateComparison(ExprOp op, const BatchColumn& left, const BatchColumn& right) {
  const bool constant = left.constant && right.constant;
  const uint32_t rows = constant ? 1 : left.row_count;
  std::vector<uint8_t> bits(rows);
  const auto is_float = [](const BatchColumn& c) { return IsFloat(c.values.shape.type); };
  if (left.type.is_string()) {
    for (uint32_t i = 0; i < rows; ++i) bits[i] = Holds(op, left.StringAt(i).compare(right.StringAt(i)));
  } else if (is_float(left) || is_float(right)) {
    const Widened<double> a = WidenToFloat(left), b = WidenToFloat(right);
    CompareNumbers(op, a, b, rows, bits.data());
  } else {
    const Widened<int64_t> a = WidenToInt(left), b = WidenToInt(right);
    CompareNumbers(op, a, b, rows, bits.data());
  }
  BatchColumn result = MakeBools(std::move(bits), MergedValidity(rows, {&left, &right}));
  result.constant = constant;
  result.row_count = left.row_count;
  return result;
}

// Backtracks to the last % only: linear in practice, O(text * pattern) at worst.
bool MatchesLike(std::string_view text, std::string_view pattern, std::string_view escape) {
  size_t t = 0, p = 0;
  size_t retry_text = std::string_view::npos, retry_pattern = 0;
  while (true) {
    if (p < pattern.size()) {
      const bool escaped =
          !escape.empty() && pattern.substr(p, escape.size()) == escape && p + escape.size() < pattern.size();
      const size_t at = escaped ? p + escape.size() : p;
      if (!escaped && pattern[p] == '%') {
        retry_pattern = ++p;
        retry_text = t;
        continue;
      }
      if (t < text.size()) {
        const size_t length = CharacterLength(text, t);
        if (!escaped && pattern[p] == '_') {
          t += length;
          ++p;
          continue;
        }
        const size_t wanted = CharacterLength(pattern, at);
        if (text.substr(t, length) == pattern.substr(at, wanted)) {
          t += length;
          p = at + wanted;
          continue;
        }
      }
    } else if (t == text.size()) {
      return true;
    }
    if (retry_text == std::string_view::npos || retry_text >= text.size()) return false;
    retry_text += CharacterLength(text, retry_text);
    t = retry_text;
    p = retry_pattern;
  }
}

}  // namespace cortex::query
