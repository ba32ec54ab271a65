#include "tools/generate/generator.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"
#include "tools/client/row_source.h"
#include "tools/generate/table_writer.h"

namespace cortex::generate {
namespace {

GeneratorOptions Small(bool vectors) {
  GeneratorOptions options;
  options.row_count = 300;
  options.vectors = vectors;
  return options;
}

TEST_CASE("Generator gives the same row however rows are cut into batches", "[tools][generate]") {
  const Generator generator(Small(true));
  const v1::ColumnBatch whole = generator.Rows(0, 20);
  const v1::ColumnBatch part = generator.Rows(13, 2);
  REQUIRE(whole.columns_size() == generator.Definition("t").columns_size());
  for (int i = 0; i < whole.columns_size(); ++i) {
    const size_t width = client::FixedWidth(generator.Definition("t").columns(i).type());
    if (width > 0) REQUIRE(whole.columns(i).values().substr(13 * width, 2 * width) == part.columns(i).values());
  }
  GeneratorOptions other = Small(true);
  other.seed = 2;
  REQUIRE(Generator(other).Rows(0, 20).columns(2).values() != whole.columns(2).values());
}

TEST_CASE("WriteTableDirectory writes what cortexctl reads", "[tools][generate]") {
  const cortex::testing::TempDir dir;
  const Generator generator(Small(true));
  REQUIRE_OK(WriteTableDirectory(generator, dir.path(), "t", [](uint64_t) {}));
  const v1::TableDefinition definition = generator.Definition("t");
  const auto source = REQUIRE_OK_AND_TAKE(client::OpenTableDirectory(dir.File("t"), definition));
  v1::ColumnBatch read;
  REQUIRE_OK(source->NextBatch(client::BatchLimits(), &read));
  REQUIRE(read.row_count() == 300);
  const v1::ColumnBatch made = generator.Rows(0, 300);
  for (const v1::ColumnValues& column : read.columns()) {
    for (const v1::ColumnValues& expected : made.columns()) {
      if (expected.name() == column.name()) REQUIRE(column.values() == expected.values());
    }
  }
  REQUIRE_STATUS(WriteTableDirectory(generator, dir.path(), "t", [](uint64_t) {}), absl::StatusCode::kAlreadyExists, "exists");
}

}  // namespace
}  // namespace cortex::generate
