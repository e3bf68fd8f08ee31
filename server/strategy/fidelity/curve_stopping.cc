// Ends trials whose learning curve is unlikely to reach the best result so far (Domhan et al.
// 2015). With several objectives a trial ends only when each of its measured objectives is unlikely
// to reach the best of that objective.

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "common/status_macros.h"
#include "server/strategy/compose/wrapped.h"
#include "server/strategy/entries.h"
#include "server/strategy/fidelity/learning_curve.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

class CurveStopping : public Strategy {
 public:
  CurveStopping(const Problem& problem, const Settings& settings, Wrapped inner)
      : problem_(problem),
        first_epoch_(static_cast<int>(settings.Integer("first_epoch"))),
        probability_(settings.Real("probability")),
        inner_(std::move(inner)) {}

  Answer Propose(int64_t number) override { return inner_.Propose(number); }

  StopCommands Observe(const Event& event) override {
    StopCommands stop = inner_.Observe(event);
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      const int last = static_cast<int>(problem_.rungs.size()) - 1;
      const int rung = proposed->proposal.rung;
      running_[proposed->trial] = {
          proposed->proposal.genotype, proposed->enqueued, rung < 0 || rung >= last, {}, {}};
    } else if (const auto* measured = std::get_if<Measured>(&event)) {
      if (IsHopeless(*measured)) stop.push_back(measured->trial);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      Keep(*finished);
    }
    return stop;
  }

  bool UsesRungs() const override { return inner_.UsesRungs(); }
  bool Promotes() const override { return inner_.Promotes(); }

 private:
  struct Running {
    space::Genotype genotype;
    bool enqueued;
    bool whole;  // runs the full recipe
    std::vector<double> epochs;
    std::vector<Scores> scores;
  };

  bool IsHopeless(const Measured& measured) {
    const auto found = running_.find(measured.trial);
    if (found == running_.end()) return false;
    Running& running = found->second;
    Outcome outcome = Assess(problem_, running.genotype, measured.metrics);
    if (!outcome.usable) return false;
    running.epochs.push_back(measured.epoch);
    running.scores.push_back(std::move(outcome.scores));
    const double last = problem_.rungs.back().epochs;
    if (best_.empty() || running.enqueued || !running.whole || measured.epoch < first_epoch_ ||
        measured.epoch >= last) {
      return false;
    }
    for (size_t m = 0; m < best_.size(); ++m) {
      std::vector<double> values;
      for (const Scores& scores : running.scores) values.push_back(scores[m]);
      const Extrapolation extrapolation = Extrapolate(running.epochs, values, last);
      if (extrapolation.parts.empty() || extrapolation.ProbabilityAbove(best_[m]) >= probability_) {
        return false;
      }
    }
    return true;
  }

  void Keep(const Finished& finished) {
    if (running_.erase(finished.trial) == 0) return;
    const Outcome outcome = Assess(problem_, finished);
    if (!outcome.feasible()) return;
    if (best_.empty()) best_ = outcome.scores;
    for (size_t m = 0; m < best_.size(); ++m) best_[m] = std::max(best_[m], outcome.scores[m]);
  }

  const Problem problem_;
  const int first_epoch_;
  const double probability_;
  Wrapped inner_;
  absl::flat_hash_map<int64_t, Running> running_;
  Scores best_;  // of each objective
};

}  // namespace

Entry CurveStoppingEntry() {
  Entry entry;
  entry.name = "curve_stopping";
  entry.description = "Ends trials whose learning curve is unlikely to reach the best so far";
  entry.paper =
      "Domhan et al. 2015, Speeding Up Automatic Hyperparameter Optimization of Deep Neural "
      "Networks by Extrapolation of Learning Curves";
  entry.settings = {
      IntegerSetting("first_epoch", 4, 100000, 4, "No trial is ended before this epoch."),
      RealSetting("probability", 0, 0.5, 0.05,
                  "A trial ends when it reaches the best with less than this probability."),
      StrategySetting("of", "random", "The strategy that proposes genotypes."),
  };
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    NASCENT_ASSIGN_OR_RETURN(Wrapped inner,
                             Wrapped::Make(problem, settings, /*chooses_rungs=*/false));
    return std::make_unique<CurveStopping>(problem, settings, std::move(inner));
  };
  return entry;
}

}  // namespace nascent::strategy
