#include "tools/client/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace cortex::client {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(2);

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// As exec wants them: null at the end. Borrows.
std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void Exec(const std::vector<char*>& arguments, const std::vector<char*>& environment, int log_fd,
                       pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
  ::dup2(log_fd, STDOUT_FILENO);
  ::dup2(log_fd, STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), environment.data());
  ::_exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Spawn(const Options& options) {
  if (::access(options.binary.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("no server program at ", options.binary, "; build target cortexd"));
  }
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) return absl::InternalError(absl::StrCat("cannot create ", options.directory, ": ", error.message()));
  const std::string ready = options.directory + "/ready.json";
  std::filesystem::remove(ready, error);  // absent is as good

  std::vector<std::string> words = {options.binary, "--server.listen=127.0.0.1:0", "--server.ready_file=" + ready,
                                    "--ops.listen=", "--metrics.listen=", "--data.dir=" + options.directory + "/data"};
  words.insert(words.end(), options.flags.begin(), options.flags.end());
  std::vector<std::string> variables = options.environment;  // first: of two with one name the first one counts
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  const std::vector<char*> arguments = Pointers(words);
  const std::vector<char*> environment = Pointers(variables);

  const std::string log = options.directory + "/log.jsonl";
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", log));
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) Exec(arguments, environment, log_fd, parent);
  const int fork_error = errno;
  ::close(log_fd);
  if (pid < 0) return absl::ErrnoToStatus(fork_error, "cannot fork");
  return std::unique_ptr<ServerProcess>(new ServerProcess(options, pid));
}

ServerProcess::~ServerProcess() { Kill(); }

bool ServerProcess::Reap(int flags) {
  if (ended_) return true;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(pid_, &wait_status_, flags);
  } while (reaped < 0 && errno == EINTR);
  ended_ = reaped != 0;
  return ended_;
}

bool ServerProcess::Running() { return !Reap(WNOHANG); }

absl::StatusOr<std::string> ServerProcess::WaitReady(int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  const std::string key = "\"grpc_port\":";
  while (std::chrono::steady_clock::now() < deadline) {
    const std::string ready = Slurp(options_.directory + "/ready.json");  // appears whole, by rename
    const size_t at = ready.find(key);
    if (at != std::string::npos) return absl::StrCat("127.0.0.1:", std::atoi(ready.c_str() + at + key.size()));
    if (!Running()) return absl::InternalError(absl::StrCat("the server ended while starting:\n", LogTail()));
    std::this_thread::sleep_for(kPoll);
  }
  return absl::DeadlineExceededError(absl::StrFormat("the server was not ready after %d ms:\n%s", timeout_ms, LogTail()));
}

void ServerProcess::Kill() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  Reap(0);
}

bool ServerProcess::WaitEnd(int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (Running()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

bool ServerProcess::EndedByKill() { return !Running() && WIFSIGNALED(wait_status_) && WTERMSIG(wait_status_) == SIGKILL; }

int ServerProcess::Stop(int timeout_ms) {
  if (Running()) ::kill(pid_, SIGTERM);
  WaitEnd(timeout_ms);
  Kill();
  return WIFSIGNALED(wait_status_) ? 128 + WTERMSIG(wait_status_) : WEXITSTATUS(wait_status_);
}

std::string ServerProcess::LogTail() const {
  const std::string log = Slurp(options_.directory + "/log.jsonl");
  constexpr size_t kTailBytes = 2'000;
  return log.size() <= kTailBytes ? log : log.substr(log.find('\n', log.size() - kTailBytes) + 1);
}

uint64_t AnonymousBytes(pid_t pid) {
  const std::string status = Slurp(absl::StrCat("/proc/", pid, "/status"));
  const std::string key = "RssAnon:";
  const size_t at = status.find(key);
  return at == std::string::npos ? 0 : std::strtoull(status.c_str() + at + key.size(), nullptr, 10) * 1024;
}

}  // namespace cortex::client
