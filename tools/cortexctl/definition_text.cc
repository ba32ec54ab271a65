#include "tools/cortexctl/definition_text.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

std::string_view BoundName(v1::ZptvContract::Kind kind) {
  switch (kind) {
    case v1::ZptvContract::KIND_ABS: return "abs";
    case v1::ZptvContract::KIND_RMS: return "rms";
    case v1::ZptvContract::KIND_ROW_L2: return "row_l2";
    case v1::ZptvContract::KIND_POINT: return "point";
    case v1::ZptvContract::KIND_PHASE16: return "phase16";
    default: return "";
  }
}

// "hot" and the first limit that rows reach: "hot for 1 h or 1,000,000 rows".
std::string TierText(std::string_view name, std::string_view verb, const std::vector<std::string>& limits) {
  if (limits.empty()) return absl::StrFormat("%s without limit", name);
  return absl::StrFormat("%s %s %s", name, verb, absl::StrJoin(limits, " or "));
}

std::string TimeText(int64_t ns) {
  return std::string(absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixNanos(ns), absl::UTCTimeZone()));
}

}  // namespace

std::string DurationText(int64_t ms) {
  for (const auto& [unit_ms, name] : {std::pair{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1'000, "s"}}) {
    if (ms % unit_ms == 0) return absl::StrFormat("%d %s", ms / unit_ms, name);
  }
  return absl::StrFormat("%d ms", ms);
}

std::string PolicyText(const v1::TierPolicy& policy) {
  const TextStyle style = TextStyle::kTable;
  std::vector<std::string> hot, warm;
  if (policy.hot_max_age_ms() > 0) hot.push_back(DurationText(policy.hot_max_age_ms()));
  if (policy.hot_max_rows() > 0) hot.push_back(CountCell(style, policy.hot_max_rows()) + " rows");
  if (policy.hot_max_bytes() > 0) hot.push_back(BytesCell(style, static_cast<double>(policy.hot_max_bytes())));
  if (policy.warm_max_age_ms() > 0) warm.push_back(DurationText(policy.warm_max_age_ms()) + " old");
  if (policy.warm_max_bytes() > 0) warm.push_back(BytesCell(style, static_cast<double>(policy.warm_max_bytes())));
  std::string text = TierText("hot", "for", hot) + ", " + TierText("warm", "until", warm);
  if (policy.warm_min_age_ms() > 0) text += " but for " + DurationText(policy.warm_min_age_ms()) + " at least";
  if (policy.ttl_ms() == 0) return text + ", cold for ever";
  return text + ", cold until " + DurationText(policy.ttl_ms()) + " old, then gone";
}

std::string ContractText(const v1::ZptvContract& contract) {
  const std::string_view name = BoundName(contract.kind());
  return name.empty() ? "" : absl::StrFormat("%s=%g", name, contract.bound());
}

std::string CompressionText(const v1::ColumnDefinition& column) {
  switch (column.compression()) {
    case v1::COMPRESSION_NONE: return "none";
    case v1::COMPRESSION_DICTIONARY: return "dictionary";
    case v1::COMPRESSION_RLE: return "rle";
    case v1::COMPRESSION_DELTA: return "delta";
    case v1::COMPRESSION_ZPTV: break;
    default: return "auto";
  }
  const std::string bound = ContractText(column.contract());
  return bound.empty() ? "zptv" : "zptv(" + bound + ")";
}

std::string DefaultCell(TextStyle style, const v1::ColumnDefinition& column) {
  const v1::Value& value = column.default_value();
  switch (value.kind_case()) {
    case v1::Value::KIND_NOT_SET:
    case v1::Value::kNullValue:
      return style == TextStyle::kJson ? "null" : "";
    case v1::Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::Value::kInt64Value:
      return absl::StrFormat("%d", value.int64_value());
    case v1::Value::kDoubleValue:
      return TextCell(style, absl::StrFormat("%.17g", value.double_value()));  // as text: JSON has no NaN
    case v1::Value::kTimestampNs:
      return TextCell(style, TimeText(value.timestamp_ns()));
    case v1::Value::kStringValue:
      return TextCell(style, value.string_value());
    default:
      return TextCell(style, value.ShortDebugString());
  }
}

}  // namespace cortex::ctl
