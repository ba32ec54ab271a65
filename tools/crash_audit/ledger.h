// What the audit knows to be true: every batch that was sent and what became of it. Lives outside the server.
//
// A batch is sent, then acknowledged, refused, or left unknown when the server died. After every restart the ledger is
// compared with all rows the server holds, and what was unknown is settled: seen batches must stay, others must not come.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_LEDGER_H_
#define CORTEX_TOOLS_CRASH_AUDIT_LEDGER_H_

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/runtime/mutex.h"
#include "tools/crash_audit/audit_rows.h"

namespace cortex::audit {

struct Findings {
  uint64_t audited = 0;     // rows compared
  uint64_t lost = 0;        // acknowledged rows that are missing or older than acknowledged
  uint64_t wrong = 0;       // rows with a value nobody sent, or of a batch that was refused or never sent
  uint64_t duplicated = 0;  // rows that appear twice
  uint64_t torn = 0;        // rows missing from a batch of which others are there

  bool clean() const { return lost + wrong + duplicated + torn == 0; }
  void Add(const Findings& other);
};
// "lost 0, wrong 0, duplicated 0, torn 0".
std::string Describe(const Findings& findings);

// Thread-safe while writing; an audit runs while nobody writes.
class Ledger final {
 public:
  explicit Ledger(uint64_t seed) : seed_(seed) {}

  // A new batch number, recorded as sent.
  int64_t Send(Target target, uint32_t writer);
  void Acknowledge(int64_t batch_id);
  void Refuse(int64_t batch_id);

  // Rows that acknowledged or settled event batches hold, and rows of all that may be there.
  uint64_t AcknowledgedEventRows() const;
  uint64_t PossibleEventRows() const;
  uint64_t acknowledged_rows() const;

  // Compares the whole content of one table and settles what was unknown.
  Findings AuditEvents(const std::vector<AuditRow>& rows);
  Findings AuditEntities(const std::vector<AuditRow>& rows);

 private:
  enum class State { kSent, kAcknowledged, kRefused };
  struct Batch {
    Target target;
    uint32_t writer;
    State state = State::kSent;
  };

  // True if `row` is what its batch would hold there; counts it otherwise.
  bool CheckRow(Target target, const AuditRow& row, Findings* findings) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t CountRows(Target target, bool with_sent) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint64_t seed_;
  mutable Mutex mutex_;  // guards all below
  int64_t next_batch_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<int64_t, Batch> batches_ ABSL_GUARDED_BY(mutex_);
  // Oldest version of each entity that may be current: the newest acknowledged or settled one.
  std::unordered_map<std::string, int64_t> floors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_LEDGER_H_
