// What the query calls share: parameters and deadlines in, statistics out.
#ifndef CORTEX_SERVER_QUERY_MESSAGES_H_
#define CORTEX_SERVER_QUERY_MESSAGES_H_

#include <grpcpp/server_context.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cortex/datastore/v1/query_service.pb.h"
#include "query/query_engine.h"
#include "server/definition_proto.h"
#include "server/server_core.h"

namespace cortex {

// The end of the call's deadline on the engine's clock, `timeout_ms` (0 = none) included; nullopt: neither is set.
std::optional<int64_t> DeadlineOf(const ServerCore& core, const grpc::CallbackServerContext& context,
                                  uint64_t timeout_ms);

// Positional parameters, then named ones. Errors: INVALID_ARGUMENT naming the parameter.
absl::StatusOr<std::vector<QueryParameter>> ParametersFromProto(
    const google::protobuf::RepeatedPtrField<wire::Value>& positional,
    const google::protobuf::Map<std::string, wire::Value>& named);

// What the columns of a request are in a table; "*" is all of them. Errors: INVALID_ARGUMENT none are named, NOT_FOUND
// with the nearest name.
absl::StatusOr<std::vector<uint32_t>> ColumnOrdinals(const TableDefinition& table,
                                                     const google::protobuf::RepeatedPtrField<std::string>& names);

void StatisticsToProto(const QueryStatistics& statistics, wire::QueryStatistics* proto);

}  // namespace cortex

#endif  // CORTEX_SERVER_QUERY_MESSAGES_H_
