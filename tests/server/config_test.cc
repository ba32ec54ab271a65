#include <fstream>
#include <map>

#include "server/config_file.h"
#include "server/server_config.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

struct Sources {
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;

  absl::StatusOr<LoadedConfig> Load() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : environment) names.push_back(name);
    const auto lookup = [this](const char* name) -> const char* {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    };
    return LoadConfig(args, lookup, names);
  }
};

std::string WriteFile(const cortex::testing::TempDir& dir, const std::string& text) {
  const std::string path = dir.File("cortexd.yaml");
  std::ofstream(path) << text;
  return path;
}

TEST_CASE("LoadConfig takes flag over environment over file over default", "[server][config]") {
  const cortex::testing::TempDir dir;
  const std::string file = WriteFile(dir, "wal:\n  limit_bytes: 32MiB\n  file_bytes: 16MiB\nhot: {seal_rows: 2048}\n");
  const Sources sources{.args = {"--config", file, "--wal.limit_bytes=128MiB"},
                        .environment = {{"CORTEX_WAL_LIMIT_BYTES", "64MiB"}, {"CORTEX_WAL_FILE_BYTES", "8MiB"}}};
  const LoadedConfig loaded = REQUIRE_OK_AND_TAKE(sources.Load());
  CHECK(loaded.config.wal_limit_bytes == 128u << 20);
  CHECK(loaded.config.wal_file_bytes == 8u << 20);
  CHECK(loaded.config.hot_seal_rows == 2048);
  CHECK(loaded.config.server_listen == "127.0.0.1:7411");
  CHECK(loaded.sources.at("wal.limit_bytes") == "flag");
  CHECK(loaded.sources.at("wal.file_bytes") == "environment");
  CHECK(loaded.sources.at("hot.seal_rows") == "file");
  CHECK(loaded.sources.at("server.listen") == "default");
}

TEST_CASE("LoadConfig refuses unknown names and suggests the nearest", "[server][config]") {
  const cortex::testing::TempDir dir;
  REQUIRE_STATUS((Sources{.args = {"--wal.limit_byte=1"}, .environment = {}}).Load(),
                 absl::StatusCode::kInvalidArgument, "did you mean \"wal.limit_bytes\"");
  REQUIRE_STATUS((Sources{.args = {}, .environment = {{"CORTEX_KILLPOINT", "nowhere"}}}).Load(),
                 absl::StatusCode::kInvalidArgument, "unknown kill point");
  REQUIRE_OK((Sources{.args = {}, .environment = {{"CORTEX_KILLPOINT", "wal-append:2"}}}).Load());
  REQUIRE_STATUS((Sources{.args = {}, .environment = {{"CORTEX_WAL_LIMIT_BYTE", "1"}}}).Load(),
                 absl::StatusCode::kInvalidArgument, "CORTEX_WAL_LIMIT_BYTES");
  const std::string file = WriteFile(dir, "wal: {limits: 1}\n");
  REQUIRE_STATUS((Sources{.args = {"--config=" + file}, .environment = {}}).Load(), absl::StatusCode::kInvalidArgument,
                 "unknown setting");
  REQUIRE_STATUS((Sources{.args = {"serve"}, .environment = {}}).Load(), absl::StatusCode::kInvalidArgument,
                 "unexpected argument \"serve\"");
}

TEST_CASE("LoadConfig says what a value must look like", "[server][config]") {
  const auto refuses = [](const std::string& flag, const std::string& part) {
    CAPTURE(flag);
    REQUIRE_STATUS((Sources{.args = {flag}, .environment = {}}).Load(), absl::StatusCode::kInvalidArgument, part);
  };
  refuses("--hot.seal_rows=many", "a whole number");
  refuses("--hot.seal_rows=4MiB", "a whole number");
  refuses("--hot.seal_rows=5", "expects 1024 to 65536");
  refuses("--wal.limit_bytes=64MB", "such as 64MiB");
  refuses("--wal.limit_bytes=99999999999999999999", "such as 64MiB");
  refuses("--wal.limit_bytes=18446744073709551615TiB", "such as 64MiB");
  refuses("--wal.limit_bytes=", "such as 64MiB");
  refuses("--wal.repair=maybe", "true or false");
  refuses("--wal.limit_bytes", "needs a value");
  refuses("--log.level=loud", "trace, debug");
  refuses("--data.dir=", "data.dir is empty");
  refuses("--server.listen=", "server.listen is empty");
  refuses("--server.listen=localhost", "server.listen: expects host:port");
  refuses("--metrics.listen=127.0.0.1:", "metrics.listen: expects host:port");
  refuses("--server.listen=127.0.0.1:99999", "a port of 0 to 65535, got \"127.0.0.1:99999\"");
  refuses("--ops.listen=127.0.0.1:-1", "a port of 0 to 65535");
  refuses("--ops.listen=127.0.0.1:74 11", "a port of 0 to 65535");
  refuses("--backup.dir=./cortex-data", "lies inside");
  refuses("--backup.dir=./cortex-data/../cortex-data/backups/", "lies inside");
  refuses("--wal.file_bytes=2GiB", "larger than wal.limit_bytes");
  refuses("--ingest.stream_window_bytes=1MiB", "smaller than grpc.max_receive_bytes");
}

TEST_CASE("LoadConfig refuses files where directories belong", "[server][config]") {
  const cortex::testing::TempDir dir;
  const std::string file = WriteFile(dir, "");
  for (const std::string option : {"data.dir", "data.warm_dir", "data.cold_dir", "backup.dir"}) {
    REQUIRE_STATUS((Sources{.args = {"--" + option + "=" + file}, .environment = {}}).Load().status(),
                   absl::StatusCode::kInvalidArgument, option + " is not a directory: " + file);
  }
}

TEST_CASE("LoadConfig understands switches and actions", "[server][config]") {
  CHECK(REQUIRE_OK_AND_TAKE((Sources{.args = {"--wal.repair"}, .environment = {}}).Load()).config.wal_repair);
  CHECK_FALSE(REQUIRE_OK_AND_TAKE((Sources{.args = {"--grpc.reflection=false"}, .environment = {}}).Load())
                  .config.grpc_reflection);
  CHECK(REQUIRE_OK_AND_TAKE((Sources{.args = {"--check-config"}, .environment = {}}).Load()).action ==
        ConfigAction::kCheck);
  CHECK(REQUIRE_OK_AND_TAKE((Sources{.args = {"-h"}, .environment = {}}).Load()).action == ConfigAction::kHelp);
}

TEST_CASE("PrintConfig writes a file that LoadConfig reads back", "[server][config]") {
  const cortex::testing::TempDir dir;
  const Sources first{.args = {"--data.dir=it's: here", "--hot.seal_rows=4096", "--wal.repair"}, .environment = {}};
  const LoadedConfig loaded = REQUIRE_OK_AND_TAKE(first.Load());
  const std::string file = WriteFile(dir, PrintConfig(loaded));
  const LoadedConfig again = REQUIRE_OK_AND_TAKE((Sources{.args = {"--config", file}, .environment = {}}).Load());
  const auto before = DescribeConfig(loaded), after = DescribeConfig(again);
  REQUIRE(before.size() == after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    CHECK(before[i].name == after[i].name);
    CHECK(before[i].value == after[i].value);
  }
}

TEST_CASE("Every setting has a variable, help and a place in the help text", "[server][config]") {
  const std::string help = HelpText();
  for (const ConfigOption& option : ConfigOptions()) {
    CAPTURE(std::string(option.name));
    CHECK_FALSE(option.help.empty());
    CHECK(help.find("--" + std::string(option.name) + "=") != std::string::npos);
    CHECK(EnvironmentName(option.name).find('.') == std::string::npos);
  }
}

TEST_CASE("ParseConfigText refuses what is no map of single values", "[server][config]") {
  REQUIRE_STATUS(ParseConfigText("a: [1, 2]", "f"), absl::StatusCode::kInvalidArgument, "is a list");
  REQUIRE_STATUS(ParseConfigText("- a", "f"), absl::StatusCode::kInvalidArgument, "expects `name: value`");
  REQUIRE_STATUS(ParseConfigText("a: {b", "f"), absl::StatusCode::kInvalidArgument, "not valid YAML");
  REQUIRE_STATUS(ParseConfigText("a: {b: 1}\na.b: 2", "f"), absl::StatusCode::kInvalidArgument, "set twice");
  REQUIRE_STATUS(ReadConfigFile("no/such/file"), absl::StatusCode::kNotFound, "cannot read");
  const cortex::testing::TempDir dir;
  REQUIRE_STATUS(ReadConfigFile(dir.path()), absl::StatusCode::kInvalidArgument, "is a directory");
  CHECK(REQUIRE_OK_AND_TAKE(ParseConfigText("", "f")).empty());
}

}  // namespace
}  // namespace cortex
