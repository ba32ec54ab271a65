// How fast groups become durable on this disk. Hidden: `storage_wal_test "[.bench]"`.
#include <catch2/catch.hpp>
#include <cstdio>

#include "storage/runtime/clock.h"
#include "tests/storage/wal/wal_test_log.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {

TEST_CASE("WalWriter throughput of append and sync by group size", "[.bench][wal]") {
  for (const uint64_t group_bytes : {4 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}) {
    const WalTestLog log(PosixFileSystem(), uint64_t{64} << 20);
    const auto writer = log.OpenWriter();
    const std::string payload(group_bytes, 'p');
    const uint64_t group_count = std::max<uint64_t>(16, std::min<uint64_t>(400, (uint64_t{384} << 20) / group_bytes));
    const int64_t start = SystemClock()->MonotonicNanos();
    for (Commit commit = 1; commit <= group_count; ++commit) {
      REQUIRE_OK(AppendGroup(writer.get(), {{commit, payload}}));
      REQUIRE_OK(writer->Sync());
    }
    const double write_s = static_cast<double>(SystemClock()->MonotonicNanos() - start) * 1e-9;
    const int64_t read_start = SystemClock()->MonotonicNanos();
    REQUIRE(log.Read().records.size() == group_count);
    const double read_s = static_cast<double>(SystemClock()->MonotonicNanos() - read_start) * 1e-9;
    const double mib = static_cast<double>(group_count * group_bytes) / (1 << 20);
    std::printf("group %8lu B: %7.0f groups/s %8.1f MiB/s %7.2f ms/group; read back (and copied) %8.1f MiB/s\n",
                static_cast<unsigned long>(group_bytes), static_cast<double>(group_count) / write_s, mib / write_s,
                write_s * 1e3 / static_cast<double>(group_count), mib / read_s);
  }
}

}  // namespace cortex::testing
