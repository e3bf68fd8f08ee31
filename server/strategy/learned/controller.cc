#include "server/strategy/learned/controller.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace nascent::strategy {
namespace {

constexpr int64_t kBins = 10;
constexpr int64_t kMostNumbers = 32;  // a longer range of whole numbers is cut into bins
constexpr double kInitialRange = 0.08;

bool IsBinned(const space::Domain& domain) {
  if (domain.IsList()) return false;
  return domain.kind == space::Domain::Kind::kReal || domain.Size() > kMostNumbers;
}

}  // namespace

Controller::Controller(const space::DecisionSpace& decisions, int hidden, uint64_t seed)
    : decisions_(decisions), hidden_(hidden) {
  int64_t rows = 1;
  for (int i = 0; i < decisions.size(); ++i) {
    first_row_.push_back(rows);
    rows += Choices(i);
    heads_.push_back(
        register_module("head" + std::to_string(i), torch::nn::Linear(hidden, Choices(i))));
  }
  embedding_ = register_module("embedding", torch::nn::Embedding(rows, hidden));
  cell_ = register_module("cell", torch::nn::LSTMCell(hidden, hidden));
  const torch::NoGradGuard no_gradient;
  RandomStream random(seed, 0);
  for (torch::Tensor& parameter : parameters()) {
    std::vector<float> values(static_cast<size_t>(parameter.numel()));
    for (float& value : values) {
      value = static_cast<float>(kInitialRange * (2 * random.Uniform() - 1));
    }
    parameter.copy_(torch::tensor(values).view(parameter.sizes()));
  }
}

int64_t Controller::Choices(int decision) const {
  const space::Domain& domain = decisions_.decisions()[static_cast<size_t>(decision)].domain;
  return IsBinned(domain) ? kBins : domain.Size();
}

int64_t Controller::ChoiceOf(int decision, const space::Value& value) const {
  const space::Domain& domain = decisions_.decisions()[static_cast<size_t>(decision)].domain;
  if (IsBinned(domain)) {
    return std::clamp<int64_t>(static_cast<int64_t>(domain.Position(value) * kBins), 0, kBins - 1);
  }
  const int64_t number = std::get<int64_t>(value);
  return domain.IsList() ? number : number - static_cast<int64_t>(domain.minimum);
}

space::Value Controller::ValueOf(int decision, int64_t choice, RandomStream& random) const {
  const space::Domain& domain = decisions_.decisions()[static_cast<size_t>(decision)].domain;
  if (!IsBinned(domain)) {
    return domain.IsList() ? choice : choice + static_cast<int64_t>(domain.minimum);
  }
  const double position = (static_cast<double>(choice) + random.Uniform()) / kBins;
  const double real = domain.RealAt(position);
  if (domain.kind == space::Domain::Kind::kReal) return real;
  return std::clamp(std::llround(real), std::llround(domain.minimum), std::llround(domain.maximum));
}

Controller::Walk Controller::Start() const {
  return {torch::zeros({1, hidden_}), torch::zeros({1, hidden_}), 0};
}

torch::Tensor Controller::Advance(Walk& walk, int decision) {
  const torch::Tensor input = embedding_->forward(torch::tensor({walk.last_input}));
  std::tie(walk.hidden, walk.cell) = cell_->forward(input, std::make_tuple(walk.hidden, walk.cell));
  return torch::log_softmax(heads_[static_cast<size_t>(decision)]->forward(walk.hidden)[0], 0);
}

void Controller::Take(Walk& walk, int decision, int64_t choice) const {
  walk.last_input = first_row_[static_cast<size_t>(decision)] + choice;
}

space::Genotype Controller::Sample(RandomStream& random) {
  const torch::NoGradGuard no_gradient;
  space::Genotype genotype;
  genotype.values.resize(static_cast<size_t>(decisions_.size()));
  Walk walk = Start();
  for (int i = 0; i < decisions_.size(); ++i) {
    if (!decisions_.IsActive(genotype, i)) continue;
    const torch::Tensor probabilities = Advance(walk, i).exp();
    const float* share = probabilities.data_ptr<float>();
    double left = random.Uniform();
    int64_t choice = 0;
    while (choice + 1 < Choices(i) && left >= share[choice]) left -= share[choice++];
    genotype.values[static_cast<size_t>(i)] = ValueOf(i, choice, random);
    Take(walk, i, choice);
  }
  return genotype;
}

Controller::Score Controller::Evaluate(const space::Genotype& genotype) {
  std::vector<torch::Tensor> chosen, entropies;
  Walk walk = Start();
  for (int i = 0; i < decisions_.size(); ++i) {
    const space::Value& value = genotype.values[static_cast<size_t>(i)];
    if (std::holds_alternative<std::monostate>(value)) continue;
    const torch::Tensor logs = Advance(walk, i);
    const int64_t choice = ChoiceOf(i, value);
    chosen.push_back(logs[choice]);
    entropies.push_back(-(logs * logs.exp()).sum());
    Take(walk, i, choice);
  }
  return {torch::stack(chosen).sum(), torch::stack(entropies).mean()};
}

}  // namespace nascent::strategy
