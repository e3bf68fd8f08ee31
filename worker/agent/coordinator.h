// The coordinator as a worker sees it: one of several addresses answers, and may be away for a
// while.

#ifndef NASCENT_WORKER_AGENT_COORDINATOR_H_
#define NASCENT_WORKER_AGENT_COORDINATOR_H_

#include <grpcpp/channel.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/backoff.h"
#include "nascent/v1/artifact_service.grpc.pb.h"
#include "nascent/v1/worker_service.grpc.pb.h"
#include "worker/agent/cancellation.h"

namespace nascent::worker {

// Returns a worker's waits between tries: from 100 ms, growing by 1.6 up to `longest`.
rpc::Backoff MakeBackoff(absl::Duration longest);

// True for what a lost lease answers.
bool IsFenced(const absl::Status& status);

// True where the same call may succeed later: UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED,
// RESOURCE_EXHAUSTED that says when, and what a server answers while it is being shut down.
bool IsTransient(const absl::Status& status);

// Thread-safe.
class Coordinator {
 public:
  struct Stubs {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::WorkerService::Stub> worker;
    std::unique_ptr<v1::ArtifactService::Stub> artifacts;
  };

  // `servers`: one or more HOST:PORT; the one that answers is used until it does not.
  explicit Coordinator(const std::vector<std::string>& servers);

  // How long retries wait at most; a fraction of the lease, so that a lease outlives a wait.
  void SetLongestBackoff(absl::Duration longest);

  // One try of one call, which `timeout` and `cancellation` end. `call` gets the stubs of the
  // server in use and the context.
  using Attempt = std::function<grpc::Status(Stubs&, grpc::ClientContext&)>;
  absl::Status Try(absl::Duration timeout, Cancellation& cancellation, const Attempt& call);

  // Tries until there is an answer that is not transient, or CANCELLED by `cancellation`. The
  // request must carry a request id, or be without effect. `tries` (if given): how many it took.
  absl::Status Call(absl::Duration timeout, Cancellation& cancellation, const Attempt& call,
                    int* tries = nullptr);

 private:
  std::vector<Stubs> stubs_;
  std::vector<std::string> servers_;
  std::atomic<size_t> in_use_{0};
  std::atomic<int64_t> longest_backoff_ms_{10'000};
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_COORDINATOR_H_
