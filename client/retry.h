// When a call is tried again.

#ifndef NASCENT_CLIENT_RETRY_H_
#define NASCENT_CLIENT_RETRY_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace nascent::client {

absl::Status FromGrpc(const grpc::Status& status);

// 32 hexadecimal digits that nobody had before.
std::string NewRequestId();

// Growing waits: 50 ms, doubled up to 2 s, each shortened by up to a half at random so that clients
// do not come back all at once.
class Backoff {
 public:
  absl::Duration Next();
  void Reset() { next_ = kFirst; }

 private:
  static constexpr absl::Duration kFirst = absl::Milliseconds(50);
  static constexpr absl::Duration kLongest = absl::Seconds(2);
  absl::Duration next_ = kFirst;
};

}  // namespace nascent::client

#endif  // NASCENT_CLIENT_RETRY_H_
