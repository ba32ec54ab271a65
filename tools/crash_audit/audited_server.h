// A server under audit: its directory, the process that runs now, and the ledgers of all it was told.
//
// Nothing here knows why the process ends; random_kills and kill_point_rounds do. What was found wrong adds up here.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_AUDITED_SERVER_H_
#define CORTEX_TOOLS_CRASH_AUDIT_AUDITED_SERVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/client/connection.h"
#include "tools/client/server_process.h"
#include "tools/crash_audit/ledger.h"
#include "tools/crash_audit/load.h"
#include "tools/crash_audit/producer_book.h"
#include "tools/crash_audit/state_ledger.h"

namespace cortex::audit {

inline constexpr int kReadyMs = 120'000;  // a machine may be busy

// What was done and what was wrong, over all servers of a run.
struct AuditTotals {
  Findings findings;
  std::vector<std::string> complaints;  // wrong in another way than a row
  uint64_t acknowledged_rows = 0, changes = 0, replays = 0, moves = 0, queries = 0, refusals = 0;

  bool clean() const { return findings.clean() && complaints.empty(); }
};

// One thread at a time.
class AuditedServer final {
 public:
  // `totals` must outlive it. `flags` come after, and so win over, those for quick rounds.
  AuditedServer(std::string binary, std::string directory, uint64_t seed, AuditTotals* totals,
                const std::vector<std::string>& flags = {});
  ~AuditedServer();

  // Starts a process without waiting; a running one is killed first. `kill_order` as in storage/io/kill_point.h, "" for
  // none; `quiet`: tiers move only when asked.
  absl::Status Spawn(const std::string& kill_order = "", bool quiet = false);
  // Kills the process; the next one destroys expired rows at once (see expired_rows.h).
  absl::Status TrustClock();
  // Waits until it serves, connects, and creates the tables where they are missing.
  absl::Status Connect();
  // Lets the producer repeat itself, then compares all rows with the ledgers. Call it while nobody writes.
  absl::Status Audit();
  // As Audit for the entities; of the events, which may be too many to fetch, the number.
  absl::Status AuditCurrent();
  // Compares the files of both tiers with the segments the server knows, once it is at rest; on a quiet server only.
  absl::Status CheckFiles();

  // Load from now on, until EndLoad or the end of the process.
  void BeginLoad(uint64_t seed, int batches_per_s = LoadOptions().batches_per_s, bool scans = false);
  void EndLoad();
  // The disk is about to go: no error of the load is a complaint from now on.
  void ExpectErrors() { load_->ExpectErrors(); }

  client::ServerProcess& process() { return *process_; }
  const client::Connection& connection() const { return *connection_; }
  // Of the last audit.
  const Findings& findings() const { return findings_; }
  void Complain(std::string sentence) { totals_->complaints.push_back(std::move(sentence)); }

 private:
  // What is wrong with the files of both tiers now; empty: nothing.
  absl::StatusOr<std::string> CompareFiles();
  absl::Status ForgetOldBackups() const;
  // Point reads must agree with the scan.
  absl::Status CompareGet(const std::vector<AuditRow>& entities);

  const client::ServerProcess::Options process_options_;
  const uint64_t seed_;
  AuditTotals* const totals_;
  Ledger ledger_;
  StateLedger states_;
  ProducerBook producer_;
  std::mt19937_64 random_;
  uint64_t audits_ = 0;
  Findings findings_;
  std::unique_ptr<client::ServerProcess> process_;
  std::optional<client::Connection> connection_;
  std::unique_ptr<Load> load_;  // after connection_ and process_: ends first
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_AUDITED_SERVER_H_
