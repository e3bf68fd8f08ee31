#include "common/rpc/backoff.h"

#include <algorithm>

namespace nascent::rpc {

absl::Duration Backoff::Next() {
  const absl::Duration wait = std::min(next_, options_.longest) * absl::Uniform(random_, 0.5, 1.0);
  next_ = std::min(next_ * options_.growth, options_.longest);
  return wait;
}

}  // namespace nascent::rpc
