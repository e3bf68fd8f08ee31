// Several strategies on one history: each observes all trials, those of the others like a
// program's, and a bandit chooses who proposes next.
//
// The bandit is Thompson sampling on "did the trial improve the front?" (with one objective: the
// best), with Beta posteriors whose counts fade, so that a strategy that was good early does not
// keep its trials for ever. A proposal's reason begins with the name of its strategy; the log tells
// so.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/objectives/pareto.h"
#include "common/status_macros.h"
#include "server/strategy/compose/signed_reason.h"
#include "server/strategy/compose/wrapped.h"
#include "server/strategy/entries.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

// Marsaglia & Tsang 2000; `shape` at least 1.
double Gamma(double shape, RandomStream& random) {
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = random.Normal();
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - random.Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) {
      return d * v;
    }
  }
}

double Beta(double a, double b, RandomStream& random) {
  const double x = Gamma(a, random);
  return x / (x + Gamma(b, random));
}

class Portfolio : public Strategy {
 public:
  struct Arm {
    std::string name;
    Wrapped strategy;
    double improved = 0;  // faded counts of its ended trials
    double failed = 0;
  };

  Portfolio(const Problem& problem, std::vector<Arm> arms, double memory)
      : problem_(problem), arms_(std::move(arms)), fade_(1 - 1 / memory) {}

  Answer Propose(int64_t number) override {
    bool waits = false;
    for (const size_t i : Order(number)) {
      Answer answer = arms_[i].strategy.Propose(number);
      if (auto* proposal = std::get_if<Proposal>(&answer)) {
        proposal->reason = SignedReason(arms_[i].name, proposal->reason);
        return answer;
      }
      waits = waits || std::holds_alternative<Wait>(answer);
    }
    return waits ? Answer(Wait()) : Answer(Exhausted());
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) return Begin(*proposed);
    if (const auto* finished = std::get_if<Finished>(&event)) End(*finished);
    return PassOn(event);
  }

  bool UsesRungs() const override {
    return std::any_of(arms_.begin(), arms_.end(),
                       [](const Arm& arm) { return arm.strategy.UsesRungs(); });
  }
  bool Promotes() const override {
    return std::any_of(arms_.begin(), arms_.end(),
                       [](const Arm& arm) { return arm.strategy.Promotes(); });
  }

 private:
  // All arms, the one that proposes first.
  std::vector<size_t> Order(int64_t number) const {
    RandomStream random = SideStream(problem_, StreamPurpose::kPortfolioChoice, number);
    std::vector<double> drawn;
    for (const Arm& arm : arms_) {
      drawn.push_back(Beta(1 + arm.improved, 1 + arm.failed, random));
    }
    std::vector<size_t> order(arms_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&drawn](size_t a, size_t b) { return drawn[a] > drawn[b]; });
    return order;
  }

  // The arm whose name the reason begins with; -1: none.
  int ArmOf(const Proposed& proposed) const {
    if (proposed.enqueued || proposed.proposal.continues != 0) return -1;
    const std::string& reason = proposed.proposal.reason;
    for (size_t i = 0; i < arms_.size(); ++i) {
      if (reason.rfind(arms_[i].name + ": ", 0) == 0) return static_cast<int>(i);
    }
    return -1;
  }

  StopCommands Begin(const Proposed& proposed) {
    const int own = ArmOf(proposed);
    arm_of_[proposed.trial] = own;
    StopCommands stop;
    for (size_t i = 0; i < arms_.size(); ++i) {
      Proposed seen = proposed;
      seen.enqueued = static_cast<int>(i) != own;
      const StopCommands more = arms_[i].strategy.Observe(seen);
      stop.insert(stop.end(), more.begin(), more.end());
    }
    return stop;
  }

  StopCommands PassOn(const Event& event) {
    StopCommands stop;
    for (Arm& arm : arms_) {
      const StopCommands more = arm.strategy.Observe(event);
      stop.insert(stop.end(), more.begin(), more.end());
    }
    return stop;
  }

  void End(const Finished& finished) {
    const auto arm = arm_of_.extract(finished.trial);
    if (arm.empty() || finished.state == v1::TRIAL_STATE_CANCELLED) return;
    const bool improved = EnterFront(Assess(problem_, finished));
    if (arm.mapped() < 0) return;
    for (Arm& each : arms_) {
      each.improved *= fade_;
      each.failed *= fade_;
    }
    Arm& own = arms_[static_cast<size_t>(arm.mapped())];
    (improved ? own.improved : own.failed) += 1;
  }

  // Whether the outcome is one that nothing before it equals or dominates.
  bool EnterFront(const Outcome& outcome) {
    if (!outcome.feasible()) return false;
    for (const Scores& other : front_) {
      if (other == outcome.scores || objectives::Dominates(other, outcome.scores)) return false;
    }
    std::erase_if(front_, [&outcome](const Scores& other) {
      return objectives::Dominates(outcome.scores, other);
    });
    front_.push_back(outcome.scores);
    return true;
  }

  const Problem problem_;
  std::vector<Arm> arms_;
  const double fade_;
  absl::flat_hash_map<int64_t, int> arm_of_;  // by trial under way; -1: nobody's
  std::vector<Scores> front_;
};

absl::StatusOr<std::unique_ptr<Strategy>> MakePortfolio(const Problem& problem,
                                                        const Settings& settings) {
  std::vector<Portfolio::Arm> arms;
  for (const auto& spec : settings.Raw("strategies").list_value().values()) {
    const std::string& kind = spec.struct_value().fields().begin()->first;
    const auto same = std::count_if(arms.begin(), arms.end(), [&kind](const Portfolio::Arm& arm) {
      return arm.name == kind || arm.name.rfind(kind + "#", 0) == 0;
    });
    NASCENT_ASSIGN_OR_RETURN(
        Wrapped strategy, Wrapped::MakeFrom(problem, spec, "strategies", /*chooses_rungs=*/true));
    arms.push_back({same == 0 ? kind : absl::StrCat(kind, "#", same + 1), std::move(strategy)});
  }
  return std::make_unique<Portfolio>(problem, std::move(arms), settings.Real("memory"));
}

}  // namespace

Entry PortfolioEntry() {
  Entry entry;
  entry.name = "portfolio";
  entry.description =
      "Several strategies share one history; the one that improves the front gets more trials";
  entry.paper = "Thompson 1933; as a portfolio for tuning, Ansel et al. 2014, OpenTuner";
  entry.settings = {
      StrategiesSetting("strategies", {"regularized_evolution", "local_search", "random"},
                        "Who takes part. None that chooses fidelities: wrap the portfolio."),
      RealSetting("memory", 2, 100000, 50,
                  "Trials over which the memory of who improved the front fades."),
  };
  entry.make = MakePortfolio;
  return entry;
}

}  // namespace nascent::strategy
