#include "storage/table/manifest_segment.h"

namespace cortex {

SegmentRecord SegmentRecordOf(const TableDefinition& table, Tier tier, const SegmentInfo& info) {
  return {.table = table.id,
          .id = info.id,
          .shard = info.shard,
          .tier = tier,
          .file_name = info.file_name,
          .file_bytes = info.file_bytes,
          .raw_bytes = info.raw_bytes,
          .row_count = info.row_count,
          .min_time = info.min_time,
          .max_time = info.max_time,
          .min_commit = info.min_commit,
          .max_commit = info.max_commit,
          .sorted_by_key = info.sorted_by_key,
          .row_group_count = info.row_group_count,
          .schema_id = table.schema_id};
}

SegmentInfo SegmentInfoOf(const SegmentRecord& record) {
  return {.id = record.id,
          .shard = record.shard,
          .file_name = record.file_name,
          .file_bytes = record.file_bytes,
          .raw_bytes = record.raw_bytes,
          .row_count = record.row_count,
          .min_time = record.min_time,
          .max_time = record.max_time,
          .min_commit = record.min_commit,
          .max_commit = record.max_commit,
          .sorted_by_key = record.sorted_by_key,
          .row_group_count = record.row_group_count};
}

}  // namespace cortex
