#include "server/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace cortex {
namespace {

// UINT64_MAX where the file is absent or says "max".
uint64_t ReadLimit(const std::string& path) {
  std::ifstream file(path);
  uint64_t bytes = 0;
  return file >> bytes && bytes > 0 ? bytes : UINT64_MAX;
}

// Where this process is in each hierarchy: lines "<id>:<controllers>:<path>" of /proc/self/cgroup; v2 has no controllers.
struct GroupPaths {
  std::string v1_memory = "/";
  std::string v2 = "/";
};

GroupPaths ReadGroupPaths(const std::string& root) {
  GroupPaths paths;
  std::ifstream file(root + "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::stringstream controllers(line.substr(first + 1, second - first - 1));
    if (controllers.str().empty()) paths.v2 = line.substr(second + 1);
    for (std::string controller; std::getline(controllers, controller, ',');) {
      if (controller == "memory") paths.v1_memory = line.substr(second + 1);
    }
  }
  return paths;
}

// The smallest limit of the group and of every group around it. Inside a container the path may name a group that only
// the host sees; what is mounted is then the container's own group, at the top.
template <typename LimitOf>
uint64_t SmallestUpwards(const std::string& mount, std::string path, const LimitOf& limit_of) {
  uint64_t smallest = UINT64_MAX;
  while (!path.empty() && path != "/") {
    smallest = std::min(smallest, limit_of(mount + path + "/"));
    path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
  return std::min(smallest, limit_of(mount + "/"));
}

}  // namespace

uint64_t UsableMemoryBytes(const std::string& root) {
  const auto physical = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  const GroupPaths paths = ReadGroupPaths(root);
  // Above memory.high the kernel slows a group down to a crawl: as good as a limit.
  const uint64_t v2 = SmallestUpwards(root + "sys/fs/cgroup", paths.v2, [](const std::string& group) {
    return std::min(ReadLimit(group + "memory.max"), ReadLimit(group + "memory.high"));
  });
  const uint64_t v1 = SmallestUpwards(root + "sys/fs/cgroup/memory", paths.v1_memory, [](const std::string& group) {
    return ReadLimit(group + "memory.limit_in_bytes");
  });
  return std::min({physical, v2, v1});
}

}  // namespace cortex
