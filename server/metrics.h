// What Prometheus sees: calls by method and code, rows ingested, refusals, and the figures of storage read at scrape
// time. Names follow the conventions of gRPC (grpc_server_*) and of Prometheus (base units, _total, one prefix
// `cortex_`).
#ifndef CORTEX_SERVER_METRICS_H_
#define CORTEX_SERVER_METRICS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cortex {

class Admission;
class Database;
class MemoryBudget;

// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `method` is "QueryService/Get".
  void CallStarted(std::string_view method);
  void CallHandled(std::string_view method, absl::StatusCode code, double seconds);
  void RowsIngested(uint64_t rows);

  // From now on scrapes also read these; they must outlive the metrics or the next Observe(nullptr, ...).
  void Observe(const Database* database, const MemoryBudget* budget, const Admission* admission);

  // Serves GET /metrics on host:port until StopServing; returns the bound port. Errors: FAILED_PRECONDITION.
  absl::StatusOr<int> Serve(const std::string& host_port);
  void StopServing();

  // The page as text; for tests.
  std::string Text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// One call, from arrival to its status: counts, times, and logs what should worry an operator. Movable.
class CallRecord {
 public:
  CallRecord(Metrics* metrics, std::string method);
  void Handled(const absl::Status& status);

 private:
  Metrics* metrics_;
  std::string method_;
  int64_t start_ns_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_METRICS_H_
