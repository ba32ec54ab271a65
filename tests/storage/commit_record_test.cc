#include "storage/commit_record.h"

#include <catch2/catch.hpp>

#include "codecs/bytes/byte_writer.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {

TEST_CASE("CommitRecord gives back batch and placements", "[storage]") {
  const auto table = testing::AllTypesTable();
  const Batch batch = testing::RandomBatch(table, {.row_count = 100});
  std::vector<uint8_t> placements;
  for (uint32_t row = 0; row < 100; ++row) placements.push_back(static_cast<uint8_t>(row % 16 | (row % 3 ? 0 : 0x80)));
  const std::string payload = EncodeCommitRecord(batch, IngestMode::kReplace, placements);
  const CommitRecordHeader header = REQUIRE_OK_AND_TAKE(DecodeCommitRecord(AsBytes(payload)));
  CHECK(header.table == table->id);
  CHECK(header.placements == placements);
  const Batch decoded = REQUIRE_OK_AND_TAKE(DecodeBatch(header.batch, table));
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    REQUIRE(testing::FirstDifference(batch.columns[i], decoded.columns[i]) == "");
  }
}

TEST_CASE("CommitRecord refuses truncation and impossible shards", "[storage]") {
  const auto table = testing::TestTable("t", {});
  const Batch batch = testing::BatchBuilder(table).Row({"a", 1}).Row({"b", 2}).Build();
  const std::string payload = EncodeCommitRecord(batch, IngestMode::kReplace, std::vector<uint8_t>{1, 2});
  const size_t header_bytes = 1 + 4 + 4 + 1 + 4 + 2;
  for (size_t size = 0; size < header_bytes; ++size) {
    REQUIRE_STATUS(DecodeCommitRecord(AsBytes(std::string_view(payload).substr(0, size))),
                   absl::StatusCode::kDataLoss, "truncated");
  }
  std::string bad = payload;
  bad[header_bytes - 1] = 0x10;
  REQUIRE_STATUS(DecodeCommitRecord(AsBytes(bad)), absl::StatusCode::kDataLoss, "shard 16");
  bad = payload;
  bad[0] = 9;
  REQUIRE_STATUS(DecodeCommitRecord(AsBytes(bad)), absl::StatusCode::kUnimplemented, "version 9");
}

}  // namespace cortex
