#include "common/scores/scores.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace nascent::scores {
namespace {

constexpr std::array<ScoreInfo, 12> kScores = {{
    {"epe_nas", true, "how little the input gradients of examples of one class correlate",
     "Lopes et al. 2021, EPE-NAS, section 3"},
    {"fisher", true, "what the loss would lose with each channel, to second order",
     "Turner et al. 2020, BlockSwap, section 3.1; summed as in Abdelfattah et al. 2021"},
    {"grad_norm", true, "sum over layers of the norm of the weights' gradient",
     "Abdelfattah et al. 2021, Zero-Cost Proxies for Lightweight NAS, section 3.2"},
    {"grasp", true, "how much a step along the gradient would keep of the gradient's flow",
     "Wang et al. 2020, Picking Winning Tickets by Preserving Gradient Flow, equation 8; sign as "
     "in "
     "Abdelfattah et al. 2021"},
    {"jacov", true, "how little the input gradients of examples correlate",
     "Mellor et al. 2020, Neural Architecture Search without Training (version 1), section 3"},
    {"l2_norm", false, "sum over layers of the norm of the weights",
     "Abdelfattah et al. 2021, the authors' code"},
    {"nwot", true, "how differently examples switch the ReLUs",
     "Mellor et al. 2021, Neural Architecture Search without Training, section 3"},
    {"plain", true, "sum over weights of weight times gradient",
     "Abdelfattah et al. 2021, the authors' code"},
    {"snip", true, "sum over weights of |weight times gradient|",
     "Lee et al. 2019, SNIP, equation 4; summed as in Abdelfattah et al. 2021"},
    {"synflow", false, "logarithm of the synaptic flow through all weights",
     "Tanaka et al. 2020, Pruning Neural Networks without Any Data, equation 3; summed as in "
     "Abdelfattah et al. 2021"},
    {"zen", false, "logarithm of what a small change of a random input does before the pooling",
     "Lin et al. 2021, Zen-NAS, algorithm 1"},
    {"zico", true, "how large and how steady gradients are over batches",
     "Li et al. 2023, ZiCo, equation 20"},
}};

}  // namespace

std::span<const ScoreInfo> AllScores() { return kScores; }

const ScoreInfo* FindScore(std::string_view name) {
  const auto* found = std::find_if(kScores.begin(), kScores.end(),
                                   [&](const ScoreInfo& score) { return score.name == name; });
  return found == kScores.end() ? nullptr : found;
}

std::string ScoreNames() {
  std::string names;
  for (const ScoreInfo& score : kScores) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(score.name));
  }
  return names;
}

}  // namespace nascent::scores
