#include "server/strategy/learned/graph_network.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/random.h"
#include "server/strategy/entries.h"
#include "server/strategy/surrogate/model_entry.h"

namespace nascent::strategy {
namespace {

constexpr int64_t kMembers = 3;
constexpr int64_t kChannels = 48;
constexpr int64_t kHidden = 64;
constexpr int kLayers = 2;
constexpr int64_t kEpochs = 40;
constexpr int64_t kLeastSteps = 100;  // where an epoch is a step or two
constexpr int64_t kBatch = 32;
constexpr double kRate = 0.01;
constexpr double kDecay = 1e-3;
constexpr int64_t kPredictedAtOnce = 512;

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A with self-loops, each row divided by its sum.
torch::Tensor Normalized(const torch::Tensor& edges) {
  const torch::Tensor loops = edges + torch::eye(edges.size(-1));
  return loops / loops.sum(-1, true);
}

// Even in ±sqrt(6 / (in + out)) (Glorot & Bengio 2010, eq. 16).
torch::Tensor Drawn(RandomStream& random, int64_t in, int64_t out) {
  torch::Tensor weight = torch::empty({kMembers, in, out});
  const double limit = std::sqrt(6.0 / static_cast<double>(in + out));
  float* const values = weight.data_ptr<float>();
  for (int64_t i = 0; i < weight.numel(); ++i) {
    values[i] = static_cast<float>(limit * (2 * random.Uniform() - 1));
  }
  return weight;
}

}  // namespace

GraphNetwork::Graphs GraphNetwork::Graphs::Rows(const torch::Tensor& indices) const {
  return {features.index_select(0, indices), forward.index_select(0, indices),
          backward.index_select(0, indices), share.index_select(0, indices),
          others.index_select(0, indices)};
}

GraphNetwork::Graphs GraphNetwork::Read(const Eigen::MatrixXd& x) const {
  RowMajor rows = x.cast<float>();
  const torch::Tensor all =
      torch::from_blob(rows.data(), {rows.rows(), rows.cols()}, torch::kFloat32).clone();
  const int64_t nodes = layout_.nodes, features = layout_.features;
  Graphs graphs;
  graphs.features = all.narrow(1, 0, nodes * features).reshape({-1, nodes, features});
  const torch::Tensor edges =
      all.narrow(1, nodes * features, nodes * nodes).reshape({-1, nodes, nodes});
  graphs.forward = Normalized(edges);
  graphs.backward = Normalized(edges.transpose(1, 2));
  const torch::Tensor there = (graphs.features.abs().sum(-1) > 0).to(torch::kFloat32);
  graphs.share = (there / there.sum(-1, true).clamp_min(1)).unsqueeze(1);
  graphs.others = all.narrow(1, nodes * (features + nodes), layout_.others);
  return graphs;
}

torch::Tensor GraphNetwork::Forward(const Graphs& graphs, bool shared) const {
  const int64_t rows = shared ? graphs.features.size(0) : graphs.features.size(0) / kMembers;
  // [members, rows, nodes, …]; where rows are shared the first dimension is broadcast.
  const auto by_member = [&](const torch::Tensor& tensor) {
    std::vector<int64_t> shape = {shared ? 1 : kMembers, rows};
    for (int64_t d = 1; d < tensor.dim(); ++d) shape.push_back(tensor.size(d));
    return tensor.reshape(shape);
  };
  torch::Tensor at = by_member(graphs.features);
  const torch::Tensor forward = by_member(graphs.forward), backward = by_member(graphs.backward);
  size_t next = 0;
  // A V W: weights [members, 1, in, out].
  const auto convolve = [&](const torch::Tensor& edges) {
    const torch::Tensor moved = torch::matmul(at, weights_[next].unsqueeze(1));
    ++next;
    return torch::relu(torch::matmul(edges, moved) + weights_[next++].unsqueeze(1));
  };
  for (int layer = 0; layer < kLayers; ++layer) {
    const torch::Tensor along = convolve(forward);
    const torch::Tensor against = convolve(backward);
    at = (along + against) / 2;
  }
  // [members, rows, channels]
  torch::Tensor pooled = torch::matmul(by_member(graphs.share), at).squeeze(-2);
  const torch::Tensor others =
      by_member(graphs.others).expand({kMembers, rows, graphs.others.size(1)});
  pooled = torch::cat({pooled, others}, -1);
  const torch::Tensor hidden =
      torch::relu(torch::matmul(pooled, weights_[next]) + weights_[next + 1]);
  return (torch::matmul(hidden, weights_[next + 2]) + weights_[next + 3]).squeeze(-1);
}

void GraphNetwork::Fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, uint64_t seed) {
  RandomStream random(seed, 0);
  weights_.clear();
  const auto layer = [&](int64_t in, int64_t out) {
    weights_.push_back(Drawn(random, in, out));
    weights_.push_back(torch::zeros({kMembers, 1, out}));
  };
  for (int i = 0; i < kLayers; ++i) {
    for (int direction = 0; direction < 2; ++direction) {
      layer(i == 0 ? layout_.features : kChannels, kChannels);
    }
  }
  layer(kChannels + layout_.others, kHidden);
  layer(kHidden, 1);
  for (torch::Tensor& weight : weights_) weight.set_requires_grad(true);

  const Graphs graphs = Read(x);
  Eigen::VectorXf values = y.cast<float>();
  const torch::Tensor wanted =
      torch::from_blob(values.data(), {values.size()}, torch::kFloat32).clone();
  torch::optim::AdamW optimizer(weights_, torch::optim::AdamWOptions(kRate).weight_decay(kDecay));
  const int64_t batch = std::min<int64_t>(kBatch, x.rows());
  const int64_t steps = std::max(kLeastSteps, kEpochs * x.rows() / batch);
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<int64_t> chosen;
    for (int64_t member = 0; member < kMembers; ++member) {
      const auto rows = random.SampleWithoutReplacement(x.rows(), batch);
      chosen.insert(chosen.end(), rows.begin(), rows.end());
    }
    const torch::Tensor indices = torch::tensor(chosen, torch::kInt64);
    const double progress = static_cast<double>(step) / static_cast<double>(steps);
    for (auto& group : optimizer.param_groups()) {
      group.options().set_lr(kRate * 0.5 * (1 + std::cos(M_PI * progress)));
    }
    optimizer.zero_grad();
    const torch::Tensor error = Forward(graphs.Rows(indices), false) -
                                wanted.index_select(0, indices).reshape({kMembers, batch});
    // Each member has its own weights: their losses add up.
    error.square().mean(1).sum().backward();
    optimizer.step();
  }
  for (torch::Tensor& weight : weights_) weight.set_requires_grad(false);
}

Prediction GraphNetwork::Predict(const Eigen::MatrixXd& x) const {
  const torch::NoGradGuard no_gradient;
  Prediction prediction{Eigen::VectorXd(x.rows()), Eigen::VectorXd(x.rows())};
  for (Eigen::Index start = 0; start < x.rows(); start += kPredictedAtOnce) {
    const Eigen::Index count = std::min<Eigen::Index>(kPredictedAtOnce, x.rows() - start);
    const torch::Tensor by_member =
        Forward(Read(x.middleRows(start, count)), true).to(torch::kFloat64);
    const torch::Tensor mean = by_member.mean(0).contiguous();
    const torch::Tensor deviation = by_member.std(0, /*unbiased=*/true).contiguous();
    for (Eigen::Index i = 0; i < count; ++i) {
      prediction.mean[start + i] = mean.data_ptr<double>()[i];
      prediction.deviation[start + i] = deviation.data_ptr<double>()[i];
    }
  }
  return prediction;
}

Entry GraphNetworkEntry() {
  Entry entry =
      ModelEntry({"graph_network", "Graph convolutional networks predict results",
                  "Wen et al. 2020, Neural Predictor for Neural Architecture Search", 300, 2000},
                 "expected_improvement");
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    SurrogateOptions options = FromSettings("a graph network", settings);
    const std::shared_ptr<const GraphEncoding> encoding = MakeGraphEncoding(*problem.space);
    options.encoding = encoding;
    options.make = [layout = encoding->layout()] { return std::make_unique<GraphNetwork>(layout); };
    return MakeSurrogateSearch(problem, std::move(options));
  };
  return entry;
}

}  // namespace nascent::strategy
