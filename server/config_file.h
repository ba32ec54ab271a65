// The YAML file of settings, flattened: `wal: {limit_bytes: 1}` and `wal.limit_bytes: 1` both give "wal.limit_bytes".
#ifndef CORTEX_SERVER_CONFIG_FILE_H_
#define CORTEX_SERVER_CONFIG_FILE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace cortex {

// Settings in file order. Errors: NOT_FOUND no such file; INVALID_ARGUMENT a directory, not YAML, a list, or a name given
// twice; UNAVAILABLE reading failed.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadConfigFile(const std::string& path);
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseConfigText(const std::string& text,
                                                                                 const std::string& name);

// A scalar that YAML reads back as `value`.
std::string QuoteForConfigFile(std::string_view value);

}  // namespace cortex

#endif  // CORTEX_SERVER_CONFIG_FILE_H_
