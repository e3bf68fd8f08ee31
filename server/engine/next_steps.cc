#include "server/engine/next_steps.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/engine/attempts.h"
#include "server/engine/crash_notes.h"
#include "server/engine/search_events.h"
#include "server/engine/worker_requests.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

// Proposals of one order, so that one search does not hold up the commits of others.
constexpr int64_t kMostProposals = 64;
// How long a strategy waits whose order found the executor full.
constexpr absl::Duration kExecutorFull = absl::Milliseconds(50);
// Bytes of a trial's error that stand in the reason of its search.
constexpr size_t kLongestError = 500;
// Device time grows with each running attempt; its limit is not looked at more often than this.
constexpr absl::Duration kLimitStep = absl::Milliseconds(10);

void ChangeState(EngineParts& parts, ActiveSearch& search, v1::SearchState to,
                 const std::string& reason) {
  search.changing = true;
  parts.batch.Plan(storage::ChangeSearchState{"", search.record.id, to, reason});
}

// --- limits ---

void CheckLimits(EngineParts& parts, ActiveSearch& search) {
  std::string& reason = search.ending.stop_reason;
  if (!reason.empty() || !search.IsIn(v1::SEARCH_STATE_RUNNING)) return;
  const v1::Budget& budget = search.spec().budget();
  const absl::Time now = parts.clock.Now();
  if (budget.has_wall_seconds()) {
    const absl::Time end = search.record.created_at + absl::Seconds(budget.wall_seconds());
    if (now >= end) {
      reason = absl::StrCat("budget: ", budget.wall_seconds(), " s of wall time");
      return;
    }
    parts.model.agenda().WakeAt(search.record.id, end);
  }
  if (budget.has_device_seconds()) {
    double used = search.device_seconds;
    for (const int64_t id : search.running_tasks) {
      used += absl::ToDoubleSeconds(now - parts.model.FindTask(id)->leased_at);
    }
    if (used >= budget.device_seconds()) {
      reason = absl::StrCat("budget: ", budget.device_seconds(), " s of device time");
    } else if (!search.running_tasks.empty()) {
      const absl::Duration left = absl::Seconds((budget.device_seconds() - used) /
                                                static_cast<double>(search.running_tasks.size()));
      parts.model.agenda().WakeAt(search.record.id, now + std::max(left, kLimitStep));
    }
  }
}

// --- new trials ---

storage::TrialRecord RecordOf(const ActiveSearch& search, const PlannedTrial& planned,
                              absl::Time now) {
  const Candidate& candidate = *planned.candidate;
  storage::TrialRecord record;
  record.search_id = search.record.id;
  record.number = planned.number;
  record.key = candidate.key;
  record.key_version = candidate.key_version;
  record.genotype = candidate.message;
  record.notation = candidate.notation;
  record.fidelity = search.resolved->rungs[planned.proposal.rung].fidelity;
  record.continues = planned.proposal.continues;
  record.parents = planned.proposal.parents;
  record.reason = planned.proposal.reason;
  record.enqueued = planned.enqueued;
  record.after_event = planned.after_event;
  record.costs = candidate.costs;
  record.recipe = candidate.recipe;
  record.created_at = now;
  return record;
}

// Says whose genotype the next enqueued trial is: numbers were given in the order of the requests.
void NameRequest(StrategyQueue& queue, storage::AddTrial& add) {
  for (EnqueueRequest& request : queue.numbered) {
    if (request.planned >= static_cast<int64_t>(request.genotypes.size())) continue;
    add.request_id = request.request_id;
    add.request_index = static_cast<int>(request.planned++);
    return;
  }
}

// The trial has the result of a finished evaluation from the start.
void ShareAtOnce(ActiveSearch& search, LiveTrial& trial,
                 const storage::EvaluationRecord& evaluation, storage::AddTrial& add) {
  storage::TrialRecord& record = trial.record;
  storage::Share(record, evaluation, record.created_at);
  record.weights = evaluation.weights;
  add.events.push_back(FinishedEvent(
      search, trial,
      {record.state, record.failure, record.metrics, trial.candidate->recipe.epochs(), 0}));
}

// The trial has the result of its subject's evaluation at once where all workers that could make it
// have one and the same evaluator. Else it is decided when a worker asks for it.
void AddToSubject(EngineParts& parts, ActiveSearch& search, LiveTrial& trial,
                  const PlannedTrial& planned, storage::AddTrial& add) {
  SharedEvaluations& evaluations = parts.model.evaluations();
  const std::string scope = Model::ScopeOf(search, trial);
  for (const storage::EvaluationRecord& found : planned.evaluations) {
    evaluations.Remember(scope, found);
  }
  if (const auto only = parts.model.OnlyEvaluator(search); only.has_value()) {
    const storage::EvaluationRecord* finished = evaluations.Find(scope, *only);
    if (finished != nullptr) return ShareAtOnce(search, trial, *finished, add);
  }
  const auto first = evaluations.Add(scope, {search.record.id, trial.record.number});
  trial.joined_own = first.has_value() && first->search_id == search.record.id;
}

// A trial of an enqueued genotype is stored: its request is answered once all of its are.
void CountEnqueued(EngineParts& parts, StrategyQueue& queue, int64_t number) {
  if (queue.numbered.empty()) return;
  EnqueueRequest& request = queue.numbered.front();
  request.numbers.push_back(number);
  if (request.numbers.size() < request.genotypes.size()) return;
  parts.batch.Answer(request.reply, std::move(request.numbers));
  queue.numbered.pop_front();
}

void PlanTrial(EngineParts& parts, ActiveSearch& search, const PlannedTrial& planned) {
  auto trial = std::make_shared<LiveTrial>();
  trial->candidate = planned.candidate;
  trial->rung = planned.proposal.rung;
  trial->subject = planned.subject;
  trial->looked_up = planned.looked_up;
  trial->record = RecordOf(search, planned, parts.clock.Now());
  storage::TrialRecord& record = trial->record;
  search.last_number = planned.number;
  storage::AddTrial add;
  if (planned.enqueued) NameRequest(search.queue, add);
  if (!planned.candidate->status.ok()) {
    record.joined = true;  // no task: it ends as FAILED as soon as it has an id
  } else if (!trial->subject.empty()) {
    AddToSubject(parts, search, *trial, planned, add);
  }
  search.open[record.number] = trial;
  add.trial = record;
  add.joined = record.joined;
  Batch::Done done;
  if (planned.enqueued) {
    done = [&parts, id = search.record.id, number = record.number](const storage::Outcome& o) {
      if (o.status.ok()) CountEnqueued(parts, parts.model.FindSearch(id)->queue, number);
    };
  }
  parts.batch.Plan(std::move(add), std::move(done));
}

void PlanTrials(EngineParts& parts, ActiveSearch& search) {
  for (const auto& trial : std::exchange(search.impossible, {})) {
    const std::string error(trial->candidate->status.message());
    PlanEndTrial(parts, search, *trial,
                 {v1::TRIAL_STATE_FAILED, v1::FAILURE_KIND_INVALID, {}, 0, 0}, error);
  }
  std::string& stop_reason = search.ending.stop_reason;
  const v1::StopRules& rules = search.spec().stop();
  for (const PlannedTrial& planned : std::exchange(search.queue.planned, {})) {
    const std::optional<double>& gain = planned.proposal.expected_gain;
    if (rules.has_expected_gain_below() && gain.has_value() &&
        *gain < rules.expected_gain_below() && stop_reason.empty()) {
      stop_reason =
          absl::StrCat("expected gain ", *gain, " is below ", rules.expected_gain_below());
    }
    // The strategy is not asked again, so that nobody misses what it proposed last.
    if (!stop_reason.empty() && !planned.enqueued) continue;
    PlanTrial(parts, search, planned);
  }
  auto& snapshot = search.queue.snapshot;
  if (snapshot.has_value() && stop_reason.empty()) {
    parts.batch.Plan(storage::PutSnapshot{search.record.id, *std::move(snapshot)});
  }
  snapshot.reset();
}

// --- the end ---

void PlanCancelReady(EngineParts& parts, ActiveSearch& search, LiveTrial& trial) {
  LiveTask* task = parts.model.FindTask(trial.task_id);
  const bool in_this_batch = trial.record.id == 0 || (task != nullptr && task->busy);
  if (in_this_batch) return search.Wake();
  if (task != nullptr) task->busy = true;
  PlanEndTrial(parts, search, trial,
               {v1::TRIAL_STATE_CANCELLED, v1::FAILURE_KIND_UNSPECIFIED, {}, 0, 0},
               search.ending.stop_reason);
}

// Says why the trials failed: how many in which way, and what the last one of the most frequent way
// said.
std::string WhyAllFailed(const ActiveSearch& search) {
  std::map<v1::FailureKind, int64_t> counts;
  for (const auto& trial : search.ended) {
    if (trial->record.failure != v1::FAILURE_KIND_UNSPECIFIED) ++counts[trial->record.failure];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string error;
  for (const auto& trial : search.ended) {
    if (most != counts.end() && trial->record.failure == most->first &&
        !trial->record.error.empty()) {
      error = trial->record.error;
    }
  }
  const std::string ways = absl::StrJoin(counts, ", ", [](std::string* out, const auto& count) {
    absl::StrAppend(out, count.second, " ", v1::FailureKind_Name(count.first).substr(13));
  });
  const int64_t trained = search.tally.Finished();
  const std::string all =
      trained > 0 ? absl::StrCat("all ", trained, " trials failed: ")
                  : absl::StrCat("of ", search.tally.Scored(), " scored none could be trained: ");
  return absl::StrCat(all, ways,
                      error.empty() ? "" : "; the last one: ", CleanText(error, kLongestError));
}

void PlanEnd(EngineParts& parts, ActiveSearch& search) {
  const Ending& ending = search.ending;
  if (!ending.stop_reason.empty()) {
    for (const auto& trial : search.ReadyTrials()) PlanCancelReady(parts, search, *trial);
  }
  const v1::Budget& budget = search.spec().budget();
  const bool spent = budget.has_trials() && search.Charged() >= budget.trials();
  const bool exhausted = search.queue.mood == StrategyQueue::Mood::kExhausted;
  if (ending.stop_reason.empty() && !exhausted && !spent) return;
  if (!search.open.empty() || !search.queue.Idle()) return;
  if (search.tally.Finished() + search.tally.Scored() > 0 && ending.results == 0) {
    return ChangeState(parts, search, v1::SEARCH_STATE_FAILED, WhyAllFailed(search));
  }
  // The last events are only for the strategy, which is not asked again.
  if (!exhausted) search.queue.unobserved.clear();
  std::string reason = ending.stop_reason;
  if (reason.empty()) {
    reason = spent ? absl::StrCat("budget: ", budget.trials(), " trials") : "strategy exhausted";
  }
  ChangeState(parts, search, v1::SEARCH_STATE_FINISHING, reason);
}

void PlanFinalTests(EngineParts& parts, ActiveSearch& search) {
  const v1::FinalSpec& final = search.spec().final();
  search.ending.final_planned = true;
  const int64_t seeds = final.has_recipe() || final.seeds() > 1 ? final.seeds() : 1;
  for (const int64_t number : search.winners.Numbers()) {
    const auto trial = search.winners.Find(number);
    if (trial == nullptr) continue;
    if (trial->record.metrics.contains("test_accuracy")) continue;  // before a restart
    parts.model.Index(*trial);
    for (int64_t offset = 0; offset < seeds; ++offset) {
      ++search.ending.open_final_tasks;
      parts.batch.Plan(storage::AddFinalTask{trial->record.id, offset});
    }
  }
}

void PlanFinal(EngineParts& parts, ActiveSearch& search) {
  if (!search.ending.final_planned && search.spec().final().test()) {
    const absl::Time now = parts.clock.Now();
    const absl::Time until = search.winners.AwaitedUntil(now);
    if (until > now) return parts.model.agenda().WakeAt(search.record.id, until);
    PlanFinalTests(parts, search);
  }
  if (search.ending.open_final_tasks == 0) {
    ChangeState(parts, search, v1::SEARCH_STATE_COMPLETED, search.record.state_reason);
  }
}

void EndOpenTrials(EngineParts& parts, ActiveSearch& search) {
  // First the running attempts; their workers are told at their next renewal.
  for (const int64_t id : search.running_tasks) {
    LiveTask& task = *parts.model.FindTask(id);
    if (task.busy) continue;
    storage::FinishAttempt finish;
    finish.state = v1::TRIAL_STATE_CANCELLED;
    finish.error = "the search was cancelled";
    parts.model.NoteCancelled(task);
    PlanFinish(parts, task, std::move(finish));
  }
  for (const auto& trial : search.ReadyTrials()) PlanCancelReady(parts, search, *trial);
  if (search.running_tasks.empty() && search.open.empty()) {
    return parts.model.Drop(search.record.id);
  }
  search.Wake();
}

}  // namespace

void PlanSearch(EngineParts& parts, ActiveSearch& search) {
  CheckLimits(parts, search);
  if (search.changing) return search.Wake();
  if (search.IsIn(v1::SEARCH_STATE_CANCELLED) || search.IsIn(v1::SEARCH_STATE_FAILED)) {
    return EndOpenTrials(parts, search);
  }
  if (!search.ending.refused.empty()) {
    return ChangeState(parts, search, v1::SEARCH_STATE_FAILED, search.ending.refused);
  }
  PlanTrials(parts, search);
  if (search.IsIn(v1::SEARCH_STATE_RUNNING)) PlanEnd(parts, search);
  if (search.IsIn(v1::SEARCH_STATE_FINISHING)) PlanFinal(parts, search);
}

void PlanFollowUps(EngineParts& parts) {
  FollowUps follow_ups = parts.model.TakeFollowUps();
  for (const auto& trial : follow_ups.overtaken) {
    parts.batch.Plan(storage::SetWeights{"", trial->record.id, trial->record.attempt, ""});
  }
  for (Resolution& resolution : follow_ups.resolutions) {
    ActiveSearch* search = parts.model.FindSearch(resolution.trial.search_id);
    if (search == nullptr || !search->open.contains(resolution.trial.number)) continue;
    const LiveTrial& trial = *search->open.at(resolution.trial.number);
    if (resolution.evaluation.has_value()) {
      PlanShare(parts, *search, trial, *resolution.evaluation);
    } else {
      parts.batch.Plan(storage::ResolveJoined{trial.record.id, std::nullopt, {}});
    }
  }
}

void PlanShare(EngineParts& parts, ActiveSearch& search, const LiveTrial& trial,
               const storage::EvaluationRecord& evaluation) {
  LiveTask* task = parts.model.FindTask(trial.task_id);
  // What is in the batch is decided again when a worker asks for it.
  if (trial.record.state != v1::TRIAL_STATE_READY || task == nullptr || task->busy) return;
  task->busy = true;
  storage::ResolveJoined resolve;
  resolve.trial_id = trial.record.id;
  resolve.evaluation = evaluation;
  resolve.events.push_back(
      FinishedEvent(search, trial,
                    {v1::TRIAL_STATE_SHARED, evaluation.failure, evaluation.metrics,
                     trial.candidate->recipe.epochs(), 0}));
  parts.batch.Plan(std::move(resolve));
}

void AskStrategy(EngineParts& parts, ActiveSearch& search) {
  StrategyQueue& queue = search.queue;
  const bool running = search.IsIn(v1::SEARCH_STATE_RUNNING);
  if (queue.asking || !queue.planned.empty() ||
      !(running || search.IsIn(v1::SEARCH_STATE_PAUSED))) {
    return;
  }
  auto order = std::make_shared<StrategyOrder>();
  for (const EnqueueRequest& request : queue.enqueues) {
    order->enqueued.insert(order->enqueued.end(), request.genotypes.begin(),
                           request.genotypes.end());
  }
  const bool news = !queue.unobserved.empty() || !order->enqueued.empty();
  order->nothing_open = search.open.empty();
  const bool stuck = order->nothing_open && !search.host->waits_for_programs();
  const bool may_propose = running && !search.changing && search.ending.stop_reason.empty() &&
                           queue.mood != StrategyQueue::Mood::kExhausted;
  const auto& trainers =
      parts.model.workers().LiveTrainers(search.spec().requirements(), parts.clock.Now());
  if (may_propose && (queue.mood != StrategyQueue::Mood::kWaits || news || stuck)) {
    const int64_t room = search.Room(trainers.slots) - static_cast<int64_t>(order->enqueued.size());
    order->wanted = static_cast<int>(std::clamp<int64_t>(room, 0, kMostProposals));
  }
  if (!news && order->wanted == 0) return;
  order->events = std::move(queue.unobserved);
  queue.unobserved.clear();
  order->last_event = queue.committed_event;
  order->next_number = search.last_number + 1;
  order->snapshot = queue.committed_event - queue.snapshot_at >= parts.options.snapshot_interval;
  order->evaluators = trainers.evaluators;
  queue.asking = true;
  const bool accepted =
      parts.executor.Run([order, host = search.host, mailbox = parts.mailbox,
                          name = SearchName{search.record.id, search.record.created_at}] {
        const InCare care(name);
        mailbox->Put({name.id, host->Advance(*order)});
      });
  if (!accepted) {
    queue.asking = false;
    queue.unobserved = std::move(order->events);
    return parts.model.agenda().WakeAt(search.record.id, parts.clock.Now() + kExecutorFull);
  }
  std::move(queue.enqueues.begin(), queue.enqueues.end(), std::back_inserter(queue.numbered));
  queue.enqueues.clear();
}

void TakeAnswers(EngineParts& parts) {
  for (auto& [search_id, answer] : parts.mailbox->Take()) {
    ActiveSearch* search = parts.model.FindSearch(search_id);
    if (search == nullptr) continue;
    StrategyQueue& queue = search->queue;
    queue.asking = false;
    search->Wake();
    if (answer.exhausted) {
      queue.mood = StrategyQueue::Mood::kExhausted;
    } else if (queue.mood != StrategyQueue::Mood::kExhausted) {
      queue.mood = answer.waits ? StrategyQueue::Mood::kWaits : StrategyQueue::Mood::kProposes;
    }
    if (!answer.trouble.empty()) {
      queue.trouble = answer.trouble;
      ++search->revision;
    }
    std::move(answer.trials.begin(), answer.trials.end(), std::back_inserter(queue.planned));
    for (const int64_t number : answer.stops) {
      for (const int64_t task_id : search->running_tasks) {
        LiveTask& task = *parts.model.FindTask(task_id);
        if (task.trial->record.number == number && storage::DecidesTrial(task.kind)) {
          task.stop = v1::STOP_REASON_EARLY;
        }
      }
    }
    if (answer.snapshot.has_value()) {
      queue.snapshot_at = answer.snapshot->after_event;
      // It holds proposals that are about to be committed with it.
      queue.snapshot = *std::move(answer.snapshot);
    }
  }
}

}  // namespace nascent::engine
