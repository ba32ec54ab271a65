#include "server/malformed_request.h"

#include <google/protobuf/descriptor.h>

#include <string>

#include "server/status_mapping.h"

namespace cortex {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

class MalformedRequestInterceptor final : public Interceptor {
 public:
  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      // Our own UNIMPLEMENTED always carries a sentence (NotBuilt).
      if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && status.error_message().empty()) {
        methods->ModifySendStatus(ToGrpcStatus(absl::InvalidArgumentError(
            "the request cannot be parsed: not this call's message, or a string that is not valid UTF-8")));
      }
    }
    methods->Proceed();
  }
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return IsOurs(info->method()) ? new MalformedRequestInterceptor : nullptr;
  }

 private:
  // Calls that do not exist are not ours to reword: clients look for other versions of reflection that way.
  static bool IsOurs(std::string name) {
    if (name.find("/cortex.datastore.v1.") != 0) return false;
    name[name.rfind('/')] = '.';
    return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name.substr(1)) != nullptr;
  }
};

}  // namespace

std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> MalformedRequestInterceptors() {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(std::make_unique<Factory>());
  return creators;
}

}  // namespace cortex
