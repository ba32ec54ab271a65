// The measured work: DESIGN's table of numbers for each tier, ingest, sizes, start.
#ifndef CORTEX_TOOLS_BENCHMARK_WORKLOADS_H_
#define CORTEX_TOOLS_BENCHMARK_WORKLOADS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/benchmark/machine_limits.h"
#include "tools/benchmark/report.h"
#include "tools/client/connection.h"
#include "tools/generate/generator.h"

namespace cortex::benchmark {

namespace v1 = client::v1;

inline constexpr const char* kTiers[] = {"hot", "warm", "cold"};

struct Workload {
  const client::Connection* connection = nullptr;
  const MachineLimits* limits = nullptr;
  Report* report = nullptr;
  int repetitions = 7;
};

// Target of one work per tier, in milliseconds of server time.
struct Targets {
  double hot, warm, cold;
  double Of(const std::string& tier) const { return tier == "hot" ? hot : tier == "warm" ? warm : cold; }
};

// Creates `table` for the generator's rows with no policy that would move them, streams all rows in and reports the speed.
absl::Status LoadGenerated(const Workload& workload, const generate::Generator& generator, const std::string& table);
// Streams a table directory in and reports the speed.
absl::Status LoadSample(const Workload& workload, const std::string& directory, const std::string& table);
// Moves everything of `table` down to `tier`.
absl::Status MoveDown(const client::Connection& connection, const std::string& table, const std::string& tier);

// On a table of scalar rows: lookup, aggregate, group by, filter, one million rows to the client.
absl::Status MeasureScalars(const Workload& workload, const generate::Generator& generator, const std::string& table,
                            const std::string& tier);
// On a table with fields: css_distance over 1,000 rows, threshold and top 10 over all.
absl::Status MeasureVectors(const Workload& workload, const generate::Generator& generator, const std::string& table,
                            const std::string& tier);
// Raw against stored bytes of one table.
absl::Status MeasureSizes(const Workload& workload, const std::string& table, const std::string& data);

}  // namespace cortex::benchmark

#endif  // CORTEX_TOOLS_BENCHMARK_WORKLOADS_H_
