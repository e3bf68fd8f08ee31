#include "server/strategy/surrogate/surrogate_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/cost_bound.h"
#include "server/strategy/goals/history.h"
#include "server/strategy/sampling.h"
#include "server/strategy/surrogate/acquisition.h"
#include "server/strategy/surrogate/candidates.h"
#include "server/strategy/surrogate/training_set.h"

namespace nascent::strategy {
namespace {

constexpr double kLeastDeviation = 1e-6;

// Share of fits: done anew when so many results more are there.
constexpr double kRefitGrowth = 1.05;

class SurrogateSearch : public Strategy {
 public:
  SurrogateSearch(const Problem& problem, SurrogateOptions options)
      : problem_(problem), options_(std::move(options)), history_(problem) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    const int64_t usable = static_cast<int64_t>(history_.usable().size());
    const int64_t coming = usable + static_cast<int64_t>(history_.pending().size());
    if (usable < 2 || usable < std::min<int64_t>(options_.initial, coming)) {
      if (coming < options_.initial || usable < 2) return DrawNew(random, "random, to begin with");
    }
    return ProposeByModel(random);
  }

  StopCommands Observe(const Event& event) override {
    const int index = history_.Observe(event);
    if (index < 0 || !std::holds_alternative<Finished>(event)) return {};
    const Trial::State state = history_.trials()[index].state;
    if (state == Trial::State::kUsable || state == Trial::State::kFailed) ended_.push_back(index);
    return {};
  }

 private:
  // A random genotype that was not proposed before, where a few tries find one.
  Answer DrawNew(RandomStream& random, std::string reason) const {
    std::vector<Candidate> fresh = DrawCandidates(problem_, history_, {}, 1, random);
    if (fresh.empty()) return ProposeRandom(problem_, random, std::move(reason));
    Proposal proposal;
    proposal.genotype = std::move(fresh.front().genotype);
    proposal.reason = std::move(reason);
    return proposal;
  }

  Answer ProposeByModel(RandomStream& random) {
    const TrainingSet& data = FitModels();
    std::vector<Candidate> candidates = DrawCandidates(
        problem_, history_, data.BestTrials(options_.parents), options_.candidates, random);
    if (candidates.empty()) {
      return ProposeRandom(problem_, random, "random, as no new candidate was found");
    }
    std::vector<space::Genotype> genotypes;
    for (const Candidate& candidate : candidates) genotypes.push_back(candidate.genotype);
    const Eigen::VectorXd worth = Worth(data, genotypes, random);
    Eigen::Index best = 0;
    for (Eigen::Index i = 1; i < worth.size(); ++i) {
      if (worth[i] > worth[best]) best = i;
    }
    Candidate& chosen = candidates[static_cast<size_t>(best)];
    Proposal proposal;
    proposal.reason = absl::StrCat(
        chosen.parent == 0 ? "random candidate" : "mutation", " that ", options_.model,
        options_.acquisition == SurrogateOptions::Acquisition::kThompson ? " drew as the best of "
                                                                         : " expects most of, of ",
        candidates.size());
    proposal.genotype = std::move(chosen.genotype);
    if (chosen.parent != 0) proposal.parents = {chosen.parent};
    if (options_.acquisition == SurrogateOptions::Acquisition::kExpectedImprovement &&
        problem_.objectives.size() == 1) {
      proposal.expected_gain = std::exp(worth[best]) * data.scale(0);
    }
    return proposal;
  }

  // Refits where the schedule says so; a function of the results observed so far.
  const TrainingSet& FitModels() {
    const int64_t ended = static_cast<int64_t>(ended_.size());
    int64_t fit_at = 2;
    while (true) {
      const int64_t next = std::max<int64_t>(
          fit_at + 1, static_cast<int64_t>(static_cast<double>(fit_at) * kRefitGrowth));
      if (next > ended) break;
      fit_at = next;
    }
    const int rung = history_.FullestRung(options_.initial);
    if (data_ == nullptr || fitted_at_ != fit_at || fitted_rung_ != rung) {
      fitted_at_ = fit_at;
      fitted_rung_ = rung;
      data_ = std::make_unique<TrainingSet>(
          problem_, history_, rung, absl::MakeConstSpan(ended_).first(static_cast<size_t>(fit_at)),
          options_.history);
      models_.clear();
      for (size_t objective = 0; objective < problem_.objectives.size(); ++objective) {
        models_.push_back(options_.make());
        RandomStream seeds = SideStream(problem_, FitPurpose(objective), fit_at);
        models_.back()->Fit(options_.encoding->EncodeAll(data_->genotypes()),
                            data_->values(objective), seeds.Next());
      }
    }
    return *data_;
  }

  // The worth of each genotype: the larger the better.
  Eigen::VectorXd Worth(const TrainingSet& data, const std::vector<space::Genotype>& genotypes,
                        RandomStream& random) {
    std::vector<space::Genotype> pending;
    for (const int64_t number : history_.pending()) {
      if (static_cast<int64_t>(pending.size()) == options_.history) break;
      pending.push_back(history_.Find(number)->genotype);
    }
    const Eigen::MatrixXd rows = options_.encoding->EncodeAll(genotypes);
    const Eigen::MatrixXd under_way = options_.encoding->EncodeAll(pending);
    std::vector<Prediction> predictions;
    for (const std::unique_ptr<Regressor>& model : models_) {
      model->Believe(under_way);
      predictions.push_back(model->Predict(rows));
      predictions.back().deviation = predictions.back().deviation.cwiseMax(kLeastDeviation);
    }
    TakeKnownCosts(data, genotypes, predictions);
    if (options_.acquisition == SurrogateOptions::Acquisition::kThompson) {
      return Thompson(predictions, random);
    }
    if (predictions.size() == 1) return Improvement(predictions[0], data.best(0));
    return HypervolumeImprovement(data, predictions, random);
  }

  // An objective that the network alone tells needs no model.
  void TakeKnownCosts(const TrainingSet& data, const std::vector<space::Genotype>& genotypes,
                      std::vector<Prediction>& predictions) const {
    if (problem_.costs == nullptr) return;
    for (size_t k = 0; k < problem_.objectives.size(); ++k) {
      const Objective& objective = problem_.objectives[k];
      const auto& names = space::CostNames();
      if (std::find(names.begin(), names.end(), objective.metric) == names.end()) continue;
      predictions[k].noise = 0;
      for (size_t i = 0; i < genotypes.size(); ++i) {
        const std::map<std::string, double> costs = problem_.costs(genotypes[i]);
        const auto cost = costs.find(objective.metric);
        if (cost == costs.end()) continue;
        const auto row = static_cast<Eigen::Index>(i);
        predictions[k].mean[row] =
            data.Standardise(k, objective.maximize ? cost->second : -cost->second);
        predictions[k].deviation[row] = kLeastDeviation;
      }
    }
  }

  static Eigen::VectorXd Improvement(const Prediction& prediction, double best) {
    Eigen::VectorXd worth(prediction.mean.size());
    for (Eigen::Index i = 0; i < worth.size(); ++i) {
      worth[i] = LogExpectedImprovement(prediction.mean[i], prediction.deviation[i], best);
    }
    return worth;
  }

  // One draw per candidate and objective; several objectives are joined by random weights in the
  // augmented Chebyshev form (Knowles 2006, eq. 2).
  static Eigen::VectorXd Thompson(const std::vector<Prediction>& predictions,
                                  RandomStream& random) {
    std::vector<double> weights;
    double sum = 0;
    for (size_t i = 0; i < predictions.size(); ++i) {
      weights.push_back(-std::log(1 - random.Uniform()));
      sum += weights.back();
    }
    Eigen::VectorXd worth(predictions.front().mean.size());
    for (Eigen::Index i = 0; i < worth.size(); ++i) {
      double least = std::numeric_limits<double>::infinity();
      double total = 0;
      for (size_t k = 0; k < predictions.size(); ++k) {
        const double draw = predictions[k].mean[i] + predictions[k].deviation[i] * random.Normal();
        least = std::min(least, weights[k] / sum * draw);
        total += weights[k] / sum * draw;
      }
      worth[i] = least + 0.05 * total;
    }
    return worth;
  }

  Eigen::VectorXd HypervolumeImprovement(const TrainingSet& data,
                                         const std::vector<Prediction>& predictions,
                                         RandomStream& random) const {
    Eigen::VectorXd worth(predictions.front().mean.size());
    const ImprovementDraws draws(predictions.size(), random);
    const bool pair = predictions.size() == 2;
    const PairImprovement exact(pair ? data.front() : std::vector<std::vector<double>>(),
                                data.reference());
    std::vector<double> mean(predictions.size()), deviation(predictions.size());
    for (Eigen::Index i = 0; i < worth.size(); ++i) {
      for (size_t k = 0; k < predictions.size(); ++k) {
        mean[k] = predictions[k].mean[i];
        // A front is made of results, not of expectations: what the model cannot explain of one may
        // be what brings it there.
        deviation[k] = std::hypot(predictions[k].deviation[i], std::sqrt(predictions[k].noise));
      }
      worth[i] = pair ? exact.Expected(mean, deviation)
                      : draws.ExpectedHypervolumeImprovement(data.front(), data.reference(), mean,
                                                             deviation);
    }
    return worth;
  }

  const Problem problem_;
  const SurrogateOptions options_;
  History history_;
  std::vector<int> ended_;  // usable and failed trials in the order of their end
  // Of the last fit.
  int64_t fitted_at_ = 0;
  int fitted_rung_ = 0;
  std::unique_ptr<TrainingSet> data_;
  std::vector<std::unique_ptr<Regressor>> models_;  // one per objective
};

}  // namespace

std::unique_ptr<Strategy> MakeSurrogateSearch(const Problem& problem, SurrogateOptions options) {
  return std::make_unique<SurrogateSearch>(problem, std::move(options));
}

}  // namespace nascent::strategy
