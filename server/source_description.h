// What a federating query planner needs to know: schema, pushdowns, statistics, cost per tier. Used by DescribeSource
// and by the connector that registers this server.
#ifndef CORTEX_SERVER_SOURCE_DESCRIPTION_H_
#define CORTEX_SERVER_SOURCE_DESCRIPTION_H_

#include <string>

#include "absl/status/status.h"
#include "cortex/datastore/v1/stats_service.pb.h"
#include "server/definition_proto.h"
#include "storage/database.h"

namespace cortex {

// Only `table`, or all if empty. Errors: NOT_FOUND.
absl::Status DescribeSource(const Database& database, const std::string& table, wire::SourceDescription* out);

void SetFileStats(uint64_t raw_bytes, uint64_t stored_bytes, wire::FileStats* out);

// Statistics of one table as the wire has them; columns only on request.
void TableStatsToProto(const TableStats& stats, bool include_columns, wire::TableStats* proto);

// The tables asked for: one, or all sorted by name. Errors: NOT_FOUND.
absl::StatusOr<std::vector<TableStats>> CollectTableStats(const Database& database, const std::string& table);

}  // namespace cortex

#endif  // CORTEX_SERVER_SOURCE_DESCRIPTION_H_
