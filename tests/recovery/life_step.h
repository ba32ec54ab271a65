// One step in the life of a database, as data: so that it can be written down, drawn at random and told twice.
#ifndef CORTEX_TESTS_RECOVERY_LIFE_STEP_H_
#define CORTEX_TESTS_RECOVERY_LIFE_STEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/column/schema.h"
#include "storage/segment_view.h"

namespace cortex::testing {

struct LifeStep {
  enum class Kind {
    kCreate,  // the table, of `table_kind`
    kDrop,
    kAlter,   // one column more, "z<x>"
    kPut,     // rows first .. first + count of the table, all with x = y = `x`, into tier `to`
    kMerge,   // the same with x alone; y stays
    kDelete,  // those of these rows that there are
    kPurge,   // the same, erased
    kMove,    // from -> to
    kReopen,  // close and open
    kLitter,  // a segment file that no manifest knows appears
    kExpired, // kPut of rows whose time to live was over before: no read shows them
    kAge,     // days pass; then every policy is applied, that of the time to live too
  };
  Kind kind = Kind::kPut;
  std::string table = "t";
  TableKind table_kind = TableKind::kEntities;
  bool time_to_live = false;  // of a day
  int first = 0, count = 0;
  int64_t x = 0;
  uint64_t sequence = 0;  // of producer "p"; 0: none
  Tier from = Tier::kHot, to = Tier::kHot;

  std::string ToString() const;
};

// A life that meets every step of storage: two tables, all tiers, supersession, log rotation, restarts.
std::vector<LifeStep> ScriptedLife();
// Steps drawn by `seed` on the tables that the first two make. The x of every put is higher than before. Rows of EVENTS
// tables are put once only.
struct RandomSteps {
  explicit RandomSteps(uint64_t seed) : state(seed) {}
  std::vector<LifeStep> First();
  LifeStep Next();
  uint64_t Random(uint64_t below);

  uint64_t state;
  int64_t next_x = 1;
  int next_event = 0;
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_RECOVERY_LIFE_STEP_H_
