#include "server/source_description.h"

#include <algorithm>

#include "codecs/bytes/status_macros.h"
#include "codecs/codec.h"
#include "server/server_core.h"

namespace cortex {
namespace {

constexpr double kBytesPerMb = 1 << 20;
constexpr double kBytesPerGb = 1 << 30;

double Ratio(uint64_t raw, uint64_t stored) {
  return stored == 0 ? 0 : static_cast<double>(raw) / static_cast<double>(stored);
}

void ColumnStatsToProto(const TierStats& tier, wire::TableStats* proto) {
  for (const ColumnStats& column : tier.columns) {
    wire::ColumnStats* out = proto->add_columns();
    out->set_column(column.name);
    out->set_tier(TierToProto(tier.tier));
    out->set_raw_bytes(column.raw_bytes);
    out->set_stored_bytes(column.stored_bytes);
    out->set_compression_ratio(Ratio(column.raw_bytes, column.stored_bytes));
    if (column.statement.has_value()) {
      out->set_max_error(column.statement->error.max);
      out->set_rms_error(column.statement->error.rms);
      const ZptvContract& contract = column.statement->contract;
      if (contract.kind != ZptvContract::Kind::kLossless) ContractToProto(contract, out->mutable_contract());
    }
    for (const auto& [encoding, chunks] : column.chunks_by_encoding) {
      wire::EncodingCount* count = out->add_encodings();
      count->set_encoding(std::string(EncodingName(encoding)));
      count->set_chunk_count(chunks);
    }
  }
}

void TierStatsToProto(const TierStats& tier, size_t column_count, wire::TierStats* out) {
  const bool in_memory = tier.tier == Tier::kHot;
  out->set_tier(TierToProto(tier.tier));
  out->set_row_count(tier.row_count);
  out->set_segment_count(tier.segment_count);
  out->set_column_count(static_cast<uint32_t>(column_count));
  out->set_raw_bytes(tier.raw_bytes);
  out->set_stored_bytes(tier.stored_bytes);
  out->set_memory_mb(in_memory ? static_cast<double>(tier.stored_bytes) / kBytesPerMb : 0);
  out->set_disk_gb(in_memory ? 0 : static_cast<double>(tier.stored_bytes) / kBytesPerGb);
  out->set_compression_ratio(Ratio(tier.raw_bytes, tier.stored_bytes));
  out->set_archive_count(tier.tier == Tier::kCold ? tier.segment_count : 0);
  out->set_oldest_time_ns(tier.min_time.value_or(0));
  out->set_newest_time_ns(tier.max_time.value_or(0));
}

// What one tier costs by design (README, "Numbers to be proud of"); the planner scales by its own measurements.
void AddTierCosts(wire::SourceDescription* out) {
  const struct {
    Tier tier;
    double lookup_us, scan_bytes_per_second;
  } costs[] = {{Tier::kHot, 100, 3.2e9}, {Tier::kWarm, 1'000, 6.4e8}, {Tier::kCold, 10'000, 6.4e7}};
  for (const auto& cost : costs) {
    wire::TierCost* entry = out->add_tier_costs();
    entry->set_tier(TierToProto(cost.tier));
    entry->set_lookup_us(cost.lookup_us);
    entry->set_scan_bytes_per_second(cost.scan_bytes_per_second);
  }
}

}  // namespace

void SetFileStats(uint64_t raw_bytes, uint64_t stored_bytes, wire::FileStats* out) {
  out->set_raw_bytes(raw_bytes);
  out->set_stored_bytes(stored_bytes);
  out->set_compression_ratio(Ratio(raw_bytes, stored_bytes));
}

void TableStatsToProto(const TableStats& stats, bool include_columns, wire::TableStats* proto) {
  proto->set_table(stats.table->name);
  uint64_t rows = 0, raw_in_files = 0, files = 0;
  for (const TierStats& tier : stats.tiers) {
    rows += tier.row_count;
    if (tier.tier != Tier::kHot) {
      raw_in_files += tier.raw_bytes;
      files += tier.stored_bytes;
    }
    TierStatsToProto(tier, stats.table->columns.size(), proto->add_tiers());
    if (include_columns) ColumnStatsToProto(tier, proto);
  }
  proto->set_row_count(rows);
  SetFileStats(raw_in_files, files, proto->mutable_files());
}

absl::StatusOr<std::vector<TableStats>> CollectTableStats(const Database& database, const std::string& table) {
  std::vector<TableStats> all;
  if (!table.empty()) {
    ASSIGN_OR_RETURN(all.emplace_back(), database.GetTableStats(table));
    return all;
  }
  for (const auto& definition : database.ListTables()) {
    absl::StatusOr<TableStats> stats = database.GetTableStats(definition->name);
    if (stats.ok()) all.push_back(std::move(stats).value());  // else dropped meanwhile
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.table->name < b.table->name; });
  return all;
}

absl::Status DescribeSource(const Database& database, const std::string& table, wire::SourceDescription* out) {
  ASSIGN_OR_RETURN(const std::vector<TableStats> tables, CollectTableStats(database, table));
  out->set_name("cortex_datastore");
  out->set_version(kServerVersion);
  for (const char* capability : {"columnar", "css_native", "fmo_aware"}) out->add_capabilities(capability);
  for (const char* pushdown : {"projection", "filter", "aggregate", "order_by", "limit", "distance"}) {
    out->add_pushdowns(pushdown);
  }
  for (const char* function : {"css_distance", "l2_distance", "cosine_distance", "inner_product"}) {
    out->add_functions(function);
  }
  for (const TableStats& stats : tables) {
    wire::TableStats proto;
    TableStatsToProto(stats, false, &proto);
    wire::SourceTable* entry = out->add_tables();
    DefinitionToProto(*stats.table, entry->mutable_definition());
    entry->set_row_count(proto.row_count());
    *entry->mutable_tiers() = std::move(*proto.mutable_tiers());
  }
  AddTierCosts(out);
  return absl::OkStatus();
}

}  // namespace cortex
