// Scalar functions. NULL in, NULL out, except coalesce.
#include <cctype>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

BatchColumn Finish(Column out, Bitmap validity, bool constant, uint32_t rows) {
  if (!validity.empty()) out.SetValidity(std::move(validity));
  if (!constant) return BatchColumn::Of(std::move(out));
  return BatchColumn::Constant(std::make_shared<const Column>(std::move(out)), rows);
}

double FloatFunction(FunctionId function, double x) {
  switch (function) {
    case FunctionId::kAbs:
      return std::fabs(x);
    case FunctionId::kSqrt:
      return std::sqrt(x);
    case FunctionId::kFloor:
      return std::floor(x);
    case FunctionId::kCeil:
      return std::ceil(x);
    case FunctionId::kRound:
      return std::round(x);
    case FunctionId::kLn:
      return std::log(x);
    default:
      return std::exp(x);
  }
}

BatchColumn Floats(const BoundExpr& expr, const BatchColumn& value, uint32_t rows) {
  const uint32_t count = value.constant ? 1 : rows;
  const Widened<double> in = WidenToFloat(value);
  Column out(expr.type.data);
  auto* values = reinterpret_cast<double*>(out.ExtendFixed(count));
  for (uint32_t i = 0; i < count; ++i) values[i] = FloatFunction(expr.function, in[i]);
  return Finish(std::move(out), MergedValidity(count, {&value}), value.constant, rows);
}

// abs, floor, ceil and round of integers.
absl::StatusOr<BatchColumn> Integers(const BoundExpr& expr, const BatchColumn& value, uint32_t rows) {
  const uint32_t count = value.constant ? 1 : rows;
  const Widened<int64_t> in = WidenToInt(value);
  Column out(expr.type.data);
  auto* values = reinterpret_cast<int64_t*>(out.ExtendFixed(count));
  for (uint32_t i = 0; i < count; ++i) {
    values[i] = in[i];
    if (expr.function != FunctionId::kAbs || in[i] >= 0) continue;
    if (__builtin_sub_overflow(int64_t{0}, in[i], &values[i])) {
      return cql::ErrorAt(expr.position, absl::StatusCode::kOutOfRange, "integer overflow");
    }
  }
  return Finish(std::move(out), MergedValidity(count, {&value}), value.constant, rows);
}

int64_t CharacterCount(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

// lower and upper change ASCII letters only; locales do not belong into stored answers.
std::string ChangeCase(std::string_view text, bool upper) {
  std::string out(text);
  for (char& c : out) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

BatchColumn Text(const BoundExpr& expr, const BatchColumn& value, uint32_t rows) {
  const uint32_t count = value.constant ? 1 : rows;
  Column out(expr.type.data);
  for (uint32_t i = 0; i < count; ++i) {
    if (value.IsNull(i)) {
      out.AppendNull();
    } else if (expr.function == FunctionId::kLength) {
      const std::string_view text = value.StringAt(i);
      const bool bytes = value.type.kind == TypeKind::kBytes;
      out.AppendScalar<int64_t>(bytes ? static_cast<int64_t>(text.size()) : CharacterCount(text));
    } else {
      out.AppendString(ChangeCase(value.StringAt(i), expr.function == FunctionId::kUpper));
    }
  }
  return Finish(std::move(out), {}, value.constant, rows);
}

// The start of the bucket of `width` that holds `time`, counted from 1970-01-01; rounds down, also before 1970.
absl::StatusOr<BatchColumn> TimeBucket(const BoundExpr& expr, const BatchColumn& width, const BatchColumn& time,
                                       uint32_t rows) {
  const bool constant = width.constant && time.constant;
  const uint32_t count = constant ? 1 : rows;
  const Widened<int64_t> widths = WidenToInt(width), times = WidenToInt(time);
  Bitmap validity = MergedValidity(count, {&width, &time});
  Column out(expr.type.data);
  auto* values = reinterpret_cast<int64_t*>(out.ExtendFixed(count));
  for (uint32_t i = 0; i < count; ++i) {
    values[i] = 0;
    if (!validity.empty() && !validity.Get(i)) continue;
    if (widths[i] <= 0) return cql::InvalidAt(expr.position, "time_bucket needs an interval above zero");
    const int64_t remainder = times[i] % widths[i];
    if (__builtin_sub_overflow(times[i], remainder < 0 ? remainder + widths[i] : remainder, &values[i])) {
      return cql::ErrorAt(expr.position, absl::StatusCode::kOutOfRange, "timestamp overflow in time_bucket");
    }
  }
  return Finish(std::move(out), std::move(validity), constant, rows);
}

BatchColumn ComplexNumbers(const BoundExpr& expr, const BatchColumn& re, const BatchColumn& im, uint32_t rows) {
  const bool constant = re.constant && im.constant;
  const uint32_t count = constant ? 1 : rows;
  const Widened<double> real = WidenToFloat(re), imaginary = WidenToFloat(im);
  Column out(expr.type.data);
  auto* values = reinterpret_cast<double*>(out.ExtendFixed(count));
  for (uint32_t i = 0; i < count; ++i) {
    values[2 * i] = real[i];
    values[2 * i + 1] = imaginary[i];
  }
  return Finish(std::move(out), MergedValidity(count, {&re, &im}), constant, rows);
}

BatchColumn Coalesce(const BoundExpr& expr, const std::vector<BatchColumn>& arguments, uint32_t rows) {
  bool constant = true;
  for (const BatchColumn& argument : arguments) constant &= argument.constant;
  const uint32_t count = constant ? 1 : rows;
  Column out(expr.type.data);
  for (uint32_t row = 0; row < count; ++row) {
    const BatchColumn* chosen = nullptr;
    for (const BatchColumn& argument : arguments) {
      if (chosen == nullptr && !argument.IsNull(row)) chosen = &argument;
    }
    if (chosen == nullptr) {
      out.AppendNull();
    } else {
      chosen->AppendSelected({&row, 1}, &out);
    }
  }
  return Finish(std::move(out), {}, constant, rows);
}

}  // namespace

absl::StatusOr<BatchColumn> EvaluateFunction(const BoundExpr& expr, const std::vector<BatchColumn>& arguments,
                                             uint32_t rows) {
  switch (expr.function) {
    case FunctionId::kCssDistance:
    case FunctionId::kL2Distance:
    case FunctionId::kCosineDistance:
    case FunctionId::kInnerProduct:
      return EvaluateDistance(expr, arguments, rows);
    case FunctionId::kAbs:
    case FunctionId::kFloor:
    case FunctionId::kCeil:
    case FunctionId::kRound:
      if (expr.type.family() == Family::kInt) return Integers(expr, arguments[0], rows);
      return Floats(expr, arguments[0], rows);
    case FunctionId::kSqrt:
    case FunctionId::kLn:
    case FunctionId::kExp:
      return Floats(expr, arguments[0], rows);
    case FunctionId::kLength:
    case FunctionId::kLower:
    case FunctionId::kUpper:
      return Text(expr, arguments[0], rows);
    case FunctionId::kCoalesce:
      return Coalesce(expr, arguments, rows);
    case FunctionId::kTimeBucket:
      return TimeBucket(expr, arguments[0], arguments[1], rows);
    case FunctionId::kComplex:
      return ComplexNumbers(expr, arguments[0], arguments[1], rows);
  }
  return absl::InternalError("unknown function in a bound expression");
}

}  // namespace cortex::query
