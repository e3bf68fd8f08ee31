#include "common/rpc/reconnect.h"

#include <algorithm>
#include <thread>

#include "common/clock.h"
#include "common/rpc/deadline.h"

namespace nascent::rpc {
namespace {

constexpr absl::Duration kSlice = absl::Milliseconds(50);

}  // namespace

void AwaitRetry(grpc::Channel* channel, absl::Duration longest,
                const std::function<bool()>& given_up) {
  // Where the connection stands, the other side asked for patience.
  const bool connected =
      channel == nullptr || channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
  const SystemClock clock;
  const absl::Duration until = clock.Elapsed() + longest;
  for (absl::Duration now = clock.Elapsed(); now < until && !given_up(); now = clock.Elapsed()) {
    const absl::Duration slice = std::min(until - now, kSlice);
    if (connected) {
      std::this_thread::sleep_for(absl::ToChronoMicroseconds(slice));
    } else if (channel->WaitForConnected(rpc::DeadlineAfter(slice))) {
      return;
    }
  }
}

}  // namespace nascent::rpc
