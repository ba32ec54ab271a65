// A long load at the memory budget: writers, scans and moves, while somebody watches the server's memory.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_SOAK_H_
#define CORTEX_TOOLS_CRASH_AUDIT_SOAK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "tools/crash_audit/audited_server.h"

namespace cortex::audit {

struct SoakOptions {
  std::string binary;
  std::string directory;
  uint64_t seed = 0;
  double minutes = 0;
  uint64_t budget_bytes = uint64_t{256} << 20;
  int batches_per_s = 15;  // of each of four writers
};

class Soak final {
 public:
  Soak(SoakOptions options, AuditTotals* totals) : options_(std::move(options)), totals_(totals) {}

  // Complains when the server ends, or holds more anonymous memory than its budget and a tenth, or rows are not right.
  absl::Status Run();
  // "30.0 minutes, most anonymous memory 231 MiB of a budget of 256 MiB, 12 refusals, ...".
  std::string Summary() const;

 private:
  void Watch(AuditedServer* server);
  absl::Status AuditAtRest(AuditedServer* server);

  const SoakOptions options_;
  AuditTotals* const totals_;
  uint64_t most_bytes_ = 0;
  double minutes_ = 0;
  double rest_s_ = 0;  // until the audit was done, refusals included
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_SOAK_H_
