// A segment between two worlds: what the manifest records of its file, and what readers and writers of files know.
#ifndef CORTEX_STORAGE_TABLE_MANIFEST_SEGMENT_H_
#define CORTEX_STORAGE_TABLE_MANIFEST_SEGMENT_H_

#include "storage/column/schema.h"
#include "storage/meta/manifest.h"
#include "storage/segment/segment_info.h"
#include "storage/segment_view.h"

namespace cortex {

// What the manifest is to say about a finished file of `tier`.
SegmentRecord SegmentRecordOf(const TableDefinition& table, Tier tier, const SegmentInfo& info);

// What the manifest says of a file, as readers of segments want it; without footer, key filter and fences.
SegmentInfo SegmentInfoOf(const SegmentRecord& record);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_MANIFEST_SEGMENT_H_
