// Rounds that end at a named place: every kill point of storage is reached a number of times, and audited after each.
//
// A round: a server with the order starts, is audited, then gets load until it dies; where it would die before the audit,
// one without orders starts first. A point that a round does not reach is asked for with a lower hit number next time.
// Each point has a directory and a ledger of its own, so that a failure leaves exactly what led to it.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_KILL_POINT_ROUNDS_H_
#define CORTEX_TOOLS_CRASH_AUDIT_KILL_POINT_ROUNDS_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/crash_audit/audited_server.h"

namespace cortex::audit {

struct KillPointOptions {
  std::string binary;
  std::string directory;
  uint64_t seed = 0;
  int hits = 20;     // of each point
  std::string only;  // points whose name contains this; "" = all
};

class KillPointRounds final {
 public:
  KillPointRounds(KillPointOptions options, AuditTotals* totals)
      : options_(std::move(options)), totals_(totals), random_(options_.seed) {}

  // Ends at the first finding. Points that were not reached are a complaint at the end.
  absl::Status Run();
  // "48 kill points, 960 hits in 1010 rounds".
  std::string Summary() const;

 private:
  absl::Status RunPoint(const std::string& name);
  // A server without orders: audit, and for some points something to meet.
  absl::Status Prepare(const std::string& name, AuditedServer* server);
  // True if the order was carried out.
  absl::StatusOr<bool> Provoke(const std::string& order, AuditedServer* server);
  // Starts with the order and audits. False if it was carried out before the end of the audit.
  absl::StatusOr<bool> StartAndAudit(const std::string& order, AuditedServer* server);
  absl::Status FinalAudit(AuditedServer* server);

  const KillPointOptions options_;
  AuditTotals* const totals_;
  std::mt19937_64 random_;
  bool must_prepare_ = true;  // the next round of this point
  int points_ = 0, hits_ = 0, rounds_ = 0;
  std::vector<std::string> not_reached_;
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_KILL_POINT_ROUNDS_H_
