// Every setting of cortexd. One flat table (ConfigOptions) drives the four ways to say a thing and their order:
//
//   flag --wal.limit_bytes=64MiB  >  environment CORTEX_WAL_LIMIT_BYTES=64MiB  >  file wal: {limit_bytes: 64MiB}  >
//   default
//
// as well as --help, --print-config and the GetConfig call. An unknown name is an error that suggests the nearest one.
// A new setting is one member below and one line in ConfigOptions().
#ifndef CORTEX_SERVER_SERVER_CONFIG_H_
#define CORTEX_SERVER_SERVER_CONFIG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cortex {

struct ServerConfig {
  std::string server_listen = "127.0.0.1:7411";
  std::string server_ready_file;
  std::string ops_listen = "127.0.0.1:7412";
  std::string metrics_listen = "127.0.0.1:7413";

  std::string data_dir = "./cortex-data";
  std::string data_warm_dir;
  std::string data_cold_dir;
  bool data_builtin_tables = true;
  uint64_t data_reserve_bytes = 1ull << 30;
  uint64_t data_warm_reserve_bytes = 1ull << 30;
  uint64_t data_cold_reserve_bytes = 1ull << 30;

  uint64_t memory_budget_bytes = 0;
  uint64_t memory_wait_ms = 1'000;

  uint64_t wal_limit_bytes = 1ull << 30;
  uint64_t wal_file_bytes = 64ull << 20;
  bool wal_repair = false;

  uint64_t hot_seal_rows = 65'536;
  uint64_t hot_seal_bytes = 64ull << 20;
  uint64_t hot_unsealed_limit_bytes = 1ull << 30;

  uint64_t tiering_bytes_per_second = 200ull << 20;
  uint64_t tiering_interval_ms = 1'000;
  bool tiering_paused = false;

  uint64_t query_threads = 0;
  uint64_t query_max_running = 32;
  uint64_t query_max_queued = 64;
  uint64_t query_timeout_ms = 600'000;
  uint64_t query_stall_timeout_ms = 60'000;

  uint64_t subscribe_threads = 2;
  uint64_t subscribe_max_open = 1'024;
  uint64_t subscribe_heartbeat_ms = 10'000;

  uint64_t lookup_threads = 4;
  uint64_t lookup_max_queued = 1'024;

  uint64_t ingest_threads = 2;
  uint64_t ingest_max_running = 256;
  uint64_t ingest_stream_window_bytes = 32ull << 20;

  uint64_t admin_threads = 2;
  uint64_t admin_max_queued = 16;

  std::string backup_dir;
  uint64_t maintenance_max_running = 2;

  uint64_t grpc_max_receive_bytes = 16ull << 20;
  uint64_t grpc_max_concurrent_streams = 1'024;
  uint64_t grpc_max_threads = 0;
  uint64_t grpc_keepalive_time_ms = 60'000;
  uint64_t grpc_keepalive_timeout_ms = 20'000;
  uint64_t grpc_min_ping_interval_ms = 30'000;
  uint64_t grpc_max_connection_idle_ms = 600'000;
  uint64_t grpc_handshake_timeout_ms = 10'000;
  bool grpc_reflection = true;
  bool grpc_channelz = true;

  uint64_t drain_delay_ms = 0;
  uint64_t drain_timeout_ms = 20'000;

  std::string log_level = "info";
};

// One row of the table of settings.
struct ConfigOption {
  using Member = std::variant<std::string ServerConfig::*, uint64_t ServerConfig::*, bool ServerConfig::*>;
  std::string_view name;  // "wal.limit_bytes"
  Member member;
  std::string_view help;  // one line, starts lower case
  uint64_t min = 0;       // numbers only
  uint64_t max = UINT64_MAX;
  bool secret = false;  // shown as ***
};

// All settings, in the order --help shows them.
const std::vector<ConfigOption>& ConfigOptions();

enum class ConfigAction { kServe, kHelp, kVersion, kCheck, kPrint };

struct LoadedConfig {
  ServerConfig config;
  ConfigAction action = ConfigAction::kServe;
  // Where each value came from: "flag", "environment", "file" or "default"; one entry per option.
  std::map<std::string, std::string> sources;
};

// Returns the value of an environment variable, or nullptr.
using Environment = std::function<const char*(const char* name)>;

// Reads flags (`args` without the program name), environment and the file named by --config or CORTEX_CONFIG. Variables
// CORTEX_* that name no setting are refused like unknown flags; `environment_names` lists the variables that are set.
// CORTEX_KILLPOINT is not a setting but an order for tests (storage/io/kill_point.h); a malformed one is refused too.
// Errors: INVALID_ARGUMENT naming the setting, where it was found and what it expects; NOT_FOUND for a missing file.
absl::StatusOr<LoadedConfig> LoadConfig(const std::vector<std::string>& args, const Environment& environment,
                                        const std::vector<std::string>& environment_names);

// Values as text, secrets masked, sorted by name: what --print-config and GetConfig show.
struct ConfigValue {
  std::string name, value, source;
};
std::vector<ConfigValue> DescribeConfig(const LoadedConfig& loaded);

// The same as a YAML file that LoadConfig reads back.
std::string PrintConfig(const LoadedConfig& loaded);
std::string HelpText();

// "CORTEX_WAL_LIMIT_BYTES" for "wal.limit_bytes".
std::string EnvironmentName(std::string_view option_name);

}  // namespace cortex

#endif  // CORTEX_SERVER_SERVER_CONFIG_H_
