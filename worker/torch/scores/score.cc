#include "worker/torch/scores/score.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/scores/scores.h"
#include "worker/torch/scores/score_functions.h"

namespace nascent::worker {
namespace {

struct Entry {
  std::string_view name;
  ScoreFunction function;
  // Of the network. float64 where there are gradients: in float32 they differ by some 1e-4 from one
  // implementation to the next.
  at::ScalarType type;
};

constexpr std::array<Entry, 12> kTable = {{
    {"epe_nas", EpeNas, at::kDouble},
    {"fisher", Fisher, at::kDouble},
    {"grad_norm", GradNorm, at::kDouble},
    {"grasp", Grasp, at::kDouble},
    {"jacov", Jacov, at::kDouble},
    {"l2_norm", L2Norm, at::kFloat},
    {"nwot", Nwot, at::kFloat},
    {"plain", Plain, at::kDouble},
    {"snip", Snip, at::kDouble},
    {"synflow", Synflow, at::kDouble},
    {"zen", Zen, at::kFloat},
    {"zico", Zico, at::kDouble},
}};

absl::Status NotApplicable(std::string_view name, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("score ", std::string(name), " does not apply: ", std::string(why)));
}

}  // namespace

absl::StatusOr<double> ComputeScore(std::string_view name, const NetworkModule& network,
                                    const ScoreInput& input) {
  for (const Entry& entry : kTable) {
    if (entry.name != name) continue;
    const at::AutoGradMode gradients(true);
    ScoredNetwork scored(network, entry.type);
    try {
      absl::StatusOr<double> score = entry.function(scored, input);
      if (!score.ok()) return NotApplicable(name, std::string(score.status().message()));
      return score;
    } catch (const c10::Error& error) {
      // An operation without the derivative that the score needs.
      const std::string message = error.what_without_backtrace();
      if (message.find("not implemented") == std::string::npos) throw;
      return NotApplicable(name, message.substr(0, message.find('\n')));
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("score \"", std::string(name), "\": there are ", scores::ScoreNames()));
}

}  // namespace nascent::worker
