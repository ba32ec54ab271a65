// The load of one round: writers over streams and unary calls into all tiers, deletes, a producer that numbers its batches,
// changes of every kind to one table, moves between tiers, upkeep, and queries whose answers must lie between what was
// acknowledged before and what was sent until after them.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_LOAD_H_
#define CORTEX_TOOLS_CRASH_AUDIT_LOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/runtime/mutex.h"
#include "tools/client/connection.h"
#include "tools/crash_audit/ledger.h"
#include "tools/crash_audit/producer_book.h"
#include "tools/crash_audit/state_ledger.h"

namespace cortex::audit {

struct LoadOptions {
  const client::Connection* connection = nullptr;  // one that stands: to wait for one would outlast a killed server
  uint64_t seed = 0;       // of this round's choices
  uint64_t row_seed = 0;   // of the rows
  int batches_per_s = 60;  // of each writer
  bool scans = false;      // also queries that read every row
  uint32_t rounds_per_move = 16;  // moves asked for are so much rarer than batches
};

// What is told what was sent. They outlive the load; without `states` and `producer` nothing is deleted or changed.
struct LoadBooks {
  Ledger* rows = nullptr;
  StateLedger* states = nullptr;
  ProducerBook* producer = nullptr;
};

inline constexpr uint32_t kProducerWriter = 4;
inline constexpr int kCallMs = 120'000;  // a machine may be busy

// What went wrong while the server was alive, as sentences; empty in a good round.
class Load final {
 public:
  // Starts the threads: four writers, one mover, one reader, one that makes and drops tables; with the other books a
  // producer, one that changes states, and one for upkeep.
  Load(const LoadOptions& options, const LoadBooks& books);
  // Stop().
  ~Load();

  // Ends all threads: each leaves its loop, or its call fails because the server is gone.
  void Stop();

  // From now on any error may come: the disk is about to go.
  void ExpectErrors() { errors_expected_ = true; }

  uint64_t changes() const { return changes_.load(); }  // deletes and changes of states
  uint64_t moves() const { return moves_.load(); }
  uint64_t queries() const { return queries_.load(); }
  uint64_t refusals() const { return refusals_.load(); }  // RESOURCE_EXHAUSTED
  std::vector<std::string> complaints() const;

 private:
  void StreamWriter(Target target, uint32_t writer);
  bool WriteStream(const client::Connection& connection, Target target, uint32_t writer, v1::Tier tier,
                   uint64_t* round);
  void UnaryWriter(Target target, uint32_t writer);
  // Deletes a batch of the writer, if it has one.
  absl::Status DeleteBatch(const client::Connection& connection, uint32_t writer, uint64_t random);
  void Producer();
  void StateChanger();
  // Merges files, pins tables and lets them go, makes backups and restores them, sends rows that have expired.
  void Upkeep();
  absl::Status BackUpAndRestore(const client::Connection& connection, uint64_t random);
  void Mover();
  void Reader();
  void Scanner();
  void TableMaker();
  // True if the thread should go on after this status; complains about what no kill explains.
  bool Tolerate(const absl::Status& status, std::string_view what);
  // Waits so that a writer keeps its pace; false when stopping.
  bool Pace(uint64_t round);

  const LoadOptions options_;
  const LoadBooks books_;
  std::atomic<bool> stopping_{false}, errors_expected_{false};
  std::atomic<uint64_t> changes_{0}, moves_{0}, queries_{0}, refusals_{0};

  mutable Mutex mutex_;  // guards the complaints and the wait for the end
  CondVar stopped_;
  std::vector<std::string> complaints_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_LOAD_H_
