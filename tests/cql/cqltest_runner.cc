// Runs query-text tests against an in-process database: cqltest_runner <file.cqltest>...
//
// A file is a list of blocks, separated by empty lines; `#` begins a comment line.
//   statement ok              the next lines are a statement that must succeed
//   statement error <text>    .. that must fail with a message (code first) containing <text>
//   query                     .. whose rows, after a line `----`, are one line each, values separated by " | "
//   query contains            .. whose lines must appear among the rows, as parts of them, in this order
//   param <name> <expr>       value of :<name>, or of $1, $2, .. if <name> is a number, from then on
//   settle                    everything stored so far moves to the tier under test
// Each file runs four times on fresh directories: hot, warm, cold, and warm with one thread instead of three. Rows must
// be equal every time, to the last bit of their text.
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "query/query_engine.h"
#include "storage/database.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/thread_pool.h"
#include "tests/cql/value_text.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

struct Block {
  int line = 0;
  std::string directive;
  std::string text;
  std::vector<std::string> expected;
};

struct RunMode {
  const char* name;
  Tier tier;
  size_t threads;
};
constexpr RunMode kModes[] = {
    {"hot", Tier::kHot, 2}, {"warm", Tier::kWarm, 2}, {"cold", Tier::kCold, 2}, {"warm, one thread", Tier::kWarm, 0}};

std::vector<Block> ReadBlocks(std::istream& in) {
  std::vector<Block> blocks;
  std::string line;
  int number = 0;
  bool in_block = false, in_rows = false;
  while (std::getline(in, line)) {
    ++number;
    if (!line.empty() && line[0] == '#' && !in_rows) continue;
    if (line.empty()) {
      in_block = in_rows = false;
    } else if (!in_block) {
      blocks.push_back({number, line, "", {}});
      in_block = true;
    } else if (line == "----") {
      in_rows = true;
    } else if (in_rows) {
      blocks.back().expected.push_back(line);
    } else {
      blocks.back().text += (blocks.back().text.empty() ? "" : "\n") + line;
    }
  }
  return blocks;
}

class FileRun {
 public:
  FileRun(std::string file, const RunMode& mode)
      : file_(std::move(file)), mode_(mode), budget_(1ull << 30), workers_("cqltest", mode.threads) {}

  bool Run(const std::vector<Block>& blocks) {
    DatabaseOptions options;
    options.data_dir = directory_.path();
    options.tiering_interval_ns = 0;
    options.create_builtin_tables = false;
    options.budget = &budget_;
    auto database = Database::Open(options);
    if (!database.ok()) {
      std::printf("%s [%s]: %s\n", file_.c_str(), mode_.name, database.status().ToString().c_str());
      return false;
    }
    database_ = std::move(*database);
    engine_ = std::make_unique<QueryEngine>(QueryEngineOptions{
        .database = database_.get(), .workers = &workers_, .budget = &budget_, .clock = SystemClock()});
    for (const Block& block : blocks) RunBlock(block);
    return failures_ == 0;
  }

 private:
  void Fail(const Block& block, const std::string& message) {
    ++failures_;
    std::printf("%s:%d [%s]: %s\n%s\n", file_.c_str(), block.line, mode_.name, message.c_str(), block.text.c_str());
  }

  absl::Status Execute(const std::string& text, std::vector<std::string>* rows, ResultBatch* first = nullptr) {
    QueryRequest request;
    request.text = text;
    for (const auto& [name, value] : parameters_) {
      Column copy(value.type());
      copy.AppendRows(value, 0, 1);
      const bool positional = name[0] >= '0' && name[0] <= '9';
      request.parameters.push_back({positional ? "" : name, std::move(copy)});
    }
    auto stream = engine_->Start(std::move(request));
    if (!stream.ok()) return stream.status();
    return (*stream)->Run([&](ResultBatch batch) {
      for (uint32_t row = 0; row < batch.row_count; ++row) {
        std::string line;
        for (const Column& column : batch.columns)
          line += (line.empty() && &column == &batch.columns[0] ? "" : " | ") + ValueText(column, row);
        rows->push_back(line);
      }
      if (first != nullptr && first->row_count == 0) *first = std::move(batch);
      return absl::OkStatus();
    });
  }

  void RunBlock(const Block& block) {
    if (block.directive == "settle") return Settle(block);
    if (block.directive.rfind("param ", 0) == 0) return SetParameter(block);
    std::vector<std::string> rows;
    const absl::Status status = Execute(block.text, &rows);
    const std::string error_prefix = "statement error ";
    if (block.directive.rfind(error_prefix, 0) == 0) {
      const std::string wanted = block.directive.substr(error_prefix.size());
      if (status.ok()) return Fail(block, "succeeded, expected " + wanted);
      if (status.ToString().find(wanted) == std::string::npos)
        Fail(block, "expected " + wanted + ", got " + status.ToString());
      return;
    }
    if (!status.ok()) return Fail(block, status.ToString());
    if (block.directive == "query") {
      if (rows != block.expected) Fail(block, "rows differ, got:\n" + Joined(rows));
    } else if (block.directive == "query contains") {
      CheckContains(block, rows);
    } else if (block.directive != "statement ok") {
      Fail(block, "unknown directive " + block.directive);
    }
  }

  void CheckContains(const Block& block, const std::vector<std::string>& rows) {
    size_t row = 0;
    for (const std::string& part : block.expected) {
      while (row < rows.size() && rows[row].find(part) == std::string::npos) ++row;
      if (row == rows.size()) return Fail(block, "no row with \"" + part + "\", got:\n" + Joined(rows));
    }
  }

  static std::string Joined(const std::vector<std::string>& rows) {
    std::string text;
    for (const std::string& row : rows) text += row + "\n";
    return text;
  }

  void SetParameter(const Block& block) {
    std::istringstream words(block.directive);
    std::string keyword, name, expr;
    words >> keyword >> name;
    std::getline(words, expr);
    std::vector<std::string> rows;
    ResultBatch batch;
    const absl::Status status = Execute("SELECT " + expr, &rows, &batch);
    if (!status.ok() || batch.row_count != 1) return Fail(block, "bad parameter: " + status.ToString());
    parameters_[name] = std::move(batch.columns[0]);
  }

  void Settle(const Block& block) {
    for (Tier from = Tier::kHot; from < mode_.tier; from = static_cast<Tier>(static_cast<int>(from) + 1)) {
      const Tier to = static_cast<Tier>(static_cast<int>(from) + 1);
      for (const auto& table : database_->ListTables()) {
        const auto moved = database_->MoveTier({.table = table->name, .from = from, .to = to});
        if (!moved.ok()) Fail(block, "settle: " + moved.status().ToString());
      }
    }
  }

  const std::string file_;
  const RunMode& mode_;
  TempDir directory_;
  MemoryBudget budget_;
  ThreadPool workers_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<QueryEngine> engine_;
  std::map<std::string, Column> parameters_;
  int failures_ = 0;
};

}  // namespace
}  // namespace cortex::testing

int main(int argc, char** argv) {
  bool good = argc > 1;
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i]);
    const auto blocks = cortex::testing::ReadBlocks(in);
    if (blocks.empty()) {
      std::printf("%s: no blocks\n", argv[i]);
      good = false;
    }
    for (const auto& mode : cortex::testing::kModes) good &= cortex::testing::FileRun(argv[i], mode).Run(blocks);
  }
  return good ? 0 : 1;
}
