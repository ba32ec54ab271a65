#include "storage/meta/manifest_codec.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "cortex/storage/v1/manifest.pb.h"
#include "tests/storage/meta/meta_test_data.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {
namespace {

std::string Bytes(std::initializer_list<int> values) { return std::string(values.begin(), values.end()); }

TEST_CASE("Manifest codec brings segments and seal points back", "[storage][meta]") {
  const SegmentRecord segment = Segment(3, 17);
  const std::string bytes = REQUIRE_OK_AND_TAKE(EncodeSegment(segment));
  CHECK(REQUIRE_OK_AND_TAKE(DecodeSegment(TableId(3), SegmentId(17), bytes)) == segment);
  const SealPoint point = {.commit = 1ull << 60, .rows = 65'535};
  CHECK(REQUIRE_OK_AND_TAKE(DecodeSealPoint(EncodeSealPoint(point))) == point);
  CHECK(REQUIRE_OK_AND_TAKE(DecodeSealPoint(EncodeSealPoint({}))) == SealPoint());
}

TEST_CASE("Manifest codec writes the bytes of format 1", "[storage][meta]") {
  const SegmentRecord segment = {.table = TableId(1), .id = SegmentId(2), .shard = 3, .tier = Tier::kCold,
                                 .file_name = "f", .file_bytes = 4, .raw_bytes = 5, .row_count = 6, .min_time = -1,
                                 .max_time = 7, .min_commit = 8, .max_commit = 9, .sorted_by_key = true,
                                 .row_group_count = 10, .schema_id = 11,
                                 .ended_row_count = 2, .max_end = 12};
  CHECK(REQUIRE_OK_AND_TAKE(EncodeSegment(segment)) ==
        Bytes({0x08, 3, 0x10, 3, 0x1a, 1, 'f', 0x20, 4, 0x28, 5, 0x30, 6,                    //
               0x39, 255, 255, 255, 255, 255, 255, 255, 255, 0x41, 7, 0, 0, 0, 0, 0, 0, 0,  //
               0x48, 8, 0x50, 9, 0x58, 1, 0x60, 10, 0x68, 11, 0x70, 2, 0x78, 12}));
  CHECK(EncodeSealPoint({.commit = 300, .rows = 5}) == Bytes({0x08, 0xac, 0x02, 0x10, 5}));
  // Rows 0, 1, 300; ends 1000, 1000, 999.
  const std::vector<VersionEnd> ends = {{0, 1000}, {1, 1000}, {300, 999}};
  CHECK(REQUIRE_OK_AND_TAKE(EncodeEnds(ends)) == Bytes({3, 0, 0xd0, 0x0f, 0, 0, 0xaa, 0x02, 1}));
  const std::vector<std::string> fences = {"ab", "abc", "b"};
  CHECK(EncodeColdFences(fences) == Bytes({3, 0, 2, 'a', 'b', 2, 1, 'c', 0, 1, 'b'}));
  CHECK(EncodeNumber(300) == Bytes({0xac, 0x02}));
  CHECK(EncodeFormat() == Bytes({0x08, 1}));
}

TEST_CASE("Manifest codec refuses segment records that make no sense", "[storage][meta]") {
  SegmentRecord segment = Segment(3, 17);
  std::string what;
  SECTION("shard") { segment.shard = kShardCount, what = "shard"; }
  SECTION("tier") { segment.tier = static_cast<Tier>(0), what = "tier"; }
  SECTION("no file") { segment.file_name.clear(), what = "file name"; }
  SECTION("path") { segment.file_name = "../x", what = "file name"; }
  SECTION("rows") { segment.row_count = 0, what = "row count"; }
  SECTION("time") { segment.min_time = segment.max_time + 1, what = "time range"; }
  SECTION("commit") { segment.min_commit = segment.max_commit + 1, what = "commit range"; }
  SECTION("ends") { segment.ended_row_count = segment.row_count + 1, what = "count of ended rows"; }
  REQUIRE_STATUS(EncodeSegment(segment), absl::StatusCode::kInternal, what);
}

TEST_CASE("Manifest codec calls a segment record of foreign bytes damaged", "[storage][meta]") {
  storage::v1::SegmentRecord message;
  REQUIRE(message.ParseFromString(REQUIRE_OK_AND_TAKE(EncodeSegment(Segment(3, 17)))));
  std::string what;
  SECTION("shard") { message.set_shard(16), what = "shard"; }
  SECTION("tier") { message.set_tier(258), what = "tier"; }
  SECTION("file name") { message.set_file_name("/etc"), what = "file name"; }
  REQUIRE_STATUS(DecodeSegment(TableId(3), SegmentId(17), message.SerializeAsString()), absl::StatusCode::kDataLoss,
                 what + ": segment 17, table 3");
  REQUIRE_STATUS(DecodeSegment(TableId(3), SegmentId(17), "\xff"), absl::StatusCode::kDataLoss, "does not parse");
}

TEST_CASE("Manifest codec brings version ends back, whatever their order of commits", "[storage][meta]") {
  const uint32_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<VersionEnd> ends;
  uint64_t row = random() % 3;
  for (int i = 0; i < 2000; ++i) {
    ends.push_back({row, i % 100 == 0 ? random() : 1'000'000 + random() % 50});
    row += 1 + random() % (i % 7 == 0 ? 1ull << 40 : 3);
  }
  ends.push_back({UINT64_MAX - 1, kOpenEnd});
  const std::string bytes = REQUIRE_OK_AND_TAKE(EncodeEnds(ends));
  CHECK(REQUIRE_OK_AND_TAKE(DecodeEnds(bytes)) == ends);
  CHECK(REQUIRE_OK_AND_TAKE(DecodeEnds(REQUIRE_OK_AND_TAKE(EncodeEnds({})))).empty());
  for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 300) {
    CAPTURE(size);
    REQUIRE_STATUS(DecodeEnds(std::string_view(bytes).substr(0, size)), absl::StatusCode::kDataLoss, "");
  }
  REQUIRE_STATUS(DecodeEnds(bytes + "x"), absl::StatusCode::kDataLoss, "1 bytes left over");
}

TEST_CASE("Manifest codec spends two bytes on each row of one DELETE", "[storage][meta]") {
  std::vector<VersionEnd> ends;
  for (uint64_t row = 0; row < 65'536; ++row) ends.push_back({row, 123'456'789});
  CHECK(REQUIRE_OK_AND_TAKE(EncodeEnds(ends)).size() < 2 * ends.size() + 16);
}

TEST_CASE("Manifest codec refuses version ends out of order", "[storage][meta]") {
  const std::vector<VersionEnd> twice = {{4, 1}, {4, 2}};
  REQUIRE_STATUS(EncodeEnds(twice), absl::StatusCode::kInternal, "row 4");
  const std::vector<VersionEnd> back = {{4, 1}, {3, 2}};
  REQUIRE_STATUS(EncodeEnds(back), absl::StatusCode::kInternal, "row 3");
}

TEST_CASE("Manifest codec bounds memory before it trusts a count", "[storage][meta]") {
  REQUIRE_STATUS(DecodeEnds("\xff\xff\xff\xff\x0f\x01\x02"), absl::StatusCode::kDataLoss, "does not fit");
  REQUIRE_STATUS(DecodeColdFences("\xff\xff\xff\xff\x0f\x01\x02"), absl::StatusCode::kDataLoss, "does not fit");
  const std::string overflow = Bytes({2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 5, 0});
  REQUIRE_STATUS(DecodeEnds(overflow), absl::StatusCode::kDataLoss, "overflows");
}

TEST_CASE("Manifest codec brings fences back", "[storage][meta]") {
  std::vector<std::string> fences = {"", "", "a", "entity-000001", "entity-000999", "entity-1", std::string(300, 'z')};
  fences.push_back(std::string("\0\xff\0", 3));
  const std::string bytes = EncodeColdFences(fences);
  CHECK(REQUIRE_OK_AND_TAKE(DecodeColdFences(bytes)) == fences);
  CHECK(REQUIRE_OK_AND_TAKE(DecodeColdFences(EncodeColdFences({}))).empty());
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    REQUIRE_STATUS(DecodeColdFences(std::string_view(bytes).substr(0, size)), absl::StatusCode::kDataLoss, "");
  }
  REQUIRE_STATUS(DecodeColdFences(Bytes({2, 0, 1, 'a', 2, 0})), absl::StatusCode::kDataLoss, "more than there are");
}

TEST_CASE("Manifest codec refuses the format of a newer program", "[storage][meta]") {
  REQUIRE_OK(CheckFormat(EncodeFormat()));
  storage::v1::MetaFormat message;
  message.set_version(1);
  message.set_required_features(4);
  REQUIRE_STATUS(CheckFormat(message.SerializeAsString()), absl::StatusCode::kFailedPrecondition,
                 "unknown features 0x4");
  message.set_version(2);
  message.clear_required_features();
  REQUIRE_STATUS(CheckFormat(message.SerializeAsString()), absl::StatusCode::kFailedPrecondition, "format 2");
  REQUIRE_STATUS(CheckFormat(""), absl::StatusCode::kDataLoss, "no version");
}

}  // namespace
}  // namespace cortex::testing
