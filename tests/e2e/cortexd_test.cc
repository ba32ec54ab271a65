// The real program: flags, ports, exit codes, and what survives kill -9.
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "cortex/datastore/v1/catalog_service.grpc.pb.h"
#include "cortex/datastore/v1/ingest_service.grpc.pb.h"
#include "cortex/datastore/v1/query_service.grpc.pb.h"
#include "tests/e2e/tables.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace cortex::testing {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// A cortexd process of our own. Killed, if it still runs, when the object dies.
class Cortexd {
 public:
  Cortexd(const TempDir& directory, std::vector<std::string> flags) : directory_(directory) {
    unlink(directory_.File("ready").c_str());
    flags.insert(flags.begin(), CORTEXD_PATH);
    pid_ = fork();
    if (pid_ == 0) Become(flags);
  }
  ~Cortexd() {
    if (pid_ > 0) Kill(SIGKILL);
  }
  Cortexd(const Cortexd&) = delete;
  Cortexd& operator=(const Cortexd&) = delete;

  // The gRPC port, once the server is ready; 0 if it ended instead.
  int WaitUntilReady() {
    int port = 0;
    WaitUntil([&] {
      const std::string ready = ReadFile(directory_.File("ready"));
      if (std::sscanf(ready.c_str(), "{\"grpc_port\":%d", &port) == 1) return true;
      if (waitpid(pid_, &status_, WNOHANG) != pid_) return false;
      pid_ = 0;
      return true;
    });
    return port;
  }

  // Sends the signal and waits for the end. Exit code, or -signal.
  int Kill(int signal) {
    Signal(signal);
    return Wait();
  }
  void Signal(int signal) const { kill(pid_, signal); }
  int Wait() {
    if (pid_ > 0) waitpid(pid_, &status_, 0);
    pid_ = 0;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  // False if the program does not come to say `text`.
  bool WaitForOutput(const std::string& text) const {
    return WaitUntil([&] { return out().find(text) != std::string::npos; });
  }
  std::string out() const { return ReadFile(directory_.File("out")); }
  std::string err() const { return ReadFile(directory_.File("err")); }

 private:
  void Become(const std::vector<std::string>& flags) {
    dup2(open(directory_.File("out").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDOUT_FILENO);
    dup2(open(directory_.File("err").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& flag : flags) argv.push_back(const_cast<char*>(flag.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }

  const TempDir& directory_;
  pid_t pid_ = 0;
  int status_ = 0;
};

std::vector<std::string> Flags(const TempDir& directory) {
  return {"--server.listen=127.0.0.1:0",          "--ops.listen=127.0.0.1:0",
          "--metrics.listen=127.0.0.1:0",         "--memory.budget_bytes=256MiB",
          "--data.dir=" + directory.File("data"), "--server.ready_file=" + directory.File("ready"),
          "--data.reserve_bytes=0",               "--data.warm_reserve_bytes=0",
          "--data.cold_reserve_bytes=0"};  // whatever disk tests run on
}

std::shared_ptr<grpc::Channel> Connect(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments);
}

void CreateScores(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  wire::CreateTableRequest request;
  *request.mutable_definition() = FromJson<wire::TableDefinition>(kScores);
  wire::CreateTableResponse response;
  const grpc::Status status = wire::CatalogService::NewStub(channel)->CreateTable(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
}

bool IngestScores(const std::shared_ptr<grpc::Channel>& channel, uint32_t first, uint32_t count) {
  grpc::ClientContext context;
  wire::IngestRequest request;
  request.set_table("scores");
  *request.mutable_columns() = Scores(first, count);
  wire::IngestResponse response;
  return wire::IngestService::NewStub(channel)->Ingest(&context, request, &response).ok();
}

double CountScores(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  wire::QueryRequest request;
  request.set_cql("SELECT count(*) AS n FROM scores");
  request.set_format(wire::RESULT_FORMAT_ROWS);
  const auto reader = wire::QueryService::NewStub(channel)->Query(&context, request);
  wire::QueryResponse response;
  double count = -1;
  while (reader->Read(&response)) {
    for (const auto& row : response.rows().rows()) count = row.fields().at("n").number_value();
  }
  const grpc::Status status = reader->Finish();
  INFO(status.error_message());
  REQUIRE(status.ok());
  return count;
}

TEST_CASE("cortexd keeps every acknowledged row across kill -9", "[e2e][cortexd]") {
  const TempDir directory;
  uint32_t rows = 0;
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    Cortexd daemon(directory, Flags(directory));
    const int port = daemon.WaitUntilReady();
    INFO(daemon.err());
    REQUIRE(port != 0);
    const auto channel = Connect(port);
    if (round == 0) CreateScores(channel);
    CHECK(CountScores(channel) == rows);
    for (int i = 0; i < 5; ++i) {
      REQUIRE(IngestScores(channel, rows, 1'000));
      rows += 1'000;
    }
    CHECK(daemon.Kill(SIGKILL) == -SIGKILL);
  }
}

TEST_CASE("cortexd drains on SIGTERM and exits 0", "[e2e][cortexd]") {
  const TempDir directory;
  Cortexd daemon(directory, Flags(directory));
  REQUIRE(daemon.WaitUntilReady() != 0);
  CHECK(daemon.Kill(SIGTERM) == 0);
  CHECK_THAT(daemon.out(), Catch::Contains("\"msg\":\"ready\"") && Catch::Contains("\"msg\":\"stopped\""));
  CHECK(daemon.err().empty());
}

TEST_CASE("cortexd hurries on a second SIGTERM", "[e2e][cortexd]") {
  const TempDir directory;
  std::vector<std::string> flags = Flags(directory);
  flags.push_back("--drain.delay_ms=600000");
  Cortexd daemon(directory, flags);
  REQUIRE(daemon.WaitUntilReady() != 0);
  daemon.Signal(SIGTERM);
  REQUIRE(daemon.WaitForOutput("\"msg\":\"draining\""));  // a second signal before that would merge with the first
  CHECK(daemon.Kill(SIGTERM) == 0);
}

TEST_CASE("cortexd says in one sentence why it does not start", "[e2e][cortexd]") {
  const TempDir directory;
  Cortexd first(directory, Flags(directory));
  const int port = first.WaitUntilReady();
  REQUIRE(port != 0);
  const TempDir other;

  std::vector<std::string> taken = Flags(other);
  taken[0] = "--server.listen=127.0.0.1:" + std::to_string(port);
  Cortexd second(other, taken);
  CHECK(second.Wait() == 1);
  CHECK(second.err() ==
        "cortexd: cannot listen on 127.0.0.1:" + std::to_string(port) + " (server.listen): Address already in use\n");

  std::vector<std::string> locked = Flags(other);
  locked[4] = "--data.dir=" + directory.File("data");
  Cortexd third(other, locked);
  CHECK(third.Wait() == 1);
  const std::string complaint = third.err();
  CHECK_THAT(complaint, Catch::StartsWith("cortexd: another cortexd holds "));
  CHECK(complaint.find('\n') == complaint.size() - 1);
}

TEST_CASE("cortexd checks and prints its configuration", "[e2e][cortexd]") {
  const TempDir directory;
  const auto run = [&directory](std::vector<std::string> flags) {
    Cortexd daemon(directory, std::move(flags));
    const int code = daemon.Wait();
    return std::pair(code, daemon.out() + daemon.err());
  };
  CHECK(run({"--check-config"}) == std::pair<int, std::string>(0, "configuration ok\n"));
  const auto bad = run({"--check-config", "--wal.limit_byte=1"});
  CHECK(bad.first == 2);
  CHECK_THAT(bad.second, Catch::Contains("did you mean \"wal.limit_bytes\""));
  const auto printed = run({"--print-config", "--hot.seal_rows=2048"});
  CHECK(printed.first == 0);
  CHECK_THAT(printed.second, Catch::Contains("seal_rows: 2048  # flag"));
  CHECK_THAT(run({"--help"}).second, Catch::Contains("--wal.limit_bytes=1073741824"));
  CHECK_THAT(run({"--version"}).second, Catch::Contains("cortexd 0."));
}

}  // namespace
}  // namespace cortex::testing
