// A way to a database that can go silent, as behind a firewall that has lost its state.

#ifndef NASCENT_TESTS_SUPPORT_SILENT_PROXY_H_
#define NASCENT_TESTS_SUPPORT_SILENT_PROXY_H_

#include <list>
#include <string>
#include <thread>

#include "common/sync.h"

namespace nascent::testing {

// Carries the bytes of TCP connections to a Unix socket and back. Thread-safe.
class SilentProxy {
 public:
  // Listens on a free port of the loopback interface. What fails throws.
  explicit SilentProxy(std::string unix_socket);
  ~SilentProxy();
  SilentProxy(const SilentProxy&) = delete;
  SilentProxy& operator=(const SilentProxy&) = delete;

  int port() const { return port_; }

  // Every connection of now, and every one that is made until Recover, stays open and is never
  // answered again.
  void GoSilent();
  // Connections that are made from now on are served.
  void Recover();

 private:
  struct Pair {
    int client = -1;
    int server = -1;  // -1: silent from the beginning
    bool silent = false;
  };

  void Run();
  void Accept() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False: both ends are closed.
  static bool Carry(Pair& pair, bool from_client);
  void Wake() const;

  const std::string unix_socket_;
  int listener_ = -1;
  int port_ = 0;
  int wake_[2] = {-1, -1};
  Mutex mutex_;
  std::list<Pair> pairs_ ABSL_GUARDED_BY(mutex_);
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace nascent::testing

#endif  // NASCENT_TESTS_SUPPORT_SILENT_PROXY_H_
