// Successive halving (Jamieson & Talwalkar 2016) and Hyperband (Li et al. 2018), synchronous: the
// best of a rung go on when all of it have ended. Brackets follow one another without end, and a
// free worker begins the next bracket while those before it wait for results, as far as these leave
// something of the budget of trials. The last bracket is as small as what is left of that.

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/strategy/compose/wrapped.h"
#include "server/strategy/entries.h"
#include "server/strategy/fidelity/brackets.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

// Of a ladder (server/engine/resolve/fidelity_ladder.cc).
constexpr int64_t kMostRungs = 64;

class Halving : public Strategy {
 public:
  // Of the new genotypes a share of `random_share` is random, whatever the inner strategy learned.
  Halving(const Problem& problem, std::vector<BracketShape> shapes, double random_share,
          Wrapped inner)
      : problem_(problem),
        shapes_(std::move(shapes)),
        scores_(
            static_cast<int>(std::count_if(problem.rungs.begin(), problem.rungs.end(),
                                           [](const Rung& rung) { return !rung.metric.empty(); }))),
        random_share_(random_share),
        inner_(std::move(inner)) {}

  Answer Propose(int64_t number) override {
    for (const auto& [id, bracket] : brackets_) {
      if (!bracket.promotions.empty()) return Promotion(bracket);
      if (WantsNew(bracket)) return ProposeNew(number, bracket.shape.first_rung);
    }
    if (!calibrations_.empty()) return Calibration();
    // What the open brackets need is theirs.
    if (!running_.empty() && Left() <= 0) return Wait();
    return ProposeNew(number, shapes_[next_ % shapes_.size()].first_rung);
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      if (!proposed->enqueued) Begin(*proposed);
      if (IsCharged(proposed->proposal.rung)) {
        ++charged_;
        open_.insert(proposed->trial);
      }
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      const bool was_charged = open_.erase(finished->trial) > 0;
      if (was_charged && finished->state == v1::TRIAL_STATE_CANCELLED) --charged_;
      End(*finished);
    }
    return inner_.Observe(event);
  }

  bool UsesRungs() const override { return true; }
  bool Promotes() const override { return true; }

 private:
  struct Ended {
    int64_t trial;
    space::Genotype genotype;
    Outcome outcome;
  };
  struct Bracket {
    BracketShape shape;
    size_t level = 0;     // rung - first_rung
    int64_t started = 0;  // at this level
    int64_t running = 0;
    std::vector<Ended> ended;       // at this level
    std::vector<Ended> promotions;  // to this level, not begun; the best last
  };
  // A loser that goes up, and from where.
  struct Loser {
    Ended trial;
    int rung;
  };
  struct Running {
    int64_t bracket;
    space::Genotype genotype;
  };

  static bool WantsNew(const Bracket& bracket) {
    return bracket.level == 0 && bracket.started < bracket.shape.sizes[0];
  }

  // Whether a budget of trials counts one at this rung; -1 is the last.
  bool IsCharged(int rung) const { return rung < 0 || rung >= scores_; }

  // Returns the trials of the budget that neither were proposed nor are needed by open brackets.
  int64_t Left() const {
    if (problem_.budget_trials == 0) return std::numeric_limits<int64_t>::max();
    int64_t left = problem_.budget_trials - charged_;
    for (const Loser& each : calibrations_) left -= IsCharged(each.rung + 1) ? 1 : 0;
    for (const auto& [id, bracket] : brackets_) {
      left -= NeededAbove(bracket.shape, bracket.level);
      if (!IsCharged(RungOf(bracket, bracket.level))) continue;
      left -= WantsNew(bracket) ? bracket.shape.sizes[0] - bracket.started
                                : static_cast<int64_t>(bracket.promotions.size());
    }
    return left;
  }

  // Returns how many trials a budget counts above the level of a bracket, losers included.
  int64_t NeededAbove(const BracketShape& shape, size_t level) const {
    int64_t needed = 0;
    for (size_t i = level + 1; i < shape.sizes.size(); ++i) {
      if (!IsCharged(shape.first_rung + static_cast<int>(i))) continue;
      needed += shape.sizes[i] + LosersOf(shape, i - 1);
    }
    return needed;
  }

  // Returns how many losers go up from the level of a bracket.
  int64_t LosersOf(const BracketShape& shape, size_t level) const {
    const int64_t losers = shape.sizes[level] - shape.sizes[level + 1];
    return std::clamp<int64_t>(losers, 0, problem_.calibrate);
  }

  // Returns the next bracket's shape, as small as what is left of the budget.
  BracketShape NextShape() const {
    const BracketShape& shape = shapes_[next_ % shapes_.size()];
    int64_t left = std::max<int64_t>(Left(), 0);
    for (size_t i = 1; i < shape.sizes.size(); ++i) {
      if (IsCharged(shape.first_rung + static_cast<int>(i))) left -= LosersOf(shape, i - 1);
    }
    return FitToBudget(shape, scores_, left);
  }

  static int RungOf(const Bracket& bracket, size_t level) {
    return bracket.shape.first_rung + static_cast<int>(level);
  }

  Proposal Promotion(const Bracket& bracket) const {
    const Ended& best = bracket.promotions.back();
    Proposal proposal;
    proposal.genotype = best.genotype;
    proposal.rung = RungOf(bracket, bracket.level);
    proposal.continues = best.trial;
    proposal.parents = {best.trial};
    proposal.reason = absl::StrCat("promoted to rung ", proposal.rung, ", one of ",
                                   bracket.shape.sizes[bracket.level]);
    return proposal;
  }

  Proposal Calibration() const {
    const Loser& loser = calibrations_.front();
    Proposal proposal;
    proposal.genotype = loser.trial.genotype;
    proposal.rung = loser.rung + 1;
    proposal.continues = loser.trial.trial;
    proposal.parents = {loser.trial.trial};
    proposal.reason =
        absl::StrCat(std::string(kCalibrates), loser.rung, ": one that it did not let up");
    return proposal;
  }

  Answer ProposeNew(int64_t number, int rung) {
    RandomStream random = SideStream(problem_, StreamPurpose::kRandomShare, number);
    Answer answer = random.Uniform() < random_share_
                        ? ProposeRandom(problem_, random, "random, as a share of all is")
                        : inner_.Propose(number);
    if (auto* proposal = std::get_if<Proposal>(&answer)) {
      proposal->rung = rung;
      return answer;
    }
    if (std::holds_alternative<Wait>(answer)) return answer;
    // No new genotypes: a bracket whose trials have all ended goes on with what it has.
    for (const auto& [id, bracket] : brackets_) {
      if (bracket.running > 0) continue;
      Bracket advanced = bracket;
      if (Advance(advanced)) return Promotion(advanced);
    }
    return running_.empty() ? answer : Answer(Wait());
  }

  // To the next level, with the best of this one; false when nothing is left to go on.
  static bool Advance(Bracket& bracket) {
    if (bracket.level + 1 >= bracket.shape.sizes.size()) return false;
    std::vector<const Outcome*> outcomes;
    for (const Ended& each : bracket.ended) outcomes.push_back(&each.outcome);
    ++bracket.level;
    const auto size = static_cast<size_t>(bracket.shape.sizes[bracket.level]);
    bracket.promotions.clear();
    for (const int i : BestFirst(outcomes)) {
      const Ended& each = bracket.ended[static_cast<size_t>(i)];
      if (bracket.promotions.size() == size || !each.outcome.usable) break;
      bracket.promotions.push_back(each);
    }
    std::reverse(bracket.promotions.begin(), bracket.promotions.end());
    bracket.ended.clear();
    bracket.started = 0;
    return !bracket.promotions.empty();
  }

  // To the next level of bracket `id`, and some that are left behind with them, where it is due.
  bool GoOn(int64_t id, Bracket& bracket) {
    std::vector<Ended> ended;
    if (problem_.calibrate > 0) ended = bracket.ended;
    const size_t level = bracket.level;
    const bool advanced = Advance(bracket);
    if (bracket.level == level) return advanced;
    absl::flat_hash_set<int64_t> promoted;
    for (const Ended& each : bracket.promotions) promoted.insert(each.trial);
    std::erase_if(ended, [&promoted](const Ended& each) {
      return !each.outcome.usable || promoted.contains(each.trial);
    });
    RandomStream random = SideStream(problem_, StreamPurpose::kCalibration,
                                     id * kMostRungs + static_cast<int64_t>(level));
    for (int64_t left = LosersOf(bracket.shape, level); left > 0 && !ended.empty(); --left) {
      const auto drawn = ended.begin() + static_cast<int64_t>(random.Below(ended.size()));
      calibrations_.push_back({std::move(*drawn), RungOf(bracket, level)});
      ended.erase(drawn);
    }
    return advanced;
  }

  void Begin(const Proposed& proposed) {
    const Proposal& proposal = proposed.proposal;
    const auto calibration = std::find_if(
        calibrations_.begin(), calibrations_.end(),
        [&proposal](const Loser& each) { return each.trial.trial == proposal.continues; });
    if (calibration != calibrations_.end()) {
      calibrations_.erase(calibration);
      return;
    }
    std::optional<int64_t> id;
    if (proposal.continues != 0) {
      id = BracketOfPromotion(proposal);
      if (!id.has_value()) return;
      Bracket& bracket = brackets_[*id];
      std::erase_if(bracket.promotions,
                    [&proposal](const Ended& each) { return each.trial == proposal.continues; });
    } else {
      for (const auto& [each, bracket] : brackets_) {
        if (bracket.promotions.empty() && WantsNew(bracket)) {
          id = each;
          break;
        }
      }
      if (!id.has_value()) {
        id = next_;
        BracketShape shape = NextShape();
        brackets_[*id].shape = std::move(shape);
        ++next_;
      }
    }
    Bracket& bracket = brackets_[*id];
    ++bracket.started;
    ++bracket.running;
    running_[proposed.trial] = {*id, proposal.genotype};
  }

  // The bracket in which this promotion stands next, advanced where its new trials ran out.
  std::optional<int64_t> BracketOfPromotion(const Proposal& proposal) {
    const auto names = [&proposal](const std::vector<Ended>& list) {
      return std::any_of(list.begin(), list.end(), [&proposal](const Ended& each) {
        return each.trial == proposal.continues;
      });
    };
    for (auto& [id, bracket] : brackets_) {
      if (names(bracket.promotions)) return id;
      if (names(bracket.ended)) {
        GoOn(id, bracket);
        return id;
      }
    }
    return std::nullopt;
  }

  void End(const Finished& finished) {
    auto running = running_.extract(finished.trial);
    if (running.empty()) return;
    const int64_t id = running.mapped().bracket;
    Bracket& bracket = brackets_[id];
    --bracket.running;
    bracket.ended.push_back({finished.trial, std::move(running.mapped().genotype),
                             Assess(problem_, RungOf(bracket, bracket.level), finished)});
    if (bracket.running > 0 || !bracket.promotions.empty() || WantsNew(bracket)) return;
    if (!GoOn(id, bracket)) brackets_.erase(id);
  }

  const Problem problem_;
  const std::vector<BracketShape> shapes_;
  const int scores_;  // rungs that are scores without training, the first ones
  const double random_share_;
  Wrapped inner_;
  std::map<int64_t, Bracket> brackets_;  // open ones, by their order
  std::deque<Loser> calibrations_;       // not begun
  int64_t next_ = 0;                     // of the next bracket
  absl::flat_hash_map<int64_t, Running> running_;
  int64_t charged_ = 0;                // trials that count against the budget, open ones included
  absl::flat_hash_set<int64_t> open_;  // of these
};

absl::StatusOr<std::unique_ptr<Strategy>> MakeHalving(const Problem& problem,
                                                      const Settings& settings,
                                                      std::vector<BracketShape> shapes) {
  const absl::Status ladder = CheckLadder(problem);
  if (!ladder.ok()) return ladder;
  absl::StatusOr<Wrapped> inner = Wrapped::MakeForLadder(problem, settings.Raw("of"), "of");
  if (!inner.ok()) return inner.status();
  return std::make_unique<Halving>(problem, std::move(shapes), /*random_share=*/0,
                                   *std::move(inner));
}

Setting Factor() {
  return RealSetting("reduction_factor", 1.1, 1000, 3,
                     "One of so many goes on from each rung. The papers' 3.");
}

Setting Of() { return StrategySetting("of", "random", "The strategy that proposes genotypes."); }

}  // namespace

Entry SuccessiveHalvingEntry() {
  Entry entry;
  entry.name = "successive_halving";
  entry.description = "Many begin at the lowest rung, the best of each go on; synchronous";
  entry.paper =
      "Jamieson & Talwalkar 2016, Non-stochastic Best Arm Identification and Hyperparameter "
      "Optimization";
  entry.settings = {Factor(),
                    IntegerSetting("configurations", 0, 1000000, 0,
                                   "That begin; 0: as many as leave one at the last rung."),
                    Of()};
  entry.sets_rungs = true;
  entry.make = [](const Problem& problem, const Settings& settings) {
    const int rungs = static_cast<int>(problem.rungs.size());
    const double factor = settings.Real("reduction_factor");
    int64_t configurations = settings.Integer("configurations");
    if (configurations == 0) {
      configurations =
          static_cast<int64_t>(std::ceil(std::min(1e6, std::pow(factor, rungs - 1)) - 1e-9));
    }
    return MakeHalving(problem, settings, {HalvingShape(0, rungs, factor, configurations)});
  };
  return entry;
}

Entry HyperbandEntry() {
  Entry entry;
  entry.name = "hyperband";
  entry.description = "Brackets of successive halving that begin at different rungs; synchronous";
  entry.paper =
      "Li et al. 2018, Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization";
  entry.settings = {Factor(), Of()};
  entry.sets_rungs = true;
  entry.make = [](const Problem& problem, const Settings& settings) {
    return MakeHalving(
        problem, settings,
        HyperbandShapes(static_cast<int>(problem.rungs.size()), settings.Real("reduction_factor")));
  };
  return entry;
}

Entry BohbEntry() {
  Entry entry;
  entry.name = "bohb";
  entry.description = "Hyperband whose new genotypes come from TPE over the highest rung it knows";
  entry.paper =
      "Falkner et al. 2018, BOHB: Robust and Efficient Hyperparameter Optimization at Scale";
  entry.settings = {Factor(), RealSetting("random_share", 0, 1, 1.0 / 3,
                                          "Share of the new genotypes that is random all the "
                                          "same. The paper's 1/3.")};
  entry.sets_rungs = true;
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    const absl::Status ladder = CheckLadder(problem);
    if (!ladder.ok()) return ladder;
    google::protobuf::Value spec;
    (*spec.mutable_struct_value()->mutable_fields())["tpe"].mutable_struct_value();
    absl::StatusOr<Wrapped> tpe = Wrapped::MakeForLadder(problem, spec, "tpe");
    if (!tpe.ok()) return tpe.status();
    return std::make_unique<Halving>(
        problem,
        HyperbandShapes(static_cast<int>(problem.rungs.size()), settings.Real("reduction_factor")),
        settings.Real("random_share"), *std::move(tpe));
  };
  return entry;
}

}  // namespace nascent::strategy
