#include "server/strategy/surrogate/ridge.h"

#include <Eigen/Eigenvalues>
#include <array>
#include <cmath>

namespace nascent::strategy {
namespace {

// Penalties relative to the kernel's mean diagonal.
constexpr std::array<double, 9> kPenalties = {1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 10};

Eigen::MatrixXd Kernel(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  const Eigen::MatrixXd products = a * b.transpose();
  const Eigen::MatrixXd squares = a.cwiseAbs2() * b.cwiseAbs2().transpose();
  return (1 + products.array() + (products.array().square() - squares.array()) / 2).matrix();
}

}  // namespace

void Ridge::Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t) {
  x_ = x;
  const Eigen::MatrixXd kernel = Kernel(x, x);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(kernel);
  const Eigen::ArrayXd values = eigen.eigenvalues().array().max(0);
  const Eigen::VectorXd projected = eigen.eigenvectors().transpose() * y;
  const double n = static_cast<double>(y.size());
  const double diagonal = kernel.trace() / n;
  double best = -INFINITY;
  Eigen::ArrayXd best_inverse;
  for (const double penalty : kPenalties) {
    const Eigen::ArrayXd shifted = values + penalty * diagonal;
    // With the prior's scale maximised out.
    const double scale = (projected.array().square() / shifted).sum() / n;
    const double likelihood = -0.5 * (n * std::log(scale) + shifted.log().sum());
    if (likelihood > best) {
      best = likelihood;
      best_inverse = shifted.inverse();
      scale_ = scale;
      noise_ = scale * penalty * diagonal;
    }
  }
  inverse_ =
      eigen.eigenvectors() * best_inverse.matrix().asDiagonal() * eigen.eigenvectors().transpose();
  weights_ = inverse_ * y;
}

Prediction Ridge::Predict(const Eigen::MatrixXd& x) const {
  const Eigen::MatrixXd cross = Kernel(x, x_);
  const Eigen::ArrayXd norms = x.rowwise().squaredNorm().array();
  const Eigen::ArrayXd fourth = x.array().square().square().rowwise().sum();
  const Eigen::ArrayXd own = 1 + norms + (norms.square() - fourth) / 2;
  const Eigen::ArrayXd explained = (cross * inverse_).cwiseProduct(cross).rowwise().sum().array();
  return {cross * weights_, (scale_ * (own - explained).max(1e-12)).sqrt().matrix(), noise_};
}

}  // namespace nascent::strategy
