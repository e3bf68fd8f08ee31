// A genotype: a value for every active decision of a space.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_GENOTYPE_H_
#define NASCENT_COMMON_SPACE_DECISIONS_GENOTYPE_H_

#include <cstdint>
#include <variant>
#include <vector>

namespace nascent::space {

// Nothing: the decision is inactive. int64_t: the option's index of a list, or the number itself of
// a range of whole numbers. double: the number itself of a range of real numbers.
using Value = std::variant<std::monostate, int64_t, double>;

// One value per decision, in the order of DecisionSpace::decisions().
struct Genotype {
  std::vector<Value> values;

  bool operator==(const Genotype&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const Genotype& g) {
    return H::combine(std::move(h), g.values);
  }
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_GENOTYPE_H_
