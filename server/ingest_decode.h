// One ingest request of the wire -> a validated request for the database. Shared by the unary call and the stream.
#ifndef CORTEX_SERVER_INGEST_DECODE_H_
#define CORTEX_SERVER_INGEST_DECODE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cortex/datastore/v1/ingest_service.pb.h"
#include "server/definition_proto.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {

// `budget` must have room for what the columns take that the client left out: a batch of few bytes may ask for
// gigabytes of NULLs and defaults. Given back on return: the database charges the batch itself.
// Errors: INVALID_ARGUMENT, NOT_FOUND unknown table or column, RESOURCE_EXHAUSTED.
absl::StatusOr<IngestRequest> DecodeIngest(const Database& database, MemoryBudget* budget,
                                           const wire::IngestRequest& request);

// Errors: INVALID_ARGUMENT.
absl::Status CheckProducerId(const std::string& producer_id);
// What the database says of a producer's batch, with the reason that tells a program which of its rules was broken.
absl::Status WithSequenceReason(absl::Status status);

}  // namespace cortex

#endif  // CORTEX_SERVER_INGEST_DECODE_H_
