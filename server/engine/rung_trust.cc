#include "server/engine/rung_trust.h"

#include <algorithm>
#include <cmath>

#include "server/engine/resolve/metrics.h"
#include "server/storage/trial_life.h"
#include "server/strategy/strategy.h"

namespace nascent::engine {
namespace {

void KeepLast(std::vector<JudgedTwice>& list, size_t most) {
  // Half at once, so that a list at its limit is not moved for each one more.
  if (list.size() >= 2 * most) list.erase(list.begin(), list.end() - static_cast<int64_t>(most));
}

std::vector<JudgedTwice> Last(const std::vector<JudgedTwice>& list, size_t most) {
  return {list.end() - static_cast<int64_t>(std::min(list.size(), most)), list.end()};
}

}  // namespace

RungTrust::RungTrust(const v1::SearchSpec& spec) {
  const auto& objectives = spec.objectives();
  if (objectives.empty()) return;
  auto judged = std::find_if(objectives.begin(), objectives.end(), [](const auto& objective) {
    return !IsKnownUntrained(objective.metric());
  });
  if (judged == objectives.end()) judged = objectives.begin();
  objective_ = judged->metric();
  maximize_ = judged->goal() != v1::GOAL_MINIMIZE;
  const v1::FidelityLadder& ladder = spec.fidelities();
  int rungs = std::max({ladder.rungs_size(), ladder.epochs_size(), ladder.train_share_size(),
                        ladder.resolution_size()});
  for (const auto& [name, list] : ladder.constants()) rungs = std::max(rungs, list.factors_size());
  if (rungs > 1) rungs_.resize(static_cast<size_t>(rungs));
}

std::optional<double> RungTrust::ValueOf(const storage::TrialRecord& trial) const {
  // One that was stopped early has a value of another length.
  if (!storage::HasGoodResult(trial) || trial.state == v1::TRIAL_STATE_STOPPED) return std::nullopt;
  const std::string& score = trial.fidelity.zero_cost();
  const auto found = trial.metrics.find(score.empty() ? objective_ : score);
  if (found == trial.metrics.end() || !std::isfinite(found->second)) return std::nullopt;
  return score.empty() && !maximize_ ? -found->second : found->second;
}

void RungTrust::Add(const storage::TrialRecord& trial) {
  const auto rung = static_cast<size_t>(trial.fidelity.rung());
  if (rung >= rungs_.size() || !storage::CountsForBudget(trial.state)) return;
  const std::optional<double> value = ValueOf(trial);
  const bool sampled = trial.reason.find(strategy::kCalibrates) != std::string::npos;
  if (value.has_value() && !sampled && rung + 1 < rungs_.size()) {
    ++rungs_[rung].known;
    known_[trial.number] = {rung, *value};
  }
  const auto below = known_.find(trial.continues);
  if (trial.continues == 0 || below == known_.end() || below->second.rung + 1 != rung) return;
  Rung& judge = rungs_[rung - 1];
  if (!sampled) ++judge.promoted;
  if (value.has_value()) {
    ++(sampled ? judge.judged_sample : judge.judged_top);
    std::vector<JudgedTwice>& list = sampled ? judge.sample : judge.top;
    list.push_back({below->second.value, *value, sampled});
    KeepLast(list, kMost);
    judge.described = false;
  }
  known_.erase(below);
}

void RungTrust::Describe(v1::Search& search) const {
  for (size_t i = 0; i + 1 < rungs_.size(); ++i) {
    const Rung& rung = rungs_[i];
    if (!rung.described) {
      std::vector<JudgedTwice> judged = Last(rung.top, kMost);
      rung.tau_top = KendallTau(judged);
      rung.tau = std::nullopt;
      // The best alone are no sample of all.
      const std::vector<JudgedTwice> sample = Last(rung.sample, kMost);
      judged.insert(judged.end(), sample.begin(), sample.end());
      if (!sample.empty()) rung.tau = KendallTau(judged, rung.known - rung.promoted);
      rung.described = true;
    }
    v1::RungTrust& trust = *search.add_rung_trust();
    trust.set_rung(static_cast<int>(i));
    trust.set_known(rung.known);
    trust.set_promoted(rung.judged_top);
    trust.set_calibrating(rung.judged_sample);
    if (rung.tau_top.has_value()) {
      trust.set_tau_top(rung.tau_top->tau);
      trust.set_tau_top_error(rung.tau_top->error);
    }
    if (rung.tau.has_value()) {
      trust.set_tau(rung.tau->tau);
      trust.set_tau_error(rung.tau->error);
    }
  }
}

}  // namespace nascent::engine
