#include "tools/codec_report/measure.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/half.h"

namespace cortex::codec_report {
namespace {

// Processor time of this thread: what else runs on the machine does not count.
class Stopwatch {
 public:
  double Seconds() const { return Now() - start_; }

 private:
  static double Now() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }
  double start_ = Now();
};

double NumberAt(const ValueSpan& rows, size_t i) {
  const std::byte* at = rows.fixed + i * WidthOf(rows.shape.type);
  const auto load = [&](auto value) {
    std::memcpy(&value, at, sizeof(value));
    return value;
  };
  switch (rows.shape.type) {
    case PhysicalType::kFloat16:
      return ToFloat(load(Half{}));
    case PhysicalType::kFloat32:
      return load(float{});
    case PhysicalType::kFloat64:
      return load(double{});
    case PhysicalType::kInt64:
      return static_cast<double>(load(int64_t{}));
    case PhysicalType::kInt32:
      return load(int32_t{});
    case PhysicalType::kInt16:
      return load(int16_t{});
    default:
      return load(int8_t{});
  }
}

bool SameRows(const ValueSpan& a, const ValueSpan& b) {
  if (a.shape.type != PhysicalType::kBytes) return std::memcmp(a.fixed, b.fixed, a.byte_size()) == 0;
  for (uint32_t row = 0; row < a.row_count; ++row) {
    if (a.StringAt(row) != b.StringAt(row)) return false;
  }
  return true;
}

void AddErrors(const ValueSpan& rows, const ValueSpan& decoded, Result* result, double* squares) {
  if (SameRows(rows, decoded)) return;
  const size_t values = size_t{rows.row_count} * rows.shape.values_per_row;
  for (size_t i = 0; i < values; ++i) {
    const double error = std::fabs(NumberAt(rows, i) - NumberAt(decoded, i));
    if (!std::isfinite(error)) continue;
    result->max_error = std::max(result->max_error, error);
    *squares += error * error;
  }
}

// Seconds to read one of the rows alone, if the method can; what it reads is compared.
absl::StatusOr<std::optional<double>> SecondsPerRow(Method& method, const std::string& bytes,
                                                    const ValueSpan& decoded) {
  constexpr uint32_t kPicks = 256;
  std::vector<uint32_t> picked;
  for (uint32_t i = 0; i < kPicks; ++i) {
    picked.push_back(static_cast<uint32_t>(uint64_t{decoded.row_count} * (i * 97 % kPicks) / kPicks));
  }
  ValueBuffer read(decoded.shape), wanted(decoded.shape);
  for (const uint32_t row : picked) wanted.Append(decoded.Slice(row, 1));
  const Stopwatch watch;
  ASSIGN_OR_RETURN(const bool can, method.ReadRows(bytes, decoded.shape, decoded.row_count, picked, &read));
  if (!can) return std::nullopt;
  const double seconds = watch.Seconds() / kPicks;
  if (!SameRows(wanted.span(), read.span())) return absl::InternalError("a row read alone is another one");
  return seconds;
}

}  // namespace

absl::StatusOr<Result> Measure(Method& method, const ValueSpan& rows, bool lossless, int runs) {
  Result result{.method = method.name(), .raw_bytes = rows.byte_size()};
  result.values = uint64_t{rows.row_count} * rows.shape.values_per_row;
  double encode_seconds = 0, decode_seconds = 0, row_seconds = 0, squares = 0;
  std::set<std::string> notes;
  for (uint32_t first = 0; first < rows.row_count; first += kChunkRows) {
    const ValueSpan chunk = rows.Slice(first, std::min(kChunkRows, rows.row_count - first));
    double best_encode = HUGE_VAL, best_decode = HUGE_VAL;
    std::string bytes, note;
    for (int run = 0; run < runs && (run == 0 || best_encode < 1); ++run) {
      bytes.clear();
      const Stopwatch watch;
      RETURN_IF_ERROR(method.Encode(chunk, &bytes, &note));
      best_encode = std::min(best_encode, watch.Seconds());
    }
    ValueBuffer decoded(rows.shape);
    for (int run = 0; run < 3 * runs; ++run) {
      decoded.Clear();
      const Stopwatch watch;
      RETURN_IF_ERROR(method.Decode(bytes, rows.shape, chunk.row_count, &decoded));
      best_decode = std::min(best_decode, watch.Seconds());
    }
    if (lossless && !SameRows(chunk, decoded.span())) {
      return absl::InternalError(absl::StrFormat("%s lost a bit after row %d", result.method, first));
    }
    AddErrors(chunk, decoded.span(), &result, &squares);
    ASSIGN_OR_RETURN(const auto seconds_per_row, SecondsPerRow(method, bytes, decoded.span()));
    if (seconds_per_row.has_value()) {
      row_seconds += *seconds_per_row * chunk.row_count;
      result.row_us = row_seconds * 1e6 / rows.row_count;
    }
    result.bytes += bytes.size();
    encode_seconds += best_encode;
    decode_seconds += best_decode;
    notes.insert(note);
  }
  result.encodings = absl::StrJoin(notes, "+");
  result.rms_error = std::sqrt(squares / static_cast<double>(std::max<uint64_t>(1, result.values)));
  result.encode_gb_s = static_cast<double>(result.raw_bytes) * 1e-9 / encode_seconds;
  result.decode_gb_s = static_cast<double>(result.raw_bytes) * 1e-9 / decode_seconds;
  return result;
}

}  // namespace cortex::codec_report
