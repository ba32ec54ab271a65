// Verify and the backup calls as an operator sees them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"
#include "tests/support/wait_until.h"

namespace cortex::testing {
namespace {

namespace fs = std::filesystem;

constexpr char kSummary[] = "SELECT count(*) AS n, sum(score) AS s, max(id) AS m FROM scores";

// Beside the data directory, which the server's own temporary directory holds.
void WithBackups(ServerConfig* config) { config->backup_dir = config->data_dir + "-backups"; }

void Fill(TestServer* server, uint32_t first, uint32_t count) { server->Ingest("scores", Scores(first, count)); }

struct CheckAnswer {
  grpc::Status status;
  std::vector<std::string> damages;
  bool finished = false;
  uint64_t files = 0, bytes = 0, damage_count = 0;
};

template <typename Response>
CheckAnswer Collect(grpc::ClientReader<Response>* stream) {
  CheckAnswer answer;
  Response message;
  while (stream->Read(&message)) {
    CHECK_FALSE(answer.finished);
    answer.damages.insert(answer.damages.end(), message.damages().begin(), message.damages().end());
    answer.finished = message.finished();
    answer.files = message.file_count();
    answer.bytes = message.bytes_read();
    answer.damage_count = message.damage_count();
  }
  answer.status = stream->Finish();
  return answer;
}

CheckAnswer Verify(TestServer& server, const std::string& table = "") {
  grpc::ClientContext context;
  wire::VerifyRequest request;
  request.set_table(table);
  return Collect(server.admin().Verify(&context, request).get());
}

CheckAnswer VerifyBackup(TestServer& server, const std::string& backup) {
  grpc::ClientContext context;
  wire::VerifyBackupRequest request;
  request.set_backup_directory(backup);
  return Collect(server.admin().VerifyBackup(&context, request).get());
}

grpc::Status CreateBackup(TestServer& server, const std::string& directory, wire::CreateBackupResponse* response) {
  grpc::ClientContext context;
  wire::CreateBackupRequest request;
  request.set_directory(directory);
  return server.admin().CreateBackup(&context, request, response);
}

grpc::Status Restore(TestServer& server, const std::string& backup, const std::string& target) {
  grpc::ClientContext context;
  wire::RestoreBackupRequest request;
  request.set_backup_directory(backup);
  request.set_target_directory(target);
  wire::RestoreBackupResponse response;
  return server.admin().RestoreBackup(&context, request, &response);
}

void FlipByte(const std::string& path, uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  REQUIRE(file.good());
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 1));
  REQUIRE(file.good());
}

std::string LargestIn(const std::string& directory) {
  std::string largest;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  REQUIRE_FALSE(largest.empty());
  return largest;
}

template <typename Detail>
bool HasDetail(const grpc::Status& status) {
  google::rpc::Status details;
  REQUIRE(details.ParseFromString(status.error_details()));
  return std::any_of(details.details().begin(), details.details().end(),
                     [](const auto& detail) { return detail.template Is<Detail>(); });
}

TEST_CASE("Verify reads everything and names the damaged file and block", "[e2e][safety]") {
  TestServer server;
  server.CreateTable(kScores);
  Fill(&server, 0, 5'000);
  server.MoveTier("scores", wire::TIER_HOT, wire::TIER_WARM);
  const CheckAnswer clean = Verify(server);
  INFO(clean.status.error_message());
  REQUIRE(clean.status.ok());
  CHECK(clean.finished);
  CHECK(clean.files > 16);  // a segment per shard, the log, the meta store
  CHECK(clean.bytes > 0);
  CHECK(clean.damages.empty());

  const std::string file = LargestIn(server.data_dir() + "/warm");
  FlipByte(file, 200);
  const CheckAnswer found = Verify(server, "scores");
  CHECK(found.status.error_code() == grpc::StatusCode::DATA_LOSS);
  CHECK_THAT(found.status.error_message(), Catch::Contains(fs::path(file).filename().string()));
  CHECK(found.finished);  // it went on to the end
  CHECK(found.files == 16);
  REQUIRE(found.damages.size() == 1);
  CHECK(found.damage_count == 1);
  CHECK_THAT(found.damages[0], Catch::Contains("row group 0, column") && Catch::Contains("checksum mismatch"));

  const CheckAnswer unknown = Verify(server, "score");
  CHECK(unknown.status.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK_THAT(unknown.status.error_message(), Catch::Contains("did you mean \"scores\""));
}

TEST_CASE("A long verification blocks nobody, is bounded, and ends when nobody waits for it", "[e2e][safety]") {
  TestServer server([](ServerConfig* c) {
    WithBackups(c);
    c->tiering_bytes_per_second = 8 << 10;  // the pace of the check: minutes for what follows
    c->maintenance_max_running = 1;
  });
  server.CreateTable(kScores);
  Fill(&server, 0, 50'000);
  grpc::ClientContext context;
  const auto stream = server.admin().Verify(&context, wire::VerifyRequest());
  wire::VerifyResponse message;
  REQUIRE(stream->Read(&message));
  CHECK_FALSE(message.finished());
  CHECK(message.total_bytes() > message.bytes_read());

  server.CreateTable(kUsers);  // administration does not wait behind it
  Fill(&server, 50'000, 1'000);
  CHECK(server.Query("SELECT count(*) AS n FROM scores").Lines() == std::vector<std::string>{"n=51000"});
  wire::CreateBackupResponse backup;
  const grpc::Status refused = CreateBackup(server, "", &backup);
  CHECK(refused.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK_THAT(refused.error_message(), Catch::Contains("too many maintenance calls at once, limit 1"));
  CHECK(HasDetail<google::rpc::RetryInfo>(refused));

  context.TryCancel();
  while (stream->Read(&message)) {
  }
  CHECK(stream->Finish().error_code() == grpc::StatusCode::CANCELLED);
  // Its place is free soon after; a backup takes it, and its deadline ends that.
  grpc::Status late;
  do {
    grpc::ClientContext late_context;
    late_context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
    late = server.admin().CreateBackup(&late_context, wire::CreateBackupRequest(), &backup);
  } while (late.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(late.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_CASE("A verification whose reader takes nothing is given up", "[e2e][safety]") {
  TestServer server([](ServerConfig* c) {
    c->tiering_bytes_per_second = 8 << 10;  // the pace of the check: minutes for what follows
    c->maintenance_max_running = 1;
    c->query_stall_timeout_ms = 500;
  });
  server.CreateTable(kScores);
  Fill(&server, 0, 50'000);
  // A client whose window is smaller than any message: what it does not read blocks the server's next write.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 5);
  const auto narrow = wire::AdminService::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(server.server().port()), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  const auto stalled = narrow->Verify(&context, wire::VerifyRequest());
  stalled->WaitForInitialMetadata();
  // Its place is free once it has been given up; the next one takes it, and its deadline ends that.
  grpc::StatusCode code = grpc::StatusCode::RESOURCE_EXHAUSTED;
  CHECK(WaitUntil([&] {
    grpc::ClientContext next_context;
    next_context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
    wire::VerifyResponse message;
    const auto next = server.admin().Verify(&next_context, wire::VerifyRequest());
    while (next->Read(&message)) {
    }
    code = next->Finish().error_code();
    return code != grpc::StatusCode::RESOURCE_EXHAUSTED;
  }));
  CHECK(code == grpc::StatusCode::DEADLINE_EXCEEDED);
  wire::VerifyResponse message;
  while (stalled->Read(&message)) CHECK_FALSE(message.finished());
  const grpc::Status ended = stalled->Finish();
  CHECK(ended.error_code() == grpc::StatusCode::ABORTED);
  CHECK_THAT(ended.error_message(), Catch::Contains("the reader took nothing for 500 ms, the verification was given up"));
}

TEST_CASE("A shutdown ends a verification with a clear status", "[e2e][safety]") {
  TestServer server([](ServerConfig* c) {
    c->tiering_bytes_per_second = 8 << 10;
    c->drain_timeout_ms = 60'000;
  });
  server.CreateTable(kScores);
  Fill(&server, 0, 50'000);
  grpc::ClientContext context;
  const auto stream = server.admin().Verify(&context, wire::VerifyRequest());
  wire::VerifyResponse message;
  REQUIRE(stream->Read(&message));
  std::thread shutdown([&] { server.server().Shutdown(); });
  while (stream->Read(&message)) {
  }
  const grpc::Status status = stream->Finish();
  shutdown.join();
  CHECK(status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK_THAT(status.error_message(), Catch::Contains("the verification was given up"));
}

TEST_CASE("A move ends with its deadline, and at a shutdown", "[e2e][safety]") {
  TestServer server([](ServerConfig* c) {
    c->tiering_bytes_per_second = 1;  // the first row group takes hours
    c->drain_timeout_ms = 60'000;
  });
  server.CreateTable(kScores);
  Fill(&server, 0, 4'000);
  const std::vector<std::string> rows = server.Query(kSummary).Lines();
  server.MoveTier("scores", wire::TIER_HOT, wire::TIER_WARM);
  const auto move = [&](grpc::ClientContext* context) {
    wire::MoveTierRequest request;
    request.set_table("scores");
    request.set_from(wire::TIER_WARM);
    request.set_to(wire::TIER_COLD);
    wire::MoveTierResponse response;
    return server.admin().MoveTier(context, request, &response);
  };
  grpc::ClientContext late;
  late.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  CHECK(move(&late).error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  const std::string cold = server.data_dir() + "/cold";
  REQUIRE(WaitUntil([&] { return fs::is_empty(cold); }));  // the work ends as well, and removes its file
  grpc::ClientContext context;
  grpc::Status moved;
  std::thread mover([&] { moved = move(&context); });
  while (std::filesystem::is_empty(cold)) std::this_thread::yield();
  server.server().Shutdown();
  mover.join();
  CHECK(moved.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK_THAT(moved.error_message(), Catch::Contains("the move was given up"));
  server.Restart();
  CHECK(server.Query(kSummary).Lines() == rows);
}

TEST_CASE("A backup made while rows come in is restored to the rows of one commit", "[e2e][safety]") {
  TestServer server(WithBackups);
  server.CreateTable(kScores);
  Fill(&server, 0, 4'000);
  server.MoveTier("scores", wire::TIER_HOT, wire::TIER_WARM);
  constexpr uint32_t kBatchRows = 100;
  std::thread writer([&] {
    for (uint32_t i = 0; i < 50; ++i) {
      grpc::ClientContext context;
      wire::IngestRequest request;
      request.set_table("scores");
      *request.mutable_columns() = Scores(4'000 + i * kBatchRows, kBatchRows);
      wire::IngestResponse response;
      server.ingest().Ingest(&context, request, &response);
    }
  });
  wire::CreateBackupResponse first, second;
  const grpc::Status during = CreateBackup(server, "", &first);
  writer.join();
  INFO(during.error_message());
  REQUIRE(during.ok());
  CHECK(first.backup_directory() == "backup-000001");
  REQUIRE(CreateBackup(server, "", &second).ok());
  CHECK(second.reused_file_count() >= 16);  // segments that did not change
  CHECK(second.copied_bytes() < second.stored_bytes());
  const std::vector<std::string> rows = server.Query(kSummary).Lines();
  CHECK(server.Query("SELECT count(*) AS n FROM scores").Lines() == std::vector<std::string>{"n=9000"});

  grpc::ClientContext context;
  wire::ListBackupsResponse list;
  REQUIRE(server.admin().ListBackups(&context, wire::ListBackupsRequest(), &list).ok());
  REQUIRE(list.backups_size() == 2);
  CHECK(list.backups(1).backup_directory() == "backup-000002");
  CHECK(list.backups(1).problem().empty());
  CHECK(list.backups(1).token().commit() == second.token().commit());
  CHECK(list.backups(1).stored_bytes() == second.stored_bytes());
  const CheckAnswer whole = VerifyBackup(server, "backup-000001");
  CHECK(whole.status.ok());
  CHECK(whole.finished);
  CHECK(whole.files == first.file_count());
  CHECK(whole.bytes == first.stored_bytes());

  for (const std::string name : {"backup-000001", "backup-000002"}) {
    const grpc::Status restored = Restore(server, name, "from-" + name);
    INFO(restored.error_message());
    REQUIRE(restored.ok());
    TestServer again([&](ServerConfig* c) { c->data_dir = server.data_dir() + "-backups/from-" + name; });
    if (name == "backup-000002") {
      CHECK(again.Query(kSummary).Lines() == rows);
    } else {
      // As of its commit the server has the same rows to this day.
      const std::string then = "SELECT count(*) AS n, sum(score) AS s FROM scores FOR SYSTEM_TIME AS OF COMMIT " +
                               std::to_string(first.token().commit());
      CHECK(again.Query("SELECT count(*) AS n, sum(score) AS s FROM scores").Lines() == server.Query(then).Lines());
    }
    CHECK(Verify(again).status.ok());
  }
}

TEST_CASE("A damaged backup is named and never restored", "[e2e][safety]") {
  TestServer server(WithBackups);
  server.CreateTable(kScores);
  Fill(&server, 0, 1'000);
  wire::CreateBackupResponse backup;
  REQUIRE(CreateBackup(server, "nightly", &backup).ok());
  CHECK(backup.backup_directory() == "nightly/backup-000001");
  const std::string root = server.data_dir() + "-backups";
  FlipByte(LargestIn(root + "/nightly/backup-000001/wal"), 100);
  const CheckAnswer found = VerifyBackup(server, "nightly/backup-000001");
  CHECK(found.status.error_code() == grpc::StatusCode::DATA_LOSS);
  REQUIRE(found.damages.size() == 1);
  CHECK_THAT(found.damages[0], Catch::Contains("backup file wal/") && Catch::Contains("expected SHA-256"));
  const grpc::Status refused = Restore(server, "nightly/backup-000001", "restored");
  CHECK(refused.error_code() == grpc::StatusCode::DATA_LOSS);
  CHECK_THAT(refused.error_message(), Catch::Contains("backup file wal/"));
  CHECK_FALSE(fs::exists(root + "/restored"));
}

TEST_CASE("Backup calls stay below backup.dir and write only where nothing is", "[e2e][safety]") {
  TestServer server(WithBackups);
  wire::CreateBackupResponse backup;
  grpc::ClientContext empty_context;
  wire::ListBackupsResponse list;
  REQUIRE(server.admin().ListBackups(&empty_context, wire::ListBackupsRequest(), &list).ok());
  CHECK(list.backups_size() == 0);
  const grpc::Status outside = CreateBackup(server, "../elsewhere", &backup);
  CHECK(outside.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(HasDetail<google::rpc::BadRequest>(outside));
  REQUIRE(CreateBackup(server, "", &backup).ok());
  CHECK(Restore(server, "backup-000001", "").error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(Restore(server, "", "restored").error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(Restore(server, "backup-000007", "restored").error_code() == grpc::StatusCode::NOT_FOUND);
  // The next backup would take a restored directory of such a name for an unfinished one.
  const grpc::Status taken = Restore(server, "backup-000001", "backup-000002");
  CHECK_THAT(taken.error_message(), Catch::Contains("is a name of backups"));
  REQUIRE(Restore(server, "backup-000001", "restored").ok());
  const grpc::Status again = Restore(server, "backup-000001", "restored");
  CHECK(again.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK_THAT(again.error_message(), Catch::Contains("only into an empty or absent directory"));

  TestServer without;
  const grpc::Status none = CreateBackup(without, "", &backup);
  CHECK(none.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK_THAT(none.error_message(), Catch::Contains("set backup.dir"));
}

}  // namespace
}  // namespace cortex::testing
