// The text of EXPLAIN and EXPLAIN ANALYZE.
#include "absl/strings/str_format.h"
#include "query/statement_streams.h"

namespace cortex::query {
namespace {

std::string Milliseconds(int64_t ns) { return absl::StrFormat("%.3f ms", static_cast<double>(ns) / 1e6); }

std::string OperatorLine(const OperatorStatistics& op, bool analyzed) {
  std::string line = std::string(static_cast<size_t>(op.depth) * 2, ' ') + op.name;
  if (!op.detail.empty()) line += " " + op.detail;
  line += absl::StrFormat("  (estimated %d rows", op.estimated_rows);
  if (analyzed) line += absl::StrFormat(", actual %d rows, %s", op.rows, Milliseconds(op.time_ns));
  return line + ")";
}

std::string TierLine(Tier tier, const TierScanStatistics& scan, bool analyzed) {
  std::string line =
      absl::StrFormat("%s: %d of %d segments, %d row groups; pruned by time %d, zone map %d, key filter %d",
                      TierName(tier), scan.segments - scan.segments_pruned, scan.segments, scan.row_groups,
                      scan.row_groups_pruned_time, scan.row_groups_pruned_zone, scan.row_groups_pruned_key);
  if (analyzed) {
    line += absl::StrFormat("; %d rows scanned, %d selected, %d bytes decoded", scan.rows_scanned, scan.rows_selected,
                            scan.bytes_decoded);
  }
  return line;
}

}  // namespace

std::vector<std::string> ExplainLines(const QueryStatistics& statistics, bool analyzed) {
  std::vector<std::string> lines;
  for (const OperatorStatistics& op : statistics.operators) lines.push_back(OperatorLine(op, analyzed));
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    const TierScanStatistics& scan = statistics.tiers[static_cast<size_t>(tier) - 1];
    if (scan.segments > 0) lines.push_back(TierLine(tier, scan, analyzed));
  }
  lines.push_back(absl::StrFormat("snapshot at commit %d, exact, planned in %s", statistics.snapshot_commit,
                                  Milliseconds(statistics.plan_ns)));
  if (analyzed) {
    lines.push_back(absl::StrFormat("executed in %s, %d rows returned, at most %d bytes of query memory",
                                    Milliseconds(statistics.execute_ns), statistics.rows_returned,
                                    statistics.peak_memory_bytes));
  }
  return lines;
}

}  // namespace cortex::query
