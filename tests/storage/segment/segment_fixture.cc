#include "tests/storage/segment/segment_fixture.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "absl/strings/str_format.h"

#include "codecs/bytes/buffer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/file_system.h"
#include "tests/support/batch_builder.h"

namespace cortex::testing {
namespace {

class OwnedBytes final : public ByteSource {
 public:
  explicit OwnedBytes(const std::string& bytes) { bytes_.Append(bytes.data(), bytes.size()); }
  uint64_t size() const override { return bytes_.size(); }
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override {
    return MemorySource(bytes_.span()).Read(offset, count);
  }

 private:
  Buffer bytes_;
};

}  // namespace

std::shared_ptr<const ByteSource> OwnedSource(const std::string& bytes) { return std::make_shared<OwnedBytes>(bytes); }

std::shared_ptr<const TableDefinition> FieldTable() {
  TableDefinition table = *TestTable("t", {{"exact", DataType::Vector(TypeKind::kComplex128, 256)},
                                           {"bounded", DataType::Vector(TypeKind::kComplex128, 256)},
                                           {"words", DataType::Vector(TypeKind::kFloat32, 512)}});
  ColumnDefinition& bounded = table.columns[*table.FindColumn("bounded")];
  bounded.compression = Compression::kZptv;
  bounded.contract = {ZptvContract::Kind::kRms, 1e-2};
  return std::make_shared<const TableDefinition>(std::move(table));
}

Batch FieldRows(const std::shared_ptr<const TableDefinition>& table, uint32_t count) {
  const auto append = [](const void* row, Column* column) {
    column->AppendValues(
        {.shape = column->type().shape(), .row_count = 1, .fixed = static_cast<const std::byte*>(row)});
  };
  Batch batch = Batch::For(table);
  batch.row_count = count;
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (uint32_t row = 0; row < count; ++row) {
    batch.columns[0].AppendString(absl::StrFormat("k%07d", row));
    const int64_t time = 1'700'000'000'000'000'000 + row;
    append(&time, &batch.columns[1]);
    std::vector<double> field(512);
    const double phase = normal(random);
    for (size_t i = 0; i < field.size(); ++i) field[i] = std::cos(0.05 * double(i / 2) + phase) + 0.1 * normal(random);
    append(field.data(), &batch.columns[2]);
    append(field.data(), &batch.columns[3]);
    std::vector<float> words(512);
    for (float& word : words) word = static_cast<float>(normal(random));
    append(words.data(), &batch.columns[4]);
  }
  return batch;
}

absl::StatusOr<WrittenSegment> WriteSegment(const std::string& directory, const SegmentSpec& spec) {
  WrittenSegment written;
  written.table = spec.groups.front().table;
  FileSystem* const fs = spec.file_system != nullptr ? spec.file_system : PosixFileSystem();
  ASSIGN_OR_RETURN(const auto writer, SegmentWriter::Create({.file_system = fs,
                                                             .directory = directory,
                                                             .table = written.table,
                                                             .shard = spec.shard,
                                                             .id = SegmentId(spec.id),
                                                             .effort = spec.effort,
                                                             .apply_contracts = spec.apply_contracts,
                                                             .sketches = spec.sketches,
                                                             .sketches_within_raw = spec.sketches_within_raw,
                                                             .sketch_share = spec.sketch_share,
                                                             .sorted_by_key = spec.sorted_by_key}));
  Commit next_commit = 100;
  for (size_t g = 0; g < spec.groups.size(); ++g) {
    std::vector<Commit> commits = spec.commits.empty() ? std::vector<Commit>() : spec.commits[g];
    while (commits.size() < spec.groups[g].row_count) commits.push_back(next_commit++);
    const std::vector<Commit> ends = spec.ends.empty() ? std::vector<Commit>() : spec.ends[g];
    RETURN_IF_ERROR(writer->AddRowGroup(spec.groups[g].columns, commits, ends));
  }
  ASSIGN_OR_RETURN(written.info, writer->Finish());
  ASSIGN_OR_RETURN(written.bytes, ReadFile(fs, JoinPath(directory, written.info.file_name), uint64_t{1} << 30));
  return written;
}

SegmentReaderOptions OptionsFor(const WrittenSegment& segment) {
  return {.info = segment.info,
          .table = segment.table,
          .open_file = [bytes = segment.bytes]() -> absl::StatusOr<std::shared_ptr<const ByteSource>> {
            return OwnedSource(bytes);
          }};
}

absl::StatusOr<std::shared_ptr<SegmentReader>> OpenSegment(const WrittenSegment& segment) {
  return SegmentReader::Open(OptionsFor(segment));
}

absl::StatusOr<Column> ReadColumn(const SegmentReader& reader, ColumnId id, DataType type, uint32_t step) {
  Column out(type);
  for (size_t g = 0; g < reader.row_group_count(); ++g) {
    const RowGroupView& group = reader.row_group(g);
    ASSIGN_OR_RETURN(const ColumnChunk* const chunk, group.column(id));
    if (chunk == nullptr) return absl::NotFoundError("no such column");
    for (uint32_t first = 0; first < group.row_count(); first += step) {
      RETURN_IF_ERROR(chunk->Decode(first, std::min(step, group.row_count() - first), &out));
    }
  }
  return out;
}

absl::StatusOr<std::string> ReadEverything(const SegmentReader& reader, const TableDefinition& table) {
  std::string text;
  for (const ColumnDefinition& definition : table.columns) {
    ASSIGN_OR_RETURN(const Column column, ReadColumn(reader, definition.id, definition.type));
    for (uint32_t row = 0; row < column.row_count(); ++row) {
      text += ValueText(column, row) + ";";
      if (definition.name != table.key_column) continue;
      std::vector<RowRef> rows;
      const std::string_view key = column.StringAt(row);
      if (!reader.MayContainKey(key, HashKey(key))) return absl::InternalError("key filter forgot a key");
      RETURN_IF_ERROR(reader.FindKey(key, HashKey(key), &rows));
      for (const RowRef ref : rows) text += std::to_string(ref.row_group) + ":" + std::to_string(ref.row) + ",";
    }
  }
  for (size_t g = 0; g < reader.row_group_count(); ++g) {
    const RowGroupView& group = reader.row_group(g);
    std::vector<Commit> commits(group.row_count());
    std::vector<Commit> ends(group.row_count());
    RETURN_IF_ERROR(group.Commits(0, group.row_count(), commits.data()));
    RETURN_IF_ERROR(group.Ends(0, group.row_count(), ends.data()));
    for (uint32_t row = 0; row < group.row_count(); ++row) {
      text += std::to_string(commits[row]) + "-" + std::to_string(ends[row]) + ";";
    }
    std::vector<uint64_t> visible(WordsForBits(group.row_count()));
    FillOnes(visible.data(), group.row_count());
    RETURN_IF_ERROR(group.SelectVisible(110, 0, group.row_count(), visible.data()));
    for (const uint64_t word : visible) text += std::to_string(word) + (group.AllVisible(110) ? "all;" : ";");
  }
  return text;
}

}  // namespace cortex::testing
