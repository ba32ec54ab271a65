// What a database must hold: every step that was acknowledged, and of the others each one whole or not at all.
#ifndef CORTEX_TESTS_RECOVERY_EXPECTED_ROWS_H_
#define CORTEX_TESTS_RECOVERY_EXPECTED_ROWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/recovery/life_step.h"

namespace cortex::testing {

struct LifeRow {
  int64_t x = 0, y = 0;
  bool operator==(const LifeRow&) const = default;
};
// By "table/key".
using LifeRows = std::map<std::string, LifeRow>;

class ExpectedRows {
 public:
  // `step` is about to be asked for: from now on it may show.
  void Begin(const LifeStep& step);
  // It was acknowledged: from now on it must show.
  void Confirm() { steps_.back().certain = true; }
  // It was answered in a way that says that nothing of it was done.
  void Forget() { steps_.pop_back(); }

  // "" if `found` is what some choice among the unconfirmed steps gives, which then becomes what is known; else what is
  // wrong, measured against all confirmed steps. An unconfirmed step takes effect where it was asked for, seen by what
  // came after it or not (a merge kept the values of its time, a delete named the versions of its time, not what a
  // restart brings to light), or as the last of all.
  std::string Settle(const LifeRows& found);

 private:
  struct Step {
    LifeStep step;
    bool certain = false;
  };
  enum Fate : uint64_t { kNever, kInPlace, kUnseen, kLast, kFates };
  // The rows if the uncertain steps have these fates: numbers to the base kFates, the first step's last.
  LifeRows Apply(uint64_t fates) const;

  LifeRows settled_;
  std::vector<Step> steps_;  // since
};

// The name of row `i` of a table.
std::string LifeKey(const LifeStep& step, int i);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_RECOVERY_EXPECTED_ROWS_H_
