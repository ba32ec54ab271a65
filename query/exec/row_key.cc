#include "query/exec/row_key.h"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "codecs/simd/half.h"

namespace cortex::query {
namespace {

constexpr char kPresent = 1;
constexpr char kNull = 2;
constexpr uint64_t kSign = uint64_t{1} << 63;

void AppendBigEndian(uint64_t bits, std::string* out) {
  const uint64_t swapped = __builtin_bswap64(bits);
  out->append(reinterpret_cast<const char*>(&swapped), sizeof(swapped));
}

uint64_t TakeBigEndian(std::string_view* key) {
  uint64_t bits = 0;
  std::memcpy(&bits, key->data(), sizeof(bits));
  key->remove_prefix(sizeof(bits));
  return __builtin_bswap64(bits);
}

// Positive floats get the sign bit, negative ones are inverted: then unsigned order is float order, and NaN comes last.
uint64_t OrderedBits(double value) {
  if (std::isnan(value)) return std::numeric_limits<uint64_t>::max();
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double FromOrderedBits(uint64_t bits) {
  if (bits == std::numeric_limits<uint64_t>::max()) return std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<double>((bits & kSign) != 0 ? bits & ~kSign : ~bits);
}

void AppendText(std::string_view text, std::string* out) {
  for (const char c : text) {
    out->push_back(c);
    if (c == '\0') out->push_back('\xff');
  }
  out->append(2, '\0');
}

std::string TakeText(std::string_view* key) {
  std::string text;
  while (true) {
    const char c = key->front();
    const char next = (*key)[1];
    if (c == '\0' && next == '\0') break;
    text.push_back(c);
    key->remove_prefix(c == '\0' ? 2 : 1);
  }
  key->remove_prefix(2);
  return text;
}

}  // namespace

void RowKeyEncoder::AddColumn(const BatchColumn& column, bool descending) {
  Part part{&column, descending, false, false, {}, {}};
  part.is_text = column.type.is_string();
  part.is_float = IsFloat(column.values.shape.type);
  if (part.is_float) part.floats = WidenToFloat(column);
  if (!part.is_text && !part.is_float) part.ints = WidenToInt(column);
  parts_.push_back(std::move(part));
}

void RowKeyEncoder::Append(uint32_t row, std::string* out) const {
  for (const Part& part : parts_) {
    const size_t start = out->size();
    if (part.column->IsNull(row)) {
      out->push_back(kNull);
    } else {
      out->push_back(kPresent);
      if (part.is_text) {
        AppendText(part.column->StringAt(row), out);
      } else if (part.is_float) {
        AppendBigEndian(OrderedBits(part.floats[row]), out);
      } else {
        AppendBigEndian(static_cast<uint64_t>(part.ints[row]) ^ kSign, out);
      }
    }
    if (!part.descending) continue;
    for (size_t i = start; i < out->size(); ++i) (*out)[i] = static_cast<char>(~(*out)[i]);
  }
}

void RowKeyEncoder::KeepUpTo(std::string_view worst, uint32_t rows, std::vector<uint32_t>* kept) const {
  const Part& part = parts_[0];
  constexpr size_t kFixedKey = 1 + sizeof(uint64_t);
  const char mark = static_cast<char>(part.descending ? ~worst[0] : worst[0]);
  const bool comparable = !part.is_text && mark == kPresent && worst.size() >= kFixedKey;
  kept->resize(rows);
  uint32_t count = 0;
  if (!comparable) {
    for (uint32_t row = 0; row < rows; ++row) (*kept)[row] = row;
    return;
  }
  std::string_view rest = worst.substr(1);
  const uint64_t bound = TakeBigEndian(&rest);
  const uint64_t flip = part.descending ? ~uint64_t{0} : 0;
  for (uint32_t row = 0; row < rows; ++row) {
    const uint64_t bits = part.is_float ? OrderedBits(part.floats[row]) : static_cast<uint64_t>(part.ints[row]) ^ kSign;
    // NULL comes last ascending, first descending.
    const bool is_null = part.column->IsNull(row);
    (*kept)[count] = row;
    count += (is_null ? part.descending : (bits ^ flip) <= bound) ? 1 : 0;
  }
  kept->resize(count);
}

void DecodeKeyValue(std::string_view* key, Column* out) {
  const char mark = key->front();
  key->remove_prefix(1);
  if (mark == kNull) {
    out->AppendNull();
  } else if (out->type().is_string()) {
    out->AppendString(TakeText(key));
  } else if (IsFloat(out->type().shape().type)) {
    AppendFloat(FromOrderedBits(TakeBigEndian(key)), out);
  } else {
    AppendInt(static_cast<int64_t>(TakeBigEndian(key) ^ kSign), out);
  }
}

void AppendInt(int64_t value, Column* out) {
  switch (out->type().shape().type) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      return out->AppendScalar<int8_t>(static_cast<int8_t>(value));
    case PhysicalType::kInt16:
      return out->AppendScalar<int16_t>(static_cast<int16_t>(value));
    case PhysicalType::kInt32:
      return out->AppendScalar<int32_t>(static_cast<int32_t>(value));
    default:
      return out->AppendScalar<int64_t>(value);
  }
}

void AppendFloat(double value, Column* out) {
  switch (out->type().shape().type) {
    case PhysicalType::kFloat16:
      return out->AppendScalar<Half>(ToHalf(value));
    case PhysicalType::kFloat32:
      return out->AppendScalar<float>(static_cast<float>(value));
    default:
      return out->AppendScalar<double>(value);
  }
}

}  // namespace cortex::query
