// A producer that numbers its batches, and what it knows of each: the commit, or that no answer came.
//
// What got no answer is sent again under its number until one comes. After a restart the book is compared with the
// server: acknowledged batches must answer as duplicates of their first commit, a gap and a reused number be refused.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_PRODUCER_BOOK_H_
#define CORTEX_TOOLS_CRASH_AUDIT_PRODUCER_BOOK_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/client/connection.h"
#include "tools/crash_audit/ledger.h"

namespace cortex::audit {

// One thread at a time.
class ProducerBook final {
 public:
  // The rows are event batches of `ledger`, which must outlive it.
  ProducerBook(uint64_t row_seed, uint32_t writer, Ledger* ledger)
      : row_seed_(row_seed), writer_(writer), ledger_(ledger) {}

  // The batch without an answer again, or a new one for `tier`. Errors: the server's; INTERNAL for an answer that must
  // not be.
  absl::Status SendNext(const client::Connection& connection, v1::Tier tier);

  // On a server to which nobody writes: what is wrong, as sentences. Gives the batch without an answer its answer.
  absl::StatusOr<std::vector<std::string>> Replay(const client::Connection& connection, std::mt19937_64* random);

  uint64_t replays() const { return replays_; }

 private:
  struct Sent {
    int64_t batch_id = 0;
    v1::Tier tier = v1::TIER_HOT;
    uint64_t commit = 0;  // 0: no answer yet
  };
  absl::StatusOr<v1::IngestResponse> Send(const client::Connection& connection, uint64_t sequence, int64_t batch_id,
                                          v1::Tier tier) const;
  // Sends batch `sequence` again; "" if the answer is the one of the first time.
  absl::StatusOr<std::string> Repeat(const client::Connection& connection, uint64_t sequence);
  // Numbers that must be refused.
  absl::Status Misuse(const client::Connection& connection, std::vector<std::string>* complaints) const;

  const uint64_t row_seed_;
  const uint32_t writer_;
  Ledger* const ledger_;
  std::vector<Sent> sent_;  // sequence 1, 2, ...; only the last may have no answer
  uint64_t replays_ = 0;
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_PRODUCER_BOOK_H_
