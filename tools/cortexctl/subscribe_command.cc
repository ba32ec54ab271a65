// subscribe
#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/durable_file.h"
#include "storage/io/file_system.h"
#include "tools/client/wire_column.h"
#include "tools/cortexctl/command.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

namespace v1 = client::v1;
using client::TextStyle;

constexpr uint64_t kMaxTokenBytes = 1'024;

struct SubscribeOptions {
  std::string table;
  std::vector<std::string> columns;
  std::string format = "json";
  std::string resume, token_file;
  std::optional<uint64_t> after;
  bool once = false;
  bool commits = false;
  bool tokens = false;
};

// What is in the file of --token-file; empty if it does not exist yet.
absl::StatusOr<std::string> ReadToken(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(PosixFileSystem(), path, kMaxTokenBytes);
  if (absl::IsNotFound(text.status())) return std::string();
  RETURN_IF_ERROR(text.status());
  const size_t end = text->find_last_not_of(" \n");
  return end == std::string::npos ? std::string() : text->substr(0, end + 1);
}

absl::StatusOr<v1::SubscribeRequest> MakeRequest(const SubscribeOptions& options) {
  v1::SubscribeRequest request;
  request.set_table(options.table);
  for (const std::string& column : options.columns) request.add_columns(column);
  if (options.after.has_value()) request.mutable_after()->set_commit(*options.after);
  request.set_resume_token(options.resume);
  if (options.token_file.empty()) return request;
  ASSIGN_OR_RETURN(const std::string kept, ReadToken(options.token_file));
  if (!kept.empty()) request.set_resume_token(kept);
  return request;
}

// The newest commit now: where --once ends.
absl::StatusOr<uint64_t> NewestCommit(const GlobalOptions& global, const client::Connection& connection,
                                      const std::string& table) {
  grpc::ClientContext context;
  Prepare(global, &context);
  v1::GetStatsRequest request;
  request.set_table(table);
  v1::GetStatsResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.stats->GetStats(&context, request, &response)));
  return response.server().token().commit();
}

class Printer {
 public:
  explicit Printer(const SubscribeOptions& options)
      : style_(ParseStyle(options.format)), commits_(options.commits), tokens_(options.tokens) {}

  // Returns once the rows have left this process: only then may their token be kept. `token` is the one before.
  absl::Status Print(const v1::SubscribeResponse& message, const std::string& token) {
    if (message.columns().row_count() > 0) RETURN_IF_ERROR(PrintRows(message));
    if (tokens_ && message.resume_token() != token) {
      std::cout << "{\"_resume_token\":\"" << message.resume_token() << "\"}\n";
    }
    std::cout << std::flush;
    return std::cout.good() ? absl::OkStatus() : absl::CancelledError("nobody reads the rows any more");
  }

 private:
  absl::Status PrintRows(const v1::SubscribeResponse& message) {
    const v1::ColumnBatch& batch = message.columns();
    if (commits_ && static_cast<uint32_t>(message.commits_size()) != batch.row_count()) {
      return absl::DataLossError("a message of the subscription does not have a commit for each row");
    }
    if (table_ == nullptr) Begin(batch);
    std::vector<client::WireColumn> columns;
    for (const v1::ColumnValues& column : batch.columns()) {
      ASSIGN_OR_RETURN(client::WireColumn opened, client::WireColumn::Open(column, column.type(), batch.row_count()));
      columns.push_back(opened);
    }
    for (uint32_t row = 0; row < batch.row_count(); ++row) {
      std::vector<std::string> cells;
      if (commits_) cells.push_back(absl::StrCat(message.commits(static_cast<int>(row))));
      for (const client::WireColumn& column : columns) cells.push_back(column.Text(row, style_));
      table_->AddRow(std::move(cells));
    }
    std::cout << table_->TakeText();
    return absl::OkStatus();
  }

  void Begin(const v1::ColumnBatch& batch) {
    std::vector<std::string> names;
    if (commits_) names.push_back("_commit");
    for (const v1::ColumnValues& column : batch.columns()) names.push_back(column.name());
    const std::vector<bool> right(names.size(), false);
    table_ = std::make_unique<TextTable>(style_, std::move(names), right);
  }

  const TextStyle style_;
  const bool commits_;
  const bool tokens_;
  std::unique_ptr<TextTable> table_;
};

absl::Status Subscribe(const GlobalOptions& global, const SubscribeOptions& options) {
  ASSIGN_OR_RETURN(const v1::SubscribeRequest request, MakeRequest(options));
  ASSIGN_OR_RETURN(const client::Connection connection, Connect(global));
  uint64_t last = UINT64_MAX;
  if (options.once) {
    ASSIGN_OR_RETURN(last, NewestCommit(global, connection, options.table));
  }
  grpc::ClientContext context;
  Prepare(global, &context);
  const auto stream = connection.query->Subscribe(&context, request);
  Printer printer(options);
  v1::SubscribeResponse message;
  std::string token = request.resume_token();
  while (stream->Read(&message)) {
    const absl::Status printed = printer.Print(message, token);
    if (!printed.ok()) {
      context.TryCancel();
      stream->Finish();  // the printer's error says more than CANCELLED
      return printed;
    }
    if (token != message.resume_token() && !options.token_file.empty()) {
      RETURN_IF_ERROR(
          WriteFileDurably(PosixFileSystem(), options.token_file, AsBytes(message.resume_token() + "\n")));
    }
    token = message.resume_token();
    if (message.token().commit() < last) continue;
    context.TryCancel();
    stream->Finish();
    return absl::OkStatus();
  }
  const absl::Status ended = client::ToStatus(stream->Finish());
  if (ended.ok() || token.empty()) return ended;
  return absl::Status(ended.code(), absl::StrFormat("%s; the last one is %s", std::string(ended.message()), token));
}

}  // namespace

void AddSubscribeCommand(CLI::App* app, const GlobalOptions* options, Action* action) {
  auto chosen = std::make_shared<SubscribeOptions>();
  CLI::App* subscribe =
      app->add_subcommand("subscribe", "Print committed rows as they come, each once, in commit order");
  subscribe->add_option("table", chosen->table, "Name of the table")->required();
  subscribe->add_option("--columns", chosen->columns, "Columns to print, or *")
      ->delimiter(',')->allow_extra_args(false)->required();
  auto* after = subscribe->add_option("--after", chosen->after,
                                      "Begin behind this commit; 0: with the oldest row (default: from now on)");
  subscribe->add_option("--resume", chosen->resume, "Begin behind the place this token names")->excludes(after);
  subscribe->add_option("--token-file", chosen->token_file,
                        "Keep the place here once rows are printed, and go on there next time; after a kill in between "
                        "some rows come again");
  subscribe->add_flag("--once", chosen->once, "End with what is committed by now");
  subscribe->add_flag("--commits", chosen->commits, "Print the commit of each row as _commit");
  subscribe->add_flag("--tokens", chosen->tokens,
                      "Behind the rows of each message print {\"_resume_token\": ...}: what stands before it is whole");
  subscribe->add_option("--format", chosen->format, "csv or json")->check(CLI::IsMember({"csv", "json"}));
  subscribe->callback([=] { *action = [=] { return Subscribe(*options, *chosen); }; });
}

}  // namespace cortex::ctl
