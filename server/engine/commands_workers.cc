// Commands of workers that want work: register, lease.

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/field_error.h"
#include "server/engine/attempts.h"
#include "server/engine/handlers.h"
#include "server/engine/next_steps.h"
#include "server/engine/resolve/text_rules.h"
#include "server/engine/view/timestamps.h"
#include "server/engine/worker_requests.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

constexpr absl::Duration kLongestWait = absl::Seconds(60);

LeaseGrant GrantOf(const LiveTask& task) {
  LeaseGrant grant;
  grant.attempt.set_task_id(task.id);
  grant.attempt.set_trial_id(task.trial->record.id);
  grant.attempt.set_attempt(task.attempt);
  grant.deadline = task.deadline;
  grant.search_id = task.search->record.id;
  grant.trial_number = task.trial->record.number;
  grant.kind = task.kind;
  grant.maker = task.search->maker;
  grant.work = task.trial->candidate;
  if (task.checkpoint.evaluator == task.evaluator) grant.checkpoint = task.checkpoint.sha256;
  grant.seed_offset = task.seed_offset;
  const v1::FinalSpec& final = task.search->spec().final();
  const bool again = final.has_recipe() || final.seeds() > 1;
  if (task.kind == v1::TASK_KIND_FINAL_TEST && !again &&
      task.trial->record.evaluator == task.evaluator) {
    grant.weights = task.trial->record.weights;
  }
  return grant;
}

void PlanGrant(EngineParts& parts, const LiveTask& task, LeaseDesk::Waiting waiting) {
  const v1::LeaseRequest& request = waiting.call.request.message;
  storage::GrantLease grant;
  grant.request_id = request.request_id();
  grant.task_id = task.id;
  grant.attempt = task.attempt + 1;
  grant.worker_id = request.worker_id();
  grant.slot = request.slot();
  grant.duration = parts.options.lease_duration;
  grant.evaluator = parts.model.workers().Find(request.worker_id())->evaluator;
  if (storage::DecidesTrial(task.kind)) {
    grant.evaluation_identity = EvaluationIdentity(task.trial->subject, grant.evaluator);
  }
  parts.batch.Plan(
      std::move(grant), [&parts, id = task.id, worker_id = request.worker_id(),
                         reply = std::move(waiting.call.reply)](const storage::Outcome& o) {
        if (!o.status.ok()) return parts.batch.Answer(reply, o.status);
        // The first answer to a repeated request may have been another task.
        const LiveTask* granted = parts.model.FindTask(o.replayed ? o.id : id);
        const bool held = granted != nullptr && granted->leased && granted->worker_id == worker_id;
        parts.batch.Answer(reply, held ? GrantOf(*granted) : LeaseGrant());
      });
}

// Returns the finished evaluation of the trial by this evaluator; null: none is known. The store is
// asked once for an evaluator that was not there when the trial was proposed.
const storage::EvaluationRecord* FindFinished(EngineParts& parts, const ActiveSearch& search,
                                              LiveTrial& trial, const std::string& evaluator) {
  SharedEvaluations& evaluations = parts.model.evaluations();
  const std::string scope = Model::ScopeOf(search, trial);
  if (const auto* known = evaluations.Find(scope, evaluator); known != nullptr) return known;
  if (!trial.looked_up.insert(evaluator).second) return nullptr;
  auto found = search.host->find()(EvaluationIdentity(trial.subject, evaluator));
  if (!found.has_value()) return nullptr;
  evaluations.Remember(scope, *std::move(found));
  return evaluations.Find(scope, evaluator);
}

// Returns the bytes without which a trial's network can't be trained: float32 parameters and their
// gradients. Activations and the optimizer's moments come on top.
int64_t LeastMemory(const ActiveSearch& search, const LiveTrial& trial) {
  constexpr int64_t kBytes = 2 * sizeof(float);
  if (!search.resolved->rungs[trial.rung].trains) return 0;
  const int64_t parameters = trial.candidate->costs.parameters();
  return parameters > std::numeric_limits<int64_t>::max() / kBytes
             ? std::numeric_limits<int64_t>::max()
             : parameters * kBytes;
}

std::string Gibibytes(int64_t bytes) {
  return absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / (int64_t{1} << 30));
}

// Returns whether no worker that is alive has the memory for a network; its trial then ends, as if
// each of them had tried.
bool EndTooLarge(EngineParts& parts, LiveTask& task) {
  const int64_t needed = LeastMemory(*task.search, *task.trial);
  const int64_t most = parts.model.workers()
                           .LiveTrainers(task.search->spec().requirements(), parts.clock.Now())
                           .most_memory;
  if (needed <= most) return false;
  task.busy = true;
  PlanEndTrial(parts, *task.search, *task.trial,
               {v1::TRIAL_STATE_FAILED, v1::FAILURE_KIND_OUT_OF_MEMORY, {}, 0, 0},
               absl::StrCat("not tried: ", task.trial->candidate->costs.parameters(),
                            " parameters and their gradients alone take ", Gibibytes(needed),
                            ", the largest worker that is alive has ", Gibibytes(most)));
  return true;
}

// Decides what a task that fits a worker is to its evaluator (evaluations.h).
LeaseDesk::Verdict Judge(EngineParts& parts, LiveTask& task, const WorkerEntry& worker) {
  using Verdict = LeaseDesk::Verdict;
  LiveTrial& trial = *task.trial;
  ActiveSearch& search = *task.search;
  if (parts.clock.Now() < task.not_before) return Verdict::kSkip;
  if (task.kind == v1::TASK_KIND_FINAL_TEST) {
    // Weights are tested by the evaluator that made them, as long as there is one.
    const std::string& maker = trial.record.evaluator;
    const bool foreign = !trial.record.weights.empty() && maker != worker.evaluator;
    return foreign && parts.model.workers().HasEvaluator(
                          maker, task.kind, search.spec().requirements(), parts.clock.Now())
               ? Verdict::kSkip
               : Verdict::kTake;
  }
  if (!trial.subject.empty()) {
    if (const auto* finished = FindFinished(parts, search, trial, worker.evaluator);
        finished != nullptr) {
      PlanShare(parts, search, trial, *finished);
      return Verdict::kDone;
    }
  }
  if (LeastMemory(search, trial) > worker.MostMemory()) {
    return EndTooLarge(parts, task) ? Verdict::kDone : Verdict::kSkip;
  }
  if (trial.subject.empty()) return Verdict::kTake;
  SharedEvaluations& evaluations = parts.model.evaluations();
  const std::string scope = Model::ScopeOf(search, trial);
  const TrialRef self = {search.record.id, trial.record.number};
  if (evaluations.IsMade(scope, self, worker.evaluator)) return Verdict::kSkip;
  evaluations.Start(scope, self, worker.evaluator);
  return Verdict::kTake;
}

}  // namespace

void Handle(EngineParts& parts, Call<ListWorkers, std::vector<v1::Worker>> call) {
  parts.batch.Answer(call.reply, parts.model.workers().List(parts.clock.Now()));
}

void Handle(EngineParts& parts, Call<v1::RegisterRequest, v1::RegisterResponse> call) {
  if (absl::Status status = CheckRegistration(call.request); !status.ok()) {
    return parts.batch.Answer(call.reply, status);
  }
  parts.batch.Plan(
      storage::RegisterWorker{std::move(call.request)},
      parts.batch.Answering<v1::RegisterResponse>(
          std::move(call.reply), [lease = parts.options.lease_duration](const storage::Outcome& o) {
            v1::RegisterResponse response;
            response.set_worker_id(o.id);
            *response.mutable_lease_duration() = ToMessage(lease);
            *response.mutable_renew_interval() = ToMessage(lease / 3);
            return response;
          }));
}

void Handle(EngineParts& parts, Call<LeaseTask, LeaseGrant> call) {
  const v1::LeaseRequest& request = call.request.message;
  if (absl::Status status = CheckText("request_id", request.request_id(), 1, 64); !status.ok()) {
    return parts.batch.Answer(call.reply, status);
  }
  WorkerEntry* worker = parts.model.workers().Find(request.worker_id());
  if (worker == nullptr) {
    return parts.batch.Answer(call.reply, NotRegistered(request.worker_id()));
  }
  const int slots = worker->registration.slots_size();
  if (request.slot() < 0 || request.slot() >= slots) {
    return parts.batch.Answer(
        call.reply, FieldError("slot", request.slot(), absl::StrCat("[0, ", slots - 1, "]")));
  }
  const absl::Duration wait = FromMessage(request.wait());
  if (wait < absl::ZeroDuration() || wait > kLongestWait) {
    return parts.batch.Answer(call.reply,
                              FieldError("wait", absl::FormatDuration(wait), "[0 s, 60 s]"));
  }
  parts.model.See(*worker);
  for (const int64_t id : worker->tasks) {
    const LiveTask& task = *parts.model.FindTask(id);
    if (task.lease_request_id == request.request_id()) {
      return parts.batch.Answer(call.reply, GrantOf(task));
    }
  }
  const auto older =
      parts.leases.Add(std::move(call), parts.clock.Elapsed() + wait, parts.clock.Now());
  if (older.has_value()) parts.batch.Answer(older->call.reply, LeaseGrant());
}

void ServeLeases(EngineParts& parts) {
  const absl::Time now = parts.clock.Now();
  const auto judge = [&parts](LiveTask& task, const WorkerEntry& worker) {
    return Judge(parts, task, worker);
  };
  for (LeaseDesk::Match& match : parts.leases.TakeMatches(now, judge)) {
    if (match.task == nullptr) {
      parts.batch.Answer(match.waiting.call.reply, LeaseGrant());
    } else {
      PlanGrant(parts, *match.task, std::move(match.waiting));
    }
  }
  for (const LeaseDesk::Waiting& waiting : parts.leases.TakeExpired(parts.clock.Elapsed(), now)) {
    parts.batch.Answer(waiting.call.reply, LeaseGrant());
  }
}

}  // namespace nascent::engine
