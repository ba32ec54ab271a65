// The whole server: configuration -> storage -> query engine -> services -> gRPC, and back down in the opposite order.
// Tests start one in-process with port 0; main.cc adds only flags, signals and exit codes.
//
// Threads: gRPC's own (callbacks only, nothing blocks there), one pool per class of calls, `acks`, the scan workers,
// one for metrics; storage has its own. All are joined by Shutdown.
#ifndef CORTEX_SERVER_DATASTORE_SERVER_H_
#define CORTEX_SERVER_DATASTORE_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/server_config.h"

namespace cortex {

class DatastoreServer {
 public:
  // Serves when it returns. Blocking: recovery happens here, while the ops port already answers `startup` probes.
  // Errors, each one sentence for the operator: FAILED_PRECONDITION address taken, directory locked or format newer,
  // PERMISSION_DENIED directory not writable, DATA_LOSS damage.
  static absl::StatusOr<std::unique_ptr<DatastoreServer>> Start(LoadedConfig loaded);
  // Shutdown, if that has not happened.
  ~DatastoreServer();

  // Not ready -> wait drain.delay_ms -> refuse new calls -> let running ones finish for drain.timeout_ms -> flush ->
  // close. Everything acknowledged is durable anyway. Blocking; the second call does nothing.
  void Shutdown();
  // For a process that is this server's alone: from now until Shutdown its memory is measured against the budget
  // (process_meter.h).
  void MeterProcess();
  // Cuts the waits of a Shutdown that runs in another thread. Safe from any thread.
  void Hurry();

  // Bound ports; 0 where the service is switched off.
  int port() const;
  int ops_port() const;
  int metrics_port() const;
  // {"grpc_port":..,"ops_port":..,"metrics_port":..,"pid":..}: what server.ready_file gets.
  std::string ReadyJson() const;

 private:
  class Impl;
  explicit DatastoreServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_DATASTORE_SERVER_H_
