#include "tools/crash_audit/soak.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/crash_audit/server_rows.h"

namespace cortex::audit {
namespace {

using Clock = std::chrono::steady_clock;

double MinutesSince(Clock::time_point start) {
  return std::chrono::duration<double, std::ratio<60>>(Clock::now() - start).count();
}

// How long after a load the server may go on refusing reads.
constexpr std::chrono::seconds kMostRest{60};

double Mebibytes(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

absl::Status Soak::Run() {
  AuditedServer server(
      options_.binary, options_.directory, options_.seed, totals_,
      {absl::StrCat("--memory.budget_bytes=", options_.budget_bytes), "--hot.seal_rows=16384", "--hot.seal_bytes=8MiB",
       "--wal.limit_bytes=64MiB", "--wal.file_bytes=8MiB", "--tiering.interval_ms=500", "--metrics.listen=127.0.0.1:0"});
  RETURN_IF_ERROR(server.Spawn());
  RETURN_IF_ERROR(server.Connect());
  server.BeginLoad(options_.seed, options_.batches_per_s, /*scans=*/true);
  Watch(&server);
  server.EndLoad();
  if (!server.process().Running()) return absl::OkStatus();  // complained about
  RETURN_IF_ERROR(AuditAtRest(&server));
  const int status = server.process().Stop(kReadyMs);
  if (status != 0) server.Complain(absl::StrCat("SIGTERM ended with status ", status));
  return absl::OkStatus();
}

// Without load the server has to come back by itself, and soon.
absl::Status Soak::AuditAtRest(AuditedServer* server) {
  const auto began = Clock::now();
  absl::Status status = server->AuditCurrent();
  while (absl::IsResourceExhausted(status) && Clock::now() - began < kMostRest) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    status = server->AuditCurrent();
  }
  rest_s_ = std::chrono::duration<double>(Clock::now() - began).count();
  return status;
}

void Soak::Watch(AuditedServer* server) {
  const uint64_t limit = options_.budget_bytes + options_.budget_bytes / 10;
  const auto started = Clock::now();
  int minutes_told = 0;
  for (; minutes_ < options_.minutes; minutes_ = MinutesSince(started)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    if (!server->process().Running()) {
      return server->Complain(absl::StrCat("the server ended by itself:\n", server->process().LogTail()));
    }
    const uint64_t bytes = client::AnonymousBytes(server->process().pid());
    if (bytes > limit && most_bytes_ <= limit) {
      server->Complain(absl::StrFormat("after %.1f minutes: %.0f MiB of anonymous memory, budget %.0f MiB",
                                       MinutesSince(started), Mebibytes(bytes), Mebibytes(options_.budget_bytes)));
    }
    most_bytes_ = std::max(most_bytes_, bytes);
    if (static_cast<int>(minutes_) <= minutes_told) continue;
    minutes_told = static_cast<int>(minutes_);
    const absl::StatusOr<std::string> tiers = TierSummary(server->connection());
    absl::PrintF("minute %d: %.0f MiB, at most %.0f MiB; rows %s\n", minutes_told, Mebibytes(bytes),
                 Mebibytes(most_bytes_), tiers.ok() ? *tiers : tiers.status().ToString());
    std::fflush(stdout);
  }
}

std::string Soak::Summary() const {
  return absl::StrFormat(
      "%.1f minutes, most anonymous memory %.0f MiB of a budget of %.0f MiB, %d refusals, audited %.0f s after the load",
      minutes_, Mebibytes(most_bytes_), Mebibytes(options_.budget_bytes), totals_->refusals, rest_s_);
}

}  // namespace cortex::audit
