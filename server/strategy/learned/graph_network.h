// An ensemble of graph convolutional networks over architectures.

#ifndef NASCENT_SERVER_STRATEGY_LEARNED_GRAPH_NETWORK_H_
#define NASCENT_SERVER_STRATEGY_LEARNED_GRAPH_NETWORK_H_

#include <torch/torch.h>

#include "server/strategy/surrogate/graph_encoding.h"
#include "server/strategy/surrogate/regressor.h"

namespace nascent::strategy {

// The predictor of Wen et al. 2020, "Neural Predictor for Neural Architecture Search", section 3.2:
// graph convolutions (Kipf & Welling 2017) along the edges and against them, their mean, then the
// mean over the nodes and a hidden layer:
//
//     V_(l+1) = (relu(A V_l W+_l) + relu(A' V_l W-_l)) / 2,  A with self-loops, rows divided by sum
//
// Differs: two convolutions of 48 channels instead of three of 144, AdamW without dropout, the
// squared error of standardised results without a sigmoid, since histories are small; what belongs
// to no node joins at the hidden layer. Three networks from different starts, each on its own order
// of the results; the deviation is theirs. Rows are those of a GraphEncoding.
class GraphNetwork : public Regressor {
 public:
  explicit GraphNetwork(const GraphLayout& layout) : layout_(layout) {}
  void Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) override;
  Prediction Predict(const Eigen::MatrixXd& x) const override;

 private:
  // The parts of rows [n, columns] as tensors.
  struct Graphs {
    torch::Tensor features;  // [n, nodes, features]
    torch::Tensor forward;   // A: [n, nodes, nodes]
    torch::Tensor backward;  // A'
    torch::Tensor share;     // of each node in the mean over those that are there: [n, 1, nodes]
    torch::Tensor others;    // [n, others]
    Graphs Rows(const torch::Tensor& indices) const;
  };
  Graphs Read(const Eigen::MatrixXd& x) const;
  // Of all members at once: [members, n]. `graphs` has as many rows for each member, one member
  // after the other, or (`shared`) the same rows for all.
  torch::Tensor Forward(const Graphs& graphs, bool shared) const;

  const GraphLayout layout_;
  std::vector<torch::Tensor> weights_;  // the first dimension of each is the member
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_LEARNED_GRAPH_NETWORK_H_
