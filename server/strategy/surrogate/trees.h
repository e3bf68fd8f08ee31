// Models made of many trees: a random forest and boosted trees.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_TREES_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_TREES_H_

#include <vector>

#include "server/strategy/surrogate/regressor.h"
#include "server/strategy/surrogate/tree.h"

namespace nascent::strategy {

// Random forest as in SMAC (Hutter et al. 2011, section 4.1): trees on bootstrap samples, 5/6 of
// the features at each split; the deviation is that of the trees' predictions.
class Forest : public Regressor {
 public:
  explicit Forest(int trees = 60) : trees_(trees) {}
  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) override;
  Prediction Predict(const Eigen::MatrixXd& x) const override;

 private:
  std::vector<Tree> trees_;
};

// Gradient boosting for squared error (Friedman 2001, algorithm 2; stochastic as Friedman 2002).
// Several boosted models on bootstrap samples; the deviation is that of their predictions.
class BoostedTrees : public Regressor {
 public:
  explicit BoostedTrees(int members = 6, int rounds = 60) : members_(members), rounds_(rounds) {}
  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) override;
  Prediction Predict(const Eigen::MatrixXd& x) const override;

 private:
  const int members_;
  const int rounds_;
  std::vector<std::vector<Tree>> boosted_;  // by member
  std::vector<double> start_;               // mean of each member's sample
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_TREES_H_
