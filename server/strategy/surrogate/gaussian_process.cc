#include "server/strategy/surrogate/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <nlopt.hpp>
#include <numbers>

namespace nascent::strategy {
namespace {

constexpr double kAdditiveDecay = 4;
constexpr double kJitter = 1e-8;

// Squared distance d_i of all pairs of rows.
Eigen::MatrixXd Distance(const DecisionEncoding::Group& group, const Eigen::MatrixXd& a,
                         const Eigen::MatrixXd& b) {
  const auto xa = a.middleCols(group.begin, group.size);
  const auto xb = b.middleCols(group.begin, group.size);
  Eigen::MatrixXd distance = -2 * xa * xb.transpose();
  distance.colwise() += xa.rowwise().squaredNorm();
  distance.rowwise() += xb.rowwise().squaredNorm().transpose();
  return (group.weight * distance.array()).max(0).min(1);
}

// Log-normal priors: the mean of the logarithm; all have standard deviation kSpread.
constexpr double kSpread = 1.5;
struct Centres {
  double product, inverse_length, additive, noise;
};
Centres PriorCentres(size_t decisions) {
  // In sum the additive parts explain as much as the product; correlation falls with the number of
  // decisions that differ, not with their share.
  const double n = static_cast<double>(decisions);
  return {std::log(0.5), std::log(2 / std::sqrt(n)), std::log(0.5 / n), std::log(1e-2)};
}

Eigen::VectorXd ToLog(const KernelParameters& p) {
  const Eigen::Index n = p.additive.size();
  Eigen::VectorXd logs(2 * n + 2);
  logs << std::log(p.product), p.inverse_length.log().matrix(), p.additive.log().matrix(),
      std::log(p.noise);
  return logs;
}

KernelParameters FromLog(const Eigen::VectorXd& logs) {
  const Eigen::Index n = (logs.size() - 2) / 2;
  return {std::exp(logs[0]), logs.segment(1, n).array().exp(), logs.segment(1 + n, n).array().exp(),
          std::exp(logs[1 + 2 * n])};
}

}  // namespace

Eigen::MatrixXd GaussianProcess::Kernel(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) const {
  Eigen::ArrayXXd exponent = Eigen::ArrayXXd::Zero(a.rows(), b.rows());
  Eigen::ArrayXXd sum = Eigen::ArrayXXd::Zero(a.rows(), b.rows());
  for (size_t i = 0; i < groups_.size(); ++i) {
    const Eigen::ArrayXXd distance = Distance(groups_[i], a, b).array();
    const Eigen::Index g = static_cast<Eigen::Index>(i);
    exponent -= parameters_.inverse_length[g] * distance;
    sum += parameters_.additive[g] * (-kAdditiveDecay * distance).exp();
  }
  return (parameters_.product * exponent.exp() + sum).matrix();
}

double GaussianProcess::LogPosterior(const Eigen::MatrixXd& x, const Eigen::VectorXd& y,
                                     const KernelParameters& p, Eigen::VectorXd* gradient) const {
  const Eigen::Index n = x.rows();
  const Eigen::Index decisions = static_cast<Eigen::Index>(groups_.size());
  std::vector<Eigen::ArrayXXd> distances;
  Eigen::ArrayXXd exponent = Eigen::ArrayXXd::Zero(n, n);
  Eigen::ArrayXXd kernel = Eigen::ArrayXXd::Zero(n, n);
  for (Eigen::Index i = 0; i < decisions; ++i) {
    distances.push_back(Distance(groups_[static_cast<size_t>(i)], x, x).array());
    exponent -= p.inverse_length[i] * distances.back();
    kernel += p.additive[i] * (-kAdditiveDecay * distances.back()).exp();
  }
  const Eigen::ArrayXXd product = p.product * exponent.exp();
  kernel += product;
  Eigen::MatrixXd matrix = kernel.matrix();
  matrix.diagonal().array() += p.noise + kJitter;
  const Eigen::LLT<Eigen::MatrixXd> factor(matrix);
  if (factor.info() != Eigen::Success) return -INFINITY;
  const Eigen::VectorXd alpha = factor.solve(y);
  const Eigen::MatrixXd lower = factor.matrixL();
  double value = -0.5 * y.dot(alpha) - lower.diagonal().array().log().sum() -
                 0.5 * static_cast<double>(n) * std::log(2 * std::numbers::pi);

  const Centres centres = PriorCentres(groups_.size());
  Eigen::VectorXd means(2 * decisions + 2);
  means << centres.product, Eigen::VectorXd::Constant(decisions, centres.inverse_length),
      Eigen::VectorXd::Constant(decisions, centres.additive), centres.noise;
  const Eigen::VectorXd off = (ToLog(p) - means) / kSpread;
  value -= 0.5 * off.squaredNorm();
  if (gradient == nullptr) return value;

  // d value / d log t = 1/2 tr((alpha alpha' - K^-1) dK/d log t), Rasmussen & Williams eq. 5.9.
  const Eigen::ArrayXXd inner =
      0.5 * (alpha * alpha.transpose() - factor.solve(Eigen::MatrixXd::Identity(n, n))).array();
  gradient->resize(2 * decisions + 2);
  (*gradient)[0] = (inner * product).sum();
  for (Eigen::Index i = 0; i < decisions; ++i) {
    const Eigen::ArrayXXd& distance = distances[static_cast<size_t>(i)];
    (*gradient)[1 + i] = -p.inverse_length[i] * (inner * product * distance).sum();
    (*gradient)[1 + decisions + i] =
        p.additive[i] * (inner * (-kAdditiveDecay * distance).exp()).sum();
  }
  (*gradient)[1 + 2 * decisions] = p.noise * inner.matrix().trace();
  *gradient -= off / kSpread;
  return value;
}

void GaussianProcess::Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t) {
  const Eigen::Index decisions = static_cast<Eigen::Index>(groups_.size());
  const Centres centres = PriorCentres(groups_.size());
  KernelParameters start{std::exp(centres.product),
                         Eigen::ArrayXd::Constant(decisions, std::exp(centres.inverse_length)),
                         Eigen::ArrayXd::Constant(decisions, std::exp(centres.additive)),
                         std::exp(centres.noise)};
  const Eigen::VectorXd logs = ToLog(start);
  std::vector<double> at(logs.begin(), logs.end());

  struct Data {
    const GaussianProcess* process;
    const Eigen::MatrixXd* x;
    const Eigen::VectorXd* y;
  } data{this, &x, &y};
  nlopt::opt optimizer(nlopt::LD_LBFGS, static_cast<unsigned>(at.size()));
  optimizer.set_max_objective(
      [](const std::vector<double>& point, std::vector<double>& slope, void* context) {
        const Data& d = *static_cast<Data*>(context);
        Eigen::VectorXd gradient = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(point.size()));
        const double value = d.process->LogPosterior(
            *d.x, *d.y,
            FromLog(Eigen::VectorXd::Map(point.data(), static_cast<Eigen::Index>(point.size()))),
            slope.empty() ? nullptr : &gradient);
        if (!slope.empty()) std::copy(gradient.begin(), gradient.end(), slope.begin());
        return std::isfinite(value) ? value : -1e10;
      },
      &data);
  optimizer.set_lower_bounds(-12);
  optimizer.set_upper_bounds(4);
  optimizer.set_maxeval(evaluations_);
  optimizer.set_ftol_abs(1e-3);
  double value = 0;
  try {
    optimizer.optimize(at, value);
  } catch (const std::exception&) {
    // Round-off in the line search: `at` is the best point so far.
  }
  parameters_ = FromLog(Eigen::VectorXd::Map(at.data(), static_cast<Eigen::Index>(at.size())));
  Condition(x, y);
}

void GaussianProcess::Condition(const Eigen::MatrixXd& x, const Eigen::VectorXd& y) {
  x_ = x;
  y_ = y;
  observed_ = x.rows();
  Eigen::MatrixXd matrix = Kernel(x, x);
  matrix.diagonal().array() += parameters_.noise + kJitter;
  factor_.compute(matrix);
  weights_ = factor_.solve(y);
}

void GaussianProcess::Believe(const Eigen::MatrixXd& x) {
  const Eigen::Index observed = observed_;
  if (x_.rows() > observed) Condition(x_.topRows(observed).eval(), y_.head(observed).eval());
  if (x.rows() == 0) return;
  Eigen::MatrixXd rows(observed + x.rows(), x.cols());
  rows << x_, x;
  Eigen::VectorXd values(observed + x.rows());
  values << y_, Predict(x).mean;
  Condition(rows, values);
  observed_ = observed;
}

Prediction GaussianProcess::Predict(const Eigen::MatrixXd& x) const {
  const Eigen::MatrixXd cross = Kernel(x, x_);
  const Eigen::MatrixXd solved = factor_.matrixL().solve(cross.transpose());
  const double prior = parameters_.product + parameters_.additive.sum();
  return {cross * weights_,
          (prior - solved.colwise().squaredNorm().transpose().array()).max(1e-12).sqrt(),
          parameters_.noise};
}

}  // namespace nascent::strategy
