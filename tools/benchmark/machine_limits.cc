#include "tools/benchmark/machine_limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/connection.h"

namespace cortex::benchmark {
namespace {

namespace v1 = client::v1;
using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double MemoryReadGbPerSecond() {
  constexpr size_t kWords = (256u << 20) / sizeof(uint64_t);
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::vector<uint64_t>> blocks(cores);
  std::vector<uint64_t> sums(cores * 8);
  const auto on_all = [&](const auto& work) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < cores; ++i) threads.emplace_back([&, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  };
  on_all([&](unsigned i) { blocks[i].assign(kWords, i); });
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto start = Clock::now();
    on_all([&](unsigned i) {
      uint64_t a = 0, b = 0, c = 0, d = 0;  // four sums, so that the adds do not wait for each other
      for (size_t k = 0; k < kWords; k += 4) {
        a += blocks[i][k], b += blocks[i][k + 1], c += blocks[i][k + 2], d += blocks[i][k + 3];
      }
      sums[i * 8] += a + b + c + d;
    });
    best = std::max(best, static_cast<double>(cores) * (256u << 20) / MillisecondsSince(start) / 1e6);
  }
  return sums[0] == 1 ? 0 : best;  // the sums are used, so the loop cannot be dropped
}

// A file that disappears with the object.
class ScratchFile final {
 public:
  static absl::StatusOr<std::unique_ptr<ScratchFile>> Make(const std::string& directory) {
    const std::string path = directory + "/disk-limit";
    const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
    ::unlink(path.c_str());
    return std::unique_ptr<ScratchFile>(new ScratchFile(fd));
  }
  ~ScratchFile() { ::close(fd_); }
  absl::Status Write(const std::string& bytes) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written == static_cast<ssize_t>(bytes.size())) return absl::OkStatus();
    return absl::ErrnoToStatus(written < 0 ? errno : ENOSPC, "cannot write the file that measures the disk");
  }
  absl::Status Sync() {
    return ::fdatasync(fd_) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "fdatasync failed");
  }

 private:
  explicit ScratchFile(int fd) : fd_(fd) {}
  const int fd_;
};

absl::StatusOr<double> DiskWriteMbPerSecond(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ScratchFile> file, ScratchFile::Make(directory));
  const std::string block(1 << 20, 'x');
  const auto start = Clock::now();
  for (int i = 0; i < 1024; ++i) RETURN_IF_ERROR(file->Write(block));
  RETURN_IF_ERROR(file->Sync());
  return 1024.0 * (1 << 20) / MillisecondsSince(start) / 1e3;
}

absl::StatusOr<Times> SyncTimes(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ScratchFile> file, ScratchFile::Make(directory));
  Times times;
  for (int i = 0; i < 100; ++i) {
    const auto start = Clock::now();
    RETURN_IF_ERROR(file->Write(std::string(4096, 'y')));
    RETURN_IF_ERROR(file->Sync());
    times.ms.push_back(MillisecondsSince(start));
  }
  return times;
}

// The transport and nothing else: answers carry bytes made once.
class LoopbackService final : public v1::QueryService::CallbackService {
 public:
  LoopbackService() { message_.mutable_columns()->add_columns()->set_values(std::string(1 << 20, 'z')); }

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const v1::GetRequest* request,
                                v1::GetResponse* response) override {
    response->mutable_columns()->add_columns()->set_values(request->keys_size() > 0 ? request->keys(0) : "");
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerWriteReactor<v1::QueryResponse>* Query(grpc::CallbackServerContext*, const v1::QueryRequest* request) override {
    class Writer final : public grpc::ServerWriteReactor<v1::QueryResponse> {
     public:
      Writer(const v1::QueryResponse* message, uint32_t count) : message_(message), left_(count) { Next(); }
      void OnWriteDone(bool ok) override { ok ? Next() : Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }

     private:
      void Next() { left_-- == 0 ? Finish(grpc::Status::OK) : StartWrite(message_); }
      const v1::QueryResponse* const message_;
      uint32_t left_;
    };
    return new Writer(&message_, request->timeout_ms());  // the count of messages travels in a number that is at hand
  }

 private:
  v1::QueryResponse message_;
};

absl::Status LoopbackLimits(MachineLimits* limits, Report* report) {
  LoopbackService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("cannot start a gRPC server on loopback");
  ASSIGN_OR_RETURN(const client::Connection connection, client::Connect(absl::StrCat("127.0.0.1:", port), 5'000));

  Times echo;
  v1::GetRequest ask;
  ask.add_keys(std::string(64, 'k'));
  for (int i = -200; i < 2'000; ++i) {
    grpc::ClientContext context;
    v1::GetResponse answer;
    const auto start = Clock::now();
    RETURN_IF_ERROR(client::ToStatus(connection.query->Get(&context, ask, &answer)));
    if (i >= 0) echo.ms.push_back(MillisecondsSince(start));
  }
  limits->echo_ms = echo.Median();
  report->Add({.work = "limit: gRPC echo over loopback", .client = echo});

  Times stream;
  constexpr uint32_t kMessages = 32;
  v1::QueryRequest request;
  request.set_timeout_ms(kMessages);
  for (int i = -2; i < 9; ++i) {
    grpc::ClientContext context;
    const auto start = Clock::now();
    const auto reader = connection.query->Query(&context, request);
    v1::QueryResponse response;
    while (reader->Read(&response)) continue;
    RETURN_IF_ERROR(client::ToStatus(reader->Finish()));
    if (i >= 0) stream.ms.push_back(MillisecondsSince(start));
  }
  limits->stream_mb_per_s = kMessages * double{1 << 20} / stream.Median() / 1e3;
  report->Add({.work = "limit: gRPC stream of 32 MiB over loopback", .client = stream, .value = limits->stream_mb_per_s, .unit = "MB/s"});
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MachineLimits> MeasureLimits(const std::string& directory, Report* report) {
  MachineLimits limits;
  limits.memory_read_gb_per_s = MemoryReadGbPerSecond();
  report->Add({.work = "limit: memory read, all cores", .value = limits.memory_read_gb_per_s, .unit = "GB/s"});
  ASSIGN_OR_RETURN(limits.disk_write_mb_per_s, DiskWriteMbPerSecond(directory));
  report->Add({.work = "limit: disk, 1 GiB written and synced", .value = limits.disk_write_mb_per_s, .unit = "MB/s"});
  ASSIGN_OR_RETURN(const Times syncs, SyncTimes(directory));
  limits.fdatasync_ms = syncs.Median();
  report->Add({.work = "limit: 4 KiB write and fdatasync", .client = syncs});
  RETURN_IF_ERROR(LoopbackLimits(&limits, report));
  return limits;
}

}  // namespace cortex::benchmark
