#include "server/commit_token.h"

#include <catch2/catch.hpp>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

TEST_CASE("CommitFromToken takes this server's tokens and refuses another's", "[server]") {
  datastore::v1::CommitToken token;
  CHECK(REQUIRE_OK_AND_TAKE(CommitFromToken(token)) == 0);
  token.set_commit(7);
  CHECK(REQUIRE_OK_AND_TAKE(CommitFromToken(token)) == 7);  // typed by a person
  token.set_epoch(kEpoch);
  CHECK(REQUIRE_OK_AND_TAKE(CommitFromToken(token)) == 7);
  token.set_epoch(kEpoch + 1);
  REQUIRE_STATUS(CommitFromToken(token), absl::StatusCode::kOutOfRange, "epoch 2");
}

}  // namespace
}  // namespace cortex
