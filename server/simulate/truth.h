// What the rows of a table are really worth, whatever a strategy was shown of them.

#ifndef NASCENT_SERVER_SIMULATE_TRUTH_H_
#define NASCENT_SERVER_SIMULATE_TRUTH_H_

#include <string>
#include <vector>

#include "server/strategy/goals/outcome.h"
#include "server/strategy/strategy.h"

namespace nascent::simulate {

// Immutable and thread-safe.
class Truth {
 public:
  Truth() = default;
  // `outcomes` by row; of rows that gave no result or break the search's bounds they are not
  // feasible. `objectives` without a reference get the worst value of all feasible rows.
  Truth(std::vector<strategy::Objective> objectives, std::vector<strategy::Outcome> outcomes);

  // With a reference each.
  const std::vector<strategy::Objective>& objectives() const { return objectives_; }
  // Whether any row is feasible. The rest needs one.
  bool any() const { return any_; }

  // The first objective of a row, in the metric's own direction; NaN where it is not feasible.
  double First(int row) const;
  // The best of that.
  double best() const { return best_; }

  // The hypervolume of all rows above the references; 0 where none is above all of them, or with
  // one objective.
  double hypervolume() const { return hypervolume_; }
  // The hypervolume of these rows as a share of that; NaN where that is 0.
  double Share(const std::vector<int>& rows) const;

 private:
  double Hypervolume(std::vector<std::vector<double>> points) const;

  std::vector<strategy::Objective> objectives_;
  std::vector<strategy::Outcome> outcomes_;
  std::vector<double> reference_;  // as scores: larger is better
  bool any_ = false;
  double best_ = 0;
  double hypervolume_ = 0;
};

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_TRUTH_H_
