// Where rows to be ingested come from: a table directory, single column files, or a CSV file.
#ifndef CORTEX_TOOLS_CLIENT_ROW_SOURCE_H_
#define CORTEX_TOOLS_CLIENT_ROW_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cortex/datastore/v1/types.pb.h"
#include "tools/client/wire_type.h"

namespace cortex::client {

// How large one batch may be. Both limits are rough: the last row may pass `max_bytes`.
struct BatchLimits {
  uint32_t max_rows = 65'536;
  size_t max_bytes = 3 << 20;  // far below the 16 MiB a server accepts
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  // Fills `batch` with the next rows; row_count 0 at the end.
  virtual absl::Status NextBatch(const BatchLimits& limits, v1::ColumnBatch* batch) = 0;
  // Part of the rows handed out so far, 0 to 1.
  virtual double progress() const = 0;
};

// A folder with one file per column: `<column>.npy`, `<column>.jsonl`, `<column>.valid.npy`; other files are ignored, but
// a .npy or .jsonl file that names no column of the table is refused. tools/sampling/README.md describes the layout.
absl::StatusOr<std::unique_ptr<RowSource>> OpenTableDirectory(const std::string& path, const v1::TableDefinition& table);

// The same from files named one by one: column -> path of an .npy or .jsonl file.
absl::StatusOr<std::unique_ptr<RowSource>> OpenColumnFiles(const std::map<std::string, std::string>& paths,
                                                           const v1::TableDefinition& table);

// A CSV file whose first line names the columns.
absl::StatusOr<std::unique_ptr<RowSource>> OpenCsvFile(const std::string& path, const v1::TableDefinition& table);

// The column of that name; nullptr when there is none.
const v1::ColumnDefinition* FindColumn(const v1::TableDefinition& table, const std::string& name);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_ROW_SOURCE_H_
