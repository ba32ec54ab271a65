#include "server/server_config.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/config_file.h"
#include "storage/column/schema.h"
#include "storage/io/kill_point.h"

namespace cortex {
namespace {

using C = ServerConfig;
constexpr uint64_t kMiB = 1ull << 20;

std::vector<ConfigOption> MakeOptions() {
  return {
      {"server.listen", &C::server_listen, "host:port of the gRPC services; port 0 takes a free one"},
      {"server.ready_file", &C::server_ready_file, "file that gets the bound ports as JSON once rows are served"},
      {"ops.listen", &C::ops_listen, "host:port of health for probes, plaintext; empty: none"},
      {"metrics.listen", &C::metrics_listen, "host:port of GET /metrics; empty: none"},
      {"data.dir", &C::data_dir, "directory of everything; created if absent"},
      {"data.warm_dir", &C::data_warm_dir, "directory of warm segments; empty: <data.dir>/warm"},
      {"data.cold_dir", &C::data_cold_dir, "directory of cold archives; empty: <data.dir>/cold"},
      {"data.builtin_tables", &C::data_builtin_tables, "create css_fields, fmo_entities, itb_rules and tcs_patterns"},
      {"data.reserve_bytes", &C::data_reserve_bytes, "free disk space below which rows are refused; 0: none"},
      {"data.warm_reserve_bytes", &C::data_warm_reserve_bytes, "the same for the disk of data.warm_dir"},
      {"data.cold_reserve_bytes", &C::data_cold_reserve_bytes, "the same for the disk of data.cold_dir"},
      {"memory.budget_bytes", &C::memory_budget_bytes,
       "most anonymous memory; 0: half of the machine's or the container's"},
      {"memory.wait_ms", &C::memory_wait_ms, "longest wait of a batch for memory before it is refused", 0, 60'000},
      {"wal.limit_bytes", &C::wal_limit_bytes, "most log that a start may have to replay", 8 * kMiB},
      {"wal.file_bytes", &C::wal_file_bytes, "size of one log file", kMiB, 1ull << 32},
      {"wal.repair", &C::wal_repair, "cut the log at damage instead of refusing to start"},
      {"hot.seal_rows", &C::hot_seal_rows, "rows at which a row group is sealed", 1'024, 65'536},
      {"hot.seal_bytes", &C::hot_seal_bytes, "bytes at which a row group is sealed", kMiB, 1ull << 30},
      {"hot.unsealed_limit_bytes", &C::hot_unsealed_limit_bytes,
       "rows that may wait to be sealed; more are delayed, then refused", 64 * kMiB},
      {"tiering.bytes_per_second", &C::tiering_bytes_per_second, "pace of moves between tiers; 0: unpaced"},
      {"tiering.interval_ms", &C::tiering_interval_ms, "how often policies are looked at; 0: only when asked", 0,
       86'400'000},
      {"tiering.paused", &C::tiering_paused, "start with background moves paused"},
      {"query.threads", &C::query_threads, "threads that scan; 0: one per core", 0, 1'024},
      {"query.max_running", &C::query_max_running, "queries that run at once", 1, 4'096},
      {"query.max_queued", &C::query_max_queued, "queries that wait before more are refused", 0, 65'536},
      {"query.timeout_ms", &C::query_timeout_ms, "longest run of a query; 0: as long as the caller waits", 0,
       86'400'000},
      {"query.stall_timeout_ms", &C::query_stall_timeout_ms, "a reader this long idle loses its snapshot", 1,
       86'400'000},
      {"subscribe.threads", &C::subscribe_threads, "threads that read for subscriptions", 1, 1'024},
      {"subscribe.max_open", &C::subscribe_max_open, "subscriptions at once before more are refused", 0, 1'000'000},
      {"subscribe.heartbeat_ms", &C::subscribe_heartbeat_ms, "a subscription without rows says this often where it is",
       1, 86'400'000},
      {"lookup.threads", &C::lookup_threads, "threads for reads by key and metadata", 1, 1'024},
      {"lookup.max_queued", &C::lookup_max_queued, "lookups that wait before more are refused", 0, 1'048'576},
      {"ingest.threads", &C::ingest_threads, "threads that decode batches", 1, 1'024},
      {"ingest.max_running", &C::ingest_max_running, "batches and ingest streams at once", 1, 65'536},
      {"ingest.stream_window_bytes", &C::ingest_stream_window_bytes, "unacknowledged bytes one ingest stream may have",
       kMiB, 1ull << 30},
      {"admin.threads", &C::admin_threads, "threads for table changes and administration", 1, 64},
      {"admin.max_queued", &C::admin_max_queued, "administrative calls that wait before more are refused", 0, 1'024},
      {"backup.dir", &C::backup_dir, "directory below which backups and restores are made; empty: none are"},
      {"maintenance.max_running", &C::maintenance_max_running,
       "verifications, backups and restores that run at once", 1, 16},
      {"grpc.max_receive_bytes", &C::grpc_max_receive_bytes, "largest request message", 1'024, 1ull << 30},
      {"grpc.max_concurrent_streams", &C::grpc_max_concurrent_streams, "calls at once per connection", 1, 1'000'000},
      {"grpc.max_threads", &C::grpc_max_threads, "most threads of the RPC library; 0: its own choice", 0, 10'000},
      {"grpc.keepalive_time_ms", &C::grpc_keepalive_time_ms, "ping a silent client after this time", 1'000, INT32_MAX},
      {"grpc.keepalive_timeout_ms", &C::grpc_keepalive_timeout_ms, "give up on a silent client after this time", 100,
       INT32_MAX},
      {"grpc.min_ping_interval_ms", &C::grpc_min_ping_interval_ms, "clients that ping more often are disconnected", 0,
       INT32_MAX},
      {"grpc.max_connection_idle_ms", &C::grpc_max_connection_idle_ms, "close connections without calls; 0: never", 0,
       INT32_MAX},
      {"grpc.handshake_timeout_ms", &C::grpc_handshake_timeout_ms, "close connections that do not say hello", 100,
       INT32_MAX},
      {"grpc.reflection", &C::grpc_reflection, "let clients ask for the services and messages"},
      {"grpc.channelz", &C::grpc_channelz, "let clients look at connections"},
      {"drain.delay_ms", &C::drain_delay_ms, "time between not ready and refusing calls on SIGTERM", 0, 600'000},
      {"drain.timeout_ms", &C::drain_timeout_ms, "time running calls get to finish on SIGTERM", 0, 3'600'000},
      {"log.level", &C::log_level, "trace, debug, info, warn, error or off"},
  };
}

std::string_view ExpectedForm(const ConfigOption& option) {
  if (std::holds_alternative<bool ServerConfig::*>(option.member)) return "true or false";
  if (std::holds_alternative<uint64_t ServerConfig::*>(option.member)) {
    return option.name.find("bytes") != std::string_view::npos ? "a number of bytes, such as 64MiB" : "a whole number";
  }
  return "text";
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return std::nullopt;
}

// Digits, then for options counted in bytes perhaps KiB, MiB, GiB or TiB.
std::optional<uint64_t> ParseNumber(std::string_view text, bool may_have_unit) {
  uint64_t value = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (__builtin_mul_overflow(value, uint64_t{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, uint64_t(text[i] - '0'), &value)) return std::nullopt;
  }
  if (i == 0) return std::nullopt;
  const std::string_view unit = text.substr(i);
  if (unit.empty()) return value;
  if (!may_have_unit) return std::nullopt;
  constexpr std::string_view kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  for (int power = 1; power <= 4; ++power) {
    if (unit != kUnits[power - 1]) continue;
    if (__builtin_mul_overflow(value, uint64_t{1} << (10 * power), &value)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

const ConfigOption* FindOption(std::string_view name) {
  for (const ConfigOption& option : ConfigOptions()) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

absl::Status Unknown(std::string_view kind, std::string_view given, const std::vector<std::string>& candidates) {
  std::string message = absl::StrFormat("unknown %s \"%s\"", kind, given);
  if (const auto nearest = NearestName(given, candidates))
    message += absl::StrFormat("; did you mean \"%s\"?", *nearest);
  return absl::InvalidArgumentError(message);
}

std::vector<std::string> OptionNames() {
  std::vector<std::string> names;
  for (const ConfigOption& option : ConfigOptions()) names.emplace_back(option.name);
  return names;
}

absl::Status Assign(const ConfigOption& option, std::string_view text, std::string_view source, LoadedConfig* out) {
  const auto bad = [&](std::string_view why) {
    return absl::InvalidArgumentError(absl::StrFormat("bad value for %s (%s): %s, got \"%s\"", option.name, source, why,
                                                      option.secret ? "***" : text));
  };
  if (const auto* member = std::get_if<std::string ServerConfig::*>(&option.member)) {
    out->config.** member = std::string(text);
  } else if (const auto* flag = std::get_if<bool ServerConfig::*>(&option.member)) {
    const std::optional<bool> value = ParseBool(text);
    if (!value) return bad(absl::StrFormat("expects %s", ExpectedForm(option)));
    out->config.** flag = *value;
  } else {
    const bool bytes = option.name.find("bytes") != std::string_view::npos;
    const std::optional<uint64_t> value = ParseNumber(text, bytes);
    if (!value) return bad(absl::StrFormat("expects %s", ExpectedForm(option)));
    if (*value < option.min || *value > option.max) {
      return bad(absl::StrFormat("expects %d to %d", option.min, option.max));
    }
    out->config.*std::get<uint64_t ServerConfig::*>(option.member) = *value;
  }
  out->sources[std::string(option.name)] = std::string(source);
  return absl::OkStatus();
}

struct Flag {
  std::string name;
  std::optional<std::string> value;
};

absl::StatusOr<std::vector<Flag>> SplitFlags(const std::vector<std::string>& args) {
  std::vector<Flag> flags;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "-h") {
      flags.push_back({"help", std::nullopt});
      continue;
    }
    if (arg.size() < 3 || arg.compare(0, 2, "--") != 0) {
      return absl::InvalidArgumentError(absl::StrFormat("unexpected argument \"%s\"; settings are --name=value", arg));
    }
    const size_t equals = arg.find('=');
    Flag flag;
    flag.name = arg.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
    if (equals != std::string::npos) {
      flag.value = arg.substr(equals + 1);
    } else if (i + 1 < args.size() && args[i + 1].compare(0, 2, "--") != 0) {
      flag.value = args[++i];
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

std::optional<ConfigAction> ActionOf(std::string_view flag) {
  if (flag == "help") return ConfigAction::kHelp;
  if (flag == "version") return ConfigAction::kVersion;
  if (flag == "check-config") return ConfigAction::kCheck;
  if (flag == "print-config") return ConfigAction::kPrint;
  return std::nullopt;
}

absl::Status ApplyFile(const std::string& path, LoadedConfig* out) {
  ASSIGN_OR_RETURN(const auto entries, ReadConfigFile(path));
  for (const auto& [name, value] : entries) {
    const ConfigOption* option = FindOption(name);
    if (option == nullptr) return Unknown("setting in " + path, name, OptionNames());
    RETURN_IF_ERROR(Assign(*option, value, "file", out));
  }
  return absl::OkStatus();
}

absl::Status ApplyEnvironment(const Environment& environment, const std::vector<std::string>& names,
                              LoadedConfig* out) {
  std::vector<std::string> known = {"CORTEX_CONFIG", kKillPointVariable};
  if (const char* order = environment(kKillPointVariable)) RETURN_IF_ERROR(ParseKillOrder(order).status());
  for (const ConfigOption& option : ConfigOptions()) {
    known.push_back(EnvironmentName(option.name));
    const char* value = environment(known.back().c_str());
    if (value != nullptr) RETURN_IF_ERROR(Assign(option, value, "environment", out));
  }
  for (const std::string& name : names) {
    if (name.compare(0, 7, "CORTEX_") != 0) continue;
    if (std::find(known.begin(), known.end(), name) == known.end()) return Unknown("environment variable", name, known);
  }
  return absl::OkStatus();
}

absl::Status ApplyFlags(const std::vector<Flag>& flags, LoadedConfig* out) {
  for (const Flag& flag : flags) {
    if (flag.name == "config" || ActionOf(flag.name)) continue;
    const ConfigOption* option = FindOption(flag.name);
    if (option == nullptr) {
      std::vector<std::string> names = OptionNames();
      names.insert(names.end(), {"config", "help", "version", "check-config", "print-config"});
      return Unknown("flag", "--" + flag.name, names);
    }
    const bool is_bool = std::holds_alternative<bool ServerConfig::*>(option->member);
    if (!flag.value && !is_bool) {
      return absl::InvalidArgumentError(absl::StrFormat("--%s needs a value: %s", flag.name, ExpectedForm(*option)));
    }
    RETURN_IF_ERROR(Assign(*option, flag.value.value_or("true"), "flag", out));
  }
  return absl::OkStatus();
}

absl::Status CheckAddress(std::string_view option, const std::string& address) {
  if (address.empty()) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  const char* const end = address.data() + address.size();
  const char* const digits = colon == std::string::npos ? end : address.data() + colon + 1;
  uint16_t port = 0;  // the kernel would cut off what does not fit, and listen somewhere else
  const auto [parsed, error] = std::from_chars(digits, end, port);
  if (error == std::errc() && parsed == end) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("bad value for %s: expects host:port with a port of 0 to 65535, got \"%s\"", option, address));
}

absl::Status CheckDirectory(std::string_view option, const std::string& path) {
  std::error_code ignored;  // whoever opens it tells what is wrong with it
  if (path.empty() || !std::filesystem::exists(path, ignored) || std::filesystem::is_directory(path, ignored)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat("%s is not a directory: %s", option, path));
}

// By their names alone: links are found out when a backup is made.
bool LiesInside(const std::string& path, const std::string& directory) {
  if (path.empty() || directory.empty()) return false;
  const auto whole = [](const std::string& text) {
    std::filesystem::path path = std::filesystem::absolute(text).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
  };
  const std::filesystem::path inner = whole(path), outer = whole(directory);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

absl::Status CheckTogether(const ServerConfig& config) {
  if (config.data_dir.empty())
    return absl::InvalidArgumentError("data.dir is empty; it names the directory of all data");
  if (config.server_listen.empty()) {
    return absl::InvalidArgumentError("server.listen is empty; it names the host:port of the gRPC services");
  }
  RETURN_IF_ERROR(CheckAddress("server.listen", config.server_listen));
  RETURN_IF_ERROR(CheckAddress("ops.listen", config.ops_listen));
  RETURN_IF_ERROR(CheckAddress("metrics.listen", config.metrics_listen));
  RETURN_IF_ERROR(CheckDirectory("data.dir", config.data_dir));
  RETURN_IF_ERROR(CheckDirectory("data.warm_dir", config.data_warm_dir));
  RETURN_IF_ERROR(CheckDirectory("data.cold_dir", config.data_cold_dir));
  RETURN_IF_ERROR(CheckDirectory("backup.dir", config.backup_dir));
  for (const std::string* directory : {&config.data_dir, &config.data_warm_dir, &config.data_cold_dir}) {
    if (!LiesInside(config.backup_dir, *directory)) continue;
    return absl::InvalidArgumentError(absl::StrFormat("backup.dir (%s) lies inside %s, which is what backups save",
                                                      config.backup_dir, *directory));
  }
  if (config.wal_file_bytes > config.wal_limit_bytes) {
    return absl::InvalidArgumentError(absl::StrFormat("wal.file_bytes (%d) is larger than wal.limit_bytes (%d)",
                                                      config.wal_file_bytes, config.wal_limit_bytes));
  }
  if (config.ingest_stream_window_bytes < config.grpc_max_receive_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("ingest.stream_window_bytes (%d) is smaller than grpc.max_receive_bytes (%d): the largest "
                        "message could never be sent",
                        config.ingest_stream_window_bytes, config.grpc_max_receive_bytes));
  }
  constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
  if (std::find(std::begin(kLevels), std::end(kLevels), config.log_level) == std::end(kLevels)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "bad value for log.level: expects trace, debug, info, warn, error or off, got \"%s\"", config.log_level));
  }
  return absl::OkStatus();
}

std::string ValueText(const ConfigOption& option, const ServerConfig& config) {
  if (const auto* text = std::get_if<std::string ServerConfig::*>(&option.member)) return config.**text;
  if (const auto* flag = std::get_if<bool ServerConfig::*>(&option.member)) return config.**flag ? "true" : "false";
  return std::to_string(config.*std::get<uint64_t ServerConfig::*>(option.member));
}

}  // namespace

const std::vector<ConfigOption>& ConfigOptions() {
  static const std::vector<ConfigOption> options = MakeOptions();
  return options;
}

absl::StatusOr<LoadedConfig> LoadConfig(const std::vector<std::string>& args, const Environment& environment,
                                        const std::vector<std::string>& environment_names) {
  ASSIGN_OR_RETURN(const std::vector<Flag> flags, SplitFlags(args));
  LoadedConfig loaded;
  for (const ConfigOption& option : ConfigOptions()) loaded.sources[std::string(option.name)] = "default";

  const char* file = environment("CORTEX_CONFIG");
  std::string path = file != nullptr ? file : "";
  for (const Flag& flag : flags) {
    if (flag.name == "config") {
      if (!flag.value) return absl::InvalidArgumentError("--config needs a value: the path of a YAML file");
      path = *flag.value;
    }
    if (const auto action = ActionOf(flag.name)) loaded.action = *action;
  }
  if (!path.empty()) RETURN_IF_ERROR(ApplyFile(path, &loaded));
  RETURN_IF_ERROR(ApplyEnvironment(environment, environment_names, &loaded));
  RETURN_IF_ERROR(ApplyFlags(flags, &loaded));
  RETURN_IF_ERROR(CheckTogether(loaded.config));
  return loaded;
}

std::vector<ConfigValue> DescribeConfig(const LoadedConfig& loaded) {
  std::vector<ConfigValue> values;
  for (const ConfigOption& option : ConfigOptions()) {
    const std::string name(option.name);
    const auto source = loaded.sources.find(name);
    values.push_back({name, option.secret ? "***" : ValueText(option, loaded.config),
                      source == loaded.sources.end() ? "default" : source->second});
  }
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return values;
}

std::string PrintConfig(const LoadedConfig& loaded) {
  std::string out, section;
  for (const ConfigValue& value : DescribeConfig(loaded)) {
    const size_t dot = value.name.find('.');
    if (value.name.substr(0, dot) != section) {
      section = value.name.substr(0, dot);
      out += section + ":\n";
    }
    const ConfigOption* option = FindOption(value.name);
    const bool text = std::holds_alternative<std::string ServerConfig::*>(option->member);
    out += absl::StrFormat("  %s: %s  # %s\n", value.name.substr(dot + 1),
                           text ? QuoteForConfigFile(value.value) : value.value, value.source);
  }
  return out;
}

std::string HelpText() {
  std::string out =
      "cortexd: the CORTEX DataStore server.\n\n"
      "usage: cortexd [--config=FILE] [--NAME=VALUE ...]\n\n"
      "  --config=FILE     read settings from a YAML file\n"
      "  --check-config    check the settings and exit (0 good, 2 bad)\n"
      "  --print-config    print the effective settings as YAML and exit\n"
      "  --version         print the version and exit\n"
      "  --help            print this text and exit\n\n"
      "A flag wins over the environment (CORTEX_WAL_LIMIT_BYTES for wal.limit_bytes), the environment over the file,\n"
      "the file over the default.\n\nSettings and their defaults:\n";
  const ServerConfig defaults;
  for (const ConfigOption& option : ConfigOptions()) {
    out += absl::StrFormat("  --%s=%s\n        %s\n", option.name, ValueText(option, defaults), option.help);
  }
  return out;
}

std::string EnvironmentName(std::string_view option_name) {
  std::string name = "CORTEX_";
  for (const char c : option_name)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace cortex
