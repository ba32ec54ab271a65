// One column of rows in a file: numbers in .npy, strings and lists in .jsonl.
#ifndef CORTEX_TOOLS_CLIENT_COLUMN_FILE_H_
#define CORTEX_TOOLS_CLIENT_COLUMN_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cortex/datastore/v1/types.pb.h"
#include "tools/client/wire_type.h"

namespace cortex::client {

class ColumnFile {
 public:
  virtual ~ColumnFile() = default;
  virtual uint64_t row_count() const = 0;
  // Bytes one row takes on average.
  virtual size_t row_bytes() const = 0;
  // Fills `out` with rows [begin, begin + count); calls go forward. False where all of them are NULL and the column may
  // as well be left out.
  virtual absl::StatusOr<bool> Read(uint64_t begin, uint32_t count, v1::ColumnValues* out) = 0;
};

// Opens by the ending of `path`. A file `<stem>.valid.npy` beside an .npy file says which rows are present.
// Errors: INVALID_ARGUMENT where the file's type is not the column's; as ParseNpyHeader for damaged files.
absl::StatusOr<std::unique_ptr<ColumnFile>> OpenColumnFile(const std::string& path, const v1::ColumnDefinition& column);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_COLUMN_FILE_H_
