#include "server/commit_token.h"

#include "absl/strings/str_format.h"

namespace cortex {

absl::StatusOr<Commit> CommitFromToken(const datastore::v1::CommitToken& token) {
  if (token.epoch() > kEpoch) {
    return absl::OutOfRangeError(absl::StrFormat(
        "epoch %d of a commit token was never given out, the newest is %d; the token is of another server",
        token.epoch(), kEpoch));
  }
  return token.commit();
}

}  // namespace cortex
