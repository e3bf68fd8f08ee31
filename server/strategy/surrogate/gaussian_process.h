// Gaussian-process regression over mixed and conditional decisions.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_GAUSSIAN_PROCESS_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_GAUSSIAN_PROCESS_H_

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <vector>

#include "server/strategy/surrogate/encoding.h"
#include "server/strategy/surrogate/regressor.h"

namespace nascent::strategy {

// Hyperparameters of the kernel, all positive.
struct KernelParameters {
  double product = 1;             // variance of the product part
  Eigen::ArrayXd inverse_length;  // per decision, of the product part
  Eigen::ArrayXd additive;        // variance of each decision's own part
  double noise = 1e-2;            // variance of the noise
};

// Kernel: with d_i the squared distance of decision i (0 to 1; a different option, or active
// against inactive, is 1),
//   k(a, b) = product * exp(-sum_i inverse_length_i d_i) + sum_i additive_i exp(-4 d_i),
// a product of categorical and squared-exponential kernels (Rasmussen & Williams 2006, eq. 4.9)
// plus first-order additive ones (Duvenaud et al. 2011). Hyperparameters maximise the marginal
// likelihood (eq. 5.8) times log-normal priors, by L-BFGS (NLopt) from a fixed start.
class GaussianProcess : public Regressor {
 public:
  explicit GaussianProcess(std::vector<DecisionEncoding::Group> groups, int evaluations = 40)
      : groups_(std::move(groups)), evaluations_(evaluations) {}

  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) override;
  Prediction Predict(const Eigen::MatrixXd& x) const override;

  // Conditions on data without fitting hyperparameters.
  void Condition(const Eigen::MatrixXd& x, const Eigen::VectorXd& y);
  void Believe(const Eigen::MatrixXd& x) override;

  // k(a, b) of all pairs of rows, without noise.
  Eigen::MatrixXd Kernel(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) const;

  const KernelParameters& parameters() const { return parameters_; }
  void set_parameters(KernelParameters parameters) { parameters_ = std::move(parameters); }

  // The logarithm of likelihood times prior for the data, and its gradient in the logarithms of
  // (product, inverse_length…, additive…, noise).
  double LogPosterior(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
                      const KernelParameters& parameters, Eigen::VectorXd* gradient) const;

 private:
  const std::vector<DecisionEncoding::Group> groups_;
  const int evaluations_;
  KernelParameters parameters_;
  Eigen::MatrixXd x_;
  Eigen::VectorXd y_;
  Eigen::Index observed_ = 0;  // rows of x_ that are not believed
  Eigen::LLT<Eigen::MatrixXd> factor_;
  Eigen::VectorXd weights_;
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_GAUSSIAN_PROCESS_H_
