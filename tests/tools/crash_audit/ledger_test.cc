// The ledger must see every way of losing, inventing, repeating or tearing rows; otherwise a clean audit says nothing.
#include "tools/crash_audit/ledger.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace cortex::audit {
namespace {

constexpr uint64_t kSeed = 42;

void AppendBatch(Target target, uint32_t writer, int64_t batch_id, std::vector<AuditRow>* rows) {
  for (uint32_t row = 0; row < kRowsPerBatch; ++row) rows->push_back(MakeRow(kSeed, target, writer, batch_id, row));
}

// The current rows of a writer's entities after these batches, in order.
std::vector<AuditRow> Current(const std::vector<int64_t>& batches) {
  std::map<std::string, AuditRow> current;
  for (const int64_t batch_id : batches) {
    for (uint32_t row = 0; row < kRowsPerBatch; ++row) {
      const AuditRow made = MakeRow(kSeed, Target::kEntities, 2, batch_id, row);
      current[made.key] = made;
    }
  }
  std::vector<AuditRow> rows;
  for (const auto& [key, row] : current) rows.push_back(row);
  return rows;
}

TEST_CASE("Ledger accepts acknowledged events exactly once", "[tools][crash_audit]") {
  Ledger ledger(kSeed);
  const int64_t batch = ledger.Send(Target::kEvents, 0);
  ledger.Acknowledge(batch);
  std::vector<AuditRow> rows;
  AppendBatch(Target::kEvents, 0, batch, &rows);
  const Findings findings = ledger.AuditEvents(rows);
  REQUIRE(findings.clean());
  REQUIRE(findings.audited == kRowsPerBatch);
  REQUIRE(ledger.CountEvents().acknowledged == kRowsPerBatch);

  SECTION("and sees a lost one") {
    rows.pop_back();
    REQUIRE(ledger.AuditEvents(rows).lost == 1);
  }
  SECTION("and sees a repeated one") {
    rows.push_back(rows[7]);
    REQUIRE(ledger.AuditEvents(rows).duplicated == 1);
  }
  SECTION("and sees a changed one, which is then also missing") {
    rows[3].note = "other";
    const Findings changed = ledger.AuditEvents(rows);
    REQUIRE(changed.wrong == 1);
    REQUIRE(changed.lost == 1);
  }
  SECTION("and sees one that nobody sent") {
    rows.push_back(MakeRow(kSeed, Target::kEvents, 0, 999, 0));
    REQUIRE(ledger.AuditEvents(rows).wrong == 1);
  }
}

TEST_CASE("Ledger settles an event batch of unknown fate for ever", "[tools][crash_audit]") {
  Ledger ledger(kSeed);
  const int64_t batch = ledger.Send(Target::kEvents, 0);
  std::vector<AuditRow> whole;
  AppendBatch(Target::kEvents, 0, batch, &whole);
  REQUIRE(ledger.CountEvents().acknowledged == 0);
  REQUIRE(ledger.CountEvents().possible == kRowsPerBatch);
  SECTION("seen once, it must stay") {
    REQUIRE(ledger.AuditEvents(whole).clean());
    REQUIRE(ledger.AuditEvents({}).lost == kRowsPerBatch);
  }
  SECTION("missing once, it must not come back") {
    REQUIRE(ledger.AuditEvents({}).clean());
    REQUIRE(ledger.AuditEvents(whole).wrong == kRowsPerBatch);
  }
  SECTION("half of it is torn") {
    const std::vector<AuditRow> half(whole.begin(), whole.begin() + kRowsPerBatch / 2);
    REQUIRE(ledger.AuditEvents(half).torn == kRowsPerBatch / 2);
  }
}

TEST_CASE("Ledger refuses rows of refused batches", "[tools][crash_audit]") {
  Ledger ledger(kSeed);
  const int64_t batch = ledger.Send(Target::kEvents, 0);
  ledger.Refuse(batch);
  std::vector<AuditRow> rows;
  AppendBatch(Target::kEvents, 0, batch, &rows);
  REQUIRE(ledger.AuditEvents(rows).wrong == kRowsPerBatch);
}

TEST_CASE("Ledger knows which version of an entity may be current", "[tools][crash_audit]") {
  Ledger ledger(kSeed);
  std::vector<int64_t> batches;
  for (int i = 0; i < 20; ++i) {
    batches.push_back(ledger.Send(Target::kEntities, 2));
    ledger.Acknowledge(batches.back());
  }
  REQUIRE(ledger.AuditEntities(Current(batches)).clean());

  SECTION("an older version is a lost one") {
    std::vector<AuditRow> rows = Current({batches.begin(), batches.end() - 1});
    REQUIRE(ledger.AuditEntities(rows).lost > 0);
  }
  SECTION("a key that appears twice is a duplicate") {
    std::vector<AuditRow> rows = Current(batches);
    rows.push_back(rows.front());
    REQUIRE(ledger.AuditEntities(rows).duplicated == 1);
  }
  SECTION("a batch of unknown fate may show") {
    batches.push_back(ledger.Send(Target::kEntities, 2));
    REQUIRE(ledger.AuditEntities(Current(batches)).clean());
  }
  SECTION("a batch of unknown fate may be absent, and must then stay so") {
    const int64_t unknown = ledger.Send(Target::kEntities, 2);
    REQUIRE(ledger.AuditEntities(Current(batches)).clean());
    batches.push_back(unknown);
    REQUIRE(ledger.AuditEntities(Current(batches)).wrong == kRowsPerBatch);
  }
  SECTION("half of a batch is torn") {
    const int64_t unknown = ledger.Send(Target::kEntities, 2);
    std::vector<AuditRow> rows = Current(batches);
    const AuditRow one = MakeRow(kSeed, Target::kEntities, 2, unknown, 0);
    std::erase_if(rows, [&](const AuditRow& row) { return row.key == one.key; });
    rows.push_back(one);
    REQUIRE(ledger.AuditEntities(rows).torn == kRowsPerBatch - 1);
  }
}

TEST_CASE("Entities of one batch are distinct", "[tools][crash_audit]") {
  for (int64_t batch_id = 1; batch_id < 100; ++batch_id) {
    std::vector<std::string> keys;
    for (uint32_t row = 0; row < kRowsPerBatch; ++row) {
      keys.push_back(MakeRow(kSeed, Target::kEntities, 2, batch_id, row).key);
    }
    std::sort(keys.begin(), keys.end());
    REQUIRE(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
  }
}

}  // namespace
}  // namespace cortex::audit
