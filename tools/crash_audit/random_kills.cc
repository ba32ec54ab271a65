#include "tools/crash_audit/random_kills.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/crash_audit/server_rows.h"

namespace cortex::audit {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

absl::Status Shell(const std::string& command) {
  if (std::system(command.c_str()) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("failed: ", command));
}

}  // namespace

absl::Status RandomKills::Run() {
  for (int round = 1; round <= options_.rounds && totals_->clean(); ++round) RETURN_IF_ERROR(Round(round));
  return FinalRound();
}

std::string RandomKills::Summary() const {
  return absl::StrFormat("%d rounds, %d kills (%d while starting), %d graceful stops", rounds_done_, kills_,
                         kills_while_starting_, stops_);
}

// In one of eight rounds a first server is killed before it is ready.
absl::Status RandomKills::Start(int round) {
  if (round > 1 && random_() % 8 == 0) {
    RETURN_IF_ERROR(server_->Spawn());
    std::this_thread::sleep_for(std::chrono::milliseconds(RandomMs(1, 120)));
    server_->process().Kill();
    ++kills_;
    ++kills_while_starting_;
  }
  RETURN_IF_ERROR(server_->Spawn());
  return server_->Connect();
}

absl::Status RandomKills::Round(int round) {
  const auto started = Clock::now();
  RETURN_IF_ERROR(Start(round));
  const double start_ms = MillisecondsSince(started);
  RETURN_IF_ERROR(server_->Audit());
  const double audit_ms = MillisecondsSince(started) - start_ms;

  server_->BeginLoad(random_());
  const int load_ms = RandomMs(options_.min_ms, options_.max_ms);
  std::this_thread::sleep_for(std::chrono::milliseconds(load_ms));
  ASSIGN_OR_RETURN(const std::string way, End());
  ++rounds_done_;
  const Findings& found = server_->findings();
  absl::PrintF("round %3d/%d: start %4.0f ms, audit %4.0f ms of %d rows, load %4d ms, %s; %s\n", round, options_.rounds,
               start_ms, audit_ms, found.audited, load_ms, way, Describe(found));
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::StatusOr<std::string> RandomKills::End() {
  client::ServerProcess& process = server_->process();
  std::string way = options_.cut.empty() ? "kill" : "cut";
  if (!process.Running()) {
    server_->Complain(absl::StrCat("the server ended by itself:\n", process.LogTail()));
  } else if (!options_.cut.empty()) {
    server_->ExpectErrors();
    RETURN_IF_ERROR(Shell(options_.cut));
    process.Kill();
    ++kills_;
  } else if (random_() % 10 == 0) {
    const int status = process.Stop(kReadyMs);
    if (status != 0) server_->Complain(absl::StrCat("SIGTERM ended with status ", status, ":\n", process.LogTail()));
    ++stops_;
    way = "stop";
  } else {
    process.Kill();
    ++kills_;
  }
  server_->EndLoad();
  if (!options_.restore.empty()) RETURN_IF_ERROR(Shell(options_.restore));
  return way;
}

absl::Status RandomKills::FinalRound() {
  for (int pass = 0; pass < 2; ++pass) {
    RETURN_IF_ERROR(server_->Spawn("", /*quiet=*/true));
    RETURN_IF_ERROR(server_->Connect());
    RETURN_IF_ERROR(server_->Audit());
    ASSIGN_OR_RETURN(const std::string tiers, TierSummary(server_->connection()));
    absl::PrintF("final audit: %d rows (%s); %s\n", server_->findings().audited, tiers, Describe(server_->findings()));
    if (pass == 1) RETURN_IF_ERROR(server_->CheckFiles());
    if (const int status = server_->process().Stop(kReadyMs); status != 0) {
      server_->Complain(absl::StrCat("SIGTERM ended with status ", status, ":\n", server_->process().LogTail()));
    }
  }
  return absl::OkStatus();
}

}  // namespace cortex::audit
