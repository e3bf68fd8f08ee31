// NSGA-II (Deb et al. 2002) and NSGA-III (Deb & Jain 2014), steady-state: each result enters the
// population as it comes in, and the worst leaves when there is one too many, so no worker waits
// for the end of a generation. On decisions instead of real vectors: crossover takes each decision
// from one of two parents, mutation changes each with probability 1 / decisions.

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/strategy/entries.h"
#include "server/strategy/evolution/niching.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

class Nsga : public Strategy {
 public:
  // `directions` is empty for NSGA-II.
  Nsga(const Problem& problem, const Settings& settings,
       std::vector<std::vector<double>> directions)
      : problem_(problem),
        size_(settings.Integer("population")),
        crossover_(settings.Real("crossover")),
        directions_(std::move(directions)) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    const int64_t coming = static_cast<int64_t>(population_.size() + pending_.size());
    if ((!complete_ && coming < size_) || population_.empty()) {
      return ProposeRandom(problem_, random, "random, for the first population");
    }
    for (int i = 0; i < kMutateEffort; ++i) {
      Proposal child = Child(random);
      if (!present_.contains(Fingerprint(child.genotype)) && IsFeasible(problem_, child.genotype)) {
        return child;
      }
    }
    return ProposeRandom(problem_, random, "random, as no child is new and feasible");
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      present_.insert(Fingerprint(proposed->proposal.genotype));
      pending_[proposed->trial] = proposed->proposal.genotype;
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      Finish(*finished);
    }
    return {};
  }

 private:
  struct Member {
    int64_t trial;
    space::Genotype genotype;
    Outcome outcome;
  };

  // Of two different members the one of the earlier front; then NSGA-II takes the less crowded,
  // NSGA-III either.
  const Member& Tournament(RandomStream& random) const {
    const std::vector<int64_t> pair =
        random.SampleWithoutReplacement(static_cast<int64_t>(population_.size()), 2);
    const auto a = static_cast<size_t>(pair.front());
    const auto b = static_cast<size_t>(pair.back());
    if (ranking_.ranks[a] != ranking_.ranks[b]) {
      return population_[ranking_.ranks[a] < ranking_.ranks[b] ? a : b];
    }
    if (!directions_.empty()) return population_[a];
    return population_[ranking_.crowding[a] >= ranking_.crowding[b] ? a : b];
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
        child.genotype = decisions.Crossover(a.genotype, b.genotype, random);
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
      child.genotype = decisions.Mutate(child.genotype, random);
    }
    child.reason =
        absl::StrCat(crossed, "changed in ", DescribeChange(problem_, a.genotype, child.genotype));
    return child;
  }

  void Finish(const Finished& finished) {
    auto pending = pending_.extract(finished.trial);
    if (pending.empty()) return;
    Outcome outcome = Assess(problem_, finished);
    if (!outcome.usable) {
      present_.erase(Fingerprint(pending.mapped()));
      return;
    }
    population_.push_back({finished.trial, std::move(pending.mapped()), std::move(outcome)});
    ranking_ = RankPopulation();
    if (static_cast<int64_t>(population_.size()) > size_) {
      const int victim = Victim();
      present_.erase(Fingerprint(population_[static_cast<size_t>(victim)].genotype));
      population_.erase(population_.begin() + victim);
      ranking_ = RankPopulation();
    }
    complete_ = complete_ || static_cast<int64_t>(population_.size()) == size_;
  }

  Ranking RankPopulation() const {
    std::vector<const Outcome*> outcomes;
    for (const Member& member : population_) outcomes.push_back(&member.outcome);
    return Rank(outcomes);
  }

  int Victim() const {
    const auto worse = [this](size_t a, size_t b) {
      if (ranking_.ranks[a] != ranking_.ranks[b]) return ranking_.ranks[a] > ranking_.ranks[b];
      return ranking_.crowding[a] < ranking_.crowding[b];
    };
    size_t victim = 0;
    for (size_t i = 1; i < population_.size(); ++i) {
      if (worse(i, victim)) victim = i;
    }
    if (directions_.empty() || population_[victim].outcome.violation > 0) {
      return static_cast<int>(victim);
    }
    std::vector<std::vector<double>> points;
    for (const Member& member : population_) points.push_back(member.outcome.scores);
    return NichingVictim(points, ranking_.ranks, directions_);
  }

  const Problem problem_;
  const int64_t size_;
  const double crossover_;
  const std::vector<std::vector<double>> directions_;
  absl::flat_hash_map<int64_t, space::Genotype> pending_;
  absl::flat_hash_set<uint64_t> present_;  // pending or in the population
  std::vector<Member> population_;         // in the order in which they came in
  Ranking ranking_;
  bool complete_ = false;  // the population was full once
};

std::vector<Setting> NsgaSettings(int64_t population) {
  return {
      IntegerSetting("population", 4, 2000, population, "Results that can be parents."),
      RealSetting("crossover", 0, 1, 0.9,
                  "Probability that a child has two parents. The papers' 0.9 and 1."),
  };
}

}  // namespace

Entry Nsga2Entry() {
  Entry entry;
  entry.name = "nsga2";
  entry.description = "Evolution of a Pareto front by non-domination and crowding";
  entry.paper = "Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II";
  entry.settings = NsgaSettings(50);
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
  entry.settings = NsgaSettings(60);
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    const int objectives = static_cast<int>(problem.objectives.size());
    return std::make_unique<Nsga>(
        problem, settings,
        ReferenceDirections(
            objectives, Divisions(objectives, static_cast<int>(settings.Integer("population")))));
  };
  return entry;
}

}  // namespace nascent::strategy
