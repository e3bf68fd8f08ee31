#include "client/local/address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/host_port.h"
#include "common/status_macros.h"

namespace nascent::local {
namespace {

// 0, or why `address` can't be listened on.
int TryListen(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  // As a server that starts again would: connections that are just closing do not count.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // Whoever shares his port on purpose may be joined.
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  const bool free = bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int error = free ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

std::string ReachableAddress(const std::string& listen) {
  for (const char* any : {"0.0.0.0:", "[::]:", ":"}) {
    if (listen.starts_with(any)) return absl::StrCat("127.0.0.1:", listen.substr(strlen(any)));
  }
  return listen;
}

absl::Status CheckAddress(const std::string& listen) {
  if (ParseHostPort(listen).has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--listen: found \"", listen, "\", expected HOST:PORT"));
}

absl::Status CheckFree(const std::string& listen) {
  NASCENT_RETURN_IF_ERROR(CheckAddress(listen));
  auto [host, port] = *ParseHostPort(listen);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--listen: found \"", listen, "\": ", gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const int error = TryListen(*found);
  if (error == 0) return absl::OkStatus();
  if (error == EADDRINUSE) {
    return absl::FailedPreconditionError(
        absl::StrCat("another program listens on ", listen, ": choose another port with --listen"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("cannot listen on ", listen, ": ", absl::ErrnoToStatus(error, "").ToString()));
}

}  // namespace nascent::local
