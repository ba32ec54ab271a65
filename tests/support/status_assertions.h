// Assertions on absl::Status and absl::StatusOr. Use on the main thread only (Catch2 assertions are not thread-safe).
//
//   REQUIRE_OK(writer->Append(record));
//   REQUIRE_STATUS(reader.Next(), absl::StatusCode::kDataLoss, "checksum");
//   Batch batch = REQUIRE_OK_AND_TAKE(MakeBatch());
#ifndef CORTEX_TESTS_SUPPORT_STATUS_ASSERTIONS_H_
#define CORTEX_TESTS_SUPPORT_STATUS_ASSERTIONS_H_

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cortex::testing {

inline absl::Status ToStatus(const absl::Status& status) { return status; }
template <typename T>
absl::Status ToStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace cortex::testing

#define REQUIRE_OK(expr)                                                     \
  do {                                                                       \
    const absl::Status require_ok_status = ::cortex::testing::ToStatus(expr); \
    INFO(#expr << " -> " << require_ok_status.ToString());                    \
    REQUIRE(require_ok_status.ok());                                         \
  } while (false)

#define REQUIRE_STATUS(expr, expected_code, message_part)                     \
  do {                                                                        \
    const absl::Status require_status = ::cortex::testing::ToStatus(expr);     \
    INFO(#expr << " -> " << require_status.ToString());                        \
    REQUIRE(require_status.code() == (expected_code));                        \
    REQUIRE_THAT(std::string(require_status.message()), Catch::Contains(message_part)); \
  } while (false)

#define REQUIRE_OK_AND_TAKE(expr)                           \
  ([&] {                                                    \
    auto require_taken = (expr);                            \
    INFO(#expr << " -> " << require_taken.status().ToString()); \
    REQUIRE(require_taken.ok());                            \
    return std::move(require_taken).value();                \
  }())

#endif  // CORTEX_TESTS_SUPPORT_STATUS_ASSERTIONS_H_
