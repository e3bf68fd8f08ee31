#include "server/engine/command_queue.h"

#include <utility>

namespace nascent::engine {

CommandQueue::CommandQueue(size_t most, size_t most_of_one)
    : most_(most),
      queues_{FairQueue<Waiting>(most, most_of_one), FairQueue<Waiting>(most, most_of_one),
              FairQueue<Waiting>(most, most_of_one)} {}

CommandQueue::Kind CommandQueue::KindOf(const Command& command) {
  using Renewal = Call<v1::RenewRequest, v1::RenewResponse>;
  using Completion = Call<v1::CompleteRequest, v1::CompleteResponse>;
  using Failure = Call<v1::FailRequest, v1::FailResponse>;
  using Return = Call<v1::ReleaseRequest, v1::ReleaseResponse>;
  if (std::holds_alternative<Renewal>(command) || std::holds_alternative<Completion>(command) ||
      std::holds_alternative<Failure>(command) || std::holds_alternative<Return>(command)) {
    return kReport;
  }
  using Registration = Call<v1::RegisterRequest, v1::RegisterResponse>;
  using Lease = Call<LeaseTask, LeaseGrant>;
  using Weights = Call<v1::SetWeightsRequest, v1::SetWeightsResponse>;
  using Artifact = Call<storage::PutArtifact, Nothing>;
  if (std::holds_alternative<Registration>(command) || std::holds_alternative<Lease>(command) ||
      std::holds_alternative<Weights>(command) || std::holds_alternative<Artifact>(command)) {
    return kWork;
  }
  return kQuestion;
}

size_t CommandQueue::size() const {
  return queues_[kReport].size() + queues_[kWork].size() + queues_[kQuestion].size();
}

bool CommandQueue::Push(Command& command, Caller caller) {
  if (size() >= most_) return false;
  const uint64_t client = caller.client;
  Waiting waiting{std::move(command), std::move(caller)};
  if (queues_[KindOf(waiting.command)].Push(client, waiting)) return true;
  command = std::move(waiting.command);
  return false;
}

void CommandQueue::TakeOf(Kind kind, size_t most, Batch& batch) {
  const size_t full = batch.wanted.size() + most;
  while (batch.wanted.size() < full && !queues_[kind].empty()) {
    Waiting next = queues_[kind].Pop();
    const bool gone = next.caller.gone != nullptr && next.caller.gone->load();
    (gone ? batch.unwanted : batch.wanted).push_back(std::move(next.command));
  }
}

CommandQueue::Batch CommandQueue::Take(size_t most) {
  Batch batch;
  TakeOf(kReport, most / 2, batch);
  TakeOf(kWork, most / 4, batch);
  TakeOf(kQuestion, most / 4, batch);
  for (const Kind kind : {kReport, kWork, kQuestion}) {
    TakeOf(kind, most - batch.wanted.size(), batch);
  }
  return batch;
}

std::vector<Command> CommandQueue::TakeAll() {
  std::vector<Command> all;
  for (auto& queue : queues_) {
    while (!queue.empty()) all.push_back(std::move(queue.Pop().command));
  }
  return all;
}

}  // namespace nascent::engine
