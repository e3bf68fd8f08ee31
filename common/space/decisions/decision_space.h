// The ordered decisions of a space: all that a strategy sees of it.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_DECISION_SPACE_H_
#define NASCENT_COMMON_SPACE_DECISIONS_DECISION_SPACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/random.h"
#include "common/space/decisions/domain.h"
#include "common/space/decisions/genotype.h"

namespace nascent::space {

// One way in which a decision is active: every named decision has one of the named values.
struct Condition {
  struct Term {
    int decision;                 // index; smaller than the decision's own
    std::vector<int64_t> values;  // sorted
  };
  std::vector<Term> terms;
};

struct Decision {
  std::string label;  // unique
  Domain domain;
  // Active when any of these holds; empty: always.
  std::vector<Condition> active_when;
};

// Values of a range of real numbers in First and Next.
inline constexpr int kRealSteps = 10;

// Immutable and thread-safe. Decisions stand after those that their conditions name, so one pass in
// order settles which are active.
class DecisionSpace {
 public:
  // Conditions must name earlier decisions, labels be unique (programmer errors: the program ends).
  explicit DecisionSpace(std::vector<Decision> decisions);

  const std::vector<Decision>& decisions() const { return decisions_; }
  int size() const { return static_cast<int>(decisions_.size()); }
  std::optional<int> Find(std::string_view label) const;

  // Whether `decision` is active, given the values of those before it.
  bool IsActive(const Genotype& genotype, int decision) const;

  // INVALID_ARGUMENT with the label, when a value is missing, superfluous or out of range.
  absl::Status Validate(const Genotype& genotype) const;

  // Each active decision in order, uniformly over its domain.
  Genotype Sample(RandomStream& random) const;

  // A value of the domain, different from `current` where there is another one.
  Value SampleValue(int decision, RandomStream& random, const Value& current = {}) const;

  // Changes one active decision, chosen uniformly among those with more than one value, to another
  // value; newly active decisions are sampled, those no longer active dropped. Unchanged only when
  // nothing can change.
  Genotype Mutate(const Genotype& genotype, RandomStream& random) const;

  // Sets one decision and repairs its dependants as Mutate does.
  Genotype With(const Genotype& genotype, int decision, Value value, RandomStream& random) const;

  // Each decision from one of the two parents with probability 1/2; gaps are sampled.
  Genotype Crossover(const Genotype& a, const Genotype& b, RandomStream& random) const;

  // All genotypes that differ in one decision; dependants that become active take their first
  // value. Ranges of real numbers give `real_steps` values on each side, a tenth of the range (or
  // of its logarithm) apart; ranges of whole numbers the adjacent numbers.
  std::vector<Genotype> Neighbours(const Genotype& genotype, int real_steps = 1) const;

  // The first genotype in the order of Next: each decision at its lowest value.
  Genotype First() const;
  // The next one, the last decision fastest; nothing after the last. Real ranges count as 10
  // values, evenly spaced, both ends included.
  std::optional<Genotype> Next(const Genotype& genotype) const;

  // Exact number of genotypes, as a decimal string; "infinite" with a real range that varies;
  // "unknown" where conditions reach so far over each other that counting would take over
  // 200,000 states.
  std::string Cardinality() const;

 private:
  // Fills gaps by `fill`, drops what is not active, from decision `first` on.
  template <typename Fill>
  void Repair(Genotype& genotype, int first, Fill fill) const;

  std::vector<Decision> decisions_;
  std::unordered_map<std::string, int> index_;  // label → decision
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_DECISION_SPACE_H_
