// crash-audit: kills a real cortexd at random moments under load and compares what it still holds with the ledger.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/server_process.h"
#include "tools/crash_audit/ledger.h"
#include "tools/crash_audit/load.h"
#include "tools/crash_audit/server_rows.h"

namespace cortex::audit {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kReadyMs = 60'000;

struct Options {
  int rounds = 20;
  std::string server;
  std::string directory;
  uint64_t seed = 0;
  int min_ms = 100, max_ms = 2'500;
  bool keep = false;
};

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

class CrashAudit final {
 public:
  explicit CrashAudit(const Options& options) : options_(options), random_(options.seed), ledger_(options.seed) {
    process_.binary = options.server;
    process_.directory = options.directory;
    // Small limits, so that sealing, log rotation, checkpoints and moves all happen within a round.
    process_.flags = {"--data.builtin_tables=false", "--hot.seal_rows=1024",     "--hot.seal_bytes=1MiB",
                      "--wal.file_bytes=1MiB",       "--wal.limit_bytes=8MiB",   "--tiering.interval_ms=50",
                      "--memory.budget_bytes=512MiB", "--log.level=warn"};
  }

  absl::Status Run() {
    for (int round = 1; round <= options_.rounds; ++round) {
      RETURN_IF_ERROR(Round(round));
      if (!totals_.clean() || !complaints_.empty()) break;  // the first failure is the one to look at
    }
    return FinalRound();
  }

  // True if nothing was lost, wrong, duplicated or torn, and nothing else went wrong.
  bool Report() const {
    for (const std::string& complaint : complaints_) std::printf("complaint: %s\n", complaint.c_str());
    std::printf("crash-audit: %d rounds, %d kills (%d while starting), %d graceful stops, %llu rows acknowledged, "
                "%llu rows audited, %llu moves, %llu counts checked: lost %llu, wrong %llu, duplicated %llu, torn %llu\n",
                rounds_done_, kills_, kills_while_starting_, stops_, Number(ledger_.acknowledged_rows()), Number(totals_.audited),
                Number(moves_), Number(queries_), Number(totals_.lost), Number(totals_.wrong), Number(totals_.duplicated),
                Number(totals_.torn));
    return totals_.clean() && complaints_.empty();
  }

 private:
  static unsigned long long Number(uint64_t value) { return value; }  // for printf

  int RandomMs(int low, int high) { return low + static_cast<int>(random_() % static_cast<uint64_t>(high - low + 1)); }

  // Starts a server; in one of eight rounds kills the first one before it is ready.
  absl::StatusOr<client::Connection> Start(int round) {
    if (round > 1 && random_() % 8 == 0) {
      ASSIGN_OR_RETURN(auto doomed, client::ServerProcess::Spawn(process_));
      std::this_thread::sleep_for(std::chrono::milliseconds(RandomMs(1, 120)));
      doomed->Kill();
      ++kills_;
      ++kills_while_starting_;
    }
    ASSIGN_OR_RETURN(server_, client::ServerProcess::Spawn(process_));
    ASSIGN_OR_RETURN(const std::string endpoint, server_->WaitReady(kReadyMs));
    return client::Connect(endpoint, kReadyMs);
  }

  absl::Status Round(int round) {
    const auto started = Clock::now();
    ASSIGN_OR_RETURN(const client::Connection connection, Start(round));
    const double start_ms = MillisecondsSince(started);
    if (round == 1) RETURN_IF_ERROR(CreateTables(connection));
    Findings findings;
    RETURN_IF_ERROR(Audit(connection, &findings));
    const double audit_ms = MillisecondsSince(started) - start_ms;

    LoadOptions load_options;
    load_options.endpoint = connection.endpoint;
    load_options.seed = random_();
    Load load(load_options, options_.seed, &ledger_);
    const int load_ms = RandomMs(options_.min_ms, options_.max_ms);
    std::this_thread::sleep_for(std::chrono::milliseconds(load_ms));
    const bool graceful = random_() % 10 == 0;
    if (!server_->Running()) {
      complaints_.push_back(absl::StrCat("the server ended by itself:\n", server_->LogTail()));
    } else if (graceful) {
      const int status = server_->Stop(kReadyMs);
      if (status != 0) complaints_.push_back(absl::StrCat("SIGTERM ended with status ", status, ":\n", server_->LogTail()));
      ++stops_;
    } else {
      server_->Kill();
      ++kills_;
    }
    load.Stop();
    const std::vector<std::string> complaints = load.complaints();
    complaints_.insert(complaints_.end(), complaints.begin(), complaints.end());
    moves_ += load.moves();
    queries_ += load.queries();
    ++rounds_done_;
    std::printf("round %3d/%d: start %4.0f ms, audit %4.0f ms of %llu rows, load %4d ms, %s; lost %llu, wrong %llu, duplicated %llu, torn %llu\n",
                round, options_.rounds, start_ms, audit_ms, Number(findings.audited), load_ms, graceful ? "stop" : "kill",
                Number(findings.lost), Number(findings.wrong), Number(findings.duplicated), Number(findings.torn));
    std::fflush(stdout);
    return absl::OkStatus();
  }

  // Everything the last kill left, and what a restart in peace still holds.
  absl::Status FinalRound() {
    for (int pass = 0; pass < 2; ++pass) {
      ASSIGN_OR_RETURN(server_, client::ServerProcess::Spawn(process_));
      ASSIGN_OR_RETURN(const std::string endpoint, server_->WaitReady(kReadyMs));
      ASSIGN_OR_RETURN(const client::Connection connection, client::Connect(endpoint, kReadyMs));
      Findings findings;
      RETURN_IF_ERROR(Audit(connection, &findings));
      ASSIGN_OR_RETURN(const std::string tiers, TierSummary(connection));
      std::printf("final audit: %llu rows (%s); lost %llu, wrong %llu, duplicated %llu, torn %llu\n", Number(findings.audited),
                  tiers.c_str(), Number(findings.lost), Number(findings.wrong), Number(findings.duplicated),
                  Number(findings.torn));
      if (const int status = server_->Stop(kReadyMs); status != 0) {
        complaints_.push_back(absl::StrCat("SIGTERM ended with status ", status, ":\n", server_->LogTail()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Audit(const client::Connection& connection, Findings* findings) {
    ASSIGN_OR_RETURN(const std::vector<AuditRow> events, ReadAllRows(connection, kEventsTable));
    findings->Add(ledger_.AuditEvents(events));
    ASSIGN_OR_RETURN(const std::vector<AuditRow> entities, ReadAllRows(connection, kEntitiesTable));
    findings->Add(ledger_.AuditEntities(entities));
    RETURN_IF_ERROR(CompareGet(connection, entities, findings));
    totals_.Add(*findings);
    return absl::OkStatus();
  }

  // Point reads must agree with the scan: nothing is written meanwhile.
  absl::Status CompareGet(const client::Connection& connection, const std::vector<AuditRow>& entities, Findings* findings) {
    std::vector<AuditRow> expected;
    std::vector<std::string> keys;
    for (size_t i = 0; i < entities.size() && keys.size() < 100; i += 1 + random_() % 16) {
      expected.push_back(entities[i]);
      keys.push_back(entities[i].key);
    }
    if (keys.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::vector<AuditRow> got, GetRows(connection, kEntitiesTable, keys));
    findings->audited += got.size();
    if (got.size() < expected.size()) findings->lost += expected.size() - got.size();
    for (size_t i = 0; i < got.size() && i < expected.size(); ++i) findings->wrong += got[i] == expected[i] ? 0 : 1;
    return absl::OkStatus();
  }

  const Options options_;
  client::ServerProcess::Options process_;
  std::mt19937_64 random_;
  Ledger ledger_;
  std::unique_ptr<client::ServerProcess> server_;
  Findings totals_;
  std::vector<std::string> complaints_;
  int rounds_done_ = 0, kills_ = 0, kills_while_starting_ = 0, stops_ = 0;
  uint64_t moves_ = 0, queries_ = 0;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Kills a real cortexd under ingest, tiering and queries, and proves that no acknowledged row is lost.", "crash-audit");
  app.add_option("--rounds", options.rounds, "Kills to survive")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--server", options.server, "Path of cortexd")->required();
  app.add_option("--dir", options.directory, "Where the server keeps its data (default: a new directory below $TMPDIR)");
  app.add_option("--seed", options.seed, "Of all random choices (default: from the clock)");
  app.add_option("--min-ms", options.min_ms, "Shortest load before a kill")->capture_default_str();
  app.add_option("--max-ms", options.max_ms, "Longest load before a kill")->capture_default_str();
  app.add_flag("--keep", options.keep, "Keep the directory also after success");
  CLI11_PARSE(app, argc, argv);
  if (options.max_ms < options.min_ms) options.max_ms = options.min_ms;
  if (options.seed == 0) options.seed = static_cast<uint64_t>(Clock::now().time_since_epoch().count());
  const bool own_directory = options.directory.empty();
  if (own_directory) {
    std::string pattern = (std::filesystem::temp_directory_path() / "cortex-crash-audit-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      std::perror("crash-audit: mkdtemp");
      return 1;
    }
    options.directory = pattern;
  }
  std::printf("crash-audit: seed %llu, directory %s\n", static_cast<unsigned long long>(options.seed), options.directory.c_str());
  bool good = false;
  {
    CrashAudit audit(options);
    const absl::Status status = audit.Run();
    if (!status.ok()) std::printf("crash-audit: %s\n", status.ToString().c_str());
    good = audit.Report() && status.ok();
  }
  if (good && own_directory && !options.keep) {
    std::error_code error;
    std::filesystem::remove_all(options.directory, error);
    if (error) std::fprintf(stderr, "crash-audit: cannot remove %s: %s\n", options.directory.c_str(), error.message().c_str());
  } else if (!good) {
    std::printf("crash-audit: FAILED; the server's directory is kept in %s\n", options.directory.c_str());
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace cortex::audit

int main(int argc, char** argv) { return cortex::audit::Main(argc, argv); }
