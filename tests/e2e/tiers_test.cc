// One query over three real tiers, before and after moves and restarts.
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/e2e/tables.h"
#include "tests/e2e/test_server.h"
#include "tests/support/wait_until.h"

namespace cortex::testing {
namespace {

using Lines = std::vector<std::string>;

constexpr char kSummary[] = "SELECT count(*) AS n, sum(score) AS s, min(at) AS a, max(id) AS m FROM scores";

void IngestScores(TestServer* server, uint32_t first, uint32_t count, wire::Tier tier = wire::TIER_HOT) {
  grpc::ClientContext context;
  wire::IngestRequest request;
  request.set_table("scores");
  request.set_tier(tier);
  *request.mutable_columns() = Scores(first, count);
  wire::IngestResponse response;
  const grpc::Status status = server->ingest().Ingest(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
}

std::vector<uint64_t> RowsPerTier(TestServer* server) {
  grpc::ClientContext context;
  wire::GetStatsRequest request;
  request.set_table("scores");
  wire::GetStatsResponse stats;
  REQUIRE(server->stats().GetStats(&context, request, &stats).ok());
  std::vector<uint64_t> rows;
  for (const auto& tier : stats.tables(0).tiers()) rows.push_back(tier.row_count());
  return rows;
}

TEST_CASE("A query sees each row once, whichever tier it is in", "[e2e][tiers]") {
  TestServer server;
  server.CreateTable(kScores);
  IngestScores(&server, 0, 1'000);
  const Lines before = server.Query(kSummary).Lines();
  server.MoveTier("scores", wire::TIER_HOT, wire::TIER_WARM);
  CHECK(RowsPerTier(&server) == std::vector<uint64_t>{0, 1'000, 0});
  CHECK(server.Query(kSummary).Lines() == before);
  server.MoveTier("scores", wire::TIER_WARM, wire::TIER_COLD);
  CHECK(RowsPerTier(&server) == std::vector<uint64_t>{0, 0, 1'000});
  CHECK(server.Query(kSummary).Lines() == before);

  IngestScores(&server, 1'000, 500);
  server.MoveTier("scores", wire::TIER_HOT, wire::TIER_WARM);
  IngestScores(&server, 1'500, 250);
  CHECK(RowsPerTier(&server) == std::vector<uint64_t>{250, 500, 1'000});
  const Lines over_three = server.Query(kSummary).Lines();
  CHECK_THAT(over_three.at(0), Catch::Contains("n=1750"));
  CHECK(server.Query("SELECT id FROM scores WHERE score IN (0, 600, 850) ORDER BY id").Lines() ==
        Lines{"id=\"e0\"", "id=\"e1200\"", "id=\"e1700\""});
  server.Restart();
  CHECK(server.Query(kSummary).Lines() == over_three);
}

TEST_CASE("Get finds keys in every tier", "[e2e][tiers]") {
  TestServer server;
  server.CreateTable(kScores);
  IngestScores(&server, 0, 10, wire::TIER_COLD);
  IngestScores(&server, 10, 10, wire::TIER_WARM);
  IngestScores(&server, 20, 10);
  CHECK(RowsPerTier(&server) == std::vector<uint64_t>{10, 10, 10});
  grpc::ClientContext context;
  const auto request = FromJson<wire::GetRequest>(
      R"({"table": "scores", "keys": ["e5", "e15", "e25"], "columns": ["score"], "format": "RESULT_FORMAT_ROWS"})");
  wire::GetResponse response;
  REQUIRE(server.query().Get(&context, request, &response).ok());
  CHECK(response.tiers(0) == wire::TIER_COLD);
  CHECK(response.tiers(1) == wire::TIER_WARM);
  CHECK(response.tiers(2) == wire::TIER_HOT);
  REQUIRE(response.rows().rows_size() == 3);
  CHECK(response.rows().rows(1).fields().at("score").number_value() == 7.5);
}

TEST_CASE("Vectors come back to the bit from every tier", "[e2e][tiers]") {
  TestServer server;
  server.CreateTable(kScores);
  IngestScores(&server, 0, 100);
  const auto states = [&server] {
    std::string bytes;
    for (const auto& batch :
         server.Query("SELECT state FROM scores ORDER BY at", wire::RESULT_FORMAT_COLUMNS).batches) {
      bytes += batch.columns(0).values();
    }
    return bytes;
  };
  const std::string ingested = Scores(0, 100).columns(3).values();
  CHECK(states() == ingested);
  server.MoveTier("scores", wire::TIER_HOT, wire::TIER_WARM);
  CHECK(states() == ingested);
  server.MoveTier("scores", wire::TIER_WARM, wire::TIER_COLD);
  CHECK(states() == ingested);
}

TEST_CASE("Background moves can be paused and resumed", "[e2e][tiers]") {
  TestServer server;
  for (const bool paused : {true, false}) {
    grpc::ClientContext context, stats_context;
    wire::PauseTieringRequest request;
    request.set_paused(paused);
    wire::PauseTieringResponse response;
    REQUIRE(server.admin().PauseTiering(&context, request, &response).ok());
    CHECK(response.paused() == paused);
    wire::GetStatsResponse stats;
    REQUIRE(server.stats().GetStats(&stats_context, {}, &stats).ok());
    CHECK(stats.server().tiering_paused() == paused);
  }
}

TEST_CASE("What is to move shows in SHOW TIERS and in the figures while moves are paused", "[e2e][tiers]") {
  TestServer server([](ServerConfig* c) {
    c->tiering_interval_ms = 1;
    c->tiering_paused = true;
  });
  std::string definition = kScores;
  definition.replace(definition.find("\"tierPolicy\": {}"), 16, R"("tierPolicy": {"warmMaxAgeMs": "3600000"})");
  server.CreateTable(definition);
  IngestScores(&server, 0, 100, wire::TIER_WARM);  // of 1970
  const auto tier = [&](const std::string& name) {
    for (std::string& line : server.Query("SHOW TIERS FROM scores").Lines()) {
      if (line.find("tier=\"" + name + "\"") != std::string::npos) return line;
    }
    return std::string();
  };
  std::string warm;
  CHECK(WaitUntil([&] { return (warm = tier("warm")).find("freeze") != std::string::npos; }));
  CHECK_THAT(warm, Catch::Contains("moves=\"freeze, shard ") && Catch::Contains("tiering=\"paused\"") &&
                       Catch::Contains("rows=100") && !Catch::Contains("debt_bytes=0 ") &&
                       Catch::Contains("write_amplification=1"));
  CHECK_THAT(tier("hot"), Catch::Contains("moves=\"\"") && Catch::Contains("debt_bytes=0"));
  grpc::ClientContext context;
  wire::GetStatsResponse stats;
  REQUIRE(server.stats().GetStats(&context, {}, &stats).ok());
  REQUIRE(stats.tiering().queue_size() > 0);
  CHECK(stats.tiering().queue(0).kind() == "freeze");
  CHECK(stats.tiering().queue(0).tier() == wire::TIER_WARM);
  CHECK(stats.tiering().debt_bytes() == stats.files().stored_bytes());
  const auto scores = std::find_if(stats.tables().begin(), stats.tables().end(),
                                   [](const auto& table) { return table.table() == "scores"; });
  REQUIRE(scores != stats.tables().end());
  CHECK(scores->files().compression_ratio() ==
        static_cast<double>(stats.files().raw_bytes()) / static_cast<double>(stats.files().stored_bytes()));

  grpc::ClientContext resume_context;
  wire::PauseTieringResponse resumed;
  REQUIRE(server.admin().PauseTiering(&resume_context, {}, &resumed).ok());
  CHECK(WaitUntil([&] {
    warm = tier("warm");
    return warm.find("rows=0 ") != std::string::npos && warm.find("moves=\"\"") != std::string::npos;
  }));
  CHECK_THAT(warm, Catch::Contains("tiering=\"running\""));
  CHECK_THAT(tier("cold"), Catch::Contains("rows=100") && !Catch::EndsWith("write_amplification=1"));
}

TEST_CASE("Pins and merges by request show in the figures", "[e2e][tiers]") {
  TestServer server;
  server.CreateTable(kScores);
  for (uint32_t batch = 0; batch < 5; ++batch) IngestScores(&server, batch * 100, 100, wire::TIER_COLD);
  const Lines before = server.Query(kSummary).Lines();
  const auto stats = [&] {
    grpc::ClientContext context;
    wire::GetStatsRequest request;
    request.set_table("scores");
    wire::GetStatsResponse response;
    REQUIRE(server.stats().GetStats(&context, request, &response).ok());
    return response;
  };
  wire::CompactRequest compact;
  compact.set_table("scores");
  compact.set_tier(wire::TIER_COLD);
  wire::CompactResponse compacted;
  {
    grpc::ClientContext context;
    REQUIRE(server.admin().Compact(&context, compact, &compacted).ok());
  }
  CHECK(compacted.segments_before() > compacted.segments_after());
  CHECK(compacted.segments_after() > 0);
  CHECK(server.Query(kSummary).Lines() == before);
  const wire::GetStatsResponse after = stats();
  CHECK(after.tiering().write_amplification() > 1);
  REQUIRE(after.tiering().work_size() == 1);
  CHECK(after.tiering().work(0).kind() == "merge");
  CHECK(after.tiering().work(0).row_count() >= 500);

  wire::PinRequest pin;
  pin.set_table("scores");
  pin.set_tier(wire::TIER_WARM);
  wire::PinResponse pinned;
  {
    grpc::ClientContext context;
    REQUIRE(server.admin().Pin(&context, pin, &pinned).ok());
  }
  CHECK(pinned.tier() == wire::TIER_WARM);
  CHECK(stats().tables(0).pin() == wire::TIER_WARM);
  server.Restart();
  CHECK(stats().tables(0).pin() == wire::TIER_WARM);
  pin.clear_tier();
  {
    grpc::ClientContext context;
    REQUIRE(server.admin().Pin(&context, pin, &pinned).ok());
  }
  CHECK(stats().tables(0).pin() == wire::TIER_UNSPECIFIED);
  CHECK(server.Query(kSummary).Lines() == before);
}

}  // namespace
}  // namespace cortex::testing
