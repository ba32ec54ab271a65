// Splits CSV text into records (RFC 4180): comma, double quotes, quotes doubled inside quotes, LF or CRLF.
#ifndef CORTEX_TOOLS_CLIENT_CSV_READER_H_
#define CORTEX_TOOLS_CLIENT_CSV_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cortex::client {

struct CsvField {
  std::string text;
  bool quoted = false;  // tells an empty string ("") from nothing
};

class CsvReader final {
 public:
  // `text` must outlive the reader.
  explicit CsvReader(std::string_view text) : text_(text) {}

  // Reads the next record into `fields`; false at the end. Errors: INVALID_ARGUMENT naming the line.
  absl::StatusOr<bool> Next(std::vector<CsvField>* fields);

  // Line the last record began at, from 1.
  uint64_t line() const { return record_line_; }
  size_t bytes_read() const { return at_; }

 private:
  absl::Status ReadField(CsvField* field);

  std::string_view text_;
  size_t at_ = 0;
  uint64_t line_ = 1;
  uint64_t record_line_ = 0;
};

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_CSV_READER_H_
