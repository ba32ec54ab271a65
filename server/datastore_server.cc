#include "server/datastore_server.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "grpc/health/v1/health.pb.h"
#include "query/query_engine.h"
#include "server/admin_service.h"
#include "server/catalog_service.h"
#include "server/degradation.h"
#include "server/ingest_service.h"
#include "server/ingest_stream.h"
#include "server/listen_address.h"
#include "server/logging.h"
#include "server/malformed_request.h"
#include "server/memory_limit.h"
#include "server/process_meter.h"
#include "server/query_service.h"
#include "server/stats_service.h"
#include "server/storage_events.h"
#include "server/subscription_hub.h"
#include "storage/database.h"
#include "storage/runtime/clock.h"

namespace cortex {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr uint64_t kMinRpcBufferBytes = 32ull << 20;
constexpr uint64_t kMaxRpcBufferBytes = 1ull << 30;
constexpr size_t kAckQueue = 65'536;

// Growth that cannot be refused: open groups of rows already accepted, a group being sealed.
uint64_t HeadroomBytes(uint64_t budget_bytes) { return std::min<uint64_t>(budget_bytes / 8, 256ull << 20); }

uint64_t BudgetBytes(const ServerConfig& config) {
  return config.memory_budget_bytes > 0 ? config.memory_budget_bytes : UsableMemoryBytes() / 2;
}

size_t ScanThreads(const ServerConfig& config) {
  if (config.query_threads > 0) return config.query_threads;
  return std::max(1u, std::thread::hardware_concurrency());
}

AdmissionOptions MakeAdmissionOptions(const ServerConfig& c, MemoryBudget* budget) {
  AdmissionOptions options;
  options.budget = budget;
  options.max_calls[static_cast<size_t>(CallClass::kLookup)] = c.lookup_threads + c.lookup_max_queued;
  options.max_calls[static_cast<size_t>(CallClass::kQuery)] = c.query_max_running + c.query_max_queued;
  options.max_calls[static_cast<size_t>(CallClass::kIngest)] = c.ingest_max_running;
  options.max_calls[static_cast<size_t>(CallClass::kAdmin)] = c.admin_threads + c.admin_max_queued;
  options.max_calls[static_cast<size_t>(CallClass::kMaintenance)] = c.maintenance_max_running;
  return options;
}

DatabaseOptions MakeDatabaseOptions(const ServerConfig& c, MemoryBudget* budget) {
  DatabaseOptions options;
  options.data_dir = c.data_dir;
  options.warm_dir = c.data_warm_dir;
  options.cold_dir = c.data_cold_dir;
  options.wal_limit_bytes = c.wal_limit_bytes;
  options.wal_file_bytes = c.wal_file_bytes;
  options.seal_rows = static_cast<uint32_t>(c.hot_seal_rows);
  options.seal_bytes = c.hot_seal_bytes;
  options.unsealed_limit_bytes = c.hot_unsealed_limit_bytes;
  options.data_reserve_bytes = c.data_reserve_bytes;
  options.warm_reserve_bytes = c.data_warm_reserve_bytes;
  options.cold_reserve_bytes = c.data_cold_reserve_bytes;
  options.memory_wait_ns = static_cast<int64_t>(c.memory_wait_ms) * 1'000'000;
  options.tiering_bytes_per_second = c.tiering_bytes_per_second;
  options.tiering_interval_ns = static_cast<int64_t>(c.tiering_interval_ms) * kNanosPerMilli;
  options.create_builtin_tables = c.data_builtin_tables;
  options.repair_wal = c.wal_repair;
  options.budget = budget;
  options.on_event = [](std::string_view event, std::string_view detail) {
    Log(StorageEventLevel(event), event, {{"component", std::string("storage")}, {"detail", std::string(detail)}});
  };
  return options;
}

// One of the two gRPC servers of the process: the services, or health alone for probes.
struct GrpcServer {
  std::unique_ptr<grpc::Server> server;
  int port = 0;

  void SetServing(const std::string& name, bool serving) {
    if (server != nullptr) server->GetHealthCheckService()->SetServingStatus(name, serving);
  }
};

void LimitConnections(const ServerConfig& c, uint64_t budget_bytes, grpc::ServerBuilder* builder) {
  const auto argument = [builder](const char* name, uint64_t value) {
    builder->AddChannelArgument(name, static_cast<int>(std::min<uint64_t>(value, INT32_MAX)));
  };
  builder->SetMaxReceiveMessageSize(static_cast<int>(c.grpc_max_receive_bytes));
  argument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a second server on our port must fail, not share it
  argument(GRPC_ARG_MAX_CONCURRENT_STREAMS, c.grpc_max_concurrent_streams);
  argument(GRPC_ARG_KEEPALIVE_TIME_MS, c.grpc_keepalive_time_ms);
  argument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, c.grpc_keepalive_timeout_ms);
  argument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, c.grpc_min_ping_interval_ms);
  argument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, c.grpc_handshake_timeout_ms);
  if (c.grpc_max_connection_idle_ms > 0) argument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, c.grpc_max_connection_idle_ms);
  grpc::ResourceQuota quota("cortexd");
  quota.Resize(std::clamp(budget_bytes / 8, kMinRpcBufferBytes, kMaxRpcBufferBytes));
  if (c.grpc_max_threads > 0) quota.SetMaxThreads(static_cast<int>(c.grpc_max_threads));
  builder->SetResourceQuota(quota);
}

// gRPC keeps these switches per process, not per server.
void SwitchOnPlugins(const ServerConfig& config) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::health::v1::HealthCheckRequest::descriptor();  // links the description of Health for reflection
  static const bool reflection = [&] {
    if (config.grpc_reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return config.grpc_reflection;
  }();
  static const bool channelz = [&] {
    if (config.grpc_channelz) grpc::channelz::experimental::InitChannelzService();
    return config.grpc_channelz;
  }();
  (void)reflection;
  (void)channelz;
}

bool IsLoopback(const std::string& host_port) {
  const std::string host = host_port.substr(0, host_port.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.compare(0, 4, "127.") == 0;
}

}  // namespace

class DatastoreServer::Impl {
 public:
  explicit Impl(LoadedConfig loaded)
      : loaded_(std::move(loaded)),
        budget_(BudgetBytes(loaded_.config), HeadroomBytes(BudgetBytes(loaded_.config))),
        admission_(MakeAdmissionOptions(loaded_.config, &budget_)) {}
  ~Impl() { Shutdown(); }

  absl::Status Start() {
    SwitchOnPlugins(loaded_.config);
    RETURN_IF_ERROR(CheckAddresses());
    RETURN_IF_ERROR(StartOps());
    RETURN_IF_ERROR(StartMetrics());
    ASSIGN_OR_RETURN(database_, Database::Open(MakeDatabaseOptions(config(), &budget_)));
    if (config().tiering_paused) database_->PauseTiering(true);
    StartPools();
    engine_ = std::make_unique<QueryEngine>(QueryEngineOptions{
        .database = database_.get(), .workers = scan_workers_.get(), .budget = &budget_, .clock = SystemClock()});
    metrics_.Observe(database_.get(), &budget_, &admission_);
    RETURN_IF_ERROR(StartServices());
    SetServing(true);
    return WriteReadyFile();
  }

  void Shutdown() {
    if (std::exchange(shut_down_, true)) return;
    meter_.reset();
    SetServing(false);
    if (main_.server != nullptr) WaitHurried(config().drain_delay_ms, [] { return false; });
    admission_.StartDraining();
    streams_.Drain();
    if (subscriptions_ != nullptr) subscriptions_->Drain();
    WaitHurried(config().drain_timeout_ms, [this] { return admission_.WaitUntilEmpty(20 * kNanosPerMilli); });
    queries_.CancelAll();
    if (main_.server != nullptr) main_.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
    metrics_.Observe(nullptr, nullptr, nullptr);
    metrics_.StopServing();
    StopPools();
    CloseDatabase();
    if (ops_.server != nullptr) ops_.server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }

  void MeterProcess() {
    // The allocator keeps what was freed between what is still in use; trimming gives back whole free pages of it.
    meter_ = std::make_unique<ProcessMeter>(ProcessMeterOptions{
        .budget = &budget_, .release_free_memory = [] { malloc_trim(0); }, .every_second = [this] { TellHealth(); }});
    meter_->Start();
  }

  void Hurry() { hurry_.store(true, std::memory_order_release); }

  int port() const { return main_.port; }
  int ops_port() const { return ops_.port; }
  int metrics_port() const { return metrics_port_; }
  std::string ReadyJson() const {
    return absl::StrFormat("{\"grpc_port\":%d,\"ops_port\":%d,\"metrics_port\":%d,\"pid\":%d}", main_.port, ops_.port,
                           metrics_port_, getpid());
  }

 private:
  const ServerConfig& config() const { return loaded_.config; }

  // Before anything is opened, so that a taken port costs no recovery.
  absl::Status CheckAddresses() const {
    RETURN_IF_ERROR(CheckCanListen(config().server_listen, "server.listen"));
    if (!config().ops_listen.empty()) RETURN_IF_ERROR(CheckCanListen(config().ops_listen, "ops.listen"));
    if (!config().metrics_listen.empty()) RETURN_IF_ERROR(CheckCanListen(config().metrics_listen, "metrics.listen"));
    for (const std::string* address : {&config().server_listen, &config().ops_listen, &config().metrics_listen}) {
      if (!address->empty() && !IsLoopback(*address)) {
        Log(LogLevel::kWarn, "listening beyond loopback without encryption or authentication", {{"address", *address}});
      }
    }
    return absl::OkStatus();
  }

  absl::Status StartOps() {
    if (config().ops_listen.empty()) return absl::OkStatus();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(config().ops_listen, grpc::InsecureServerCredentials(), &ops_.port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    ops_.server = builder.BuildAndStart();
    if (ops_.server == nullptr) return CannotListen(config().ops_listen, "ops.listen");
    ops_.SetServing("liveness", true);
    for (const char* name : {"", "readiness", "startup"}) ops_.SetServing(name, false);
    return absl::OkStatus();
  }

  absl::Status StartMetrics() {
    if (config().metrics_listen.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(metrics_port_, metrics_.Serve(config().metrics_listen));
    return absl::OkStatus();
  }

  void StartPools() {
    const ServerConfig& c = config();
    scan_workers_ = std::make_unique<ThreadPool>("scan", ScanThreads(c));
    lookup_pool_ = std::make_unique<ThreadPool>("lookup", c.lookup_threads, c.lookup_max_queued + 1);
    // Threads here mostly wait, for their reader or in line for the scan workers; they are as many as queries may run.
    query_pool_ = std::make_unique<ThreadPool>("query", c.query_max_running, c.query_max_queued + 1);
    ingest_pool_ = std::make_unique<ThreadPool>("ingest", c.ingest_threads, c.ingest_max_running + 1);
    admin_pool_ = std::make_unique<ThreadPool>("admin", c.admin_threads, c.admin_max_queued + 1);
    // A call that leaves lets the next one in before its thread is back: one place to wait for each.
    maintenance_pool_ =
        std::make_unique<ThreadPool>("upkeep", c.maintenance_max_running, c.maintenance_max_running + 1);
    acks_ = std::make_unique<ThreadPool>("acks", 1, kAckQueue);
    const SubscriptionHubOptions hub{.database = database_.get(),
                                     .clock = SystemClock(),
                                     .threads = c.subscribe_threads,
                                     .max_subscriptions = c.subscribe_max_open};
    subscriptions_ = std::make_unique<SubscriptionHub>(hub);
  }

  absl::Status StartServices() {
    core_ = {.config = &loaded_,
             .database = database_.get(),
             .engine = engine_.get(),
             .budget = &budget_,
             .clock = SystemClock(),
             .admission = &admission_,
             .metrics = &metrics_,
             .queries = &queries_,
             .ingest_streams = &streams_,
             .subscriptions = subscriptions_.get(),
             .lookup_pool = lookup_pool_.get(),
             .query_pool = query_pool_.get(),
             .ingest_pool = ingest_pool_.get(),
             .admin_pool = admin_pool_.get(),
             .maintenance_pool = maintenance_pool_.get(),
             .acks = acks_.get(),
             .start_monotonic_ns = SystemClock()->MonotonicNanos()};
    grpc::ServerBuilder builder;
    builder.AddListeningPort(config().server_listen, grpc::InsecureServerCredentials(), &main_.port);
    LimitConnections(config(), budget_.limit(), &builder);
    builder.experimental().SetInterceptorCreators(MalformedRequestInterceptors());
    for (grpc::Service* service : Services()) builder.RegisterService(service);
    main_.server = builder.BuildAndStart();
    return main_.server == nullptr ? CannotListen(config().server_listen, "server.listen") : absl::OkStatus();
  }

  static absl::Status CannotListen(const std::string& address, const char* option) {
    return absl::FailedPreconditionError(absl::StrFormat("cannot listen on %s (%s)", address, option));
  }

  std::vector<grpc::Service*> Services() { return {&catalog_, &ingest_, &query_, &stats_, &admin_}; }

  // Rows are refused, or will be soon: the name `ingest` does not serve meanwhile, everything else does.
  void TellHealth() {
    const std::vector<Degradation> now = FindDegradations(database_->GetStats(), budget_);
    if (now == degradations_) return;
    for (const Degradation& degradation : now) {
      const bool known = std::find(degradations_.begin(), degradations_.end(), degradation) != degradations_.end();
      if (!known) Log(LogLevel::kWarn, "degraded", {{"reason", degradation.reason}, {"detail", degradation.sentence}});
    }
    if (now.empty()) Log(LogLevel::kInfo, "no longer degraded", {});
    degradations_ = now;
    for (GrpcServer* server : {&main_, &ops_}) server->SetServing("ingest", now.empty());
  }

  void SetServing(bool serving) {
    for (GrpcServer* server : {&main_, &ops_}) {
      server->SetServing("liveness", true);
      server->SetServing("startup", main_.server != nullptr);
      for (const char* name : {"", "readiness", "ingest"}) server->SetServing(name, serving);
      for (const char* name : {"Catalog", "Ingest", "Query", "Stats", "Admin"}) {
        server->SetServing(absl::StrFormat("cortex.datastore.v1.%sService", name), serving);
      }
    }
  }

  absl::Status WriteReadyFile() const {
    if (config().server_ready_file.empty()) return absl::OkStatus();
    // Renamed into place, so that whoever waits for the file never reads half of it.
    const std::string temporary = config().server_ready_file + ".tmp";
    std::ofstream file(temporary);
    file << ReadyJson() << "\n";
    file.close();
    if (file && std::rename(temporary.c_str(), config().server_ready_file.c_str()) == 0) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrFormat("cannot write %s (server.ready_file)", config().server_ready_file));
  }

  // Until `done` says so, `timeout_ms` have passed, or somebody hurries us.
  template <typename Done>
  void WaitHurried(uint64_t timeout_ms, Done done) {
    const int64_t end = SystemClock()->MonotonicNanos() + static_cast<int64_t>(timeout_ms) * kNanosPerMilli;
    while (!hurry_.load(std::memory_order_acquire) && !done() && SystemClock()->MonotonicNanos() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  void StopPools() {
    subscriptions_.reset();
    for (std::unique_ptr<ThreadPool>* pool :
         {&lookup_pool_, &query_pool_, &ingest_pool_, &admin_pool_, &maintenance_pool_}) {
      pool->reset();
    }
  }

  void CloseDatabase() {
    if (database_ != nullptr) {
      const absl::Status flushed = database_->Flush().status();
      if (!flushed.ok()) Log(LogLevel::kError, "flush at shutdown failed", {{"error", flushed.ToString()}});
    }
    acks_.reset();  // after the last commit could call back
    engine_.reset();
    scan_workers_.reset();
    database_.reset();
  }

  const LoadedConfig loaded_;
  MemoryBudget budget_;
  std::unique_ptr<ProcessMeter> meter_;
  Metrics metrics_;
  Admission admission_;
  QueryRegistry queries_;
  IngestStreams streams_;
  int metrics_port_ = 0;

  // Constant between Start and Shutdown.
  std::unique_ptr<Database> database_;
  std::unique_ptr<ThreadPool> scan_workers_, lookup_pool_, query_pool_, ingest_pool_, admin_pool_, maintenance_pool_,
      acks_;
  std::unique_ptr<SubscriptionHub> subscriptions_;
  std::unique_ptr<QueryEngine> engine_;
  ServerCore core_;

  CatalogServiceImpl catalog_{&core_};
  IngestServiceImpl ingest_{&core_};
  QueryServiceImpl query_{&core_};
  StatsServiceImpl stats_{&core_};
  AdminServiceImpl admin_{&core_};
  GrpcServer main_, ops_;
  std::vector<Degradation> degradations_;  // the meter's thread, while it runs

  bool shut_down_ = false;
  std::atomic<bool> hurry_{false};
};

DatastoreServer::DatastoreServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DatastoreServer::~DatastoreServer() = default;

absl::StatusOr<std::unique_ptr<DatastoreServer>> DatastoreServer::Start(LoadedConfig loaded) {
  auto impl = std::make_unique<Impl>(std::move(loaded));
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<DatastoreServer>(new DatastoreServer(std::move(impl)));
}

void DatastoreServer::Shutdown() { impl_->Shutdown(); }
void DatastoreServer::MeterProcess() { impl_->MeterProcess(); }
void DatastoreServer::Hurry() { impl_->Hurry(); }
int DatastoreServer::port() const { return impl_->port(); }
int DatastoreServer::ops_port() const { return impl_->ops_port(); }
int DatastoreServer::metrics_port() const { return impl_->metrics_port(); }
std::string DatastoreServer::ReadyJson() const { return impl_->ReadyJson(); }

}  // namespace cortex
