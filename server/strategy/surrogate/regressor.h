// A model of one number over encoded genotypes.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_REGRESSOR_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_REGRESSOR_H_

#include <Eigen/Core>
#include <cstdint>

namespace nascent::strategy {

// Of each row asked for.
struct Prediction {
  Eigen::VectorXd mean;
  Eigen::VectorXd deviation;  // standard deviation of the mean, not below 0
  double noise = 0;  // variance of single results around the mean, where the model tells it
};

// Rows are genotypes (`Encode` of encoding.h), x: [n, d], y: [n], standardised by the caller. A fit
// is a function of its arguments alone. Used by one thread at a time.
class Regressor {
 public:
  virtual ~Regressor() = default;
  // n is at least 2.
  virtual void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) = 0;
  virtual Prediction Predict(const Eigen::MatrixXd& x) const = 0;
  // Takes rows whose results are under way as observed with the value that it expects of them
  // (kriging believer). Until the next call, which replaces them. Default: they change nothing.
  virtual void Believe(const Eigen::MatrixXd&) {}
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_REGRESSOR_H_
