#include "tests/support/silent_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace nascent::testing {

SilentProxy::SilentProxy(std::string unix_socket) : unix_socket_(std::move(unix_socket)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      pipe2(wake_, O_CLOEXEC) != 0) {
    throw std::runtime_error("a proxy can't listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

SilentProxy::~SilentProxy() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  Wake();
  thread_.join();
  for (const int descriptor : {listener_, wake_[0], wake_[1]}) close(descriptor);
  for (const Pair& pair : pairs_) {
    close(pair.client);
    if (pair.server >= 0) close(pair.server);
  }
}

void SilentProxy::Wake() const {
  const char byte = 0;
  (void)!write(wake_[1], &byte, 1);
}

void SilentProxy::GoSilent() {
  MutexLock lock(mutex_);
  silent_ = true;
  for (Pair& pair : pairs_) pair.silent = true;
  Wake();
}

void SilentProxy::Recover() {
  MutexLock lock(mutex_);
  silent_ = false;
}

void SilentProxy::Accept() {
  Pair pair;
  pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  pair.silent = silent_;
  if (!silent_) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, unix_socket_.c_str(), sizeof(address.sun_path) - 1);
    pair.server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(pair.server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      close(pair.client);
      close(pair.server);
      return;
    }
  }
  pairs_.push_back(pair);
}

bool SilentProxy::Carry(Pair& pair, bool from_client) {
  char bytes[65536];
  const ssize_t count =
      recv(from_client ? pair.client : pair.server, bytes, sizeof(bytes), MSG_DONTWAIT);
  ssize_t sent = 0;
  while (sent < count) {
    const ssize_t part = send(from_client ? pair.server : pair.client, bytes + sent,
                              static_cast<size_t>(count - sent), MSG_NOSIGNAL);
    if (part <= 0) break;
    sent += part;
  }
  if (count > 0 && sent == count) return true;
  close(pair.client);
  close(pair.server);
  return false;
}

void SilentProxy::Run() {
  while (true) {
    std::vector<pollfd> wanted = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    {
      MutexLock lock(mutex_);
      if (ending_) return;
      for (const Pair& pair : pairs_) {
        // What a silent one is sent stays in the kernel, which acknowledges it.
        if (pair.silent) continue;
        wanted.push_back({pair.client, POLLIN, 0});
        wanted.push_back({pair.server, POLLIN, 0});
      }
    }
    poll(wanted.data(), wanted.size(), -1);
    char byte = 0;
    if ((wanted[1].revents & POLLIN) != 0) (void)!read(wake_[0], &byte, 1);
    MutexLock lock(mutex_);
    if ((wanted[0].revents & POLLIN) != 0) Accept();
    for (size_t i = 2; i < wanted.size(); ++i) {
      if (wanted[i].revents == 0) continue;
      for (auto pair = pairs_.begin(); pair != pairs_.end(); ++pair) {
        const bool from_client = pair->client == wanted[i].fd;
        if (pair->silent || (!from_client && pair->server != wanted[i].fd)) continue;
        if (!Carry(*pair, from_client)) pairs_.erase(pair);
        break;
      }
    }
  }
}

}  // namespace nascent::testing
