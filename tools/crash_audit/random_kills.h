// Rounds that end at random moments: kill -9 after a random time under load, sometimes while starting, sometimes
// SIGTERM.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_RANDOM_KILLS_H_
#define CORTEX_TOOLS_CRASH_AUDIT_RANDOM_KILLS_H_

#include <cstdint>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/crash_audit/audited_server.h"

namespace cortex::audit {

struct RandomKillOptions {
  int rounds = 20;
  uint64_t seed = 0;
  int min_ms = 100, max_ms = 2'500;  // load before a kill
  // Shell commands: `cut` takes the disk away while the server runs, `restore` brings it back once the server is dead.
  std::string cut, restore;
};

class RandomKills final {
 public:
  RandomKills(RandomKillOptions options, AuditedServer* server, const AuditTotals* totals)
      : options_(options), server_(server), totals_(totals), random_(options.seed) {}

  // Ends at the first finding: that is the one to look at.
  absl::Status Run();
  // "20 rounds, 19 kills (2 while starting), 1 graceful stops".
  std::string Summary() const;

 private:
  int RandomMs(int low, int high) { return low + static_cast<int>(random_() % static_cast<uint64_t>(high - low + 1)); }
  absl::Status Start(int round);
  // Ends the process the way this run does it; says which way that was.
  absl::StatusOr<std::string> End();
  absl::Status Round(int round);
  // Everything the last kill left, and what a restart in peace still holds.
  absl::Status FinalRound();

  const RandomKillOptions options_;
  AuditedServer* const server_;
  const AuditTotals* const totals_;
  std::mt19937_64 random_;
  int rounds_done_ = 0, kills_ = 0, kills_while_starting_ = 0, stops_ = 0;
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_RANDOM_KILLS_H_
