#include "tools/benchmark/workloads.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/ingester.h"
#include "tools/client/query_runner.h"
#include "tools/client/row_source.h"

namespace cortex::benchmark {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What one query took and brought.
struct QueryRun {
  double client_ms = 0, server_ms = 0;
  uint64_t rows = 0, bytes = 0;
  v1::ColumnBatch first;
  v1::ResultSchema schema;
};

absl::StatusOr<QueryRun> RunOnce(const client::Connection& connection, const v1::QueryRequest& request) {
  QueryRun run;
  const auto start = Clock::now();
  ASSIGN_OR_RETURN(const v1::QueryTrailer trailer,
                   client::RunQuery(connection, request, 0, [&](const v1::ResultSchema& schema, const v1::ColumnBatch& batch) {
                     for (const v1::ColumnValues& column : batch.columns()) run.bytes += column.values().size();
                     run.rows += batch.row_count();
                     if (run.first.columns_size() == 0) {
                       run.first = batch;
                       run.schema = schema;
                     }
                     return absl::OkStatus();
                   }));
  run.client_ms = MillisecondsSince(start);
  run.server_ms = static_cast<double>(trailer.statistics().plan_us() + trailer.statistics().execute_us()) / 1e3;
  return run;
}

struct Repeated {
  Times server, client;
  QueryRun last;
};

absl::StatusOr<Repeated> Repeat(const Workload& workload, const v1::QueryRequest& request) {
  Repeated result;
  for (int i = -1; i < workload.repetitions; ++i) {
    ASSIGN_OR_RETURN(result.last, RunOnce(*workload.connection, request));
    if (i < 0) continue;  // the first run warms caches and mappings
    result.server.ms.push_back(result.last.server_ms);
    result.client.ms.push_back(result.last.client_ms);
  }
  return result;
}

v1::QueryRequest Cql(const std::string& text) {
  v1::QueryRequest request;
  request.set_cql(text);
  return request;
}

absl::Status Measure(const Workload& workload, const std::string& work, const std::string& tier, const v1::QueryRequest& request,
                     uint64_t rows, std::optional<double> target) {
  ASSIGN_OR_RETURN(const Repeated runs, Repeat(workload, request));
  workload.report->Add({.work = work, .tier = tier, .data = "generated", .rows = rows, .server = runs.server,
                        .client = runs.client, .target = target});
  return absl::OkStatus();
}

absl::Status MeasureGets(const Workload& workload, const generate::Generator& generator, const std::string& table,
                         const std::string& tier, const std::string& work, const std::vector<std::string>& columns,
                         Targets targets) {
  constexpr int kLookups = 500;
  Times get, server;
  uint64_t state = 12345;
  for (int i = -20; i < kLookups; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator: any spread of rows will do
    const std::string key = generator.EntityId((state >> 20) % generator.options().row_count);
    v1::GetRequest request;
    request.set_table(table);
    request.add_keys(key);
    for (const std::string& column : columns) request.add_columns(column);
    grpc::ClientContext context;
    v1::GetResponse response;
    const auto start = Clock::now();
    RETURN_IF_ERROR(client::ToStatus(workload.connection->query->Get(&context, request, &response)));
    const double ms = MillisecondsSince(start);
    if (response.found_size() != 1 || !response.found(0)) return absl::DataLossError(absl::StrCat("no row for ", key));
    if (i < 0) continue;
    get.ms.push_back(ms);
    // The answer carries no timings, so the server's part is what the call took beyond an empty one of the same run.
    server.ms.push_back(std::max(0.0, ms - workload.limits->echo_ms));
  }
  workload.report->Add({.work = work, .tier = tier, .data = "generated", .rows = generator.options().row_count,
                        .server = server, .client = get, .target = targets.Of(tier), .note = "server = client - echo"});
  return absl::OkStatus();
}

absl::Status MeasureLookups(const Workload& workload, const generate::Generator& generator, const std::string& table,
                            const std::string& tier) {
  RETURN_IF_ERROR(MeasureGets(workload, generator, table, tier, "single-row lookup (Get)",
                              {"entity_id", "timestamp", "coherence_score", "fractal_dimension"}, {0.1, 1, 10}));
  Times query_server, query_client;
  v1::QueryRequest request =
      Cql(absl::StrCat("SELECT timestamp, coherence_score, fractal_dimension FROM ", table, " WHERE entity_id = $1"));
  for (uint64_t i = 0; i < 100; ++i) {
    request.clear_parameters();
    request.add_parameters()->set_string_value(generator.EntityId(i * 7919 % generator.options().row_count));
    ASSIGN_OR_RETURN(const QueryRun run, RunOnce(*workload.connection, request));
    query_server.ms.push_back(run.server_ms);
    query_client.ms.push_back(run.client_ms);
  }
  workload.report->Add({.work = "all rows of one key (CQL)", .tier = tier, .data = "generated",
                        .rows = generator.options().row_count, .server = query_server, .client = query_client});
  return absl::OkStatus();
}

absl::Status MeasureRangeToClient(const Workload& workload, const generate::Generator& generator, const std::string& table,
                                  const std::string& tier) {
  const uint64_t wanted = std::min<uint64_t>(1'000'000, generator.options().row_count);
  v1::QueryRequest request = Cql(absl::StrCat("SELECT timestamp, coherence_score, fractal_dimension, hurst_exponent FROM ", table,
                                              " WHERE timestamp >= $1 AND timestamp < $2"));
  request.add_parameters()->set_timestamp_ns(generator.options().first_time_ns - 10'000'000'000);
  request.add_parameters()->set_timestamp_ns(generator.options().first_time_ns + static_cast<int64_t>(wanted) * 1'000'000);
  ASSIGN_OR_RETURN(const Repeated runs, Repeat(workload, request));
  const double stream_ms = static_cast<double>(runs.last.bytes) / workload.limits->stream_mb_per_s / 1e3;
  workload.report->Add({.work = "range, rows x 4 scalars to the client", .tier = tier, .data = "generated", .rows = runs.last.rows,
                        .server = runs.server, .client = runs.client, .target = Targets{10, 50, 500}.Of(tier),
                        .note = absl::StrFormat("%.1f MB, loopback stream of them %.1f ms", static_cast<double>(runs.last.bytes) / 1e6, stream_ms)});
  workload.report->Add({.work = "  of which: client time / stream time", .tier = tier, .data = "generated", .rows = runs.last.rows,
                        .value = runs.client.Median() / stream_ms, .unit = "x",
                        .target = tier == "hot" ? std::optional<double>(2.0) : std::nullopt});
  return absl::OkStatus();
}

v1::Value FieldParameter(const std::string& packed) {
  v1::Value value;
  v1::DataType* type = value.mutable_vector()->mutable_type();
  type->set_kind(v1::DataType::KIND_VECTOR);
  type->set_element(v1::DataType::KIND_COMPLEX128);
  type->set_length(static_cast<uint32_t>(packed.size() / 16));
  value.mutable_vector()->set_values(packed);
  return value;
}

// Distance below which about one row in a thousand lies, from the answer of a sorted query.
absl::StatusOr<double> ThousandthDistance(const Workload& workload, const generate::Generator& generator, const std::string& table,
                                          const v1::Value& query) {
  v1::QueryRequest request = Cql(absl::StrFormat("SELECT css_distance(css_field_state, $1) AS d FROM %s ORDER BY d LIMIT %d", table,
                                                 std::max<uint64_t>(1, generator.options().row_count / 1000)));
  *request.add_parameters() = query;
  ASSIGN_OR_RETURN(const client::QueryResult result, client::CollectQuery(*workload.connection, request, 0));
  if (result.batches.empty() || result.batches.back().row_count() == 0) return absl::DataLossError("no rows to measure distances on");
  const v1::ColumnBatch& last = result.batches.back();
  ASSIGN_OR_RETURN(const client::WireColumn column,
                   client::WireColumn::Open(last.columns(0), result.schema.columns(0).type(), last.row_count()));
  return column.Number(last.row_count() - 1);
}

}  // namespace

absl::Status LoadGenerated(const Workload& workload, const generate::Generator& generator, const std::string& table) {
  v1::CreateTableRequest create;
  *create.mutable_definition() = generator.Definition(table);
  // Nothing but MoveTier may move these rows.
  create.mutable_definition()->mutable_tier_policy()->set_hot_max_rows(uint64_t{1} << 40);
  grpc::ClientContext context;
  v1::CreateTableResponse created;
  RETURN_IF_ERROR(client::ToStatus(workload.connection->catalog->CreateTable(&context, create, &created)));

  const uint32_t step = generator.options().vectors ? 384 : 32'768;
  std::vector<v1::ColumnBatch> batches;  // made before the clock starts
  for (uint64_t begin = 0; begin < generator.options().row_count; begin += step) {
    batches.push_back(generator.Rows(begin, static_cast<uint32_t>(std::min<uint64_t>(step, generator.options().row_count - begin))));
  }
  v1::IngestRequest defaults;
  defaults.set_table(table);
  const auto start = Clock::now();
  const auto ingester = client::Ingester::Open(*workload.connection, defaults, nullptr);
  for (v1::ColumnBatch& batch : batches) RETURN_IF_ERROR(ingester->Send(std::move(batch)));
  ASSIGN_OR_RETURN(const client::IngestTotals totals, ingester->Finish());
  const double seconds = MillisecondsSince(start) / 1e3;
  const double rows_per_s = static_cast<double>(totals.row_count) / seconds;
  const double mb_per_s = static_cast<double>(totals.request_bytes) / seconds / 1e6;
  const std::string rate = absl::StrFormat("%.0f MB/s of rows, disk limit %.0f MB/s", mb_per_s, workload.limits->disk_write_mb_per_s);
  if (generator.options().vectors) {
    workload.report->Add({.work = "ingest, fields and vectors, durable", .data = "generated", .rows = totals.row_count,
                          .value = mb_per_s, .unit = "MB/s", .note = rate});
  } else {
    workload.report->Add({.work = "ingest, scalar rows, durable", .data = "generated", .rows = totals.row_count,
                          .value = rows_per_s, .unit = "rows/s", .target = 500'000, .higher_is_better = true, .note = rate});
  }
  return absl::OkStatus();
}

absl::Status LoadSample(const Workload& workload, const std::string& directory, const std::string& table) {
  grpc::ClientContext context;
  v1::DescribeTableRequest request;
  request.set_table(table);
  v1::DescribeTableResponse response;
  RETURN_IF_ERROR(client::ToStatus(workload.connection->catalog->DescribeTable(&context, request, &response)));
  ASSIGN_OR_RETURN(const auto source, client::OpenTableDirectory(directory + "/" + table, response.table().definition()));
  v1::IngestRequest defaults;
  defaults.set_table(table);
  const auto start = Clock::now();
  const auto ingester = client::Ingester::Open(*workload.connection, defaults, nullptr);
  while (true) {
    v1::ColumnBatch batch;
    RETURN_IF_ERROR(source->NextBatch(client::BatchLimits(), &batch));
    if (batch.row_count() == 0) break;
    RETURN_IF_ERROR(ingester->Send(std::move(batch)));
  }
  ASSIGN_OR_RETURN(const client::IngestTotals totals, ingester->Finish());
  const double seconds = MillisecondsSince(start) / 1e3;
  workload.report->Add({.work = absl::StrCat("ingest of ", table, ", files included"), .data = "real", .rows = totals.row_count,
                        .value = static_cast<double>(totals.request_bytes) / seconds / 1e6, .unit = "MB/s"});
  return absl::OkStatus();
}

absl::Status MoveDown(const client::Connection& connection, const std::string& table, const std::string& tier) {
  std::vector<std::pair<v1::Tier, v1::Tier>> steps;
  if (tier != "hot") steps.emplace_back(v1::TIER_HOT, v1::TIER_WARM);
  if (tier == "cold") steps.emplace_back(v1::TIER_WARM, v1::TIER_COLD);
  for (const auto& [from, to] : steps) {
    v1::MoveTierRequest request;
    request.set_table(table);
    request.set_from(from);
    request.set_to(to);
    grpc::ClientContext context;
    v1::MoveTierResponse response;
    RETURN_IF_ERROR(client::ToStatus(connection.admin->MoveTier(&context, request, &response)));
  }
  return absl::OkStatus();
}

absl::Status MeasureScalars(const Workload& workload, const generate::Generator& generator, const std::string& table,
                            const std::string& tier) {
  const uint64_t rows = generator.options().row_count;
  RETURN_IF_ERROR(MeasureLookups(workload, generator, table, tier));
  RETURN_IF_ERROR(Measure(workload, "aggregate: count, sum, avg, min, max, stddev", tier,
                          Cql(absl::StrCat("SELECT count(*), sum(hurst_exponent), avg(hurst_exponent), min(hurst_exponent), "
                                           "max(hurst_exponent), stddev(hurst_exponent) FROM ", table)),
                          rows, Targets{5, 20, 100}.Of(tier)));
  RETURN_IF_ERROR(Measure(workload, "filter and count (3 columns)", tier,
                          Cql(absl::StrCat("SELECT count(*) FROM ", table, " WHERE coherence_score < 0.5 AND fractal_dimension "
                                           "BETWEEN 1.2 AND 1.6 AND tcs_archetype = 'Decay'")),
                          rows, std::nullopt));
  RETURN_IF_ERROR(Measure(workload, "group by archetype: count, avg, min, max", tier,
                          Cql(absl::StrCat("SELECT tcs_archetype, count(*), avg(coherence_score), min(coherence_score), "
                                           "max(coherence_score) FROM ", table, " GROUP BY tcs_archetype")),
                          rows, std::nullopt));
  return MeasureRangeToClient(workload, generator, table, tier);
}

absl::Status MeasureVectors(const Workload& workload, const generate::Generator& generator, const std::string& table,
                            const std::string& tier) {
  const uint64_t rows = generator.options().row_count;
  RETURN_IF_ERROR(MeasureGets(workload, generator, table, tier, "one row with its field complex128[256] (Get)",
                              {"entity_id", "css_field_state"}, {0.1, 0.3, 0.3}));
  const v1::Value query = FieldParameter(generator.Field(rows / 3));
  ASSIGN_OR_RETURN(const double threshold, ThousandthDistance(workload, generator, table, query));

  v1::QueryRequest thousand = Cql(absl::StrCat("SELECT count(*) FROM ", table, " WHERE timestamp >= $2 AND timestamp < $3 AND "
                                               "css_distance(css_field_state, $1) < $4"));
  *thousand.add_parameters() = query;
  thousand.add_parameters()->set_timestamp_ns(generator.options().first_time_ns + 3'000'000'000);
  thousand.add_parameters()->set_timestamp_ns(generator.options().first_time_ns + 4'000'000'000);
  thousand.add_parameters()->set_double_value(threshold);
  RETURN_IF_ERROR(Measure(workload, "css_distance over 1,000 rows of one second", tier, thousand, 1'000, Targets{1, 5, 20}.Of(tier)));

  v1::QueryRequest below = Cql(absl::StrCat("SELECT entity_id FROM ", table, " WHERE css_distance(css_field_state, $1) < $2"));
  *below.add_parameters() = query;
  below.add_parameters()->set_double_value(threshold);
  RETURN_IF_ERROR(Measure(workload, "css_distance threshold (0.1 %), all rows read", tier, below, rows, std::nullopt));

  v1::QueryRequest top = Cql(absl::StrCat("SELECT entity_id, css_distance(css_field_state, $1) AS d FROM ", table, " ORDER BY d LIMIT 10"));
  *top.add_parameters() = query;
  return Measure(workload, "css_distance top 10, all rows read", tier, top, rows, std::nullopt);
}

absl::Status MeasureSizes(const Workload& workload, const std::string& table, const std::string& data) {
  v1::GetStatsRequest request;
  request.set_table(table);
  grpc::ClientContext context;
  v1::GetStatsResponse response;
  RETURN_IF_ERROR(client::ToStatus(workload.connection->stats->GetStats(&context, request, &response)));
  for (const v1::TableStats& stats : response.tables()) {
    for (const v1::TierStats& tier : stats.tiers()) {
      if (tier.row_count() == 0) continue;
      workload.report->Add({.work = absl::StrCat("size of ", table, ", raw / stored, lossless"), .tier = std::string(client::TierName(tier.tier())),
                            .data = data, .rows = tier.row_count(), .value = tier.compression_ratio(), .unit = "x",
                            .note = absl::StrFormat("%.1f MB of %.1f MB", static_cast<double>(tier.stored_bytes()) / 1e6,
                                                    static_cast<double>(tier.raw_bytes()) / 1e6)});
    }
  }
  return absl::OkStatus();
}

}  // namespace cortex::benchmark
