#include "server/query_messages.h"

#include <chrono>
#include <limits>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/batch_proto.h"
#include "storage/runtime/clock.h"

namespace cortex {
namespace {

constexpr int kMaxParameters = 1'024;

}  // namespace

std::optional<int64_t> DeadlineOf(const ServerCore& core, const grpc::CallbackServerContext& context,
                                  uint64_t timeout_ms) {
  int64_t left_ns = std::numeric_limits<int64_t>::max();
  if (timeout_ms > 0) left_ns = static_cast<int64_t>(timeout_ms) * 1'000'000;
  const auto deadline = context.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    const auto left = deadline - std::chrono::system_clock::now();
    left_ns = std::min<int64_t>(left_ns, std::chrono::duration_cast<std::chrono::nanoseconds>(left).count());
  }
  if (left_ns == std::numeric_limits<int64_t>::max()) return std::nullopt;
  return core.clock->MonotonicNanos() + left_ns;
}

absl::StatusOr<std::vector<QueryParameter>> ParametersFromProto(
    const google::protobuf::RepeatedPtrField<wire::Value>& positional,
    const google::protobuf::Map<std::string, wire::Value>& named) {
  if (positional.size() > kMaxParameters || named.size() > kMaxParameters) {
    return InvalidField("parameters", absl::StrFormat("at most %d parameters", kMaxParameters));
  }
  std::vector<QueryParameter> parameters;
  for (int i = 0; i < positional.size(); ++i) {
    ASSIGN_OR_RETURN(Column value, ColumnFromValue(positional[i], absl::StrFormat("parameters[%d]", i)));
    parameters.push_back({"", std::move(value)});
  }
  for (const auto& [name, proto] : named) {
    if (!IsValidName(name)) {
      return InvalidField("named_parameters", absl::StrFormat("bad parameter name \"%s\"", name));
    }
    ASSIGN_OR_RETURN(Column value, ColumnFromValue(proto, absl::StrFormat("named_parameters[%s]", name)));
    parameters.push_back({name, std::move(value)});
  }
  return parameters;
}

absl::StatusOr<std::vector<uint32_t>> ColumnOrdinals(const TableDefinition& table,
                                                     const google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.empty()) return InvalidField("columns", "columns is missing; name the columns or ask for \"*\"");
  std::vector<uint32_t> ordinals;
  for (const std::string& name : names) {
    if (name == "*") {
      for (uint32_t i = 0; i < table.columns.size(); ++i) ordinals.push_back(i);
      continue;
    }
    const std::optional<uint32_t> ordinal = table.FindColumn(name);
    if (!ordinal) {
      std::vector<std::string> known;
      for (const ColumnDefinition& column : table.columns) known.push_back(column.name);
      std::string message = absl::StrFormat("unknown column \"%s\": table \"%s\"", name, table.name);
      if (const auto nearest = NearestName(name, known)) message += absl::StrFormat("; did you mean \"%s\"?", *nearest);
      return WithFieldViolation(absl::NotFoundError(message), "columns");
    }
    ordinals.push_back(*ordinal);
  }
  return ordinals;
}

void StatisticsToProto(const QueryStatistics& statistics, wire::QueryStatistics* proto) {
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    const TierScanStatistics& from = statistics.tiers[static_cast<size_t>(tier) - 1];
    if (from.segments == 0) continue;
    wire::TierScanStatistics* to = proto->add_tiers();
    to->set_tier(TierToProto(tier));
    to->set_segments_considered(from.segments);
    to->set_segments_pruned(from.segments_pruned);
    to->set_row_groups_considered(from.row_groups);
    to->set_row_groups_pruned_by_zone_map(from.row_groups_pruned_zone);
    to->set_row_groups_pruned_by_key_filter(from.row_groups_pruned_key);
    to->set_row_groups_pruned_by_time(from.row_groups_pruned_time);
    to->set_rows_scanned(from.rows_scanned);
    to->set_rows_selected(from.rows_selected);
    to->set_bytes_decoded(from.bytes_decoded);
  }
  proto->set_plan_us(static_cast<uint64_t>(statistics.plan_ns / 1'000));
  proto->set_execute_us(static_cast<uint64_t>(statistics.execute_ns / 1'000));
  proto->set_peak_memory_bytes(statistics.peak_memory_bytes);
}

}  // namespace cortex
