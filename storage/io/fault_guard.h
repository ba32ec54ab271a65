// Turns SIGBUS inside a registered mapping into a mark on that mapping.
//
// The handler finds the mapping in a fixed table of atomics, maps a page of zeros over the page that could not be read,
// marks the mapping damaged and returns; the load runs again and reads zeros. Nothing is unwound (siglongjmp would
// leap over destructors), nothing is allocated or locked. A SIGBUS outside every registered mapping goes on to whoever
// handled it before, by default to a crash.
#ifndef CORTEX_STORAGE_IO_FAULT_GUARD_H_
#define CORTEX_STORAGE_IO_FAULT_GUARD_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace cortex {

// Mappings that can be registered at one time: the 4,096 mapped segments the warm tier allows, twice.
inline constexpr size_t kMaxGuardedMappings = 8192;

// Registration of one mapping while it lives. Dies before the memory is unmapped.
class FaultGuard {
 public:
  // `bytes` starts at a page boundary and was mapped from a file, read only, with MAP_SHARED or MAP_PRIVATE.
  // The first call installs the signal handler. RESOURCE_EXHAUSTED if the table is full. Thread-safe.
  static absl::StatusOr<FaultGuard> Register(absl::Span<const std::byte> bytes);
  ~FaultGuard();
  FaultGuard(FaultGuard&& other) noexcept;
  FaultGuard& operator=(FaultGuard&&) = delete;

  bool damaged() const;

 private:
  explicit FaultGuard(size_t slot) : slot_(slot) {}
  size_t slot_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_IO_FAULT_GUARD_H_
