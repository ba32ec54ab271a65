// The table of the state ledger on a server: its definition, its changes as calls, its content.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_STATE_TABLE_H_
#define CORTEX_TOOLS_CRASH_AUDIT_STATE_TABLE_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/client/connection.h"
#include "tools/crash_audit/state_ledger.h"

namespace cortex::audit {

v1::TableDefinition StateTable();

// Carries it out: kReplace and kMerge by Ingest into `tier`, the others by CQL. Returns its commit.
absl::StatusOr<uint64_t> SendChange(const client::Connection& connection, const StateChange& change, v1::Tier tier,
                                    int timeout_ms);

// Now, and as of each of the commits.
absl::StatusOr<StateReadings> ReadStates(const client::Connection& connection, const std::vector<uint64_t>& commits);

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_STATE_TABLE_H_
