#include "tests/recovery/life_step.h"

#include "absl/strings/str_format.h"

namespace cortex::testing {
namespace {

using Kind = LifeStep::Kind;

LifeStep Create(std::string table, TableKind kind) {
  return {.kind = Kind::kCreate, .table = std::move(table), .table_kind = kind};
}
LifeStep Put(std::string table, int first, int count, int64_t x, Tier tier = Tier::kHot) {
  return {.kind = Kind::kPut, .table = std::move(table), .first = first, .count = count, .x = x, .to = tier};
}
LifeStep Change(Kind kind, std::string table, int first, int count, int64_t x = 0) {
  return {.kind = kind, .table = std::move(table), .first = first, .count = count, .x = x};
}
LifeStep Numbered(LifeStep step, uint64_t sequence) {
  step.sequence = sequence;
  return step;
}
LifeStep Expired(LifeStep step) {
  step.kind = Kind::kExpired;
  return step;
}
LifeStep Move(std::string table, Tier from, Tier to) {
  return {.kind = Kind::kMove, .table = std::move(table), .from = from, .to = to};
}

}  // namespace

std::string LifeStep::ToString() const {
  constexpr const char* kNames[] = {"create", "drop",  "alter", "put",    "merge",
                                    "delete", "purge", "move",  "reopen", "litter", "expired", "age"};
  return absl::StrFormat("%s %s rows %d+%d x %d %s->%s", kNames[static_cast<int>(kind)], table, first, count, x,
                         std::string(TierName(from)), std::string(TierName(to)));
}

std::vector<LifeStep> ScriptedLife() {
  return {
      Create("t", TableKind::kEntities),
      Create("e", TableKind::kEvents),
      Put("t", 0, 1500, 1),
      Put("e", 0, 400, 2),
      Move("t", Tier::kHot, Tier::kWarm),
      Put("t", 500, 800, 3),
      {.kind = Kind::kLitter},
      {.kind = Kind::kReopen},
      Move("t", Tier::kWarm, Tier::kCold),
      Put("t", 100, 700, 4),
      Put("t", 2000, 300, 5, Tier::kWarm),
      Put("e", 400, 200, 6, Tier::kCold),
      Move("t", Tier::kHot, Tier::kCold),
      Put("t", 0, 50, 7),
      Change(Kind::kDelete, "t", 30, 200),
      Change(Kind::kDelete, "e", 350, 100),
      Move("t", Tier::kCold, Tier::kWarm),
      Move("t", Tier::kWarm, Tier::kHot),
      Put("t", 40, 300, 8),
      Change(Kind::kMerge, "t", 300, 100, 11),
      Change(Kind::kPurge, "t", 1990, 60),
      Create("d", TableKind::kEvents),
      Change(Kind::kAlter, "t", 0, 0, 1),
      Put("d", 0, 30, 9),
      {.kind = Kind::kDrop, .table = "d"},
      {.kind = Kind::kCreate, .table = "r", .table_kind = TableKind::kEvents, .time_to_live = true},
      Expired(Put("r", 0, 60, 13, Tier::kWarm)),
      {.kind = Kind::kAge},
      {.kind = Kind::kReopen},
      Numbered(Put("t", 0, 20, 10), 1),
      Numbered(Put("e", 700, 20, 12, Tier::kWarm), 2),
  };
}

uint64_t RandomSteps::Random(uint64_t below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;  // SplitMix64
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (z ^ z >> 31) % below;
}

std::vector<LifeStep> RandomSteps::First() {
  return {Create("t", TableKind::kEntities), Create("e", TableKind::kEvents)};
}

LifeStep RandomSteps::Next() {
  constexpr Tier kTiers[] = {Tier::kHot, Tier::kHot, Tier::kHot, Tier::kHot, Tier::kWarm, Tier::kCold};
  const uint64_t dice = Random(20);
  if (dice < 9) {
    const int first = static_cast<int>(Random(1500));
    return Put("t", first, 1 + static_cast<int>(Random(Random(4) == 0 ? 1200 : 60)), next_x++, kTiers[Random(6)]);
  }
  if (dice < 12) {
    const int count = 1 + static_cast<int>(Random(200));
    next_event += count;
    return Put("e", next_event - count, count, next_x++, kTiers[Random(6)]);
  }
  if (dice == 13) {
    LifeStep merge =
        Change(Kind::kMerge, "t", static_cast<int>(Random(1500)), 1 + static_cast<int>(Random(80)), next_x++);
    merge.to = kTiers[Random(6)];
    return merge;
  }
  if (dice == 14) return Change(Kind::kDelete, "t", static_cast<int>(Random(1500)), 1 + static_cast<int>(Random(300)));
  if (dice == 15) {
    const int first = static_cast<int>(Random(static_cast<uint64_t>(next_event) + 1));
    return Change(Random(3) == 0 ? Kind::kPurge : Kind::kDelete, Random(2) == 0 ? "e" : "t", first,
                  1 + static_cast<int>(Random(100)));
  }
  if (dice == 19) return {.kind = Kind::kReopen};
  constexpr std::pair<Tier, Tier> kMoves[] = {{Tier::kHot, Tier::kWarm},  {Tier::kHot, Tier::kCold},
                                              {Tier::kWarm, Tier::kCold}, {Tier::kCold, Tier::kWarm},
                                              {Tier::kWarm, Tier::kHot},  {Tier::kHot, Tier::kWarm}};
  const auto [from, to] = kMoves[Random(6)];
  return Move(Random(3) == 0 ? "e" : "t", from, to);
}

}  // namespace cortex::testing
