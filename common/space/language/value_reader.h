// Reads the values of a template: arithmetic over constants, decisions and shapes, and the
// decisions that stand where a value can.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_VALUE_READER_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_VALUE_READER_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/language/decision_drafts.h"
#include "common/space/language/expression.h"
#include "common/space/language/template_errors.h"

namespace nascent::space {

// What names mean at a place of the template.
struct Scope {
  const Scope* outer = nullptr;
  std::vector<std::pair<std::string, ExpressionPtr>> values;
  // Values of graphs; a name may stand for several.
  std::vector<std::pair<std::string, std::vector<int>>> tensors;
  // The nodes of the innermost graph so far, for `earlier` and `unused`; null outside of graphs.
  const std::vector<int>* nodes = nullptr;
};

// Where a block stands.
struct Place {
  const Scope* scope = nullptr;
  std::string path;          // of its nodes in networks
  std::string label;         // of its decisions
  Terms condition;           // under which it is built
  int inputs = 1;            // how many tensors it gets; -1: depends on decisions
  bool undecidable = false;  // below a condition on shapes: no new decisions
};

// For each value of the only decision that an expression depends on, what it gives.
struct ByDecision {
  int decision = -1;
  std::vector<std::pair<int64_t, ExprValue>> results;
};

class ValueReader : public TemplateErrors {
 public:
  using TemplateErrors::TemplateErrors;

  // What a name means everywhere: constants, classes, input.…
  void Define(std::string name, ExpressionPtr value) {
    root_.values.emplace_back(std::move(name), std::move(value));
  }
  const Scope& root() const { return root_; }
  // Outside of all blocks.
  Place RootPlace() const {
    Place place;
    place.scope = &root_;
    return place;
  }

  // A decision of the section `decisions`: found when it is first used.
  void Declare(const std::string& name, Domain domain, int line) {
    declared_[name] = {std::move(domain), line};
  }
  // Null: none of that name.
  const Domain* FindDeclared(const std::string& name) const;
  // An error where nothing uses one of the declared decisions.
  absl::Status CheckDeclaredAreUsed();

  // A value: literal where it is settled. Inline decisions get `label` where they name none.
  absl::StatusOr<ExpressionPtr> ValueOf(const DocumentNode& node, const Place& place,
                                        const std::string& label);
  // A value that must be settled.
  absl::StatusOr<ExprValue> SettledValue(const DocumentNode& node, const Place& place);
  absl::StatusOr<int64_t> SettledInteger(const DocumentNode& node, const Place& place, int64_t low,
                                         int64_t high);
  // A text in which {expressions} are replaced.
  absl::StatusOr<std::string> TextOf(const DocumentNode& node, const Place& place);

  // The domain of a map such as {integer: [1, 4]}.
  absl::StatusOr<Domain> DomainOf(const DocumentNode& node, const Place& place);
  // Makes a decision active at a place.
  absl::StatusOr<int> Decide(const DocumentNode& node, const std::string& label,
                             const Domain& domain, const Place& place);
  // A decision that stands at no place, active where `terms` hold.
  absl::StatusOr<int> AddDecision(const std::string& label, const Domain& domain,
                                  const Terms& terms) {
    return drafts_.Add(label, domain, terms);
  }
  const DecisionDrafts& drafts() const { return drafts_; }

  // What `expression` gives for each value of its decision; nothing where it depends on shapes.
  absl::StatusOr<std::optional<ByDecision>> SplitByDecision(const DocumentNode& node,
                                                            const Expression& expression);

  // The values of graphs that a name stands for; null: none.
  static const std::vector<int>* FindTensor(const Scope* scope, std::string_view name);

 private:
  absl::StatusOr<ExpressionPtr> BindText(const DocumentNode& node, std::string_view text,
                                         const Place& place);
  absl::StatusOr<ExpressionPtr> ResolveName(const std::string& name, const Place& place,
                                            const DocumentNode& node);
  absl::StatusOr<ExpressionPtr> InlineDecision(const DocumentNode& node, const Place& place,
                                               const std::string& label);
  absl::Status AddOptions(const DocumentNode& node, const std::vector<ExprValue>& list,
                          bool ordered, Domain& domain) const;
  absl::Status SetRange(const DocumentNode& node, const std::vector<ExprValue>& list,
                        const std::string& kind, Domain& domain) const;
  std::vector<std::string> NamesAt(const Place& place) const;

  Scope root_;
  std::map<std::string, std::pair<Domain, int>, std::less<>> declared_;
  DecisionDrafts drafts_;
  std::unordered_map<const DocumentNode*, ExpressionPtr> parsed_;
};

// `a` + "." + `b`, or the one that is not empty.
std::string Joined(const std::string& a, const std::string& b);

// What a decision may be, for errors: "one of relu, silu", "1 to 4".
std::string DomainText(const Domain& domain);

// The kinds of decisions: choice, ordered, ….
std::vector<std::string> DomainWords();

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_VALUE_READER_H_
