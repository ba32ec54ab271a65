// tier, flush, config
#include <iostream>
#include <memory>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/value_appender.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

struct MoveOptions {
  std::string table, from, to, older_than;
  uint64_t max_rows = 0;
};

v1::Tier ParseTier(const std::string& name) {
  return name == "hot" ? v1::TIER_HOT : name == "warm" ? v1::TIER_WARM : v1::TIER_COLD;
}

absl::Status Move(const GlobalOptions& global, const MoveOptions& options) {
  v1::MoveTierRequest request;
  request.set_table(options.table);
  request.set_from(ParseTier(options.from));
  request.set_to(ParseTier(options.to));
  request.set_max_rows(options.max_rows);
  if (!options.older_than.empty()) {
    int64_t ns = 0;
    RETURN_IF_ERROR(client::ParseTimestamp(options.older_than, &ns));
    request.set_older_than_ns(ns);
  }
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::MoveTierResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->MoveTier(&context, request, &response)));
  std::cout << absl::StrFormat("%s: %s -> %s: %s rows, %d segments, %s\n", options.table, options.from, options.to,
                               CountCell(TextStyle::kTable, response.row_count()), response.segment_count(),
                               BytesCell(TextStyle::kTable, static_cast<double>(response.stored_bytes())));
  return absl::OkStatus();
}

absl::Status Pause(const GlobalOptions& global, bool paused) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::PauseTieringRequest request;
  request.set_paused(paused);
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::PauseTieringResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->PauseTiering(&context, request, &response)));
  std::cout << "background moves are " << (response.paused() ? "paused" : "running") << "\n";
  return absl::OkStatus();
}

// TIER_UNSPECIFIED: takes the pin away.
absl::Status Pin(const GlobalOptions& global, const std::string& table, v1::Tier tier) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::PinRequest request;
  request.set_table(table);
  request.set_tier(tier);
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::PinResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->Pin(&context, request, &response)));
  if (response.tier() == v1::TIER_UNSPECIFIED) {
    std::cout << table << ": its policy decides again\n";
  } else {
    std::cout << table << ": kept in " << client::TierName(response.tier()) << " or faster\n";
  }
  return absl::OkStatus();
}

absl::Status Compact(const GlobalOptions& global, const std::string& table, const std::string& tier) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::CompactRequest request;
  request.set_table(table);
  request.set_tier(ParseTier(tier));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::CompactResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->Compact(&context, request, &response)));
  std::cout << absl::StrFormat("%s: %d files of %s are now %d\n", table, response.segments_before(), tier,
                               response.segments_after());
  return absl::OkStatus();
}

absl::Status Flush(const GlobalOptions& global) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::FlushResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.ingest->Flush(&context, v1::FlushRequest(), &response)));
  std::cout << "everything up to commit " << response.token().commit() << " is durable and visible\n";
  return absl::OkStatus();
}

absl::Status Config(const GlobalOptions& global, TextStyle style) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::GetConfigResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->GetConfig(&context, v1::GetConfigRequest(), &response)));
  TextTable table(style, {"option", "value", "source"}, {false, false, false});
  for (const v1::ConfigOption& option : response.options()) {
    table.AddRow({TextCell(style, option.name()), TextCell(style, option.value()), TextCell(style, option.source())});
  }
  std::cout << table.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddAdminCommands(CLI::App* app, const GlobalOptions* options, Action* action) {
  auto chosen = std::make_shared<MoveOptions>();
  auto format = std::make_shared<std::string>("table");
  const CLI::IsMember tiers({"hot", "warm", "cold"});

  CLI::App* tier = app->add_subcommand("tier", "Move rows between tiers, pin, compact, pause or resume moves");
  tier->require_subcommand(1);
  CLI::App* move = tier->add_subcommand("move", "Move sealed rows now, by the steps of the tier manager");
  move->add_option("table", chosen->table, "Name of the table")->required();
  move->add_option("from", chosen->from, "hot, warm or cold")->required()->check(tiers);
  move->add_option("to", chosen->to, "hot, warm or cold")->required()->check(tiers);
  move->add_option("--older-than", chosen->older_than, "Only segments whose newest row is older: RFC 3339 or nanoseconds");
  move->add_option("--max-rows", chosen->max_rows, "At most about this many rows, oldest segments first");
  move->callback([=] { *action = [=] { return Move(*options, *chosen); }; });
  CLI::App* pin = tier->add_subcommand("pin", "Keep a table in a tier or a faster one, whatever its policy says");
  pin->add_option("table", chosen->table, "Name of the table")->required();
  pin->add_option("tier", chosen->to, "Slowest tier its rows may be in")->required()->check(tiers);
  pin->callback([=] { *action = [=] { return Pin(*options, chosen->table, ParseTier(chosen->to)); }; });
  CLI::App* unpin = tier->add_subcommand("unpin", "Let the policy of a table decide again");
  unpin->add_option("table", chosen->table, "Name of the table")->required();
  unpin->callback([=] { *action = [=] { return Pin(*options, chosen->table, v1::TIER_UNSPECIFIED); }; });
  CLI::App* compact = tier->add_subcommand("compact", "Merge the small files of a table now");
  compact->add_option("table", chosen->table, "Name of the table")->required();
  compact->add_option("tier", chosen->to, "warm or cold")->required()->check(CLI::IsMember({"warm", "cold"}));
  compact->callback([=] { *action = [=] { return Compact(*options, chosen->table, chosen->to); }; });
  tier->add_subcommand("pause", "Stop background moves")->callback([=] {
    *action = [=] { return Pause(*options, true); };
  });
  tier->add_subcommand("resume", "Resume background moves")->callback([=] {
    *action = [=] { return Pause(*options, false); };
  });

  app->add_subcommand("flush", "Wait until everything received so far is durable and visible")->callback([=] {
    *action = [=] { return Flush(*options); };
  });

  CLI::App* config = app->add_subcommand("config", "Show the server's effective configuration");
  config->add_option("--format", *format, "table, csv or json")->check(CLI::IsMember({"table", "csv", "json"}));
  config->callback([=] { *action = [=] { return Config(*options, ParseStyle(*format)); }; });
}

}  // namespace cortex::ctl
