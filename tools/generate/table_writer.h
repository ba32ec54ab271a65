// Writes generated rows as a table directory (layout: tools/sampling/README.md).
#ifndef CORTEX_TOOLS_GENERATE_TABLE_WRITER_H_
#define CORTEX_TOOLS_GENERATE_TABLE_WRITER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "tools/generate/generator.h"

namespace cortex::generate {

// Makes `<root>/<table>/` and `<root>/manifest.json`; the table directory must not exist. `progress` gets the rows done.
absl::Status WriteTableDirectory(const Generator& generator, const std::string& root, const std::string& table,
                                 const std::function<void(uint64_t)>& progress);

}  // namespace cortex::generate

#endif  // CORTEX_TOOLS_GENERATE_TABLE_WRITER_H_
