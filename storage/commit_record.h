// The payload of one WAL record: what one commit does to one table.
//
//   +--------+---------+---------+-----------+--------------+---------------+-----------------+-------------------+
//   | ver u8 | kind u8 | time i64| table u32 | producer len | producer name | sequence u64    | body, by kind     |
//   |        |         | ns UTC  |           | u8           |               | content hash u64|                   |
//   |        |         |         |           |              |               | (if len > 0)    |                   |
//   +--------+---------+---------+-----------+--------------+---------------+-----------------+-------------------+
//   kind 1, rows:   | schema u32 | rows u32 | placement u8[rows] | batch (storage/wal/FORMAT.md) |
//   kind 2, ends:   | erase u8   | ids u64  | per id, ascending: shard u8, ordinal u32, commit u64  |
#ifndef CORTEX_STORAGE_COMMIT_RECORD_H_
#define CORTEX_STORAGE_COMMIT_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/column/batch.h"
#include "storage/segment_view.h"

namespace cortex {

enum class CommitKind : uint8_t {
  kRows = 1,  // rows arrive; in ENTITIES tables they supersede older versions
  kEnds = 2,  // row versions end, or are erased from history
};

struct CommitRecord {
  CommitKind kind = CommitKind::kRows;
  int64_t time_ns = 0;  // of the commit, never before that of the one before it
  TableId table;
  std::string_view producer;  // empty: none; at most 255 bytes
  uint64_t sequence = 0;      // only with a producer, as the next
  uint64_t content_hash = 0;

  // kRows
  uint32_t schema_id = 0;
  std::vector<uint8_t> placements;  // one per row
  std::string_view batch;           // borrowed from the payload, as `producer`

  // kEnds
  bool erase = false;
  std::vector<VersionId> ids;  // ascending
};

// `record.batch` is ignored: the batch itself is encoded.
std::string EncodeRows(const CommitRecord& record, const Batch& batch);
std::string EncodeEnds(const CommitRecord& record);
// Errors: DATA_LOSS for anything malformed, UNIMPLEMENTED for a newer version byte.
absl::StatusOr<CommitRecord> DecodeCommitRecord(absl::Span<const std::byte> payload);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COMMIT_RECORD_H_
