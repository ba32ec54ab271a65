// cortexd: flags -> configuration -> start -> serve -> drain. Exit codes: 0 served and drained, 1 could not start,
// 2 bad configuration. Errors before serving are one sentence on stderr; everything later is JSON lines on stdout.
#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "codecs/bytes/string_view.h"
#include "server/datastore_server.h"
#include "server/logging.h"
#include "server/server_config.h"
#include "server/server_core.h"

namespace {

using cortex::ConfigAction;
using cortex::LogLevel;

constexpr int kCouldNotStart = 1;
constexpr int kBadConfiguration = 2;

std::vector<std::string> EnvironmentNames() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals != nullptr) names.emplace_back(*entry, equals - *entry);
  }
  return names;
}

void Complain(const absl::Status& status) {
  std::fprintf(stderr, "cortexd: %s\n", std::string(cortex::StdView(status.message())).c_str());
}

// The signals are blocked in every thread and taken here one by one: no handler runs at an awkward moment.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  return signal;
}

int Serve(cortex::LoadedConfig loaded) {
  const sigset_t signals = BlockSignals();
  cortex::InitLogging(cortex::ParseLogLevel(loaded.config.log_level));
  const std::string data_dir = loaded.config.data_dir;
  auto server = cortex::DatastoreServer::Start(std::move(loaded));
  if (!server.ok()) {
    Complain(server.status());
    return kCouldNotStart;
  }
  (*server)->MeterProcess();
  cortex::Log(LogLevel::kInfo, "ready",
              {{"version", std::string(cortex::kServerVersion)},
               {"data_dir", data_dir},
               {"grpc_port", int64_t{(*server)->port()}},
               {"ops_port", int64_t{(*server)->ops_port()}},
               {"metrics_port", int64_t{(*server)->metrics_port()}},
               {"pid", int64_t{getpid()}}});

  cortex::Log(LogLevel::kInfo, "draining", {{"signal", int64_t{WaitForSignal(signals)}}});
  // A second signal cuts the waits short. The thread is left in sigwait when nobody sends one; exit ends it.
  std::thread([&signals, server = server->get()] {
    WaitForSignal(signals);
    server->Hurry();
  }).detach();
  (*server)->Shutdown();
  cortex::Log(LogLevel::kInfo, "stopped");
  std::fflush(stdout);
  // Not `return`: static objects must not die under the thread that still waits for a signal.
  _exit(EXIT_SUCCESS);
}

// Left alone, the allocator makes eight arenas per core, each of which keeps what is free between what is in use, and
// raises the size from which blocks go back to the kernel at once with every large block it sees: free memory then is half
// of a small budget. Two arenas and a fixed size keep it small; what is hot allocates seldom.
void KeepFreeMemorySmall() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  KeepFreeMemorySmall();  // before the first thread
  const auto loaded = cortex::LoadConfig(
      std::vector<std::string>(argv + 1, argv + argc),
      [](const char* name) -> const char* { return std::getenv(name); }, EnvironmentNames());
  if (!loaded.ok()) {
    Complain(loaded.status());
    return kBadConfiguration;
  }
  switch (loaded->action) {
    case ConfigAction::kHelp:
      std::fputs(cortex::HelpText().c_str(), stdout);
      return EXIT_SUCCESS;
    case ConfigAction::kVersion:
      std::printf("cortexd %s\n", cortex::kServerVersion);
      return EXIT_SUCCESS;
    case ConfigAction::kCheck:
      std::puts("configuration ok");
      return EXIT_SUCCESS;
    case ConfigAction::kPrint:
      std::fputs(cortex::PrintConfig(*loaded).c_str(), stdout);
      return EXIT_SUCCESS;
    case ConfigAction::kServe:
      return Serve(*loaded);
  }
  return EXIT_SUCCESS;
}
