// The results that a fit uses, with their scores made fit for a model.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_TRAINING_SET_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_TRAINING_SET_H_

#include <Eigen/Core>
#include <vector>

#include "absl/types/span.h"
#include "server/strategy/goals/history.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

// Scores are raised to at least median - 2 * (best - median), since how bad a bad result is says
// little of the good ones, then standardised. Failed trials and those that violate an outcome
// constraint count as the worst; while nothing is feasible, the negative violation is the score.
class TrainingSet {
 public:
  // `ended`: indices into history.trials() of the results to consider, in the order of their end;
  // of them those of `rung` and the failed ones. At most `limit`: the best and the youngest.
  TrainingSet(const Problem& problem, const History& history, int rung, absl::Span<const int> ended,
              int64_t limit);

  const std::vector<space::Genotype>& genotypes() const { return genotypes_; }
  const Eigen::VectorXd& values(size_t objective) const { return values_[objective]; }
  double best(size_t objective) const { return values_[objective].maxCoeff(); }
  // Of one unit of the values, in units of the metric.
  double scale(size_t objective) const { return scales_[objective]; }
  // A score that is known without a model, in units of the values.
  double Standardise(size_t objective, double score) const {
    return (score - means_[objective]) / scales_[objective];
  }
  // Feasible points that no other dominates, at most 50, and the point that bounds their
  // hypervolume; both in the values' units.
  const std::vector<std::vector<double>>& front() const { return front_; }
  const std::vector<double>& reference() const { return reference_; }

  // Indices into history.trials() from best to worst, at most `count`; several objectives: by
  // front, then by crowding.
  std::vector<int> BestTrials(int64_t count) const;

 private:
  void SetReference(const Problem& problem);

  std::vector<int> ranked_;
  std::vector<space::Genotype> genotypes_;
  std::vector<Eigen::VectorXd> values_;  // by objective
  std::vector<double> means_, scales_;
  std::vector<std::vector<double>> front_;
  std::vector<double> reference_;
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_TRAINING_SET_H_
