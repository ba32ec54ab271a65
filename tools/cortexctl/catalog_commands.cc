// tables, describe
#include <iostream>
#include <memory>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/definition_text.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

std::string_view KindName(v1::TableKind kind) { return kind == v1::TABLE_KIND_ENTITIES ? "entities" : "events"; }

absl::Status ListTables(const GlobalOptions& options, TextStyle style) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(options));
  TextTable table(style, {"table", "kind", "rows", "columns"}, {false, false, true, true});
  v1::ListTablesRequest request;
  do {
    grpc::ClientContext context;
    Prepare(options, &context);
    v1::ListTablesResponse response;
    RETURN_IF_ERROR(client::ToStatus(connection.catalog->ListTables(&context, request, &response)));
    for (const v1::TableSummary& t : response.tables()) {
      table.AddRow({TextCell(style, t.name()), TextCell(style, KindName(t.kind())), CountCell(style, t.row_count()),
                    CountCell(style, t.column_count())});
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  std::cout << table.Finish();
  return absl::OkStatus();
}

// ", pinned to warm", or nothing.
absl::StatusOr<std::string> PinText(const GlobalOptions& options, const client::Connection& connection,
                                    const std::string& table) {
  grpc::ClientContext context;
  Prepare(options, &context);
  v1::GetStatsRequest request;
  request.set_table(table);
  v1::GetStatsResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.stats->GetStats(&context, request, &response)));
  if (response.tables().empty() || response.tables(0).pin() == v1::TIER_UNSPECIFIED) return "";
  return absl::StrFormat(", pinned to %s", std::string(client::TierName(response.tables(0).pin())));
}

absl::Status Describe(const GlobalOptions& options, const std::string& name, TextStyle style) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(options));
  grpc::ClientContext context;
  Prepare(options, &context);
  v1::DescribeTableRequest request;
  request.set_table(name);
  v1::DescribeTableResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.catalog->DescribeTable(&context, request, &response)));
  const v1::TableDefinition& definition = response.table().definition();
  if (style == TextStyle::kTable) {
    ASSIGN_OR_RETURN(const std::string pin, PinText(options, connection, name));
    std::cout << absl::StrFormat("%s: %s, key %s, time %s, sharding %s\n%s%s; history %s\n\n", definition.name(),
                                 KindName(definition.kind()), definition.key_column(), definition.time_column(),
                                 definition.sharding() == v1::SHARDING_STRATEGY_FMO ? "fmo" : "hash",
                                 PolicyText(definition.tier_policy()), pin,
                                 definition.history_ms() == 0 ? "for ever"
                                                              : "for " + DurationText(definition.history_ms()));
  }
  TextTable table(style, {"column", "type", "nullable", "default", "compression"}, {false, false, false, false, false});
  for (const v1::ColumnDefinition& column : definition.columns()) {
    table.AddRow({TextCell(style, column.name()), TextCell(style, client::TypeName(column.type())),
                  style == TextStyle::kTable ? (column.nullable() ? "yes" : "no") : (column.nullable() ? "true" : "false"),
                  DefaultCell(style, column),
                  TextCell(style, CompressionText(column))});
  }
  std::cout << table.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddCatalogCommands(CLI::App* app, const GlobalOptions* options, Action* action) {
  auto format = std::make_shared<std::string>("table");
  auto name = std::make_shared<std::string>();
  const CLI::IsMember formats({"table", "csv", "json"});

  CLI::App* tables = app->add_subcommand("tables", "List the tables and their rows");
  tables->add_option("--format", *format, "table, csv or json")->check(formats);
  tables->callback([=] { *action = [=] { return ListTables(*options, ParseStyle(*format)); }; });

  CLI::App* describe = app->add_subcommand("describe", "Show the columns and the policy of a table");
  describe->add_option("table", *name, "Name of the table")->required();
  describe->add_option("--format", *format, "table, csv or json")->check(formats);
  describe->callback([=] { *action = [=] { return Describe(*options, *name, ParseStyle(*format)); }; });
}

}  // namespace cortex::ctl
