// What happens to a reader when the bytes are not what was written: every answer is an error or the right one.
#include <random>

#include "codecs/bytes/checksum.h"
#include "storage/segment/segment_format.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::SegmentSpec;
using testing::WrittenSegment;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

WrittenSegment SmallSegment(bool sorted) {
  testing::TempDir dir;
  SegmentSpec spec{.sorted_by_key = sorted};
  for (const uint64_t seed : {1, 2}) {
    spec.groups.push_back(testing::RandomBatch(testing::AllTypesTable(), {.row_count = 12, .seed = seed}));
    spec.ends.push_back(std::vector<Commit>(12, kOpenEnd));
  }
  spec.ends[1][3] = 105;
  if (sorted) {  // each batch counts its keys from 0: put the second one behind the first
    spec.groups[1].columns[0].Reset(DataType::String());
    for (int i = 0; i < 12; ++i) spec.groups[1].columns[0].AppendString("x" + std::to_string(100 + i));
  }
  return REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
}

absl::StatusOr<std::string> ReadDamaged(const WrittenSegment& segment) {
  const auto reader = testing::OpenSegment(segment);
  if (!reader.ok()) return reader.status();
  const uint64_t rows = (*reader)->row_group(0).row_count() + (*reader)->row_group(1).row_count();
  if (rows != segment.info.row_count) return absl::InternalError("rows vanished");
  return testing::ReadEverything(**reader, *segment.table);
}

TEST_CASE("SegmentReader answers DATA_LOSS for a file cut at any length", "[storage][segment]") {
  const bool sorted = GENERATE(false, true);
  const WrittenSegment good = SmallSegment(sorted);
  for (size_t size = 0; size < good.bytes.size(); ++size) {
    WrittenSegment cut = good;
    cut.bytes.resize(size);
    if (ReadDamaged(cut).status().code() != kDataLoss) FAIL("size " << size);
    cut.info.file_bytes = size;  // a record that believes in the short file
    if (ReadDamaged(cut).status().code() != kDataLoss) FAIL("believed size " << size);
  }
}

TEST_CASE("SegmentReader answers DATA_LOSS or the truth for flipped bits everywhere", "[storage][segment]") {
  const bool sorted = GENERATE(false, true);
  WrittenSegment segment = SmallSegment(sorted);
  const std::string truth = REQUIRE_OK_AND_TAKE(ReadDamaged(segment));
  uint32_t noticed = 0;
  for (size_t byte = sorted ? 0 : 1; byte < segment.bytes.size(); byte += 5) {
    const char flip = static_cast<char>(1 << (byte * 2654435761u >> 7) % 8);
    segment.bytes[byte] ^= flip;
    const absl::StatusOr<std::string> answer = ReadDamaged(segment);
    segment.bytes[byte] ^= flip;
    if (answer.ok() ? *answer != truth : answer.status().code() != kDataLoss) {
      FAIL("byte " << byte << ": " << answer.status().ToString());
    }
    noticed += !answer.ok();
  }
  REQUIRE(noticed > segment.bytes.size() / 15);  // padding between pieces is nobody's
}

// Behind the checksums too: footers that are sound as bytes and wrong as numbers.
TEST_CASE("SegmentReader survives footers that lie", "[storage][segment]") {
  const uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const WrittenSegment segment = SmallSegment(seed % 2 == 0);
  for (int round = 0; round < 1500; ++round) {
    std::string footer = segment.info.footer;
    for (uint64_t flips = 1 + random() % 2; flips > 0; --flips) {
      footer[random() % footer.size()] ^= static_cast<char>(1 << random() % 8);
    }
    WrittenSegment lying = segment;
    lying.info.file_name = SegmentFileName(lying.info.shard, lying.info.id, Checksum64(footer));
    SegmentReaderOptions options = testing::OptionsFor(lying);
    options.load_footer = [&] { return footer; };
    const auto reader = REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
    const auto answer = testing::ReadEverything(*reader, *segment.table);
    static_cast<void>(answer);  // any answer will do; none may crash
  }
}

TEST_CASE("SegmentReader names file, row group and column of damage, reads the others", "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec;
  const auto table = testing::TestTable("t", {{"v", DataType::Vector(TypeKind::kFloat64, 512)}});
  spec.groups.push_back(testing::RandomBatch(table, {.row_count = 200, .null_fraction = 0}));
  auto plain = std::make_shared<TableDefinition>(*spec.groups[0].table);
  plain->columns[2].compression = Compression::kNone;
  spec.groups[0].table = plain;
  WrittenSegment segment = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
  // The vectors, 800 KiB of plain values, are by far the largest piece: the middle of the file is in them.
  segment.bytes[segment.bytes.size() / 2] ^= 1;
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  const ColumnChunk& vectors = *REQUIRE_OK_AND_TAKE(reader->row_group(0).column(ColumnId(3)));
  Column out(plain->columns[2].type);
  REQUIRE_OK(vectors.Gather({0, 1, 199}, &out));  // other pages
  REQUIRE(out.row_count() == 3);
  REQUIRE_STATUS(vectors.Decode(0, 200, &out), kDataLoss, "checksum mismatch");
  REQUIRE_STATUS(vectors.Decode(0, 200, &out), kDataLoss, "segment file " + segment.info.file_name +
                                                              ", row group 0, column \"v\"");
  REQUIRE_STATUS(reader->Verify(), kDataLoss, "row group 0, column \"v\"");
  REQUIRE_OK(testing::ReadColumn(*reader, ColumnId(1), DataType::String()));
}

TEST_CASE("SegmentReader of a lost footer shows rows that cannot be read", "[storage][segment]") {
  WrittenSegment segment = SmallSegment(false);
  segment.bytes[segment.bytes.size() - kSegmentTrailerBytes - 5] ^= 1;
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  REQUIRE(reader->row_group(0).row_count() == 24);
  REQUIRE(reader->row_group(1).row_count() == 0);
  REQUIRE_FALSE(reader->row_group(0).AllVisible(kOpenEnd));
  REQUIRE(reader->row_group(0).zone_map(ColumnId(1)) == nullptr);
  uint64_t selection = ~uint64_t{0};
  REQUIRE_STATUS(reader->row_group(0).SelectVisible(1, 0, 24, &selection), kDataLoss, segment.info.file_name);
  REQUIRE(reader->MayContainKey("nobody", HashKey("nobody")));
  std::vector<RowRef> rows;
  REQUIRE_STATUS(reader->FindKey("nobody", HashKey("nobody"), &rows), kDataLoss, "footer checksum mismatch");
}

TEST_CASE("SegmentReader refuses another segment's file", "[storage][segment]") {
  WrittenSegment segment = SmallSegment(false);
  segment.info.id = SegmentId(43);
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  REQUIRE_STATUS(reader->row_group(0).column(ColumnId(1)), kDataLoss, "header of another segment");
}

}  // namespace
}  // namespace cortex
