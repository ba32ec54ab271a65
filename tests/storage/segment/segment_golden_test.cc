// Files of format 1 as they stand in tests/golden: every later reader must open them and find these rows.
// They are written anew, for a new format number only, by: storage_segment_test "[.write_golden]"
#include <cmath>

#include "storage/io/file_system.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::Null;
using Numbers = std::vector<double>;
using Words = std::vector<std::string>;

const std::string kDirectory = CORTEX_GOLDEN_DIR;

Numbers Ramp(size_t count, double first) {
  Numbers numbers(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = first + 0.5 * static_cast<double>(i);
  return numbers;
}

// Two row groups of every type, with nulls; written out by hand so that nothing but this file decides what they are.
std::vector<Batch> Groups() {
  std::vector<Batch> groups;
  testing::BatchBuilder first(testing::AllTypesTable());
  first.Row({"alpha", 1000, 1, -128, -32768, 7, int64_t{1} << 40, 0.5, 1.25, -2.5e300, Numbers{1, -1}, Numbers{0, 2},
             1'700'000'000, "some text", "näme", std::string("\x00\xff", 2), Ramp(5, 0), Ramp(32, -4), Ramp(16, 8),
             Words{"one", ""}, Numbers{0.25}});
  first.Row({"beta", 2000, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{},
             Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}, Null{}});
  first.Row({"beta", 1500, 0, 127, 32767, -7, -1, -0.0, NAN, INFINITY, Numbers{0, 0}, Numbers{NAN, -INFINITY}, 0, "",
             "", "", Ramp(5, 1), Ramp(32, 0), Ramp(16, 0), Words{}, Numbers{}});
  groups.push_back(first.Build());
  testing::BatchBuilder second(testing::AllTypesTable());
  for (int i = 0; i < 5; ++i) {
    second.Row({i < 2 ? "beta" : "gamma", 3000 + i, i % 2, i, i, i, i, i * 0.5, i * 0.5, i * 0.5, Ramp(2, i),
                Ramp(2, i), i, std::string(40, static_cast<char>('a' + i)), "n", "b", Ramp(5, i), Ramp(32, i),
                Ramp(16, i), Words{"w", std::to_string(i)}, Ramp(i, i)});
  }
  groups.push_back(second.Build());
  return groups;
}

testing::SegmentSpec Spec(bool sorted) {
  testing::SegmentSpec spec;
  spec.groups = Groups();
  spec.commits = {{5, 6, 7}, {8, 8, 9, 9, 10}};
  spec.ends = {{kOpenEnd, 7, kOpenEnd}, std::vector<Commit>(5, kOpenEnd)};
  spec.effort = sorted ? EncodingEffort::kHeavy : EncodingEffort::kLight;
  spec.sorted_by_key = sorted;
  return spec;
}

struct GoldenFile {
  const char* name;
  bool sorted;
};
constexpr GoldenFile kFiles[] = {{"segment-v1.seg", false}, {"segment-v1-sorted.seg", true}};

TEST_CASE("SegmentReader opens the golden files of format 1", "[storage][segment]") {
  const GoldenFile& golden = kFiles[GENERATE(0, 1)];
  CAPTURE(golden.name);
  testing::TempDir dir;
  testing::WrittenSegment today = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), Spec(golden.sorted)));
  const std::string truth = REQUIRE_OK_AND_TAKE(
      testing::ReadEverything(*REQUIRE_OK_AND_TAKE(testing::OpenSegment(today)), *today.table));

  testing::WrittenSegment old = today;
  old.bytes = REQUIRE_OK_AND_TAKE(ReadFile(PosixFileSystem(), JoinPath(kDirectory, golden.name), 1 << 20));
  old.info.file_bytes = old.bytes.size();
  old.info.file_name = golden.name;  // today's encodings may be others, so today's content hash says nothing
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(old));
  REQUIRE_OK(reader->Verify());
  REQUIRE(REQUIRE_OK_AND_TAKE(testing::ReadEverything(*reader, *old.table)) == truth);
  const std::vector<Batch> groups = Groups();
  for (size_t c = 0; c < old.table->columns.size(); ++c) {
    const ColumnDefinition& definition = old.table->columns[c];
    CAPTURE(definition.name);
    Column expected(definition.type);
    for (const Batch& group : groups) expected.AppendRows(group.columns[c], 0, group.row_count);
    const Column actual = REQUIRE_OK_AND_TAKE(testing::ReadColumn(*reader, definition.id, definition.type));
    REQUIRE(testing::FirstDifference(expected, actual) == "");
  }
}

TEST_CASE("Golden segment files are written", "[.write_golden]") {
  for (const GoldenFile& golden : kFiles) {
    testing::TempDir dir;
    const testing::WrittenSegment segment =
        REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), Spec(golden.sorted)));
    const auto file = REQUIRE_OK_AND_TAKE(
        PosixFileSystem()->OpenWritable(JoinPath(kDirectory, golden.name), WriteMode::kTruncate));
    REQUIRE_OK(file->Append({reinterpret_cast<const std::byte*>(segment.bytes.data()), segment.bytes.size()}));
    REQUIRE_OK(file->Close());
  }
}

}  // namespace
}  // namespace cortex
