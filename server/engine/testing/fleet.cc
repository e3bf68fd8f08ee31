#include "server/engine/testing/fleet.h"

#include <gtest/gtest.h>

#include "common/sha256.h"

namespace nascent::engine::testing {

Fleet::Fleet(Harness& harness, int slots, uint64_t seed, const Mishaps& mishaps)
    : harness_(harness), random_(seed, 0), mishaps_(mishaps), slots_(slots) {
  v1::RegisterRequest request;
  request.set_request_id("fleet");
  request.set_name("fleet");
  request.set_protocol_version(1);
  request.add_task_kinds(v1::TASK_KIND_TRAIN);
  request.add_task_kinds(v1::TASK_KIND_FINAL_TEST);
  for (int i = 0; i < slots; ++i) request.add_slots()->set_kind("cpu");
  request.add_metrics("synflow");
  // Until it is known to be stored, as a worker does.
  while (worker_ == 0) {
    auto response = harness_.Call<v1::RegisterResponse>(request);
    if (response.ok()) worker_ = response->worker_id();
  }
}

std::string Fleet::MetricOf(const LeaseGrant& lease) {
  if (lease.kind == v1::TASK_KIND_FINAL_TEST) return "test_accuracy";
  const std::string& score = lease.maker->search().rungs[lease.work->rung].fidelity.zero_cost();
  return score.empty() ? "validation_accuracy" : score;
}

double Fleet::Accuracy(const LeaseGrant& lease) {
  const std::string hex = Sha256Hex(lease.work->notation);
  return static_cast<double>(std::stoul(hex.substr(0, 6), nullptr, 16)) / (1 << 24);
}

bool Fleet::Run(int64_t search, int most_turns) {
  for (int turn = 0; turn < most_turns; ++turn) {
    const v1::SearchState state = harness_.State(search);
    if (state == v1::SEARCH_STATE_COMPLETED || state == v1::SEARCH_STATE_FAILED) return true;
    if (Chance(mishaps_.restart)) harness_.Restart();
    harness_.Advance(absl::Seconds(random_.Uniform()));
    Turn(static_cast<int>(random_.Below(slots_.size())));
  }
  return false;
}

void Fleet::Turn(int slot) {
  if (!lost_.empty() && Chance(mishaps_.zombie)) {
    // Nobody must take it for the present holder's word.
    const LeaseGrant& lost = lost_[random_.Below(lost_.size())];
    const auto answer = harness_.Complete(worker_, lost, -1);
    EXPECT_FALSE(answer.ok());
    return;
  }
  if (!last_complete_.request_id().empty() && Chance(mishaps_.duplicate)) {
    const auto answer = harness_.Call<v1::CompleteResponse>(last_complete_);
    EXPECT_TRUE(answer.ok() || absl::IsUnavailable(answer.status())) << answer.status();
    return;
  }
  if (!slots_[slot].has_value()) {
    const auto lease = harness_.Lease(worker_, slot);
    if (lease.ok() && lease->work != nullptr) slots_[slot] = Held{*lease, 0};
    return;
  }
  const LeaseGrant lease = slots_[slot]->lease;
  if (Chance(mishaps_.vanish)) {
    lost_.push_back(lease);
    slots_[slot].reset();
    harness_.Advance(absl::Seconds(31));
    harness_.Advance(absl::Seconds(31));
  } else if (Chance(mishaps_.release)) {
    if (harness_.Release(worker_, lease).ok()) lost_.push_back(lease);
    slots_[slot].reset();
  } else if (Chance(mishaps_.crash)) {
    if (harness_.Fail(worker_, lease, v1::FAILURE_KIND_CRASHED).ok()) lost_.push_back(lease);
    slots_[slot].reset();
  } else if (random_.Below(3) > 0) {
    Report(slot);
  } else {
    Finish(slot);
  }
}

void Fleet::Report(int slot) {
  Held& held = *slots_[slot];
  ++held.epoch;
  const auto answer = harness_.Renew(
      worker_, held.lease,
      {Measure(MetricOf(held.lease), held.epoch, Accuracy(held.lease) * held.epoch / 100)});
  if (absl::IsFailedPrecondition(answer.status()) ||
      (answer.ok() && answer->stop() == v1::STOP_REASON_CANCELLED)) {
    slots_[slot].reset();
  } else if (answer.ok() && answer->stop() == v1::STOP_REASON_EARLY) {
    Finish(slot);
  }
}

void Fleet::Finish(int slot) {
  const LeaseGrant lease = slots_[slot]->lease;
  const double accuracy = Accuracy(lease);
  v1::CompleteRequest request;
  request.set_request_id(harness_.NewRequestId());
  request.set_worker_id(worker_);
  *request.mutable_attempt() = lease.attempt;
  const bool test = lease.kind == v1::TASK_KIND_FINAL_TEST;
  *request.add_measurements() = Measure(MetricOf(lease), 100, accuracy);
  slots_[slot].reset();
  // With the same request id until there is an answer.
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto answer = harness_.Call<v1::CompleteResponse>(request);
    if (absl::IsUnavailable(answer.status())) continue;
    if (answer.ok()) {
      last_complete_ = request;
      if (!test) acknowledged_[lease.attempt.trial_id()] = accuracy;
    }
    return;
  }
}

}  // namespace nascent::engine::testing
