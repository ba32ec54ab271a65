// gRPC 1.51 answers a request it cannot parse (broken protobuf, a string that is not UTF-8) with UNIMPLEMENTED and no
// words, before any handler runs. This interceptor turns exactly that answer into INVALID_ARGUMENT with a sentence;
// methods that do not exist stay UNIMPLEMENTED.
#ifndef CORTEX_SERVER_MALFORMED_REQUEST_H_
#define CORTEX_SERVER_MALFORMED_REQUEST_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <vector>

namespace cortex {

// For ServerBuilder::experimental().SetInterceptorCreators.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> MalformedRequestInterceptors();

}  // namespace cortex

#endif  // CORTEX_SERVER_MALFORMED_REQUEST_H_
