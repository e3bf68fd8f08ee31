// Tree-structured Parzen estimator (Bergstra et al. 2011, section 4): results are split into the
// good and the rest; of candidates drawn from the density of the good, the one is proposed whose
// density under the good is largest relative to that under the rest. Several objectives: the good
// are the first fronts, within a front by crowding. Asynchronous: trials under way count among the
// rest (a constant liar), so that others are proposed beside them. Failed trials are among the
// rest.

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/strategy/entries.h"
#include "server/strategy/goals/history.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"
#include "server/strategy/surrogate/parzen.h"
#include "server/strategy/surrogate/training_set.h"

namespace nascent::strategy {
namespace {

// Of the rest, the youngest so many make the density: a proposal's cost stays bounded.
constexpr size_t kMostRest = 400;
constexpr int64_t kMostGood = 25;
// Of the results of a rung so many of the best are kept in view, four times those that can be good;
// twice as many are when they are thinned out.
constexpr int64_t kKept = 4 * kMostGood;

class Tpe : public Strategy {
 public:
  Tpe(const Problem& problem, int64_t initial, int64_t candidates, double good_share, bool joint)
      : problem_(problem),
        initial_(initial),
        candidates_(candidates),
        good_share_(good_share),
        joint_(joint),
        history_(problem),
        best_(static_cast<size_t>(history_.last_rung()) + 1) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    const int64_t usable = static_cast<int64_t>(history_.usable().size());
    const int64_t coming = usable + static_cast<int64_t>(history_.pending().size());
    if (usable == 0 || coming < initial_) {
      return ProposeRandom(problem_, random, "random, to begin with");
    }
    std::vector<int> good = Good();
    std::vector<const space::Genotype*> good_ones;
    for (const int index : good) good_ones.push_back(&history_.trials()[index].genotype);
    const Parzen likely(problem_.space->decisions(), std::move(good_ones), joint_);
    const Parzen unlikely(problem_.space->decisions(), Rest(std::move(good)), joint_);

    std::optional<space::Genotype> best;
    double best_ratio = 0;
    bool best_is_new = false;
    int64_t drawn = 0;
    for (int64_t i = 0; i < 4 * candidates_ && drawn < candidates_; ++i) {
      space::Genotype genotype = likely.Sample(random);
      if (!IsFeasible(problem_, genotype)) continue;
      // Known genotypes only where nothing new is found.
      const bool is_new = history_.Proposals(genotype) == 0;
      if (is_new) ++drawn;
      const double ratio = likely.LogDensity(genotype) - unlikely.LogDensity(genotype);
      if (!best || std::pair(is_new, ratio) > std::pair(best_is_new, best_ratio)) {
        best = std::move(genotype);
        best_ratio = ratio;
        best_is_new = is_new;
      }
    }
    if (!best) return ProposeRandom(problem_, random, "random, as no candidate is feasible");
    Proposal proposal;
    proposal.genotype = *std::move(best);
    proposal.reason = absl::StrCat("most likely among the good of ", drawn, " candidates");
    return proposal;
  }

  StopCommands Observe(const Event& event) override {
    const int index = history_.Observe(event);
    if (index < 0 || history_.trials()[index].state != Trial::State::kUsable) return {};
    const int rung = history_.trials()[index].rung;
    std::vector<int>& best = best_[static_cast<size_t>(rung)];
    best.push_back(index);
    if (static_cast<int64_t>(best.size()) > 2 * kKept) {
      best = TrainingSet(problem_, history_, rung, best, 2 * kKept + 1).BestTrials(kKept);
      std::sort(best.begin(), best.end());
    }
    return {};
  }

  // Learns from the highest rung that has enough results (Falkner et al. 2018, section 3.2).
  bool UsesRungs() const override { return true; }

 private:
  std::vector<int> Good() const {
    const int rung = history_.FullestRung(initial_);
    const std::vector<int>& best = best_[static_cast<size_t>(rung)];
    const double share = good_share_ * static_cast<double>(history_.usable_at(rung).size());
    return TrainingSet(problem_, history_, rung, best, 2 * kKept)
        .BestTrials(std::clamp<int64_t>(static_cast<int64_t>(std::ceil(share)), 1, kMostGood));
  }

  // Everything but the good, youngest first, within the limit.
  std::vector<const space::Genotype*> Rest(std::vector<int> good) const {
    std::sort(good.begin(), good.end());
    std::vector<const space::Genotype*> rest;
    const int rung = history_.FullestRung(initial_);
    const std::vector<Trial>& trials = history_.trials();
    for (size_t i = trials.size(); i-- > 0 && rest.size() < kMostRest;) {
      const bool elsewhere = trials[i].state == Trial::State::kUsable && trials[i].rung != rung;
      if (trials[i].state == Trial::State::kCancelled || elsewhere ||
          std::binary_search(good.begin(), good.end(), static_cast<int>(i))) {
        continue;
      }
      rest.push_back(&trials[i].genotype);
    }
    return rest;
  }

  const Problem problem_;
  const int64_t initial_;
  const int64_t candidates_;
  const double good_share_;
  const bool joint_;
  History history_;
  std::vector<std::vector<int>> best_;  // by rung; trials in the order in which they were proposed
};

}  // namespace

Entry TpeEntry() {
  Entry entry;
  entry.name = "tpe";
  entry.description = "Proposes what is likely among the good results and unlikely among the rest";
  entry.paper = "Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization";
  entry.settings = {
      IntegerSetting("initial", 1, 10000, 10, "Random trials to begin with."),
      IntegerSetting("candidates", 1, 10000, 24, "New candidates that a proposal is chosen from."),
      RealSetting("good_share", 0.01, 0.9, 0.1, "Share of the results that are good; at most 25."),
      FlagSetting("multivariate", true,
                  "Kernels over all decisions together; false: each on its own, as in the paper."),
  };
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<Tpe>(problem, settings.Integer("initial"),
                                 settings.Integer("candidates"), settings.Real("good_share"),
                                 settings.Flag("multivariate"));
  };
  return entry;
}

}  // namespace nascent::strategy
