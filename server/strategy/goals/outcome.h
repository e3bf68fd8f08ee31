// What a finished trial is worth, with all goals turned to "larger is better".

#ifndef NASCENT_SERVER_STRATEGY_GOALS_OUTCOME_H_
#define NASCENT_SERVER_STRATEGY_GOALS_OUTCOME_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/strategy/strategy.h"

namespace nascent::strategy {

// One value per objective.
using Scores = std::vector<double>;

struct Outcome {
  // Whether every objective has a finite value. False for trials that failed or were cancelled
  // before they measured it.
  bool usable = false;
  Scores scores;         // of usable ones; larger is better
  double violation = 0;  // of the outcome constraints, relative to their bounds; 0: feasible

  bool feasible() const { return usable && violation == 0; }
};

// Judges metrics at any time of a trial.
Outcome Assess(const Problem& problem, const std::map<std::string, double>& metrics);
// Judges a trial that ended: FAILED and CANCELLED are not usable whatever they measured; STOPPED
// counts with its last values.
Outcome Assess(const Problem& problem, const Finished& finished);

// Whether a network has a value of the metric without training: a cost or a score.
bool IsKnownUntrained(std::string_view metric);

// Judges a trial that ended at a rung, an index into the problem's, by the goals of AtRung.
Outcome Assess(const Problem& problem, int rung, const Finished& finished);

// Returns the problem as its goals are at a rung. Where that is a score, the score takes the place
// of each objective that only training shows, so that there are as many as ever, and constraints
// on what only training shows do not bind.
Problem AtRung(const Problem& problem, int rung);

// Judges a trial that still runs: what only the cost model knows is taken from Problem::costs.
Outcome Assess(const Problem& problem, const space::Genotype& genotype,
               const std::map<std::string, double>& measured);

// Says whether `a` dominates `b` under the constraints (Deb et al. 2002, definition 1): usable
// before unusable, feasible before infeasible, less violation before more, then Pareto dominance;
// with one objective the larger score. False for equal ones.
bool Better(const Outcome& a, const Outcome& b);

// Returns the index of the best of at least one: least violation, then the largest score; with
// several objectives the first front and there the largest crowding distance. The first of equals.
int BestOf(const std::vector<const Outcome*>& outcomes);

// Fronts and crowding of usable outcomes under constrained domination: the fronts of the feasible
// ones come first, then the infeasible, one front for each amount of violation.
struct Ranking {
  std::vector<int> ranks;
  std::vector<double> crowding;
};
Ranking Rank(const std::vector<const Outcome*>& outcomes);

// Returns the indices of outcomes, best first, for strategies that keep a share of them: usable
// before unusable, then by front, within a front by what a point alone adds to its hypervolume
// (large fronts by crowding); with one objective by score. Of equals the earlier first.
std::vector<int> BestFirst(const std::vector<const Outcome*>& outcomes);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_GOALS_OUTCOME_H_
