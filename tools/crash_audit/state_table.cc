#include "tools/crash_audit/state_table.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/query_runner.h"
#include "tools/client/wire_column.h"

namespace cortex::audit {
namespace {

using Kind = StateChange::Kind;

constexpr int kColumns = 5;

std::string Condition(const StateChange& change) {
  if (change.keys.empty()) return absl::StrCat("a % ", change.modulus, " = ", change.remainder);
  return absl::StrCat("key IN ('", absl::StrJoin(change.keys, "', '"), "')");
}

std::string Statement(const StateChange& change) {
  if (change.kind == Kind::kUpdate) {
    return absl::StrCat("UPDATE ", kStatesTable, " SET b = a + ", change.number, ", note = '", change.UpdatedNote(),
                        "' WHERE ", Condition(change));
  }
  return absl::StrCat("DELETE FROM ", kStatesTable, " WHERE ", Condition(change),
                      change.kind == Kind::kPurge ? " PURGE" : "");
}

v1::IngestRequest Request(const StateChange& change, v1::Tier tier) {
  v1::IngestRequest request;
  request.set_table(kStatesTable);
  request.set_tier(tier);
  const bool merge = change.kind == Kind::kMerge;
  if (merge) request.set_mode(v1::INGEST_MODE_MERGE);
  const StateRow written = change.Written();
  for (const std::string& key : change.keys) {
    auto& fields = *request.mutable_rows()->add_rows()->mutable_fields();
    fields["key"].set_string_value(key);
    fields["time"].set_string_value(std::to_string(written.time_ns));
    fields["a"].set_string_value(std::to_string(written.a));
    if (merge) continue;
    fields["b"].set_string_value(std::to_string(*written.b));
    fields["note"].set_string_value(*written.note);
  }
  return request;
}

absl::Status AppendRows(const v1::ResultSchema& schema, const v1::ColumnBatch& batch, StateReading* reading) {
  if (batch.row_count() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<client::WireColumn> columns, client::OpenColumns(schema, batch, kColumns));
  for (uint32_t i = 0; i < batch.row_count(); ++i) {
    StateRow row{.time_ns = columns[1].Integer(i), .a = columns[2].Integer(i)};
    if (!columns[3].IsNull(i)) row.b = columns[3].Integer(i);
    if (!columns[4].IsNull(i)) row.note = std::string(columns[4].Bytes(i));
    reading->emplace_back(std::string(columns[0].Bytes(i)), std::move(row));
  }
  return absl::OkStatus();
}

absl::StatusOr<StateReading> Read(const client::Connection& connection, const std::string& moment) {
  v1::QueryRequest request;
  request.set_cql(absl::StrCat("SELECT key, time, a, b, note FROM ", kStatesTable, moment));
  StateReading reading;
  RETURN_IF_ERROR(client::RunQuery(connection, request, 0,
                                   [&](const v1::ResultSchema& schema, const v1::ColumnBatch& batch) {
                                     return AppendRows(schema, batch, &reading);
                                   })
                      .status());
  return reading;
}

}  // namespace

v1::TableDefinition StateTable() {
  v1::TableDefinition table;
  table.set_name(kStatesTable);
  table.set_kind(v1::TABLE_KIND_ENTITIES);
  table.set_key_column("key");
  table.set_time_column("time");
  const auto add = [&](const char* name, v1::DataType::Kind kind, bool nullable) {
    v1::ColumnDefinition* column = table.add_columns();
    column->set_name(name);
    column->mutable_type()->set_kind(kind);
    column->set_nullable(nullable);
  };
  add("key", v1::DataType::KIND_STRING, false);
  add("time", v1::DataType::KIND_TIMESTAMP, false);
  add("a", v1::DataType::KIND_INT64, false);
  add("b", v1::DataType::KIND_INT64, true);
  add("note", v1::DataType::KIND_STRING, true);
  table.mutable_tier_policy()->set_hot_max_rows(300);
  table.mutable_tier_policy()->set_warm_max_bytes(64 << 10);
  return table;
}

absl::StatusOr<uint64_t> SendChange(const client::Connection& connection, const StateChange& change, v1::Tier tier,
                                    int timeout_ms) {
  if (change.kind != Kind::kReplace && change.kind != Kind::kMerge) {
    ASSIGN_OR_RETURN(const client::QueryResult result,
                     client::CollectQuery(connection, Statement(change), timeout_ms));
    return result.trailer.token().commit();
  }
  grpc::ClientContext context;
  context.set_deadline(client::DeadlineIn(timeout_ms));
  v1::IngestResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.ingest->Ingest(&context, Request(change, tier), &response)));
  return response.token().commit();
}

absl::StatusOr<StateReadings> ReadStates(const client::Connection& connection, const std::vector<uint64_t>& commits) {
  StateReadings readings;
  ASSIGN_OR_RETURN(readings.current, Read(connection, ""));
  for (const uint64_t commit : commits) {
    ASSIGN_OR_RETURN(readings.as_of[commit], Read(connection, absl::StrCat(" FOR SYSTEM_TIME AS OF COMMIT ", commit)));
  }
  return readings;
}

}  // namespace cortex::audit
