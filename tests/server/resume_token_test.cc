#include "server/resume_token.h"

#include <catch2/catch.hpp>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

TEST_CASE("Resume tokens name a commit or one of its rows", "[server][subscribe]") {
  const ResumePlace commit{.table = TableId(7), .commit = 1'234'567'890'123};
  const ResumePlace row{.table = TableId(7), .commit = 42, .shard = 15, .ordinal = 0};
  CHECK(EncodeResumeToken(commit) == "7.1234567890123");
  CHECK(EncodeResumeToken(row) == "7.42.15.0");
  CHECK(DecodeResumeToken("7.1234567890123").value() == commit);
  CHECK(DecodeResumeToken("7.42.15.0").value() == row);
}

TEST_CASE("Resume tokens that nobody gave out are refused", "[server][subscribe]") {
  for (const char* token : {"", "7", "7.", ".7", "7.1.", "7.1.2", "7.1.2.3.4", "7.1.16.0", "7.1.0.4294967295", "a.b",
                            " 7.1", "7.1 ", "7.-1", "+7.1", "4294967296.1", "7.99999999999999999999"}) {
    CAPTURE(token);
    REQUIRE_STATUS(DecodeResumeToken(token).status(), absl::StatusCode::kInvalidArgument, "resume_token is none");
  }
}

}  // namespace
}  // namespace cortex
