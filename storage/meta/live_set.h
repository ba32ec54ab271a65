// Which tables and segments are live: what an edit is checked against before it is written.
#ifndef CORTEX_STORAGE_META_LIVE_SET_H_
#define CORTEX_STORAGE_META_LIVE_SET_H_

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// Not thread-safe. About 100 bytes per live segment.
class LiveSet {
 public:
  bool HasTable(TableId table) const { return tables_.contains(table); }
  bool HasSegment(SegmentId segment) const { return segments_.contains(segment); }
  bool HasSegment(TableId table, SegmentId segment) const;
  std::vector<SegmentId> SegmentsOf(TableId table) const;
  size_t segment_count() const { return segments_.size(); }

  void AddTable(TableId table) { tables_.insert(table); }
  void AddSegment(TableId table, SegmentId segment) { segments_[segment] = table; }

 private:
  friend class LiveSetChange;
  std::set<TableId> tables_;
  std::map<SegmentId, TableId> segments_;
};

// Changes a live set step by step and takes every step back when it dies, unless Keep was called. Borrows the set.
// Each step: INTERNAL, and nothing changed, if it contradicts the set.
class LiveSetChange {
 public:
  explicit LiveSetChange(LiveSet* live) : live_(*live) {}
  ~LiveSetChange();
  LiveSetChange(const LiveSetChange&) = delete;
  LiveSetChange& operator=(const LiveSetChange&) = delete;

  const LiveSet& live() const { return live_; }

  void PutTable(TableId table);
  // Its segments must have been removed.
  absl::Status RemoveTable(TableId table);
  absl::Status AddSegment(TableId table, SegmentId segment);
  absl::Status RemoveSegment(TableId table, SegmentId segment);
  absl::Status CheckTable(TableId table) const;
  absl::Status CheckSegment(TableId table, SegmentId segment) const;

  void Keep() { undo_.clear(); }

 private:
  LiveSet& live_;
  std::vector<std::function<void()>> undo_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_LIVE_SET_H_
