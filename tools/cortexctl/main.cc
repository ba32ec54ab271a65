// cortexctl: the command-line client of cortexd.
#include <cstdio>
#include <exception>

#include "tools/cortexctl/command.h"

namespace cortex::ctl {
namespace {

constexpr int kUsage = 2;

int Run(int argc, char** argv) {
  CLI::App app("Talk to a cortexd server.", "cortexctl");
  app.require_subcommand(1);
  app.footer("Exit status: 0 done, 1 server error, 2 usage, 3 unreachable, 4 not found, 5 refused, 6 busy: try again, "
             "7 timed out or cancelled");
  GlobalOptions options;
  app.add_option("--server", options.server, "host:port of the server")->envname("CORTEXCTL_SERVER")->capture_default_str();
  app.add_option("--connect-ms", options.connect_ms, "How long to wait for a connection")->capture_default_str();
  app.add_option("--timeout-ms", options.timeout_ms, "How long one call may take; 0: as long as the server allows");
  Action action;
  AddCatalogCommands(&app, &options, &action);
  AddIngestCommand(&app, &options, &action);
  AddQueryCommands(&app, &options, &action);
  AddStatsCommands(&app, &options, &action);
  AddAdminCommands(&app, &options, &action);
  AddSafetyCommands(&app, &options, &action);
  AddSubscribeCommand(&app, &options, &action);
  AddCompletionCommand(&app, &action);
  try {  // CLI11 reports by exception; they end here
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const absl::Status status = action();
  if (!status.ok()) {
    const std::string code = absl::StatusCodeToString(status.code());
    std::fprintf(stderr, "cortexctl: %s: %s\n", code.c_str(), std::string(status.message()).c_str());
  }
  return ExitCode(status);
}

}  // namespace
}  // namespace cortex::ctl

int main(int argc, char** argv) { return cortex::ctl::Run(argc, argv); }
