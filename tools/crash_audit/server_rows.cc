#include "tools/crash_audit/server_rows.h"

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/query_runner.h"
#include "tools/client/wire_column.h"
#include "tools/crash_audit/expired_rows.h"
#include "tools/crash_audit/state_table.h"

namespace cortex::audit {
namespace {

constexpr int kColumns = 7;

absl::Status AppendRows(const v1::ResultSchema& schema, const v1::ColumnBatch& batch, std::vector<AuditRow>* rows) {
  if (batch.row_count() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<client::WireColumn> columns, client::OpenColumns(schema, batch, kColumns));
  for (uint32_t i = 0; i < batch.row_count(); ++i) {
    for (const int never_null : {0, 1, 2, 3, 6}) {
      if (columns[never_null].IsNull(i)) return absl::DataLossError("a column that is never NULL is NULL");
    }
    AuditRow& row = rows->emplace_back();
    row.key = columns[0].Bytes(i);
    row.time_ns = columns[1].Integer(i);
    row.batch_id = columns[2].Integer(i);
    row.row_number = static_cast<int32_t>(columns[3].Integer(i));
    if (!columns[4].IsNull(i)) row.note = std::string(columns[4].Bytes(i));
    if (!columns[5].IsNull(i)) {
      const std::string_view bytes = columns[5].Bytes(i);
      if (bytes.size() != sizeof(*row.state)) return absl::DataLossError("a vector of the wrong length");
      std::memcpy(row.state.emplace().data(), bytes.data(), bytes.size());
    }
    row.digest = columns[6].Integer(i);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<AuditRow>> ReadAllRows(const client::Connection& connection, const char* table) {
  v1::QueryRequest request;
  request.set_cql(absl::StrCat("SELECT ", kAuditColumns, " FROM ", table));
  std::vector<AuditRow> rows;
  ASSIGN_OR_RETURN(const v1::QueryTrailer trailer,
                   client::RunQuery(connection, request, 0, [&](const v1::ResultSchema& schema, const v1::ColumnBatch& batch) {
                     return AppendRows(schema, batch, &rows);
                   }));
  if (trailer.row_count() != rows.size()) {
    return absl::DataLossError(absl::StrFormat("the trailer counts %d rows, %d came", trailer.row_count(), rows.size()));
  }
  return rows;
}

absl::StatusOr<std::vector<AuditRow>> GetRows(const client::Connection& connection, const char* table,
                                              const std::vector<std::string>& keys) {
  v1::GetRequest request;
  request.set_table(table);
  for (const std::string& key : keys) request.add_keys(key);
  const v1::TableDefinition definition = AuditTable(Target::kEntities);
  for (const v1::ColumnDefinition& column : definition.columns()) request.add_columns(column.name());
  grpc::ClientContext context;
  v1::GetResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.query->Get(&context, request, &response)));
  std::vector<AuditRow> rows;
  RETURN_IF_ERROR(AppendRows(response.schema(), response.columns(), &rows));
  return rows;
}

absl::Status CreateTables(const client::Connection& connection) {
  for (const v1::TableDefinition& table :
       {AuditTable(Target::kEvents), AuditTable(Target::kEntities), StateTable(), ExpiredTable()}) {
    v1::CreateTableRequest request;
    *request.mutable_definition() = table;
    request.set_if_not_exists(true);
    grpc::ClientContext context;
    v1::CreateTableResponse response;
    RETURN_IF_ERROR(client::ToStatus(connection.catalog->CreateTable(&context, request, &response)));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> CountRows(const client::Connection& connection, const char* table) {
  ASSIGN_OR_RETURN(const client::QueryResult result,
                   client::CollectQuery(connection, absl::StrCat("SELECT count(*) AS n FROM ", table), 0));
  if (result.batches.empty()) return absl::DataLossError("count(*) gives no row");
  const v1::ColumnBatch& batch = result.batches[0];
  ASSIGN_OR_RETURN(const client::WireColumn count,
                   client::WireColumn::Open(batch.columns(0), result.schema.columns(0).type(), batch.row_count()));
  return static_cast<uint64_t>(count.Integer(0));
}

absl::StatusOr<uint64_t> CountSealedSegments(const client::Connection& connection) {
  ASSIGN_OR_RETURN(const client::QueryResult shown, client::CollectQuery(connection, "SHOW SEGMENTS", 0));
  constexpr int kSegmentColumn = 3;
  uint64_t sealed = 0;
  for (const v1::ColumnBatch& batch : shown.batches) {
    if (batch.columns_size() <= kSegmentColumn) return absl::DataLossError("SHOW SEGMENTS has lost a column");
    ASSIGN_OR_RETURN(const client::WireColumn ids,
                     client::WireColumn::Open(batch.columns(kSegmentColumn),
                                              shown.schema.columns(kSegmentColumn).type(), batch.row_count()));
    for (uint32_t row = 0; row < batch.row_count(); ++row) sealed += ids.Integer(row) != 0 ? 1 : 0;
  }
  return sealed;
}

absl::StatusOr<std::string> TierSummary(const client::Connection& connection) {
  grpc::ClientContext context;
  v1::GetStatsResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.stats->GetStats(&context, v1::GetStatsRequest(), &response)));
  std::string summary;
  for (const v1::TierStats& tier : response.tiers()) {
    absl::StrAppend(&summary, summary.empty() ? "" : ", ", std::string(client::TierName(tier.tier())), " ", tier.row_count(), " in ",
                    tier.segment_count());
  }
  absl::StrAppend(&summary, ", charged ", response.server().memory_used_bytes() >> 20, " MiB");
  return summary;
}

}  // namespace cortex::audit
