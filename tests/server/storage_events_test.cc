#include "server/storage_events.h"

#include <catch2/catch.hpp>

namespace cortex {
namespace {

TEST_CASE("StorageEventLevel keeps the everyday quiet and lets trouble be seen", "[server]") {
  CHECK(StorageEventLevel("sealed") == LogLevel::kInfo);
  CHECK(StorageEventLevel("rewritten") == LogLevel::kInfo);
  CHECK(StorageEventLevel("seal failed") == LogLevel::kWarn);
  CHECK(StorageEventLevel("write-ahead log repaired") == LogLevel::kWarn);
  CHECK(StorageEventLevel("something new") == LogLevel::kWarn);
}

}  // namespace
}  // namespace cortex
