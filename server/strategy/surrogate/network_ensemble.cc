#include "server/strategy/surrogate/network_ensemble.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/random.h"

namespace nascent::strategy {
namespace {

constexpr int kHiddenLayers = 3;
constexpr int64_t kBatch = 32;
constexpr float kRate = 0.01F;
constexpr float kDecay = 1e-4F;

// Adam (Kingma & Ba 2015, algorithm 1) for one array.
template <typename Array>
struct Adam {
  Array first, second;

  void Step(Array& value, const Array& gradient, float rate, int step) {
    constexpr float kBeta1 = 0.9F, kBeta2 = 0.99F, kEpsilon = 1e-8F;
    if (first.size() == 0) {
      first = Array::Zero(value.rows(), value.cols());
      second = first;
    }
    first = kBeta1 * first + (1 - kBeta1) * gradient;
    second = kBeta2 * second + (1 - kBeta2) * gradient.cwiseAbs2();
    const float unbias1 = 1 - std::pow(kBeta1, static_cast<float>(step));
    const float unbias2 = 1 - std::pow(kBeta2, static_cast<float>(step));
    value -=
        (rate / unbias1 * first.array() / ((second.array() / unbias2).sqrt() + kEpsilon)).matrix();
    value *= 1 - rate * kDecay;
  }
};

}  // namespace

Eigen::VectorXf NetworkEnsemble::Forward(const Net& net, const Eigen::MatrixXf& x) {
  Eigen::MatrixXf at = x.transpose();
  for (size_t l = 0; l < net.size(); ++l) {
    at = ((net[l].weight * at).colwise() + net[l].bias).eval();
    if (l + 1 < net.size()) at = at.cwiseMax(0);
  }
  return at.row(0).transpose();
}

NetworkEnsemble::Net NetworkEnsemble::Train(const Eigen::MatrixXf& x, const Eigen::VectorXf& y,
                                            uint64_t seed, int member) const {
  RandomStream random(seed, static_cast<uint64_t>(member));
  Net net;
  Eigen::Index in = x.cols();
  for (int l = 0; l <= kHiddenLayers; ++l) {
    const Eigen::Index out = l == kHiddenLayers ? 1 : width_;
    const double spread = std::sqrt(2.0 / static_cast<double>(in));  // He et al. 2015, eq. 10
    Layer layer{Eigen::MatrixXf(out, in), Eigen::VectorXf::Zero(out)};
    for (float& weight : layer.weight.reshaped()) {
      weight = static_cast<float>(spread * random.Normal());
    }
    net.push_back(std::move(layer));
    in = out;
  }
  std::vector<Adam<Eigen::MatrixXf>> weight_steps(net.size());
  std::vector<Adam<Eigen::VectorXf>> bias_steps(net.size());
  const int64_t batch = std::min<int64_t>(kBatch, x.rows());
  for (int step = 1; step <= steps_; ++step) {
    const std::vector<int64_t> rows = random.SampleWithoutReplacement(x.rows(), batch);
    std::vector<Eigen::MatrixXf> at(net.size() + 1);
    at[0] = x(rows, Eigen::all).transpose();
    for (size_t l = 0; l < net.size(); ++l) {
      at[l + 1] = (net[l].weight * at[l]).colwise() + net[l].bias;
      if (l + 1 < net.size()) at[l + 1] = at[l + 1].cwiseMax(0).eval();
    }
    const Eigen::VectorXf wanted = y(rows);
    Eigen::MatrixXf slope =
        (at.back().row(0) - wanted.transpose()).cwiseSign() / static_cast<float>(batch);
    const float rate = kRate * (1 - static_cast<float>(step - 1) / static_cast<float>(steps_));
    for (size_t l = net.size(); l-- > 0;) {
      const Eigen::MatrixXf weight_gradient = slope * at[l].transpose();
      const Eigen::VectorXf bias_gradient = slope.rowwise().sum();
      if (l > 0) {
        slope = ((net[l].weight.transpose() * slope).array() * (at[l].array() > 0).cast<float>())
                    .matrix()
                    .eval();
      }
      weight_steps[l].Step(net[l].weight, weight_gradient, rate, step);
      bias_steps[l].Step(net[l].bias, bias_gradient, rate, step);
    }
  }
  return net;
}

void NetworkEnsemble::Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) {
  const Eigen::MatrixXf inputs = x.cast<float>();
  const Eigen::VectorXf wanted = y.cast<float>();
  nets_.clear();
  for (int member = 0; member < members_; ++member) {
    nets_.push_back(Train(inputs, wanted, seed, member));
  }
}

Prediction NetworkEnsemble::Predict(const Eigen::MatrixXd& x) const {
  const Eigen::MatrixXf inputs = x.cast<float>();
  Eigen::MatrixXd by_net(x.rows(), members_);
  for (int member = 0; member < members_; ++member) {
    by_net.col(member) = Forward(nets_[static_cast<size_t>(member)], inputs).cast<double>();
  }
  Prediction prediction;
  prediction.mean = by_net.rowwise().mean();
  prediction.deviation =
      ((by_net.colwise() - prediction.mean).rowwise().squaredNorm() / std::max(1, members_ - 1))
          .cwiseSqrt();
  return prediction;
}

}  // namespace nascent::strategy
