// Reads what the server holds, for comparison with the ledger.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_SERVER_ROWS_H_
#define CORTEX_TOOLS_CRASH_AUDIT_SERVER_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/client/connection.h"
#include "tools/crash_audit/audit_rows.h"

namespace cortex::audit {

// Every row of one of the audit tables.
absl::StatusOr<std::vector<AuditRow>> ReadAllRows(const client::Connection& connection, const char* table);

// The current rows of some keys through Get, which takes another way than queries. Keys without a row are left out.
absl::StatusOr<std::vector<AuditRow>> GetRows(const client::Connection& connection, const char* table,
                                              const std::vector<std::string>& keys);

// Creates all three tables unless they exist.
absl::Status CreateTables(const client::Connection& connection);

// "hot 1200 in 40, warm 300 in 12, cold 50 in 2, charged 90 MiB": rows and segments per tier over all tables.
absl::StatusOr<std::string> TierSummary(const client::Connection& connection);

// What count(*) says.
absl::StatusOr<uint64_t> CountRows(const client::Connection& connection, const char* table);
// Segments of all tables that have a file, wherever they are served from.
absl::StatusOr<uint64_t> CountSealedSegments(const client::Connection& connection);

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_SERVER_ROWS_H_
