// Commands of workers that report on an attempt: renew, complete, fail, release, store weights.

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/field_error.h"
#include "common/sha256.h"
#include "server/engine/attempts.h"
#include "server/engine/handlers.h"
#include "server/engine/next_steps.h"
#include "server/engine/resolve/text_rules.h"
#include "server/engine/view/timestamps.h"
#include "server/engine/worker_requests.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

constexpr size_t kLongestMessage = 8192;
constexpr size_t kLongestReleaseReason = 1024;

// Checks what requests about an attempt have in common, and notes that its worker was heard of.
template <typename Request>
absl::Status CheckReport(EngineParts& parts, const Request& request) {
  const v1::AttemptRef& attempt = request.attempt();
  if (absl::Status status = CheckAttempt(request.request_id(), attempt); !status.ok()) {
    return status;
  }
  WorkerEntry* worker = parts.model.workers().Find(request.worker_id());
  if (worker == nullptr) return NotRegistered(request.worker_id());
  parts.model.See(*worker);
  const LiveTask* task = parts.model.FindTask(attempt.task_id());
  if (task != nullptr && task->leased && task->attempt == attempt.attempt() &&
      parts.model.FindRunning(request.worker_id(), attempt) == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "FENCED: attempt ", attempt.attempt(), " of task ", attempt.task_id(), " is not worker ",
        request.worker_id(), "'s, or not trial ", attempt.trial_id(), "'s"));
  }
  return absl::OkStatus();
}

// What a report says about measurements: those that can be kept, under the names that the task's
// kind gives them, and why the first of the others ends the trial.
struct Reported {
  std::vector<v1::Measurement> measurements;
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::string error;
};

Reported ReportedBy(const EngineParts& parts, const MeasurementList& measurements,
                    const LiveTask* task) {
  Reported reported;
  reported.measurements = {measurements.begin(), measurements.end()};
  reported.error = DropNonFinite(reported.measurements);
  if (!reported.error.empty()) reported.failure = v1::FAILURE_KIND_DIVERGED;
  // The tables of simulations may count in percent.
  if (parts.options.require_data) {
    const std::string impossible = DropImpossible(reported.measurements);
    if (reported.error.empty() && !impossible.empty()) {
      reported.failure = v1::FAILURE_KIND_INVALID;
      reported.error = impossible;
    }
  }
  if (task != nullptr && task->kind == v1::TASK_KIND_FINAL_TEST) {
    PrefixFinalMetrics(reported.measurements);
  }
  return reported;
}

storage::AttemptId IdOf(const v1::AttemptRef& attempt) {
  return {attempt.task_id(), attempt.attempt()};
}

// Reports about one task that a step puts off.
constexpr int kMostPutOff = 100;

// Puts a report off until what the batch holds of its task is committed. Each step looks at all
// that were put off, so a worker that reports faster than they are stored has to wait by itself.
template <typename Request, typename Response>
void PutOff(EngineParts& parts, const LiveTask& task, Call<Request, Response> call) {
  if (parts.batch.CountDeferred(task.id, kMostPutOff)) return parts.batch.Defer(std::move(call));
  parts.batch.Answer(
      call.reply, absl::ResourceExhaustedError(absl::StrCat("too many reports about task ", task.id,
                                                            " wait; try again in 1 s")));
}

v1::RenewResponse Renewed(absl::Time deadline, v1::StopReason stop) {
  v1::RenewResponse response;
  *response.mutable_deadline() = ToTimestamp(deadline);
  response.set_stop(stop);
  return response;
}

// Says which objective or score a trial that succeeded has no value of; empty: none is missing.
std::string MissingMetric(const LiveTask& task, const std::vector<v1::Measurement>& measurements) {
  const RungPlan& rung = task.search->resolved->rungs[task.trial->rung];
  std::vector<std::string> wanted = rung.scores;
  for (const v1::Objective& objective : task.search->spec().objectives()) {
    // Where nothing is trained, the rung's score stands for what training shows.
    if (rung.trains) wanted.push_back(objective.metric());
  }
  for (const std::string& metric : wanted) {
    const auto measured = [&metric](const auto& m) { return m.metric() == metric; };
    if (!IsCostMetric(metric) && !task.trial->record.metrics.contains(metric) &&
        std::none_of(measurements.begin(), measurements.end(), measured)) {
      return metric;
    }
  }
  return "";
}

// Returns whether the worker is asked for the weights of a trial that has just ended: it wins.
bool WantsWeights(EngineParts& parts, const LiveTrial& trial) {
  ActiveSearch& search = *parts.model.FindSearch(trial.record.search_id);
  Winners& winners = search.winners;
  if (trial.record.state != v1::TRIAL_STATE_SUCCEEDED || !winners.IsWinner(trial.record.number)) {
    return false;
  }
  // What was only scored has none.
  if (!search.resolved->rungs[trial.rung].trains) return false;
  winners.Await(trial.record.number, parts.clock.Now() + parts.options.WeightsWait());
  return true;
}

// The same of a trial whose result was taken earlier: the worker did not hear the answer, and asks
// again.
bool StillWantsWeights(EngineParts& parts, int64_t trial_id) {
  const std::shared_ptr<LiveTrial> leader = parts.model.FindLeader(trial_id);
  return leader != nullptr && leader->record.weights.empty() && WantsWeights(parts, *leader);
}

// Returns whether a failure is a result of the trial, not retried. Out of memory is none while a
// slot that is alive has more.
bool IsResult(EngineParts& parts, LiveTask& task, v1::FailureKind kind) {
  if (kind == v1::FAILURE_KIND_DIVERGED || kind == v1::FAILURE_KIND_INVALID) return true;
  if (kind != v1::FAILURE_KIND_OUT_OF_MEMORY) return false;
  const WorkerEntry& worker = *parts.model.workers().Find(task.worker_id);
  v1::Requirements more = task.search->spec().requirements();
  more.set_memory_bytes(worker.registration.slots(task.slot).memory_bytes() + 1);
  if (parts.model.workers().LiveTrainers(more, parts.clock.Now()).slots == 0) return true;
  task.least_memory = more.memory_bytes();
  return false;
}

}  // namespace

void Handle(EngineParts& parts, Call<v1::RenewRequest, v1::RenewResponse> call) {
  const v1::RenewRequest& request = call.request;
  absl::Status status = CheckReport(parts, request);
  status.Update(CheckMeasurements(request.measurements()));
  if (!(request.progress() >= 0 && request.progress() <= 1)) {
    status.Update(FieldError("progress", request.progress(), "[0, 1]"));
  }
  if (!status.ok()) return parts.batch.Answer(call.reply, status);
  LiveTask* task = parts.model.FindRunning(request.worker_id(), request.attempt());
  if (task != nullptr && request.measurements().empty()) {
    // It brings nothing that the renewal in the batch lacks: a client that renews one lease
    // thousands of times costs one statement for all, and no second look at any.
    if (const auto replies = task->renewing.lock(); replies != nullptr) {
      replies->push_back(std::move(call.reply));
      return;
    }
  }
  if (task != nullptr && task->busy) return PutOff(parts, *task, std::move(call));
  if (task == nullptr && parts.model.WasCancelled(request.attempt())) {
    return parts.batch.Answer(call.reply, Renewed(parts.clock.Now(), v1::STOP_REASON_CANCELLED));
  }
  Reported reported = ReportedBy(parts, request.measurements(), task);
  if (task != nullptr && !reported.error.empty()) {
    storage::FinishAttempt finish;
    finish.request_id = request.request_id();
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = reported.failure;
    finish.error = std::move(reported.error);
    finish.measurements = std::move(reported.measurements);
    return PlanFinish(parts, *task, std::move(finish),
                      parts.batch.Answering<v1::RenewResponse>(
                          std::move(call.reply), [&parts](const storage::Outcome&) {
                            return Renewed(parts.clock.Now(), v1::STOP_REASON_CANCELLED);
                          }));
  }
  storage::RenewLease renew;
  renew.request_id = request.request_id();
  renew.attempt = IdOf(request.attempt());
  renew.duration = parts.options.lease_duration;
  renew.progress = request.progress();
  renew.measurements = std::move(reported.measurements);
  const auto replies = std::make_shared<RenewalReplies>();
  replies->push_back(std::move(call.reply));
  // Where no attempt of that number runs, the store keeps it as evidence and says what it is.
  if (task != nullptr) {
    task->busy = true;
    task->renewing = replies;
    renew.events = MeasuredEvents(*task, renew.measurements, std::numeric_limits<int>::max());
  }
  parts.batch.Plan(std::move(renew), [&parts, id = request.attempt().task_id(),
                                      replies](const storage::Outcome& outcome) {
    for (const auto& reply : *replies) {
      if (!outcome.status.ok()) {
        parts.batch.Answer(reply, outcome.status);
        continue;
      }
      // In simulations the strategy makes up its mind between commit and answer; in the service a
      // later renewal brings what it decides.
      parts.batch.AnswerLate<v1::RenewResponse>(reply, [&parts, id, deadline = outcome.deadline] {
        const LiveTask* renewed = parts.model.FindTask(id);
        return Renewed(deadline, renewed == nullptr ? v1::STOP_REASON_UNSPECIFIED : renewed->stop);
      });
    }
  });
}

void Handle(EngineParts& parts, Call<v1::CompleteRequest, v1::CompleteResponse> call) {
  const v1::CompleteRequest& request = call.request;
  absl::Status status = CheckReport(parts, request);
  status.Update(CheckMeasurements(request.measurements()));
  status.Update(CheckArtifactName("checkpoint", request.checkpoint()));
  if (!status.ok()) return parts.batch.Answer(call.reply, status);
  LiveTask* task = parts.model.FindRunning(request.worker_id(), request.attempt());
  if (task != nullptr && task->busy) return PutOff(parts, *task, std::move(call));
  Reported reported = ReportedBy(parts, request.measurements(), task);
  storage::FinishAttempt finish;
  finish.request_id = request.request_id();
  finish.attempt = IdOf(request.attempt());
  finish.state = request.stopped() ? v1::TRIAL_STATE_STOPPED : v1::TRIAL_STATE_SUCCEEDED;
  finish.checkpoint = request.checkpoint();
  finish.measurements = std::move(reported.measurements);
  finish.error = std::move(reported.error);
  if (task == nullptr) {
    // Either a repeated request, which gets its first answer, or one that comes too late.
    return parts.batch.Plan(
        std::move(finish),
        parts.batch.Answering<v1::CompleteResponse>(
            std::move(call.reply),
            [&parts, trial_id = request.attempt().trial_id()](const storage::Outcome&) {
              v1::CompleteResponse response;
              response.set_weights_wanted(StillWantsWeights(parts, trial_id));
              return response;
            }));
  }
  const bool train = storage::DecidesTrial(task->kind);
  if (!finish.error.empty()) {
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = reported.failure;
  } else if (train && finish.state == v1::TRIAL_STATE_SUCCEEDED) {
    if (const std::string missing = MissingMetric(*task, finish.measurements); !missing.empty()) {
      finish.state = v1::TRIAL_STATE_FAILED;
      finish.failure = v1::FAILURE_KIND_INVALID;
      finish.error = absl::StrCat("the worker measured no ", missing);
    }
  }
  PlanFinish(
      parts, *task, std::move(finish),
      parts.batch.Answering<v1::CompleteResponse>(
          std::move(call.reply), [&parts, train, trial = task->trial](const storage::Outcome&) {
            v1::CompleteResponse response;
            response.set_weights_wanted(train && WantsWeights(parts, *trial));
            return response;
          }));
}

void Handle(EngineParts& parts, Call<v1::FailRequest, v1::FailResponse> call) {
  const v1::FailRequest& request = call.request;
  absl::Status status = CheckReport(parts, request);
  status.Update(CheckMeasurements(request.measurements()));
  if (!status.ok()) return parts.batch.Answer(call.reply, status);
  LiveTask* task = parts.model.FindRunning(request.worker_id(), request.attempt());
  if (task != nullptr && task->busy) return PutOff(parts, *task, std::move(call));
  const v1::FailureKind kind =
      request.kind() == v1::FAILURE_KIND_UNSPECIFIED ? v1::FAILURE_KIND_CRASHED : request.kind();
  const std::string message = CleanText(request.message(), kLongestMessage);
  auto measurements = ReportedBy(parts, request.measurements(), task).measurements;
  auto done = parts.batch.Answering<v1::FailResponse>(std::move(call.reply));
  if (task == nullptr || IsResult(parts, *task, kind)) {
    storage::FinishAttempt finish;
    finish.request_id = request.request_id();
    finish.attempt = IdOf(request.attempt());
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = kind;
    finish.error = message;
    finish.measurements = std::move(measurements);
    if (task != nullptr) return PlanFinish(parts, *task, std::move(finish), std::move(done));
    return parts.batch.Plan(std::move(finish), std::move(done));
  }
  storage::ReturnAttempt back;
  back.request_id = request.request_id();
  back.how = storage::ReturnAttempt::How::kCrashed;
  // What could not be had is no fault of the trial.
  back.charged = kind != v1::FAILURE_KIND_UNAVAILABLE;
  back.failure = kind;
  back.error = message;
  back.measurements = std::move(measurements);
  PlanReturn(parts, *task, std::move(back), std::move(done));
}

void Handle(EngineParts& parts, Call<v1::ReleaseRequest, v1::ReleaseResponse> call) {
  const v1::ReleaseRequest& request = call.request;
  absl::Status status = CheckReport(parts, request);
  status.Update(CheckArtifactName("checkpoint", request.checkpoint()));
  if (!status.ok()) return parts.batch.Answer(call.reply, status);
  LiveTask* task = parts.model.FindRunning(request.worker_id(), request.attempt());
  if (task != nullptr && task->busy) return PutOff(parts, *task, std::move(call));
  auto done = parts.batch.Answering<v1::ReleaseResponse>(std::move(call.reply));
  storage::ReturnAttempt back;
  back.request_id = request.request_id();
  back.attempt = IdOf(request.attempt());
  if (task == nullptr) return parts.batch.Plan(std::move(back), std::move(done));
  back.error = CleanText(request.reason(), kLongestReleaseReason);
  back.checkpoint = request.checkpoint();
  PlanReturn(parts, *task, std::move(back), std::move(done));
}

void Handle(EngineParts& parts, Call<v1::SetWeightsRequest, v1::SetWeightsResponse> call) {
  const v1::SetWeightsRequest& request = call.request;
  absl::Status status = CheckText("request_id", request.request_id(), 1, 64);
  if (status.ok() && !IsSha256(request.sha256())) {
    status = CheckArtifactName("sha256", absl::StrCat(request.sha256(), " "));
  }
  if (!status.ok()) return parts.batch.Answer(call.reply, status);
  parts.batch.Plan(storage::SetWeights{request.request_id(), request.trial_id(), request.attempt(),
                                       request.sha256()},
                   parts.batch.Answering<v1::SetWeightsResponse>(std::move(call.reply)));
}

}  // namespace nascent::engine
