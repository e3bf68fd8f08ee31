#include "common/reconnect.h"

#include <algorithm>
#include <thread>

#include "absl/time/clock.h"

namespace nascent {
namespace {

constexpr absl::Duration kSlice = absl::Milliseconds(50);

}  // namespace

void AwaitRetry(grpc::Channel* channel, absl::Duration longest,
                const std::function<bool()>& given_up) {
  // Where the connection stands, the other side asked for patience.
  const bool connected =
      channel == nullptr || channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
  const absl::Time until = absl::Now() + longest;
  for (absl::Time now = absl::Now(); now < until && !given_up(); now = absl::Now()) {
    const absl::Time slice_ends = std::min(until, now + kSlice);
    if (connected) {
      std::this_thread::sleep_for(absl::ToChronoMicroseconds(slice_ends - now));
    } else if (channel->WaitForConnected(absl::ToChronoTime(slice_ends))) {
      return;
    }
  }
}

}  // namespace nascent
