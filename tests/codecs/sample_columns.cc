#include "tests/codecs/sample_columns.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>

namespace cortex::testing {
namespace {

using Random = std::mt19937_64;

template <typename T>
ValueBuffer Fill(ValueShape shape, uint32_t rows, const std::function<T(size_t)>& value) {
  ValueBuffer out(shape);
  if (rows == 0) return out;
  auto* to = out.ExtendFixed(rows);
  for (size_t i = 0; i < size_t{rows} * shape.values_per_row; ++i) {
    const T v = value(i);
    std::memcpy(to + i * sizeof(T), &v, sizeof(T));
  }
  return out;
}

template <typename T>
void AddIntegers(PhysicalType type, uint32_t rows, Random& random, std::vector<SampleColumn>* out) {
  const std::string name = "int" + std::to_string(8 * sizeof(T));
  const ValueShape shape{type, 1};
  using Limits = std::numeric_limits<T>;
  out->push_back({name + " equal", Fill<T>(shape, rows, [](size_t) { return T{42}; })});
  out->push_back({name + " ascending", Fill<T>(shape, rows, [](size_t i) { return static_cast<T>(3 * i); })});
  out->push_back({name + " small", Fill<T>(shape, rows, [&](size_t) { return static_cast<T>(random() % 11); })});
  out->push_back({name + " random", Fill<T>(shape, rows, [&](size_t) { return static_cast<T>(random()); })});
  out->push_back({name + " extremes", Fill<T>(shape, rows, [&](size_t) {
                    return random() % 3 == 0 ? Limits::min() : random() % 2 == 0 ? Limits::max() : T{0};
                  })});
  out->push_back({name + " outliers", Fill<T>(shape, rows, [&](size_t) {
                    return static_cast<T>(random() % 100 == 0 ? random() : random() % 4);
                  })});
  // Far apart, and multiples of no power of two: differences wrap.
  out->push_back({name + " thirds", Fill<T>(shape, rows, [&](size_t i) {
                    const T jump = i % 4 == 3 ? Limits::max() / 3 * 3 : T{0};
                    return static_cast<T>(Limits::min() / 3 * 3 + jump + 3 * (i % 7));
                  })});
  out->push_back({name + " runs", Fill<T>(shape, rows, [](size_t i) { return static_cast<T>(i / 37 * 7); })});
}

// Rows of several integers: like the row before, like the value before, of changing magnitude, of any.
template <typename T>
void AddIntegerRows(PhysicalType type, uint32_t rows, Random& random, std::vector<SampleColumn>* out) {
  for (uint32_t per_row : {3u, 40u, 256u}) {
    if (per_row > 3 && rows > 300) continue;
    const ValueShape shape{type, per_row};
    const std::string name = "int" + std::to_string(8 * sizeof(T)) + " x" + std::to_string(per_row) + " ";
    out->push_back({name + "like above", Fill<T>(shape, rows, [&](size_t i) {
                      return static_cast<T>(i % per_row * 31 + random() % 3);
                    })});
    out->push_back({name + "like before", Fill<T>(shape, rows, [&](size_t i) {
                      return static_cast<T>(i % per_row / 2 * (i % 2 == 0 ? 5 : 7) + random() % 3 + i / per_row * 55);
                    })});
    out->push_back({name + "magnitudes", Fill<T>(shape, rows, [&](size_t i) {
                      return static_cast<T>(random() >> (64 - 1 - i % per_row / 16 * 5 % (8 * sizeof(T))));
                    })});
    out->push_back({name + "random", Fill<T>(shape, rows, [&](size_t) { return static_cast<T>(random()); })});
  }
}

// Bits of a float type, from a random source; specials one time in four.
template <typename Bits>
Bits RandomFloatBits(Random& random, Bits infinity, Bits sign) {
  switch (random() % 12) {
    case 0:
      return static_cast<Bits>(infinity | (random() & 1 ? sign : 0));
    case 1:
      return static_cast<Bits>(random() & 1 ? sign : 0);  // ±0
    case 2:
      return static_cast<Bits>(infinity | (random() % 7 + 1) | (random() & 1 ? sign : 0));  // NaN payloads
    default:
      return static_cast<Bits>(random());
  }
}

template <typename Bits>
void AddFloats(PhysicalType type, Bits infinity, Bits one, uint32_t rows, Random& random,
               std::vector<SampleColumn>* out) {
  const auto sign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  const std::string name = "float" + std::to_string(8 * sizeof(Bits));
  for (uint32_t per_row : {1u, 6u, 256u}) {
    if (per_row == 256 && rows > 300) continue;  // wide rows: the short columns are enough
    const ValueShape shape{type, per_row};
    const std::string width = " x" + std::to_string(per_row);
    out->push_back({name + width + " equal", Fill<Bits>(shape, rows, [&](size_t) { return one; })});
    out->push_back({name + width + " few", Fill<Bits>(shape, rows, [&](size_t) {
                      const Bits few[] = {one, 0, sign, infinity, static_cast<Bits>(infinity | 1)};
                      return few[random() % 5];
                    })});
    out->push_back({name + width + " random",
                    Fill<Bits>(shape, rows, [&](size_t) { return RandomFloatBits(random, infinity, sign); })});
    out->push_back({name + width + " near one",
                    Fill<Bits>(shape, rows, [&](size_t) { return static_cast<Bits>(one + random() % 64); })});
  }
}

// Floats that are something simpler: decimals, counts, steps, values of a narrower type; and the same with specials.
template <typename T>
void AddSimpleFloats(PhysicalType type, uint32_t rows, Random& random, std::vector<SampleColumn>* out) {
  const std::string name = "float" + std::to_string(8 * sizeof(T));
  using Limits = std::numeric_limits<T>;
  const T specials[] = {T{-0.0}, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(),
                        Limits::max(), Limits::lowest()};
  for (uint32_t per_row : {1u, 6u, 80u}) {
    if (per_row == 80 && rows > 300) continue;
    const ValueShape shape{type, per_row};
    const auto add = [&](const std::string& kind, const std::function<T(size_t)>& value) {
      out->push_back({name + " x" + std::to_string(per_row) + " " + kind, Fill<T>(shape, rows, value)});
    };
    add("decimals", [&](size_t) { return static_cast<T>(static_cast<double>(random() % 20000) / 100 - 50); });
    add("changing decimals", [&](size_t i) {
      return static_cast<T>(static_cast<double>(random() % 9999) / (i / 1024 % 2 == 0 ? 10 : 1000));
    });
    add("counts", [&](size_t) { return static_cast<T>(static_cast<int64_t>(random() % 4001) * 8 - 16000); });
    add("large counts", [&](size_t) { return static_cast<T>(random() >> 11); });
    add("steps", [&](size_t) { return static_cast<T>(static_cast<double>(random() % 300) * 0.30517578125e-4 * 3.7); });
    add("decimals and specials", [&](size_t) {
      return random() % 20 == 0 ? specials[random() % std::size(specials)]
                                : static_cast<T>(static_cast<double>(random() % 1000) / 10);
    });
    add("halves", [&](size_t) { return static_cast<T>(static_cast<double>(random() % 2048) * 0x1p-14 - 0.03125); });
    add("singles", [&](size_t) { return static_cast<T>(static_cast<float>(random()) * 1.1e-20f); });
  }
}

void AddStrings(uint32_t rows, Random& random, std::vector<SampleColumn>* out) {
  const auto add = [&](const std::string& name, const std::function<std::string(uint32_t)>& value) {
    ValueBuffer column(ValueShape{PhysicalType::kBytes, 1});
    for (uint32_t i = 0; i < rows; ++i) column.AppendString(value(i));
    out->push_back({"string " + name, std::move(column)});
  };
  add("empty", [](uint32_t) { return std::string(); });
  add("equal", [](uint32_t) { return std::string("same"); });
  add("few", [&](uint32_t) { return "kind-" + std::to_string(random() % 7); });
  add("distinct", [](uint32_t i) { return "entity/" + std::to_string(i * 2654435761u); });
  add("runs", [](uint32_t i) { return "run " + std::to_string(i / 50); });
  add("any bytes", [&](uint32_t) {
    std::string s(random() % 40, '\0');
    for (char& c : s) c = static_cast<char>(random());
    return s;
  });
  add("long", [&](uint32_t i) { return std::string(i % 5 == 0 ? 3000 : 3, static_cast<char>('a' + i % 26)); });
}

}  // namespace

std::vector<SampleColumn> SampleColumns(uint32_t rows, uint64_t seed) {
  Random random(seed);
  std::vector<SampleColumn> out;
  out.push_back({"bool", Fill<uint8_t>({PhysicalType::kBool, 1}, rows,
                                       [&](size_t) { return static_cast<uint8_t>(random() & 1); })});
  AddIntegers<int8_t>(PhysicalType::kInt8, rows, random, &out);
  AddIntegers<int16_t>(PhysicalType::kInt16, rows, random, &out);
  AddIntegers<int32_t>(PhysicalType::kInt32, rows, random, &out);
  AddIntegers<int64_t>(PhysicalType::kInt64, rows, random, &out);
  AddIntegerRows<int8_t>(PhysicalType::kInt8, rows, random, &out);
  AddIntegerRows<int16_t>(PhysicalType::kInt16, rows, random, &out);
  AddIntegerRows<int64_t>(PhysicalType::kInt64, rows, random, &out);
  AddFloats<uint16_t>(PhysicalType::kFloat16, 0x7c00, 0x3c00, rows, random, &out);
  AddFloats<uint32_t>(PhysicalType::kFloat32, 0x7f800000u, std::bit_cast<uint32_t>(1.0f), rows, random, &out);
  AddFloats<uint64_t>(PhysicalType::kFloat64, uint64_t{0x7ff} << 52, std::bit_cast<uint64_t>(1.0), rows, random, &out);
  AddSimpleFloats<float>(PhysicalType::kFloat32, rows, random, &out);
  AddSimpleFloats<double>(PhysicalType::kFloat64, rows, random, &out);
  AddStrings(rows, random, &out);
  return out;
}

bool SameRows(const ValueSpan& a, const ValueSpan& b) {
  if (!(a.shape == b.shape) || a.row_count != b.row_count) return false;
  if (a.shape.type != PhysicalType::kBytes)
    return a.row_count == 0 || std::memcmp(a.fixed, b.fixed, a.byte_size()) == 0;
  for (uint32_t i = 0; i < a.row_count; ++i) {
    if (a.StringAt(i) != b.StringAt(i)) return false;
  }
  return true;
}

}  // namespace cortex::testing
