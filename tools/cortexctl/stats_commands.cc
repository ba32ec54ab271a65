// stats, project
#include <iostream>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "codecs/bytes/status_macros.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/definition_text.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

struct StatsOptions {
  std::string table;
  bool columns = false;
  std::string format = "table";
  uint64_t entities = 0;
  uint64_t vectors_per_entity = 1;
  bool measured = false;
};

std::string TimeCell(TextStyle style, int64_t ns) {
  if (ns == 0) return style == TextStyle::kJson ? "null" : "";
  return TextCell(style, std::string(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixNanos(ns), absl::UTCTimeZone())));
}

void AddTierRow(const std::string& name, const v1::TierStats& tier, TextStyle style, TextTable* table) {
  table->AddRow({TextCell(style, name), TextCell(style, client::TierName(tier.tier())), CountCell(style, tier.row_count()),
                 CountCell(style, tier.segment_count()), BytesCell(style, static_cast<double>(tier.raw_bytes())),
                 BytesCell(style, static_cast<double>(tier.stored_bytes())), NumberCell(tier.compression_ratio(), 2),
                 NumberCell(tier.memory_mb(), 1), NumberCell(tier.disk_gb(), 4), TimeCell(style, tier.oldest_time_ns()),
                 TimeCell(style, tier.newest_time_ns())});
}

// Lossless columns have none.
std::string ErrorCell(TextStyle style, double error) {
  return error == 0 && style == TextStyle::kTable ? "" : absl::StrFormat("%.2g", error);
}

std::string SecondsText(uint64_t ms) { return absl::StrFormat("%.1f s", static_cast<double>(ms) / 1000); }

// How well files are compressed, what the log and memory take, and what the tiers do.
std::string ServerText(const v1::GetStatsResponse& response) {
  const auto bytes = [](uint64_t count) { return BytesCell(TextStyle::kTable, static_cast<double>(count)); };
  const v1::ServerStats& server = response.server();
  const v1::FileStats& files = response.files();
  const v1::TieringStats& tiering = response.tiering();
  std::string text = absl::StrFormat(
      "files: %s of values in %s, ratio %.2f\n"
      "commit %d, log %s, memory %s of %s, up %d s\n"
      "tiering %s, moves %d (%d failed), write amplification %.2f, debt %s",
      bytes(files.raw_bytes()), bytes(files.stored_bytes()), files.compression_ratio(), server.token().commit(),
      bytes(server.wal_bytes()), bytes(server.memory_used_bytes()), bytes(server.memory_budget_bytes()),
      server.uptime_seconds(), tiering.paused() ? "paused" : "running", server.moves_done(), server.moves_failed(),
      tiering.write_amplification(), bytes(tiering.debt_bytes()));
  if (tiering.queue_size() > 0) text += absl::StrFormat(", the oldest for %s", SecondsText(tiering.oldest_debt_ms()));
  text += "\n";
  for (const v1::TierMove& move : tiering.queue()) {
    text += absl::StrFormat("  %s %s: table %s, tier %s, shard %d, %d segments, %s, for %s\n",
                            move.running() ? "running" : "waiting", move.kind(), move.table(),
                            client::TierName(move.tier()), move.shard(), move.segment_count(),
                            bytes(move.stored_bytes()), SecondsText(move.waiting_ms()));
  }
  return text;
}

std::string ColumnsText(const v1::GetStatsResponse& response, TextStyle style) {
  TextTable table(style, {"table", "column", "tier", "raw", "stored", "ratio", "bound", "max_error", "rms_error", "encodings"},
                  {false, false, false, true, true, true, false, true, true, false});
  for (const v1::TableStats& t : response.tables()) {
    for (const v1::ColumnStats& column : t.columns()) {
      if (style == TextStyle::kTable && column.raw_bytes() == 0) continue;
      std::string encodings;
      for (const v1::EncodingCount& e : column.encodings()) {
        encodings += absl::StrFormat("%s%s %d", encodings.empty() ? "" : ", ", e.encoding(), e.chunk_count());
      }
      table.AddRow({TextCell(style, t.table()), TextCell(style, column.column()), TextCell(style, client::TierName(column.tier())),
                    BytesCell(style, static_cast<double>(column.raw_bytes())),
                    BytesCell(style, static_cast<double>(column.stored_bytes())), NumberCell(column.compression_ratio(), 2),
                    TextCell(style, ContractText(column.contract())), ErrorCell(style, column.max_error()),
                    ErrorCell(style, column.rms_error()), TextCell(style, encodings)});
    }
  }
  return table.Finish();
}

absl::Status Stats(const GlobalOptions& global, const StatsOptions& options) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::GetStatsRequest request;
  request.set_table(options.table);
  request.set_include_columns(options.columns);
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::GetStatsResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.stats->GetStats(&context, request, &response)));
  const TextStyle style = ParseStyle(options.format);
  if (options.columns) {
    std::cout << ColumnsText(response, style);
    return absl::OkStatus();
  }
  TextTable table(style, {"table", "tier", "rows", "segments", "raw", "stored", "ratio", "memory_mb", "disk_gb", "oldest", "newest"},
                  {false, false, true, true, true, true, true, true, true, false, false});
  for (const v1::TableStats& t : response.tables()) {
    for (const v1::TierStats& tier : t.tiers()) {
      if (tier.row_count() > 0 || style != TextStyle::kTable) AddTierRow(t.table(), tier, style, &table);
    }
  }
  if (style == TextStyle::kTable) {
    for (const v1::TierStats& tier : response.tiers()) AddTierRow("(all)", tier, style, &table);
  }
  std::cout << table.Finish();
  if (style == TextStyle::kTable) std::cout << ServerText(response);
  return absl::OkStatus();
}

absl::Status Project(const GlobalOptions& global, const StatsOptions& options) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::ProjectStorageRequest request;
  request.set_entity_count(options.entities);
  request.set_vectors_per_entity(options.vectors_per_entity);
  request.set_use_measured_ratios(options.measured);
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::ProjectStorageResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.stats->ProjectStorage(&context, request, &response)));
  const TextStyle style = ParseStyle(options.format);
  TextTable table(style, {"part", "bytes"}, {false, true});
  for (const auto& [name, bytes] :
       {std::pair{"one entity, raw", response.bytes_per_entity()}, {"all, raw", response.raw_bytes()},
        {"hot", response.hot_bytes()}, {"warm", response.warm_bytes()}, {"cold", response.cold_bytes()},
        {"memory", response.memory_bytes()}, {"disk", response.disk_bytes()}}) {
    table.AddRow({TextCell(style, name), BytesCell(style, bytes)});
  }
  std::cout << table.Finish();
  if (style == TextStyle::kTable) std::cout << response.basis() << "\n";
  return absl::OkStatus();
}

}  // namespace

void AddStatsCommands(CLI::App* app, const GlobalOptions* options, Action* action) {
  auto chosen = std::make_shared<StatsOptions>();
  const CLI::IsMember formats({"table", "csv", "json"});

  CLI::App* stats = app->add_subcommand("stats", "Rows, bytes and ages per table and tier");
  stats->add_option("table", chosen->table, "Only this table");
  stats->add_flag("--columns", chosen->columns, "Per column: ratio, measured error, encodings");
  stats->add_option("--format", chosen->format, "table, csv or json")->check(formats);
  stats->callback([=] { *action = [=] { return Stats(*options, *chosen); }; });

  CLI::App* project = app->add_subcommand("project", "Disk and memory that a number of entities would need, by a stated formula");
  project->add_option("--entities", chosen->entities, "Number of entities")->required();
  project->add_option("--vectors-per-entity", chosen->vectors_per_entity, "State vectors per entity");
  project->add_flag("--measured", chosen->measured, "Use the compression ratios measured on this server");
  project->add_option("--format", chosen->format, "table, csv or json")->check(formats);
  project->callback([=] { *action = [=] { return Project(*options, *chosen); }; });
}

}  // namespace cortex::ctl
