#include "server/memory_limit.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

// A root directory with the files of a hierarchy of groups.
class FakeRoot {
 public:
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = dir_.File(path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  uint64_t Usable() const { return UsableMemoryBytes(dir_.path() + "/"); }

 private:
  testing::TempDir dir_;
};

constexpr uint64_t kMiB = 1 << 20;

}  // namespace

TEST_CASE("Usable memory is the machine's where no group limits it", "[server][memory]") {
  FakeRoot root;
  const uint64_t machine = root.Usable();
  CHECK(machine > 64 * kMiB);
  root.Write("sys/fs/cgroup/memory.max", "max");
  CHECK(root.Usable() == machine);
}

TEST_CASE("Usable memory obeys the smallest limit of nested v2 groups", "[server][memory]") {
  FakeRoot root;
  root.Write("proc/self/cgroup", "0::/system.slice/cortexd.service");
  root.Write("sys/fs/cgroup/memory.max", "max");
  root.Write("sys/fs/cgroup/system.slice/memory.max", std::to_string(48 * kMiB));
  root.Write("sys/fs/cgroup/system.slice/cortexd.service/memory.max", std::to_string(64 * kMiB));
  CHECK(root.Usable() == 48 * kMiB);
  root.Write("sys/fs/cgroup/system.slice/cortexd.service/memory.high", std::to_string(32 * kMiB));
  CHECK(root.Usable() == 32 * kMiB);
  // In a container the path is the host's and the mount is the group itself.
  root.Write("proc/self/cgroup", "0::/not/mounted/here");
  root.Write("sys/fs/cgroup/memory.max", std::to_string(16 * kMiB));
  CHECK(root.Usable() == 16 * kMiB);
}

TEST_CASE("Usable memory obeys v1 groups", "[server][memory]") {
  FakeRoot root;
  root.Write("proc/self/cgroup", "9:cpu,cpuacct:/a\n4:memory:/docker/abc\n0::/");
  root.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  root.Write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", std::to_string(24 * kMiB));
  CHECK(root.Usable() == 24 * kMiB);
}

}  // namespace cortex
