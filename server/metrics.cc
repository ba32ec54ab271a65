#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/string_view.h"
#include "server/admission.h"
#include "server/degradation.h"
#include "server/logging.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"

namespace cortex {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

int64_t SteadyNanos() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

prometheus::Histogram::BucketBoundaries SecondsBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

MetricFamily Family(std::string name, std::string help, MetricType type) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

void Add(MetricFamily* family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family->type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family->metric.push_back(std::move(metric));
}

MetricFamily Single(std::string name, std::string help, MetricType type, double value) {
  MetricFamily family = Family(std::move(name), std::move(help), type);
  Add(&family, {}, value);
  return family;
}

void CollectTiers(const Database& database, std::vector<MetricFamily>* out) {
  MetricFamily bytes = Family("cortex_tier_bytes", "Bytes as stored in the tier.", MetricType::Gauge);
  MetricFamily raw = Family("cortex_tier_raw_bytes", "Bytes of the values before encoding.", MetricType::Gauge);
  MetricFamily rows = Family("cortex_tier_rows", "Row versions in the tier.", MetricType::Gauge);
  MetricFamily segments = Family("cortex_tier_segments", "Segments in the tier.", MetricType::Gauge);
  TierStats sums[3];
  for (const auto& table : database.ListTables()) {
    const absl::StatusOr<TableStats> stats = database.GetTableStats(table->name);
    if (!stats.ok()) continue;  // dropped meanwhile
    for (const TierStats& tier : stats->tiers) {
      TierStats& sum = sums[static_cast<size_t>(tier.tier) - 1];
      sum.stored_bytes += tier.stored_bytes;
      sum.raw_bytes += tier.raw_bytes;
      sum.row_count += tier.row_count;
      sum.segment_count += tier.segment_count;
    }
  }
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    const TierStats& sum = sums[static_cast<size_t>(tier) - 1];
    const std::vector<ClientMetric::Label> labels = {{"tier", std::string(TierName(tier))}};
    Add(&bytes, labels, static_cast<double>(sum.stored_bytes));
    Add(&raw, labels, static_cast<double>(sum.raw_bytes));
    Add(&rows, labels, static_cast<double>(sum.row_count));
    Add(&segments, labels, static_cast<double>(sum.segment_count));
  }
  out->insert(out->end(), {bytes, raw, rows, segments});
}

void CollectDatabase(const Database& database, std::vector<MetricFamily>* out) {
  const DatabaseStats stats = database.GetStats();
  out->push_back(Single("cortex_visible_commit", "Newest visible commit.", MetricType::Gauge,
                        static_cast<double>(stats.visible_commit)));
  out->push_back(Single("cortex_wal_bytes", "Bytes of the write-ahead log on disk.", MetricType::Gauge,
                        static_cast<double>(stats.wal_bytes)));
  out->push_back(Single("cortex_wal_syncs_total", "Syncs of the write-ahead log.", MetricType::Counter,
                        static_cast<double>(stats.wal_syncs)));
  MetricFamily moves = Family("cortex_tier_moves_total", "Moves between tiers.", MetricType::Counter);
  Add(&moves, {{"result", "done"}}, static_cast<double>(stats.moves_done));
  Add(&moves, {{"result", "failed"}}, static_cast<double>(stats.moves_failed));
  out->push_back(std::move(moves));
  out->push_back(Single("cortex_tier_moved_bytes_total", "Bytes written by moves.", MetricType::Counter,
                        static_cast<double>(stats.moved_bytes)));
  out->push_back(Single("cortex_tiering_paused", "1 while background moves are paused.", MetricType::Gauge,
                        stats.tiering_paused ? 1 : 0));
  const TieringStats tiering = database.GetTieringStats();
  out->push_back(Single("cortex_tier_sealed_bytes_total", "Bytes written when rows became part of a file first.",
                        MetricType::Counter, static_cast<double>(tiering.sealed_bytes)));
  out->push_back(Single("cortex_tier_write_amplification", "How often a stored byte was written; 0 before the first.",
                        MetricType::Gauge, tiering.write_amplification));
  out->push_back(Single("cortex_tier_debt_bytes", "Bytes that policies say should have moved by now.",
                        MetricType::Gauge, static_cast<double>(tiering.debt_bytes)));
  out->push_back(Single("cortex_tier_debt_seconds", "How long the oldest of them has waited.", MetricType::Gauge,
                        static_cast<double>(tiering.oldest_debt_ns) / 1e9));
  out->push_back(Single("cortex_tier_queue_moves", "Moves planned and running.", MetricType::Gauge,
                        static_cast<double>(tiering.queue.size())));
  out->push_back(Single("cortex_tier_mapped_files", "Segment files mapped.", MetricType::Gauge,
                        static_cast<double>(tiering.mapped_files)));
  MetricFamily work = Family("cortex_tier_work_bytes_total", "Bytes written by moves, by kind.", MetricType::Counter);
  for (const TierWorkStats& kind : tiering.work) {
    Add(&work, {{"kind", kind.kind}}, static_cast<double>(kind.bytes_written));
  }
  out->push_back(std::move(work));
  out->push_back(Single("cortex_recovery_seconds", "Time of the last recovery.", MetricType::Gauge,
                        static_cast<double>(stats.recovery_ns) / 1e9));
  MetricFamily free = Family("cortex_disk_free_bytes", "Free disk space, by directory.", MetricType::Gauge);
  MetricFamily low = Family("cortex_disk_low", "1 while rows are refused to keep the reserve.", MetricType::Gauge);
  for (const DiskStats& disk : stats.disks) {
    Add(&free, {{"directory", disk.name}}, static_cast<double>(disk.free_bytes));
    Add(&low, {{"directory", disk.name}}, disk.low ? 1 : 0);
  }
  MetricFamily refused = Family("cortex_ingest_refused_total", "Batches refused.", MetricType::Counter);
  Add(&refused, {{"for", "disk"}}, static_cast<double>(stats.ingest_refused_by_disk));
  Add(&refused, {{"for", "memory"}}, static_cast<double>(stats.ingest_refused_by_memory));
  out->insert(out->end(), {free, low, refused});
  out->push_back(Single("cortex_ingest_delayed_total", "Batches that waited for memory or the sealer.",
                        MetricType::Counter, static_cast<double>(stats.ingest_delayed)));
  CollectTiers(database, out);
}

void CollectMemory(const MemoryBudget& budget, std::vector<MetricFamily>* out) {
  out->push_back(Single("cortex_memory_budget_bytes", "The memory budget.", MetricType::Gauge,
                        static_cast<double>(budget.limit())));
  MetricFamily used = Family("cortex_memory_used_bytes", "Memory accounted for, by use.", MetricType::Gauge);
  for (size_t i = 0; i < kMemoryUseCount; ++i) {
    const auto use = static_cast<MemoryUse>(i);
    Add(&used, {{"use", std::string(MemoryUseName(use))}}, static_cast<double>(budget.used(use)));
  }
  out->push_back(std::move(used));
  out->push_back(Single("cortex_memory_peak_bytes", "The most that was accounted for at once.", MetricType::Gauge,
                        static_cast<double>(budget.peak())));
}

void CollectDegradations(const Database& database, const MemoryBudget& budget, std::vector<MetricFamily>* out) {
  MetricFamily family = Family("cortex_degraded", "1 while rows are refused, or will be soon, by reason.", MetricType::Gauge);
  const std::vector<Degradation> now = FindDegradations(database.GetStats(), budget);
  for (const char* reason : {"disk_low", "disk_full", "memory_pressure"}) {
    const bool degraded = std::any_of(now.begin(), now.end(), [&](const Degradation& d) { return d.reason == reason; });
    Add(&family, {{"reason", reason}}, degraded ? 1 : 0);
  }
  out->push_back(std::move(family));
}

void CollectAdmission(const Admission& admission, std::vector<MetricFamily>* out) {
  MetricFamily inside = Family("cortex_calls_inside", "Calls running or queued.", MetricType::Gauge);
  MetricFamily refused = Family("cortex_admission_rejected_total", "Calls refused.", MetricType::Counter);
  for (size_t i = 0; i < kCallClassCount; ++i) {
    const auto call_class = static_cast<CallClass>(i);
    const std::vector<ClientMetric::Label> labels = {{"class", std::string(CallClassName(call_class))}};
    Add(&inside, labels, static_cast<double>(admission.inside(call_class)));
    Add(&refused, labels, static_cast<double>(admission.refused(call_class)));
  }
  out->insert(out->end(), {inside, refused});
}

// Reads the observed objects when asked, so nothing is counted twice.
class Observer final : public prometheus::Collectable {
 public:
  void Set(const Database* database, const MemoryBudget* budget, const Admission* admission) {
    MutexLock lock(&mutex_);
    database_ = database;
    budget_ = budget;
    admission_ = admission;
  }
  std::vector<MetricFamily> Collect() const override {
    // Held while collecting: whoever takes the database away waits for the scrape to end.
    MutexLock lock(&mutex_);
    std::vector<MetricFamily> out;
    if (database_ != nullptr) CollectDatabase(*database_, &out);
    if (budget_ != nullptr) CollectMemory(*budget_, &out);
    if (database_ != nullptr && budget_ != nullptr) CollectDegradations(*database_, *budget_, &out);
    if (admission_ != nullptr) CollectAdmission(*admission_, &out);
    return out;
  }

 private:
  mutable Mutex mutex_;  // guards the three pointers and what a scrape reads through them
  const Database* database_ ABSL_GUARDED_BY(mutex_) = nullptr;
  const MemoryBudget* budget_ ABSL_GUARDED_BY(mutex_) = nullptr;
  const Admission* admission_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

prometheus::Labels MethodLabels(std::string_view method) {
  const size_t slash = method.find('/');
  return {{"grpc_service", "cortex.datastore.v1." + std::string(method.substr(0, slash))},
          {"grpc_method", std::string(method.substr(slash + 1))}};
}

}  // namespace

class Metrics::Impl {
 public:
  Impl()
      : registry_(std::make_shared<prometheus::Registry>()),
        observer_(std::make_shared<Observer>()),
        started_(prometheus::BuildCounter()
                     .Name("grpc_server_started_total")
                     .Help("Calls that arrived.")
                     .Register(*registry_)),
        handled_(prometheus::BuildCounter()
                     .Name("grpc_server_handled_total")
                     .Help("Calls that ended, by code.")
                     .Register(*registry_)),
        seconds_(prometheus::BuildHistogram()
                     .Name("grpc_server_handling_seconds")
                     .Help("Time from arrival to status.")
                     .Register(*registry_)),
        rows_(prometheus::BuildCounter()
                  .Name("cortex_rows_ingested_total")
                  .Help("Rows acknowledged.")
                  .Register(*registry_)
                  .Add({})) {}

  std::shared_ptr<prometheus::Registry> registry_;
  std::shared_ptr<Observer> observer_;
  prometheus::Family<prometheus::Counter>& started_;
  prometheus::Family<prometheus::Counter>& handled_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  prometheus::Counter& rows_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() { StopServing(); }

void Metrics::CallStarted(std::string_view method) { impl_->started_.Add(MethodLabels(method)).Increment(); }

void Metrics::CallHandled(std::string_view method, absl::StatusCode code, double seconds) {
  prometheus::Labels labels = MethodLabels(method);
  impl_->seconds_.Add(labels, SecondsBuckets()).Observe(seconds);
  labels["grpc_code"] = absl::StatusCodeToString(code);
  impl_->handled_.Add(labels).Increment();
}

void Metrics::RowsIngested(uint64_t rows) { impl_->rows_.Increment(static_cast<double>(rows)); }

void Metrics::Observe(const Database* database, const MemoryBudget* budget, const Admission* admission) {
  impl_->observer_->Set(database, budget, admission);
}

absl::StatusOr<int> Metrics::Serve(const std::string& host_port) {
  try {  // the library reports by exception; they end here
    impl_->exposer_ = std::make_unique<prometheus::Exposer>(host_port, 1);
  } catch (const std::exception& error) {
    return absl::FailedPreconditionError(
        absl::StrFormat("cannot serve metrics on %s (metrics.listen): %s", host_port, error.what()));
  }
  impl_->exposer_->RegisterCollectable(impl_->registry_);
  impl_->exposer_->RegisterCollectable(impl_->observer_);
  const std::vector<int> ports = impl_->exposer_->GetListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

void Metrics::StopServing() { impl_->exposer_.reset(); }

std::string Metrics::Text() const {
  std::vector<MetricFamily> families = impl_->registry_->Collect();
  for (MetricFamily& family : impl_->observer_->Collect()) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

CallRecord::CallRecord(Metrics* metrics, std::string method)
    : metrics_(metrics), method_(std::move(method)), start_ns_(SteadyNanos()) {
  metrics_->CallStarted(method_);
}

void CallRecord::Handled(const absl::Status& status) {
  const double seconds = static_cast<double>(SteadyNanos() - start_ns_) / 1e9;
  metrics_->CallHandled(method_, status.code(), seconds);
  const bool worrying = absl::IsInternal(status) || absl::IsDataLoss(status) || absl::IsUnknown(status);
  const LogLevel level = worrying ? LogLevel::kError : LogLevel::kDebug;
  Log(level, status.ok() ? "call" : std::string(StdView(status.message())),
      {{"rpc", method_}, {"code", absl::StatusCodeToString(status.code())}, {"dur_ms", seconds * 1e3}});
}

}  // namespace cortex
