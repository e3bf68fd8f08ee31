// NSGA-II (Deb et al. 2002) and NSGA-III (Deb & Jain 2014), steady-state: each result enters the
// population as it comes in, and the worst leaves when there is one too many, so no worker waits
// for the end of a generation. Crossover takes each decision from one of two parents, mutation
// changes each with probability 1 / decisions; numbers are crossed and mutated as numbers
// (variation.h). A network that gave a result is not proposed again: its twin would crowd the
// front.

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/strategy/entries.h"
#include "server/strategy/evolution/niching.h"
#include "server/strategy/evolution/population.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"
#include "server/strategy/variation.h"

namespace nascent::strategy {
namespace {

constexpr int64_t kLeastPopulation = 4;

int64_t PopulationSize(const Problem& problem, const Settings& settings) {
  const int64_t population = settings.Integer("population");
  if (population > 0) return population;
  return problem.budget_trials > 0 ? std::clamp<int64_t>(problem.budget_trials / 8, 20, 100) : 50;
}

class Nsga : public Strategy {
 public:
  // `directions` is empty for NSGA-II.
  Nsga(const Problem& problem, const Settings& settings,
       std::vector<std::vector<double>> directions)
      : problem_(problem),
        population_(problem, PopulationSize(problem, settings)),
        crossover_(settings.Real("crossover")),
        directions_(std::move(directions)) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    if (population_.IsFilling()) {
      return ProposeRandom(problem_, random, "random, for the first population");
    }
    for (int i = 0; i < kMutateEffort; ++i) {
      Proposal child = Child(random);
      if (!population_.Knows(child.genotype) && IsFeasible(problem_, child.genotype)) {
        return child;
      }
    }
    return ProposeRandom(problem_, random, "random, as no child is new and feasible");
  }

  StopCommands Observe(const Event& event) override {
    if (!population_.Observe(event)) return {};
    ranking_ = RankPopulation();
    if (population_.IsOverfull()) {
      population_.Remove(Victim());
      ranking_ = RankPopulation();
    }
    return {};
  }

 private:
  using Member = Population::Member;

  // Of two different members the one of the earlier front; then NSGA-II takes the less crowded,
  // NSGA-III either.
  const Member& Tournament(RandomStream& random) const {
    const auto& members = population_.members();
    const std::vector<int64_t> pair =
        random.SampleWithoutReplacement(static_cast<int64_t>(members.size()), 2);
    const auto a = static_cast<size_t>(pair.front());
    const auto b = static_cast<size_t>(pair.back());
    if (ranking_.ranks[a] != ranking_.ranks[b]) {
      return members[ranking_.ranks[a] < ranking_.ranks[b] ? a : b];
    }
    if (!directions_.empty()) return members[a];
    return members[ranking_.crowding[a] >= ranking_.crowding[b] ? a : b];
  }

  Proposal Child(RandomStream& random) const {
    const space::DecisionSpace& decisions = problem_.space->decisions();
    const Member& a = Tournament(random);
    Proposal child;
    child.genotype = a.genotype;
    child.parents = {a.trial};
    if (random.Uniform() < crossover_) {
      const Member& b = Tournament(random);
      if (b.trial != a.trial) {
        child.genotype = Crossover(decisions, a.genotype, b.genotype, random);
        child.parents.push_back(b.trial);
      }
    }
    const std::string crossed = child.parents.size() == 2 ? "crossover, " : "";
    int mutations = 0;
    for (int i = 0; i < decisions.size(); ++i) {
      if (random.Below(static_cast<uint64_t>(decisions.size())) == 0) ++mutations;
    }
    if (child.genotype == a.genotype) mutations = std::max(mutations, 1);
    for (int i = 0; i < mutations; ++i) {
      child.genotype = Mutate(decisions, child.genotype, random);
    }
    child.reason =
        absl::StrCat(crossed, "changed in ", DescribeChange(problem_, a.genotype, child.genotype));
    return child;
  }

  Ranking RankPopulation() const {
    std::vector<const Outcome*> outcomes;
    for (const Member& member : population_.members()) outcomes.push_back(&member.outcome);
    return Rank(outcomes);
  }

  size_t Victim() const {
    const auto& members = population_.members();
    const auto worse = [this](size_t a, size_t b) {
      if (ranking_.ranks[a] != ranking_.ranks[b]) return ranking_.ranks[a] > ranking_.ranks[b];
      return ranking_.crowding[a] < ranking_.crowding[b];
    };
    size_t victim = 0;
    for (size_t i = 1; i < members.size(); ++i) {
      if (worse(i, victim)) victim = i;
    }
    if (directions_.empty() || members[victim].outcome.violation > 0) {
      return victim;
    }
    std::vector<std::vector<double>> points;
    for (const Member& member : population_.members()) points.push_back(member.outcome.scores);
    return static_cast<size_t>(NichingVictim(points, ranking_.ranks, directions_));
  }

  const Problem problem_;
  Population population_;
  const double crossover_;
  const std::vector<std::vector<double>> directions_;
  Ranking ranking_;  // of the population
};

std::vector<Setting> NsgaSettings() {
  return {
      IntegerSetting(
          "population", 0, 2000, 0,
          "Results that can be parents, at least 4; 0: an eighth of the budget's trials, "
          "from 20 to 100, and 50 without a budget."),
      RealSetting("crossover", 0, 1, 0.9,
                  "Probability that a child has two parents. The papers' 0.9 and 1."),
  };
}

absl::Status CheckPopulation(const Settings& settings) {
  const int64_t population = settings.Integer("population");
  if (population == 0 || population >= kLeastPopulation) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "population: found ", population, ", allowed are 0 or ", kLeastPopulation, " to 2000"));
}

}  // namespace

Entry Nsga2Entry() {
  Entry entry;
  entry.name = "nsga2";
  entry.description = "Evolution of a Pareto front by non-domination and crowding";
  entry.paper = "Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II";
  entry.settings = NsgaSettings();
  entry.check = CheckPopulation;
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<Nsga>(problem, settings, std::vector<std::vector<double>>());
  };
  return entry;
}

Entry Nsga3Entry() {
  Entry entry;
  entry.name = "nsga3";
  entry.description = "Evolution of a Pareto front along directions spread over many objectives";
  entry.paper =
      "Deb & Jain 2014, An Evolutionary Many-Objective Optimization Algorithm Using "
      "Reference-Point-Based Nondominated Sorting Approach, Part I";
  entry.settings = NsgaSettings();
  entry.check = CheckPopulation;
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    const int objectives = static_cast<int>(problem.objectives.size());
    return std::make_unique<Nsga>(
        problem, settings,
        ReferenceDirections(objectives, Divisions(objectives, static_cast<int>(PopulationSize(
                                                                  problem, settings)))));
  };
  return entry;
}

}  // namespace nascent::strategy
