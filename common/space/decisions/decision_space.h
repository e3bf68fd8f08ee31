// The ordered decisions of a space: all that a strategy sees of it.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_DECISION_SPACE_H_
#define NASCENT_COMMON_SPACE_DECISIONS_DECISION_SPACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/random.h"
#include "common/space/decisions/genotype.h"

namespace nascent::space {

// What an option stands for, as the template writes it; for choices between blocks, their names.
using OptionValue = std::variant<int64_t, double, bool, std::string>;

struct Domain {
  enum class Kind {
    kCategorical,  // `options`, without order
    kOrdered,      // `options` are numbers whose order is meaningful
    kInteger,      // whole numbers of [minimum, maximum]
    kReal,         // real numbers of [minimum, maximum]
  };
  Kind kind = Kind::kCategorical;
  std::vector<OptionValue> options;
  double minimum = 0;
  double maximum = 0;
  bool log = false;  // even in the logarithm; for kInteger and kReal

  bool IsList() const { return kind == Kind::kCategorical || kind == Kind::kOrdered; }
  // Number of values; 0 for kReal.
  int64_t Size() const;
  // Whether there are two values or more.
  bool Varies() const;
  // Whether `value` is one of this domain's: an index, a whole number or a finite real in range.
  bool Contains(const Value& value) const;
  // The lowest value.
  Value First() const;
  // Even over the domain (or over its logarithm).
  Value Sample(RandomStream& random) const;
  // Even over the other values; `current` where there is no other.
  Value SampleOther(const Value& current, RandomStream& random) const;
  // Where `value` stands in a range, in [0, 1]; 0 for the minimum of a log scale too. Lists: its
  // index over the last index.
  double Position(const Value& value) const;
  // The real number at `position` of [0, 1]; the inverse of Position for kReal.
  double RealAt(double position) const;
  // As a person writes it: the option, or the number.
  std::string Text(const Value& value) const;
};

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

// An option as a person writes it.
std::string OptionText(const OptionValue& option);

// INVALID_ARGUMENT when the domain has no value, an end that is no finite number, ends upside down,
// a log scale that reaches 0, whole numbers beyond 2^53 or an option twice.
absl::Status ValidateDomain(const Domain& domain);

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

  // One number per decision and option (list) or one per range, scaled to [0, 1]; inactive: zeros.
  // EncodingNames() gives the columns' names.
  std::vector<double> EncodeOneHot(const Genotype& genotype) const;
  std::vector<std::string> EncodingNames() const;

 private:
  // Fills gaps by `fill`, drops what is not active, from decision `first` on.
  template <typename Fill>
  void Repair(Genotype& genotype, int first, Fill fill) const;

  std::vector<Decision> decisions_;
  std::unordered_map<std::string, int> index_;  // label → decision
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_DECISION_SPACE_H_
