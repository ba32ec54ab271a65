#include "storage/meta/live_set.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {

bool LiveSet::HasSegment(TableId table, SegmentId segment) const {
  const auto it = segments_.find(segment);
  return it != segments_.end() && it->second == table;
}

std::vector<SegmentId> LiveSet::SegmentsOf(TableId table) const {
  std::vector<SegmentId> found;
  for (const auto& [segment, owner] : segments_) {
    if (owner == table) found.push_back(segment);
  }
  return found;
}

LiveSetChange::~LiveSetChange() {
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) (*it)();
}

absl::Status LiveSetChange::CheckTable(TableId table) const {
  if (live_.HasTable(table)) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("no such table: table %d", table.value()));
}

absl::Status LiveSetChange::CheckSegment(TableId table, SegmentId segment) const {
  if (live_.HasSegment(table, segment)) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("no such live segment: segment %d, table %d",
                                             segment.value(), table.value()));
}

void LiveSetChange::PutTable(TableId table) {
  if (live_.tables_.insert(table).second) undo_.push_back([this, table] { live_.tables_.erase(table); });
}

absl::Status LiveSetChange::RemoveTable(TableId table) {
  RETURN_IF_ERROR(CheckTable(table));
  live_.tables_.erase(table);
  undo_.push_back([this, table] { live_.tables_.insert(table); });
  return absl::OkStatus();
}

absl::Status LiveSetChange::AddSegment(TableId table, SegmentId segment) {
  RETURN_IF_ERROR(CheckTable(table));
  if (!live_.segments_.emplace(segment, table).second) {
    return absl::InternalError(absl::StrFormat("segment id is taken: segment %d, table %d",
                                               segment.value(), table.value()));
  }
  undo_.push_back([this, segment] { live_.segments_.erase(segment); });
  return absl::OkStatus();
}

absl::Status LiveSetChange::RemoveSegment(TableId table, SegmentId segment) {
  RETURN_IF_ERROR(CheckSegment(table, segment));
  live_.segments_.erase(segment);
  undo_.push_back([this, table, segment] { live_.segments_[segment] = table; });
  return absl::OkStatus();
}

}  // namespace cortex
