#include "tools/cortexctl/definition_text.h"

#include <catch2/catch.hpp>

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

TEST_CASE("PolicyText names every limit", "[tools][cortexctl]") {
  v1::TierPolicy policy;
  CHECK(PolicyText(policy) == "hot without limit, warm without limit, cold for ever");
  policy.set_hot_max_age_ms(3'600'000);
  policy.set_hot_max_rows(1'000'000);
  policy.set_warm_max_bytes(2'000'000);
  policy.set_warm_min_age_ms(86'400'000);
  policy.set_ttl_ms(90'000);
  CHECK(PolicyText(policy) ==
        "hot for 1 h or 1,000,000 rows, warm until 2.0 MB but for 1 d at least, cold until 90 s old, then gone");
  policy.set_warm_max_age_ms(7 * 86'400'000);
  CHECK(PolicyText(policy).find("warm until 7 d old or 2.0 MB") != std::string::npos);
}

TEST_CASE("CompressionText shows the bound of a lossy column", "[tools][cortexctl]") {
  v1::ColumnDefinition column;
  CHECK(CompressionText(column) == "auto");
  column.set_compression(v1::COMPRESSION_ZPTV);
  CHECK(CompressionText(column) == "zptv");
  column.mutable_contract()->set_kind(v1::ZptvContract::KIND_LOSSLESS);
  CHECK(CompressionText(column) == "zptv");
  column.mutable_contract()->set_kind(v1::ZptvContract::KIND_RMS);
  column.mutable_contract()->set_bound(1e-3);
  CHECK(CompressionText(column) == "zptv(rms=0.001)");
  column.mutable_contract()->set_kind(v1::ZptvContract::KIND_ROW_L2);
  CHECK(CompressionText(column) == "zptv(row_l2=0.001)");
}

TEST_CASE("DefaultCell prints values as people write them", "[tools][cortexctl]") {
  v1::ColumnDefinition column;
  CHECK(DefaultCell(TextStyle::kTable, column).empty());
  CHECK(DefaultCell(TextStyle::kJson, column) == "null");
  column.mutable_default_value()->set_double_value(2.5);
  CHECK(DefaultCell(TextStyle::kTable, column) == "2.5");
  column.mutable_default_value()->set_timestamp_ns(1'500'000'000);
  CHECK(DefaultCell(TextStyle::kJson, column) == "\"1970-01-01T00:00:01.5Z\"");
  column.mutable_default_value()->set_string_value("none");
  CHECK(DefaultCell(TextStyle::kTable, column) == "none");
}

}  // namespace
}  // namespace cortex::ctl
