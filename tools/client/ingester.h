// Sends batches over one IngestStream within the credit the server grants and collects the acknowledgements.
//
//   ASSIGN_OR_RETURN(auto ingester, Ingester::Open(connection, defaults, on_ack));
//   RETURN_IF_ERROR(ingester->Send(std::move(batch)));   // waits for credit
//   ASSIGN_OR_RETURN(IngestTotals totals, ingester->Finish());
//
// One thread of its own reads answers; it is joined by Finish() or the destructor. Send and Finish: one thread at a time.
#ifndef CORTEX_TOOLS_CLIENT_INGESTER_H_
#define CORTEX_TOOLS_CLIENT_INGESTER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "tools/client/connection.h"

namespace cortex::client {

struct IngestTotals {
  uint64_t batch_count = 0;
  uint64_t row_count = 0;
  uint64_t request_bytes = 0;
  uint64_t last_commit = 0;
  uint64_t duplicate_count = 0;  // batches that had been applied before
};

// Called for every acknowledgement, in order, on the reading thread.
using AckCallback = std::function<void(const v1::IngestAck&)>;

class Ingester {
 public:
  // `defaults` carries table, mode and tier, no rows. With a producer_id in it batches are numbered from its sequence on.
  static std::unique_ptr<Ingester> Open(const Connection& connection, const v1::IngestRequest& defaults, AckCallback on_ack);
  virtual ~Ingester() = default;

  // Sends one batch; waits until the server has granted credit for it. Errors: the one that ended the stream.
  virtual absl::Status Send(v1::ColumnBatch batch) = 0;
  // Waits for all acknowledgements. Errors: the one that ended the stream; batches acknowledged before it stand.
  virtual absl::StatusOr<IngestTotals> Finish() = 0;
  // After an error: how long the server asks to wait before the next try, if it does.
  virtual std::optional<int64_t> retry_after_ms() const = 0;
};

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_INGESTER_H_
