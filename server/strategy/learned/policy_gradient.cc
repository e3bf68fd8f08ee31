// Reinforcement learning of a recurrent policy: REINFORCE (Williams 1992; for architectures Zoph &
// Le 2017) and PPO (Schulman et al. 2017; for architectures Zoph et al. 2018, appendix A.2).
//
// The reward is the first objective's score or, with several, the mean of all, each in units of its
// own spread so far; the advantage is the reward less a moving average, in units of the rewards'
// spread. Failed trials get the worst reward so far. Asynchronous: each result is learned from when
// it comes, whatever policy proposed it; PPO corrects for that by its clipped ratio.

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/genotype_proto.h"
#include "common/status_macros.h"
#include "server/strategy/entries.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/learned/controller.h"
#include "server/strategy/learned/snapshot.pb.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

struct PolicyOptions {
  int hidden = 64;
  double learning_rate = 0;
  double entropy = 0;   // weight of the bonus
  double baseline = 0;  // decay of the moving average
  int64_t batch = 1;    // results that one update learns from
  int epochs = 1;       // passes over a batch; PPO only
  double clip = 0;      // of the ratio; 0: REINFORCE
};

class PolicyGradient : public Strategy {
 public:
  PolicyGradient(const Problem& problem, const PolicyOptions& options)
      : problem_(problem),
        options_(options),
        controller_(
            std::make_shared<Controller>(problem.space->decisions(), options.hidden, problem.seed)),
        optimizer_(controller_->parameters(), torch::optim::AdamOptions(options.learning_rate)) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    for (int i = 0; i < kMutateEffort; ++i) {
      space::Genotype genotype = controller_->Sample(random);
      if (!IsFeasible(problem_, genotype)) continue;
      Proposal proposal;
      proposal.genotype = std::move(genotype);
      proposal.reason = absl::StrCat("drawn from the policy after ", results_, " results");
      return proposal;
    }
    return ProposeRandom(problem_, random, "random, as the policy draws nothing feasible");
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      const torch::NoGradGuard no_gradient;
      const space::Genotype& genotype = proposed->proposal.genotype;
      pending_[proposed->trial] = {
          genotype, controller_->Evaluate(genotype).log_probability.item<double>(), 0};
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      Finish(*finished);
    }
    return {};
  }

  std::string Snapshot() const override;
  absl::Status Restore(const std::string& snapshot) override;

 private:
  struct Experience {
    space::Genotype genotype;
    double log_probability = 0;
    double reward = 0;
  };

  void Finish(const Finished& finished) {
    auto pending = pending_.extract(finished.trial);
    if (pending.empty() || finished.state == v1::TRIAL_STATE_CANCELLED) return;
    const Outcome outcome = Assess(problem_, finished);
    double reward = worst_;
    if (outcome.usable) {
      reward = -outcome.violation;
      for (const double score : outcome.scores) {
        reward += score / static_cast<double>(outcome.scores.size());
      }
    } else if (results_ == 0) {
      return;  // nothing yet to be worse than
    }
    worst_ = results_ == 0 ? reward : std::min(worst_, reward);
    if (results_ == 0) baseline_ = reward;
    ++results_;
    Experience& experience = pending.mapped();
    experience.reward = reward;
    batch_.push_back(std::move(experience));
    if (static_cast<int64_t>(batch_.size()) < options_.batch) return;
    Learn();
    batch_.clear();
  }

  void Learn() {
    std::vector<double> advantages;
    for (const Experience& experience : batch_) {
      const double off = experience.reward - baseline_;
      baseline_ += (1 - options_.baseline) * off;
      variance_ = results_ <= options_.batch
                      ? std::max(variance_, off * off)
                      : options_.baseline * variance_ + (1 - options_.baseline) * off * off;
      const double spread = std::sqrt(variance_);
      advantages.push_back(spread > 0 ? std::clamp(off / spread, -3.0, 3.0) : 0);
    }
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      std::vector<torch::Tensor> losses;
      for (size_t i = 0; i < batch_.size(); ++i) {
        const Controller::Score score = controller_->Evaluate(batch_[i].genotype);
        losses.push_back(Loss(score, batch_[i].log_probability, advantages[i]));
      }
      optimizer_.zero_grad();
      torch::stack(losses).mean().backward();
      optimizer_.step();
    }
  }

  torch::Tensor Loss(const Controller::Score& score, double old_log_probability,
                     double advantage) const {
    const torch::Tensor bonus = options_.entropy * score.entropy;
    if (options_.clip == 0) return -advantage * score.log_probability - bonus;
    // Equation 7 of the PPO paper.
    const torch::Tensor ratio = (score.log_probability - old_log_probability).exp();
    const torch::Tensor clipped = ratio.clamp(1 - options_.clip, 1 + options_.clip);
    return -torch::min(ratio * advantage, clipped * advantage) - bonus;
  }

  const Problem problem_;
  const PolicyOptions options_;
  std::shared_ptr<Controller> controller_;
  torch::optim::Adam optimizer_;
  int64_t results_ = 0;
  double baseline_ = 0;
  double variance_ = 0;  // moving, of rewards about the baseline
  double worst_ = 0;
  std::map<int64_t, Experience> pending_;
  std::vector<Experience> batch_;
};

std::string PolicyGradient::Snapshot() const {
  PolicySnapshot snapshot;
  std::ostringstream controller, optimizer;
  torch::save(controller_, controller);
  torch::save(optimizer_, optimizer);
  snapshot.set_controller(controller.str());
  snapshot.set_optimizer(optimizer.str());
  snapshot.set_results(results_);
  snapshot.set_baseline(baseline_);
  snapshot.set_variance(variance_);
  snapshot.set_worst(worst_);
  const auto write = [&](int64_t trial, const Experience& from, strategy::Experience* to) {
    to->set_trial(trial);
    *to->mutable_genotype() = space::ToProto(problem_.space->decisions(), from.genotype);
    to->set_log_probability(from.log_probability);
    to->set_reward(from.reward);
  };
  for (const auto& [trial, experience] : pending_) {
    write(trial, experience, snapshot.add_pending());
  }
  for (const Experience& experience : batch_) write(0, experience, snapshot.add_batch());
  return snapshot.SerializeAsString();
}

absl::Status PolicyGradient::Restore(const std::string& bytes) {
  PolicySnapshot snapshot;
  if (!snapshot.ParseFromString(bytes)) return absl::DataLossError("not a snapshot of a policy");
  try {
    std::istringstream controller(snapshot.controller()), optimizer(snapshot.optimizer());
    torch::load(controller_, controller);
    torch::load(optimizer_, optimizer);
  } catch (const c10::Error& error) {
    return absl::DataLossError(
        absl::StrCat("snapshot of a policy: ", error.what_without_backtrace()));
  }
  results_ = snapshot.results();
  baseline_ = snapshot.baseline();
  variance_ = snapshot.variance();
  worst_ = snapshot.worst();
  const auto read = [&](const strategy::Experience& from) -> absl::StatusOr<Experience> {
    NASCENT_ASSIGN_OR_RETURN(auto genotype,
                             space::FromProto(problem_.space->decisions(), from.genotype()));
    return Experience{std::move(genotype), from.log_probability(), from.reward()};
  };
  for (const strategy::Experience& from : snapshot.pending()) {
    NASCENT_ASSIGN_OR_RETURN(pending_[from.trial()], read(from));
  }
  for (const strategy::Experience& from : snapshot.batch()) {
    NASCENT_ASSIGN_OR_RETURN(auto experience, read(from));
    batch_.push_back(std::move(experience));
  }
  return absl::OkStatus();
}

std::vector<Setting> CommonSettings(double learning_rate, double entropy) {
  return {
      IntegerSetting("hidden", 8, 512, 64, "Width of the LSTM."),
      RealSetting("learning_rate", 1e-6, 1, learning_rate, "Of Adam."),
      RealSetting("entropy", 0, 10, entropy, "Weight of the entropy bonus."),
      RealSetting("baseline", 0, 0.9999, 0.95, "Decay of the moving average of rewards."),
  };
}

PolicyOptions FromSettings(const Settings& settings) {
  PolicyOptions options;
  options.hidden = static_cast<int>(settings.Integer("hidden"));
  options.learning_rate = settings.Real("learning_rate");
  options.entropy = settings.Real("entropy");
  options.baseline = settings.Real("baseline");
  return options;
}

}  // namespace

Entry ReinforceEntry() {
  Entry entry;
  entry.name = "reinforce";
  entry.description = "An LSTM policy over the decisions, learned by REINFORCE";
  entry.paper = "Zoph & Le 2017, Neural Architecture Search with Reinforcement Learning";
  entry.settings = CommonSettings(0.001, 0.1);
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<PolicyGradient>(problem, FromSettings(settings));
  };
  return entry;
}

Entry PpoEntry() {
  Entry entry;
  entry.name = "ppo";
  entry.description = "An LSTM policy over the decisions, learned by proximal policy optimisation";
  entry.paper =
      "Zoph et al. 2018, Learning Transferable Architectures; Schulman et al. 2017, Proximal "
      "Policy Optimization Algorithms";
  entry.settings = CommonSettings(0.01, 0.02);
  entry.settings.push_back(IntegerSetting("batch", 1, 1000, 20, "Results of one update."));
  entry.settings.push_back(IntegerSetting("epochs", 1, 100, 4, "Passes over a batch."));
  entry.settings.push_back(RealSetting("clip", 0.01, 1, 0.2, "Of the probability ratio."));
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    PolicyOptions options = FromSettings(settings);
    options.batch = settings.Integer("batch");
    options.epochs = static_cast<int>(settings.Integer("epochs"));
    options.clip = settings.Real("clip");
    return std::make_unique<PolicyGradient>(problem, options);
  };
  return entry;
}

}  // namespace nascent::strategy
