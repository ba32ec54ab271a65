// The one interface a scan sees. Hot row groups, mapped warm segments and cold archives implement it alike:
//
//   SegmentView ⊃ RowGroupView (unit of pruning) ⊃ ColumnChunk (one column: zone map, encoded values)
//
// Everything here is immutable to the reader and thread-safe: a hot group shows the rows that were published when the
// view was taken, later rows do not appear in it. Views live as long as the snapshot that handed them out.
//
// Errors of every read: DATA_LOSS naming file and chunk when bytes are damaged; the other chunks stay readable.
#ifndef CORTEX_STORAGE_SEGMENT_VIEW_H_
#define CORTEX_STORAGE_SEGMENT_VIEW_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/codec.h"
#include "storage/column/bitmap.h"
#include "storage/column/column.h"
#include "storage/column/predicate.h"
#include "storage/runtime/strong_id.h"
#include "storage/zone_map.h"

namespace cortex {

class RowSketches;                // codecs/zptv/sketch/section.h
enum class SketchKind : uint8_t;  // the same
struct RowEnvelope;               // codecs/zptv/sketch/row_envelope.h

enum class Tier : uint8_t { kHot = 1, kWarm = 2, kCold = 3 };
std::string_view TierName(Tier tier);  // "hot", "warm", "cold"

// One column of a row group. Row numbers are those of the row group. Null rows decode to zero values.
class ColumnChunk {
 public:
  virtual ~ColumnChunk() = default;

  // nullptr: nothing known (lists, vectors, and columns of a group still growing).
  virtual const ZoneMap* zone_map() const = 0;
  virtual EncodingId encoding() const = 0;
  virtual uint64_t stored_bytes() const = 0;
  // About how many rows are decoded to read one: who wants most of a block should ask for it at once.
  virtual uint32_t block_rows() const { return 1; }

  // False only if no row is null.
  virtual bool has_nulls() const = 0;
  // Writes bits [0, count) of `words`: row first + i is present. `first` is a multiple of 64.
  virtual absl::Status Validity(uint32_t first, uint32_t count, uint64_t* words) const = 0;

  // Appends rows [first, first + count), or the rows listed (ascending), with validity, to `out`.
  virtual absl::Status Decode(uint32_t first, uint32_t count, Column* out) const = 0;
  virtual absl::Status Gather(absl::Span<const uint32_t> rows, Column* out) const = 0;

  // Appends one bit for each of rows [first, first + count): whether its value was changed within a bound when it was
  // sealed. A value changes once: who writes it again (MERGE, a copy in memory) says so (Batch::exact_rows).
  virtual void AppendExactRows(uint32_t first, uint32_t count, Bitmap* out) const = 0;

  // Clears bits of `selection` (bit i = row first + i) for rows that do not satisfy `predicate`, nulls included; clear
  // bits stay clear. Only for filterable types. `first` is a multiple of 64.
  virtual absl::Status Filter(const ColumnPredicate& predicate, uint32_t first, uint32_t count,
                              uint64_t* selection) const = 0;

  // Fixed-width rows in place, without a copy, where they lie so; values of null rows are 0. nullopt: use Decode. The
  // hot tier answers only for ranges inside one block of 1,024 rows.
  virtual absl::StatusOr<std::optional<ValueSpan>> TryView(uint32_t first, uint32_t count) const = 0;

  // Strings stored as codes: their dictionary, and the codes of rows [first, first + count) (0 where null). nullptr and
  // FAILED_PRECONDITION for everything else. Codes mean nothing outside this chunk.
  virtual const StringDictionary* dictionary() const = 0;
  virtual absl::Status DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const = 0;

  // What encloses the distances of rows to a query without reading them, or nullptr where there is none: columns that
  // are not wide vectors, and those that a sketch would make too large. To be asked of sketched_column below. Sketches
  // leave null rows out, or hold zeros for them: row r, which must be present, is row SketchRow(r) of the sketches. Rows
  // in memory have theirs block by block, some time after a block is full: a row beyond the blocks there are, or of one
  // that was left out, is to be read. Lives as long as the chunk.
  // Errors: DATA_LOSS, UNIMPLEMENTED.
  virtual absl::StatusOr<const RowSketches*> Sketch(SketchKind kind) const { return nullptr; }
  virtual uint32_t SketchRow(uint32_t row) const { return row; }
};

// Which row versions a read sees: those that were current at some commit in [from, to]. An ordinary read looks at one
// instant; a history read at a stretch of time.
struct VersionWindow {
  Commit from = 0;
  Commit to = 0;

  constexpr VersionWindow() = default;
  constexpr VersionWindow(Commit at) : from(at), to(at) {}  // NOLINT: a commit is the window of one instant
  constexpr VersionWindow(Commit first, Commit last) : from(first), to(last) {}
  constexpr bool Sees(Commit commit, Commit end) const { return commit <= to && end > from; }
};

// The name of a row version that no move changes: where its row came in its commit, counted within the shard.
struct VersionId {
  uint32_t shard = 0;
  uint32_t ordinal = 0;
  Commit commit = 0;

  friend bool operator==(const VersionId&, const VersionId&) = default;
  friend auto operator<=>(const VersionId& a, const VersionId& b) {
    return std::tie(a.shard, a.commit, a.ordinal) <=> std::tie(b.shard, b.commit, b.ordinal);
  }
};

class RowGroupView {
 public:
  virtual ~RowGroupView() = default;

  virtual uint32_t row_count() const = 0;

  // nullptr: the column did not exist when this group was written; all its rows hold its default, or NULL
  // (column_default.h). Opening is lazy, hence the status.
  virtual absl::StatusOr<const ColumnChunk*> column(ColumnId id) const = 0;
  // As column(id)->zone_map(), without opening the chunk.
  virtual const ZoneMap* zone_map(ColumnId id) const = 0;
  // The chunk to ask for sketches of this kind: rows in memory that lack some may have them in their file. nullptr: as
  // column(id).
  virtual absl::StatusOr<const ColumnChunk*> sketched_column(ColumnId id, SketchKind kind) const { return column(id); }
  // Where all present rows of a vector or complex column lie, for skipping the group, without opening the chunk.
  // nullptr: nothing known.
  virtual const RowEnvelope* row_envelope(ColumnId id) const { return nullptr; }

  // True if `window` sees every row: the fast path that needs no bitmap.
  virtual bool AllVisible(VersionWindow window) const = 0;
  // Clears bits of `selection` (bit i = row first + i) whose version `window` does not see. `first` is a multiple of 64.
  virtual absl::Status SelectVisible(VersionWindow window, uint32_t first, uint32_t count,
                                     uint64_t* selection) const = 0;
  // The _commit of rows [first, first + count).
  virtual absl::Status Commits(uint32_t first, uint32_t count, Commit* commits) const = 0;
  // The end of each of these versions as it is now, kOpenEnd for current ones. What a mover carries along.
  virtual absl::Status Ends(uint32_t first, uint32_t count, Commit* ends) const = 0;
  // Where each row came in its commit, counted within the shard: with shard and commit, its VersionId.
  virtual absl::Status Ordinals(uint32_t first, uint32_t count, uint32_t* ordinals) const = 0;
};

struct RowRef {
  uint32_t row_group = 0;
  uint32_t row = 0;
};

class SegmentView {
 public:
  virtual ~SegmentView() = default;

  virtual SegmentId id() const = 0;  // 0 for a group that is not sealed yet
  virtual Tier tier() const = 0;
  virtual uint32_t shard() const = 0;

  virtual size_t row_group_count() const = 0;
  virtual const RowGroupView& row_group(size_t i) const = 0;
  virtual uint64_t row_count() const = 0;

  // Smallest and largest time value of all rows.
  virtual int64_t min_time() const = 0;
  virtual int64_t max_time() const = 0;
  // Smallest and largest _commit of all rows.
  virtual Commit min_commit() const = 0;
  virtual Commit max_commit() const = 0;

  // False only if no row has this key; `hash` is HashKey(key). Reads no file (filters are in memory or in the meta
  // store).
  virtual bool MayContainKey(std::string_view key, uint64_t hash) const = 0;
  // Appends all rows with this key, in row order.
  virtual absl::Status FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const = 0;

  // For people: file name, or "hot".
  virtual std::string name() const = 0;
  // Bytes it takes where it lives, and what the same rows would take as plain values.
  virtual uint64_t stored_bytes() const = 0;
  virtual uint64_t raw_bytes() const = 0;
};

// Appends the names of the rows listed (ascending) of one row group.
absl::Status AppendVersionIds(const SegmentView& segment, size_t row_group, absl::Span<const uint32_t> rows,
                              std::vector<VersionId>* ids);

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_VIEW_H_
