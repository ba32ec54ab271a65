// What one row costs: the bytes that finding and reading it touch, counted at the file.
#include <catch2/catch.hpp>
#include <memory>
#include <utility>

#include "codecs/bytes/checksum.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::SegmentSpec;
using testing::WrittenSegment;

constexpr uint32_t kRows = 4096;

// Adds up what is read, whether to be looked at or to be verified.
class CountingSource final : public ByteSource {
 public:
  CountingSource(std::shared_ptr<const ByteSource> source, uint64_t* bytes) : source_(std::move(source)), bytes_(bytes) {}
  uint64_t size() const override { return source_->size(); }
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override {
    *bytes_ += count;
    return source_->Read(offset, count);
  }

 private:
  const std::shared_ptr<const ByteSource> source_;
  uint64_t* const bytes_;
};

WrittenSegment WriteCold(const testing::TempDir& dir) {
  SegmentSpec spec{.effort = EncodingEffort::kHeavy, .sketch_share = 1.0 / 16, .apply_contracts = true,
                   .sorted_by_key = true};
  spec.groups.push_back(testing::FieldRows(testing::FieldTable(), kRows));
  return REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
}

std::shared_ptr<SegmentReader> OpenCounted(const WrittenSegment& segment, uint64_t* bytes) {
  SegmentReaderOptions options = testing::OptionsFor(segment);
  options.tier = Tier::kCold;
  options.open_file = [&segment, bytes]() -> absl::StatusOr<std::shared_ptr<const ByteSource>> {
    return std::make_shared<CountingSource>(testing::OwnedSource(segment.bytes), bytes);
  };
  options.load_footer = [&segment] { return segment.info.footer; };
  options.load_key_filter = [&segment] { return segment.info.key_filter; };
  options.load_fences = [&segment] { return segment.info.fences; };
  return REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
}

const ColumnChunk& ChunkOf(const SegmentReader& reader, const WrittenSegment& segment, std::string_view name) {
  const ColumnId id = segment.table->columns[*segment.table->FindColumn(name)].id;
  return *REQUIRE_OK_AND_TAKE(reader.row_group(0).column(id));
}

// Pages of 64 KiB are verified when one of their bytes is read for the first time. An exact field is its sketch, whose
// blocks of 1,024 rows (540 KiB) are looked at as a whole, and 64 rows of refinements: two compressed planes, and six from
// which a row is copied. A bounded one is a block of 64 rows.
TEST_CASE("One row of an archive touches its blocks and pages, not the column", "[storage][segment]") {
  testing::TempDir dir;
  const WrittenSegment segment = WriteCold(dir);
  const Batch rows = testing::FieldRows(segment.table, kRows);
  for (const auto& [name, first_bytes, again_bytes] :
       {std::tuple("exact", 1600u << 10, 660u << 10), std::tuple("bounded", 150u << 10, 32u << 10)}) {
    uint64_t bytes = 0;
    const auto reader = OpenCounted(segment, &bytes);
    const ColumnChunk& chunk = ChunkOf(*reader, segment, name);
    CAPTURE(name, EncodingName(chunk.encoding()), chunk.stored_bytes());
    bytes = 0;
    Column first(DataType::Vector(TypeKind::kComplex128, 256)), again(DataType::Vector(TypeKind::kComplex128, 256));
    const uint32_t row = 3001;
    REQUIRE_OK(chunk.Gather({&row, 1}, &first));
    CAPTURE(bytes);
    REQUIRE(bytes > 0);
    REQUIRE(bytes < first_bytes);
    REQUIRE(bytes < chunk.stored_bytes() / 8);
    bytes = 0;
    REQUIRE_OK(chunk.Gather({&row, 1}, &again));
    REQUIRE(bytes < again_bytes);
    REQUIRE(testing::ValueText(first, 0) == testing::ValueText(again, 0));
    if (std::string_view(name) == "exact") {
      REQUIRE(testing::ValueText(first, 0) == testing::ValueText(rows.columns[2], row));
    }
  }
}

TEST_CASE("Finding a key of an archive touches the keys between two fences", "[storage][segment]") {
  testing::TempDir dir;
  const WrittenSegment segment = WriteCold(dir);
  uint64_t bytes = 0;
  const auto reader = OpenCounted(segment, &bytes);
  std::vector<RowRef> found;
  REQUIRE_OK(reader->FindKey("k0003001", HashKey("k0003001"), &found));
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].row == 3001);
  CAPTURE(bytes);
  REQUIRE(bytes < 64u << 10);  // of 20 MB
  bytes = 0;
  REQUIRE_OK(reader->FindKey("l", HashKey("l"), &found));
  REQUIRE(bytes < 64u << 10);
}

}  // namespace
}  // namespace cortex
