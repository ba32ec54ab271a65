#include "storage/column/data_type.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "absl/strings/str_format.h"

namespace cortex {
namespace {

constexpr uint32_t kMaxVectorLength = 65'536;
constexpr uint32_t kMaxFixedRowBytes = 1 << 20;

constexpr struct {
  TypeKind kind;
  std::string_view name;
} kScalarNames[] = {
    {TypeKind::kBool, "bool"},           {TypeKind::kInt8, "int8"},           {TypeKind::kInt16, "int16"},
    {TypeKind::kInt32, "int32"},         {TypeKind::kInt64, "int64"},         {TypeKind::kFloat16, "float16"},
    {TypeKind::kFloat32, "float32"},     {TypeKind::kFloat64, "float64"},     {TypeKind::kComplex64, "complex64"},
    {TypeKind::kComplex128, "complex128"}, {TypeKind::kTimestamp, "timestamp"}, {TypeKind::kString, "string"},
    {TypeKind::kBytes, "bytes"},
};

bool IsVectorElement(TypeKind kind) {
  return kind >= TypeKind::kFloat16 && kind <= TypeKind::kComplex128;
}

ValueShape ScalarShape(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return {PhysicalType::kBool, 1};
    case TypeKind::kInt8:
      return {PhysicalType::kInt8, 1};
    case TypeKind::kInt16:
      return {PhysicalType::kInt16, 1};
    case TypeKind::kInt32:
      return {PhysicalType::kInt32, 1};
    case TypeKind::kInt64:
    case TypeKind::kTimestamp:
      return {PhysicalType::kInt64, 1};
    case TypeKind::kFloat16:
      return {PhysicalType::kFloat16, 1};
    case TypeKind::kFloat32:
    case TypeKind::kListFloat32:
      return {PhysicalType::kFloat32, 1};
    case TypeKind::kFloat64:
      return {PhysicalType::kFloat64, 1};
    case TypeKind::kComplex64:
      return {PhysicalType::kFloat32, 2};
    case TypeKind::kComplex128:
      return {PhysicalType::kFloat64, 2};
    case TypeKind::kString:
    case TypeKind::kBytes:
    case TypeKind::kListString:
    case TypeKind::kVector:
      break;
  }
  return {PhysicalType::kBytes, 1};
}

// Reads a type from left to right; spaces may stand between any two tokens.
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : rest_(text) {}

  std::optional<DataType> Parse() {
    std::optional<DataType> type = ParseAny();
    SkipSpaces();
    return type.has_value() && rest_.empty() ? type : std::nullopt;
  }

 private:
  std::optional<DataType> ParseAny() {
    const std::string word = Word();
    if (word == "vector") return ParseVector();
    if (word == "list") return ParseList();
    const std::optional<TypeKind> kind = Scalar(word);
    if (!kind.has_value()) return std::nullopt;
    DataType type = DataType::Scalar(*kind);
    if (*kind == TypeKind::kString && !ParseLimit(&type.length)) return std::nullopt;
    return type;
  }

  std::optional<DataType> ParseVector() {
    if (!Eat('<')) return std::nullopt;
    const std::optional<TypeKind> element = Scalar(Word());
    uint32_t length = 0;
    if (!element.has_value() || !Eat(',') || !Number(&length) || !Eat('>')) return std::nullopt;
    return DataType::Vector(*element, length);
  }

  std::optional<DataType> ParseList() {
    if (!Eat('<')) return std::nullopt;
    const std::optional<TypeKind> element = Scalar(Word());
    DataType type;
    if (element == TypeKind::kString) {
      type = DataType::ListString();
      if (!ParseLimit(&type.length)) return std::nullopt;
    } else if (element == TypeKind::kFloat32) {
      type = DataType::Scalar(TypeKind::kListFloat32);
    } else {
      return std::nullopt;
    }
    if (!Eat('>')) return std::nullopt;
    return type;
  }

  // "(n)" with n >= 1, or nothing.
  bool ParseLimit(uint32_t* limit) {
    if (!Eat('(')) return true;
    return Number(limit) && *limit > 0 && Eat(')');
  }

  std::optional<TypeKind> Scalar(std::string_view word) {
    for (const auto& entry : kScalarNames) {
      if (entry.name == word) return entry.kind;
    }
    return std::nullopt;
  }

  std::string Word() {
    SkipSpaces();
    std::string word;
    while (!rest_.empty() && std::isalnum(static_cast<unsigned char>(rest_.front()))) {
      word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(rest_.front()))));
      rest_.remove_prefix(1);
    }
    return word;
  }

  bool Number(uint32_t* value) {
    SkipSpaces();
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), *value);
    if (error != std::errc()) return false;
    rest_.remove_prefix(end - rest_.data());
    return true;
  }

  bool Eat(char c) {
    SkipSpaces();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void SkipSpaces() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front()))) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

absl::Status ValidateVector(const DataType& type) {
  if (!IsVectorElement(type.element)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("vector of %s: elements must be float16, float32, float64, complex64 or complex128",
                        TypeKindName(type.element)));
  }
  if (type.length < 1 || type.length > kMaxVectorLength) {
    return absl::InvalidArgumentError(
        absl::StrFormat("vector length out of range: %d, allowed 1 to %d", type.length, kMaxVectorLength));
  }
  if (type.shape().row_bytes() > kMaxFixedRowBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("row larger than 1 MiB: %s", type.ToString()));
  }
  return absl::OkStatus();
}

}  // namespace

ValueShape DataType::shape() const {
  if (!is_vector()) return ScalarShape(kind);
  ValueShape shape = ScalarShape(element);
  shape.values_per_row *= length;
  return shape;
}

std::string DataType::ToString() const {
  switch (kind) {
    case TypeKind::kString:
      return length == 0 ? "string" : absl::StrFormat("string(%d)", length);
    case TypeKind::kListString:
      return length == 0 ? "list<string>" : absl::StrFormat("list<string(%d)>", length);
    case TypeKind::kVector:
      return absl::StrFormat("vector<%s, %d>", TypeKindName(element), length);
    default:
      return std::string(TypeKindName(kind));
  }
}

std::string_view TypeKindName(TypeKind kind) {
  for (const auto& entry : kScalarNames) {
    if (entry.kind == kind) return entry.name;
  }
  if (kind == TypeKind::kVector) return "vector";
  if (kind == TypeKind::kListString) return "list<string>";
  if (kind == TypeKind::kListFloat32) return "list<float32>";
  return "unknown";
}

absl::Status ValidateType(const DataType& type) {
  if (type.kind < TypeKind::kBool || type.kind > TypeKind::kListFloat32) {
    return absl::InvalidArgumentError(
        absl::StrFormat("unknown type kind: %d", static_cast<unsigned>(type.kind)));
  }
  if (type.is_vector()) return ValidateVector(type);
  const bool has_limit = type.kind == TypeKind::kString || type.kind == TypeKind::kListString;
  if (type.length != 0 && !has_limit) {
    return absl::InvalidArgumentError(
        absl::StrFormat("type %s takes no length, got %d", TypeKindName(type.kind), type.length));
  }
  if (type.length > kMaxFixedRowBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("row larger than 1 MiB: %s", type.ToString()));
  }
  return absl::OkStatus();
}

absl::StatusOr<DataType> ParseType(std::string_view text) {
  const std::optional<DataType> type = TypeParser(text).Parse();
  if (!type.has_value()) return absl::InvalidArgumentError(absl::StrFormat("unknown type: \"%s\"", text));
  if (absl::Status valid = ValidateType(*type); !valid.ok()) return valid;
  return *type;
}

}  // namespace cortex
