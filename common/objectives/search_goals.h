// A search's objectives and constraints, applied to what a trial measured. The coordinator's
// standing and the client's front judge by this one page.

#ifndef NASCENT_COMMON_OBJECTIVES_SEARCH_GOALS_H_
#define NASCENT_COMMON_OBJECTIVES_SEARCH_GOALS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "nascent/v1/search.pb.h"

namespace nascent::objectives {

// Gives a trial's value of a metric; nothing where it has none.
using MetricReader = absl::FunctionRef<std::optional<double>(const std::string&)>;

class SearchGoals {
 public:
  explicit SearchGoals(const v1::SearchSpec& spec);

  // Returns a value per objective, larger is better; nothing where one is missing or not finite.
  std::optional<std::vector<double>> Scores(MetricReader metric) const;

  // Says whether the constraints on results are kept. Those that are arithmetic over costs are not
  // asked: they held before the trial ran.
  bool IsFeasible(MetricReader metric) const;

  const std::vector<v1::Objective>& objectives() const { return objectives_; }

 private:
  std::vector<v1::Objective> objectives_;
  std::vector<v1::Constraint> constraints_;  // on results
};

}  // namespace nascent::objectives

#endif  // NASCENT_COMMON_OBJECTIVES_SEARCH_GOALS_H_
