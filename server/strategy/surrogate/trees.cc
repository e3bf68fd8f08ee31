#include "server/strategy/surrogate/trees.h"

#include <algorithm>

namespace nascent::strategy {
namespace {

constexpr double kShrinkage = 0.15;

std::vector<int> Bootstrap(int64_t n, RandomStream& random) {
  std::vector<int> rows(static_cast<size_t>(n));
  for (int& row : rows) row = static_cast<int>(random.Below(static_cast<uint64_t>(n)));
  return rows;
}

// Mean and deviation over the columns of one member each.
Prediction Summarise(const Eigen::MatrixXd& by_member) {
  Prediction prediction;
  prediction.mean = by_member.rowwise().mean();
  const auto centred = by_member.colwise() - prediction.mean;
  const double freedom = std::max<double>(1, static_cast<double>(by_member.cols()) - 1);
  prediction.deviation = (centred.rowwise().squaredNorm() / freedom).cwiseSqrt();
  return prediction;
}

}  // namespace

void Forest::Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) {
  const TreeOptions options{
      .max_depth = 20, .min_leaf = 1, .feature_share = 5.0 / 6, .random_threshold = true};
  for (size_t t = 0; t < trees_.size(); ++t) {
    RandomStream random(seed, t);
    trees_[t].Fit(x, y, Bootstrap(x.rows(), random), options, random);
  }
}

Prediction Forest::Predict(const Eigen::MatrixXd& x) const {
  Eigen::MatrixXd by_tree(x.rows(), static_cast<Eigen::Index>(trees_.size()));
  for (size_t t = 0; t < trees_.size(); ++t) {
    for (Eigen::Index row = 0; row < x.rows(); ++row) {
      by_tree(row, static_cast<Eigen::Index>(t)) = trees_[t].Predict(x, row);
    }
  }
  return Summarise(by_tree);
}

void BoostedTrees::Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) {
  const TreeOptions options{
      .max_depth = 4, .min_leaf = 2, .feature_share = 0.6, .random_threshold = false};
  boosted_.assign(static_cast<size_t>(members_), {});
  start_.assign(static_cast<size_t>(members_), 0);
  for (size_t m = 0; m < boosted_.size(); ++m) {
    RandomStream random(seed, m);
    const std::vector<int> rows = Bootstrap(x.rows(), random);
    double sum = 0;
    for (const int row : rows) sum += y[row];
    start_[m] = sum / static_cast<double>(rows.size());
    Eigen::VectorXd residual = y.array() - start_[m];
    for (int round = 0; round < rounds_; ++round) {
      Tree tree;
      tree.Fit(x, residual, rows, options, random);
      for (Eigen::Index row = 0; row < x.rows(); ++row) {
        residual[row] -= kShrinkage * tree.Predict(x, row);
      }
      boosted_[m].push_back(std::move(tree));
    }
  }
}

Prediction BoostedTrees::Predict(const Eigen::MatrixXd& x) const {
  Eigen::MatrixXd by_member(x.rows(), members_);
  for (size_t m = 0; m < boosted_.size(); ++m) {
    for (Eigen::Index row = 0; row < x.rows(); ++row) {
      double value = start_[m];
      for (const Tree& tree : boosted_[m]) value += kShrinkage * tree.Predict(x, row);
      by_member(row, static_cast<Eigen::Index>(m)) = value;
    }
  }
  return Summarise(by_member);
}

}  // namespace nascent::strategy
