// A recurrent policy over the decisions of a space.

#ifndef NASCENT_SERVER_STRATEGY_LEARNED_CONTROLLER_H_
#define NASCENT_SERVER_STRATEGY_LEARNED_CONTROLLER_H_

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/random.h"
#include "common/space/decisions/decision_space.h"

namespace nascent::strategy {

// One LSTM cell walks over the active decisions in their order (Zoph & Le 2017, section 3.1): its
// input is an embedding of the choice before, its output gives the logits of the next one. Lists
// and short ranges of whole numbers have one logit per value; other ranges are cut into ten bins of
// equal (logarithmic) width, and a value is drawn evenly from its bin.
//
//     choice k-1 -> embedding -> LSTM cell -> linear of decision k -> softmax -> choice k
class Controller : public torch::nn::Module {
 public:
  // Weights even in [-0.08, 0.08] (section 4.1 of the paper), keyed by `seed`.
  Controller(const space::DecisionSpace& decisions, int hidden, uint64_t seed);

  space::Genotype Sample(RandomStream& random);

  struct Score {
    torch::Tensor log_probability;  // of the whole genotype; scalar, with gradient
    torch::Tensor entropy;          // mean over its decisions; scalar, with gradient
  };
  Score Evaluate(const space::Genotype& genotype);

 private:
  int64_t Choices(int decision) const;
  int64_t ChoiceOf(int decision, const space::Value& value) const;
  space::Value ValueOf(int decision, int64_t choice, RandomStream& random) const;

  // The LSTM's state while it walks.
  struct Walk {
    torch::Tensor hidden, cell;
    int64_t last_input = 0;  // row of the embedding; 0: the start
  };
  Walk Start() const;
  // Log-probabilities of the choices of a decision: [choices].
  torch::Tensor Advance(Walk& walk, int decision);
  void Take(Walk& walk, int decision, int64_t choice) const;

  const space::DecisionSpace& decisions_;
  const int hidden_;
  std::vector<int64_t> first_row_;  // of each decision's choices in the embedding
  torch::nn::Embedding embedding_{nullptr};
  torch::nn::LSTMCell cell_{nullptr};
  std::vector<torch::nn::Linear> heads_;
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_LEARNED_CONTROLLER_H_
