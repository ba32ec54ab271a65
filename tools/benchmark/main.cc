// cortex-bench: starts a real cortexd, loads real and generated data, measures each tier, and the machine beside it.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/benchmark/workloads.h"
#include "tools/client/server_process.h"

namespace cortex::benchmark {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kReadyMs = 120'000;

struct Options {
  std::string server, directory, sample, json;
  uint64_t rows = 1'000'000, vector_rows = 20'000, seed = 1;
  int repetitions = 7;
};

void Say(const std::string& text) { std::fprintf(stderr, "== %s\n", text.c_str()); }

class Bench final {
 public:
  Bench(const Options& options, Report* report) : options_(options), report_(report) {
    process_.binary = options.server;
    process_.directory = options.directory;
    // Moves happen when the benchmark asks for them, at full speed.
    process_.flags = {"--tiering.interval_ms=0", "--tiering.bytes_per_second=0", "--log.level=warn"};
  }

  absl::Status Run() {
    Say("limits of the machine");
    ASSIGN_OR_RETURN(limits_, MeasureLimits(options_.directory, report_));
    RETURN_IF_ERROR(Start());
    RETURN_IF_ERROR(Scalars());
    RETURN_IF_ERROR(Vectors());
    if (!options_.sample.empty()) RETURN_IF_ERROR(Sample());
    RETURN_IF_ERROR(Memory());
    return Restart();
  }

 private:
  absl::Status Start() {
    const auto start = Clock::now();
    ASSIGN_OR_RETURN(server_, client::ServerProcess::Spawn(process_));
    ASSIGN_OR_RETURN(const std::string endpoint, server_->WaitReady(kReadyMs));
    start_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    ASSIGN_OR_RETURN(connection_, client::Connect(endpoint, kReadyMs));
    workload_ = Workload{&connection_, &limits_, report_, options_.repetitions};
    return absl::OkStatus();
  }

  absl::Status Scalars() {
    generate::GeneratorOptions generated;
    generated.seed = options_.seed;
    generated.row_count = options_.rows;
    const generate::Generator generator(generated);
    for (const std::string tier : kTiers) {
      const std::string table = "bench_scalars_" + tier;
      Say(absl::StrFormat("%d generated scalar rows, %s", options_.rows, tier));
      RETURN_IF_ERROR(LoadGenerated(workload_, generator, table));
      RETURN_IF_ERROR(MoveDown(connection_, table, tier));
      RETURN_IF_ERROR(MeasureScalars(workload_, generator, table, tier));
      RETURN_IF_ERROR(MeasureSizes(workload_, table, "generated"));
      NoteMemory();
    }
    return absl::OkStatus();
  }

  absl::Status Vectors() {
    generate::GeneratorOptions generated;
    generated.seed = options_.seed;
    generated.row_count = options_.vector_rows;
    generated.vectors = true;
    const generate::Generator generator(generated);
    for (const std::string tier : kTiers) {
      const std::string table = "bench_vectors_" + tier;
      Say(absl::StrFormat("%d generated rows with fields and vectors, %s", options_.vector_rows, tier));
      RETURN_IF_ERROR(LoadGenerated(workload_, generator, table));
      RETURN_IF_ERROR(MoveDown(connection_, table, tier));
      RETURN_IF_ERROR(MeasureVectors(workload_, generator, table, tier));
      RETURN_IF_ERROR(MeasureSizes(workload_, table, "generated"));
      NoteMemory();
    }
    return absl::OkStatus();
  }

  absl::Status Sample() {
    for (const std::string table : {"css_fields", "fmo_entities"}) {
      Say(absl::StrCat("real sample: ", table));
      RETURN_IF_ERROR(LoadSample(workload_, options_.sample, table));
      NoteMemory();
      for (const char* tier : {"warm", "cold"}) {
        RETURN_IF_ERROR(MoveDown(connection_, table, tier));
        RETURN_IF_ERROR(MeasureSizes(workload_, table, "real"));
      }
    }
    return absl::OkStatus();
  }

  void NoteMemory() { peak_anonymous_ = std::max(peak_anonymous_, client::AnonymousBytes(server_->pid())); }

  absl::Status Memory() {
    NoteMemory();
    grpc::ClientContext context;
    v1::GetStatsResponse stats;
    RETURN_IF_ERROR(client::ToStatus(connection_.stats->GetStats(&context, v1::GetStatsRequest(), &stats)));
    const double budget = static_cast<double>(stats.server().memory_budget_bytes());
    report_->Add({.work = "highest anonymous memory seen, of the budget", .value = static_cast<double>(peak_anonymous_) / budget * 100,
                  .unit = "%", .target = 110, .note = absl::StrFormat("%.0f MB of %.0f MB", static_cast<double>(peak_anonymous_) / 1e6, budget / 1e6)});
    return absl::OkStatus();
  }

  absl::Status Restart() {
    Say("restart");
    server_->Stop(kReadyMs);
    RETURN_IF_ERROR(Start());
    grpc::ClientContext context;
    v1::GetStatsResponse stats;
    RETURN_IF_ERROR(client::ToStatus(connection_.stats->GetStats(&context, v1::GetStatsRequest(), &stats)));
    report_->Add({.work = "start until rows are served", .value = start_ms_, .unit = "ms",
                  .note = absl::StrFormat("%d log records replayed", stats.server().recovered_wal_records())});
    server_->Stop(kReadyMs);
    return absl::OkStatus();
  }

  const Options options_;
  Report* const report_;
  client::ServerProcess::Options process_;
  MachineLimits limits_;
  std::unique_ptr<client::ServerProcess> server_;
  client::Connection connection_;
  Workload workload_;
  double start_ms_ = 0;
  uint64_t peak_anonymous_ = 0;
};

std::string Machine() {
  std::string model = "unknown processor";
  if (std::FILE* const file = std::fopen("/proc/cpuinfo", "r")) {
    char line[256];
    while (std::fgets(line, sizeof(line), file) != nullptr) {
      const std::string text(line);
      if (text.rfind("model name", 0) != 0) continue;
      model = text.substr(text.find(':') + 2, text.size() - text.find(':') - 3);
      break;
    }
    std::fclose(file);
  }
  return absl::StrFormat("%s, %d cores", model, std::thread::hardware_concurrency());
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures a real cortexd for each tier, with the machine's own limits beside it.", "cortex-bench");
  app.add_option("--server", options.server, "Path of cortexd")->required();
  app.add_option("--dir", options.directory, "Scratch directory, about 4 GB; the data in it are replaced")->required();
  app.add_option("--sample", options.sample, "Directory made by tools/sample");
  app.add_option("--json", options.json, "File for one JSON object per line");
  app.add_option("--rows", options.rows, "Generated scalar rows per tier")->capture_default_str();
  app.add_option("--vector-rows", options.vector_rows, "Generated rows with fields and vectors per tier")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "Of each query")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--seed", options.seed, "Of the generated rows")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::error_code error;
  std::filesystem::remove_all(options.directory + "/data", error);
  std::filesystem::create_directories(options.directory, error);
  std::FILE* const json = options.json.empty() ? nullptr : std::fopen(options.json.c_str(), "w");
  if (!options.json.empty() && json == nullptr) {
    std::perror("cortex-bench: --json");
    return 1;
  }
  Report report(json);
  const absl::Status status = Bench(options, &report).Run();
  std::printf("%s\nmedians of %d repetitions; all times in milliseconds\n\n%s", Machine().c_str(), options.repetitions, report.Table().c_str());
  if (json != nullptr) std::fclose(json);
  std::filesystem::remove_all(options.directory + "/data", error);
  if (!status.ok()) {
    std::fprintf(stderr, "cortex-bench: %s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("\n%d targets missed\n", static_cast<int>(report.missed_targets()));
  return 0;
}

}  // namespace
}  // namespace cortex::benchmark

int main(int argc, char** argv) { return cortex::benchmark::Main(argc, argv); }
