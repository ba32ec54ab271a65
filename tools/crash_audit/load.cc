#include "tools/crash_audit/load.h"

#include <deque>
#include <optional>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/client/ingester.h"
#include "tools/client/query_runner.h"
#include "tools/crash_audit/state_table.h"

namespace cortex::audit {
namespace {

constexpr int kScanMs = 600'000;

v1::Tier RandomTier(std::mt19937_64* random) {
  const uint64_t dice = (*random)() % 20;
  return dice == 0 ? v1::TIER_COLD : dice <= 2 ? v1::TIER_WARM : v1::TIER_HOT;
}

const char* TableOf(Target target) { return target == Target::kEvents ? kEventsTable : kEntitiesTable; }

// The first column of the first row; -1 where there is none.
int64_t FirstNumber(const client::QueryResult& result) {
  if (result.batches.empty() || result.batches[0].columns_size() == 0) return -1;
  const auto column = client::WireColumn::Open(result.batches[0].columns(0), result.schema.columns(0).type(),
                                               result.batches[0].row_count());
  return column.ok() ? column->Integer(0) : -1;
}

}  // namespace

Load::Load(const LoadOptions& options, const LoadBooks& books) : options_(options), books_(books) {
  threads_.emplace_back([this] { StreamWriter(Target::kEvents, 0); });
  threads_.emplace_back([this] { UnaryWriter(Target::kEvents, 1); });
  threads_.emplace_back([this] { StreamWriter(Target::kEntities, 2); });
  threads_.emplace_back([this] { UnaryWriter(Target::kEntities, 3); });
  threads_.emplace_back([this] { Mover(); });
  threads_.emplace_back([this] { Reader(); });
  threads_.emplace_back([this] { TableMaker(); });
  if (books_.producer != nullptr) threads_.emplace_back([this] { Producer(); });
  if (books_.states != nullptr) {
    threads_.emplace_back([this] { StateChanger(); });
    threads_.emplace_back([this] { Upkeep(); });
  }
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

bool Load::Tolerate(const absl::Status& status, std::string_view what) {
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
      complaints_.push_back(absl::StrCat(std::string(what), ": ", std::string(status.ToString())));
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
  const client::Connection* const connection = options_.connection;
  std::mt19937_64 random(options_.seed + writer);
  uint64_t round = 0;
  while (WriteStream(*connection, target, writer, RandomTier(&random), &round)) {
  }
}

// Until the stream ends. True if it was refused and another one is worth a try.
bool Load::WriteStream(const client::Connection& connection, Target target, uint32_t writer, v1::Tier tier,
                       uint64_t* round) {
  v1::IngestRequest defaults;
  defaults.set_table(TableOf(target));
  defaults.set_tier(tier);

  Mutex mutex;  // guards `sent`: the batches of this stream in order, which acknowledgements name by index
  std::deque<int64_t> sent;
  const auto ingester = client::Ingester::Open(connection, defaults, [&](const v1::IngestAck& ack) {
    int64_t batch_id = 0;
    {
      MutexLock lock(&mutex);
      batch_id = sent.at(ack.index());
    }
    books_.rows->Acknowledge(batch_id);
  });
  bool paced = false;
  for (; (paced = Pace(*round + writer)); ++*round) {
    const int64_t batch_id = books_.rows->Send(target, writer);
    {
      MutexLock lock(&mutex);
      sent.push_back(batch_id);
    }
    if (!ingester->Send(MakeBatch(options_.row_seed, target, writer, batch_id)).ok()) break;
  }
  // On a stream the refused batch is not known by number, so what is not acknowledged stays unknown.
  const absl::Status ended = ingester->Finish().status();
  return Tolerate(ended, "ingest stream") && paced && !ended.ok();
}

void Load::UnaryWriter(Target target, uint32_t writer) {
  const client::Connection* const connection = options_.connection;
  std::mt19937_64 random(options_.seed + writer);
  for (uint64_t round = 0; Pace(round + writer); ++round) {
    const int64_t batch_id = books_.rows->Send(target, writer);
    v1::IngestRequest request;
    request.set_table(TableOf(target));
    request.set_tier(RandomTier(&random));
    *request.mutable_columns() = MakeBatch(options_.row_seed, target, writer, batch_id);
    grpc::ClientContext context;
    context.set_deadline(client::DeadlineIn(kCallMs));
    v1::IngestResponse response;
    const absl::Status status = client::ToStatus(connection->ingest->Ingest(&context, request, &response));
    if (status.ok()) books_.rows->Acknowledge(batch_id);
    if (status.code() == absl::StatusCode::kResourceExhausted) books_.rows->Refuse(batch_id);
    if (!Tolerate(status, "ingest")) return;
    if (books_.states == nullptr || target != Target::kEvents || random() % 8 != 0) continue;
    if (!Tolerate(DeleteBatch(*connection, writer, random()), "delete")) return;
  }
}

absl::Status Load::DeleteBatch(const client::Connection& connection, uint32_t writer, uint64_t random) {
  const bool erase = random % 3 == 0;
  const std::optional<int64_t> batch_id = books_.rows->BeginDelete(writer, random, erase);
  if (!batch_id.has_value()) return absl::OkStatus();
  const std::string cql = absl::StrCat("DELETE FROM ", kEventsTable, " WHERE batch_id = ", *batch_id,
                                       erase ? " PURGE" : "");
  const auto result = client::CollectQuery(connection, cql, kCallMs);
  if (absl::IsResourceExhausted(result.status())) books_.rows->RefuseDelete(*batch_id);
  if (!result.ok()) return result.status();
  books_.rows->ConfirmDelete(*batch_id);
  ++changes_;
  const int64_t rows = FirstNumber(*result);
  if (rows == kRowsPerBatch) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("\"", cql, "\" counts ", rows, " rows"));
}

void Load::Producer() {
  const client::Connection* const connection = options_.connection;
  std::mt19937_64 random(options_.seed + 200);
  for (uint64_t round = 0; Pace(round * 3); ++round) {
    if (round % 2 != 0) continue;
    if (!Tolerate(books_.producer->SendNext(*connection, RandomTier(&random)), "producer")) return;
  }
}

void Load::StateChanger() {
  const client::Connection* const connection = options_.connection;
  std::mt19937_64 random(options_.seed + 300);
  for (uint64_t round = 0; !books_.states->has_pending() && Pace(round); ++round) {
    const StateChange change = books_.states->Begin(&random);
    const auto commit = SendChange(*connection, change, RandomTier(&random), kCallMs);
    if (commit.ok()) {
      books_.states->Acknowledge(*commit, &random);
      ++changes_;
    } else if (absl::IsResourceExhausted(commit.status())) {
      books_.states->Forget();
    }
    if (!Tolerate(commit.status(), absl::StrCat("change ", change.number))) return;
  }
}

void Load::Scanner() {
  const client::Connection* const connection = options_.connection;
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
  const client::Connection* const connection = options_.connection;
  for (uint64_t round = 0; Pace(round * 3); ++round) {
    if (round % 4 != 0) continue;
    const EventRows before = books_.rows->CountEvents();
    const auto result =
        client::CollectQuery(*connection, absl::StrCat("SELECT count(*) AS n FROM ", kEventsTable), kCallMs);
    const EventRows after = books_.rows->CountEvents();
    if (!Tolerate(result.status(), "count")) return;
    if (!result.ok()) continue;
    ++queries_;
    const uint64_t at_least = EventRows::AtLeast(before, after), at_most = EventRows::AtMost(before, after);
    const auto count = static_cast<uint64_t>(FirstNumber(*result));
    const bool whole = count % kRowsPerBatch == 0 || !EventRows::ShowsWholeBatches(before, after);
    if (count >= at_least && count <= at_most && whole) continue;
    MutexLock lock(&mutex_);
    complaints_.push_back(absl::StrCat("count(*) of ", kEventsTable, " is ", count, ", must be at least ", at_least,
                                       " and at most ", at_most, ", rows of a batch: ", kRowsPerBatch));
  }
}

}  // namespace cortex::audit
