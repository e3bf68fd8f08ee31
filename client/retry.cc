#include "client/retry.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"

namespace nascent::client {

absl::Status FromGrpc(const grpc::Status& status) {
  // The codes of both have the same numbers.
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

std::string NewRequestId() {
  absl::BitGen random;
  return absl::StrFormat("%016x%016x", absl::Uniform<uint64_t>(random),
                         absl::Uniform<uint64_t>(random));
}

absl::Duration Backoff::Next() {
  const absl::Duration longest = next_;
  next_ = std::min(next_ * 2, kLongest);
  absl::BitGen random;
  return longest * absl::Uniform(random, 0.5, 1.0);
}

}  // namespace nascent::client
