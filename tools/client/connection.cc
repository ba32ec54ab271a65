#include "tools/client/connection.h"

#include <chrono>

#include "absl/strings/str_format.h"
#include "codecs/bytes/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace cortex::client {

std::chrono::system_clock::time_point DeadlineIn(int milliseconds) {
  return std::chrono::system_clock::now() + std::chrono::milliseconds(milliseconds);
}

absl::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), AbslView(status.error_message()));
}

std::optional<int64_t> RetryAfterMs(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::RetryInfo info;
    if (!detail.UnpackTo(&info)) continue;
    return info.retry_delay().seconds() * 1'000 + info.retry_delay().nanos() / 1'000'000;
  }
  return std::nullopt;
}

absl::StatusOr<Connection> Connect(const std::string& endpoint, int wait_ms) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.enable_http_proxy", 0);     // a proxy of the environment must not see loopback traffic
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // a new connection is really a new one
  const auto channel = grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(DeadlineIn(wait_ms))) {
    return absl::UnavailableError(absl::StrFormat("no server answers at %s; start cortexd or name its address", endpoint));
  }
  return Connection{endpoint, v1::CatalogService::NewStub(channel), v1::IngestService::NewStub(channel),
                    v1::QueryService::NewStub(channel), v1::StatsService::NewStub(channel),
                    v1::AdminService::NewStub(channel)};
}

}  // namespace cortex::client
