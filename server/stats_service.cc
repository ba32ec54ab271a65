#include "server/stats_service.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "codecs/bytes/status_macros.h"
#include "server/commit_token.h"
#include "server/source_description.h"
#include "server/storage_projection.h"
#include "storage/database.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {
namespace {

// Sums the same tier over all tables.
void AddTier(const wire::TierStats& tier, wire::TierStats* sum) {
  const bool first = sum->tier() == wire::TIER_UNSPECIFIED || sum->row_count() == 0;
  if (tier.row_count() > 0) {
    sum->set_oldest_time_ns(first ? tier.oldest_time_ns() : std::min(sum->oldest_time_ns(), tier.oldest_time_ns()));
    sum->set_newest_time_ns(first ? tier.newest_time_ns() : std::max(sum->newest_time_ns(), tier.newest_time_ns()));
  }
  sum->set_tier(tier.tier());
  sum->set_row_count(sum->row_count() + tier.row_count());
  sum->set_segment_count(sum->segment_count() + tier.segment_count());
  sum->set_column_count(std::max(sum->column_count(), tier.column_count()));
  sum->set_raw_bytes(sum->raw_bytes() + tier.raw_bytes());
  sum->set_stored_bytes(sum->stored_bytes() + tier.stored_bytes());
  sum->set_memory_mb(sum->memory_mb() + tier.memory_mb());
  sum->set_disk_gb(sum->disk_gb() + tier.disk_gb());
  sum->set_archive_count(sum->archive_count() + tier.archive_count());
  sum->set_compression_ratio(
      sum->stored_bytes() == 0 ? 0 : static_cast<double>(sum->raw_bytes()) / static_cast<double>(sum->stored_bytes()));
}

void AddFiles(const wire::FileStats& files, wire::FileStats* sum) {
  SetFileStats(sum->raw_bytes() + files.raw_bytes(), sum->stored_bytes() + files.stored_bytes(), sum);
}

void PutServerStats(const ServerCore& core, wire::ServerStats* out) {
  const DatabaseStats stats = core.database->GetStats();
  out->mutable_token()->set_epoch(kEpoch);
  out->mutable_token()->set_commit(stats.visible_commit);
  out->set_wal_bytes(stats.wal_bytes);
  out->set_memory_used_bytes(core.budget->used());
  out->set_memory_budget_bytes(core.budget->limit());
  out->set_tiering_paused(stats.tiering_paused);
  out->set_moves_done(stats.moves_done);
  out->set_moves_failed(stats.moves_failed);
  out->set_moved_bytes(stats.moved_bytes);
  out->set_manifest_version(stats.manifest_version);
  out->set_wal_syncs(stats.wal_syncs);
  out->set_recovered_wal_records(stats.recovered_wal_records);
  out->set_recovery_ms(static_cast<double>(stats.recovery_ns) / 1e6);
  out->set_uptime_seconds(
      static_cast<uint64_t>((core.clock->MonotonicNanos() - core.start_monotonic_ns) / 1'000'000'000));
}

constexpr int64_t kNanosPerMilli = 1'000'000;

void PutTieringStats(const TieringStats& stats, wire::TieringStats* out) {
  out->set_paused(stats.paused);
  out->set_ingested_bytes(stats.ingested_bytes);
  out->set_sealed_bytes(stats.sealed_bytes);
  out->set_moved_bytes(stats.moved_bytes);
  out->set_write_amplification(stats.write_amplification);
  out->set_debt_bytes(stats.debt_bytes);
  out->set_oldest_debt_ms(static_cast<uint64_t>(stats.oldest_debt_ns / kNanosPerMilli));
  out->set_mapped_files(stats.mapped_files);
  out->set_unmapped_files(stats.unmapped_files);
  for (const TierWorkStats& work : stats.work) {
    wire::TierWork* line = out->add_work();
    line->set_kind(work.kind);
    line->set_moves(work.moves);
    line->set_row_count(work.rows);
    line->set_bytes_written(work.bytes_written);
  }
  for (const TierMoveStats& move : stats.queue) {
    wire::TierMove* line = out->add_queue();
    line->set_table(move.table);
    line->set_shard(move.shard);
    line->set_kind(move.kind);
    line->set_tier(TierToProto(move.tier));
    line->set_running(move.running);
    line->set_segment_count(move.segment_count);
    line->set_stored_bytes(move.bytes);
    line->set_waiting_ms(static_cast<uint64_t>(move.waiting_ns / kNanosPerMilli));
  }
}

absl::Status DoGetStats(const ServerCore& core, const wire::GetStatsRequest& request,
                        wire::GetStatsResponse* response) {
  ASSIGN_OR_RETURN(const std::vector<TableStats> tables, CollectTableStats(*core.database, request.table()));
  for (int i = 0; i < 3; ++i) response->add_tiers();
  for (const TableStats& stats : tables) {
    wire::TableStats* table = response->add_tables();
    TableStatsToProto(stats, request.include_columns(), table);
    const absl::StatusOr<std::optional<Tier>> pin = core.database->GetPin(stats.table->name);
    if (pin.ok() && pin->has_value()) table->set_pin(static_cast<wire::Tier>(**pin));  // not ok: dropped meanwhile
    for (const wire::TierStats& tier : table->tiers()) AddTier(tier, response->mutable_tiers(tier.tier() - 1));
    AddFiles(table->files(), response->mutable_files());
  }
  for (int i = 0; i < 3; ++i) response->mutable_tiers(i)->set_tier(static_cast<wire::Tier>(i + 1));
  PutServerStats(core, response->mutable_server());
  PutTieringStats(core.database->GetTieringStats(), response->mutable_tiering());
  return absl::OkStatus();
}

absl::StatusOr<MeasuredRatios> Measure(const Database& database) {
  ASSIGN_OR_RETURN(const std::vector<TableStats> tables, CollectTableStats(database, ""));
  double raw[3] = {}, stored[3] = {};
  for (const TableStats& stats : tables) {
    for (const TierStats& tier : stats.tiers) {
      raw[static_cast<size_t>(tier.tier) - 1] += static_cast<double>(tier.raw_bytes);
      stored[static_cast<size_t>(tier.tier) - 1] += static_cast<double>(tier.stored_bytes);
    }
  }
  MeasuredRatios measured;
  if (raw[1] > 0 && stored[1] > 0) measured.warm = raw[1] / stored[1];
  if (raw[2] > 0 && stored[2] > 0) measured.cold = raw[2] / stored[2];
  return measured;
}

}  // namespace

grpc::ServerUnaryReactor* StatsServiceImpl::GetStats(grpc::CallbackServerContext* context,
                                                     const wire::GetStatsRequest* request,
                                                     wire::GetStatsResponse* response) {
  return RunUnary(core_, CallClass::kLookup, "StatsService/GetStats", context, request->ByteSizeLong(),
                  [=, this] { return DoGetStats(core_, *request, response); });
}

grpc::ServerUnaryReactor* StatsServiceImpl::DescribeSource(grpc::CallbackServerContext* context,
                                                           const wire::DescribeSourceRequest* request,
                                                           wire::DescribeSourceResponse* response) {
  return RunUnary(
      core_, CallClass::kLookup, "StatsService/DescribeSource", context, request->ByteSizeLong(),
      [=, this] { return cortex::DescribeSource(*core_.database, request->table(), response->mutable_source()); });
}

grpc::ServerUnaryReactor* StatsServiceImpl::ProjectStorage(grpc::CallbackServerContext* context,
                                                           const wire::ProjectStorageRequest* request,
                                                           wire::ProjectStorageResponse* response) {
  return RunUnary(core_, CallClass::kLookup, "StatsService/ProjectStorage", context, request->ByteSizeLong(),
                  [=, this]() -> absl::Status {
                    MeasuredRatios measured;
                    if (request->use_measured_ratios()) {
                      ASSIGN_OR_RETURN(measured, Measure(*core_.database));
                    }
                    return cortex::ProjectStorage(*request, measured, response);
                  });
}

}  // namespace cortex
