// A regression tree, the part that forests and boosting share.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_TREE_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_TREE_H_

#include <Eigen/Core>
#include <vector>

#include "common/random.h"

namespace nascent::strategy {

struct TreeOptions {
  int max_depth = 20;
  int min_leaf = 1;               // rows in a leaf
  double feature_share = 1;       // of the features tried at a split, at least one
  bool random_threshold = false;  // a random cut between two neighbours instead of their middle
};

// CART (Breiman et al. 1984): each split is the one that lowers the squared error most.
class Tree {
 public:
  // On the given rows of x: [n, d] and y: [n]; a row may stand there several times.
  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, std::vector<int> rows,
           const TreeOptions& options, RandomStream& random);
  double Predict(const Eigen::MatrixXd& x, Eigen::Index row) const;

 private:
  struct Node {
    int feature = -1;  // -1: a leaf
    double threshold = 0;
    double value = 0;
    int left = 0;  // x[feature] <= threshold
    int right = 0;
  };
  std::vector<Node> nodes_;
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_TREE_H_
