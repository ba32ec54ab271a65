#include "tools/crash_audit/expired_rows.h"

#include <memory>

#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/clock.h"
#include "storage/tiers/tier_context.h"

namespace cortex::audit {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int kRows = 5;

}  // namespace

v1::TableDefinition ExpiredTable() {
  v1::TableDefinition table;
  table.set_name(kExpiredTable);
  table.set_kind(v1::TABLE_KIND_EVENTS);
  table.set_key_column("key");
  table.set_time_column("time");
  v1::ColumnDefinition* const key = table.add_columns();
  key->set_name("key");
  key->mutable_type()->set_kind(v1::DataType::KIND_STRING);
  v1::ColumnDefinition* const time = table.add_columns();
  time->set_name("time");
  time->mutable_type()->set_kind(v1::DataType::KIND_TIMESTAMP);
  table.mutable_tier_policy()->set_ttl_ms(kHourNs / 1'000'000);
  return table;
}

absl::Status SendExpiredRows(const client::Connection& connection, int timeout_ms) {
  v1::IngestRequest request;
  request.set_table(kExpiredTable);
  request.set_tier(v1::TIER_WARM);
  const int64_t then_ns = SystemClock()->NowNanos() - 240 * kHourNs;
  for (int i = 0; i < kRows; ++i) {
    auto& fields = *request.mutable_rows()->add_rows()->mutable_fields();
    fields["key"].set_string_value("key-" + std::to_string(i));
    fields["time"].set_string_value(std::to_string(then_ns));
  }
  grpc::ClientContext context;
  context.set_deadline(client::DeadlineIn(timeout_ms));
  v1::IngestResponse response;
  return client::ToStatus(connection.ingest->Ingest(&context, request, &response));
}

absl::Status TrustClock(const std::string& data_directory) {
  ASSIGN_OR_RETURN(const std::unique_ptr<MetaStore> meta, MetaStore::Open({.dir = data_directory + "/meta"}));
  ManifestEdit edit;
  edit.SetCounter(kTrustedTimeCounter, static_cast<uint64_t>(SystemClock()->NowNanos()));
  return meta->Commit(edit).status();
}

}  // namespace cortex::audit
