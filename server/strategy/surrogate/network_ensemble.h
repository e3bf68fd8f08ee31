// An ensemble of small neural networks, the predictor of BANANAS.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_NETWORK_ENSEMBLE_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_NETWORK_ENSEMBLE_H_

#include <Eigen/Core>
#include <vector>

#include "server/strategy/surrogate/regressor.h"

namespace nascent::strategy {

// Five feed-forward networks of three hidden layers with ReLU, trained with Adam on the absolute
// error from different starts and orders (White et al. 2021, section 4 and appendix; they use up to
// 20 layers of 20, here three layers of 40 with the same accuracy on small histories). The
// deviation is that of the networks' predictions.
class NetworkEnsemble : public Regressor {
 public:
  explicit NetworkEnsemble(int members = 5, int width = 40, int steps = 400)
      : members_(members), width_(width), steps_(steps) {}
  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) override;
  Prediction Predict(const Eigen::MatrixXd& x) const override;

 private:
  struct Layer {
    Eigen::MatrixXf weight;  // [out, in]
    Eigen::VectorXf bias;
  };
  using Net = std::vector<Layer>;

  Net Train(const Eigen::MatrixXf& x, const Eigen::VectorXf& y, uint64_t seed, int member) const;
  static Eigen::VectorXf Forward(const Net& net, const Eigen::MatrixXf& x);

  const int members_;
  const int width_;
  const int steps_;
  std::vector<Net> nets_;
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_NETWORK_ENSEMBLE_H_
