// Bounds on what the cost model knows of a network, or on arithmetic over it:
// "parameters / 1e6 + multiply_accumulates / 1e9 <= 3".

#ifndef NASCENT_COMMON_SPACE_COST_BOUND_H_
#define NASCENT_COMMON_SPACE_COST_BOUND_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/space/language/expression.h"
#include "common/space/space.h"

namespace nascent::space {

// Costs by name.
using NamedCosts = std::map<std::string, double>;

// The names: parameters, multiply_accumulates, …, as in v1::Costs.
std::span<const std::string_view> CostNames();
// Returns whether it is one of them.
bool IsCostName(std::string_view name);
NamedCosts ToNamedCosts(const ArchitectureCosts& costs);

// A cost, or arithmetic over costs as templates write it.
class CostFormula {
 public:
  // INVALID_ARGUMENT: what was found and what is allowed. It names at least one cost and gives a
  // number.
  static absl::StatusOr<CostFormula> Parse(std::string_view text);
  // Whether `text` is arithmetic over costs, and not a name alone.
  static bool IsArithmetic(std::string_view text);

  const std::string& text() const { return text_; }
  // NOT_FOUND: a cost that it names is not in `costs`. INVALID_ARGUMENT: an arithmetic error, such
  // as a division by zero.
  absl::StatusOr<double> Value(const NamedCosts& costs) const;

 private:
  std::string text_;
  ExpressionPtr expression_;
};

struct CostBound {
  // "FORMULA <= NUMBER" or "FORMULA >= NUMBER". INVALID_ARGUMENT: what was found, what is allowed.
  static absl::StatusOr<CostBound> Parse(std::string_view text);

  // FAILED_PRECONDITION says how the costs break it. Costs that are not there break nothing; what
  // has no value because of an arithmetic error does.
  absl::Status Check(const NamedCosts& costs) const;

  CostFormula formula;
  std::optional<double> at_most;
  std::optional<double> at_least;
};

// FAILED_PRECONDITION names the first bound that the costs break.
absl::Status CheckCostBounds(std::span<const CostBound> bounds, const NamedCosts& costs);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_COST_BOUND_H_
