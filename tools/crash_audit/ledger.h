// What the audit knows to be true: every batch that was sent and what became of it. Lives outside the server.
//
// A batch is sent, then acknowledged, refused, or left unknown when the server died; event batches may be deleted later,
// whole. After every restart the ledger is compared with all rows the server holds, and what was unknown is settled: seen
// batches must stay, others must not come.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_LEDGER_H_
#define CORTEX_TOOLS_CRASH_AUDIT_LEDGER_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
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

// Rows of event batches so far. What a query may count follows from two of these, taken before and after it.
struct EventRows {
  uint64_t acknowledged = 0;  // at some time
  uint64_t possible = 0;      // and those of unknown fate
  uint64_t delete_begun = 0, deleted = 0;
  uint64_t erase_begun = 0, erased = 0;  // of those, by PURGE

  // Whether a count between the two shows batches whole: erasing acts at once, also on queries that are running.
  static bool ShowsWholeBatches(const EventRows& before, const EventRows& after) {
    return before.erased == after.erase_begun;
  }

  static uint64_t AtLeast(const EventRows& before, const EventRows& after) {
    return before.acknowledged - std::min(before.acknowledged, after.delete_begun);
  }
  static uint64_t AtMost(const EventRows& before, const EventRows& after) { return after.possible - before.deleted; }
};

// Thread-safe while writing; an audit runs while nobody writes.
class Ledger final {
 public:
  explicit Ledger(uint64_t seed) : seed_(seed) {}

  // A new batch number, recorded as sent.
  int64_t Send(Target target, uint32_t writer);
  void Acknowledge(int64_t batch_id);
  void Refuse(int64_t batch_id);

  // An acknowledged event batch of the writer, from `hint` on, that is from now on being deleted; nullopt: none.
  std::optional<int64_t> BeginDelete(uint32_t writer, uint64_t hint, bool erase);
  void ConfirmDelete(int64_t batch_id);
  // Nothing was deleted.
  void RefuseDelete(int64_t batch_id);

  EventRows CountEvents() const;
  uint64_t acknowledged_rows() const;

  // Compares the whole content of one table and settles what was unknown.
  Findings AuditEvents(const std::vector<AuditRow>& rows);
  Findings AuditEntities(const std::vector<AuditRow>& rows);

 private:
  // kRefused: it must not be there, whether it never was or was deleted (`deleted`).
  enum class State { kSent, kAcknowledged, kDeleting, kRefused };
  struct Batch {
    Target target;
    uint32_t writer;
    State state = State::kSent;
    bool deleted = false;
    bool erased = false;  // if it is deleted, then by PURGE
  };

  // True if `row` is what its batch would hold there; counts it otherwise.
  bool CheckRow(Target target, const AuditRow& row, Findings* findings) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint64_t seed_;
  mutable Mutex mutex_;  // guards all below
  int64_t next_batch_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<int64_t, Batch> batches_ ABSL_GUARDED_BY(mutex_);
  // Oldest version of each entity that may be current: the newest acknowledged or settled one.
  std::unordered_map<std::string, int64_t> floors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_LEDGER_H_
