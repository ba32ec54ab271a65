// A segment appears whole or not at all, whatever fails and whenever the power goes.
#include "codecs/bytes/checksum.h"
#include "storage/segment/segment_format.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::FaultyFileSystem;

testing::SegmentSpec Spec(FileSystem* fs) {
  testing::SegmentSpec spec;
  spec.groups.push_back(testing::RandomBatch(testing::AllTypesTable(), {.row_count = 300}));
  spec.file_system = fs;
  return spec;
}

// Names ending in ".seg"; each of them must be the whole file of `expected`.
uint32_t PublishedFiles(const testing::TempDir& dir, const std::string& expected) {
  uint32_t published = 0;
  for (const DirEntry& entry : REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(dir.path()))) {
    if (!ContentHashOf(entry.name).has_value()) continue;
    ++published;
    REQUIRE(REQUIRE_OK_AND_TAKE(ReadFile(PosixFileSystem(), dir.File(entry.name), 1 << 30)) == expected);
  }
  return published;
}

TEST_CASE("SegmentWriter has made its file durable when Finish returns", "[storage][segment]") {
  const uint64_t seed = GENERATE(1, 2, 3, 4, 5);
  CAPTURE(seed);
  testing::TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  const testing::WrittenSegment segment = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), Spec(&fs)));
  fs.LosePower(seed);
  REQUIRE(PublishedFiles(dir, segment.bytes) == 1);
}

TEST_CASE("SegmentWriter publishes nothing that is not whole, whichever step fails", "[storage][segment]") {
  testing::TempDir whole_dir;
  FaultyFileSystem counting(PosixFileSystem());
  const std::string expected = REQUIRE_OK_AND_TAKE(testing::WriteSegment(whole_dir.path(), Spec(&counting))).bytes;
  REQUIRE(counting.operation_count() >= 5);  // open, write, sync, rename, sync of the directory
  for (uint64_t step = 1; step <= counting.operation_count(); ++step) {
    for (const bool power_loss : {false, true}) {
      CAPTURE(step, power_loss);
      testing::TempDir dir;
      FaultyFileSystem fs(PosixFileSystem());
      fs.FailAt(step, absl::DataLossError("injected"), /*sticky=*/power_loss, /*torn_bytes=*/700);
      REQUIRE_STATUS(testing::WriteSegment(dir.path(), Spec(&fs)), absl::StatusCode::kDataLoss, "injected");
      fs.StopFailing();
      if (power_loss) fs.LosePower(step);
      PublishedFiles(dir, expected);
      if (power_loss || step == 1) continue;
      for (const DirEntry& entry : REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(dir.path()))) {
        CAPTURE(entry.name);
        REQUIRE(ContentHashOf(entry.name).has_value());  // the temporary name is gone
      }
    }
  }
}

}  // namespace
}  // namespace cortex
