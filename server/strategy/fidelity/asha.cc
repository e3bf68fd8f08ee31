// ASHA (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2).
//
// Promotion: a new genotype starts at the lowest rung; whenever a worker is free, the best trial
// that is in the top 1/factor of its rung and was not promoted goes on at the next rung, highest
// rungs first; else a new genotype starts. Nobody waits. Where losers are sent up
// (Problem::calibrate), the n-th of a rung goes, when nothing is to be promoted, once the rung has
// 2·n·factor results.
//
// Stopping: every trial is meant to run whole; at each rung on its way it ends unless it is in the
// top 1/factor of those that came by (all go on while they are fewer than the factor).
//
// With several objectives the top is made of the first fronts and, of the front that is cut, of the
// points that add most hypervolume (after Schmucker et al. 2021, MO-ASHA).

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/strategy/compose/wrapped.h"
#include "server/strategy/entries.h"
#include "server/strategy/fidelity/rung.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

struct Running {
  space::Genotype genotype;
  int rung;  // promotion: the trial's own; stopping: the next one on its way
  bool enqueued;
};

class PromotingAsha : public Strategy {
 public:
  PromotingAsha(const Problem& problem, double factor, Wrapped inner)
      : problem_(problem),
        factor_(factor),
        inner_(std::move(inner)),
        rungs_(problem.rungs.size(),
               RungResults(static_cast<int>(problem.objectives.size()), factor)),
        usable_(problem.rungs.size()),
        losers_sent_(problem.rungs.size()) {}

  Answer Propose(int64_t number) override {
    for (int rung = static_cast<int>(rungs_.size()) - 2; rung >= 0; --rung) {
      const std::optional<int64_t> trial = rungs_[rung].Promotable();
      if (!trial.has_value()) continue;
      Proposal proposal;
      proposal.genotype = promotable_genotypes_.at(*trial);
      proposal.rung = rung + 1;
      proposal.continues = *trial;
      proposal.parents = {*trial};
      proposal.reason = absl::StrCat("promoted to rung ", rung + 1, " as one of the best of ",
                                     rungs_[rung].size(), " at rung ", rung);
      return proposal;
    }
    if (auto calibration = Calibration(number); calibration.has_value()) return *calibration;
    Answer answer = inner_.Propose(number);
    if (auto* proposal = std::get_if<Proposal>(&answer)) proposal->rung = 0;
    // Results that are still to come may allow promotions.
    if (std::holds_alternative<Exhausted>(answer) && !running_.empty()) return Wait();
    return answer;
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      Begin(*proposed);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      End(*finished);
    }
    return inner_.Observe(event);
  }

  bool UsesRungs() const override { return true; }
  bool Promotes() const override { return true; }

 private:
  // A random one of those that a rung has not let up, where one is due.
  std::optional<Proposal> Calibration(int64_t number) const {
    for (size_t rung = 0; rung + 1 < rungs_.size(); ++rung) {
      const int64_t sent = losers_sent_[rung];
      if (sent >= problem_.calibrate) continue;
      if (static_cast<double>(rungs_[rung].size()) < 2 * factor_ * static_cast<double>(sent + 1)) {
        continue;
      }
      const std::vector<int64_t>& usable = usable_[rung];
      RandomStream random = SideStream(problem_, StreamPurpose::kCalibration, number);
      constexpr int kDraws = 100;
      for (int draw = 0; draw < kDraws && !usable.empty(); ++draw) {
        const int64_t trial = usable[random.Below(usable.size())];
        const auto genotype = promotable_genotypes_.find(trial);
        if (genotype == promotable_genotypes_.end() || rungs_[rung].InTop(trial)) continue;
        Proposal proposal;
        proposal.genotype = genotype->second;
        proposal.rung = static_cast<int>(rung) + 1;
        proposal.continues = trial;
        proposal.parents = {trial};
        proposal.reason =
            absl::StrCat(std::string(kCalibrates), rung, ": one that it did not let up");
        return proposal;
      }
    }
    return std::nullopt;
  }

  void Begin(const Proposed& proposed) {
    const int last = static_cast<int>(rungs_.size()) - 1;
    const int rung = proposed.proposal.rung < 0 ? last : std::min(proposed.proposal.rung, last);
    running_[proposed.trial] = {proposed.proposal.genotype, rung, proposed.enqueued};
    if (proposed.proposal.continues != 0 && rung > 0) {
      if (!rungs_[rung - 1].InTop(proposed.proposal.continues)) {
        calibrating_.insert(proposed.trial);
        ++losers_sent_[static_cast<size_t>(rung - 1)];
      }
      rungs_[rung - 1].MarkPromoted(proposed.proposal.continues);
      promotable_genotypes_.erase(proposed.proposal.continues);
    }
  }

  void End(const Finished& finished) {
    auto running = running_.extract(finished.trial);
    // A loser is no result of the rung that it was sent to.
    if (calibrating_.erase(finished.trial) > 0) return;
    if (running.empty() || finished.state == v1::TRIAL_STATE_CANCELLED) return;
    const int rung = running.mapped().rung;
    const Outcome outcome = Assess(problem_, rung, finished);
    rungs_[rung].Insert(finished.trial, outcome);
    if (outcome.usable && rung + 1 < static_cast<int>(rungs_.size())) {
      promotable_genotypes_[finished.trial] = std::move(running.mapped().genotype);
      if (problem_.calibrate > 0) usable_[static_cast<size_t>(rung)].push_back(finished.trial);
    }
  }

  const Problem problem_;
  const double factor_;
  Wrapped inner_;
  std::vector<RungResults> rungs_;
  absl::flat_hash_map<int64_t, Running> running_;
  absl::flat_hash_map<int64_t, space::Genotype> promotable_genotypes_;  // below the last rung
  // By rung, where losers go up: its trials with a result, and how many losers went.
  std::vector<std::vector<int64_t>> usable_;
  std::vector<int64_t> losers_sent_;
  absl::flat_hash_set<int64_t> calibrating_;  // trials of losers that run
};

class StoppingAsha : public Strategy {
 public:
  StoppingAsha(const Problem& problem, double factor, Wrapped inner)
      : problem_(problem),
        factor_(factor),
        inner_(std::move(inner)),
        rungs_(problem.rungs.size(),
               RungResults(static_cast<int>(problem.objectives.size()), factor)) {}

  Answer Propose(int64_t number) override {
    Answer answer = inner_.Propose(number);
    if (auto* proposal = std::get_if<Proposal>(&answer)) proposal->rung = -1;
    return answer;
  }

  StopCommands Observe(const Event& event) override {
    StopCommands stop = inner_.Observe(event);
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      running_[proposed->trial] = {proposed->proposal.genotype, 0, proposed->enqueued};
    } else if (const auto* measured = std::get_if<Measured>(&event)) {
      if (!GoesOn(*measured)) stop.push_back(measured->trial);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      running_.erase(finished->trial);
    }
    return stop;
  }

  bool UsesRungs() const override { return true; }

 private:
  bool GoesOn(const Measured& measured) {
    const auto found = running_.find(measured.trial);
    if (found == running_.end()) return true;
    Running& running = found->second;
    bool goes_on = true;
    // The last rung is the end.
    while (running.rung + 1 < static_cast<int>(rungs_.size()) &&
           measured.epoch >= problem_.rungs[running.rung].epochs) {
      RungResults& rung = rungs_[running.rung++];
      rung.Insert(measured.trial, Assess(problem_, running.genotype, measured.metrics));
      goes_on =
          goes_on && (static_cast<double>(rung.size()) < factor_ || rung.InTop(measured.trial));
    }
    // What a program asked for runs to its end.
    return goes_on || running.enqueued;
  }

  const Problem problem_;
  const double factor_;
  Wrapped inner_;
  std::vector<RungResults> rungs_;
  absl::flat_hash_map<int64_t, Running> running_;
};

absl::StatusOr<std::unique_ptr<Strategy>> MakeAsha(const Problem& problem,
                                                   const Settings& settings) {
  const absl::Status ladder = CheckLadder(problem);
  if (!ladder.ok()) return ladder;
  absl::StatusOr<Wrapped> inner = Wrapped::MakeForLadder(problem, settings.Raw("of"), "of");
  if (!inner.ok()) return inner.status();
  const double factor = settings.Real("reduction_factor");
  if (settings.Text("form") == "stopping") {
    if (!problem.rungs.front().metric.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("form: found stopping, where every trial trains from the start, but the "
                       "first rung is the "
                       "score ",
                       problem.rungs.front().metric, "; allowed promotion"));
    }
    return std::make_unique<StoppingAsha>(problem, factor, *std::move(inner));
  }
  return std::make_unique<PromotingAsha>(problem, factor, *std::move(inner));
}

std::vector<Setting> AshaSettings() {
  return {
      RealSetting("reduction_factor", 1.1, 1000, 4,
                  "One of so many goes on from each rung. The paper's 4."),
      TextSetting("form", {"promotion", "stopping"}, "promotion",
                  "promotion: trials end at their rung and the best go on from their checkpoint; "
                  "stopping: trials run on unless they are told to end."),
      StrategySetting("of", "random", "The strategy that proposes genotypes."),
  };
}

}  // namespace

Entry AshaEntry() {
  Entry entry;
  entry.name = "asha";
  entry.description = "The best of each rung go on to the next, without waiting for the others";
  entry.paper = "Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning";
  entry.settings = AshaSettings();
  entry.sets_rungs = true;
  entry.make = MakeAsha;
  return entry;
}

Entry MoAshaEntry() {
  Entry entry;
  entry.name = "mo_asha";
  entry.description = "ASHA for several objectives: whole fronts go on, then what adds hypervolume";
  entry.paper = "Schmucker et al. 2021, Multi-objective Asynchronous Successive Halving";
  entry.settings = AshaSettings();
  entry.sets_rungs = true;
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    if (problem.objectives.size() < 2) {
      return absl::InvalidArgumentError("needs at least two objectives; with one take asha");
    }
    return MakeAsha(problem, settings);
  };
  return entry;
}

}  // namespace nascent::strategy
