// CAST: numbers between widths, text to and from everything that has a text form.
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "codecs/simd/half.h"
#include "query/cql/time_literal.h"
#include "query/expr/convert.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

class Caster {
 public:
  Caster(const BoundExpr& expr, const BatchColumn& value)
      : expr_(expr), value_(value), rows_(value.constant ? 1 : value.row_count), to_(expr.type.data) {}

  absl::StatusOr<BatchColumn> Run() {
    Column out(to_);
    const Widened<int64_t> ints =
        IsFloat(value_.values.shape.type) || from_text() ? Widened<int64_t>() : WidenToInt(value_);
    const Widened<double> floats = from_text() ? Widened<double>() : WidenToFloat(value_);
    for (uint32_t row = 0; row < rows_; ++row) {
      if (value_.IsNull(row)) {
        out.AppendNull();
      } else if (from_text()) {
        RETURN_IF_ERROR(FromText(value_.StringAt(row), &out));
      } else if (to_.is_string()) {
        RETURN_IF_ERROR(AppendText(ToText(row, ints, floats), &out));
      } else if (IsFloat(value_.values.shape.type)) {
        RETURN_IF_ERROR(FromFloat(floats[row], &out));
      } else {
        RETURN_IF_ERROR(FromInt(ints[row], &out));
      }
    }
    BatchColumn view = BatchColumn::Of(std::move(out));
    view.constant = value_.constant;
    view.row_count = value_.row_count;
    return view;
  }

 private:
  bool from_text() const { return value_.type.is_string(); }

  absl::Status OutOfRange(const std::string& value) const {
    return cql::ErrorAt(expr_.position, absl::StatusCode::kOutOfRange,
                        absl::StrFormat("%s does not fit into %s", value, to_.ToString()));
  }
  absl::Status BadText(std::string_view text) const {
    return cql::InvalidAt(expr_.position,
                          absl::StrFormat("cannot read %s from '%s'", to_.ToString(), text.substr(0, 40)));
  }

  template <typename T>
  absl::Status AppendNarrow(int64_t value, Column* out) const {
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
      return OutOfRange(absl::StrFormat("%d", value));
    }
    out->AppendScalar<T>(static_cast<T>(value));
    return absl::OkStatus();
  }

  absl::Status FromInt(int64_t value, Column* out) const {
    switch (to_.kind) {
      case TypeKind::kBool:
        out->AppendScalar<uint8_t>(value != 0 ? 1 : 0);
        return absl::OkStatus();
      case TypeKind::kInt8:
        return AppendNarrow<int8_t>(value, out);
      case TypeKind::kInt16:
        return AppendNarrow<int16_t>(value, out);
      case TypeKind::kInt32:
        return AppendNarrow<int32_t>(value, out);
      case TypeKind::kFloat16:
      case TypeKind::kFloat32:
      case TypeKind::kFloat64:
        return FromFloat(static_cast<double>(value), out);
      default:
        out->AppendScalar<int64_t>(value);
        return absl::OkStatus();
    }
  }

  // To an integer: truncates toward zero.
  absl::Status FromFloat(double value, Column* out) const {
    switch (to_.kind) {
      case TypeKind::kFloat16:
        out->AppendScalar<Half>(ToHalf(value));
        return absl::OkStatus();
      case TypeKind::kFloat32:
        out->AppendScalar<float>(static_cast<float>(value));
        return absl::OkStatus();
      case TypeKind::kFloat64:
        out->AppendScalar<double>(value);
        return absl::OkStatus();
      case TypeKind::kBool:
        out->AppendScalar<uint8_t>(value != 0 ? 1 : 0);
        return absl::OkStatus();
      default:
        break;
    }
    if (!(value > -9223372036854777856.0 && value < 9223372036854775808.0)) return OutOfRange(FloatText(value));
    return FromInt(static_cast<int64_t>(std::trunc(value)), out);
  }

  absl::Status FromText(std::string_view text, Column* out) const {
    switch (to_.kind) {
      case TypeKind::kString:
      case TypeKind::kBytes:
        return AppendText(text, out);
      case TypeKind::kBool:
        if (text != "true" && text != "false") return BadText(text);
        out->AppendScalar<uint8_t>(text == "true" ? 1 : 0);
        return absl::OkStatus();
      case TypeKind::kTimestamp: {
        const absl::StatusOr<int64_t> ns = cql::ParseTimestamp(text);
        if (!ns.ok()) return cql::InvalidAt(expr_.position, StdView(ns.status().message()));
        out->AppendScalar<int64_t>(*ns);
        return absl::OkStatus();
      }
      case TypeKind::kFloat16:
      case TypeKind::kFloat32:
      case TypeKind::kFloat64: {
        double value = 0;
        if (!absl::SimpleAtod(AbslView(text), &value)) return BadText(text);
        return FromFloat(value, out);
      }
      default: {
        int64_t value = 0;
        if (!absl::SimpleAtoi(AbslView(text), &value)) return BadText(text);
        return FromInt(value, out);
      }
    }
  }

  absl::Status AppendText(std::string_view text, Column* out) const {
    if (to_.length != 0 && text.size() > to_.length) {
      return cql::InvalidAt(expr_.position,
                            absl::StrFormat("'%s' is longer than %s", text.substr(0, 40), to_.ToString()));
    }
    out->AppendString(text);
    return absl::OkStatus();
  }

  std::string ToText(uint32_t row, const Widened<int64_t>& ints, const Widened<double>& floats) const {
    switch (value_.type.kind) {
      case TypeKind::kBool:
        return ints[row] != 0 ? "true" : "false";
      case TypeKind::kTimestamp:
        return cql::FormatTimestamp(ints[row]);
      case TypeKind::kFloat64:
        return FloatText(floats[row]);
      case TypeKind::kFloat16:
      case TypeKind::kFloat32:
        return FloatText(static_cast<float>(floats[row]));
      default:
        return absl::StrFormat("%d", ints[row]);
    }
  }

  const BoundExpr& expr_;
  const BatchColumn& value_;
  const uint32_t rows_;
  const DataType to_;
};

}  // namespace

absl::StatusOr<BatchColumn> EvaluateCast(const BoundExpr& expr, const BatchColumn& value) {
  const ExprType& from = expr.children[0].type;
  if (from.is_null) {
    Column nothing(expr.type.data);
    nothing.AppendNull();
    return BatchColumn::Constant(std::make_shared<const Column>(std::move(nothing)), value.row_count);
  }
  if (expr.type.family() == Family::kVector) return ConvertVector(value, expr.type.data);
  if (from == expr.type) return value;
  return Caster(expr, value).Run();
}

}  // namespace cortex::query
