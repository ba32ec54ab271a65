// The only translation of errors: absl::Status -> grpc::Status with google.rpc details in grpc-status-details-bin.
//
// A status gets details by payload (WithReason, WithFieldViolation, WithRetryAfter) anywhere in this folder; what comes
// from storage and query carries none and gets the reason of its code. The catalogue of reasons is in ERRORS.md.
// RESOURCE_EXHAUSTED and UNAVAILABLE always carry a RetryInfo, but for OUTCOME_UNKNOWN.
#ifndef CORTEX_SERVER_STATUS_MAPPING_H_
#define CORTEX_SERVER_STATUS_MAPPING_H_

#include <grpcpp/support/status.h>

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace cortex {

// Reasons of ErrorInfo, domain "cortex.datastore". ERRORS.md lists them all.
inline constexpr std::string_view kReasonInvalidBatch = "INVALID_BATCH";
inline constexpr std::string_view kReasonInvalidQuery = "INVALID_QUERY";
inline constexpr std::string_view kReasonInvalidDefinition = "INVALID_DEFINITION";
inline constexpr std::string_view kReasonTooManyCalls = "TOO_MANY_CALLS";
inline constexpr std::string_view kReasonMemoryBudget = "MEMORY_BUDGET_FULL";
inline constexpr std::string_view kReasonDraining = "SERVER_DRAINING";
inline constexpr std::string_view kReasonReaderStalled = "READER_STALLED";
inline constexpr std::string_view kReasonSequenceGap = "SEQUENCE_GAP";
inline constexpr std::string_view kReasonSequenceConflict = "SEQUENCE_CONFLICT";
inline constexpr std::string_view kReasonOutcomeUnknown = "OUTCOME_UNKNOWN";
inline constexpr std::string_view kReasonNotBuilt = "NOT_BUILT";

// Copies of `status` with one more detail; OK stays OK. A reason already there is kept: the innermost knows best.
absl::Status WithReason(absl::Status status, std::string_view reason);
absl::Status WithFieldViolation(absl::Status status, std::string_view field);
absl::Status WithRetryAfter(absl::Status status, int64_t retry_after_ms);

// INVALID_ARGUMENT about one field of a request.
absl::Status InvalidField(std::string_view field, std::string_view message);
// UNIMPLEMENTED: parsed, but not built.
absl::Status NotBuilt(std::string_view message);

grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace cortex

#endif  // CORTEX_SERVER_STATUS_MAPPING_H_
