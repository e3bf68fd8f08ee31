#include "server/strategy/goals/history.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/objectives/pareto.h"
#include "server/strategy/sampling.h"

namespace nascent::strategy {

int History::Observe(const Event& event) {
  if (const auto* proposed = std::get_if<Proposed>(&event)) return Add(*proposed);
  if (const auto* measured = std::get_if<Measured>(&event)) return Measure(*measured);
  return Finish(std::get<Finished>(event));
}

const Trial* History::Find(int64_t number) const {
  const auto found = index_.find(number);
  return found == index_.end() ? nullptr : &trials_[found->second];
}

int History::FullestRung(int64_t count) const {
  int fullest = last_rung();
  for (int rung = last_rung(); rung >= 0; --rung) {
    if (static_cast<int64_t>(by_rung_[rung].size()) >= count) return rung;
    if (by_rung_[rung].size() > by_rung_[fullest].size()) fullest = rung;
  }
  return fullest;
}

int History::best() const {
  for (int rung = last_rung(); rung >= 0; --rung) {
    if (best_[rung] >= 0) return best_[rung];
  }
  return -1;
}

int64_t History::Proposals(const space::Genotype& genotype) const {
  const auto found = proposals_.find(Fingerprint(genotype));
  return found == proposals_.end() ? 0 : found->second;
}

int History::Add(const Proposed& proposed) {
  const int index = static_cast<int>(trials_.size());
  if (!index_.emplace(proposed.trial, index).second) return -1;
  Trial trial;
  trial.number = proposed.trial;
  trial.genotype = proposed.proposal.genotype;
  const int rung = proposed.proposal.rung;
  trial.rung = rung < 0 || rung > last_rung() ? last_rung() : rung;
  trial.continues = proposed.proposal.continues;
  trial.enqueued = proposed.enqueued;
  trials_.push_back(std::move(trial));
  pending_.insert(proposed.trial);
  ++proposals_[Fingerprint(proposed.proposal.genotype)];
  return index;
}

int History::Measure(const Measured& measured) {
  const auto found = index_.find(measured.trial);
  if (found == index_.end()) return -1;
  Trial& trial = trials_[found->second];
  if (trial.state != Trial::State::kPending) return -1;
  trial.epochs = measured.epoch;
  Outcome outcome = Assess(problem_, trial.genotype, measured.metrics);
  if (outcome.usable) trial.outcome = std::move(outcome);
  return found->second;
}

int History::Finish(const Finished& finished) {
  const auto found = index_.find(finished.trial);
  if (found == index_.end()) return -1;
  const int index = found->second;
  Trial& trial = trials_[index];
  if (trial.state != Trial::State::kPending) return -1;
  pending_.erase(finished.trial);
  trial.outcome = Assess(problem_, trial.rung, finished);
  trial.epochs = finished.epochs;
  trial.seconds = finished.seconds;
  if (trial.outcome.usable) {
    trial.state = Trial::State::kUsable;
    usable_.push_back(index);
    by_rung_[trial.rung].push_back(index);
    EnterFront(index);
  } else if (finished.state == v1::TRIAL_STATE_CANCELLED) {
    trial.state = Trial::State::kCancelled;
  } else {
    trial.state = Trial::State::kFailed;
    failed_.push_back(index);
  }
  return index;
}

void History::EnterFront(int index) {
  const Trial& trial = trials_[index];
  const auto beats = [](const Outcome& a, const Outcome& b) {
    return a.violation != b.violation ? a.violation < b.violation : a.scores[0] > b.scores[0];
  };
  int& best = best_[trial.rung];
  if (best < 0 || beats(trial.outcome, trials_[best].outcome)) best = index;

  if (!trial.outcome.feasible()) return;
  std::vector<int>& front = fronts_[trial.rung];
  for (const int other : front) {
    const Scores& scores = trials_[other].outcome.scores;
    if (scores == trial.outcome.scores || objectives::Dominates(scores, trial.outcome.scores))
      return;
  }
  std::erase_if(front, [&](int other) {
    return objectives::Dominates(trial.outcome.scores, trials_[other].outcome.scores);
  });
  front.push_back(index);
}

}  // namespace nascent::strategy
