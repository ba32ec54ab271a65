// Writes one segment file, row group by row group. FORMAT.md shows its bytes.
//
//   ASSIGN_OR_RETURN(auto writer, SegmentWriter::Create({.file_system = fs, .directory = dir, .table = table, ...}));
//   RETURN_IF_ERROR(writer->AddRowGroup(columns, commits, ends));
//   ASSIGN_OR_RETURN(SegmentInfo info, writer->Finish());
//
// The bytes go to "<shard>-<segment id>.seg.tmp". Finish makes them durable under a name that carries the hash of their
// content; after that the file never changes. A crash before leaves only the temporary name, which whoever opens the
// directory may remove.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_WRITER_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_WRITER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/encoding_chooser.h"
#include "codecs/zptv/sketch/section.h"
#include "storage/column/column.h"
#include "storage/column/schema.h"
#include "storage/io/file_system.h"
#include "storage/segment/segment_info.h"

namespace cortex {

// When a file's name becomes durable: with Finish, or when whoever finished several of them calls SyncSegmentNames.
enum class DirectorySync : uint8_t { kAtOnce, kLater };

// Makes the names of finished files durable. Errors: those of the file system.
absl::Status SyncSegmentNames(FileSystem* file_system, const std::string& directory);

struct SegmentWriterOptions {
  FileSystem* file_system = nullptr;  // must outlive the writer
  std::string directory;              // must exist
  std::shared_ptr<const TableDefinition> table;
  uint32_t shard = 0;
  SegmentId id;
  EncodingEffort effort = EncodingEffort::kLight;
  // Whether the rows are sealed now: then values change within the contracts of their columns. Else they come from files
  // and every bit stays.
  bool apply_contracts = false;
  // What the sources of such rows say of each column; empty: nothing.
  std::vector<std::optional<ZptvStatement>> made = {};
  std::vector<SketchKind> sketches = {};  // kinds written for the columns they fit (chunk_writer.h)
  bool sketches_within_raw = false;  // only where values and sketches together take no more than the values plain
  double sketch_share = 0;  // what a column may grow by to have a sketch in its values (EncodeOptions)
  DirectorySync directory_sync = DirectorySync::kAtOnce;
  bool sorted_by_key = false;  // rows come in ascending key order over all row groups; equal keys may straddle them
};

// One thread at a time. Memory: one encoded chunk, a MiB of bytes not written yet, 8 bytes per row (16 while finishing).
// After WriteEnd little more than what SegmentInfo holds, whatever the size of the file.
class SegmentWriter {
 public:
  // A temporary file of this id is overwritten: it can only be left from a crash. Errors: those of the file system.
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Create(SegmentWriterOptions options);
  // Removes the temporary file unless Finish succeeded.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // `columns` as table->columns, all with one row count > 0. `commits`: one per row. `ends`: one per row, kOpenEnd for
  // a current version; empty = all current. `ordinals`: where each row came in its commit, counted within the shard;
  // empty = rows stand in commit order and each commit begins in this row group. `exact_rows`: Batch::exact_rows, for
  // contracts that apply. After an error the writer can only be destroyed.
  // Errors: INVALID_ARGUMENT lengths or types that do not agree, or keys out of order; those of the file system.
  absl::Status AddRowGroup(absl::Span<const Column> columns, absl::Span<const Commit> commits,
                           absl::Span<const Commit> ends, absl::Span<const uint32_t> ordinals = {},
                           absl::Span<const Bitmap> exact_rows = {});

  // Writes keys, footer and trailer, without waiting for the disk. Of several files that are all written before the
  // first is finished, the disk syncs the later ones at a fraction of the cost. Optional; nothing is added afterwards.
  absl::Status WriteEnd();

  // WriteEnd if that was not called; syncs the file, gives it its name, syncs the directory if it is to.
  // Errors: FAILED_PRECONDITION without a row; those of the file system.
  absl::StatusOr<SegmentInfo> Finish();

  // Bytes written so far.
  uint64_t file_bytes() const;
  // What it holds now, about.
  uint64_t memory_bytes() const;

 private:
  class Impl;
  explicit SegmentWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_WRITER_H_
