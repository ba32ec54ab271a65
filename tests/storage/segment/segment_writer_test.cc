#include "storage/segment/segment_writer.h"

#include "codecs/bytes/checksum.h"
#include "storage/segment/segment_format.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::shared_ptr<const TableDefinition> Table() {
  return testing::TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt32)}});
}

SegmentWriterOptions Options(const testing::TempDir& dir) {
  return {.file_system = PosixFileSystem(), .directory = dir.path(), .table = Table(), .shard = 3, .id = SegmentId(42)};
}

size_t FileCount(const testing::TempDir& dir) {
  return REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(dir.path())).size();
}

TEST_CASE("SegmentWriter leaves one file named after its content", "[storage][segment]") {
  testing::TempDir dir;
  const Batch batch = testing::BatchBuilder(Table()).Row({"b", -5, 1}).Row({"a", 9, testing::Null{}}).Build();
  auto writer = REQUIRE_OK_AND_TAKE(SegmentWriter::Create(Options(dir)));
  REQUIRE(FileCount(dir) == 1);
  REQUIRE_OK(writer->AddRowGroup(batch.columns, {7, 8}, {}));
  const SegmentInfo info = REQUIRE_OK_AND_TAKE(writer->Finish());
  writer = nullptr;
  REQUIRE(FileCount(dir) == 1);
  REQUIRE(info.file_name == SegmentFileName(3, SegmentId(42), Checksum64(info.footer)));
  REQUIRE_THAT(info.file_name, Catch::StartsWith("03-000000000000002a-") && Catch::EndsWith(".seg"));
  REQUIRE(ContentHashOf(info.file_name) == Checksum64(info.footer));
  REQUIRE(REQUIRE_OK_AND_TAKE(PosixFileSystem()->FileSize(dir.File(info.file_name))) == info.file_bytes);
  REQUIRE(info.row_count == 2);
  REQUIRE(info.min_time == -5);
  REQUIRE(info.max_time == 9);
  REQUIRE(info.min_commit == 7);
  REQUIRE(info.max_commit == 8);
  REQUIRE(info.raw_bytes == 2 * (1 + 4) + 2 * 8 + 4);
}

// Many writers wait for each other between WriteEnd and Finish.
TEST_CASE("SegmentWriter holds little once its end is written", "[storage][segment]") {
  testing::TempDir dir;
  testing::BatchBuilder builder(Table());
  constexpr int kRows = 20'000;
  for (int row = 0; row < kRows; ++row) builder.Row({"key " + std::to_string(row * 7'919), row, row});
  const Batch batch = builder.Build();
  auto writer = REQUIRE_OK_AND_TAKE(SegmentWriter::Create(Options(dir)));
  REQUIRE_OK(writer->AddRowGroup(batch.columns, std::vector<Commit>(kRows, 7), {}));
  CHECK(writer->memory_bytes() > kRows * 8);  // bytes not written yet, hashes of keys
  REQUIRE_OK(writer->WriteEnd());
  CHECK(writer->memory_bytes() < kRows * 3);
  CHECK(REQUIRE_OK_AND_TAKE(writer->Finish()).row_count == kRows);
}

TEST_CASE("SegmentWriter is deterministic", "[storage][segment]") {
  testing::TempDir one, two;
  testing::SegmentSpec spec;
  spec.groups.push_back(testing::RandomBatch(testing::AllTypesTable(), {.row_count = 400}));
  const auto first = REQUIRE_OK_AND_TAKE(testing::WriteSegment(one.path(), spec));
  const auto second = REQUIRE_OK_AND_TAKE(testing::WriteSegment(two.path(), spec));
  REQUIRE(first.info.file_name == second.info.file_name);
  REQUIRE(first.bytes == second.bytes);
}

TEST_CASE("SegmentWriter removes its temporary file unless it finished", "[storage][segment]") {
  testing::TempDir dir;
  auto writer = REQUIRE_OK_AND_TAKE(SegmentWriter::Create(Options(dir)));
  SECTION("abandoned") {}
  SECTION("finished without a row") {
    REQUIRE_STATUS(writer->Finish(), absl::StatusCode::kFailedPrecondition, "without rows");
  }
  writer = nullptr;
  REQUIRE(FileCount(dir) == 0);
}

TEST_CASE("SegmentWriter refuses what does not fit together", "[storage][segment]") {
  testing::TempDir dir;
  const Batch batch = testing::BatchBuilder(Table()).Row({"b", 1, 1}).Row({"a", 2, 2}).Build();
  SegmentWriterOptions options = Options(dir);
  SECTION("commits") {
    auto writer = REQUIRE_OK_AND_TAKE(SegmentWriter::Create(options));
    REQUIRE_STATUS(writer->AddRowGroup(batch.columns, {7}, {}), kInvalid, "column \"key\"");
  }
  SECTION("ends") {
    auto writer = REQUIRE_OK_AND_TAKE(SegmentWriter::Create(options));
    REQUIRE_STATUS(writer->AddRowGroup(batch.columns, {7, 8}, {9}), kInvalid, "2 commits, 1 ends");
  }
  SECTION("columns") {
    auto writer = REQUIRE_OK_AND_TAKE(SegmentWriter::Create(options));
    REQUIRE_STATUS(writer->AddRowGroup(absl::MakeSpan(batch.columns).first(2), {7, 8}, {}), kInvalid, "column count");
  }
  SECTION("keys out of order") {
    options.sorted_by_key = true;
    auto writer = REQUIRE_OK_AND_TAKE(SegmentWriter::Create(options));
    REQUIRE_STATUS(writer->AddRowGroup(batch.columns, {7, 8}, {}), kInvalid, "keys out of order");
  }
}

}  // namespace
}  // namespace cortex
