#include "server/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace cortex {
namespace {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status Bind(const addrinfo& address, const std::string& where) {
  const Socket socket(::socket(address.ai_family, address.ai_socktype, address.ai_protocol));
  const int on = 1;  // a port in TIME_WAIT is free
  if (socket.fd() >= 0) setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (socket.fd() >= 0 && bind(socket.fd(), address.ai_addr, address.ai_addrlen) == 0 && listen(socket.fd(), 1) == 0) {
    return absl::OkStatus();
  }
  const int error = errno;
  const std::string message = absl::StrFormat("cannot listen on %s: %s", where, std::strerror(error));
  return error == EACCES ? absl::PermissionDeniedError(message) : absl::FailedPreconditionError(message);
}

}  // namespace

absl::Status CheckCanListen(const std::string& host_port, const std::string& option) {
  const size_t colon = host_port.rfind(':');
  if (colon == std::string::npos || colon + 1 == host_port.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s must be host:port, got \"%s\"", option, host_port));
  }
  std::string host = host_port.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = host_port.substr(colon + 1);
  const int error = getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s must be host:port: %s, got \"%s\"", option, gai_strerror(error), host_port));
  }
  const absl::Status status = Bind(*found, absl::StrFormat("%s (%s)", host_port, option));
  freeaddrinfo(found);
  return status;
}

}  // namespace cortex
