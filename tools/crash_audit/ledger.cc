#include "tools/crash_audit/ledger.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace cortex::audit {

void Findings::Add(const Findings& other) {
  audited += other.audited;
  lost += other.lost;
  wrong += other.wrong;
  duplicated += other.duplicated;
  torn += other.torn;
}

std::string Describe(const Findings& findings) {
  return absl::StrFormat("lost %d, wrong %d, duplicated %d, torn %d", findings.lost, findings.wrong,
                         findings.duplicated, findings.torn);
}

int64_t Ledger::Send(Target target, uint32_t writer) {
  MutexLock lock(&mutex_);
  const int64_t batch_id = next_batch_++;
  batches_.emplace(batch_id, Batch{target, writer});
  return batch_id;
}

void Ledger::Acknowledge(int64_t batch_id) {
  MutexLock lock(&mutex_);
  Batch& batch = batches_.at(batch_id);
  batch.state = State::kAcknowledged;
  if (batch.target != Target::kEntities) return;
  for (uint32_t row = 0; row < kRowsPerBatch; ++row) {
    int64_t& floor = floors_[MakeRow(seed_, batch.target, batch.writer, batch_id, row).key];
    floor = std::max(floor, batch_id);
  }
}

void Ledger::Refuse(int64_t batch_id) {
  MutexLock lock(&mutex_);
  batches_.at(batch_id).state = State::kRefused;
}

std::optional<int64_t> Ledger::BeginDelete(uint32_t writer, uint64_t hint, bool erase) {
  MutexLock lock(&mutex_);
  auto batch = batches_.lower_bound(static_cast<int64_t>(hint % static_cast<uint64_t>(next_batch_)));
  for (; batch != batches_.end(); ++batch) {
    if (batch->second.target != Target::kEvents || batch->second.writer != writer) continue;
    if (batch->second.state != State::kAcknowledged) continue;
    batch->second.state = State::kDeleting;
    batch->second.erased = erase;
    return batch->first;
  }
  return std::nullopt;
}

void Ledger::ConfirmDelete(int64_t batch_id) {
  MutexLock lock(&mutex_);
  batches_.at(batch_id).state = State::kRefused;
  batches_.at(batch_id).deleted = true;
}

void Ledger::RefuseDelete(int64_t batch_id) {
  MutexLock lock(&mutex_);
  batches_.at(batch_id).state = State::kAcknowledged;
}

EventRows Ledger::CountEvents() const {
  MutexLock lock(&mutex_);
  EventRows rows;
  for (const auto& [batch_id, batch] : batches_) {
    if (batch.target != Target::kEvents) continue;
    const bool ending = batch.deleted || batch.state == State::kDeleting;
    const bool acknowledged = ending || batch.state == State::kAcknowledged;
    rows.acknowledged += acknowledged ? kRowsPerBatch : 0;
    rows.possible += acknowledged || batch.state == State::kSent ? kRowsPerBatch : 0;
    rows.delete_begun += ending ? kRowsPerBatch : 0;
    rows.deleted += batch.deleted ? kRowsPerBatch : 0;
    rows.erase_begun += ending && batch.erased ? kRowsPerBatch : 0;
    rows.erased += batch.deleted && batch.erased ? kRowsPerBatch : 0;
  }
  return rows;
}

uint64_t Ledger::acknowledged_rows() const {
  MutexLock lock(&mutex_);
  const auto acknowledged = [](const auto& entry) {
    return entry.second.deleted || entry.second.state == State::kAcknowledged || entry.second.state == State::kDeleting;
  };
  return kRowsPerBatch * static_cast<uint64_t>(std::count_if(batches_.begin(), batches_.end(), acknowledged));
}

bool Ledger::CheckRow(Target target, const AuditRow& row, Findings* findings) const {
  ++findings->audited;
  const auto found = batches_.find(row.batch_id);
  const bool known = found != batches_.end() && found->second.target == target && found->second.state != State::kRefused &&
                     row.row_number >= 0 && row.row_number < static_cast<int32_t>(kRowsPerBatch);
  if (known && row == MakeRow(seed_, target, found->second.writer, row.batch_id, static_cast<uint32_t>(row.row_number))) {
    return true;
  }
  ++findings->wrong;
  return false;
}

Findings Ledger::AuditEvents(const std::vector<AuditRow>& rows) {
  MutexLock lock(&mutex_);
  Findings findings;
  std::unordered_map<int64_t, std::vector<bool>> seen;
  for (const AuditRow& row : rows) {
    if (!CheckRow(Target::kEvents, row, &findings)) continue;
    std::vector<bool>& of_batch = seen[row.batch_id];
    of_batch.resize(kRowsPerBatch);
    if (of_batch[static_cast<size_t>(row.row_number)]) ++findings.duplicated;
    of_batch[static_cast<size_t>(row.row_number)] = true;
  }
  for (auto& [batch_id, batch] : batches_) {
    if (batch.target != Target::kEvents || batch.state == State::kRefused) continue;
    const auto found = seen.find(batch_id);
    const uint64_t missing =
        found == seen.end()
            ? kRowsPerBatch
            : static_cast<uint64_t>(std::count(found->second.begin(), found->second.end(), false));
    if (batch.state == State::kAcknowledged) {
      findings.lost += missing;
    } else {
      if (missing < kRowsPerBatch) findings.torn += missing;
      batch.deleted = batch.state == State::kDeleting && missing == kRowsPerBatch;
      batch.state = missing == kRowsPerBatch ? State::kRefused : State::kAcknowledged;
    }
  }
  return findings;
}

Findings Ledger::AuditEntities(const std::vector<AuditRow>& rows) {
  MutexLock lock(&mutex_);
  Findings findings;
  std::unordered_map<std::string, int64_t> current;
  for (const AuditRow& row : rows) {
    if (!CheckRow(Target::kEntities, row, &findings)) continue;
    if (!current.emplace(row.key, row.batch_id).second) ++findings.duplicated;
  }
  for (const auto& [key, floor] : floors_) {
    const auto found = current.find(key);
    if (found == current.end() || found->second < floor) ++findings.lost;
  }
  // A batch of unknown fate shows in all of its entities or in none, except where a later batch came on top.
  for (auto& [batch_id, batch] : batches_) {
    if (batch.target != Target::kEntities || batch.state != State::kSent) continue;
    bool shown = false;
    uint64_t older = 0;
    for (uint32_t row = 0; row < kRowsPerBatch; ++row) {
      const auto found = current.find(MakeRow(seed_, batch.target, batch.writer, batch_id, row).key);
      const int64_t version = found == current.end() ? 0 : found->second;
      shown = shown || version == batch_id;
      older += version < batch_id ? 1 : 0;
    }
    if (shown) findings.torn += older;
    batch.state = shown ? State::kAcknowledged : State::kRefused;
  }
  for (const auto& [key, batch_id] : current) floors_[key] = std::max(floors_[key], batch_id);
  return findings;
}

}  // namespace cortex::audit
