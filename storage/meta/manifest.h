// The manifest in memory: what the meta store says about tables and segments, and edits that change it.
//
// The manifest is the only truth about which files are live; a file it does not name does not exist. It has a version
// that rises by one with every committed edit. Plain data here; meta_store.h makes it durable.
#ifndef CORTEX_STORAGE_META_MANIFEST_H_
#define CORTEX_STORAGE_META_MANIFEST_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "storage/column/schema.h"
#include "storage/runtime/strong_id.h"
#include "storage/segment_view.h"

namespace cortex {

// One live segment file. It has at least one row; a commit refuses a record with ranges upside down.
struct SegmentRecord {
  TableId table;
  SegmentId id;
  uint32_t shard = 0;  // 0 .. kShardCount - 1
  Tier tier = Tier::kWarm;
  std::string file_name;  // without directory
  uint64_t file_bytes = 0;
  uint64_t raw_bytes = 0;  // the same rows as plain values
  uint64_t row_count = 0;
  int64_t min_time = 0, max_time = 0;          // ns UTC, both inclusive
  Commit min_commit = 0, max_commit = 0;       // both inclusive
  bool sorted_by_key = false;
  uint32_t row_group_count = 0;
  uint32_t schema_id = 0;
  // Versions that had ended when the file was written, and the newest of those ends; 0: none.
  uint64_t ended_row_count = 0;
  Commit max_end = 0;

  bool operator==(const SegmentRecord&) const = default;
};

// How far a shard of a table is sealed: rows of commits below `commit`, and the first `rows` rows (in shard order) of
// `commit` itself, are in segments. Recovery replays what comes after.
struct SealPoint {
  Commit commit = 0;
  uint64_t rows = 0;

  bool operator==(const SealPoint&) const = default;
};

// A row of a segment stopped being the latest version at commit `end`.
struct VersionEnd {
  uint64_t row = 0;
  Commit end = 0;

  bool operator==(const VersionEnd&) const = default;
};

struct SegmentEnds {
  TableId table;
  SegmentId segment;
  std::vector<VersionEnd> ends;  // ascending by row
};

// A batch of a producer that was applied. Exactly-once ingest asks for it when the batch comes again.
struct ProducerSequence {
  std::string producer;
  uint64_t sequence = 0;
  Commit commit = 0;
  uint64_t content_hash = 0;
  uint64_t keep_from = 0;  // sequences below may be forgotten now; 0: none
};

// Everything but the cold index, the placements and the producers, which are read when needed.
struct ManifestState {
  uint64_t version = 0;
  std::vector<std::shared_ptr<const TableDefinition>> tables;         // by id
  std::vector<SegmentRecord> segments;                                // by (table, id)
  std::map<std::pair<TableId, uint32_t>, SealPoint> seal_points;      // by (table, shard)
  std::vector<SegmentEnds> ends;                                      // by (table, segment); only segments with ends
  std::map<std::string, uint64_t> counters;
  std::map<TableId, std::string> sharding;                            // what was put for each live table
  // Lowest ids that MetaStore may give next; every id in use is below.
  TableId next_table_id;
  SegmentId next_segment_id;
};

// A list of changes that take effect together, in the order they were added. Not thread-safe; copyable.
class ManifestEdit {
 public:
  struct PutTableOp { TableDefinition table; };
  struct RemoveTableOp { TableId table; };
  struct AddSegmentOp { SegmentRecord segment; };
  struct RemoveSegmentOp { TableId table; SegmentId segment; };
  struct PutEndsOp { TableId table; SegmentId segment; std::vector<VersionEnd> ends; };
  struct SealPointOp { TableId table; uint32_t shard; SealPoint point; };
  struct ColdIndexOp { SegmentId segment; std::string footer, key_filter; std::vector<std::string> fences; };
  struct CounterOp { std::string name; uint64_t value; bool only_up; };
  struct SequenceOp { ProducerSequence sequence; };
  using Op = std::variant<PutTableOp, RemoveTableOp, AddSegmentOp, RemoveSegmentOp, PutEndsOp, SealPointOp, ColdIndexOp,
                          CounterOp, SequenceOp>;

  // Creates the table, or replaces the definition with the same id.
  void PutTable(const TableDefinition& table);
  // With all that belongs to it: segment records, ends, cold indexes, seal points, placements, what its sharding learned.
  void RemoveTable(TableId table);
  // Its table must be there, its id must be free.
  void AddSegment(const SegmentRecord& segment);
  // With its ends and its cold index.
  void RemoveSegment(TableId table, SegmentId segment);
  // Replaces all ends of a live segment; an empty span removes them. Any order, each row once.
  void PutEnds(TableId table, SegmentId segment, absl::Span<const VersionEnd> ends);
  void SetSealPoint(TableId table, uint32_t shard, SealPoint point);
  // What a lookup or pruning needs of an archive without opening it. The segment must be live.
  void PutColdIndex(SegmentId segment, std::string footer, std::string key_filter,
                    absl::Span<const std::string> fences);
  // A named number of the database's own, such as the highest commit known durable.
  void SetCounter(std::string_view name, uint64_t value);
  // The same, unless it is higher already.
  void RaiseCounter(std::string_view name, uint64_t value);
  // The batch whose rows this edit makes live. It becomes the last of its producer.
  void PutSequence(ProducerSequence sequence);

  bool empty() const { return ops_.empty(); }
  const std::vector<Op>& ops() const { return ops_; }

 private:
  std::vector<Op> ops_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_MANIFEST_H_
