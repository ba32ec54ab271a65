// Commit tokens as clients send them back.
#ifndef CORTEX_SERVER_COMMIT_TOKEN_H_
#define CORTEX_SERVER_COMMIT_TOKEN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "cortex/datastore/v1/types.pb.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// The epoch of every commit: this server's log has never moved to another machine.
inline constexpr uint64_t kEpoch = 1;

// The commit of a token; 0 if it is unset. People may leave the epoch out.
// Errors: OUT_OF_RANGE for an epoch that was never given out: the token is another server's.
absl::StatusOr<Commit> CommitFromToken(const datastore::v1::CommitToken& token);

}  // namespace cortex

#endif  // CORTEX_SERVER_COMMIT_TOKEN_H_
