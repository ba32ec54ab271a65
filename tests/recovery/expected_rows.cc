#include "tests/recovery/expected_rows.h"

#include <algorithm>
#include <set>

namespace cortex::testing {
namespace {

using Kind = LifeStep::Kind;

// What a restart shows, and what the process before it could see of that.
struct World {
  LifeRows rows, seen;
  std::set<std::string> unseen;  // rows whose version in `rows` the process did not see
};

void ApplyToRow(const LifeStep& step, bool is_seen, const std::string& name, World* world) {
  if (step.kind == Kind::kPut || step.kind == Kind::kMerge) {
    LifeRow row{.x = step.x, .y = step.x};
    if (step.kind == Kind::kMerge) row.y = world->seen.count(name) == 0 ? 0 : world->seen[name].y;
    world->rows[name] = row;
    if (is_seen) world->seen[name] = row;
    is_seen ? void(world->unseen.erase(name)) : void(world->unseen.insert(name));
  }
  if (step.kind == Kind::kDelete || step.kind == Kind::kPurge) {
    if (world->unseen.count(name) == 0) world->rows.erase(name);  // it ended the version that it saw
    if (is_seen) world->seen.erase(name);
  }
}

void ApplyStep(const LifeStep& step, bool is_seen, World* world) {
  for (int i = step.first; i < step.first + step.count; ++i) {
    ApplyToRow(step, is_seen, step.table + "/" + LifeKey(step, i), world);
  }
  if (step.kind != Kind::kDrop) return;
  for (LifeRows* rows : {&world->rows, &world->seen}) {
    std::erase_if(*rows, [&](const auto& row) { return row.first.starts_with(step.table + "/"); });
  }
}

bool ChangesRows(const LifeStep& step) {
  return step.kind == Kind::kDrop || (step.kind != Kind::kExpired && step.count > 0);
}

}  // namespace

std::string LifeKey(const LifeStep&, int i) { return "k" + std::to_string(i); }

void ExpectedRows::Begin(const LifeStep& step) { steps_.push_back({.step = step}); }

LifeRows ExpectedRows::Apply(uint64_t fates) const {
  World world{.rows = settled_, .seen = settled_, .unseen = {}};
  std::vector<const LifeStep*> last;
  for (const Step& step : steps_) {
    uint64_t fate = step.certain ? kInPlace : kNever;
    if (!step.certain && ChangesRows(step.step)) {
      fate = fates % kFates;
      fates /= kFates;
    }
    if (fate == kInPlace || fate == kUnseen) ApplyStep(step.step, fate == kInPlace, &world);
    if (fate == kLast) last.push_back(&step.step);
  }
  for (const LifeStep* step : last) ApplyStep(*step, /*is_seen=*/true, &world);
  return world.rows;
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
