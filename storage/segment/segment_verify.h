// Reads a whole segment file and checks all of it: frame, footer, every piece page by page, the zeros between pieces,
// what the manifest says about it and, for archives, what the meta store keeps of it.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_VERIFY_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_VERIFY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "codecs/codec.h"
#include "storage/column/schema.h"
#include "storage/segment/segment_info.h"

namespace cortex {

// What was checked: OK or the damage, and the bytes read for it. What it returns, if not OK, ends the check.
using BlockVisitor = std::function<absl::Status(const absl::Status& checked, uint64_t bytes)>;

struct SegmentVerifyOptions {
  SegmentInfo info;  // as the manifest has it; `footer`, `key_filter` and `fences` only if `compare_index`
  std::shared_ptr<const TableDefinition> table;  // for the names of columns
  bool compare_index = false;                    // info.footer, key_filter and fences must be those of the file
};

// Goes on after damage. Damage is DATA_LOSS naming file, row group, column and offset. Returns what `visit` returned, or OK.
absl::Status VerifySegment(const ByteSource& file, const SegmentVerifyOptions& options, const BlockVisitor& visit);

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_VERIFY_H_
