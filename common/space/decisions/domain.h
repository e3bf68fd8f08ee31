// The values that one decision may take.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_DOMAIN_H_
#define NASCENT_COMMON_SPACE_DECISIONS_DOMAIN_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
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

// An option as a person writes it.
std::string OptionText(const OptionValue& option);

// INVALID_ARGUMENT when the domain has no value, an end that is no finite number, ends upside down,
// a log scale that reaches 0, whole numbers beyond 2^53, a range of whole numbers that ends at
// another one, or an option twice.
absl::Status ValidateDomain(const Domain& domain);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_DOMAIN_H_
