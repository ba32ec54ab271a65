#include "storage/commit_record.h"

#include <catch2/catch.hpp>

#include "codecs/bytes/byte_writer.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {

TEST_CASE("CommitRecord gives back rows, placements and producer", "[storage]") {
  const auto table = testing::AllTypesTable();
  const Batch batch = testing::RandomBatch(table, {.row_count = 100});
  std::vector<uint8_t> placements;
  for (uint32_t row = 0; row < 100; ++row) placements.push_back(static_cast<uint8_t>(row % 16 | (row % 3 ? 0 : 0x80)));
  const std::string payload = EncodeRows(
      {.time_ns = -5, .table = table->id, .producer = "fa-cms", .sequence = 77, .content_hash = 78,
       .placements = placements},
      batch);
  const CommitRecord record = REQUIRE_OK_AND_TAKE(DecodeCommitRecord(AsBytes(payload)));
  CHECK(record.kind == CommitKind::kRows);
  CHECK(record.time_ns == -5);
  CHECK(record.table == table->id);
  CHECK(record.producer == "fa-cms");
  CHECK(record.sequence == 77);
  CHECK(record.content_hash == 78);
  CHECK(record.schema_id == table->schema_id);
  CHECK(record.placements == placements);
  const Batch decoded = REQUIRE_OK_AND_TAKE(DecodeBatch(record.batch, table));
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    REQUIRE(testing::FirstDifference(batch.columns[i], decoded.columns[i]) == "");
  }
}

TEST_CASE("CommitRecord gives back the versions that end", "[storage]") {
  const std::vector<VersionId> ids = {{.shard = 0, .ordinal = 9, .commit = 3},
                                      {.shard = 0, .ordinal = 2, .commit = 4},
                                      {.shard = 15, .ordinal = UINT32_MAX, .commit = 1ull << 60}};
  const std::string payload = EncodeEnds({.time_ns = 8, .table = TableId(4), .erase = true, .ids = ids});
  const CommitRecord record = REQUIRE_OK_AND_TAKE(DecodeCommitRecord(AsBytes(payload)));
  CHECK(record.kind == CommitKind::kEnds);
  CHECK(record.table == TableId(4));
  CHECK(record.erase);
  CHECK(record.ids == ids);
  for (size_t size = 0; size < payload.size(); ++size) {
    REQUIRE_STATUS(DecodeCommitRecord(AsBytes(std::string_view(payload).substr(0, size))),
                   absl::StatusCode::kDataLoss, "");
  }
  REQUIRE_STATUS(DecodeCommitRecord(AsBytes(EncodeEnds({.table = TableId(4), .ids = {ids[1], ids[0]}}))),
                 absl::StatusCode::kDataLoss, "out of order");
  REQUIRE_STATUS(DecodeCommitRecord(AsBytes(EncodeEnds({.table = TableId(4), .ids = {{.shard = 16}}}))),
                 absl::StatusCode::kDataLoss, "in no shard");
}

TEST_CASE("CommitRecord refuses truncation and impossible shards", "[storage]") {
  const auto table = testing::TestTable("t", {});
  const Batch batch = testing::BatchBuilder(table).Row({"a", 1}).Row({"b", 2}).Build();
  const std::string payload = EncodeRows({.table = table->id, .placements = {1, 2}}, batch);
  const size_t header_bytes = 1 + 1 + 8 + 4 + 1 + 4 + 4 + 2;
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
  bad = payload;
  bad[1] = 7;
  REQUIRE_STATUS(DecodeCommitRecord(AsBytes(bad)), absl::StatusCode::kDataLoss, "unknown kind 7");
}

}  // namespace cortex
