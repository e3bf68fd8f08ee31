#include "common/rpc/request_id.h"

#include <cstdint>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"

namespace nascent::rpc {

std::string NewRequestId() {
  thread_local absl::BitGen random;  // seeded with 256 bits of the system's entropy
  return absl::StrFormat("%016x%016x", absl::Uniform<uint64_t>(random),
                         absl::Uniform<uint64_t>(random));
}

}  // namespace nascent::rpc
