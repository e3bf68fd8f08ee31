// Commands about searches, and what follows by itself: new trials, the final stage, the end.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/engine.h"
#include "server/engine/resolve/field_error.h"
#include "server/engine/resolve/text_rules.h"
#include "server/engine/view/views.h"

namespace nascent::engine {
namespace {

// Proposals of one order, so that one search does not hold up the commits of others.
constexpr int64_t kMostProposals = 64;
// How long a count of slots is believed.
constexpr absl::Duration kSlotsAge = absl::Seconds(1);

absl::Status NoSearch(int64_t id) {
  return absl::NotFoundError(absl::StrCat("no search that runs has id ", id));
}

bool IsRunning(const ActiveSearch& search) {
  return search.record.state == v1::SEARCH_STATE_RUNNING;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ActiveSearch>> Engine::MakeActive(
    storage::SearchRecord record, std::shared_ptr<CandidateMaker> maker) {
  auto search = std::make_unique<ActiveSearch>(std::move(record), std::move(maker));
  FindEvaluation find;
  const v1::SearchSpec& spec = search->spec();
  if (spec.sharing() != v1::SHARING_OFF) {
    std::optional<std::string> project;
    if (spec.sharing() == v1::SHARING_PROJECT) project = spec.project();
    find = [store = store_, project, id = search->shared_id](
               const std::string& identity) -> std::optional<storage::EvaluationRecord> {
      auto found = store->FindEvaluation(
          identity, project, project.has_value() ? std::nullopt : std::optional<int64_t>(*id));
      // Without the store's word the evaluation is made once more.
      return found.ok() ? *std::move(found) : std::nullopt;
    };
  }
  auto host = StrategyHost::Make(search->maker, std::move(find));
  if (!host.ok()) return host.status();
  search->host = *std::move(host);
  search->revision = absl::ToUnixMicros(Now());
  return search;
}

void Engine::Handle(Call<SubmitSearch, v1::Search> call) {
  if (absl::Status status = CheckText("request_id", call.request.request_id, 1, 64); !status.ok()) {
    return Answer(call.reply, status);
  }
  storage::SearchRecord record;
  record.spec = call.request.search->spec;
  record.state = v1::SEARCH_STATE_RUNNING;
  record.created_at = Now();
  record.space_size = call.request.search->space_size;
  record.warnings = call.request.search->warnings;
  auto maker = call.request.maker;
  if (maker == nullptr) {
    maker = std::make_shared<CandidateMaker>(call.request.search, options_.candidates);
  }
  auto made = MakeActive(record, std::move(maker));
  if (!made.ok()) return Answer(call.reply, made.status());
  auto search = std::make_shared<std::unique_ptr<ActiveSearch>>(*std::move(made));
  Plan(storage::CreateSearch{call.request.request_id, std::move(record)},
       [this, search, reply = call.reply](const Outcome& outcome) {
         if (!outcome.status.ok()) return Answer(reply, outcome.status);
         if (!outcome.replayed) {
           ActiveSearch& created = **search;
           created.record.id = outcome.id;
           *created.shared_id = outcome.id;
           created.record.spec.Clear();
           searches_[outcome.id] = std::move(*search);
         }
         const ActiveSearch* known = FindSearch(outcome.id);
         if (known != nullptr) return Answer(reply, ViewOf(*known, Now()));
         auto stored = store_->GetSearch(outcome.id);
         if (!stored.ok()) return Answer(reply, stored.status());
         Answer(reply, ViewOf(*stored));
       });
}

void Engine::Handle(Call<ChangeSearch, v1::Search> call) {
  const auto it = searches_.find(call.request.search_id);
  if (it == searches_.end()) {
    // It has ended; the store tells a retry from a request that comes too late.
    const v1::SearchState to =
        call.request.how == ChangeSearch::How::kPause    ? v1::SEARCH_STATE_PAUSED
        : call.request.how == ChangeSearch::How::kResume ? v1::SEARCH_STATE_RUNNING
                                                         : v1::SEARCH_STATE_CANCELLED;
    const int64_t id = call.request.search_id;
    Plan(storage::ChangeSearchState{call.request.request_id, id, to, ""},
         [this, id, reply = call.reply](const Outcome& outcome) {
           if (!outcome.status.ok()) return Answer(reply, outcome.status);
           auto stored = store_->GetSearch(id);
           if (!stored.ok()) return Answer(reply, stored.status());
           Answer(reply, ViewOf(*stored));
         });
    return;
  }
  ActiveSearch& search = *it->second;
  if (search.changing) return Defer(std::move(call));
  const v1::SearchState from = search.record.state;
  v1::SearchState to = v1::SEARCH_STATE_CANCELLED;
  std::string reason = "cancelled by a user";
  bool allowed = true;
  std::string needed;
  if (call.request.how == ChangeSearch::How::kPause) {
    to = v1::SEARCH_STATE_PAUSED;
    reason = "paused by a user";
    allowed = from == v1::SEARCH_STATE_RUNNING || from == v1::SEARCH_STATE_PAUSED;
    needed = "RUNNING";
  } else if (call.request.how == ChangeSearch::How::kResume) {
    to = v1::SEARCH_STATE_RUNNING;
    reason = "";
    allowed = from == v1::SEARCH_STATE_PAUSED || from == v1::SEARCH_STATE_RUNNING;
    needed = "PAUSED";
  }
  if (!allowed) {
    return Answer(call.reply, absl::FailedPreconditionError(absl::StrCat(
                                  "search ", search.record.id, " is ",
                                  v1::SearchState_Name(from).substr(13), ", this needs ", needed)));
  }
  search.changing = true;
  Plan(storage::ChangeSearchState{call.request.request_id, search.record.id, to, reason},
       [this, id = search.record.id, to, from, reason, reply = call.reply](const Outcome& outcome) {
         ActiveSearch& changed = *searches_.at(id);
         changed.changing = false;
         if (!outcome.status.ok()) return Answer(reply, outcome.status);
         // A retry must not undo what came after the first time.
         if (!outcome.replayed && to != from) {
           changed.record.state = to;
           changed.record.state_reason = reason;
           changed.dirty = true;
           ++changed.revision;
           const absl::Time now = Now();
           if (to == v1::SEARCH_STATE_PAUSED) changed.paused_since = now;
           if (to == v1::SEARCH_STATE_RUNNING) {
             changed.paused += now - std::min(changed.paused_since, now);
             changed.paused_since = absl::InfiniteFuture();
           }
           if (to == v1::SEARCH_STATE_CANCELLED) changed.record.finished_at = now;
         }
         Answer(reply, ViewOf(changed, Now()));
       });
}

void Engine::Handle(Call<DeleteSearch, Nothing> call) {
  if (const auto it = searches_.find(call.request.search_id); it != searches_.end()) {
    if (it->second->record.state == v1::SEARCH_STATE_CANCELLED) return Defer(std::move(call));
    return Answer(call.reply,
                  absl::FailedPreconditionError(absl::StrCat("search ", call.request.search_id,
                                                             " has not ended; cancel it first")));
  }
  Plan(storage::DeleteSearch{call.request.request_id, call.request.search_id},
       [this, reply = call.reply](const Outcome& outcome) {
         if (!outcome.status.ok()) return Answer(reply, outcome.status);
         Answer(reply, Nothing());
       });
}

void Engine::Handle(Call<EnqueueGenotypes, std::vector<int64_t>> call) {
  const EnqueueGenotypes& request = call.request;
  const auto it = searches_.find(request.search_id);
  absl::Status status = CheckText("request_id", request.request_id, 1, 64);
  if (!status.ok()) return Answer(call.reply, status);
  if (it != searches_.end()) {
    for (const auto* requests : {&it->second->enqueues, &it->second->numbered}) {
      for (const EnqueueRequest& other : *requests) {
        if (other.request_id == request.request_id) return Defer(std::move(call));
      }
    }
  }
  auto before = store_->FindTrialsOfRequest(request.request_id);
  if (!before.ok()) return Answer(call.reply, before.status());
  if (!before->empty()) {
    std::vector<int64_t> numbers;
    for (const storage::TrialRecord& trial : *before) numbers.push_back(trial.number);
    return Answer(call.reply, std::move(numbers));
  }
  if (it == searches_.end()) return Answer(call.reply, NoSearch(request.search_id));
  ActiveSearch& search = *it->second;
  EnqueueRequest enqueue;
  enqueue.request_id = request.request_id;
  enqueue.reply = call.reply;
  const space::Space& space = *search.resolved->space;
  const int last_rung = static_cast<int>(search.resolved->rungs.size()) - 1;
  const auto add = [&](absl::StatusOr<space::Genotype> genotype, const std::string& path) {
    absl::Status wrong = genotype.status();
    if (wrong.ok()) wrong = search.maker->Make(*genotype, last_rung)->status;
    if (!wrong.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": ", wrong.message()));
    }
    enqueue.genotypes.push_back(*std::move(genotype));
    return absl::OkStatus();
  };
  for (size_t i = 0; status.ok() && i < request.genotypes.size(); ++i) {
    status = add(space::FromProto(space.decisions(), request.genotypes[i]),
                 absl::StrCat("genotypes[", i, "]"));
  }
  for (size_t i = 0; status.ok() && i < request.notations.size(); ++i) {
    status = add(space.Read(request.notations[i]), absl::StrCat("notations[", i, "]"));
  }
  const auto count = static_cast<int64_t>(enqueue.genotypes.size());
  if (status.ok() && (count < 1 || count > 1000)) {
    status = FieldError("genotypes", count, "1 to 1000");
  }
  const v1::Budget& budget = search.spec().budget();
  int64_t waiting = static_cast<int64_t>(search.planned.size());
  for (const EnqueueRequest& other : search.enqueues) {
    waiting += static_cast<int64_t>(other.genotypes.size());
  }
  if (status.ok() && budget.has_trials() && search.Charged() + waiting + count > budget.trials()) {
    status = absl::FailedPreconditionError(absl::StrCat("budget.trials: found ",
                                                        search.Charged() + waiting, " used and ",
                                                        count, " more, allowed ", budget.trials()));
  }
  const v1::SearchState state = search.record.state;
  if (status.ok() && ((state != v1::SEARCH_STATE_RUNNING && state != v1::SEARCH_STATE_PAUSED) ||
                      !search.stop_reason.empty())) {
    status = absl::FailedPreconditionError(
        absl::StrCat("search ", request.search_id, " takes no new trials any more"));
  }
  if (!status.ok()) return Answer(call.reply, status);
  search.enqueues.push_back(std::move(enqueue));
  search.dirty = true;
}

void Engine::Handle(Call<ViewSearch, SearchView> call) {
  const ActiveSearch* search = FindSearch(call.request.search_id);
  if (search == nullptr) return Answer(call.reply, NoSearch(call.request.search_id));
  SearchView view;
  view.revision = search->revision;
  // Whoever watches learns that nothing changed.
  if (call.request.with_trials && call.request.since_revision == search->revision) {
    return Answer(call.reply, std::move(view));
  }
  view.search = ViewOf(*search, Now());
  if (call.request.with_trials) AddTrials(*search, call.request.since_revision, view);
  Answer(call.reply, std::move(view));
}

void Engine::Handle(Call<ListWorkers, std::vector<v1::Worker>> call) {
  Answer(call.reply, workers_.List());
}

void Engine::Handle(Call<storage::PutArtifact, Nothing> call) {
  Plan(std::move(call.request), [this, reply = call.reply](const Outcome& outcome) {
    if (!outcome.status.ok()) return Answer(reply, outcome.status);
    Answer(reply, Nothing());
  });
}

void Engine::Handle(Call<storage::PutDataset, Nothing> call) {
  Plan(std::move(call.request), [this, reply = call.reply](const Outcome& outcome) {
    if (!outcome.status.ok()) return Answer(reply, outcome.status);
    Answer(reply, Nothing());
  });
}

// --- what follows by itself ---

int Engine::Slots(ActiveSearch& search) {
  const absl::Time now = Now();
  if (now - search.slots_at > kSlotsAge) {
    search.slots = workers_.LiveSlots(search.spec().requirements(), now);
    search.slots_at = now;
  }
  return search.slots;
}

bool Engine::MayPropose(const ActiveSearch& search) const {
  return IsRunning(search) && !search.changing && search.stop_reason.empty() && !search.exhausted;
}

void Engine::CheckLimits(ActiveSearch& search) {
  if (!search.stop_reason.empty() || !IsRunning(search)) return;
  const v1::Budget& budget = search.spec().budget();
  const absl::Time now = Now();
  if (budget.has_wall_seconds() &&
      now - search.record.created_at >= absl::Seconds(budget.wall_seconds())) {
    search.stop_reason = absl::StrCat("budget: ", budget.wall_seconds(), " s of wall time");
    search.dirty = true;
  }
  if (budget.has_device_seconds()) {
    double used = search.device_seconds;
    for (int64_t id : search.running_tasks) {
      used += absl::ToDoubleSeconds(now - tasks_.at(id)->leased_at);
    }
    if (used >= budget.device_seconds() && search.stop_reason.empty()) {
      search.stop_reason = absl::StrCat("budget: ", budget.device_seconds(), " s of device time");
      search.dirty = true;
    }
  }
}

void Engine::AskStrategy(ActiveSearch& search) {
  const v1::SearchState state = search.record.state;
  if (search.asking || !search.planned.empty() ||
      (state != v1::SEARCH_STATE_RUNNING && state != v1::SEARCH_STATE_PAUSED)) {
    return;
  }
  auto order = std::make_shared<StrategyOrder>();
  for (const EnqueueRequest& request : search.enqueues) {
    order->enqueued.insert(order->enqueued.end(), request.genotypes.begin(),
                           request.genotypes.end());
  }
  const bool news = !search.unobserved.empty() || !order->enqueued.empty();
  order->nothing_open = search.open.empty();
  const bool stuck = order->nothing_open && !search.host->waits_for_programs();
  if (MayPropose(search) && (!search.waits || news || stuck)) {
    const int64_t room = search.Room(Slots(search)) - static_cast<int64_t>(order->enqueued.size());
    order->wanted = static_cast<int>(std::clamp<int64_t>(room, 0, kMostProposals));
  }
  if (!news && order->wanted == 0) return;
  order->events = std::move(search.unobserved);
  search.unobserved.clear();
  order->last_event = search.committed_event;
  order->next_number = search.last_number + 1;
  order->snapshot = search.committed_event - search.snapshot_at >= options_.snapshot_interval;
  order->evaluator_version = workers_.newest_version();
  search.asking = true;
  const bool accepted =
      executor_->Run([order, host = search.host, mailbox = mailbox_, id = search.record.id] {
        mailbox->Put({id, host->Carry(*order)});
      });
  if (!accepted) {
    search.asking = false;
    search.unobserved = std::move(order->events);
    return;
  }
  std::move(search.enqueues.begin(), search.enqueues.end(), std::back_inserter(search.numbered));
  search.enqueues.clear();
}

void Engine::PlanSearch(ActiveSearch& search) {
  search.dirty = false;
  if (search.changing) return;
  if (search.record.state == v1::SEARCH_STATE_CANCELLED ||
      search.record.state == v1::SEARCH_STATE_FAILED) {
    return EndOpenTrials(search);
  }
  if (!search.refused.empty()) {
    return ChangeState(search, v1::SEARCH_STATE_FAILED, search.refused);
  }
  PlanTrials(search);
  if (IsRunning(search)) PlanEnd(search);
  if (search.record.state == v1::SEARCH_STATE_FINISHING) PlanFinal(search);
}

void Engine::PlanTrials(ActiveSearch& search) {
  for (const std::shared_ptr<Trial>& trial : std::exchange(search.impossible, {})) {
    const std::string error(trial->candidate->status.message());
    storage::EndTrial end;
    end.trial_id = trial->record.id;
    end.state = v1::TRIAL_STATE_FAILED;
    end.failure = v1::FAILURE_KIND_INVALID;
    end.error = error;
    end.events.push_back(FinishedEvent(search, *trial, end.state, end.failure, {}, 0, 0));
    auto events = end.events;
    Plan(std::move(end), [this, id = search.record.id, trial, error, events](const Outcome& o) {
      if (!o.status.ok()) return OnRefused(id, o.status);
      ActiveSearch& ended = *searches_.at(id);
      Observe(ended, *trial, events);
      EndTrial(ended, trial, v1::TRIAL_STATE_FAILED, v1::FAILURE_KIND_INVALID, error);
    });
  }
  for (PlannedTrial& planned : std::exchange(search.planned, {})) {
    const v1::StopRules& rules = search.spec().stop();
    if (rules.has_expected_gain_below() && planned.proposal.expected_gain.has_value() &&
        *planned.proposal.expected_gain < rules.expected_gain_below() &&
        search.stop_reason.empty()) {
      search.stop_reason = absl::StrCat("expected gain ", *planned.proposal.expected_gain,
                                        " is below ", rules.expected_gain_below());
    }
    // The strategy is not asked again, so that nobody misses what it proposed last.
    if (!search.stop_reason.empty() && !planned.enqueued) continue;
    PlanTrial(search, std::move(planned));
  }
  if (search.snapshot.has_value() && search.stop_reason.empty()) {
    Plan(storage::PutSnapshot{search.record.id, *std::move(search.snapshot)},
         [](const Outcome&) {});
  }
  search.snapshot.reset();
}

void Engine::PlanTrial(ActiveSearch& search, PlannedTrial planned) {
  auto trial = std::make_shared<Trial>();
  trial->candidate = planned.candidate;
  trial->rung = planned.proposal.rung;
  storage::TrialRecord& record = trial->record;
  const Candidate& candidate = *planned.candidate;
  record.search_id = search.record.id;
  record.number = planned.number;
  record.key = candidate.key;
  record.key_version = candidate.key_version;
  record.genotype = candidate.message;
  record.notation = candidate.notation;
  record.fidelity = search.resolved->rungs[trial->rung].fidelity;
  record.continues = planned.proposal.continues;
  record.parents = planned.proposal.parents;
  record.reason = planned.proposal.reason;
  record.enqueued = planned.enqueued;
  record.after_event = planned.after_event;
  record.costs = candidate.costs;
  record.recipe = candidate.recipe;
  record.created_at = Now();
  search.last_number = planned.number;

  storage::AddTrial add;
  if (planned.enqueued && !search.numbered.empty()) {
    // Numbers were given in the order of the requests.
    for (EnqueueRequest& request : search.numbered) {
      if (request.planned < static_cast<int64_t>(request.genotypes.size())) {
        add.request_id = request.request_id;
        add.request_index = static_cast<int>(request.planned++);
        break;
      }
    }
  }
  bool joined = false;
  std::optional<storage::EvaluationRecord> evaluation;
  if (!candidate.status.ok()) {
    joined = true;  // no task: it ends as FAILED as soon as it has an id
  } else if (!planned.identity.empty()) {
    record.evaluation_identity = planned.identity;
    const std::string scope = Scope(search, planned.identity);
    SharedEvaluation& known = evaluations_[scope];
    if (!known.finished.has_value() && planned.evaluation.has_value() && known.maker == nullptr) {
      RememberFinished(scope, *planned.evaluation);
    }
    if (known.finished.has_value()) {
      evaluation = known.finished;
    } else if (known.maker != nullptr) {
      joined = true;
      trial->joined_own = known.search == &search;
      known.joined.emplace_back(search.record.id, record.number);
    } else {
      known.maker = trial;
      known.search = &search;
    }
  }
  if (evaluation.has_value()) {
    record.state = v1::TRIAL_STATE_SHARED;
    record.failure = evaluation->failure;
    record.shared_from = evaluation->trial_id;
    record.weights = evaluation->weights;
    record.metrics = evaluation->metrics;
    record.finished_at = record.created_at;
    add.events.push_back(FinishedEvent(search, *trial, record.state, record.failure, record.metrics,
                                       candidate.recipe.epochs(), 0));
  }
  record.joined = joined;
  search.open[record.number] = trial;
  add.trial = record;
  add.joined = joined;
  auto events = add.events;
  Plan(std::move(add), [this, id = search.record.id, trial, joined, events](const Outcome& o) {
    ActiveSearch& added = *searches_.at(id);
    if (!o.status.ok()) {
      added.open.erase(trial->record.number);
      return OnRefused(id, o.status);
    }
    OnTrialAdded(added, trial, joined, workers_.newest_version(), o);
    Observe(added, *trial, events);
  });
}

void Engine::OnTrialAdded(ActiveSearch& search, const std::shared_ptr<Trial>& trial, bool joined,
                          const std::string& evaluator_version, const Outcome& outcome) {
  trial->record.id = outcome.id;
  search.Touch(*trial);
  search.Count(*trial, 1);
  if (trial->record.state == v1::TRIAL_STATE_SHARED) {
    search.OnEnded(trial);
  } else if (!trial->candidate->status.ok()) {
    search.impossible.push_back(trial);
  } else if (!joined) {
    Task& task = AddTask(search, trial, v1::TASK_KIND_TRAIN, outcome.task_id);
    task.evaluator_version = evaluator_version;
    const auto checkpoint = search.checkpoints.find(trial->record.continues);
    if (search.resolved->rungs_continue && checkpoint != search.checkpoints.end()) {
      task.checkpoint = checkpoint->second;
    }
  }
  if (trial->record.enqueued) CountEnqueued(search, trial->record.number);
}

void Engine::CountEnqueued(ActiveSearch& search, int64_t number) {
  if (search.numbered.empty()) return;
  EnqueueRequest& request = search.numbered.front();
  request.numbers.push_back(number);
  if (request.numbers.size() < request.genotypes.size()) return;
  Answer(request.reply, std::move(request.numbers));
  search.numbered.pop_front();
}

void Engine::ChangeState(ActiveSearch& search, v1::SearchState to, const std::string& reason) {
  search.changing = true;
  Plan(storage::ChangeSearchState{"", search.record.id, to, reason},
       [this, id = search.record.id, to, reason](const Outcome& outcome) {
         ActiveSearch& changed = *searches_.at(id);
         changed.changing = false;
         if (!outcome.status.ok()) {
           inconsistent_.Update(outcome.status);
           return;
         }
         changed.record.state = to;
         changed.record.state_reason = reason;
         changed.dirty = true;
         ++changed.revision;
         if (to == v1::SEARCH_STATE_COMPLETED) Drop(id);
       });
}

void Engine::OnRefused(int64_t search_id, const absl::Status& status) {
  const auto it = searches_.find(search_id);
  // The whole commit failed: the engine is on its way out.
  if (it == searches_.end() || absl::IsUnavailable(status)) return;
  it->second->refused = absl::StrCat("a change was refused: ", status.message());
  it->second->dirty = true;
}

void Engine::PlanEnd(ActiveSearch& search) {
  if (!search.stop_reason.empty()) {
    std::vector<std::shared_ptr<Trial>> ready;
    for (const auto& [number, trial] : search.open) {
      if (trial->record.state == v1::TRIAL_STATE_READY) ready.push_back(trial);
    }
    for (const auto& trial : ready) PlanCancelReady(search, trial);
  }
  const v1::Budget& budget = search.spec().budget();
  const bool spent = budget.has_trials() && search.Charged() >= budget.trials();
  if (search.stop_reason.empty() && !search.exhausted && !spent) return;
  if (!search.open.empty() || search.asking || !search.planned.empty() ||
      !search.enqueues.empty()) {
    return;
  }
  std::string reason = search.stop_reason;
  if (reason.empty()) {
    reason = spent ? absl::StrCat("budget: ", budget.trials(), " trials") : "strategy exhausted";
  }
  if (!search.exhausted && !search.unobserved.empty()) {
    // The last events are only for the strategy, which is not asked again.
    search.unobserved.clear();
  }
  ChangeState(search, v1::SEARCH_STATE_FINISHING, reason);
}

void Engine::PlanCancelReady(ActiveSearch& search, const std::shared_ptr<Trial>& trial) {
  if (trial->record.id == 0) {  // it is in this very batch
    search.dirty = true;
    return;
  }
  const auto found = tasks_.find(trial->task_id);
  if (found != tasks_.end()) {
    if (found->second->busy) {
      search.dirty = true;
      return;
    }
    found->second->busy = true;
  }
  storage::EndTrial end;
  end.trial_id = trial->record.id;
  end.state = v1::TRIAL_STATE_CANCELLED;
  end.error = search.stop_reason;
  Plan(std::move(end), [this, id = search.record.id, trial](const Outcome& outcome) {
    if (!outcome.status.ok()) return OnRefused(id, outcome.status);
    if (const auto it = tasks_.find(trial->task_id); it != tasks_.end()) EndTask(*it->second);
    ActiveSearch& ended = *searches_.at(id);
    EndTrial(ended, trial, v1::TRIAL_STATE_CANCELLED, v1::FAILURE_KIND_UNSPECIFIED,
             ended.stop_reason);
  });
}

void Engine::PlanFinal(ActiveSearch& search) {
  const v1::FinalSpec& final = search.spec().final();
  const std::string reason = search.record.state_reason;
  if (!search.final_planned && final.test()) {
    const absl::Time now = Now();
    const std::vector<int64_t> winners = search.standing.Leaders(final.top());
    for (int64_t number : winners) {
      const auto awaited = search.weights_awaited.find(number);
      if (awaited != search.weights_awaited.end() && awaited->second > now) return;
    }
    search.final_planned = true;
    const int64_t seeds = final.has_recipe() || final.seeds() > 1 ? final.seeds() : 1;
    for (int64_t number : winners) {
      const auto trial = search.leaders.find(number);
      if (trial == search.leaders.end()) continue;
      if (trial->second->record.metrics.contains("test_accuracy")) continue;  // before a restart
      for (int64_t offset = 0; offset < seeds; ++offset) {
        ++search.open_final_tasks;
        Plan(storage::AddFinalTask{trial->second->record.id, offset},
             [this, id = search.record.id, trial = trial->second, offset](const Outcome& outcome) {
               if (!outcome.status.ok()) return OnRefused(id, outcome.status);
               Task& task =
                   AddTask(*searches_.at(id), trial, v1::TASK_KIND_FINAL_TEST, outcome.task_id);
               task.seed_offset = offset;
             });
      }
    }
  }
  if (search.open_final_tasks == 0) ChangeState(search, v1::SEARCH_STATE_COMPLETED, reason);
}

void Engine::EndOpenTrials(ActiveSearch& search) {
  // First the running attempts; their workers are told at their next renewal.
  for (int64_t id :
       std::vector<int64_t>(search.running_tasks.begin(), search.running_tasks.end())) {
    Task& task = *tasks_.at(id);
    if (task.busy) continue;
    storage::FinishAttempt finish;
    finish.attempt = {task.id, task.attempt};
    finish.state = v1::TRIAL_STATE_CANCELLED;
    finish.error = "the search was cancelled";
    cancelled_tasks_[task.id] = task.attempt;
    PlanFinish(task, std::move(finish), [](const Outcome&) {});
  }
  std::vector<std::shared_ptr<Trial>> ready;
  for (const auto& [number, trial] : search.open) {
    if (trial->record.state == v1::TRIAL_STATE_READY) ready.push_back(trial);
  }
  for (const auto& trial : ready) PlanCancelReady(search, trial);
  if (search.running_tasks.empty() && search.open.empty()) return Drop(search.record.id);
  search.dirty = true;
}

void Engine::Drop(int64_t search_id) { dropped_.push_back(search_id); }

}  // namespace nascent::engine
