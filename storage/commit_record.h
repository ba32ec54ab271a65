// The payload of one WAL record: a batch, where its rows went, and what kind of write it was.
//
//   +---------+----------+-----------+------+----------+-------------------+-----------------------------+
//   | ver u8  | table u32| schema u32| mode | rows u32 | placement u8[rows]| batch (column/FORMAT.md)    |
//   +---------+----------+-----------+------+----------+-------------------+-----------------------------+
#ifndef CORTEX_STORAGE_COMMIT_RECORD_H_
#define CORTEX_STORAGE_COMMIT_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/column/batch.h"
#include "storage/database.h"

namespace cortex {

struct CommitRecordHeader {
  TableId table;
  uint32_t schema_id = 0;
  IngestMode mode = IngestMode::kReplace;
  std::vector<uint8_t> placements;  // one per row
  std::string_view batch;           // borrowed from the payload
};

std::string EncodeCommitRecord(const Batch& batch, IngestMode mode, absl::Span<const uint8_t> placements);
// Errors: DATA_LOSS for anything malformed, UNIMPLEMENTED for a newer version byte.
absl::StatusOr<CommitRecordHeader> DecodeCommitRecord(absl::Span<const std::byte> payload);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COMMIT_RECORD_H_
