#include "tools/crash_audit/state_ledger.h"

#include <set>

#include "absl/strings/str_format.h"

namespace cortex::audit {
namespace {

using Kind = StateChange::Kind;

constexpr uint64_t kEntities = 150;
constexpr size_t kCommitsKept = 5;
constexpr int64_t kBaseTimeNs = 1'710'000'000'000'000'000;

bool Matches(const StateChange& change, const StateRow& row) { return row.a % change.modulus == change.remainder; }

void CompareRows(const StateRows& expected, const StateReading& reading, Findings* findings) {
  std::set<std::string> seen;
  for (const auto& [key, row] : reading) {
    ++findings->audited;
    if (!seen.insert(key).second) ++findings->duplicated;
    const auto known = expected.find(key);
    if (known == expected.end() || !(known->second == row)) ++findings->wrong;
  }
  for (const auto& [key, row] : expected) findings->lost += seen.count(key) == 0 ? 1 : 0;
}

uint64_t Badness(const Findings& findings) {
  return findings.lost + findings.wrong + findings.duplicated + findings.torn;
}

}  // namespace

StateRow StateChange::Written() const {
  return {.time_ns = kBaseTimeNs + number * 1'000'000,
          .a = number,
          .b = number * 3,
          .note = absl::StrFormat("written by %d", number)};
}

std::string StateChange::UpdatedNote() const { return absl::StrFormat("updated by %d", number); }

void Apply(const StateChange& change, StateRows* rows) {
  const StateRow written = change.Written();
  for (const std::string& key : change.keys) {
    if (change.kind == Kind::kReplace) (*rows)[key] = written;
    if (change.kind == Kind::kMerge) {
      StateRow& row = (*rows)[key];
      row.time_ns = written.time_ns;
      row.a = written.a;
    }
    if (change.kind == Kind::kDelete || change.kind == Kind::kPurge) rows->erase(key);
  }
  if (!change.keys.empty()) return;
  if (change.kind == Kind::kDelete) std::erase_if(*rows, [&](const auto& row) { return Matches(change, row.second); });
  for (auto& [key, row] : *rows) {
    if (change.kind != Kind::kUpdate || !Matches(change, row)) continue;
    row.b = row.a + change.number;
    row.note = change.UpdatedNote();
  }
}

StateChange StateLedger::Begin(std::mt19937_64* random) {
  StateChange change{.number = ++last_number_};
  const uint64_t dice = (*random)() % 16;
  change.kind = dice < 6    ? Kind::kReplace
                : dice < 10 ? Kind::kMerge
                : dice < 13 ? Kind::kUpdate
                : dice < 15 ? Kind::kDelete
                            : Kind::kPurge;
  const bool by_condition = change.kind == Kind::kUpdate || (change.kind == Kind::kDelete && (*random)() % 2 == 0);
  if (by_condition) {
    change.modulus = change.kind == Kind::kUpdate ? 5 : 17;
    change.remainder = static_cast<int64_t>((*random)() % static_cast<uint64_t>(change.modulus));
  } else {
    const uint64_t count = 1 + (*random)() % (change.kind == Kind::kReplace ? 30 : 8);
    std::set<uint64_t> chosen;
    while (chosen.size() < count) chosen.insert((*random)() % kEntities);
    for (const uint64_t entity : chosen) change.keys.push_back(absl::StrFormat("state-%03d", entity));
  }
  pending_ = change;
  return change;
}

void StateLedger::ApplyTo(const StateChange& change, World* world) {
  Apply(change, &world->current);
  if (change.kind != Kind::kPurge) return;
  for (auto& [commit, rows] : world->as_of) {
    for (const std::string& key : change.keys) rows.erase(key);
  }
}

void StateLedger::Acknowledge(uint64_t commit, std::mt19937_64* random) {
  ApplyTo(*pending_, &world_);
  pending_.reset();
  if (commit == 0 || (*random)() % 6 != 0) return;
  world_.as_of[commit] = world_.current;
  if (world_.as_of.size() <= kCommitsKept) return;
  world_.as_of.erase(std::next(world_.as_of.begin(), static_cast<int64_t>((*random)() % world_.as_of.size())));
}

std::vector<uint64_t> StateLedger::commits() const {
  std::vector<uint64_t> commits;
  for (const auto& [commit, rows] : world_.as_of) commits.push_back(commit);
  return commits;
}

Findings StateLedger::Compare(const World& world, const StateReadings& readings) {
  Findings findings;
  CompareRows(world.current, readings.current, &findings);
  for (const auto& [commit, rows] : world.as_of) {
    const auto read = readings.as_of.find(commit);
    CompareRows(rows, read == readings.as_of.end() ? StateReading() : read->second, &findings);
  }
  return findings;
}

Findings StateLedger::Audit(const StateReadings& readings) {
  Findings findings = Compare(world_, readings);
  if (!pending_.has_value()) return findings;
  World done = world_;
  ApplyTo(*pending_, &done);
  pending_.reset();
  const Findings if_done = Compare(done, readings);
  if (Badness(if_done) >= Badness(findings)) return findings;
  world_ = std::move(done);
  return if_done;
}

}  // namespace cortex::audit
