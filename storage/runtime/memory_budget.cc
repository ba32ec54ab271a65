#include "storage/runtime/memory_budget.h"

#include <cassert>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {

std::string_view MemoryUseName(MemoryUse use) {
  switch (use) {
    case MemoryUse::kHotRows: return "hot rows";
    case MemoryUse::kVersions: return "versions";
    case MemoryUse::kCaches: return "caches";
    case MemoryUse::kSketches: return "sketches";
    case MemoryUse::kMoves: return "moves";
    case MemoryUse::kQuery: return "query";
    case MemoryUse::kRpc: return "rpc";
    case MemoryUse::kMeta: return "meta";
    case MemoryUse::kWal: return "wal";
    case MemoryUse::kFiles: return "files";
    case MemoryUse::kProcess: return "process";
  }
  return "unknown";
}

bool MemoryBudget::TryAdd(MemoryUse use, uint64_t bytes) {
  // Compare-and-swap, not add-then-undo: an add that is undone makes a smaller request next to it fail for nothing.
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used > refusable_limit_ || bytes > refusable_limit_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  by_use_[static_cast<size_t>(use)].fetch_add(bytes, std::memory_order_relaxed);
  NotePeak(used + bytes);
  return true;
}

bool MemoryBudget::TryReserve(MemoryUse use, uint64_t bytes) {
  return TryAdd(use, bytes) || (MakeRoom(bytes) && TryAdd(use, bytes));
}

// True if it may have helped.
bool MemoryBudget::MakeRoom(uint64_t bytes) {
  if (bytes > refusable_limit_ || used(MemoryUse::kCaches) == 0) return false;
  MutexLock lock(&reclaim_mutex_);
  if (reclaim_ == nullptr) return false;
  const uint64_t wanted = used() + bytes;
  // Who waited here may find that the one before made room for both.
  if (wanted > refusable_limit_) reclaim_(wanted - refusable_limit_);
  return true;
}

void MemoryBudget::SetReclaim(Reclaim reclaim) {
  MutexLock lock(&reclaim_mutex_);
  reclaim_ = std::move(reclaim);
}

void MemoryBudget::ShrinkCaches(uint64_t bytes) {
  MutexLock lock(&reclaim_mutex_);
  if (reclaim_ != nullptr) reclaim_(bytes);
}

void MemoryBudget::NotePeak(uint64_t used) {
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (used > peak && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
}

void MemoryBudget::ForceReserve(MemoryUse use, uint64_t bytes) {
  NotePeak(used_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
  by_use_[static_cast<size_t>(use)].fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryBudget::Release(MemoryUse use, uint64_t bytes) {
  [[maybe_unused]] const uint64_t before =
      by_use_[static_cast<size_t>(use)].fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
  used_.fetch_sub(bytes, std::memory_order_relaxed);
}

absl::Status MemoryBudget::Exhausted(MemoryUse use, uint64_t wanted_bytes) const {
  return absl::ResourceExhaustedError(absl::StrFormat(
      "memory budget full: %d bytes wanted for %s (which holds %d), %d of %d in use; retry later or raise the budget",
      wanted_bytes, MemoryUseName(use), used(use), used(), limit_));
}

absl::StatusOr<MemoryReservation> MemoryReservation::Make(MemoryBudget* budget, MemoryUse use, uint64_t bytes) {
  MemoryReservation reservation(budget, use);
  RETURN_IF_ERROR(reservation.Grow(bytes));
  return reservation;
}

MemoryReservation::MemoryReservation(MemoryReservation&& other) noexcept
    : budget_(other.budget_), use_(other.use_), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
  if (this == &other) return *this;
  Shrink(bytes_);
  budget_ = other.budget_;
  use_ = other.use_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

absl::Status MemoryReservation::Grow(uint64_t bytes) {
  if (bytes == 0) return absl::OkStatus();
  assert(budget_ != nullptr);
  if (!budget_->TryReserve(use_, bytes)) return budget_->Exhausted(use_, bytes);
  bytes_ += bytes;
  return absl::OkStatus();
}

absl::Status MemoryReservation::Resize(uint64_t bytes) {
  if (bytes > bytes_) return Grow(bytes - bytes_);
  Shrink(bytes_ - bytes);
  return absl::OkStatus();
}

void MemoryReservation::ForceGrow(uint64_t bytes) {
  if (bytes == 0) return;
  assert(budget_ != nullptr);
  budget_->ForceReserve(use_, bytes);
  bytes_ += bytes;
}

void MemoryReservation::Shrink(uint64_t bytes) {
  assert(bytes <= bytes_);
  if (bytes == 0) return;
  budget_->Release(use_, bytes);
  bytes_ -= bytes;
}

}  // namespace cortex
