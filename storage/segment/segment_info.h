// What the rest of storage keeps about a segment file: what the manifest records, and what the cold tier copies into
// the meta store so that neither pruning nor a lookup opens the file first.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_INFO_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_INFO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codecs/codec.h"
#include "codecs/zptv/contract.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// In sorted segments there is one fence, the first key, per so many rows of the segment.
inline constexpr uint32_t kRowsPerFence = 1024;

struct SegmentInfo {
  SegmentId id;
  uint32_t shard = 0;
  std::string file_name;      // "<shard>-<segment id>-<content hash>.seg", without directory
  uint64_t file_bytes = 0;
  uint64_t raw_bytes = 0;     // the rows' own columns as plain values, see SegmentColumnStats::raw_bytes
  uint64_t row_count = 0;
  int64_t min_time = 0;
  int64_t max_time = 0;
  Commit min_commit = 0;
  Commit max_commit = 0;
  bool sorted_by_key = false;
  uint32_t row_group_count = 0;

  // Filled by SegmentWriter::Finish; not needed to open the file, which holds the same bytes.
  std::string footer;
  std::string key_filter;
  std::vector<std::string> fences;  // sorted_by_key only

  void DropIndex() {
    std::string().swap(footer);  // assigned one without bytes of its own it would keep its memory
    std::string().swap(key_filter);
    fences = std::vector<std::string>();
  }
  // Of these three.
  uint64_t index_bytes() const {
    uint64_t bytes = footer.capacity() + key_filter.capacity();
    for (const std::string& fence : fences) bytes += sizeof(fence) + fence.capacity();
    return bytes;
  }
};

// One column over all row groups of a file.
struct SegmentColumnStats {
  ColumnId column;
  // Present values only: rows x width; strings and lists: their bytes and 4 for the length.
  uint64_t raw_bytes = 0;
  // Encoded values, validity and page checksums.
  uint64_t stored_bytes = 0;
  std::vector<std::pair<EncodingId, uint64_t>> chunks_by_encoding;  // ascending by encoding
  std::optional<ZptvStatement> statement;                           // bounded columns
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_INFO_H_
