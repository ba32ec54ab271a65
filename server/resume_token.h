// Where a subscription goes on, as text that clients keep and give back: "<table id>.<commit>" behind a whole commit,
// "<table id>.<commit>.<shard>.<ordinal>" behind one of its rows. The id makes a token of a dropped table useless for the
// next one of that name.
#ifndef CORTEX_SERVER_RESUME_TOKEN_H_
#define CORTEX_SERVER_RESUME_TOKEN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

struct ResumePlace {
  TableId table;
  Commit commit = 0;
  // Of the last row that was seen; both at their maximum: all rows of the commit were.
  uint32_t shard = UINT32_MAX;
  uint32_t ordinal = UINT32_MAX;

  bool operator==(const ResumePlace&) const = default;
};

std::string EncodeResumeToken(const ResumePlace& place);
// Errors: INVALID_ARGUMENT for anything EncodeResumeToken does not make.
absl::StatusOr<ResumePlace> DecodeResumeToken(std::string_view token);

}  // namespace cortex

#endif  // CORTEX_SERVER_RESUME_TOKEN_H_
