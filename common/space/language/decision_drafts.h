// Decisions while a template is read: found one by one, the same label at several places, under
// conditions that may name decisions found later.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_DECISION_DRAFTS_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_DECISION_DRAFTS_H_

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/decisions/decision_space.h"
#include "common/space/language/expression.h"

namespace nascent::space {

// All terms hold; decisions by draft index.
using Terms = std::vector<Condition::Term>;

class DecisionDrafts {
 public:
  // The decision called `label` is active where `terms` hold, beside where it was already. The
  // draft index. INVALID_ARGUMENT: the label has another domain elsewhere.
  absl::StatusOr<int> Add(const std::string& label, const Domain& domain, const Terms& terms);

  int size() const { return static_cast<int>(drafts_.size()); }
  const std::string& label(int draft) const { return drafts_[draft].label; }
  const Domain& domain(int draft) const { return drafts_[draft].domain; }
  bool IsAlwaysActive(int draft) const;
  // -1: none of that label.
  int Find(const std::string& label) const;

  // Every value of a domain that can be listed: as a condition names it, and as an expression sees
  // it. INVALID_ARGUMENT for real ranges and more than 4,096 values.
  absl::StatusOr<std::vector<std::pair<int64_t, ExprValue>>> ValuesOf(int draft) const;

  // Where each draft stands in the finished order: as found, but after those that its conditions
  // name. INVALID_ARGUMENT: conditions in a circle.
  absl::StatusOr<std::vector<int>> Order() const;
  // The decisions in that order.
  std::vector<Decision> Finish(const std::vector<int>& order) const;

 private:
  struct Draft {
    std::string label;
    Domain domain;
    std::vector<Terms> active_when;  // alternatives; one of them empty: always
  };
  static void Merge(std::vector<Terms>& alternatives, const std::vector<Draft>& drafts);

  std::vector<Draft> drafts_;
  std::unordered_map<std::string, int> index_;
};

// A value as expressions see it: an option's value, or the number; nothing where inactive.
ExprValue ToExprValue(const Domain& domain, const Value& value);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_DECISION_DRAFTS_H_
