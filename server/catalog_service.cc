#include "server/catalog_service.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/database.h"

namespace cortex {
namespace {

constexpr uint32_t kMaxPageSize = 1'000;

void Describe(const TableDefinition& table, wire::TableDescription* out) {
  out->set_table_id(table.id.value());
  out->set_schema_id(table.schema_id);
  DefinitionToProto(table, out->mutable_definition());
}

absl::Status DoCreateTable(Database* database, const wire::CreateTableRequest& request,
                           wire::CreateTableResponse* response) {
  if (!request.has_definition()) return InvalidField("definition", "definition is missing");
  ASSIGN_OR_RETURN(TableDefinition definition, DefinitionFromProto(request.definition()));
  auto created = database->CreateTable(std::move(definition));
  if (absl::IsAlreadyExists(created.status()) && request.if_not_exists()) {
    ASSIGN_OR_RETURN(const auto existing, database->FindTable(request.definition().name()));
    Describe(*existing, response->mutable_table());
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(created.status());
  Describe(**created, response->mutable_table());
  response->set_created(true);
  return absl::OkStatus();
}

absl::Status DoAlterTable(Database* database, const wire::AlterTableRequest& request,
                          wire::AlterTableResponse* response) {
  if (request.table().empty()) return InvalidField("table", "table is missing");
  ASSIGN_OR_RETURN(const TableChange change, ChangeFromProto(request));
  ASSIGN_OR_RETURN(const auto altered, database->AlterTable(request.table(), change));
  Describe(*altered, response->mutable_table());
  return absl::OkStatus();
}

uint64_t RowCount(const Database& database, const std::string& table) {
  const absl::StatusOr<TableStats> stats = database.GetTableStats(table);
  uint64_t rows = 0;
  if (stats.ok()) {  // else dropped meanwhile
    for (const TierStats& tier : stats->tiers) rows += tier.row_count;
  }
  return rows;
}

absl::Status DoListTables(const Database& database, const wire::ListTablesRequest& request,
                          wire::ListTablesResponse* response) {
  if (request.page_size() > kMaxPageSize) {
    return InvalidField("page_size",
                        absl::StrFormat("page_size is at most %d, got %d", kMaxPageSize, request.page_size()));
  }
  const uint32_t page_size = request.page_size() == 0 ? kMaxPageSize : request.page_size();
  auto tables = database.ListTables();
  std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
  for (const auto& table : tables) {
    if (table->name <= request.page_token()) continue;  // the token is the last name of the page before
    if (static_cast<uint32_t>(response->tables_size()) == page_size) {
      response->set_next_page_token(response->tables(response->tables_size() - 1).name());
      break;
    }
    wire::TableSummary* summary = response->add_tables();
    summary->set_name(table->name);
    summary->set_kind(static_cast<wire::TableKind>(table->kind));
    summary->set_row_count(RowCount(database, table->name));
    summary->set_column_count(static_cast<uint32_t>(table->columns.size()));
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* CatalogServiceImpl::CreateTable(grpc::CallbackServerContext* context,
                                                          const wire::CreateTableRequest* request,
                                                          wire::CreateTableResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "CatalogService/CreateTable", context, request->ByteSizeLong(), [=, this] {
    return WithReason(DoCreateTable(core_.database, *request, response), kReasonInvalidDefinition);
  });
}

grpc::ServerUnaryReactor* CatalogServiceImpl::AlterTable(grpc::CallbackServerContext* context,
                                                         const wire::AlterTableRequest* request,
                                                         wire::AlterTableResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "CatalogService/AlterTable", context, request->ByteSizeLong(), [=, this] {
    return WithReason(DoAlterTable(core_.database, *request, response), kReasonInvalidDefinition);
  });
}

grpc::ServerUnaryReactor* CatalogServiceImpl::DropTable(grpc::CallbackServerContext* context,
                                                        const wire::DropTableRequest* request,
                                                        wire::DropTableResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "CatalogService/DropTable", context, request->ByteSizeLong(), [=, this] {
    const absl::Status dropped = core_.database->DropTable(request->table());
    if (absl::IsNotFound(dropped) && request->if_exists()) return absl::OkStatus();
    response->set_dropped(dropped.ok());
    return dropped;
  });
}

grpc::ServerUnaryReactor* CatalogServiceImpl::DescribeTable(grpc::CallbackServerContext* context,
                                                            const wire::DescribeTableRequest* request,
                                                            wire::DescribeTableResponse* response) {
  return RunUnary(core_, CallClass::kLookup, "CatalogService/DescribeTable", context, request->ByteSizeLong(),
                  [=, this]() -> absl::Status {
                    ASSIGN_OR_RETURN(const auto table, core_.database->FindTable(request->table()));
                    Describe(*table, response->mutable_table());
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* CatalogServiceImpl::ListTables(grpc::CallbackServerContext* context,
                                                         const wire::ListTablesRequest* request,
                                                         wire::ListTablesResponse* response) {
  return RunUnary(core_, CallClass::kLookup, "CatalogService/ListTables", context, request->ByteSizeLong(),
                  [=, this] { return DoListTables(*core_.database, *request, response); });
}

grpc::ServerUnaryReactor* CatalogServiceImpl::CreateReference(grpc::CallbackServerContext* context,
                                                              const wire::CreateReferenceRequest*,
                                                              wire::CreateReferenceResponse*) {
  return AnswerNotBuilt(core_, "CatalogService/CreateReference", context,
                        "named references are not built yet; pass the vector as a parameter");
}

grpc::ServerUnaryReactor* CatalogServiceImpl::ListReferences(grpc::CallbackServerContext* context,
                                                             const wire::ListReferencesRequest*,
                                                             wire::ListReferencesResponse*) {
  return AnswerNotBuilt(core_, "CatalogService/ListReferences", context, "named references are not built yet");
}

}  // namespace cortex
