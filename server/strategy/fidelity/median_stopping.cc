// The median stopping rule (Golovin et al. 2017, "Google Vizier", section 3.2.2): a trial ends at
// an epoch when the best that it measured so far is worse than the median of what the trials before
// it averaged up to that epoch. The median is exact, over the last kCurves trials that ran as far.
//
// With several objectives a trial ends only when it is behind the median in every one.

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "common/status_macros.h"
#include "server/strategy/compose/wrapped.h"
#include "server/strategy/entries.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

constexpr size_t kCurves = 500;

class MedianStopping : public Strategy {
 public:
  MedianStopping(const Problem& problem, const Settings& settings, Wrapped inner)
      : problem_(problem),
        first_epoch_(static_cast<int>(settings.Integer("first_epoch"))),
        least_trials_(static_cast<size_t>(settings.Integer("least_trials"))),
        inner_(std::move(inner)) {}

  Answer Propose(int64_t number) override { return inner_.Propose(number); }

  StopCommands Observe(const Event& event) override {
    StopCommands stop = inner_.Observe(event);
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      running_[proposed->trial] = {proposed->proposal.genotype, proposed->enqueued, {}, {}, {}};
    } else if (const auto* measured = std::get_if<Measured>(&event)) {
      if (IsBehind(*measured)) stop.push_back(measured->trial);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      Keep(*finished);
    }
    return stop;
  }

  bool UsesRungs() const override { return inner_.UsesRungs(); }
  bool Promotes() const override { return inner_.Promotes(); }

 private:
  // Per objective the mean of what was measured up to an epoch.
  struct Curve {
    std::vector<int> epochs;
    std::vector<Scores> means;
  };
  struct Running {
    space::Genotype genotype;
    bool enqueued;
    Curve curve;
    Scores sum;
    Scores best;
  };

  bool IsBehind(const Measured& measured) {
    const auto found = running_.find(measured.trial);
    if (found == running_.end()) return false;
    Running& running = found->second;
    const Outcome outcome = Assess(problem_, running.genotype, measured.metrics);
    if (!outcome.usable) return false;
    const size_t objectives = outcome.scores.size();
    if (running.curve.epochs.empty()) {
      running.sum.assign(objectives, 0);
      running.best = outcome.scores;
    }
    running.curve.epochs.push_back(measured.epoch);
    const auto count = static_cast<double>(running.curve.epochs.size());
    Scores mean(objectives);
    for (size_t m = 0; m < objectives; ++m) {
      running.sum[m] += outcome.scores[m];
      running.best[m] = std::max(running.best[m], outcome.scores[m]);
      mean[m] = running.sum[m] / count;
    }
    running.curve.means.push_back(std::move(mean));
    if (running.enqueued || measured.epoch < first_epoch_) return false;
    for (size_t m = 0; m < objectives; ++m) {
      const std::optional<double> median = Median(measured.epoch, m);
      if (!median.has_value() || running.best[m] >= *median) return false;
    }
    return true;
  }

  // Over ended trials that reached the epoch; nothing while they are too few.
  std::optional<double> Median(int epoch, size_t objective) const {
    std::vector<double> values;
    for (const Curve& curve : curves_) {
      const auto after = std::upper_bound(curve.epochs.begin(), curve.epochs.end(), epoch);
      if (after == curve.epochs.begin() || curve.epochs.back() < epoch) continue;
      values.push_back(
          curve.means[static_cast<size_t>(after - curve.epochs.begin()) - 1][objective]);
    }
    if (values.size() < least_trials_) return std::nullopt;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
  }

  void Keep(const Finished& finished) {
    auto running = running_.extract(finished.trial);
    if (running.empty() || running.mapped().curve.epochs.empty()) return;
    curves_.push_back(std::move(running.mapped().curve));
    if (curves_.size() > kCurves) curves_.pop_front();
  }

  const Problem problem_;
  const int first_epoch_;
  const size_t least_trials_;
  Wrapped inner_;
  absl::flat_hash_map<int64_t, Running> running_;
  std::deque<Curve> curves_;  // of ended trials, the youngest last
};

}  // namespace

Entry MedianStoppingEntry() {
  Entry entry;
  entry.name = "median_stopping";
  entry.description = "Ends trials that are behind the median of those before them";
  entry.paper = "Golovin et al. 2017, Google Vizier: A Service for Black-Box Optimization";
  entry.settings = {
      IntegerSetting("first_epoch", 1, 100000, 1, "No trial is ended before this epoch."),
      IntegerSetting("least_trials", 1, 500, 5,
                     "Ended trials that must have reached the epoch before it is judged."),
      StrategySetting("of", "random", "The strategy that proposes genotypes."),
  };
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    NASCENT_ASSIGN_OR_RETURN(Wrapped inner,
                             Wrapped::Make(problem, settings, /*chooses_rungs=*/false));
    return std::make_unique<MedianStopping>(problem, settings, std::move(inner));
  };
  return entry;
}

}  // namespace nascent::strategy
