#include "storage/disk_reserve.h"

#include "absl/strings/str_format.h"
#include "storage/io/file_system.h"
#include "storage/runtime/clock.h"

namespace cortex {
namespace {

enum Disk : size_t { kData = 0, kWarm = 1, kCold = 2 };

}  // namespace

DiskReserve::DiskReserve(const DiskReserveOptions& options)
    : file_system_(options.file_system),
      clock_(options.clock),
      disks_({{.name = "data", .directory = options.data_dir, .reserve_bytes = options.data_bytes},
              {.name = "warm", .directory = options.warm_dir, .reserve_bytes = options.warm_bytes},
              {.name = "cold", .directory = options.cold_dir, .reserve_bytes = options.cold_bytes}}) {}

void DiskReserve::Refresh() {
  const int64_t now_ns = clock_->MonotonicNanos();
  if (seen_ && now_ns - seen_ns_ < kFreshNs) return;
  seen_ = true;
  seen_ns_ = now_ns;
  for (DiskStats& disk : disks_) {
    const absl::StatusOr<SpaceInfo> space = file_system_->FreeSpace(disk.directory);
    if (space.ok()) {
      disk.free_bytes = space->free_bytes;
      disk.total_bytes = space->total_bytes;
    }
    disk.low = space.ok() && space->free_bytes < disk.reserve_bytes;
  }
}

absl::Status DiskReserve::CheckIngest(Tier tier) {
  MutexLock lock(&mutex_);
  Refresh();
  for (const Disk number : {kData, tier == Tier::kCold ? kCold : kWarm}) {
    const DiskStats& disk = disks_[number];
    if (!disk.low) continue;
    refused_.fetch_add(1, std::memory_order_relaxed);
    return absl::ResourceExhaustedError(absl::StrFormat(
        "disk almost full: %s directory %s has %d bytes free, %d are kept in reserve; free space or retry later",
        disk.name, disk.directory, disk.free_bytes, disk.reserve_bytes));
  }
  return absl::OkStatus();
}

std::vector<DiskStats> DiskReserve::Stats() {
  MutexLock lock(&mutex_);
  Refresh();
  return disks_;
}

}  // namespace cortex
