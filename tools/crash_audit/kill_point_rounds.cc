#include "tools/crash_audit/kill_point_rounds.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"

namespace cortex::audit {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLoadMs = 3'000;  // until a round gives up waiting for the place
constexpr int kIdleMs = 250;    // then quiet, which some places need
constexpr int kPrepareMs = 300;
constexpr int kMaxMisses = 12;  // in a row
constexpr uint64_t kFirstHighestHit = 4;
constexpr uint64_t kHighestHit = 128;

}  // namespace

absl::Status KillPointRounds::Run() {
  absl::PrintF("%-22s %4s %6s %7s %10s  result\n", "kill point", "hits", "rounds", "seconds", "last audit");
  for (const std::string_view name : KillPointNames()) {
    if (name.find(options_.only) == std::string_view::npos) continue;
    RETURN_IF_ERROR(RunPoint(std::string(name)));
    if (!totals_->clean()) break;
  }
  if (points_ == 0) return absl::InvalidArgumentError(absl::StrCat("no kill point contains \"", options_.only, "\""));
  if (!not_reached_.empty()) {
    totals_->complaints.push_back(
        absl::StrCat("not reached ", options_.hits, " times: ", absl::StrJoin(not_reached_, ", ")));
  }
  return absl::OkStatus();
}

std::string KillPointRounds::Summary() const {
  return absl::StrFormat("%d of %d kill points reached at least %d times, %d hits in %d rounds",
                         points_ - static_cast<int>(not_reached_.size()), points_, options_.hits, hits_, rounds_);
}

absl::Status KillPointRounds::RunPoint(const std::string& name) {
  const auto started = Clock::now();
  const std::string directory = options_.directory + "/" + name;
  AuditedServer server(options_.binary, directory, options_.seed, totals_);
  uint64_t highest_hit = kFirstHighestHit, not_reached = kHighestHit + 1;
  int hits = 0, misses = 0, rounds = 0;
  ++points_;
  must_prepare_ = true;
  while (hits < options_.hits && misses < kMaxMisses && totals_->clean()) {
    if (must_prepare_) RETURN_IF_ERROR(Prepare(name, &server));
    const uint64_t hit = 1 + random_() % highest_hit;
    ASSIGN_OR_RETURN(const bool reached, Provoke(absl::StrCat(name, ":", hit), &server));
    ++rounds;
    hits += reached ? 1 : 0;
    misses = reached ? 0 : misses + 1;
    // What one life cannot reach is not asked for again: a miss costs a whole load.
    if (!reached) not_reached = std::min(not_reached, hit);
    highest_hit = std::clamp<uint64_t>(reached ? highest_hit * 2 : hit / 2, 1, std::max<uint64_t>(1, not_reached - 1));
  }
  RETURN_IF_ERROR(FinalAudit(&server));
  hits_ += hits;
  rounds_ += rounds;
  if (hits < options_.hits) not_reached_.push_back(name);
  absl::PrintF("%-22s %4d %6d %7.1f %10d  %s%s\n", name, hits, rounds,
               std::chrono::duration<double>(Clock::now() - started).count(), server.findings().audited,
               hits < options_.hits ? "NOT REACHED; " : "", Describe(totals_->findings));
  std::fflush(stdout);
  if (!totals_->clean()) return absl::OkStatus();
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  return error ? absl::InternalError(absl::StrCat("cannot remove ", directory, ": ", error.message()))
               : absl::OkStatus();
}

absl::Status KillPointRounds::Prepare(const std::string& name, AuditedServer* server) {
  must_prepare_ = absl::StartsWith(name, "recovery-");
  RETURN_IF_ERROR(server->Spawn());
  RETURN_IF_ERROR(server->Connect());
  RETURN_IF_ERROR(server->Audit());
  if (absl::StartsWith(name, "reclaim")) return server->TrustClock();
  if (!must_prepare_) {
    server->process().Kill();
    return absl::OkStatus();
  }
  // Rows in the log; and a file that no manifest names.
  if (name == "recovery-sweep") {
    RETURN_IF_ERROR(server->Spawn("segment-durable"));
    RETURN_IF_ERROR(server->Connect());
  }
  server->BeginLoad(random_());
  if (server->process().WaitEnd(name == "recovery-sweep" ? kReadyMs : kPrepareMs)) return absl::OkStatus();
  server->process().Kill();
  return absl::OkStatus();
}

absl::StatusOr<bool> KillPointRounds::StartAndAudit(const std::string& order, AuditedServer* server) {
  RETURN_IF_ERROR(server->Spawn(order));
  absl::Status status = server->Connect();
  if (status.ok()) status = server->Audit();
  if (status.ok()) return true;
  if (!server->process().WaitEnd(kReadyMs) || !server->process().EndedByKill()) return status;
  must_prepare_ = true;
  return false;
}

absl::StatusOr<bool> KillPointRounds::Provoke(const std::string& order, AuditedServer* server) {
  ASSIGN_OR_RETURN(const bool alive, StartAndAudit(order, server));
  if (!alive) return true;
  client::ServerProcess& process = server->process();
  server->BeginLoad(random_());
  bool ended = process.WaitEnd(kLoadMs);
  server->EndLoad();
  ended = ended || process.WaitEnd(kIdleMs);
  // The last chance of what happens at the end only.
  const int status = ended ? 0 : process.Stop(kReadyMs);
  if (process.EndedByKill()) return true;
  if (ended || status != 0) {
    server->Complain(absl::StrCat(order, ": the server ended by itself, status ", status, ":\n", process.LogTail()));
  }
  return false;
}

// After the last kill, then again after a stop in peace, when nothing may be left over.
absl::Status KillPointRounds::FinalAudit(AuditedServer* server) {
  for (int pass = 0; pass < 2; ++pass) {
    RETURN_IF_ERROR(server->Spawn("", /*quiet=*/true));
    RETURN_IF_ERROR(server->Connect());
    RETURN_IF_ERROR(server->Audit());
    if (pass == 1) RETURN_IF_ERROR(server->CheckFiles());
    if (const int status = server->process().Stop(kReadyMs); status != 0) {
      server->Complain(absl::StrCat("SIGTERM ended with status ", status, ":\n", server->process().LogTail()));
    }
  }
  return absl::OkStatus();
}

}  // namespace cortex::audit
