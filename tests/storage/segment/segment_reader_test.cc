#include "storage/segment/segment_reader.h"

#include <limits>
#include <map>

#include "codecs/bytes/checksum.h"
#include "storage/io/file_system.h"
#include "storage/segment/mapped_source.h"
#include "storage/segment/segment_format.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::SegmentSpec;
using testing::WrittenSegment;

Batch Rows(uint32_t count, uint64_t seed) {
  return testing::RandomBatch(testing::AllTypesTable(), {.row_count = count, .seed = seed});
}

WrittenSegment Written(const testing::TempDir& dir, SegmentSpec spec) {
  return REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
}

class MapOverlay final : public EndOverlay {
 public:
  std::map<uint64_t, Commit> ends;

  bool empty() const override { return ends.empty(); }
  void ClearEnded(Commit commit, uint64_t first_row, uint32_t count, uint64_t* selection) const override {
    for (const auto& [row, end] : ends) {
      if (row >= first_row && row < first_row + count && end <= commit) ClearBit(selection, row - first_row);
    }
  }
  void ReadEnds(uint64_t first_row, uint32_t count, Commit* out) const override {
    for (const auto& [row, end] : ends) {
      if (row >= first_row && row < first_row + count) out[row - first_row] = end;
    }
  }
};

TEST_CASE("SegmentReader shows the versions of a commit", "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec;
  for (const uint64_t seed : {1, 2}) spec.groups.push_back(Rows(200, seed));
  spec.commits.resize(2);
  spec.ends.resize(2);
  for (uint32_t g = 0; g < 2; ++g) {
    for (uint32_t row = 0; row < 200; ++row) {
      spec.commits[g].push_back(10 + row % 7);
      spec.ends[g].push_back(g == 1 && row % 5 == 0 ? 20 + row % 3 : kOpenEnd);
    }
  }
  const WrittenSegment segment = Written(dir, std::move(spec));
  REQUIRE(segment.info.min_commit == 10);
  REQUIRE(segment.info.max_commit == 16);
  const auto overlay = std::make_shared<MapOverlay>();
  SegmentReaderOptions options = testing::OptionsFor(segment);
  options.overlay = overlay;
  const auto reader = REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
  REQUIRE(REQUIRE_OK_AND_TAKE(reader->first_row(1)) == 200);

  for (const bool with_overlay : {false, true}) {
    if (with_overlay) overlay->ends = {{3, 15}, {207, 18}};
    for (const Commit commit : {Commit{0}, Commit{10}, Commit{13}, Commit{16}, Commit{18}, Commit{21}, Commit{99}}) {
      for (uint32_t g = 0; g < 2; ++g) {
        const RowGroupView& group = reader->row_group(g);
        std::vector<uint64_t> selection(3, ~uint64_t{0});
        REQUIRE_OK(group.SelectVisible(commit, 64, 136, selection.data()));
        std::vector<Commit> ends(136);
        REQUIRE_OK(group.Ends(64, 136, ends.data()));
        bool all = true;
        for (uint32_t row = 0; row < 200; ++row) {
          Commit end = g == 1 && row % 5 == 0 ? 20 + row % 3 : kOpenEnd;
          if (const auto late = overlay->ends.find(g * 200 + row); late != overlay->ends.end()) end = late->second;
          const bool visible = 10 + row % 7 <= commit && commit < end;
          all &= visible;
          if (row < 64) continue;
          if (GetBit(selection.data(), row - 64) != visible) FAIL("group " << g << " row " << row << " at " << commit);
          if (ends[row - 64] != end) FAIL("end of row " << row);
        }
        if (group.AllVisible(commit)) REQUIRE(all);
      }
    }
  }
  overlay->ends.clear();
  REQUIRE(reader->row_group(0).AllVisible(16));
  REQUIRE_FALSE(reader->row_group(0).AllVisible(15));
  REQUIRE(reader->row_group(1).AllVisible(19));
  REQUIRE_FALSE(reader->row_group(1).AllVisible(20));
  std::vector<Commit> commits(100);
  REQUIRE_OK(reader->row_group(1).Commits(100, 100, commits.data()));
  REQUIRE(commits[5] == 10 + 105 % 7);
}

TEST_CASE("SegmentReader opens nothing before it must", "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec{.sorted_by_key = true};
  spec.groups.push_back(Rows(2000, 1));
  const WrittenSegment segment = Written(dir, std::move(spec));
  int opened = 0;
  SegmentReaderOptions options = testing::OptionsFor(segment);
  options.tier = Tier::kCold;
  options.open_file = [&]() -> absl::StatusOr<std::shared_ptr<const ByteSource>> {
    if (++opened == 1) return absl::ResourceExhaustedError("too many open files");
    return testing::OwnedSource(segment.bytes);
  };
  options.load_footer = [&] { return segment.info.footer; };
  options.load_key_filter = [&] { return segment.info.key_filter; };
  options.load_fences = [&] { return segment.info.fences; };
  const auto reader = REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
  REQUIRE(reader->tier() == Tier::kCold);
  REQUIRE(reader->MayContainKey("k0000007", HashKey("k0000007")));
  REQUIRE(reader->row_group(0).row_count() == 2000);
  REQUIRE(reader->row_group(0).zone_map(ColumnId(2)) != nullptr);
  REQUIRE(reader->row_group(0).AllVisible(1'000'000));
  REQUIRE(REQUIRE_OK_AND_TAKE(reader->ColumnStats()).size() == segment.table->columns.size());
  std::vector<RowRef> rows;
  REQUIRE_OK(reader->FindKey("a", HashKey("a"), &rows));  // before the first fence
  REQUIRE(opened == 0);
  REQUIRE_STATUS(reader->FindKey("k0000007", HashKey("k0000007"), &rows), absl::StatusCode::kResourceExhausted,
                 "too many open files");
  REQUIRE_OK(reader->FindKey("k0000007", HashKey("k0000007"), &rows));  // tried again
  REQUIRE(rows.size() == 1);
  REQUIRE(opened == 2);
}

TEST_CASE("SegmentReader of a mapped file reads what was written", "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec;
  spec.groups.push_back(Rows(500, 3));
  const WrittenSegment segment = Written(dir, std::move(spec));
  SegmentReaderOptions options = testing::OptionsFor(segment);
  options.open_file = [&]() -> absl::StatusOr<std::shared_ptr<const ByteSource>> {
    auto file = MappedFile::Open(PosixFileSystem(), dir.File(segment.info.file_name));
    if (!file.ok()) return file.status();
    return std::make_shared<MappedSource>(std::shared_ptr<const MappedFile>(*std::move(file)));
  };
  const auto mapped = REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
  const auto in_memory = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  REQUIRE(REQUIRE_OK_AND_TAKE(testing::ReadEverything(*mapped, *segment.table)) ==
          REQUIRE_OK_AND_TAKE(testing::ReadEverything(*in_memory, *segment.table)));
}

TEST_CASE("SegmentReader matches columns by id through drops, renames and additions", "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec;
  spec.groups.push_back(Rows(100, 4));
  const WrittenSegment segment = Written(dir, std::move(spec));
  auto later = std::make_shared<TableDefinition>(*segment.table);
  const uint32_t dropped = *later->FindColumn("i16");
  const ColumnId dropped_id = later->columns[dropped].id;
  later->columns.erase(later->columns.begin() + dropped);
  later->columns[*later->FindColumn("i32")].name = "renamed";
  later->columns.push_back({.id = ColumnId(99), .name = "new", .type = DataType::Scalar(TypeKind::kInt32)});
  SegmentReaderOptions options = testing::OptionsFor(segment);
  SECTION("answers for what both know") {
    options.table = later;
    const auto reader = REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
    REQUIRE(REQUIRE_OK_AND_TAKE(reader->row_group(0).column(ColumnId(99))) == nullptr);
    REQUIRE(REQUIRE_OK_AND_TAKE(reader->row_group(0).column(dropped_id)) == nullptr);
    REQUIRE(reader->row_group(0).zone_map(ColumnId(99)) == nullptr);
    const ColumnDefinition& renamed = later->columns[*later->FindColumn("renamed")];
    const Column actual = REQUIRE_OK_AND_TAKE(testing::ReadColumn(*reader, renamed.id, renamed.type));
    REQUIRE(actual.row_count() == 100);
  }
  SECTION("refuses a column of another type") {
    later->columns[*later->FindColumn("renamed")].type = DataType::Scalar(TypeKind::kInt64);
    options.table = later;
    const auto reader = REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
    REQUIRE_STATUS(reader->row_group(0).column(ColumnId(1)), absl::StatusCode::kDataLoss, "\"renamed\" is int32");
  }
}

TEST_CASE("SegmentReader adds up columns from the footer", "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec;
  spec.groups.push_back(Rows(1000, 4));
  const WrittenSegment segment = Written(dir, std::move(spec));
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  uint64_t raw = 0, stored = 0;
  for (const SegmentColumnStats& column : REQUIRE_OK_AND_TAKE(reader->ColumnStats())) {
    raw += column.raw_bytes;
    stored += column.stored_bytes;
    if (column.column == ColumnId(2)) REQUIRE(column.raw_bytes == 8000);
    REQUIRE(column.chunks_by_encoding.size() == 1);
  }
  REQUIRE(raw == reader->raw_bytes());
  REQUIRE(stored < reader->stored_bytes());
}

TEST_CASE("SegmentReader refuses an incomplete record", "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec;
  spec.groups.push_back(Rows(10, 4));
  SegmentReaderOptions options = testing::OptionsFor(Written(dir, std::move(spec)));
  options.info.row_count = 0;
  REQUIRE_STATUS(SegmentReader::Open(options), absl::StatusCode::kInvalidArgument, "incomplete");
}

}  // namespace
}  // namespace cortex
