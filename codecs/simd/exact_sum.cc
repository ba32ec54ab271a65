#include "codecs/simd/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "codecs/simd/exact_sum_block.h"

namespace cortex::simd {
namespace {

constexpr int kDigitBits = 32;
constexpr uint32_t kMaxPending = uint32_t{1} << 29;  // a third of what an int64 digit has room for
// Shorter spans are added one by one: a block costs some 50 ns before its first value.
constexpr size_t kShortSpan = 24;

constexpr uint64_t kMantissaMask = (uint64_t{1} << 52) - 1;

// |value| = mantissa · 2^position, for finite values.
struct Unpacked {
  uint64_t mantissa;
  int position;
  bool negative;
};
Unpacked Unpack(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t fraction = bits & kMantissaMask;
  if (exponent == 0) return {fraction, -1074, (bits >> 63) != 0};
  return {fraction | uint64_t{1} << 52, exponent - 1075, (bits >> 63) != 0};
}

// Non-negative big number, base 2^32, least digit first, times 2^position.
struct Magnitude {
  std::vector<uint32_t> digits;
  int position = 0;
  bool negative = false;
};

// Signed digits -> sign and magnitude: carries run upwards; if one leaves the top negative, so was the number, and the
// negated digits are carried instead.
template <class Digits>
Magnitude ToMagnitude(const Digits& digits, int position) {
  Magnitude out;
  out.position = position;
  for (const int64_t sign : {1, -1}) {
    out.digits.clear();
    int64_t carry = 0;
    for (size_t i = 0; i < digits.size() + 2; ++i) {
      const int64_t sum = (i < digits.size() ? sign * digits[i] : 0) + carry;
      carry = sum >> kDigitBits;
      out.digits.push_back(static_cast<uint32_t>(sum));
    }
    if (carry == 0) break;
    out.negative = true;
  }
  return out;
}

// mantissa · 2^exponent with a 53-bit (or zero) mantissa, rounded to nearest even; bits below 2^lowest_exponent are
// rounded away too (subnormals).
struct Rounded {
  uint64_t mantissa = 0;
  int exponent = 0;
};
Rounded RoundMagnitude(const Magnitude& m, int lowest_exponent) {
  int top = static_cast<int>(m.digits.size()) - 1;
  while (top >= 0 && m.digits[top] == 0) --top;
  if (top < 0) return {};
  const int high_bit = top * kDigitBits + (std::bit_width(m.digits[top]) - 1);
  const int low_bit = std::max(high_bit - 52, lowest_exponent - m.position);  // the last bit kept
  const auto bit = [&](int b) { return b >= 0 && b <= high_bit && (m.digits[b / kDigitBits] >> (b % kDigitBits) & 1); };
  uint64_t mantissa = 0;
  for (int b = high_bit; b >= std::max(low_bit, 0); --b) mantissa = mantissa << 1 | (bit(b) ? 1 : 0);
  if (low_bit < 0) return {mantissa, m.position};  // fewer than 53 bits: exact
  bool sticky = false;
  for (int b = 0; b < std::min(low_bit - 1, high_bit + 1) && !sticky;) {
    const bool whole_digit = b % kDigitBits == 0 && b + kDigitBits <= low_bit - 1;
    sticky = whole_digit ? m.digits[b / kDigitBits] != 0 : bit(b);
    b += whole_digit ? kDigitBits : 1;
  }
  if (bit(low_bit - 1) && (sticky || (mantissa & 1) != 0)) ++mantissa;
  return {mantissa, m.position + low_bit};
}

}  // namespace

void ExactSum::CoverDigits(int first, int last) {
  if (digits_.empty()) {
    first_digit_ = first;
    digits_.resize(static_cast<size_t>(last - first + 1), 0);
    return;
  }
  if (first < first_digit_) {
    digits_.insert(digits_.begin(), static_cast<size_t>(first_digit_ - first), 0);
    first_digit_ = first;
  }
  const auto needed = static_cast<size_t>(last - first_digit_ + 1);
  if (needed > digits_.size()) digits_.resize(needed, 0);
}

void ExactSum::AddScaled(bool negative, uint64_t magnitude, int position) {
  if (magnitude == 0) return;
  const int shifted = position - kLowestPosition;
  const int first = shifted / kDigitBits;
  if (digits_.empty() || first < first_digit_ || first + 2 >= first_digit_ + static_cast<int>(digits_.size())) {
    CoverDigits(first, first + 2);
  }
  __extension__ typedef unsigned __int128 Wide;
  const Wide wide = static_cast<Wide>(magnitude) << (shifted % kDigitBits);
  int64_t* digit = digits_.data() + (first - first_digit_);
  const int64_t sign = negative ? -1 : 1;
  digit[0] += sign * static_cast<int64_t>(static_cast<uint64_t>(wide) & 0xffffffff);
  digit[1] += sign * static_cast<int64_t>(static_cast<uint64_t>(wide >> 32) & 0xffffffff);
  digit[2] += sign * static_cast<int64_t>(static_cast<uint64_t>(wide >> 64));
  if (++pending_additions_ >= kMaxPending) Normalize();
}

void ExactSum::Normalize() {
  int64_t carry = 0;
  for (int64_t& digit : digits_) {
    const int64_t sum = digit + carry;
    carry = sum >> kDigitBits;
    digit = sum & 0xffffffff;
  }
  // A borrow past the top is kept as a signed digit of its own.
  if (carry != 0) digits_.push_back(carry);
  pending_additions_ = 1;
}

void ExactSum::AddNonFinite(double value) {
  nan_ |= std::isnan(value);
  positive_infinity_ |= value == std::numeric_limits<double>::infinity();
  negative_infinity_ |= value == -std::numeric_limits<double>::infinity();
}

void ExactSum::Add(double value) {
  if (!std::isfinite(value)) return AddNonFinite(value);
  const Unpacked u = Unpack(value);
  AddScaled(u.negative, u.mantissa, u.position);
}

void ExactSum::AddSquare(double value) {
  if (!std::isfinite(value)) return AddNonFinite(value * value);
  const Unpacked u = Unpack(value);
  __extension__ typedef unsigned __int128 Wide;
  const Wide square = static_cast<Wide>(u.mantissa) * u.mantissa;
  AddScaled(false, static_cast<uint64_t>(square), 2 * u.position);
  AddScaled(false, static_cast<uint64_t>(square >> 64), 2 * u.position + 64);
}

namespace {

template <typename T>
void AddAll(absl::Span<const T> values, const uint64_t* selection, bool squares, ExactSum* sum) {
  for (size_t first = 0; first < values.size(); first += kExactBlock) {
    const size_t count = std::min(kExactBlock, values.size() - first);
    const T* block_values = values.data() + first;
    const uint64_t* bits = selection == nullptr ? nullptr : selection + first / 64;
    ExactBlock block;
    if (count >= kShortSpan && SumBlock(block_values, count, bits, squares, &block)) {
      for (size_t p = 0; p < block.part_count; ++p) {
        const int64_t part = block.parts[p];
        const auto magnitude = static_cast<uint64_t>(part < 0 ? -part : part);
        sum->AddScaled(part < 0, magnitude, block.positions[p]);
      }
      continue;
    }
    for (size_t i = 0; i < count; ++i) {
      if (bits != nullptr && (bits[i / 64] >> (i % 64) & 1) == 0) continue;
      squares ? sum->AddSquare(block_values[i]) : sum->Add(block_values[i]);
    }
  }
}

}  // namespace

void ExactSum::AddSpan(absl::Span<const double> values, const uint64_t* selection) {
  AddAll(values, selection, false, this);
}
void ExactSum::AddSpan(absl::Span<const float> values, const uint64_t* selection) {
  AddAll(values, selection, false, this);
}
void ExactSum::AddSquares(absl::Span<const double> values, const uint64_t* selection) {
  AddAll(values, selection, true, this);
}
void ExactSum::AddSquares(absl::Span<const float> values, const uint64_t* selection) {
  AddAll(values, selection, true, this);
}

void ExactSum::Merge(const ExactSum& other) {
  nan_ |= other.nan_;
  positive_infinity_ |= other.positive_infinity_;
  negative_infinity_ |= other.negative_infinity_;
  if (other.digits_.empty()) return;
  if (pending_additions_ + other.pending_additions_ >= kMaxPending) Normalize();
  CoverDigits(other.first_digit_, other.first_digit_ + static_cast<int>(other.digits_.size()) - 1);
  for (size_t i = 0; i < other.digits_.size(); ++i) {
    digits_[i + static_cast<size_t>(other.first_digit_ - first_digit_)] += other.digits_[i];
  }
  pending_additions_ += other.pending_additions_;
}

double ExactSum::Round() const {
  if (nan_ || (positive_infinity_ && negative_infinity_)) return std::numeric_limits<double>::quiet_NaN();
  if (positive_infinity_) return std::numeric_limits<double>::infinity();
  if (negative_infinity_) return -std::numeric_limits<double>::infinity();
  const Magnitude m = ToMagnitude(digits_, first_digit_ * kDigitBits + kLowestPosition);
  const Rounded r = RoundMagnitude(m, -1074);
  // Exact unless it overflows: the mantissa has at most 53 bits and its last bit is at or above the lowest.
  const double magnitude = std::ldexp(static_cast<double>(r.mantissa), r.exponent);
  return m.negative && magnitude != 0 ? -magnitude : magnitude;
}

double ExactVariance(const ExactSum& sum, const ExactSum& sum_of_squares, uint64_t count, uint64_t divisor) {
  for (const ExactSum* s : {&sum, &sum_of_squares}) {
    if (s->nan_ || s->positive_infinity_ || s->negative_infinity_) return std::numeric_limits<double>::quiet_NaN();
  }
  constexpr int kLowest = ExactSum::kLowestPosition;
  const Magnitude s = ToMagnitude(sum.digits_, sum.first_digit_ * kDigitBits + kLowest);
  const Magnitude q = ToMagnitude(sum_of_squares.digits_, sum_of_squares.first_digit_ * kDigitBits + kLowest);
  // Both products on one grid: the lower of the two positions (all positions are multiples of 32).
  const int position = std::min(2 * s.position, q.position);
  const auto q_offset = static_cast<size_t>((q.position - position) / kDigitBits);
  const auto s_offset = static_cast<size_t>((2 * s.position - position) / kDigitBits);
  std::vector<int64_t> numerator(std::max(q.digits.size() + q_offset, 2 * s.digits.size() + s_offset) + 4, 0);
  const auto add = [&numerator](size_t at, uint64_t product, int64_t sign) {
    numerator[at] += sign * static_cast<int64_t>(product & 0xffffffff);
    numerator[at + 1] += sign * static_cast<int64_t>(product >> 32);
  };
  const uint64_t count_low = count & 0xffffffff, count_high = count >> 32;
  for (size_t i = 0; i < q.digits.size(); ++i) {
    add(q_offset + i, q.digits[i] * count_low, 1);
    add(q_offset + i + 1, q.digits[i] * count_high, 1);
  }
  for (size_t i = 0; i < s.digits.size(); ++i) {
    for (size_t j = 0; j < s.digits.size(); ++j) {
      add(s_offset + i + j, static_cast<uint64_t>(s.digits[i]) * s.digits[j], -1);
    }
  }
  const Rounded r = RoundMagnitude(ToMagnitude(numerator, position), std::numeric_limits<int>::min() / 2);
  if (r.mantissa == 0) return 0;
  // Divided before scaling, so that only the result itself may overflow or underflow.
  const double quotient = static_cast<double>(r.mantissa) / static_cast<double>(count) / static_cast<double>(divisor);
  return std::ldexp(quotient, r.exponent);
}

}  // namespace cortex::simd
