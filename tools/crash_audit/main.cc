// crash-audit: ends a real cortexd at random moments or at named places and compares what it holds with the ledger.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "storage/io/kill_point.h"
#include "tools/crash_audit/audited_server.h"
#include "tools/crash_audit/kill_point_rounds.h"
#include "tools/crash_audit/random_kills.h"
#include "tools/crash_audit/soak.h"

namespace cortex::audit {
namespace {

struct Options {
  std::string server;
  std::string directory;
  uint64_t seed = 0;
  RandomKillOptions random;
  bool kill_points = false;
  bool soak = false;
  SoakOptions soaking;
  KillPointOptions points;
  bool list = false;
  bool keep = false;
};

void AddOptions(Options* options, CLI::App* app) {
  app->add_option("--rounds", options->random.rounds, "Kills to survive")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--server", options->server, "Path of cortexd");
  app->add_option("--dir", options->directory,
                  "Where the server keeps its data (default: a new directory below $TMPDIR)");
  app->add_option("--seed", options->seed, "Of all random choices (default: from the clock)");
  app->add_option("--min-ms", options->random.min_ms, "Shortest load before a kill")->capture_default_str();
  app->add_option("--max-ms", options->random.max_ms, "Longest load before a kill")->capture_default_str();
  app->add_option("--cut", options->random.cut,
                  "Command that takes the disk away, instead of a kill (see tools/power-cut)");
  app->add_option("--restore", options->random.restore, "Command that brings it back");
  app->add_flag("--killpoints", options->kill_points, "Kill at every named place instead of at random");
  app->add_option("--hits", options->points.hits, "Kills at each named place")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app->add_option("--only", options->points.only, "Only places whose name contains this");
  app->add_flag("--soak", options->soak, "Kill nothing: load for --minutes at the memory budget");
  app->add_option("--minutes", options->soaking.minutes, "How long")->capture_default_str();
  app->add_option("--budget", options->soaking.budget_bytes, "Memory budget of the server in bytes")
      ->capture_default_str();
  app->add_option("--pace", options->soaking.batches_per_s, "Batches per second of each of four writers")
      ->capture_default_str();
  app->add_flag("--list", options->list, "Print the named places and end");
  app->add_flag("--keep", options->keep, "Keep the directory also after success");
}

// Runs what was asked for and prints the closing line.
bool Run(const Options& options) {
  AuditTotals totals;
  absl::Status status;
  std::string summary;
  if (options.soak) {
    Soak soak(options.soaking, &totals);
    status = soak.Run();
    summary = soak.Summary();
  } else if (options.kill_points) {
    KillPointRounds rounds(options.points, &totals);
    status = rounds.Run();
    summary = rounds.Summary();
  } else {
    AuditedServer server(options.server, options.directory, options.seed, &totals);
    RandomKills rounds(options.random, &server, &totals);
    status = rounds.Run();
    summary = rounds.Summary();
  }
  if (!status.ok()) absl::PrintF("crash-audit: %s\n", status.ToString());
  for (const std::string& complaint : totals.complaints) absl::PrintF("complaint: %s\n", complaint);
  if (totals.acknowledged_rows == 0) absl::PrintF("complaint: nothing was acknowledged, so nothing was proved\n");
  absl::PrintF("crash-audit: %s, %d rows and %d changes acknowledged, %d sequences repeated, %d rows audited, %d moves, "
               "%d counts checked: %s\n",
               summary, totals.acknowledged_rows, totals.changes, totals.replays, totals.findings.audited, totals.moves,
               totals.queries, Describe(totals.findings));
  return status.ok() && totals.clean() && totals.acknowledged_rows > 0;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Kills a real cortexd under ingest, tiering and queries, and proves that no acknowledged row is lost.",
               "crash-audit");
  AddOptions(&options, &app);
  CLI11_PARSE(app, argc, argv);
  if (options.list) {
    for (const std::string_view name : KillPointNames()) absl::PrintF("%s\n", name);
    return 0;
  }
  if (options.server.empty()) {
    std::fprintf(stderr, "crash-audit: --server is required\n");
    return 2;
  }
  options.random.max_ms = std::max(options.random.max_ms, options.random.min_ms);
  if (options.seed == 0) {
    options.seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  const bool own_directory = options.directory.empty();
  if (own_directory) {
    std::string pattern = (std::filesystem::temp_directory_path() / "cortex-crash-audit-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      std::perror("crash-audit: mkdtemp");
      return 1;
    }
    options.directory = pattern;
  }
  options.random.seed = options.points.seed = options.soaking.seed = options.seed;
  options.points.binary = options.soaking.binary = options.server;
  options.points.directory = options.soaking.directory = options.directory;
  absl::PrintF("crash-audit: seed %d, directory %s\n", options.seed, options.directory);
  const bool good = Run(options);
  if (good && own_directory && !options.keep) {
    std::error_code error;
    std::filesystem::remove_all(options.directory, error);
    if (error)
      std::fprintf(stderr, "crash-audit: cannot remove %s: %s\n", options.directory.c_str(), error.message().c_str());
  } else if (!good) {
    absl::PrintF("crash-audit: FAILED; the server's directory is kept in %s\n", options.directory);
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace cortex::audit

int main(int argc, char** argv) { return cortex::audit::Main(argc, argv); }
