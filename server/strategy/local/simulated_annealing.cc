// Simulated annealing (Kirkpatrick et al. 1983): one walk, whose next step is a mutation of where
// it stands. A result that is not worse is accepted; a worse one with probability exp(-loss / T),
// its loss in units of the spread of all results so far, while T falls geometrically over the
// search.
//
// Asynchronous: each result is held against where the walk stands when it comes in. With several
// objectives a result is worse when it is dominated, and its loss is the mean over the objectives.

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/strategy/entries.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

constexpr int64_t kStepsWithoutBudget = 1000;

class SimulatedAnnealing : public Strategy {
 public:
  SimulatedAnnealing(const Problem& problem, const Settings& settings)
      : problem_(problem),
        initial_(settings.Real("initial_temperature")),
        final_(settings.Real("final_temperature")),
        steps_(Steps(problem, settings)),
        means_(problem.objectives.size(), 0),
        squares_(problem.objectives.size(), 0) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    if (current_ == 0) return ProposeRandom(problem_, random, "random start");
    std::optional<space::Genotype> child = MutateFeasible(problem_, genotype_, random);
    if (!child.has_value()) {
      return ProposeRandom(problem_, random, "random, as no mutation is feasible");
    }
    Proposal proposal;
    proposal.parents = {current_};
    proposal.reason = absl::StrCat("step in ", DescribeChange(problem_, genotype_, *child));
    proposal.genotype = *std::move(child);
    return proposal;
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      pending_[proposed->trial] = proposed->proposal.genotype;
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      Finish(*finished);
    }
    return {};
  }

 private:
  static int64_t Steps(const Problem& problem, const Settings& settings) {
    if (settings.Integer("steps") > 0) return settings.Integer("steps");
    return problem.budget_trials > 0 ? problem.budget_trials : kStepsWithoutBudget;
  }

  void Finish(const Finished& finished) {
    auto pending = pending_.extract(finished.trial);
    if (pending.empty()) return;
    Outcome outcome = Assess(problem_, finished);
    if (!outcome.usable) return;
    AddToSpread(outcome.scores);
    if (current_ != 0 && !Accept(outcome, finished.trial)) return;
    current_ = finished.trial;
    genotype_ = std::move(pending.mapped());
    outcome_ = std::move(outcome);
  }

  // Welford's running mean and sum of squares.
  void AddToSpread(const Scores& scores) {
    ++count_;
    for (size_t m = 0; m < scores.size(); ++m) {
      const double delta = scores[m] - means_[m];
      means_[m] += delta / static_cast<double>(count_);
      squares_[m] += delta * (scores[m] - means_[m]);
    }
  }

  bool Accept(const Outcome& outcome, int64_t trial) const {
    if (!Better(outcome_, outcome)) return true;
    if (outcome.violation > outcome_.violation) return false;
    double loss = 0;
    for (size_t m = 0; m < outcome.scores.size(); ++m) {
      const double spread = std::sqrt(squares_[m] / static_cast<double>(count_));
      if (spread > 0) loss += (outcome_.scores[m] - outcome.scores[m]) / spread;
    }
    loss /= static_cast<double>(outcome.scores.size());
    const double done = std::min(1.0, static_cast<double>(count_) / static_cast<double>(steps_));
    const double temperature = initial_ * std::pow(final_ / initial_, done);
    return SideStream(problem_, StreamPurpose::kAcceptance, trial).Uniform() <
           std::exp(-loss / temperature);
  }

  const Problem problem_;
  const double initial_;
  const double final_;
  const int64_t steps_;
  absl::flat_hash_map<int64_t, space::Genotype> pending_;
  int64_t current_ = 0;  // trial where the walk stands; 0: nowhere yet
  space::Genotype genotype_;
  Outcome outcome_;
  int64_t count_ = 0;  // usable results
  std::vector<double> means_;
  std::vector<double> squares_;
};

}  // namespace

Entry SimulatedAnnealingEntry() {
  Entry entry;
  entry.name = "simulated_annealing";
  entry.description = "One walk of mutations that accepts worse results ever less often";
  entry.paper = "Kirkpatrick et al. 1983, Optimization by Simulated Annealing";
  entry.settings = {
      RealSetting("initial_temperature", 1e-6, 1e6, 0.5,
                  "In units of the standard deviation of all results."),
      RealSetting("final_temperature", 1e-9, 1e6, 0.01,
                  "Reached after `steps`; at most `initial_temperature`."),
      IntegerSetting("steps", 0, 100000000, 0,
                     "Results over which the temperature falls; 0: the budget's trials, or 1000."),
  };
  entry.check = [](const Settings& settings) {
    if (settings.Real("final_temperature") <= settings.Real("initial_temperature")) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("final_temperature: found ", settings.Real("final_temperature"),
                     ", at most initial_temperature (", settings.Real("initial_temperature"), ")"));
  };
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<SimulatedAnnealing>(problem, settings);
  };
  return entry;
}

}  // namespace nascent::strategy
