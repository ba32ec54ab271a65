// Rows that expired before they were written: nobody may ever read one, and their files go as soon as the clock is
// trusted. What reclaiming meets under a load, without waiting for days.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_EXPIRED_ROWS_H_
#define CORTEX_TOOLS_CRASH_AUDIT_EXPIRED_ROWS_H_

#include <string>

#include "absl/status/status.h"
#include "tools/client/connection.h"
#include "tools/crash_audit/audit_rows.h"

namespace cortex::audit {

inline constexpr char kExpiredTable[] = "audit_expired";

v1::TableDefinition ExpiredTable();

// A few rows of ten days ago, straight into warm files.
absl::Status SendExpiredRows(const client::Connection& connection, int timeout_ms);

// Notes in a data directory which no process has open that its last process trusted the clock until now; else a new
// server destroys no expired row for a day.
absl::Status TrustClock(const std::string& data_directory);

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_EXPIRED_ROWS_H_
