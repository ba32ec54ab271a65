#include "server/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace cortex {
namespace {

// UINT64_MAX where the file is absent or says "max".
uint64_t ReadLimit(const std::string& path) {
  std::ifstream file(path);
  uint64_t bytes = 0;
  return file >> bytes && bytes > 0 ? bytes : UINT64_MAX;
}

}  // namespace

uint64_t UsableMemoryBytes(const std::string& root) {
  const auto physical = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  const uint64_t v2 = ReadLimit(root + "sys/fs/cgroup/memory.max");
  const uint64_t v1 = ReadLimit(root + "sys/fs/cgroup/memory/memory.limit_in_bytes");
  return std::min({physical, v2, v1});
}

}  // namespace cortex
