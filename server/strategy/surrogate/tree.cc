#include "server/strategy/surrogate/tree.h"

#include <algorithm>
#include <cmath>

namespace nascent::strategy {
namespace {

struct Split {
  double gain = 1e-12;
  int feature = -1;
  double threshold = 0;
};

// The best cut of `rows` along one feature, if it beats `best`.
void TryFeature(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, std::vector<int>& rows,
                int feature, const TreeOptions& options, RandomStream& random, Split& best) {
  std::sort(rows.begin(), rows.end(), [&](int a, int b) {
    const double xa = x(a, feature), xb = x(b, feature);
    return xa < xb || (xa == xb && a < b);
  });
  if (x(rows.front(), feature) == x(rows.back(), feature)) return;
  double total = 0;
  for (const int row : rows) total += y[row];
  const double n = static_cast<double>(rows.size());
  double left = 0;
  for (size_t i = 0; i + 1 < rows.size(); ++i) {
    left += y[rows[i]];
    const double low = x(rows[i], feature), high = x(rows[i + 1], feature);
    const double n_left = static_cast<double>(i + 1), n_right = n - n_left;
    if (low == high || n_left < options.min_leaf || n_right < options.min_leaf) continue;
    const double right = total - left;
    const double gain = left * left / n_left + right * right / n_right - total * total / n;
    if (gain <= best.gain) continue;
    const double place = options.random_threshold ? random.Uniform() : 0.5;
    best = {gain, feature, low + place * (high - low)};
  }
}

}  // namespace

void Tree::Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, std::vector<int> rows,
               const TreeOptions& options, RandomStream& random) {
  nodes_.clear();
  struct Open {
    int node;
    int depth;
    std::vector<int> rows;
  };
  std::vector<Open> open;
  nodes_.emplace_back();
  open.push_back({0, 0, std::move(rows)});
  const int64_t features = x.cols();
  const int64_t tried =
      std::max<int64_t>(1, std::llround(options.feature_share * static_cast<double>(features)));
  while (!open.empty()) {
    Open at = std::move(open.back());
    open.pop_back();
    double sum = 0;
    for (const int row : at.rows) sum += y[row];
    nodes_[at.node].value = sum / static_cast<double>(at.rows.size());
    if (at.depth == options.max_depth ||
        static_cast<int>(at.rows.size()) < 2 * std::max(1, options.min_leaf)) {
      continue;
    }
    Split best;
    for (const int64_t feature : random.SampleWithoutReplacement(features, tried)) {
      TryFeature(x, y, at.rows, static_cast<int>(feature), options, random, best);
    }
    if (best.feature < 0) continue;
    Open left{static_cast<int>(nodes_.size()), at.depth + 1, {}};
    Open right{left.node + 1, at.depth + 1, {}};
    for (const int row : at.rows) {
      (x(row, best.feature) <= best.threshold ? left : right).rows.push_back(row);
    }
    nodes_[at.node].feature = best.feature;
    nodes_[at.node].threshold = best.threshold;
    nodes_[at.node].left = left.node;
    nodes_[at.node].right = right.node;
    nodes_.resize(nodes_.size() + 2);
    open.push_back(std::move(left));
    open.push_back(std::move(right));
  }
}

double Tree::Predict(const Eigen::MatrixXd& x, Eigen::Index row) const {
  int at = 0;
  while (nodes_[at].feature >= 0) {
    at = x(row, nodes_[at].feature) <= nodes_[at].threshold ? nodes_[at].left : nodes_[at].right;
  }
  return nodes_[at].value;
}

}  // namespace nascent::strategy
