// How much memory this process may count on: the machine's, or less where a container says so.
#ifndef CORTEX_SERVER_MEMORY_LIMIT_H_
#define CORTEX_SERVER_MEMORY_LIMIT_H_

#include <cstdint>
#include <string>

namespace cortex {

// The smallest of physical memory and the limits of cgroup v2 (memory.max, memory.high) and v1, of this process's group
// and of every group around it. `root` replaces "/" in tests.
uint64_t UsableMemoryBytes(const std::string& root = "/");

}  // namespace cortex

#endif  // CORTEX_SERVER_MEMORY_LIMIT_H_
