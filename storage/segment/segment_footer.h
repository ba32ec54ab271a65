// The footer as plain data: where everything in the file lies and what is known of it without reading it. The only
// place that sees the protobuf messages (proto/cortex/storage/v1/segment.proto); serialisation is deterministic.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_FOOTER_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_FOOTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "codecs/codec.h"
#include "codecs/zptv/contract.h"
#include "codecs/zptv/sketch/row_envelope.h"
#include "storage/column/data_type.h"
#include "storage/runtime/strong_id.h"
#include "storage/zone_map.h"

namespace cortex {

// Bytes of the file, read through PagedSource. Length 0: nothing there.
struct FilePiece {
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t checksum = 0;

  uint64_t page_count() const;
  // With page checksums, without padding.
  uint64_t stored_bytes() const;
};

struct EncodedPiece {
  EncodingId encoding = EncodingId::kPlain;
  uint32_t row_count = 0;
  FilePiece bytes;
};

// A section of sketches over the stored rows; `kind` is a SketchKind, or one this build does not know.
struct SketchPiece {
  uint32_t kind = 0;
  FilePiece bytes;
};

struct ChunkLayout {
  uint32_t null_count = 0;
  bool dense = false;  // `values` holds only present rows
  uint64_t raw_bytes = 0;
  FilePiece validity;      // only if some rows are null and some are not
  EncodedPiece list_ends;  // lists only
  EncodedPiece values;
  std::optional<ZoneMap> zone_map;
  std::optional<ZptvStatement> statement;  // bounded columns
  std::vector<SketchPiece> sketches;  // float vectors and complex values only
  std::optional<RowEnvelope> row_envelope;  // the same, of the rows that are not null

  uint64_t stored_bytes() const;
};

struct RowGroupLayout {
  uint32_t row_count = 0;
  Commit min_commit = 0;
  Commit max_commit = 0;
  Commit min_end = kOpenEnd;
  EncodedPiece commits;
  EncodedPiece ends;  // row_count 0: all versions were current
  uint32_t first_ordinal = 0;  // of row 0
  EncodedPiece ordinals;  // row_count 0: rows stand in commit order, ordinals are counted (ordinal_counter.h)
  std::vector<ChunkLayout> columns;
};

struct SegmentColumnLayout {
  ColumnId id;
  DataType type;
};

struct SegmentFooter {
  SegmentId id;
  TableId table;
  uint32_t schema_id = 0;
  uint32_t shard = 0;
  uint64_t row_count = 0;
  int64_t min_time = 0;
  int64_t max_time = 0;
  bool sorted_by_key = false;
  ColumnId key_column;
  std::vector<SegmentColumnLayout> columns;
  std::vector<RowGroupLayout> row_groups;
  FilePiece key_entries;
  FilePiece key_filter;
  FilePiece fences;

  // Index in `columns`.
  std::optional<size_t> FindColumn(ColumnId column) const;
};

// Same footer, same bytes.
std::string EncodeSegmentFooter(const SegmentFooter& footer);

// Checks everything a reader relies on: every piece lies between header and `pieces_end`, every count agrees with every
// other, types are possible, zone maps hold values of their column's kind. Errors: DATA_LOSS.
absl::StatusOr<SegmentFooter> DecodeSegmentFooter(std::string_view bytes, uint64_t pieces_end);

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_FOOTER_H_
