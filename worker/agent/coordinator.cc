#include "worker/agent/coordinator.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "common/rpc/deadline.h"
#include "common/rpc/reconnect.h"
#include "common/rpc/status.h"

namespace nascent::worker {
namespace {

// A task may hold a large network; the child takes as much (kMaxFrame).
constexpr int kMaxReceive = 64 << 20;
// What a call gives a connection that is being made, before it fails for the want of one.
constexpr absl::Duration kConnect = absl::Milliseconds(200);

grpc::ChannelArguments ChannelOptions() {
  grpc::ChannelArguments options;
  // A connection whose other end vanished without a word is found within 20 seconds.
  options.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  options.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  options.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  options.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  options.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  options.SetMaxReceiveMessageSize(kMaxReceive);
  // Several workers of one process (in tests) shall not share a connection's fate.
  options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return options;
}

}  // namespace

rpc::Backoff MakeBackoff(absl::Duration longest) {
  return rpc::Backoff({absl::Milliseconds(100), longest, 1.6});
}

bool IsFenced(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) && absl::StrContains(status.message(), "FENCED");
}

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
      return true;
    case absl::StatusCode::kResourceExhausted:
      // A queue that is full says when to come again; a message that is too large does not.
      return absl::StrContains(status.message(), "try again in");
    default:
      return false;
  }
}

Coordinator::Coordinator(const std::vector<std::string>& servers) : servers_(servers) {
  for (const std::string& server : servers) {
    const auto channel =
        grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), ChannelOptions());
    stubs_.push_back(
        {channel, v1::WorkerService::NewStub(channel), v1::ArtifactService::NewStub(channel)});
  }
}

void Coordinator::SetLongestBackoff(absl::Duration longest) {
  longest_backoff_ms_ = std::max<int64_t>(100, absl::ToInt64Milliseconds(longest));
}

absl::Status Coordinator::Try(absl::Duration timeout, Cancellation& cancellation,
                              const Attempt& call) {
  const gpr_timespec deadline = rpc::DeadlineAfter(timeout);
  const size_t server = in_use_ % stubs_.size();
  grpc::Channel& channel = *stubs_[server].channel;
  if (channel.GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_READY) {
    rpc::AwaitRetry(&channel, std::min(timeout, kConnect),
                    [&] { return cancellation.cancelled(); });
  }
  grpc::ClientContext context;
  context.set_deadline(deadline);
  const Cancellation::Attach attached(cancellation, context);
  const absl::Status status = rpc::FromGrpc(call(stubs_[server], context));
  if (IsTransient(status) && !cancellation.cancelled() && stubs_.size() > 1) {
    size_t expected = server;
    if (in_use_.compare_exchange_strong(expected, (server + 1) % stubs_.size())) {
      spdlog::info("{} does not serve ({}), going on with {}", servers_[server],
                   std::string(status.message()), servers_[(server + 1) % stubs_.size()]);
    }
  }
  return status;
}

absl::Status Coordinator::Call(absl::Duration timeout, Cancellation& cancellation,
                               const Attempt& call, int* tries) {
  rpc::Backoff backoff = MakeBackoff(absl::Milliseconds(longest_backoff_ms_.load()));
  for (int count = 1;; ++count) {
    if (tries != nullptr) *tries = count;
    const absl::Status status = Try(timeout, cancellation, call);
    if (status.ok() || !IsTransient(status)) return status;
    if (count == 5) {
      spdlog::warn("the coordinator does not answer, trying on: {}", status.ToString());
    }
    if (cancellation.WaitFor(backoff.Next())) {
      return absl::CancelledError("given up: this worker ends");
    }
  }
}

}  // namespace nascent::worker
