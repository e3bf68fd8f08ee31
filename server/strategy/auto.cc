// The default: a strategy chosen by a documented rule from what is known of the search.

#include <algorithm>
#include <utility>

#include "server/strategy/entries.h"

namespace nascent::strategy {
namespace {

using google::protobuf::Value;

Value Spec(const std::string& name, const std::vector<std::pair<std::string, double>>& settings) {
  Value spec;
  auto& fields = *(*spec.mutable_struct_value()->mutable_fields())[name]
                      .mutable_struct_value()
                      ->mutable_fields();
  for (const auto& [setting, value] : settings) fields[setting].set_number_value(value);
  return spec;
}

Value Choose(const Problem& problem) {
  // A quarter of a short budget fills the population; a long one leaves room for the paper's form.
  const int64_t budget = problem.budget_trials;
  const int64_t population = budget == 0 ? 50 : std::clamp<int64_t>(budget / 4, 4, 50);
  const int64_t sample = std::max<int64_t>(2, population / 5);
  return Spec("regularized_evolution", {{"population", static_cast<double>(population)},
                                        {"sample", static_cast<double>(sample)}});
}

}  // namespace

Entry AutoEntry() {
  Entry entry;
  entry.name = "auto";
  entry.description = "The default: chooses by a documented rule from the search's own facts";
  entry.make = [](const Problem& problem, const Settings&) {
    return MakeNested(Choose(problem), problem, "auto");
  };
  return entry;
}

}  // namespace nascent::strategy
