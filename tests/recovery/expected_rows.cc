#include "tests/recovery/expected_rows.h"

#include <algorithm>

namespace cortex::testing {
namespace {

using Kind = LifeStep::Kind;

void ApplyStep(const LifeStep& step, LifeRows* rows) {
  for (int i = step.first; i < step.first + step.count; ++i) {
    const std::string name = step.table + "/" + LifeKey(step, i);
    if (step.kind == Kind::kPut) (*rows)[name] = {.x = step.x, .y = step.x};
    if (step.kind == Kind::kMerge) (*rows)[name].x = step.x;
    if (step.kind == Kind::kDelete || step.kind == Kind::kPurge) rows->erase(name);
  }
  if (step.kind == Kind::kDrop) {
    std::erase_if(*rows, [&](const auto& row) { return row.first.starts_with(step.table + "/"); });
  }
}

bool ChangesRows(const LifeStep& step) { return step.kind == Kind::kDrop || step.count > 0; }

}  // namespace

std::string LifeKey(const LifeStep&, int i) { return "k" + std::to_string(i); }

void ExpectedRows::Begin(const LifeStep& step) { steps_.push_back({.step = step}); }

LifeRows ExpectedRows::Apply(uint64_t fates) const {
  LifeRows rows = settled_;
  std::vector<const LifeStep*> last;
  for (const Step& step : steps_) {
    uint64_t fate = step.certain ? kInPlace : kNever;
    if (!step.certain && ChangesRows(step.step)) {
      fate = fates % kFates;
      fates /= kFates;
    }
    if (fate == kInPlace) ApplyStep(step.step, &rows);
    if (fate == kLast) last.push_back(&step.step);
  }
  for (const LifeStep* step : last) ApplyStep(*step, &rows);
  return rows;
}

std::string ExpectedRows::Settle(const LifeRows& found) {
  const auto uncertain = std::count_if(steps_.begin(), steps_.end(),
                                       [](const Step& step) { return !step.certain && ChangesRows(step.step); });
  if (uncertain > 8) return "the test left too many steps uncertain";
  uint64_t choices = 1;
  for (int64_t i = 0; i < uncertain; ++i) choices *= kFates;
  for (uint64_t fates = 0; fates < choices; ++fates) {
    if (Apply(fates) != found) continue;
    settled_ = found;
    steps_.clear();
    return "";
  }
  const LifeRows certain = Apply(0);
  std::string differences = std::to_string(uncertain) + " uncertain steps explain no difference:";
  int shown = 0;
  const auto show = [&](const char* what, const std::string& name, const LifeRow& row) {
    if (++shown > 6) return;
    differences +=
        std::string(" ") + what + " " + name + " x " + std::to_string(row.x) + " y " + std::to_string(row.y) + ";";
  };
  for (const auto& [name, row] : certain) {
    const auto at = found.find(name);
    if (at == found.end()) show("missing", name, row);
    if (at != found.end() && !(at->second == row)) show("changed", name, at->second);
  }
  for (const auto& [name, row] : found) {
    if (certain.count(name) == 0) show("unexpected", name, row);
  }
  differences += " " + std::to_string(shown) + " in all; steps:";
  for (const Step& step : steps_) differences += (step.certain ? "\n  done: " : "\n  asked: ") + step.step.ToString();
  return differences;
}

}  // namespace cortex::testing
