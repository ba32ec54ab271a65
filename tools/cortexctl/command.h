// What every command of cortexctl gets, and how it is registered.
#ifndef CORTEX_TOOLS_CORTEXCTL_COMMAND_H_
#define CORTEX_TOOLS_CORTEXCTL_COMMAND_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "tools/client/connection.h"

namespace cortex::ctl {

// Options that stand before the command.
struct GlobalOptions {
  std::string server = client::kDefaultEndpoint;
  int connect_ms = 5'000;
  int timeout_ms = 0;  // 0: as long as the server allows
};

// Set by the command that was chosen; run after parsing.
using Action = std::function<absl::Status()>;

// Connects with the global options.
absl::StatusOr<client::Connection> Connect(const GlobalOptions& options);
// Sets the deadline of one call.
void Prepare(const GlobalOptions& options, grpc::ClientContext* context);

// Each adds one or more subcommands to `app`; parsing one sets `*action`. `options` and `action` must outlive `app`.
void AddCatalogCommands(CLI::App* app, const GlobalOptions* options, Action* action);  // tables, describe
void AddIngestCommand(CLI::App* app, const GlobalOptions* options, Action* action);
void AddQueryCommands(CLI::App* app, const GlobalOptions* options, Action* action);  // query, explain, get
void AddStatsCommands(CLI::App* app, const GlobalOptions* options, Action* action);  // stats, project
void AddAdminCommands(CLI::App* app, const GlobalOptions* options, Action* action);  // tier, flush, config
void AddSafetyCommands(CLI::App* app, const GlobalOptions* options, Action* action);  // verify, backup
void AddSubscribeCommand(CLI::App* app, const GlobalOptions* options, Action* action);
void AddCompletionCommand(CLI::App* app, Action* action);

// The exit status of a failed command; the list stands in the README of this folder.
int ExitCode(const absl::Status& status);

}  // namespace cortex::ctl

#endif  // CORTEX_TOOLS_CORTEXCTL_COMMAND_H_
