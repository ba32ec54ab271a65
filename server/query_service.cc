#include "server/query_service.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/query_engine.h"
#include "server/commit_token.h"
#include "server/explain.h"
#include "server/long_call.h"
#include "server/query_messages.h"
#include "server/query_stream.h"
#include "server/result_proto.h"
#include "server/subscription.h"
#include "storage/database.h"

namespace cortex {
namespace {

constexpr int kMaxKeys = 1'024;
constexpr size_t kMaxUnaryBytes = 4'000'000;  // default clients refuse messages above 4 MiB

void PutRows(const LookupResult& found, const std::vector<std::string>& names, wire::ResultFormat format,
             wire::GetResponse* response) {
  const auto rows = static_cast<uint32_t>(std::count(found.found.begin(), found.found.end(), true));
  if (format == wire::RESULT_FORMAT_ROWS) {
    wire::RowBatch* batch = response->mutable_rows();
    for (uint32_t row = 0; row < rows; ++row) RowToProto(names, found.columns, row, batch);
    return;
  }
  wire::ColumnBatch* batch = response->mutable_columns();
  batch->set_row_count(rows);
  for (size_t i = 0; i < found.columns.size(); ++i) {
    ColumnToProto(found.columns[i], names[i], 0, rows, batch->add_columns());
  }
}

// Whether the table still has the schema that `table` is.
bool HasSchemaOf(const Database& database, const TableDefinition& table) {
  const auto now = database.FindTable(table.name);
  return now.ok() && (*now)->id == table.id && (*now)->schema_id == table.schema_id;
}

struct Found {
  std::shared_ptr<const TableDefinition> table;
  std::vector<uint32_t> ordinals;
  LookupResult rows;
};

// Names become ordinals before the lookup takes its snapshot; if the table was altered in between, once more.
absl::StatusOr<Found> Look(Database* database, const wire::GetRequest& request, const StillWanted& still_wanted) {
  const std::vector<std::string> keys(request.keys().begin(), request.keys().end());
  for (;;) {
    Found found;
    ASSIGN_OR_RETURN(found.table, database->FindTable(request.table()));
    ASSIGN_OR_RETURN(found.ordinals, ColumnOrdinals(*found.table, request.columns()));
    SnapshotRequest at;
    ASSIGN_OR_RETURN(at.at_least, CommitFromToken(request.at_least()));
    if (request.has_as_of()) {
      ASSIGN_OR_RETURN(at.as_of, CommitFromToken(request.as_of()));
    }
    at.still_wanted = still_wanted;
    auto rows = database->Lookup(request.table(), keys, found.ordinals, at, kMaxUnaryBytes);
    const bool same = rows.ok() ? rows->table->schema_id == found.table->schema_id
                                : !absl::IsFailedPrecondition(rows.status()) || HasSchemaOf(*database, *found.table);
    if (!same) continue;
    RETURN_IF_ERROR(rows.status());
    found.rows = *std::move(rows);
    return found;
  }
}

absl::Status DoGet(Database* database, const wire::GetRequest& request, const StillWanted& still_wanted,
                   wire::GetResponse* response) {
  if (request.keys_size() < 1 || request.keys_size() > kMaxKeys) {
    return InvalidField("keys", absl::StrFormat("a Get takes 1 to %d keys, got %d", kMaxKeys, request.keys_size()));
  }
  ASSIGN_OR_RETURN(const Found found_rows, Look(database, request, still_wanted));
  const auto& [table, ordinals, found] = found_rows;

  std::vector<std::string> names;
  for (const uint32_t ordinal : ordinals) {
    const ColumnDefinition& column = table->columns[ordinal];
    names.push_back(column.name);
    wire::ResultColumn* out = response->mutable_schema()->add_columns();
    out->set_name(column.name);
    out->set_nullable(column.nullable);
    TypeToProto(column.type, out->mutable_type());
  }
  for (size_t i = 0; i < found.found.size(); ++i) {
    response->add_found(found.found[i]);
    response->add_tiers(found.found[i] ? TierToProto(found.tier[i]) : wire::TIER_UNSPECIFIED);
    response->add_commits(found.found[i] ? found.commit[i] : 0);
  }
  PutRows(found, names, request.format(), response);
  response->mutable_token()->set_epoch(kEpoch);
  response->mutable_token()->set_commit(found.as_of);
  const size_t bytes = response->ByteSizeLong();
  if (bytes <= kMaxUnaryBytes) return absl::OkStatus();
  response->Clear();
  return absl::OutOfRangeError(
      absl::StrFormat("the rows are too large for one message: %d bytes, at most %d; ask for fewer keys or columns, or "
                      "use Query, which streams",
                      bytes, kMaxUnaryBytes));
}

}  // namespace

grpc::ServerWriteReactor<wire::QueryResponse>* QueryServiceImpl::Query(grpc::CallbackServerContext* context,
                                                                       const wire::QueryRequest* request) {
  return StartQueryStream(core_, context, request);
}

grpc::ServerUnaryReactor* QueryServiceImpl::Get(grpc::CallbackServerContext* context, const wire::GetRequest* request,
                                                wire::GetResponse* response) {
  return RunUnary(core_, CallClass::kLookup, "QueryService/Get", context, request->ByteSizeLong(),
                  [=, this] {
                    const auto still_wanted = [context] { return CheckNotCancelled(*context, "the Get"); };
                    return DoGet(core_.database, *request, still_wanted, response);
                  });
}

grpc::ServerUnaryReactor* QueryServiceImpl::Explain(grpc::CallbackServerContext* context,
                                                    const wire::ExplainRequest* request,
                                                    wire::ExplainResponse* response) {
  // A plain EXPLAIN only plans; with `analyze` the query runs and belongs with the scans.
  const CallClass call_class = request->analyze() ? CallClass::kQuery : CallClass::kLookup;
  return RunUnary(core_, call_class, "QueryService/Explain", context, request->ByteSizeLong(),
                  [=, this] { return ExplainQuery(core_, *context, *request, response); });
}

grpc::ServerWriteReactor<wire::ExpandResponse>* QueryServiceImpl::Expand(grpc::CallbackServerContext*,
                                                                         const wire::ExpandRequest*) {
  return StreamNotBuilt<wire::ExpandResponse>(core_, "QueryService/Expand", "expanding relations is not built yet");
}

grpc::ServerWriteReactor<wire::SimilarResponse>* QueryServiceImpl::Similar(grpc::CallbackServerContext*,
                                                                           const wire::SimilarRequest*) {
  return StreamNotBuilt<wire::SimilarResponse>(core_, "QueryService/Similar",
                                               "searching by signature is not built yet; query with LIKE or =");
}

grpc::ServerWriteReactor<wire::SubscribeResponse>* QueryServiceImpl::Subscribe(grpc::CallbackServerContext*,
                                                                               const wire::SubscribeRequest* request) {
  return StartSubscription(core_, request);
}

grpc::ServerUnaryReactor* QueryServiceImpl::Cancel(grpc::CallbackServerContext* context,
                                                   const wire::CancelRequest* request, wire::CancelResponse* response) {
  // Answered at once on this thread: it must get through when every pool is full.
  CallRecord record(core_.metrics, "QueryService/Cancel");
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::Status status;
  if (request->query_id().empty()) status = InvalidField("query_id", "query_id is missing");
  response->set_cancelled(status.ok() && core_.queries->Cancel(request->query_id()));
  record.Handled(status);
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

grpc::ServerUnaryReactor* QueryServiceImpl::PlanRead(grpc::CallbackServerContext* context, const wire::PlanReadRequest*,
                                                     wire::PlanReadResponse*) {
  return AnswerNotBuilt(core_, "QueryService/PlanRead", context,
                        "parallel reads in parts are not built yet; use Query");
}

grpc::ServerWriteReactor<wire::ReadPartResponse>* QueryServiceImpl::ReadPart(grpc::CallbackServerContext*,
                                                                             const wire::ReadPartRequest*) {
  return StreamNotBuilt<wire::ReadPartResponse>(core_, "QueryService/ReadPart",
                                                "parallel reads in parts are not built yet; use Query");
}

}  // namespace cortex
