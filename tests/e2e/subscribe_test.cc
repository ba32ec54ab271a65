// Subscribe as a client sees it: every committed row once, in order, across cuts of every kind.
#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"

namespace cortex::testing {
namespace {

using Lines = std::vector<std::string>;

void Quickly(ServerConfig* config) { config->subscribe_heartbeat_ms = 50; }

wire::SubscribeRequest Everything(const std::string& table = "scores") {
  wire::SubscribeRequest request;
  request.set_table(table);
  request.add_columns("id");
  request.mutable_after()->set_commit(0);
  return request;
}

uint64_t Fill(TestServer* server, uint32_t first, uint32_t count) {
  return server->Ingest("scores", Scores(first, count));
}

// For threads beside the test's own: asserts nothing.
grpc::Status TryFill(TestServer* server, uint32_t first, uint32_t count) {
  grpc::ClientContext context;
  wire::IngestRequest request;
  request.set_table("scores");
  *request.mutable_columns() = Scores(first, count);
  wire::IngestResponse response;
  return server->ingest().Ingest(&context, request, &response);
}

grpc::Status TryMove(TestServer* server, wire::Tier from, wire::Tier to) {
  grpc::ClientContext context;
  wire::MoveTierRequest request;
  request.set_table("scores");
  request.set_from(from);
  request.set_to(to);
  wire::MoveTierResponse response;
  return server->admin().MoveTier(&context, request, &response);
}

// One open subscription and what it brought so far.
class Follower {
 public:
  Follower(TestServer* server, const wire::SubscribeRequest& request)
      : stream_(server->query().Subscribe(&context_, request)) {}
  ~Follower() { End(); }

  // Takes one message; false at the end of the stream.
  bool Take() {
    if (!stream_->Read(&message)) return false;
    token = message.resume_token();
    const wire::ColumnBatch& columns = message.columns();
    CHECK(message.commits_size() == static_cast<int>(columns.row_count()));
    for (const uint64_t commit : message.commits()) {
      CHECK(commit >= last_commit_);
      last_commit_ = commit;
    }
    for (uint32_t row = 0; row < columns.row_count(); ++row) ids.push_back(Id(columns.columns(0), row));
    return true;
  }
  // Takes messages until `count` rows have come.
  void TakeRows(size_t count) {
    while (ids.size() < count) REQUIRE(Take());
  }
  grpc::Status End() {
    if (ended_) return status_;
    ended_ = true;
    context_.TryCancel();
    return Finish();
  }
  // Reads to the end that the server makes.
  grpc::Status Finish() {
    while (Take()) {
    }
    ended_ = true;
    return status_ = stream_->Finish();
  }

  std::vector<std::string> ids;
  std::string token;
  wire::SubscribeResponse message;

 private:
  static std::string Id(const wire::ColumnValues& column, uint32_t row) {
    uint32_t at[2];
    if (!column.codes().empty()) {
      std::memcpy(at, column.codes().data() + row * sizeof(uint32_t), sizeof(uint32_t));
      return column.dictionary(static_cast<int>(at[0]));
    }
    std::memcpy(at, column.offsets().data() + row * sizeof(uint32_t), sizeof(at));
    return column.values().substr(at[0], at[1] - at[0]);
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<wire::SubscribeResponse>> stream_;
  uint64_t last_commit_ = 0;
  bool ended_ = false;
  grpc::Status status_;
};

grpc::Status StatusOf(TestServer* server, const wire::SubscribeRequest& request) {
  Follower follower(server, request);
  return follower.Finish();
}

std::string Reason(const grpc::Status& status) {
  google::rpc::Status details;
  REQUIRE(details.ParseFromString(status.error_details()));
  google::rpc::ErrorInfo info;
  for (const auto& detail : details.details()) detail.UnpackTo(&info);
  return info.reason();
}

// e0 .. e<count - 1>, each once; within a commit rows stand by shard.
void CheckComplete(std::vector<std::string> ids, size_t count) {
  std::vector<std::string> expected;
  for (size_t i = 0; i < count; ++i) expected.push_back("e" + std::to_string(i));
  std::sort(expected.begin(), expected.end());
  std::sort(ids.begin(), ids.end());
  CHECK(ids.size() == count);
  CHECK(ids == expected);
}

TEST_CASE("Subscribe begins now, or behind a commit, or with the first row", "[e2e][subscribe]") {
  TestServer server(Quickly);
  server.CreateTable(kScores);
  const uint64_t first = Fill(&server, 0, 3);
  wire::SubscribeRequest from_now = Everything();
  from_now.clear_after();
  Follower now(&server, from_now);
  REQUIRE(now.Take());  // says at once where it stands
  CHECK(now.message.columns().row_count() == 0);
  CHECK(now.message.token().commit() == first);
  wire::SubscribeRequest behind_first = Everything();
  behind_first.mutable_after()->set_commit(first);
  const uint64_t second = Fill(&server, 3, 1);
  now.TakeRows(1);
  CHECK(now.ids == Lines{"e3"});
  CHECK(now.message.commits(0) == second);
  Follower behind(&server, behind_first);
  behind.TakeRows(1);
  CHECK(behind.ids == Lines{"e3"});
  Follower all(&server, Everything());
  all.TakeRows(4);
  CheckComplete(all.ids, 4);
  CHECK(all.ids.back() == "e3");
  REQUIRE(all.Take());  // a heartbeat
  CHECK(all.message.columns().row_count() == 0);
  CHECK(all.message.token().commit() == second);
  CHECK(all.End().error_code() == grpc::StatusCode::CANCELLED);

  wire::SubscribeRequest as_rows = Everything();
  as_rows.set_format(wire::RESULT_FORMAT_ROWS);
  as_rows.add_columns("score");
  grpc::ClientContext context;
  const auto stream = server.query().Subscribe(&context, as_rows);
  wire::SubscribeResponse message;
  REQUIRE(stream->Read(&message));
  CHECK(message.rows().rows(0).fields().contains("score"));
  context.TryCancel();
  while (stream->Read(&message)) {
  }
  stream->Finish();
}

TEST_CASE("Subscribe misses and repeats no row while rows come, move, and clients and servers go", "[e2e][subscribe]") {
  TestServer server(Quickly);
  server.CreateTable(kScores);
  std::vector<std::string> ids;
  std::string token;
  uint32_t written = 0;
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    grpc::Status wrote;
    std::thread writer([&, first = written] {
      for (uint32_t i = 0; i < 20 && wrote.ok(); ++i) wrote = TryFill(&server, first + 50 * i, 50);
      if (round % 2 == 0 && wrote.ok()) wrote = TryMove(&server, wire::TIER_HOT, wire::TIER_WARM);
      if (round % 3 == 0 && wrote.ok()) wrote = TryMove(&server, wire::TIER_WARM, wire::TIER_COLD);
    });
    wire::SubscribeRequest request = Everything();
    request.set_resume_token(token);
    Follower follower(&server, request);
    follower.TakeRows(static_cast<size_t>(137 * (round + 1)));  // and then leave in the middle
    writer.join();
    INFO(wrote.error_message());
    REQUIRE(wrote.ok());
    written += 1'000;
    follower.End();
    ids.insert(ids.end(), follower.ids.begin(), follower.ids.end());
    token = follower.token;
    if (round % 2 == 1) server.Restart();
  }
  wire::SubscribeRequest request = Everything();
  request.set_resume_token(token);
  Follower last(&server, request);
  last.TakeRows(written - ids.size());
  ids.insert(ids.end(), last.ids.begin(), last.ids.end());
  CheckComplete(ids, written);
}

TEST_CASE("Subscribe goes on inside a commit too large for one message", "[e2e][subscribe]") {
  TestServer server(Quickly);
  server.CreateTable(kScores);
  const uint64_t commit = Fill(&server, 0, 20'000);
  Follower first(&server, Everything());
  first.TakeRows(1);
  REQUIRE(first.ids.size() < 20'000);
  CHECK(first.message.token().commit() == commit - 1);  // not all of it
  first.End();
  wire::SubscribeRequest request = Everything();
  request.set_resume_token(first.token);
  std::vector<std::string> ids = first.ids;
  Follower second(&server, request);
  second.TakeRows(20'000 - ids.size());
  CHECK(second.message.token().commit() >= commit);
  ids.insert(ids.end(), second.ids.begin(), second.ids.end());
  CheckComplete(ids, 20'000);
}

TEST_CASE("Subscribe says why it cannot begin", "[e2e][subscribe]") {
  TestServer server(Quickly);
  server.CreateTable(kScores);
  Fill(&server, 0, 1);
  using grpc::StatusCode;
  wire::SubscribeRequest request = Everything("score");
  CHECK(StatusOf(&server, request).error_code() == StatusCode::NOT_FOUND);
  request = Everything();
  request.set_columns(0, "idd");
  CHECK_THAT(StatusOf(&server, request).error_message(), Catch::Contains("did you mean \"id\""));
  request.clear_columns();
  CHECK(StatusOf(&server, request).error_code() == StatusCode::INVALID_ARGUMENT);
  request = Everything();
  request.set_where("score > 1");
  CHECK(StatusOf(&server, request).error_code() == StatusCode::UNIMPLEMENTED);
  request = Everything();
  request.set_resume_token("rubbish");
  CHECK(StatusOf(&server, request).error_code() == StatusCode::INVALID_ARGUMENT);
  request = Everything();
  request.mutable_after()->set_commit(1'000'000);
  const grpc::Status future = StatusOf(&server, request);
  CHECK(future.error_code() == StatusCode::OUT_OF_RANGE);
  CHECK_THAT(future.error_message(), Catch::Contains("commit 1000000 was never given out"));

  Follower follower(&server, Everything());
  follower.TakeRows(1);
  request = Everything();
  request.set_resume_token(follower.token);
  wire::DropTableRequest drop;
  drop.set_table("scores");
  grpc::ClientContext drop_context;
  wire::DropTableResponse dropped;
  REQUIRE(server.catalog().DropTable(&drop_context, drop, &dropped).ok());
  server.CreateTable(kScores);
  Fill(&server, 0, 1);  // wakes it
  CHECK(follower.Finish().error_code() == StatusCode::NOT_FOUND);
  const grpc::Status other = StatusOf(&server, request);
  CHECK(other.error_code() == StatusCode::FAILED_PRECONDITION);
  CHECK_THAT(other.error_message(), Catch::Contains("of another table"));
}

TEST_CASE("A drain in the middle of writes ends every subscription and spoils no message", "[e2e][subscribe]") {
  constexpr size_t kFollowers = 16;
  TestServer server(Quickly);
  server.CreateTable(kScores);
  wire::SubscribeRequest wide = Everything();
  wide.add_columns("state");  // messages of many windows: at any time most subscriptions are in the middle of one
  std::vector<std::unique_ptr<Follower>> followers;
  for (size_t i = 0; i < kFollowers; ++i) followers.push_back(std::make_unique<Follower>(&server, wide));
  uint32_t rows = 0;
  for (; rows < 20'000; rows += 4'000) Fill(&server, rows, 4'000);
  for (const auto& follower : followers) follower->TakeRows(1);
  std::thread shutdown([&] { server.server().Shutdown(); });
  std::vector<grpc::Status> ends;
  for (const auto& follower : followers) ends.push_back(follower->Finish());
  shutdown.join();
  for (size_t i = 0; i < kFollowers; ++i) {
    CAPTURE(i, followers[i]->ids.size());
    // Those that nobody read in time were cut off with the server.
    const bool told = ends[i].error_code() == grpc::StatusCode::UNAVAILABLE;
    CHECK((told || ends[i].error_code() == grpc::StatusCode::CANCELLED));
    // What came are rows, each once: a message that lost its bytes under way would hold others.
    std::set<std::string> distinct;
    for (const std::string& id : followers[i]->ids) {
      CHECK((id.starts_with("e") && std::stoul(id.substr(1)) < rows));
      distinct.insert(id);
    }
    CHECK(distinct.size() == followers[i]->ids.size());
  }
  CHECK(ends[0].error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("Subscriptions end with a clear status when the server drains, also for readers that stall",
          "[e2e][subscribe]") {
  TestServer server(Quickly);
  server.CreateTable(kScores);
  Follower waiting(&server, Everything());
  REQUIRE(waiting.Take());
  wire::SubscribeRequest wide = Everything();
  wide.add_columns("state");
  Follower stalled(&server, wide);  // reads nothing while far more than its window is sent
  Fill(&server, 0, 50'000);
  std::thread shutdown([&] { server.server().Shutdown(); });
  const grpc::Status status = waiting.Finish();
  shutdown.join();
  CHECK(status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(Reason(status) == "SERVER_DRAINING");
  CHECK_THAT(status.error_message(), Catch::Contains("with the last resume_token"));
  CHECK_FALSE(stalled.Finish().ok());
}

TEST_CASE("A subscriber that takes nothing keeps no file of the past once it is let go", "[e2e][subscribe]") {
  TestServer server([](ServerConfig* c) {
    Quickly(c);
    c->query_stall_timeout_ms = 2'000;
    c->subscribe_max_open = 1;
  });
  server.CreateTable(kScores);
  for (uint32_t i = 0; i < 10; ++i) Fill(&server, 10'000 * i, 10'000);
  server.MoveTier("scores", wire::TIER_HOT, wire::TIER_WARM);
  const auto warm_files = [&] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(server.data_dir() + "/warm")) {
      count += entry.path().extension() == ".seg";
    }
    return count;
  };
  REQUIRE(warm_files() > 0);
  wire::SubscribeRequest wide = Everything();
  wide.add_columns("state");
  Follower stalled(&server, wide);
  REQUIRE(stalled.Take());
  server.MoveTier("scores", wire::TIER_WARM, wire::TIER_COLD);
  for (grpc::StatusCode code = grpc::StatusCode::RESOURCE_EXHAUSTED; code == grpc::StatusCode::RESOURCE_EXHAUSTED;) {
    wire::SubscribeRequest from_now = Everything();
    from_now.clear_after();
    Follower next(&server, from_now);  // has a place once the other is let go
    if (next.Take()) break;
    code = next.Finish().error_code();
  }
  CHECK(warm_files() == 0);
  CHECK(stalled.Finish().error_code() == grpc::StatusCode::ABORTED);
}

TEST_CASE("A subscriber that takes nothing is let go and hinders nobody", "[e2e][subscribe]") {
  TestServer server([](ServerConfig* c) {
    Quickly(c);
    c->query_stall_timeout_ms = 2'000;
    c->subscribe_max_open = 2;
  });
  server.CreateTable(kScores);
  wire::SubscribeRequest wide = Everything();
  wide.add_columns("state");
  Follower stalled(&server, wide);
  Follower other(&server, Everything());
  REQUIRE(stalled.Take());
  REQUIRE(other.Take());
  const grpc::Status refused = StatusOf(&server, Everything());  // both places are taken
  CHECK(refused.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(Reason(refused) == "TOO_MANY_CALLS");
  for (uint32_t i = 0; i < 10; ++i) {
    Fill(&server, 10'000 * i, 10'000);
    other.TakeRows(10'000 * (i + 1));
  }
  CheckComplete(other.ids, 100'000);
  // Its place is free once the server has given it up.
  for (bool began = false; !began;) {
    grpc::ClientContext context;
    const auto stream = server.query().Subscribe(&context, Everything());
    wire::SubscribeResponse message;
    began = stream->Read(&message);
    context.TryCancel();
    while (stream->Read(&message)) {
    }
    stream->Finish();
    if (!began) REQUIRE(other.Take());  // it must not stall meanwhile
  }
  const grpc::Status status = stalled.Finish();
  CHECK(status.error_code() == grpc::StatusCode::ABORTED);
  CHECK(Reason(status) == "READER_STALLED");
}

}  // namespace
}  // namespace cortex::testing
