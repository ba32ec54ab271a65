#include "query/cql/time_literal.h"

#include <cctype>

#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::cql {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

struct Unit {
  std::string_view name;
  int64_t ns;
};
// Largest first: FormatInterval takes the first that divides.
constexpr Unit kUnits[] = {
    {"week", 604'800 * kSecondNs},
    {"day", 86'400 * kSecondNs},
    {"hour", 3'600 * kSecondNs},
    {"minute", 60 * kSecondNs},
    {"second", kSecondNs},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads one timestamp left to right; every step says whether the text still fits.
class TimestampScanner {
 public:
  explicit TimestampScanner(std::string_view text) : text_(text) {}

  bool Scan() {
    if (!Number(4, &year_) || !Take('-') || !Number(2, &month_) || !Take('-') || !Number(2, &day_)) return false;
    if (AtEnd()) return true;
    if ((Take('T') || Take('t') || Take(' ')) && !ScanClock()) return false;
    return ScanZone() && AtEnd();
  }

  bool Value(int64_t* timestamp_ns) const {
    if (month_ < 1 || month_ > 12 || day_ < 1 || hour_ > 23 || minute_ > 59 || second_ > 59) return false;
    const absl::CivilDay day(year_, month_, day_);
    if (day.month() != month_ || day.day() != day_) return false;  // 2026-02-30 would silently become March
    const int64_t days = day - absl::CivilDay(1970, 1, 1);
    const int64_t seconds = days * 86'400 + hour_ * 3'600 + minute_ * 60 + second_ - zone_seconds_;
    int64_t ns = 0;
    return !__builtin_mul_overflow(seconds, kSecondNs, &ns) && !__builtin_add_overflow(ns, fraction_ns_, timestamp_ns);
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool Number(int digits, int* value) {
    *value = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      if (AtEnd() || !IsDigit(text_[at_])) return false;
      *value = *value * 10 + (text_[at_] - '0');
    }
    return true;
  }
  bool ScanClock() {
    if (!Number(2, &hour_) || !Take(':') || !Number(2, &minute_)) return false;
    if (!Take(':')) return true;
    if (!Number(2, &second_)) return false;
    return !Take('.') || ScanFraction();
  }
  bool ScanFraction() {
    int64_t scale = kSecondNs;
    const size_t start = at_;
    for (; !AtEnd() && IsDigit(text_[at_]); ++at_) {
      if (scale == 1) return false;  // finer than a nanosecond would have to be rounded
      scale /= 10;
      fraction_ns_ += scale * (text_[at_] - '0');
    }
    return at_ > start;
  }
  bool ScanZone() {
    if (AtEnd() || Take('Z') || Take('z')) return true;
    const int sign = Take('+') ? 1 : Take('-') ? -1 : 0;
    int hours = 0, minutes = 0;
    if (sign == 0 || !Number(2, &hours)) return false;
    Take(':');
    if (!Number(2, &minutes) || hours > 23 || minutes > 59) return false;
    zone_seconds_ = sign * (hours * 3'600 + minutes * 60);
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  int year_ = 0, month_ = 0, day_ = 0, hour_ = 0, minute_ = 0, second_ = 0, zone_seconds_ = 0;
  int64_t fraction_ns_ = 0;
};

absl::Status BadInterval(std::string_view text) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "bad interval \"%s\"; write a whole number and a unit of ns, us, ms, second, minute, hour, day or "
      "week, as in '24 hours'",
      text));
}

}  // namespace

absl::StatusOr<int64_t> ParseTimestamp(std::string_view text) {
  TimestampScanner scanner(text);
  int64_t timestamp_ns = 0;
  if (!scanner.Scan() || !scanner.Value(&timestamp_ns)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "bad timestamp \"%s\"; write '2026-03-01T12:30:05.123456789Z' (years 1678 to 2261, UTC unless a zone is given)",
        text));
  }
  return timestamp_ns;
}

int64_t UnitNanoseconds(std::string_view unit) {
  std::string lower;
  for (char c : unit) lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  for (const Unit& known : kUnits) {
    if (lower == known.name || (known.name.size() > 2 && lower == std::string(known.name) + "s")) return known.ns;
  }
  return 0;
}

absl::StatusOr<int64_t> ParseInterval(std::string_view text) {
  int64_t total_ns = 0;
  size_t at = 0;
  bool any = false;
  const auto skip_spaces = [&] {
    while (at < text.size() && IsSpace(text[at])) ++at;
  };
  for (skip_spaces(); at < text.size(); skip_spaces(), any = true) {
    const bool negative = text[at] == '-';
    if (negative) ++at;
    int64_t count = 0;
    const size_t digits = at;
    for (; at < text.size() && IsDigit(text[at]); ++at) {
      if (__builtin_mul_overflow(count, int64_t{10}, &count) || __builtin_add_overflow(count, text[at] - '0', &count)) {
        return BadInterval(text);
      }
    }
    if (at == digits) return BadInterval(text);
    skip_spaces();
    const size_t word = at;
    while (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at]))) ++at;
    const int64_t unit_ns = UnitNanoseconds(text.substr(word, at - word));
    int64_t part_ns = 0;
    if (unit_ns == 0 || __builtin_mul_overflow(negative ? -count : count, unit_ns, &part_ns) ||
        __builtin_add_overflow(total_ns, part_ns, &total_ns)) {
      return BadInterval(text);
    }
  }
  if (!any) return BadInterval(text);
  return total_ns;
}

std::string FormatTimestamp(int64_t timestamp_ns) {
  int64_t seconds = timestamp_ns / kSecondNs;
  int64_t fraction = timestamp_ns % kSecondNs;
  if (fraction < 0) {
    fraction += kSecondNs;
    --seconds;
  }
  const absl::CivilSecond civil = absl::CivilSecond(1970, 1, 1) + seconds;
  std::string text = absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d", civil.year(), civil.month(), civil.day(),
                                     civil.hour(), civil.minute(), civil.second());
  if (fraction == 0) return text + "Z";
  if (fraction % 1'000'000 == 0) return text + absl::StrFormat(".%03dZ", fraction / 1'000'000);
  if (fraction % 1'000 == 0) return text + absl::StrFormat(".%06dZ", fraction / 1'000);
  return text + absl::StrFormat(".%09dZ", fraction);
}

std::string FormatInterval(int64_t interval_ns) {
  if (interval_ns == 0) return "0 seconds";
  for (const Unit& unit : kUnits) {
    if (interval_ns % unit.ns != 0) continue;
    const int64_t count = interval_ns / unit.ns;
    const bool plural = unit.name.size() > 2 && count != 1;
    return absl::StrFormat("%d %s%s", count, unit.name, plural ? "s" : "");
  }
  return absl::StrFormat("%d ns", interval_ns);
}

}  // namespace cortex::cql
