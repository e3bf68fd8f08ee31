// Reads the blocks of a template: names, constants, repeats and named blocks are resolved,
// decisions collected. The language is described in docs/space-language.md.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_ELABORATOR_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_ELABORATOR_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/network/operations.h"
#include "common/space/language/block.h"
#include "common/space/language/blocks.h"
#include "common/space/language/decision_drafts.h"
#include "common/space/language/expression.h"
#include "common/spec/document.h"

namespace nascent::space {

using spec::DocumentNode;

// A block of the section `blocks`.
struct NamedBlock {
  struct Parameter {
    std::string name;
    const DocumentNode* default_value;  // null: must be given
  };
  std::string name;
  std::vector<Parameter> parameters;
  const DocumentNode* body = nullptr;
  int line = 0;
};

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

class Elaborator {
 public:
  struct Made {
    BlockPtr block;
    int outputs = 1;  // -1: depends on decisions
  };

  Elaborator(std::string file, bool training_parts)
      : file_(std::move(file)), training_parts_(training_parts) {}

  std::map<std::string, NamedBlock, std::less<>> blocks;
  // Declared decisions: found when they are first used.
  std::map<std::string, std::pair<Domain, int>, std::less<>> declared;
  DecisionDrafts drafts;
  // What names mean everywhere: constants, classes, input.…
  Scope root;

  int slots() const { return slots_; }
  int tensors() const { return static_cast<int>(tensor_names_.size()); }

  absl::StatusOr<Made> Make(const DocumentNode& node, const Place& place);

  // A value: literal where it is settled. Inline decisions get `label` where they name none.
  absl::StatusOr<ExpressionPtr> ValueOf(const DocumentNode& node, const Place& place,
                                        const std::string& label);
  // A value that must be settled.
  absl::StatusOr<ExprValue> SettledValue(const DocumentNode& node, const Place& place);
  absl::StatusOr<int64_t> SettledInteger(const DocumentNode& node, const Place& place, int64_t low,
                                         int64_t high);
  // A name that others use: letters, digits and _, not a word of expressions.
  absl::StatusOr<std::string> NameOf(const DocumentNode& node, std::string_view what) const;
  // A text as it stands.
  absl::StatusOr<std::string> PlainText(const DocumentNode& node) const;
  // A text in which {expressions} are replaced.
  absl::StatusOr<std::string> TextOf(const DocumentNode& node, const Place& place);

  // The domain of a map such as {integer: [1, 4]}.
  absl::StatusOr<Domain> DomainOf(const DocumentNode& node, const Place& place);
  // Makes a decision active at a place.
  absl::StatusOr<int> Decide(const DocumentNode& node, const std::string& label,
                             const Domain& domain, const Place& place);

  // "file:line: path.in.template: what".
  absl::Status Error(const DocumentNode& node, const std::string& what) const;
  absl::Status Error(int line, const std::string& what) const;

  // Names a part of the template for errors while it lives.
  class Trail {
   public:
    Trail(Elaborator& elaborator, std::string part) : elaborator_(elaborator) {
      elaborator_.trail_.push_back(std::move(part));
    }
    ~Trail() { elaborator_.trail_.pop_back(); }
    Trail(const Trail&) = delete;
    Trail& operator=(const Trail&) = delete;

   private:
    Elaborator& elaborator_;
  };

 private:
  // A branch before it is made.
  struct BranchSpec {
    std::string name;
    const DocumentNode* body = nullptr;
    std::optional<std::vector<int>> from;
    int only_if_unused = -1;
    std::vector<std::pair<std::string, ExpressionPtr>> names;
    std::string part;  // for errors
  };
  using Entries = std::map<std::string_view, const DocumentNode*, std::less<>>;

  // Blocks by kind; `settings` are the entries beside the kind's own.
  absl::StatusOr<Made> MakeWord(const DocumentNode& node, const Place& place);
  absl::StatusOr<Made> MakeMap(const DocumentNode& node, Place place);
  absl::StatusOr<Made> MakeKind(const std::string& kind, const DocumentNode& value,
                                const Entries& settings, const DocumentNode& node,
                                const Place& place);
  absl::StatusOr<Made> MakeCalled(const DocumentNode& at, const std::string& name,
                                  const DocumentNode* arguments, const Place& place);
  absl::StatusOr<Made> MakeOperation(const network::Operation& operation, const DocumentNode& at,
                                     const DocumentNode* arguments, const Place& place);
  absl::StatusOr<Made> MakeNamed(const NamedBlock& block, const DocumentNode& at,
                                 const DocumentNode* arguments, const Place& place);
  absl::StatusOr<Made> MakeSequence(const DocumentNode& node, const Place& place);
  absl::StatusOr<Made> MakeChoice(const DocumentNode& options, const Place& place);
  absl::StatusOr<Made> MakeRepeat(const DocumentNode& body, const Entries& settings,
                                  const DocumentNode& node, const Place& place);
  absl::StatusOr<Made> MakeIf(const DocumentNode& condition, const Entries& settings,
                              const Place& place);
  absl::StatusOr<Made> MakeSideOutput(const DocumentNode& body, const Entries& settings,
                                      const DocumentNode& node, const Place& place);
  absl::StatusOr<Made> MakeGraph(const DocumentNode& nodes, const Entries& settings,
                                 const DocumentNode& node, const Place& place);
  absl::Status AddGraphNode(const DocumentNode::Entry& entry, const Place& place, Scope& scope,
                            std::vector<int>& node_values, std::vector<GraphBlock::Node>& nodes);
  // Whether a graph can hold one more value of that name.
  absl::Status CheckNewTensor(const std::string& name, int line, const Scope& scope) const;
  absl::StatusOr<Made> MakeBranches(Combine combine, const DocumentNode& list, const Place& place);
  absl::StatusOr<Made> MakeSelect(const DocumentNode& list, const Entries& settings,
                                  const DocumentNode& node, const Place& place);
  absl::StatusOr<Made> MakeDag(const DocumentNode& vertex, const Entries& settings,
                               const DocumentNode& node, const Place& place);

  absl::StatusOr<std::vector<BranchSpec>> Branches(const DocumentNode& list, const Place& place);
  absl::Status AddEach(const DocumentNode& item, const Place& place,
                       std::vector<BranchSpec>& branches);
  absl::StatusOr<Made> MakeBranch(const BranchSpec& branch, Place place);

  // Values that a list of names stands for; `unused` in a list gives all nodes and sets the flag.
  absl::StatusOr<std::vector<int>> TensorsOf(const DocumentNode& names, const Place& place,
                                             bool* unused);
  absl::StatusOr<Made> MakeFrom(const DocumentNode& names, const DocumentNode& node, Place place,
                                const std::function<absl::StatusOr<Made>(const Place&)>& inner);

  absl::StatusOr<ExpressionPtr> BindText(const DocumentNode& node, std::string_view text,
                                         const Place& place);
  absl::StatusOr<ExpressionPtr> ResolveName(const std::string& name, const Place& place,
                                            const DocumentNode& node);
  absl::StatusOr<ExpressionPtr> InlineDecision(const DocumentNode& node, const Place& place,
                                               const std::string& label);
  std::vector<std::string> NamesAt(const Place& place) const;

  // For each value of the only decision that `expression` depends on, what it gives. Nothing where
  // it depends on shapes.
  struct ByDecision {
    int decision = -1;
    std::vector<std::pair<int64_t, ExprValue>> results;
  };
  absl::StatusOr<std::optional<ByDecision>> SplitByDecision(const DocumentNode& node,
                                                            const Expression& expression);

  // The part of the path that a block adds inside a container.
  absl::StatusOr<std::string> SegmentOf(const DocumentNode& node, const Place& place);
  bool IsExcluded(const DocumentNode& node) const;
  int NewTensor(std::string name);
  static const std::vector<int>* FindTensor(const Scope* scope, std::string_view name);
  absl::StatusOr<Entries> Settings(const DocumentNode& node, std::string_view kind,
                                   const std::vector<std::string>& allowed);

  const std::string file_;
  const bool training_parts_;
  std::vector<std::string> trail_;
  std::unordered_map<const DocumentNode*, ExpressionPtr> parsed_;
  absl::flat_hash_map<std::string, network::Attributes> interned_;
  std::vector<std::string> tensor_names_;
  std::vector<char> tensor_read_;  // whether anything names it
  int slots_ = 0;
  int64_t steps_ = 0;
  int depth_ = 0;
};

// Every kind of block, setting beside one, common entry and domain, for the manual's test.
std::vector<std::string> LanguageWords();

// Nodes that stand in for what a template leaves out.
DocumentNode NothingAt(int line);
DocumentNode WordAt(int line, std::string text);

// `a` + "." + `b`, or the one that is not empty.
std::string Joined(const std::string& a, const std::string& b);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_ELABORATOR_H_
