// Who may do what with a subscription's call at the moment: the part of its life that several threads share.
//
//   stepping -> sending -> writing -> stepping ...      stepping -> waiting -> stepping ...      any but sending -> ended
//
// A call that steps, sends or has ended belongs to one thread, which alone may touch it; one that writes belongs to
// gRPC, or to the hub once it ends it; one that waits to whoever wakes it. `sending` is what lies around StartWrite: a
// call that somebody finished then, and gRPC deleted, would be written to afterwards.
#ifndef CORTEX_SERVER_SUBSCRIPTION_STATE_H_
#define CORTEX_SERVER_SUBSCRIPTION_STATE_H_

#include <cstdint>

#include "server/subscription_hub.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Thread-safe. Begins as stepping.
class SubscriptionState {
 public:
  // What the hub knows.
  struct Now {
    int64_t ns = 0;  // monotonic
    Commit visible = 0;
    bool draining = false;
  };

  SubscriptionState(int64_t heartbeat_ns, int64_t stall_ns) : heartbeat_ns_(heartbeat_ns), stall_ns_(stall_ns) {}

  // --- the hub ----------------------------------------------------------------------------------------------------
  // kStep and kEnd give the call to the hub.
  Subscriber::Wish Ask(const Now& now);

  // --- gRPC: true gives the call to the caller, who lets it step ---------------------------------------------------
  bool OnWritten(bool ok);
  bool OnCancelled();

  // --- whoever owns it ---------------------------------------------------------------------------------------------
  // Everything up to `visible` is looked at from now on: what comes later wakes it.
  void Look(Commit visible);
  // Right before and right after StartWrite. Afterwards the call is the caller's no more, unless EndSend says that the
  // write is over already.
  void BeginSend(int64_t now_ns);
  bool EndSend();
  // True: it waits, and belongs to whoever wakes it. False: something is due already.
  bool Rest(const Now& now);
  void End();
  bool IsHeartbeatDue(int64_t now_ns) const;
  // From the start on: the first message comes at once.
  void MakeHeartbeatDue(int64_t now_ns);
  bool cancelled() const;

 private:
  enum class State : uint8_t { kStepping, kSending, kWriting, kWaiting, kEnded };

  const int64_t heartbeat_ns_;
  const int64_t stall_ns_;
  mutable Mutex mutex_;  // guards what follows; a leaf
  State state_ ABSL_GUARDED_BY(mutex_) = State::kStepping;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool written_ ABSL_GUARDED_BY(mutex_) = false;  // in kSending: OnWritten came already
  Commit seen_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_sent_ns_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_SUBSCRIPTION_STATE_H_
