// Writes segment files for tests and opens them, from disk or from bytes in memory (which a test may damage).
#ifndef CORTEX_TESTS_STORAGE_SEGMENT_SEGMENT_FIXTURE_H_
#define CORTEX_TESTS_STORAGE_SEGMENT_SEGMENT_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "storage/column/batch.h"
#include "storage/segment/segment_reader.h"
#include "storage/segment/segment_writer.h"

namespace cortex::testing {

// A ByteSource that owns its bytes, aligned like a mapping.
std::shared_ptr<const ByteSource> OwnedSource(const std::string& bytes);

struct SegmentSpec {
  std::vector<Batch> groups;                 // one row group each
  std::vector<std::vector<Commit>> commits;  // empty: row i of the segment has commit 100 + i
  std::vector<std::vector<Commit>> ends;     // empty: all open
  EncodingEffort effort = EncodingEffort::kLight;
  std::vector<SketchKind> sketches;
  bool sketches_within_raw = false;
  double sketch_share = 0;
  bool apply_contracts = false;
  bool sorted_by_key = false;
  uint32_t shard = 3;
  uint64_t id = 0x2a;
  FileSystem* file_system = nullptr;  // nullptr: the kernel's
};

// Key "k0000000" …, time, and fields as instruments deliver them, waves under noise: complex128[256] "exact", and the same
// as "bounded" under rms = 1e-2; float32[512] "words" without structure.
std::shared_ptr<const TableDefinition> FieldTable();
Batch FieldRows(const std::shared_ptr<const TableDefinition>& table, uint32_t count);

struct WrittenSegment {
  std::shared_ptr<const TableDefinition> table;
  SegmentInfo info;
  std::string bytes;
};
// Writes into `directory` and reads the file back.
absl::StatusOr<WrittenSegment> WriteSegment(const std::string& directory, const SegmentSpec& spec);

SegmentReaderOptions OptionsFor(const WrittenSegment& segment);
// Over the bytes in memory, with footer, filter and fences from the file.
absl::StatusOr<std::shared_ptr<SegmentReader>> OpenSegment(const WrittenSegment& segment);

// Every row of one column, row group after row group, decoded in pieces of `step` rows (a multiple of 64).
absl::StatusOr<Column> ReadColumn(const SegmentReader& reader, ColumnId id, DataType type, uint32_t step = 1024);
// All the answers a reader can give, as text; the first error instead, if any.
absl::StatusOr<std::string> ReadEverything(const SegmentReader& reader, const TableDefinition& table);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_STORAGE_SEGMENT_SEGMENT_FIXTURE_H_
