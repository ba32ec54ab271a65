// ingest
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/ingester.h"
#include "tools/client/patient_ingester.h"
#include "tools/client/query_runner.h"
#include "tools/client/row_source.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/progress_bar.h"

namespace cortex::ctl {
namespace {

namespace fs = std::filesystem;
namespace v1 = client::v1;

struct IngestOptions {
  std::vector<std::string> paths;
  std::string table;
  std::vector<std::string> columns;
  std::string tier = "hot";
  std::string mode = "replace";
  client::BatchLimits limits;
  std::string producer;
  std::shared_ptr<uint64_t> next_sequence = std::make_shared<uint64_t>(1);  // over all streams of the command
  int64_t patience_s = 600;
  bool create = false;
  bool quiet = false;
};

// Numbered batches wait for a busy server; others cannot be repeated (patient_ingester.h).
std::unique_ptr<client::Ingester> OpenIngester(const client::Connection& connection, const IngestOptions& options,
                                               const v1::IngestRequest& defaults) {
  if (options.producer.empty()) return client::Ingester::Open(connection, defaults, nullptr);
  const auto say = [quiet = options.quiet, table = defaults.table()](const absl::Status& refused) {
    if (!quiet) std::cerr << absl::StrFormat("%s: waiting for the server: %s\n", table, std::string(refused.message()));
  };
  return client::OpenPatientIngester(connection, defaults, {.longest_ms = options.patience_s * 1'000, .on_wait = say});
}

absl::Status WithHint(const IngestOptions& options, const absl::Status& status) {
  if (!options.producer.empty() || !absl::IsResourceExhausted(status)) return status;
  return absl::ResourceExhaustedError(
      absl::StrCat(status.message(), "; with --producer NAME the command waits and repeats what was refused"));
}

absl::StatusOr<v1::TableDefinition> DescribeTable(const GlobalOptions& global, const client::Connection& connection,
                                                  const std::string& table) {
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::DescribeTableRequest request;
  request.set_table(table);
  v1::DescribeTableResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.catalog->DescribeTable(&context, request, &response)));
  return response.table().definition();
}

// With --create: runs the create.cql of the directory when the server has no such table.
absl::StatusOr<v1::TableDefinition> DescribeOrCreate(const GlobalOptions& global, const client::Connection& connection,
                                                     const std::string& table, const std::string& path, bool create) {
  absl::StatusOr<v1::TableDefinition> found = DescribeTable(global, connection, table);
  const std::string script = path + "/create.cql";
  if (found.ok() || found.status().code() != absl::StatusCode::kNotFound || !create || !fs::exists(script)) return found;
  std::ifstream file(script);
  std::stringstream text;
  text << file.rdbuf();
  RETURN_IF_ERROR(client::CollectQuery(connection, text.str(), global.timeout_ms).status());
  return DescribeTable(global, connection, table);
}

absl::Status Stream(const client::Connection& connection, const IngestOptions& options, const std::string& table,
                    client::RowSource* source) {
  v1::IngestRequest defaults;
  defaults.set_table(table);
  defaults.set_mode(options.mode == "merge" ? v1::INGEST_MODE_MERGE : v1::INGEST_MODE_REPLACE);
  defaults.set_tier(options.tier == "warm" ? v1::TIER_WARM : options.tier == "cold" ? v1::TIER_COLD : v1::TIER_HOT);
  defaults.set_producer_id(options.producer);
  if (!options.producer.empty()) defaults.set_sequence(*options.next_sequence);
  const std::unique_ptr<client::Ingester> ingester = OpenIngester(connection, options, defaults);
  ProgressBar bar(table, options.quiet);
  uint64_t rows = 0, bytes = 0;
  while (true) {
    v1::ColumnBatch batch;
    const absl::Status read = source->NextBatch(options.limits, &batch);
    if (!read.ok()) {
      const absl::StatusOr<client::IngestTotals> totals = ingester->Finish();  // what was sent before is kept
      return absl::Status(read.code(), absl::StrCat(read.message(), "; rows ingested before it: ",
                                                    totals.ok() ? totals->row_count : 0));
    }
    if (batch.row_count() == 0) break;
    rows += batch.row_count();
    bytes += batch.ByteSizeLong();
    RETURN_IF_ERROR(WithHint(options, ingester->Send(std::move(batch))));
    ++*options.next_sequence;
    bar.Update(source->progress(), rows, bytes);
  }
  const absl::StatusOr<client::IngestTotals> finished = ingester->Finish();
  RETURN_IF_ERROR(WithHint(options, finished.status()));
  const client::IngestTotals& totals = *finished;
  bar.Finish(totals.row_count, totals.request_bytes);
  if (totals.duplicate_count > 0 && !options.quiet) {
    std::cerr << absl::StrFormat("%s: %d of %d batches had been applied before and were left out\n", table,
                                 totals.duplicate_count, totals.batch_count);
  }
  return absl::OkStatus();
}

absl::Status IngestDirectory(const GlobalOptions& global, const client::Connection& connection, const IngestOptions& options,
                             const fs::path& path) {
  const std::string table = options.table.empty() ? path.filename().string() : options.table;
  ASSIGN_OR_RETURN(const v1::TableDefinition definition,
                   DescribeOrCreate(global, connection, table, path.string(), options.create));
  ASSIGN_OR_RETURN(const std::unique_ptr<client::RowSource> source, client::OpenTableDirectory(path.string(), definition));
  return Stream(connection, options, table, source.get());
}

// A directory of table directories has a manifest.json.
absl::Status IngestAllBelow(const GlobalOptions& global, const client::Connection& connection, const IngestOptions& options,
                            const fs::path& path) {
  if (!options.table.empty()) return absl::InvalidArgumentError("--table names one table, the directory holds several");
  std::vector<fs::path> tables;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_directory()) tables.push_back(entry.path());
  }
  std::sort(tables.begin(), tables.end());
  for (const fs::path& table : tables) RETURN_IF_ERROR(IngestDirectory(global, connection, options, table));
  return absl::OkStatus();
}

absl::Status IngestFile(const GlobalOptions& global, const client::Connection& connection, const IngestOptions& options,
                        const std::string& path) {
  if (options.table.empty()) return absl::InvalidArgumentError("--table is required for a CSV file");
  ASSIGN_OR_RETURN(const v1::TableDefinition definition, DescribeTable(global, connection, options.table));
  ASSIGN_OR_RETURN(const std::unique_ptr<client::RowSource> source, client::OpenCsvFile(path, definition));
  return Stream(connection, options, options.table, source.get());
}

absl::Status IngestColumns(const GlobalOptions& global, const client::Connection& connection, const IngestOptions& options) {
  if (options.table.empty()) return absl::InvalidArgumentError("--table is required with --column");
  std::map<std::string, std::string> paths;
  for (const std::string& column : options.columns) {
    const size_t equals = column.find('=');
    if (equals == std::string::npos) return absl::InvalidArgumentError(absl::StrCat("--column is NAME=FILE, got ", column));
    paths[column.substr(0, equals)] = column.substr(equals + 1);
  }
  ASSIGN_OR_RETURN(const v1::TableDefinition definition, DescribeTable(global, connection, options.table));
  ASSIGN_OR_RETURN(const std::unique_ptr<client::RowSource> source, client::OpenColumnFiles(paths, definition));
  return Stream(connection, options, options.table, source.get());
}

absl::Status Ingest(const GlobalOptions& global, const IngestOptions& options) {
  if (options.paths.empty() == options.columns.empty()) {
    return absl::InvalidArgumentError("name either paths or --column files to ingest");
  }
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  if (!options.columns.empty()) return IngestColumns(global, connection, options);
  for (const std::string& text : options.paths) {
    fs::path path = fs::path(text).lexically_normal();
    if (path.filename().empty()) path = path.parent_path();  // "dir/" names the same directory as "dir"
    if (!fs::is_directory(path)) {
      RETURN_IF_ERROR(IngestFile(global, connection, options, text));
    } else if (fs::exists(path / "manifest.json")) {
      RETURN_IF_ERROR(IngestAllBelow(global, connection, options, path));
    } else {
      RETURN_IF_ERROR(IngestDirectory(global, connection, options, path));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddIngestCommand(CLI::App* app, const GlobalOptions* options, Action* action) {
  auto chosen = std::make_shared<IngestOptions>();
  CLI::App* ingest = app->add_subcommand("ingest", "Stream files into a table; every acknowledged row is durable");
  ingest->add_option("paths", chosen->paths, "Table directories, a directory of them, or CSV files");
  ingest->add_option("--table", chosen->table, "Table to fill (default: the name of the directory)");
  ingest->add_option("--column", chosen->columns, "NAME=FILE: one column from an .npy or .jsonl file; repeatable")
      ->allow_extra_args(false);
  ingest->add_option("--tier", chosen->tier, "Tier the rows go to")->check(CLI::IsMember({"hot", "warm", "cold"}));
  ingest->add_option("--mode", chosen->mode, "What missing columns become")->check(CLI::IsMember({"replace", "merge"}));
  ingest->add_option("--batch-rows", chosen->limits.max_rows, "Most rows of one batch")->check(CLI::Range(1, 1'048'576));
  ingest->add_option("--producer", chosen->producer,
                     "Exactly once: number the batches under this name; the same command after a failure adds only what is "
                     "missing. Each load needs a name of its own");
  ingest->add_option("--patience", chosen->patience_s,
                     "With --producer: seconds to wait for a busy server without a batch acknowledged")
      ->check(CLI::Range(0, 86'400));
  ingest->add_flag("--create", chosen->create, "Create a missing table from the directory's create.cql");
  ingest->add_flag("--quiet", chosen->quiet, "No progress bar");
  ingest->callback([=] { *action = [=] { return Ingest(*options, *chosen); }; });
}

}  // namespace cortex::ctl
