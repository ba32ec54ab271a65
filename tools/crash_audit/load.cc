#include "tools/crash_audit/load.h"

#include <deque>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/client/ingester.h"
#include "tools/client/query_runner.h"

namespace cortex::audit {
namespace {

constexpr int kCallMs = 120'000;  // a machine may be busy
constexpr int kScanMs = 600'000;

v1::Tier RandomTier(std::mt19937_64* random) {
  const uint64_t dice = (*random)() % 20;
  return dice == 0 ? v1::TIER_COLD : dice <= 2 ? v1::TIER_WARM : v1::TIER_HOT;
}

// Down twice as often as up.
constexpr std::pair<v1::Tier, v1::Tier> kMoves[] = {{v1::TIER_HOT, v1::TIER_WARM},  {v1::TIER_HOT, v1::TIER_WARM},
                                                    {v1::TIER_WARM, v1::TIER_COLD}, {v1::TIER_WARM, v1::TIER_COLD},
                                                    {v1::TIER_COLD, v1::TIER_WARM}, {v1::TIER_WARM, v1::TIER_HOT}};

const char* TableOf(Target target) { return target == Target::kEvents ? kEventsTable : kEntitiesTable; }

}  // namespace

Load::Load(const LoadOptions& options, uint64_t row_seed, Ledger* ledger)
    : options_(options), row_seed_(row_seed), ledger_(ledger) {
  threads_.emplace_back([this] { StreamWriter(Target::kEvents, 0); });
  threads_.emplace_back([this] { UnaryWriter(Target::kEvents, 1); });
  threads_.emplace_back([this] { StreamWriter(Target::kEntities, 2); });
  threads_.emplace_back([this] { UnaryWriter(Target::kEntities, 3); });
  threads_.emplace_back([this] { Mover(); });
  threads_.emplace_back([this] { Reader(); });
  threads_.emplace_back([this] { TableMaker(); });
  if (options_.scans) threads_.emplace_back([this] { Scanner(); });
}

Load::~Load() { Stop(); }

void Load::Stop() {
  stopping_ = true;
  stopped_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<std::string> Load::complaints() const {
  MutexLock lock(&mutex_);
  return complaints_;
}

bool Load::Tolerate(const absl::Status& status, const char* what) {
  if (status.ok()) return true;
  if (errors_expected_) return false;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:  // killed or draining
    case absl::StatusCode::kCancelled:
      return false;
    case absl::StatusCode::kResourceExhausted:  // told to come back later
      ++refusals_;
      return true;
    case absl::StatusCode::kAborted:
      return true;
    default: {
      MutexLock lock(&mutex_);
      complaints_.push_back(absl::StrCat(what, ": ", std::string(status.ToString())));
      return false;
    }
  }
}

bool Load::Pace(uint64_t round) {
  const int64_t step_ns = 1'000'000'000 / options_.batches_per_s;
  MutexLock lock(&mutex_);
  // A little unevenness makes the writers meet in ever new ways.
  if (!stopping_) stopped_.WaitFor(&mutex_, step_ns / 2 + static_cast<int64_t>(round * 7919 % 100) * step_ns / 100);
  return !stopping_;
}

void Load::StreamWriter(Target target, uint32_t writer) {
  const auto connection = client::Connect(options_.endpoint, kCallMs);
  if (!Tolerate(connection.status(), "connect")) return;
  std::mt19937_64 random(options_.seed + writer);
  v1::IngestRequest defaults;
  defaults.set_table(TableOf(target));
  defaults.set_tier(RandomTier(&random));

  Mutex mutex;  // guards `sent`: the batches of this stream in order, which acknowledgements name by index
  std::deque<int64_t> sent;
  const auto ingester = client::Ingester::Open(*connection, defaults, [&](const v1::IngestAck& ack) {
    int64_t batch_id = 0;
    {
      MutexLock lock(&mutex);
      batch_id = sent.at(ack.index());
    }
    ledger_->Acknowledge(batch_id);
  });
  for (uint64_t round = 0; Pace(round + writer); ++round) {
    const int64_t batch_id = ledger_->Send(target, writer);
    {
      MutexLock lock(&mutex);
      sent.push_back(batch_id);
    }
    if (!ingester->Send(MakeBatch(row_seed_, target, writer, batch_id)).ok()) break;
  }
  // On a stream the refused batch is not known by number, so what is not acknowledged stays unknown.
  Tolerate(ingester->Finish().status(), "ingest stream");
}

void Load::UnaryWriter(Target target, uint32_t writer) {
  const auto connection = client::Connect(options_.endpoint, kCallMs);
  if (!Tolerate(connection.status(), "connect")) return;
  std::mt19937_64 random(options_.seed + writer);
  for (uint64_t round = 0; Pace(round + writer); ++round) {
    const int64_t batch_id = ledger_->Send(target, writer);
    v1::IngestRequest request;
    request.set_table(TableOf(target));
    request.set_tier(RandomTier(&random));
    *request.mutable_columns() = MakeBatch(row_seed_, target, writer, batch_id);
    grpc::ClientContext context;
    context.set_deadline(client::DeadlineIn(kCallMs));
    v1::IngestResponse response;
    const absl::Status status = client::ToStatus(connection->ingest->Ingest(&context, request, &response));
    if (status.ok()) ledger_->Acknowledge(batch_id);
    if (status.code() == absl::StatusCode::kResourceExhausted) ledger_->Refuse(batch_id);
    if (!Tolerate(status, "ingest")) return;
  }
}

void Load::Mover() {
  const auto connection = client::Connect(options_.endpoint, kCallMs);
  if (!Tolerate(connection.status(), "connect")) return;
  std::mt19937_64 random(options_.seed + 100);
  for (uint64_t round = 0; Pace(round); ++round) {
    if (random() % 16 != 0) continue;
    v1::MoveTierRequest request;
    request.set_table(random() % 2 == 0 ? kEventsTable : kEntitiesTable);
    const auto [from, to] = kMoves[random() % std::size(kMoves)];
    request.set_from(from);
    request.set_to(to);
    request.set_max_rows(2'000);
    grpc::ClientContext context;
    context.set_deadline(client::DeadlineIn(kCallMs));
    v1::MoveTierResponse response;
    const absl::Status status = client::ToStatus(connection->admin->MoveTier(&context, request, &response));
    if (!Tolerate(status, "move tier")) return;
    if (response.row_count() > 0) ++moves_;
  }
}

// A table that comes, takes a few rows and goes.
void Load::TableMaker() {
  const auto connection = client::Connect(options_.endpoint, kCallMs);
  if (!Tolerate(connection.status(), "connect")) return;
  for (uint64_t round = 0; Pace(round * 5); ++round) {
    const std::string table = absl::StrCat("scratch_", round % 3);
    for (const std::string& cql :
         {absl::StrCat("CREATE TABLE IF NOT EXISTS ", table, " (k string, t timestamp) KEY k TIME t"),
          absl::StrCat("INSERT INTO ", table, " (k, t) VALUES ('a', NOW()), ('b', NOW())"),
          absl::StrCat("DROP TABLE IF EXISTS ", table)}) {
      if (!Tolerate(client::CollectQuery(*connection, cql, kCallMs).status(), cql.c_str())) return;
    }
  }
}

void Load::Scanner() {
  const auto connection = client::Connect(options_.endpoint, kCallMs);
  if (!Tolerate(connection.status(), "connect")) return;
  constexpr const char* kScans[] = {"SELECT key, count(*) AS n, max(digest) AS d FROM audit_events GROUP BY key",
                                    "SELECT key, note FROM audit_events ORDER BY digest LIMIT 20",
                                    "SELECT count(*) AS n FROM audit_entities WHERE l2_distance(state, state) = 0"};
  for (uint64_t round = 0; Pace(round); ++round) {
    const char* const cql = kScans[round % std::size(kScans)];
    if (!Tolerate(client::CollectQuery(*connection, cql, kScanMs).status(), cql)) return;
    ++queries_;
  }
}

void Load::Reader() {
  const auto connection = client::Connect(options_.endpoint, kCallMs);
  if (!Tolerate(connection.status(), "connect")) return;
  for (uint64_t round = 0; Pace(round * 3); ++round) {
    if (round % 4 != 0) continue;
    const uint64_t at_least = ledger_->AcknowledgedEventRows();
    const auto result =
        client::CollectQuery(*connection, absl::StrCat("SELECT count(*) AS n FROM ", kEventsTable), kCallMs);
    const uint64_t at_most = ledger_->PossibleEventRows();
    if (!Tolerate(result.status(), "count")) return;
    if (!result.ok()) continue;
    ++queries_;
    if (result->batches.empty()) continue;
    const auto column = client::WireColumn::Open(result->batches[0].columns(0), result->schema.columns(0).type(),
                                                 result->batches[0].row_count());
    const uint64_t count = column.ok() ? static_cast<uint64_t>(column->Integer(0)) : 0;
    if (count >= at_least && count <= at_most && count % kRowsPerBatch == 0) continue;
    MutexLock lock(&mutex_);
    complaints_.push_back(absl::StrCat("count(*) of ", kEventsTable, " is ", count, ", acknowledged before: ", at_least,
                                       ", sent until after: ", at_most, ", rows of a batch: ", kRowsPerBatch));
  }
}

}  // namespace cortex::audit
