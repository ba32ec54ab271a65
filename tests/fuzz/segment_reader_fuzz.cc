// Fuzz entry of the segment reader: whatever a file, or a footer from the meta store, holds, every answer is rows or an
// error. The first byte says what the rest is: even = a whole file, whose frame (header, trailer, footer checksum) is
// made right first, so that the checks behind are reached too; odd = a footer over a file of zeros.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "codecs/bytes/buffer.h"
#include "codecs/bytes/checksum.h"
#include "storage/column/schema.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/segment_reader.h"

namespace cortex {
namespace {

class OwnedBytes final : public ByteSource {
 public:
  explicit OwnedBytes(std::string_view bytes) { bytes_.Append(bytes.data(), bytes.size()); }
  uint64_t size() const override { return bytes_.size(); }
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override {
    return MemorySource(bytes_.span()).Read(offset, count);
  }

 private:
  Buffer bytes_;
};

// A table with the columns of the footer, so that all of them can be read.
std::shared_ptr<const TableDefinition> TableOf(const SegmentFooter& footer) {
  auto table = std::make_shared<TableDefinition>();
  table->id = footer.table;
  for (const SegmentColumnLayout& column : footer.columns) {
    table->columns.push_back({.id = column.id, .name = "c" + std::to_string(column.id.value()), .type = column.type});
  }
  return table;
}

void ReadAll(const SegmentReader& reader, const TableDefinition& table) {
  constexpr uint32_t kRows = 2048;  // enough to reach every block kind; row counts of a liar can be huge
  std::vector<RowRef> rows;
  reader.FindKey("key", HashKey("key"), &rows).IgnoreError();
  reader.MayContainKey("key", HashKey("key"));
  reader.Verify().IgnoreError();
  for (size_t g = 0; g < reader.row_group_count() && g < 4; ++g) {
    const RowGroupView& group = reader.row_group(g);
    const uint32_t count = std::min(kRows, group.row_count());
    std::vector<uint64_t> selection(WordsForBits(count) + 1, ~uint64_t{0});
    group.SelectVisible(10, 0, count, selection.data()).IgnoreError();
    for (const ColumnDefinition& column : table.columns) {
      const auto chunk = group.column(column.id);
      if (!chunk.ok() || *chunk == nullptr || column.type.shape().row_bytes() > 4096) continue;
      Column decoded(column.type);
      (*chunk)->Decode(0, count, &decoded).IgnoreError();
      Column gathered(column.type);
      (*chunk)->Gather({count / 2, count - 1}, &gathered).IgnoreError();
      if (!column.type.is_filterable()) continue;
      (*chunk)->Filter({.column = column.id}, 0, count, selection.data()).IgnoreError();
    }
  }
}

SegmentInfo InfoOf(const SegmentFooter& footer, uint64_t file_bytes) {
  SegmentInfo info;
  info.id = footer.id;
  info.shard = footer.shard;
  info.file_bytes = file_bytes;
  info.row_count = footer.row_count;
  info.sorted_by_key = footer.sorted_by_key;
  info.row_group_count = static_cast<uint32_t>(footer.row_groups.size());
  return info;
}

void Run(const std::string& file, const std::string& footer_bytes) {
  if (file.size() < kSegmentHeaderBytes + kSegmentTrailerBytes + footer_bytes.size()) return;
  const uint64_t pieces_end = file.size() - kSegmentTrailerBytes - footer_bytes.size();
  const absl::StatusOr<SegmentFooter> footer = DecodeSegmentFooter(footer_bytes, pieces_end);
  if (!footer.ok()) return;
  std::string sound = file;
  sound.replace(0, kSegmentHeaderBytes, EncodeSegmentHeader({.id = footer->id,
                                                             .table = footer->table,
                                                             .schema_id = footer->schema_id,
                                                             .shard = footer->shard}));
  const auto table = TableOf(*footer);
  const auto reader = SegmentReader::Open(
      {.info = InfoOf(*footer, file.size()),
       .table = table,
       .open_file = [&]() -> absl::StatusOr<std::shared_ptr<const ByteSource>> {
         return std::make_shared<OwnedBytes>(sound);
       },
       .load_footer = [&]() -> absl::StatusOr<std::string> { return footer_bytes; }});
  if (reader.ok()) ReadAll(**reader, *table);
}

}  // namespace
}  // namespace cortex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cortex;  // NOLINT: an entry point has no namespace of its own
  if (size == 0) return 0;
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) {
    Run(std::string(kSegmentHeaderBytes + (1 << 16), '\0') + input + std::string(kSegmentTrailerBytes, '\0'), input);
    return 0;
  }
  if (input.size() < kSegmentHeaderBytes + kSegmentTrailerBytes) return 0;
  uint64_t footer_offset = 0;  // the trailer's first field
  std::memcpy(&footer_offset, input.data() + input.size() - kSegmentTrailerBytes, sizeof(footer_offset));
  if (footer_offset > input.size() - kSegmentTrailerBytes) return 0;
  Run(input, input.substr(footer_offset, input.size() - kSegmentTrailerBytes - footer_offset));
  return 0;
}
