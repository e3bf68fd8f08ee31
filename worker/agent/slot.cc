#include "worker/agent/slot.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/request_id.h"
#include "common/status_macros.h"
#include "worker/agent/artifact_transfer.h"
#include "worker/agent/report_limits.h"
#include "worker/evaluate/text.h"

namespace nascent::worker {
namespace {

constexpr absl::Duration kLeaseWait = absl::Seconds(20);
constexpr absl::Duration kCallTimeout = absl::Seconds(10);
constexpr size_t kMaxFailureMessage = 8 << 10;
constexpr size_t kMaxReason = 1 << 10;

// Artifacts without which a task can't be done. Training sees no test data.
std::vector<std::string> NeededArtifacts(const v1::Task& task) {
  const bool test = task.has_final_test();
  const v1::TrainTask& train = test ? task.final_test().training() : task.train();
  std::vector<std::string> needed;
  for (const v1::DataSplit& split : train.data().dataset().splits()) {
    if (split.name() != "train" && !test) continue;
    needed.push_back(split.examples());
    needed.push_back(split.labels());
  }
  if (test && !task.final_test().weights().empty()) needed.push_back(task.final_test().weights());
  return needed;
}

std::string& CheckpointOf(v1::Task& task) {
  v1::TrainTask& train = task.has_final_test() ? *task.mutable_final_test()->mutable_training()
                                               : *task.mutable_train();
  return *train.mutable_checkpoint();
}

bool KeepsCheckpoint(const v1::Task& task) {
  return task.has_final_test() ? task.final_test().training().keep_checkpoint()
                               : task.train().keep_checkpoint();
}

// Whether nobody wants to know the result any more.
bool IsDropped(const Result& result, const TaskControl::Request& stop) {
  return result.stopped && stop.reason == v1::STOP_REASON_CANCELLED;
}

// Whether the task goes on elsewhere, where this attempt ended.
bool IsGivenBack(const Result& result, const TaskControl::Request& stop) {
  return result.stopped && stop.kill_at < absl::InfiniteFuture() &&
         stop.reason != v1::STOP_REASON_EARLY && stop.reason != v1::STOP_REASON_CANCELLED;
}

void Append(std::vector<v1::Measurement>& all, const std::vector<v1::Measurement>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

Slot::Slot(SlotContext& context, int index, std::string device, int threads)
    : context_(context),
      index_(index),
      device_(std::move(device)),
      threads_(threads),
      thread_([this] { Work(); }) {}

Slot::~Slot() { thread_.join(); }

void Slot::Stop(absl::Duration finish_within, absl::Duration grace) {
  leasing_.Cancel();
  MutexLock lock(mutex_);
  stopping_ = true;
  if (control_ == nullptr) return;
  if (keeper_ != nullptr && keeper_->Remaining() <= finish_within) {
    // Killed all the same if the estimate was wrong.
    control_->KillIn(grace);
  } else {
    control_->Stop(v1::STOP_REASON_PREEMPTED, grace);
  }
}

void Slot::Abandon() { reporting_.Cancel(); }

bool Slot::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

bool Slot::WaitFor(absl::Duration timeout) {
  const absl::Time until = MonotonicNow() + timeout;
  MutexLock lock(mutex_);
  while (!ended_) {
    const absl::Duration left = until - MonotonicNow();
    if (left <= absl::ZeroDuration()) break;
    changed_.WaitFor(mutex_, left);
  }
  return ended_;
}

void Slot::Work() {
  {
    SlotChildOptions options = context_.child;
    options.process.environment.push_back(absl::StrCat("OMP_NUM_THREADS=", threads_));
    SlotChild child(std::move(options));
    if (const absl::Status status = child.Warm(); !status.ok()) {
      spdlog::error("slot {}: {}", index_, std::string(status.message()));
    }
    child_ = &child;
    rpc::Backoff backoff = MakeBackoff(absl::Seconds(10));
    while (!leasing_.cancelled()) {
      v1::LeaseRequest request;
      request.set_request_id(rpc::NewRequestId());
      request.set_worker_id(context_.registration.terms().worker_id);
      request.set_slot(index_);
      request.mutable_wait()->set_seconds(absl::ToInt64Seconds(kLeaseWait));
      const auto leased = Lease(leasing_, request);
      if (leasing_.cancelled()) {
        // The answer may have been on its way; whatever was granted goes back at once.
        if (leased.ok() && leased->lease.has_attempt()) {
          Release(leased->lease, "", "the worker ends");
        } else {
          GiveBackUnseen(std::move(request));
        }
        break;
      }
      if (leased.ok()) {
        backoff.Reset();
        if (leased->lease.has_attempt()) Execute(*leased);
      } else if (absl::IsNotFound(leased.status())) {
        const absl::Status again =
            context_.registration.RegisterAgain(request.worker_id(), leasing_);
        if (!again.ok() && leasing_.WaitFor(backoff.Next())) break;
      } else {
        spdlog::error("slot {}: no lease: {}", index_, leased.status().ToString());
        if (leasing_.WaitFor(backoff.Next())) break;
      }
    }
    child_ = nullptr;
  }
  MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

absl::StatusOr<Slot::Leased> Slot::Lease(Cancellation& cancellation,
                                         const v1::LeaseRequest& request) {
  Leased leased;
  int tries = 0;
  absl::Time sent;
  const absl::Duration wait = absl::Seconds(request.wait().seconds());
  const absl::Status status = context_.coordinator.Call(
      wait + absl::Seconds(5), cancellation,
      [&](Coordinator::Stubs& stubs, grpc::ClientContext& call) {
        sent = MonotonicNow();
        return stubs.worker->Lease(&call, request, &leased.lease);
      },
      &tries);
  if (!status.ok()) return status;
  // The request was sent again, or this process was stopped while it waited.
  leased.old = tries > 1 || MonotonicNow() - sent > wait + absl::Seconds(1);
  return leased;
}

void Slot::GiveBackUnseen(v1::LeaseRequest request) {
  request.mutable_wait()->set_seconds(0);
  v1::LeaseResponse lease;
  const absl::Status status = context_.coordinator.Try(
      absl::Seconds(2), reporting_, [&](Coordinator::Stubs& stubs, grpc::ClientContext& call) {
        return stubs.worker->Lease(&call, request, &lease);
      });
  if (status.ok() && lease.has_attempt()) Release(lease, "", "the worker ends");
}

void Slot::Execute(const Leased& leased) {
  const v1::AttemptRef& attempt = leased.lease.attempt();
  spdlog::info("slot {}: trial {} (number {} of search {}), attempt {}", index_, attempt.trial_id(),
               leased.lease.trial_number(), leased.lease.search_id(), attempt.attempt());
  TaskControl control;
  LeaseKeeper keeper(context_.coordinator, context_.registration, attempt, leased.old,
                     context_.child.stall_limit, control);
  {
    MutexLock lock(mutex_);
    control_ = &control;
    keeper_ = &keeper;
    if (stopping_) control.Stop(v1::STOP_REASON_PREEMPTED, absl::Seconds(1));
  }
  const std::string base =
      absl::StrCat(context_.scratch, "/", attempt.task_id(), "-", attempt.attempt(), "-", index_);
  Assignment assignment;
  assignment.task = leased.lease.task();
  assignment.weights_path = base + ".weights";
  assignment.checkpoint_path = base + ".checkpoint";
  assignment.device = device_;
  assignment.threads = threads_;
  std::vector<PinnedArtifact> pinned;
  Result result;
  if (const absl::Status status = Fetch(assignment.task, keeper, assignment, pinned);
      !status.ok()) {
    result.failure = v1::FAILURE_KIND_UNAVAILABLE;
    result.message = std::string(status.message());
    result.stopped = control.stopped();
  } else if (control.stopped()) {
    result.stopped = true;
  } else {
    result = child_->Run(assignment, control, [&keeper](double done, const auto& values) {
      keeper.Report(done, values);
    });
  }
  const TaskControl::Request stop = control.request();
  const std::string checkpoint = StoreCheckpoint(assignment, result, stop, keeper);
  {
    MutexLock lock(mutex_);
    control_ = nullptr;
    keeper_ = nullptr;
  }
  const LeaseKeeper::End end = keeper.Finish();
  Conclude(leased.lease, assignment, result, checkpoint, end, stop);
  unlink(assignment.checkpoint_path.c_str());
}

absl::Status Slot::Fetch(v1::Task& task, LeaseKeeper& keeper, Assignment& assignment,
                         std::vector<PinnedArtifact>& pinned) {
  const auto get = [&](const std::string& sha256) -> absl::Status {
    auto file = context_.cache.Get(sha256, reporting_, [&keeper] { keeper.Touch(); });
    if (!file.ok()) return file.status();
    assignment.files[sha256] = file->path();
    pinned.push_back(*std::move(file));
    return absl::OkStatus();
  };
  for (const std::string& sha256 : NeededArtifacts(task)) {
    NASCENT_RETURN_IF_ERROR(get(sha256));
  }
  std::string& checkpoint = CheckpointOf(task);
  if (checkpoint.empty()) return absl::OkStatus();
  // A checkpoint only saves time: without it the task starts from the beginning.
  if (const absl::Status status = get(checkpoint); !status.ok()) {
    spdlog::warn("starting over, as the checkpoint can't be had: {}",
                 std::string(status.message()));
    checkpoint.clear();
  }
  return absl::OkStatus();
}

std::string Slot::StoreCheckpoint(const Assignment& assignment, const Result& result,
                                  const TaskControl::Request& stop, LeaseKeeper& keeper) {
  if (!result.has_checkpoint || IsDropped(result, stop)) return "";
  if (!IsGivenBack(result, stop) &&
      (result.failure != v1::FAILURE_KIND_UNSPECIFIED || !KeepsCheckpoint(assignment.task))) {
    return "";
  }
  const auto checkpoint = UploadArtifact(context_.coordinator, assignment.checkpoint_path,
                                         reporting_, [&keeper] { keeper.Touch(); });
  if (checkpoint.ok()) return *checkpoint;
  spdlog::warn("slot {}: a checkpoint is not stored: {}", index_, checkpoint.status().ToString());
  return "";
}

void Slot::Conclude(const v1::LeaseResponse& lease, const Assignment& assignment,
                    const Result& result, const std::string& checkpoint,
                    const LeaseKeeper::End& end, const TaskControl::Request& stop) {
  const v1::AttemptRef& attempt = lease.attempt();
  if (end.lost || IsDropped(result, stop)) {
    spdlog::info("slot {}: trial {} is dropped", index_, attempt.trial_id());
    unlink(assignment.weights_path.c_str());
    return;
  }
  std::vector<v1::Measurement> measurements = end.measurements;
  Append(measurements, result.measurements);
  // The last call takes what fits; the rest goes ahead of it.
  while (measurements.size() > kMaxMeasurements) {
    const auto first = measurements.begin();
    const auto part = first + static_cast<ptrdiff_t>(kMaxMeasurements);
    if (!ReportRest(attempt, end.done, {first, part})) {
      unlink(assignment.weights_path.c_str());
      return;
    }
    measurements.erase(first, part);
  }
  if (IsGivenBack(result, stop)) {
    if (measurements.empty() || ReportRest(attempt, end.done, measurements)) {
      Release(lease, checkpoint, WhyGivenBack(end));
    }
  } else if (result.failure != v1::FAILURE_KIND_UNSPECIFIED) {
    Fail(attempt, result, measurements);
  } else {
    return Complete(lease, assignment, result, checkpoint, measurements);
  }
  unlink(assignment.weights_path.c_str());
}

bool Slot::ReportRest(const v1::AttemptRef& attempt, double done,
                      const std::vector<v1::Measurement>& measurements) {
  v1::RenewRequest request;
  *request.mutable_attempt() = attempt;
  request.set_progress(done);
  request.mutable_measurements()->Assign(measurements.begin(), measurements.end());
  v1::RenewResponse response;
  const absl::Status status = Send(&v1::WorkerService::Stub::Renew, request, response);
  if (!status.ok()) {
    spdlog::warn("trial {}: its last measurements were not taken: {}", attempt.trial_id(),
                 status.ToString());
  }
  return status.ok();
}

std::string Slot::WhyGivenBack(const LeaseKeeper::End& end) const {
  if (!end.reason.empty()) return end.reason;
  return stopping() ? "the worker ends" : "preempted by the coordinator";
}

void Slot::Complete(const v1::LeaseResponse& lease, const Assignment& assignment,
                    const Result& result, const std::string& checkpoint,
                    const std::vector<v1::Measurement>& measurements) {
  const v1::AttemptRef& attempt = lease.attempt();
  v1::CompleteRequest request;
  *request.mutable_attempt() = attempt;
  request.mutable_measurements()->Assign(measurements.begin(), measurements.end());
  request.set_stopped(result.stopped);
  request.set_checkpoint(checkpoint);
  v1::CompleteResponse response;
  const absl::Status status = Send(&v1::WorkerService::Stub::Complete, request, response);
  if (!status.ok()) {
    spdlog::warn("trial {}: its result was not taken: {}", attempt.trial_id(), status.ToString());
  }
  if (status.ok() && response.weights_wanted() && result.has_weights) {
    context_.uploader.Add(attempt, assignment.weights_path);
  } else {
    unlink(assignment.weights_path.c_str());
  }
}

void Slot::Fail(const v1::AttemptRef& attempt, const Result& result,
                const std::vector<v1::Measurement>& measurements) {
  spdlog::warn("slot {}: trial {} failed ({}): {}", index_, attempt.trial_id(),
               v1::FailureKind_Name(result.failure), result.message);
  v1::FailRequest request;
  *request.mutable_attempt() = attempt;
  request.set_kind(result.failure);
  request.set_message(ValidText(result.message, kMaxFailureMessage));
  request.mutable_measurements()->Assign(measurements.begin(), measurements.end());
  v1::FailResponse response;
  const absl::Status status = Send(&v1::WorkerService::Stub::Fail, request, response);
  if (!status.ok()) {
    spdlog::warn("trial {}: its failure was not taken: {}", attempt.trial_id(), status.ToString());
  }
}

void Slot::Release(const v1::LeaseResponse& lease, const std::string& checkpoint,
                   const std::string& reason) {
  spdlog::info("slot {}: trial {} is given back: {}", index_, lease.attempt().trial_id(), reason);
  v1::ReleaseRequest request;
  *request.mutable_attempt() = lease.attempt();
  request.set_reason(ValidText(reason, kMaxReason));
  request.set_checkpoint(checkpoint);
  v1::ReleaseResponse response;
  const absl::Status status = Send(&v1::WorkerService::Stub::Release, request, response);
  if (!status.ok()) {
    spdlog::warn("trial {}: was not given back: {}", lease.attempt().trial_id(), status.ToString());
  }
}

template <typename Request, typename Response>
absl::Status Slot::Send(grpc::Status (v1::WorkerService::Stub::*method)(grpc::ClientContext*,
                                                                        const Request&, Response*),
                        Request request, Response& response) {
  request.set_request_id(rpc::NewRequestId());
  for (const bool again : {true, false}) {
    request.set_worker_id(context_.registration.terms().worker_id);
    const absl::Status status = context_.coordinator.Call(
        kCallTimeout, reporting_, [&](Coordinator::Stubs& stubs, grpc::ClientContext& call) {
          return ((*stubs.worker).*method)(&call, request, &response);
        });
    if (!absl::IsNotFound(status) || !again) return status;
    NASCENT_RETURN_IF_ERROR(context_.registration.RegisterAgain(request.worker_id(), reporting_));
  }
  return absl::OkStatus();
}

}  // namespace nascent::worker
