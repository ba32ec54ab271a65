#include "server/admin_service.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/backup_calls.h"
#include "server/check_stream.h"
#include "server/long_call.h"
#include "storage/database.h"

namespace cortex {
namespace {

absl::Status DoMoveTier(const ServerCore& core, const grpc::CallbackServerContext& context,
                        const wire::MoveTierRequest& request, wire::MoveTierResponse* response) {
  MoveRequest move;
  move.table = request.table();
  ASSIGN_OR_RETURN(move.from, TierFromProto(request.from(), std::nullopt, "from"));
  ASSIGN_OR_RETURN(move.to, TierFromProto(request.to(), std::nullopt, "to"));
  if (move.from == move.to)
    return InvalidField("to", absl::StrFormat("from and to are both %s", std::string(TierName(move.to))));
  if (request.older_than_ns() != 0) move.max_time_before_ns = request.older_than_ns();
  move.max_rows = request.max_rows();
  move.still_wanted = WhileWanted(core, context, "the move");
  RETURN_IF_ERROR(core.database->FindTable(request.table()).status());
  ASSIGN_OR_RETURN(const MoveResult moved, core.database->MoveTier(move));
  response->set_row_count(moved.rows);
  response->set_segment_count(moved.segments);
  response->set_stored_bytes(moved.stored_bytes);
  return absl::OkStatus();
}

absl::Status DoPin(Database* database, const wire::PinRequest& request, wire::PinResponse* response) {
  std::optional<Tier> slowest;
  if (request.tier() != wire::TIER_UNSPECIFIED) {
    ASSIGN_OR_RETURN(slowest, TierFromProto(request.tier(), std::nullopt, "tier"));
  }
  RETURN_IF_ERROR(database->PinTable(request.table(), slowest));
  response->set_tier(request.tier());
  return absl::OkStatus();
}

absl::Status DoCompact(const ServerCore& core, const grpc::CallbackServerContext& context,
                       const wire::CompactRequest& request, wire::CompactResponse* response) {
  ASSIGN_OR_RETURN(const Tier tier, TierFromProto(request.tier(), Tier::kWarm, "tier"));
  if (tier == Tier::kHot) return InvalidField("tier", "rows in memory are not compacted; name TIER_WARM or TIER_COLD");
  ASSIGN_OR_RETURN(const CompactResult compacted,
                   core.database->CompactTable(request.table(), tier, WhileWanted(core, context, "the merging")));
  response->set_segments_before(compacted.segments_before);
  response->set_segments_after(compacted.segments_after);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* AdminServiceImpl::MoveTier(grpc::CallbackServerContext* context,
                                                     const wire::MoveTierRequest* request,
                                                     wire::MoveTierResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "AdminService/MoveTier", context, request->ByteSizeLong(),
                  [=, this] { return DoMoveTier(core_, *context, *request, response); });
}

grpc::ServerUnaryReactor* AdminServiceImpl::PauseTiering(grpc::CallbackServerContext* context,
                                                         const wire::PauseTieringRequest* request,
                                                         wire::PauseTieringResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "AdminService/PauseTiering", context, request->ByteSizeLong(),
                  [=, this]() -> absl::Status {
                    core_.database->PauseTiering(request->paused());
                    response->set_paused(request->paused());
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetConfig(grpc::CallbackServerContext* context,
                                                      const wire::GetConfigRequest* request,
                                                      wire::GetConfigResponse* response) {
  return RunUnary(core_, CallClass::kLookup, "AdminService/GetConfig", context, request->ByteSizeLong(),
                  [=, this]() -> absl::Status {
                    for (const ConfigValue& value : DescribeConfig(*core_.config)) {
                      wire::ConfigOption* option = response->add_options();
                      option->set_name(value.name);
                      option->set_value(value.value);
                      option->set_source(value.source);
                    }
                    response->set_version(kServerVersion);
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* AdminServiceImpl::Pin(grpc::CallbackServerContext* context, const wire::PinRequest* request,
                                                wire::PinResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "AdminService/Pin", context, request->ByteSizeLong(),
                  [=, this] { return DoPin(core_.database, *request, response); });
}

grpc::ServerWriteReactor<wire::VerifyResponse>* AdminServiceImpl::Verify(grpc::CallbackServerContext* context,
                                                                         const wire::VerifyRequest* request) {
  return StartCheckStream<wire::VerifyResponse>(
      core_, context,
      {.method = "AdminService/Verify", .what = "the verification", .request_bytes = request->ByteSizeLong()},
      [=, this](const VerifyObserver& report) { return core_.database->Verify({.table = request->table()}, report); });
}

grpc::ServerUnaryReactor* AdminServiceImpl::Compact(grpc::CallbackServerContext* context,
                                                    const wire::CompactRequest* request,
                                                    wire::CompactResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "AdminService/Compact", context, request->ByteSizeLong(),
                  [=, this] { return DoCompact(core_, *context, *request, response); });
}

grpc::ServerUnaryReactor* AdminServiceImpl::CreateBackup(grpc::CallbackServerContext* context,
                                                         const wire::CreateBackupRequest* request,
                                                         wire::CreateBackupResponse* response) {
  return RunUnary(core_, CallClass::kMaintenance, "AdminService/CreateBackup", context, request->ByteSizeLong(),
                  [=, this] { return DoCreateBackup(core_, *context, *request, response); });
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListBackups(grpc::CallbackServerContext* context,
                                                        const wire::ListBackupsRequest* request,
                                                        wire::ListBackupsResponse* response) {
  return RunUnary(core_, CallClass::kAdmin, "AdminService/ListBackups", context, request->ByteSizeLong(),
                  [=, this] { return DoListBackups(core_, *request, response); });
}

grpc::ServerWriteReactor<wire::VerifyBackupResponse>* AdminServiceImpl::VerifyBackup(
    grpc::CallbackServerContext* context, const wire::VerifyBackupRequest* request) {
  return StartCheckStream<wire::VerifyBackupResponse>(
      core_, context,
      {.method = "AdminService/VerifyBackup", .what = "the verification", .request_bytes = request->ByteSizeLong()},
      [=, this](const VerifyObserver& report) { return DoVerifyBackup(core_, *request, report); });
}

grpc::ServerUnaryReactor* AdminServiceImpl::RestoreBackup(grpc::CallbackServerContext* context,
                                                          const wire::RestoreBackupRequest* request,
                                                          wire::RestoreBackupResponse* response) {
  return RunUnary(core_, CallClass::kMaintenance, "AdminService/RestoreBackup", context, request->ByteSizeLong(),
                  [=, this] { return DoRestoreBackup(core_, *context, *request, response); });
}

grpc::ServerUnaryReactor* AdminServiceImpl::CreateConnector(grpc::CallbackServerContext* context,
                                                            const wire::CreateConnectorRequest*,
                                                            wire::CreateConnectorResponse*) {
  return AnswerNotBuilt(core_, "AdminService/CreateConnector", context, "connectors are not built yet");
}

grpc::ServerUnaryReactor* AdminServiceImpl::PauseConnector(grpc::CallbackServerContext* context,
                                                           const wire::PauseConnectorRequest*,
                                                           wire::PauseConnectorResponse*) {
  return AnswerNotBuilt(core_, "AdminService/PauseConnector", context, "connectors are not built yet");
}

grpc::ServerUnaryReactor* AdminServiceImpl::ResumeConnector(grpc::CallbackServerContext* context,
                                                            const wire::ResumeConnectorRequest*,
                                                            wire::ResumeConnectorResponse*) {
  return AnswerNotBuilt(core_, "AdminService/ResumeConnector", context, "connectors are not built yet");
}

grpc::ServerUnaryReactor* AdminServiceImpl::GetConnectorLag(grpc::CallbackServerContext* context,
                                                            const wire::GetConnectorLagRequest*,
                                                            wire::GetConnectorLagResponse*) {
  return AnswerNotBuilt(core_, "AdminService/GetConnectorLag", context, "connectors are not built yet");
}

grpc::ServerUnaryReactor* AdminServiceImpl::ReplayConnector(grpc::CallbackServerContext* context,
                                                            const wire::ReplayConnectorRequest*,
                                                            wire::ReplayConnectorResponse*) {
  return AnswerNotBuilt(core_, "AdminService/ReplayConnector", context, "connectors are not built yet");
}

}  // namespace cortex
