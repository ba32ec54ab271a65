// Encodes a column, decodes it again and says what that cost: size, speed, error. One entry per method: our encodings
// at both efforts, and what else one could do with the same bytes.
#ifndef CORTEX_TOOLS_CODEC_REPORT_MEASURE_H_
#define CORTEX_TOOLS_CODEC_REPORT_MEASURE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/values.h"

namespace cortex::codec_report {

// Rows are handled in chunks of this many, as row groups are.
inline constexpr uint32_t kChunkRows = 65536;

struct Result {
  std::string method;
  std::string encodings;  // what our chooser took, "-" for the others
  uint64_t raw_bytes = 0;
  uint64_t bytes = 0;
  uint64_t values = 0;
  double max_error = 0;  // absolute, over all finite values
  double rms_error = 0;
  double encode_gb_s = 0;  // of raw bytes, one core, best run
  double decode_gb_s = 0;
  std::optional<double> row_us;  // to read one row alone, mean over rows spread over the chunks

  double ratio() const { return static_cast<double>(raw_bytes) / static_cast<double>(bytes); }
  double bits_per_value() const { return 8.0 * static_cast<double>(bytes) / static_cast<double>(values); }
};

// A way to store rows.
class Method {
 public:
  virtual ~Method() = default;
  virtual std::string name() const = 0;
  virtual bool Holds(ValueShape shape) const { return true; }
  // Appends one chunk's bytes; `note` is what to say about them.
  virtual absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) = 0;
  // Appends the rows of one chunk.
  virtual absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) = 0;
  // Appends the rows `picked`, each read on its own; false if there is no such reading.
  virtual absl::StatusOr<bool> ReadRows(std::string_view bytes, ValueShape shape, uint32_t rows,
                                        absl::Span<const uint32_t> picked, ValueBuffer* out) {
    return false;
  }
};

// Runs `method` over all chunks of `rows`, `runs` times, and compares what comes back. Errors: whatever the method
// says, INTERNAL if a lossless method (max_error 0 promised by `lossless`) loses a bit.
absl::StatusOr<Result> Measure(Method& method, const ValueSpan& rows, bool lossless, int runs);

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_MEASURE_H_
