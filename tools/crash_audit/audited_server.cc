#include "tools/crash_audit/audited_server.h"

#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"
#include "tools/crash_audit/expired_rows.h"
#include "tools/crash_audit/server_rows.h"
#include "tools/crash_audit/state_table.h"

namespace cortex::audit {
namespace {

// Backups one finds there; more would fill a small disk.
constexpr int kMaxBackups = 6;

std::string BackupsOf(const std::string& directory) { return directory + "/backups"; }

client::ServerProcess::Options ProcessOptions(std::string binary, std::string directory,
                                              const std::vector<std::string>& flags) {
  client::ServerProcess::Options options;
  options.binary = std::move(binary);
  options.directory = std::move(directory);
  // Small limits, so that sealing, log rotation, checkpoints and moves all happen within a round.
  options.flags = {"--data.builtin_tables=false",  "--hot.seal_rows=1024",   "--hot.seal_bytes=1MiB",
                   "--wal.file_bytes=1MiB",        "--wal.limit_bytes=8MiB", "--tiering.interval_ms=50",
                   "--memory.budget_bytes=512MiB", "--log.level=warn",
                  // The disk may be a small image.
                  "--data.reserve_bytes=0",       "--data.warm_reserve_bytes=0",
                  "--data.cold_reserve_bytes=0",  "--backup.dir=" + BackupsOf(options.directory)};
  options.flags.insert(options.flags.end(), flags.begin(), flags.end());
  return options;
}

}  // namespace

AuditedServer::AuditedServer(std::string binary, std::string directory, uint64_t seed, AuditTotals* totals,
                             const std::vector<std::string>& flags)
    : process_options_(ProcessOptions(std::move(binary), std::move(directory), flags)),
      seed_(seed),
      totals_(totals),
      ledger_(seed),
      producer_(seed, kProducerWriter, &ledger_),
      random_(seed) {}

AuditedServer::~AuditedServer() {
  EndLoad();
  totals_->acknowledged_rows += ledger_.acknowledged_rows();
  totals_->replays += producer_.replays();
}

absl::Status AuditedServer::Spawn(const std::string& kill_order, bool quiet) {
  EndLoad();
  connection_.reset();
  process_.reset();
  RETURN_IF_ERROR(ForgetOldBackups());
  client::ServerProcess::Options options = process_options_;
  if (!kill_order.empty()) options.environment.push_back(absl::StrCat(kKillPointVariable, "=", kill_order));
  if (quiet) options.flags.push_back("--tiering.interval_ms=0");
  ASSIGN_OR_RETURN(process_, client::ServerProcess::Spawn(options));
  return absl::OkStatus();
}

absl::Status AuditedServer::ForgetOldBackups() const {
  const std::string backups = BackupsOf(process_options_.directory);
  std::error_code error;
  const auto entries = std::filesystem::directory_iterator(backups, error);
  if (error || std::distance(begin(entries), end(entries)) <= kMaxBackups) return absl::OkStatus();
  std::filesystem::remove_all(backups, error);
  return error ? absl::InternalError(absl::StrCat("cannot remove ", backups, ": ", error.message())) : absl::OkStatus();
}

absl::Status AuditedServer::TrustClock() {
  process_->Kill();
  return audit::TrustClock(process_->data_directory());
}

absl::Status AuditedServer::Connect() {
  ASSIGN_OR_RETURN(const std::string endpoint, process_->WaitReady(kReadyMs));
  ASSIGN_OR_RETURN(connection_, client::Connect(endpoint, kReadyMs));
  return CreateTables(*connection_);
}

absl::Status AuditedServer::Audit() {
  Findings findings;
  ASSIGN_OR_RETURN(std::vector<std::string> complaints, producer_.Replay(*connection_, &random_));
  for (std::string& complaint : complaints) Complain(std::move(complaint));
  ASSIGN_OR_RETURN(const StateReadings states, ReadStates(*connection_, states_.commits()));
  findings.Add(states_.Audit(states));
  ASSIGN_OR_RETURN(const std::vector<AuditRow> events, ReadAllRows(*connection_, kEventsTable));
  ASSIGN_OR_RETURN(const std::vector<AuditRow> entities, ReadAllRows(*connection_, kEntitiesTable));
  findings.Add(ledger_.AuditEvents(events));
  findings.Add(ledger_.AuditEntities(entities));
  ASSIGN_OR_RETURN(const uint64_t expired, CountRows(*connection_, kExpiredTable));
  findings.wrong += expired;
  findings_ = findings;
  totals_->findings.Add(findings);
  ++audits_;
  return CompareGet(entities);
}

absl::Status AuditedServer::AuditCurrent() {
  ASSIGN_OR_RETURN(const std::vector<AuditRow> entities, ReadAllRows(*connection_, kEntitiesTable));
  Findings findings = ledger_.AuditEntities(entities);
  const EventRows known = ledger_.CountEvents();
  const uint64_t at_least = EventRows::AtLeast(known, known), at_most = EventRows::AtMost(known, known);
  ASSIGN_OR_RETURN(const uint64_t events, CountRows(*connection_, kEventsTable));
  findings.audited += events;
  if (events < at_least) findings.lost += at_least - events;
  if (events > at_most) findings.duplicated += events - at_most;
  findings_ = findings;
  totals_->findings.Add(findings);
  return CompareGet(entities);
}

absl::Status AuditedServer::CompareGet(const std::vector<AuditRow>& entities) {
  std::vector<AuditRow> expected;
  std::vector<std::string> keys;
  const size_t step = 1 + (seed_ + audits_) % 16;  // others each time
  for (size_t i = 0; i < entities.size() && keys.size() < 100; i += step) {
    expected.push_back(entities[i]);
    keys.push_back(entities[i].key);
  }
  if (keys.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<AuditRow> got, GetRows(*connection_, kEntitiesTable, keys));
  Findings findings;
  findings.audited = got.size();
  if (got.size() < expected.size()) findings.lost = expected.size() - got.size();
  for (size_t i = 0; i < got.size() && i < expected.size(); ++i) findings.wrong += got[i] == expected[i] ? 0 : 1;
  findings_.Add(findings);
  totals_->findings.Add(findings);
  return absl::OkStatus();
}

absl::Status AuditedServer::CheckFiles() {
  // Full groups that came back from the log are sealed in the background.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(kReadyMs);
  for (;;) {
    ASSIGN_OR_RETURN(const std::string wrong, CompareFiles());
    if (wrong.empty()) return absl::OkStatus();
    if (std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    Complain(wrong);
    return absl::OkStatus();
  }
}

absl::StatusOr<std::string> AuditedServer::CompareFiles() {
  ASSIGN_OR_RETURN(const uint64_t segments, CountSealedSegments(*connection_));
  uint64_t files = 0;
  for (const char* tier : {"warm", "cold"}) {
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(absl::StrCat(process_->data_directory(), "/", tier), error)) {
      if (entry.path().extension() == ".seg") ++files;
      if (entry.path().extension() == ".tmp") return absl::StrCat("left over: ", entry.path().string());
    }
    if (error) return absl::InternalError(absl::StrCat("cannot list tier ", tier, ": ", error.message()));
  }
  if (files == segments) return std::string();
  return absl::StrCat(files, " segment files for ", segments, " segments");
}

void AuditedServer::BeginLoad(uint64_t seed, int batches_per_s, bool scans) {
  LoadOptions options;
  options.connection = &*connection_;
  options.seed = seed;
  options.batches_per_s = batches_per_s;
  options.scans = scans;
  options.row_seed = seed_;
  // Under a long load rows are to leave memory because it is full, not because they were asked to.
  if (scans) options.rounds_per_move = 256;
  // A soak looks at the present only.
  const LoadBooks books = {.rows = &ledger_, .states = scans ? nullptr : &states_, .producer = scans ? nullptr : &producer_};
  load_ = std::make_unique<Load>(options, books);
}

void AuditedServer::EndLoad() {
  if (load_ == nullptr) return;
  load_->Stop();
  for (std::string& complaint : load_->complaints()) totals_->complaints.push_back(std::move(complaint));
  totals_->moves += load_->moves();
  totals_->changes += load_->changes();
  totals_->queries += load_->queries();
  totals_->refusals += load_->refusals();
  load_.reset();
}

}  // namespace cortex::audit
