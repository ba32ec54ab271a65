// An Ingester that waits for a busy server: a batch refused with RESOURCE_EXHAUSTED is sent again, with all behind it, as
// soon as the server says that it may be.
//
// That needs numbered batches. Behind a refused one the server refuses all others of the producer, for the gap; so what it
// has acknowledged is what it has applied, and what was not is sent again under the same numbers. Without numbers batches
// behind the refused one may have been applied, and nobody could tell.
//
// Batches are kept until they are acknowledged: about one window of credit.
#ifndef CORTEX_TOOLS_CLIENT_PATIENT_INGESTER_H_
#define CORTEX_TOOLS_CLIENT_PATIENT_INGESTER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "tools/client/ingester.h"

namespace cortex::client {

struct Patience {
  int64_t longest_ms = 600'000;  // without a batch acknowledged; then the refusal is the answer
  // Called when the first refusal since the last acknowledgement came, with what the server said. May be empty.
  std::function<void(const absl::Status&)> on_wait;
};

// `defaults` carries table, mode, tier, producer_id and sequence, as for Ingester::Open. `connection` must outlive it.
// Calls on one thread.
std::unique_ptr<Ingester> OpenPatientIngester(const Connection& connection, const v1::IngestRequest& defaults,
                                              Patience patience);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_PATIENT_INGESTER_H_
