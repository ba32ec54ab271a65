// tables, describe
#include <iostream>
#include <memory>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

std::string_view KindName(v1::TableKind kind) { return kind == v1::TABLE_KIND_ENTITIES ? "entities" : "events"; }

std::string_view CompressionName(v1::Compression compression) {
  switch (compression) {
    case v1::COMPRESSION_NONE: return "none";
    case v1::COMPRESSION_DICTIONARY: return "dictionary";
    case v1::COMPRESSION_RLE: return "rle";
    case v1::COMPRESSION_DELTA: return "delta";
    case v1::COMPRESSION_ZPTV: return "zptv";
    default: return "auto";
  }
}

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

std::string Duration(int64_t ms) {
  if (ms == 0) return "no limit";
  for (const auto& [unit_ms, name] : {std::pair{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1'000, "s"}}) {
    if (ms % unit_ms == 0) return absl::StrFormat("%d %s", ms / unit_ms, name);
  }
  return absl::StrFormat("%d ms", ms);
}

// What rows have that leave the column out.
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
    case v1::Value::kTimestampNs:
      return absl::StrFormat("%d", value.timestamp_ns());
    case v1::Value::kStringValue:
      return TextCell(style, value.string_value());
    default:
      return TextCell(style, value.ShortDebugString());
  }
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
    const v1::TierPolicy& policy = definition.tier_policy();
    std::cout << absl::StrFormat("%s: %s, key %s, time %s, sharding %s\nhot for %s, warm until %s old, then cold; ttl %s; history %s\n\n",
                                 definition.name(), KindName(definition.kind()), definition.key_column(),
                                 definition.time_column(), definition.sharding() == v1::SHARDING_STRATEGY_FMO ? "fmo" : "hash",
                                 Duration(policy.hot_max_age_ms()), Duration(policy.warm_max_age_ms()),
                                 Duration(policy.ttl_ms()),
                                 definition.history_ms() == 0 ? "for ever" : Duration(definition.history_ms()));
  }
  TextTable table(style, {"column", "type", "nullable", "default", "compression"}, {false, false, false, false, false});
  for (const v1::ColumnDefinition& column : definition.columns()) {
    table.AddRow({TextCell(style, column.name()), TextCell(style, client::TypeName(column.type())),
                  style == TextStyle::kTable ? (column.nullable() ? "yes" : "no") : (column.nullable() ? "true" : "false"),
                  DefaultCell(style, column),
                  TextCell(style, CompressionName(column.compression()))});
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
