// query, explain, get
#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/query_runner.h"
#include "tools/client/wire_column.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

struct QueryOptions {
  std::string cql;
  std::vector<std::string> parameters;
  std::string format = "table";
  bool stats = false;
  bool analyze = false;
  std::string table;
  std::vector<std::string> keys;
  std::vector<std::string> columns;
  uint64_t as_of = 0;  // 0: the newest
};

// Splits VALUE, POSITION=VALUE and NAME=VALUE; positions count from 1 and bare values take the next one.
template <typename Request>
absl::Status SetParameters(const std::vector<std::string>& texts, Request* request) {
  std::map<int, v1::Value> positional;
  int next = 1;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
    const bool is_name = !name.empty() && name.find_first_not_of(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == std::string::npos;
    ASSIGN_OR_RETURN(v1::Value value, client::ParseParameter(is_name ? text.substr(equals + 1) : text));
    int position = 0;
    if (!is_name) {
      positional[next++] = std::move(value);
    } else if (std::from_chars(name.data(), name.data() + name.size(), position).ptr == name.data() + name.size()) {
      positional[position] = std::move(value);
      next = position + 1;
    } else {
      (*request->mutable_named_parameters())[name] = std::move(value);
    }
  }
  for (auto& [position, value] : positional) {
    if (position != request->parameters_size() + 1) {
      return absl::InvalidArgumentError(absl::StrCat("parameter ", request->parameters_size() + 1, " is missing"));
    }
    *request->add_parameters() = std::move(value);
  }
  return absl::OkStatus();
}

bool IsNumber(const v1::DataType& type) {
  return type.kind() >= v1::DataType::KIND_INT8 && type.kind() <= v1::DataType::KIND_FLOAT64;
}

TextTable TableFor(const v1::ResultSchema& schema, TextStyle style) {
  std::vector<std::string> names;
  std::vector<bool> right;
  for (const v1::ResultColumn& column : schema.columns()) {
    names.push_back(column.name());
    right.push_back(IsNumber(column.type()));
  }
  return TextTable(style, std::move(names), std::move(right));
}

absl::Status AddBatch(const v1::ResultSchema& schema, const v1::ColumnBatch& batch, TextStyle style, TextTable* table) {
  if (batch.row_count() > 0 && batch.columns_size() != schema.columns_size()) {
    return absl::DataLossError("a batch of the answer does not have the columns of its schema");
  }
  std::vector<client::WireColumn> columns;
  for (int i = 0; batch.row_count() > 0 && i < schema.columns_size(); ++i) {
    ASSIGN_OR_RETURN(client::WireColumn column,
                     client::WireColumn::Open(batch.columns(i), schema.columns(i).type(), batch.row_count()));
    columns.push_back(column);
  }
  for (uint32_t row = 0; row < batch.row_count(); ++row) {
    std::vector<std::string> cells;
    for (const client::WireColumn& column : columns) cells.push_back(column.Text(row, style));
    table->AddRow(std::move(cells));
  }
  return absl::OkStatus();
}

std::string StatisticsText(const v1::QueryStatistics& statistics) {
  const TextStyle style = TextStyle::kTable;
  TextTable table(style, {"tier", "segments", "pruned", "row groups", "by zone map", "by key", "by time", "scanned", "selected", "decoded"},
                  {false, true, true, true, true, true, true, true, true, true});
  for (const v1::TierScanStatistics& tier : statistics.tiers()) {
    table.AddRow({std::string(client::TierName(tier.tier())), CountCell(style, tier.segments_considered()),
                  CountCell(style, tier.segments_pruned()), CountCell(style, tier.row_groups_considered()),
                  CountCell(style, tier.row_groups_pruned_by_zone_map()),
                  CountCell(style, tier.row_groups_pruned_by_key_filter()), CountCell(style, tier.row_groups_pruned_by_time()),
                  CountCell(style, tier.rows_scanned()), CountCell(style, tier.rows_selected()),
                  BytesCell(style, static_cast<double>(tier.bytes_decoded()))});
  }
  return table.Finish() + absl::StrFormat("plan %.3f ms, execute %.3f ms, peak memory %s\n",
                                          static_cast<double>(statistics.plan_us()) / 1e3,
                                          static_cast<double>(statistics.execute_us()) / 1e3,
                                          BytesCell(style, static_cast<double>(statistics.peak_memory_bytes())));
}

absl::Status Query(const GlobalOptions& global, const QueryOptions& options) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::QueryRequest request;
  request.set_cql(options.cql);
  RETURN_IF_ERROR(SetParameters(options.parameters, &request));
  const TextStyle style = ParseStyle(options.format);
  std::unique_ptr<TextTable> table;
  const auto start = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const v1::QueryTrailer trailer,
                   client::RunQuery(connection, request, global.timeout_ms,
                                    [&](const v1::ResultSchema& schema, const v1::ColumnBatch& batch) {
                                      if (table == nullptr) table = std::make_unique<TextTable>(TableFor(schema, style));
                                      RETURN_IF_ERROR(AddBatch(schema, batch, style, table.get()));
                                      std::cout << table->TakeText();
                                      return absl::OkStatus();
                                    }));
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  if (table != nullptr) std::cout << table->Finish();
  std::cout.flush();
  if (style == TextStyle::kTable) {
    std::cerr << absl::StrFormat("%s row%s in %.1f ms%s\n", CountCell(style, trailer.row_count()),
                                 trailer.row_count() == 1 ? "" : "s", ms, trailer.approximate() ? " (approximate)" : "");
  }
  if (options.stats) std::cerr << StatisticsText(trailer.statistics());
  return absl::OkStatus();
}

absl::Status Explain(const GlobalOptions& global, const QueryOptions& options) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::ExplainRequest request;
  request.set_cql(options.cql);
  request.set_analyze(options.analyze);
  RETURN_IF_ERROR(SetParameters(options.parameters, &request));
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::ExplainResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.query->Explain(&context, request, &response)));
  std::cout << response.text();
  if (!response.text().empty() && response.text().back() != '\n') std::cout << "\n";
  if (response.has_statistics()) std::cout << "\n" << StatisticsText(response.statistics());
  return absl::OkStatus();
}

absl::Status Get(const GlobalOptions& global, const QueryOptions& options) {
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  v1::GetRequest request;
  request.set_table(options.table);
  for (const std::string& key : options.keys) request.add_keys(key);
  for (const std::string& column : options.columns) request.add_columns(column);
  if (options.as_of > 0) request.mutable_as_of()->set_commit(options.as_of);
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::GetResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.query->Get(&context, request, &response)));
  const TextStyle style = ParseStyle(options.format);
  TextTable table = TableFor(response.schema(), style);
  RETURN_IF_ERROR(AddBatch(response.schema(), response.columns(), style, &table));
  std::cout << table.Finish();
  std::string missing;
  for (int i = 0; i < response.found_size() && i < request.keys_size(); ++i) {
    if (!response.found(i)) absl::StrAppend(&missing, missing.empty() ? "" : ", ", request.keys(i));
  }
  if (!missing.empty()) return absl::NotFoundError(absl::StrCat("no row of ", options.table, " for: ", missing));
  return absl::OkStatus();
}

}  // namespace

void AddQueryCommands(CLI::App* app, const GlobalOptions* options, Action* action) {
  auto chosen = std::make_shared<QueryOptions>();
  const CLI::IsMember formats({"table", "csv", "json"});
  const char* const parameter_help =
      "VALUE, 1=VALUE or name=VALUE: null, true, 12, 1.5, text, 'text', or @FILE.npy:ROW for a vector; repeatable";

  CLI::App* query = app->add_subcommand("query", "Run a CQL statement and print its rows");
  query->add_option("cql", chosen->cql, "The statement")->required();
  query->add_option("--param,-p", chosen->parameters, parameter_help)->allow_extra_args(false);
  query->add_option("--format", chosen->format, "table, csv or json")->check(formats);
  query->add_flag("--stats", chosen->stats, "Also print what the query touched in each tier");
  query->callback([=] { *action = [=] { return Query(*options, *chosen); }; });

  CLI::App* explain = app->add_subcommand("explain", "Show the plan of a SELECT");
  explain->add_option("cql", chosen->cql, "The statement")->required();
  explain->add_option("--param,-p", chosen->parameters, parameter_help)->allow_extra_args(false);
  explain->add_flag("--analyze", chosen->analyze, "Run it and show what it really did");
  explain->callback([=] { *action = [=] { return Explain(*options, *chosen); }; });

  CLI::App* get = app->add_subcommand("get", "Print the rows of some keys, the latest or as of a commit");
  get->add_option("table", chosen->table, "Name of the table")->required();
  get->add_option("keys", chosen->keys, "Keys")->required();
  get->add_option("--columns", chosen->columns, "Columns to print, or *")->delimiter(',')->allow_extra_args(false)->required();
  get->add_option("--as-of", chosen->as_of, "As they were at this commit (default: the newest)")
      ->check(CLI::PositiveNumber);
  get->add_option("--format", chosen->format, "table, csv or json")->check(formats);
  get->callback([=] { *action = [=] { return Get(*options, *chosen); }; });
}

}  // namespace cortex::ctl
