#include "server/subscription_state.h"

#include <utility>

namespace cortex {

using Wish = Subscriber::Wish;

Wish SubscriptionState::Ask(const Now& now) {
  MutexLock lock(&mutex_);
  if (state_ == State::kWriting && (now.draining || now.ns - last_sent_ns_ > stall_ns_)) {
    state_ = State::kEnded;
    return Wish::kEnd;
  }
  const bool due = cancelled_ || now.draining || now.visible > seen_ || now.ns - last_sent_ns_ >= heartbeat_ns_;
  if (state_ != State::kWaiting || !due) return Wish::kNothing;
  state_ = State::kStepping;
  return Wish::kStep;
}

bool SubscriptionState::OnWritten(bool ok) {
  MutexLock lock(&mutex_);
  cancelled_ = cancelled_ || !ok;
  if (state_ == State::kSending) {
    written_ = true;  // EndSend tells its caller
    return false;
  }
  if (state_ != State::kWriting) return false;  // ended meanwhile
  state_ = State::kStepping;
  return true;
}

bool SubscriptionState::OnCancelled() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  if (state_ != State::kWaiting) return false;  // whoever is at it notices
  state_ = State::kStepping;
  return true;
}

void SubscriptionState::Look(Commit visible) {
  MutexLock lock(&mutex_);
  seen_ = visible;
}

void SubscriptionState::BeginSend(int64_t now_ns) {
  MutexLock lock(&mutex_);
  last_sent_ns_ = now_ns;
  state_ = State::kSending;
}

bool SubscriptionState::EndSend() {
  MutexLock lock(&mutex_);
  state_ = written_ ? State::kStepping : State::kWriting;
  return std::exchange(written_, false);
}

bool SubscriptionState::Rest(const Now& now) {
  MutexLock lock(&mutex_);
  if (cancelled_ || now.draining || now.visible > seen_) return false;
  state_ = State::kWaiting;
  return true;
}

void SubscriptionState::End() {
  MutexLock lock(&mutex_);
  state_ = State::kEnded;
}

bool SubscriptionState::IsHeartbeatDue(int64_t now_ns) const {
  MutexLock lock(&mutex_);
  return now_ns - last_sent_ns_ >= heartbeat_ns_;
}

void SubscriptionState::MakeHeartbeatDue(int64_t now_ns) {
  MutexLock lock(&mutex_);
  last_sent_ns_ = now_ns - heartbeat_ns_;
}

bool SubscriptionState::cancelled() const {
  MutexLock lock(&mutex_);
  return cancelled_;
}

}  // namespace cortex
