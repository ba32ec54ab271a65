// The exact content of a small ENTITIES table that one writer changes in every way there is, now and as of some commits.
//
//   const StateChange change = ledger.Begin(&random);
//   ... send it ...                    // one at a time, so at most one is of unknown fate when the server dies
//   ledger.Acknowledge(commit);        // or Forget(), or neither
//   ... restart, read ...
//   Findings found = ledger.Audit(reading);
#ifndef CORTEX_TOOLS_CRASH_AUDIT_STATE_LEDGER_H_
#define CORTEX_TOOLS_CRASH_AUDIT_STATE_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tools/crash_audit/ledger.h"

namespace cortex::audit {

inline constexpr char kStatesTable[] = "audit_states";

struct StateRow {
  int64_t time_ns = 0;
  int64_t a = 0;  // number of the change that wrote it
  std::optional<int64_t> b;
  std::optional<std::string> note;

  bool operator==(const StateRow&) const = default;
};
// By key.
using StateRows = std::map<std::string, StateRow>;

struct StateChange {
  enum class Kind { kReplace, kMerge, kUpdate, kDelete, kPurge };
  Kind kind = Kind::kReplace;
  int64_t number = 0;             // 1, 2, 3 ...
  std::vector<std::string> keys;  // of kUpdate and kDelete empty: the rows where a % modulus = remainder
  int64_t modulus = 1, remainder = 0;

  // What kReplace and kMerge write; b and note are left out by kMerge.
  StateRow Written() const;
  std::string UpdatedNote() const;
};

// What it does to the current rows.
void Apply(const StateChange& change, StateRows* rows);

// All rows a read gave, duplicates included.
using StateReading = std::vector<std::pair<std::string, StateRow>>;
struct StateReadings {
  StateReading current;
  std::map<uint64_t, StateReading> as_of;  // one per commit asked for
};

// One thread at a time.
class StateLedger final {
 public:
  // A new change; the one before must have been acknowledged or forgotten.
  StateChange Begin(std::mt19937_64* random);
  // `commit` 0: it found no row to change.
  void Acknowledge(uint64_t commit, std::mt19937_64* random);
  // It was refused: nothing of it was done.
  void Forget() { pending_.reset(); }
  bool has_pending() const { return pending_.has_value(); }

  // The commits an audit has to read at.
  std::vector<uint64_t> commits() const;
  // Compares, and settles the change of unknown fate: done whole or not at all, in the present as in the past.
  Findings Audit(const StateReadings& readings);

 private:
  struct World {
    StateRows current;
    std::map<uint64_t, StateRows> as_of;  // commits of acknowledged changes; what was purged since is not in them
  };
  static void ApplyTo(const StateChange& change, World* world);
  static Findings Compare(const World& world, const StateReadings& readings);

  World world_;
  std::optional<StateChange> pending_;
  int64_t last_number_ = 0;
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_STATE_LEDGER_H_
