// A cortexd started as a child process, for programs that measure or torment a real server. It dies with its parent.
#ifndef CORTEX_TOOLS_CLIENT_SERVER_PROCESS_H_
#define CORTEX_TOOLS_CLIENT_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cortex::client {

class ServerProcess final {
 public:
  struct Options {
    std::string binary;               // path of cortexd
    std::string directory;            // holds data/, ready.json and log.jsonl; created if absent
    std::vector<std::string> flags;   // more flags; the port is always a free one on loopback
    std::vector<std::string> environment;  // "NAME=value", added to this process's own
  };

  // Starts it without waiting.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Spawn(const Options& options);
  // Kills it if it still runs, and waits for its end.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Waits until rows are served; returns "127.0.0.1:port". Errors: DEADLINE_EXCEEDED, or INTERNAL with the end of the log
  // when the process ended instead.
  absl::StatusOr<std::string> WaitReady(int timeout_ms);
  // kill -9 and wait.
  void Kill();
  // SIGTERM and wait; returns the exit status (128 + signal when one ended it, 137 when it had to be killed).
  int Stop(int timeout_ms);
  // True while the process has not ended.
  bool Running();
  // Waits for its end; false if it still runs after `timeout_ms`.
  bool WaitEnd(int timeout_ms);
  // True once it has ended by SIGKILL, whoever sent it.
  bool EndedByKill();
  // The last lines of its log.
  std::string LogTail() const;

  pid_t pid() const { return pid_; }
  std::string data_directory() const { return options_.directory + "/data"; }

 private:
  ServerProcess(Options options, pid_t pid) : options_(std::move(options)), pid_(pid) {}
  bool Reap(int flags);

  const Options options_;
  const pid_t pid_;
  bool ended_ = false;
  int wait_status_ = 0;
};

// Anonymous resident memory of a process in bytes, from /proc; 0 when it is gone.
uint64_t AnonymousBytes(pid_t pid);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_SERVER_PROCESS_H_
