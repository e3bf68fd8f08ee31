// Bayesian linear regression over the features and their products.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_RIDGE_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_RIDGE_H_

#include "server/strategy/surrogate/regressor.h"

namespace nascent::strategy {

// Ridge regression in its dual form over phi(x) = (1, x, x_i * x_j for i < j), i.e. the kernel
// k(a, b) = 1 + a.b + ((a.b)^2 - (a*a).(b*b)) / 2. The penalty is the one of a fixed grid with the
// largest marginal likelihood (MacKay 1992, eq. 2.10 in kernel form); deviations are of the
// posterior.
class Ridge : public Regressor {
 public:
  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) override;
  Prediction Predict(const Eigen::MatrixXd& x) const override;

 private:
  Eigen::MatrixXd x_;
  Eigen::MatrixXd inverse_;  // of kernel + penalty
  Eigen::VectorXd weights_;
  double scale_ = 1;  // of the prior
  double noise_ = 0;  // variance
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_RIDGE_H_
