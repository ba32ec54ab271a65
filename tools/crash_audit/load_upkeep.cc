// What a load does beside rows: moves, merges, pins, backups and their restoring, expired rows, tables that come and go.
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/query_runner.h"
#include "tools/crash_audit/expired_rows.h"
#include "tools/crash_audit/load.h"

namespace cortex::audit {
namespace {

constexpr const char* kTables[] = {kEventsTable, kEntitiesTable, kStatesTable};

// Down twice as often as up.
constexpr std::pair<v1::Tier, v1::Tier> kMoves[] = {{v1::TIER_HOT, v1::TIER_WARM},  {v1::TIER_HOT, v1::TIER_WARM},
                                                    {v1::TIER_WARM, v1::TIER_COLD}, {v1::TIER_WARM, v1::TIER_COLD},
                                                    {v1::TIER_COLD, v1::TIER_WARM}, {v1::TIER_WARM, v1::TIER_HOT}};

}  // namespace

void Load::Mover() {
  const client::Connection* const connection = options_.connection;
  std::mt19937_64 random(options_.seed + 100);
  for (uint64_t round = 0; Pace(round); ++round) {
    if (random() % options_.rounds_per_move != 0) continue;
    v1::MoveTierRequest request;
    request.set_table(kTables[random() % (books_.states == nullptr ? 2 : 3)]);
    const auto [from, to] = kMoves[random() % std::size(kMoves)];
    request.set_from(from);
    request.set_to(to);
    request.set_max_rows(2'000);
    grpc::ClientContext context;
    context.set_deadline(client::DeadlineIn(kCallMs));
    v1::MoveTierResponse response;
    const absl::Status status = client::ToStatus(connection->admin->MoveTier(&context, request, &response));
    if (absl::IsFailedPrecondition(status)) continue;  // pinned meanwhile
    if (!Tolerate(status, "move tier")) return;
    if (response.row_count() > 0) ++moves_;
  }
}

// A table that comes, takes a few rows and goes.
void Load::TableMaker() {
  const client::Connection* const connection = options_.connection;
  for (uint64_t round = 0; Pace(round * 5); ++round) {
    const std::string table = absl::StrCat("scratch_", round % 3);
    for (const std::string& cql :
         {absl::StrCat("DROP TABLE IF EXISTS ", table),  // of a process that was killed
          absl::StrCat("CREATE TABLE IF NOT EXISTS ", table, " (k string, t timestamp) KEY k TIME t"),
          absl::StrCat("INSERT INTO ", table, " (k, t) VALUES ('a', NOW()), ('b', NOW())"),
          absl::StrCat("ALTER TABLE ", table, " ADD COLUMN n int32 NULL"),
          absl::StrCat("DROP TABLE IF EXISTS ", table)}) {
      const absl::Status status = client::CollectQuery(*connection, cql, kCallMs).status();
      if (!Tolerate(status, cql.c_str())) return;
      if (!status.ok()) break;  // what follows needs it
    }
  }
}

// What was restored must be whole; nobody opens it.
absl::Status Load::BackUpAndRestore(const client::Connection& connection, uint64_t random) {
  grpc::ClientContext context;
  context.set_deadline(client::DeadlineIn(kCallMs));
  v1::CreateBackupResponse backup;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->CreateBackup(&context, v1::CreateBackupRequest(), &backup)));
  v1::RestoreBackupRequest request;
  request.set_backup_directory(backup.backup_directory());
  request.set_target_directory(absl::StrCat("restored-", random));
  grpc::ClientContext restoring;
  restoring.set_deadline(client::DeadlineIn(kCallMs));
  v1::RestoreBackupResponse restored;
  RETURN_IF_ERROR(client::ToStatus(connection.admin->RestoreBackup(&restoring, request, &restored)));
  if (restored.token().commit() == backup.token().commit()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("a backup of commit ", backup.token().commit(), " restored commit ",
                                          restored.token().commit()));
}

void Load::Upkeep() {
  const client::Connection* const connection = options_.connection;
  std::mt19937_64 random(options_.seed + 400);
  for (uint64_t round = 0; Pace(round); ++round) {
    if (random() % 6 != 0) continue;
    const char* const table = kTables[random() % std::size(kTables)];
    grpc::ClientContext context;
    context.set_deadline(client::DeadlineIn(kCallMs));
    absl::Status status;
    const uint64_t dice = random() % 8;
    if (dice == 0) {
      status = BackUpAndRestore(*connection, random());
    } else if (dice == 1) {
      status = SendExpiredRows(*connection, kCallMs);
    } else if (dice < 5) {
      v1::CompactRequest request;
      request.set_table(table);
      request.set_tier(random() % 2 == 0 ? v1::TIER_WARM : v1::TIER_COLD);
      v1::CompactResponse response;
      status = client::ToStatus(connection->admin->Compact(&context, request, &response));
    } else {
      v1::PinRequest request;
      request.set_table(table);
      if (random() % 3 == 0) request.set_tier(v1::TIER_WARM);  // else: let go
      v1::PinResponse response;
      status = client::ToStatus(connection->admin->Pin(&context, request, &response));
    }
    if (!Tolerate(status, "upkeep")) return;
  }
}

}  // namespace cortex::audit
