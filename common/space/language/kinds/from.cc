#include "common/space/language/kinds/from.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// A block that reads named values instead of what comes before it.
class FromBlock : public Block {
 public:
  FromBlock(std::vector<int> values, BlockPtr block)
      : values_(std::move(values)), block_(std::move(block)) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<int> values_;
  BlockPtr block_;
};

absl::StatusOr<Tensors> FromBlock::Build(BuildState& state, const Tensors&) const {
  Tensors tensors;
  for (const int value : values_) {
    state.used[value] = 1;
    tensors.insert(tensors.end(), state.tensors[value].begin(), state.tensors[value].end());
  }
  return block_->Build(state, tensors);
}

}  // namespace

BlockPtr ReadingBlock(std::vector<int> values, BlockPtr block) {
  return std::make_unique<FromBlock>(std::move(values), std::move(block));
}

std::vector<const DocumentNode*> Words(const DocumentNode& node) {
  std::vector<const DocumentNode*> words;
  if (node.kind == DocumentNode::Kind::kScalar) words.push_back(&node);
  for (const spec::DocumentNodePtr& item : node.items) words.push_back(item.get());
  return words;
}

absl::StatusOr<std::vector<int>> TensorsOf(Elaborator& e, const DocumentNode& names,
                                           const Place& place, bool* unused) {
  std::vector<int> result;
  for (const DocumentNode* word : Words(names)) {
    NASCENT_ASSIGN_OR_RETURN(std::string name, e.TextOf(*word, place));
    const Scope* graph = place.scope;
    while (graph != nullptr && graph->nodes == nullptr) graph = graph->outer;
    const bool is_unused = name == "unused" && unused != nullptr;
    if ((name == "earlier" || is_unused) && graph != nullptr) {
      if (is_unused) *unused = true;
      result.insert(result.end(), graph->nodes->begin(), graph->nodes->end());
      continue;
    }
    const std::vector<int>* values = e.FindTensor(place.scope, name);
    if (values == nullptr) {
      std::vector<std::string> known;
      for (const Scope* scope = place.scope; scope != nullptr; scope = scope->outer) {
        for (const auto& [tensor, ids] : scope->tensors) known.push_back(tensor);
      }
      if (known.empty()) {
        return e.Error(*word, absl::StrCat("\"", name,
                                           "\": there are no named values here, they "
                                           "are inputs and nodes of a graph"));
      }
      return e.Error(*word, absl::StrCat("no value is called \"", name, "\" up to here",
                                         spec::DidYouMean(name, known), "; known are ",
                                         absl::StrJoin(known, ", ")));
    }
    result.insert(result.end(), values->begin(), values->end());
  }
  if (names.kind != DocumentNode::Kind::kScalar && names.kind != DocumentNode::Kind::kList) {
    return e.Error(names, absl::StrCat("found ", spec::Describe(names),
                                       ", a name or a list of names is needed"));
  }
  for (const int value : result) e.MarkRead(value);
  return result;
}

absl::StatusOr<Made> MakeFrom(Elaborator& e, const DocumentNode& names, const DocumentNode& node,
                              Place place,
                              const std::function<absl::StatusOr<Made>(const Place&)>& inner) {
  absl::StatusOr<std::vector<int>> values = [&] {
    const Elaborator::Trail trail(e, "from");
    return TensorsOf(e, names, place, nullptr);
  }();
  if (!values.ok()) return values.status();
  if (values->empty()) return e.Error(node, "from: no values");
  place.inputs = static_cast<int>(values->size());
  absl::StatusOr<Made> made = inner(place);
  if (!made.ok()) return made;
  return Made{ReadingBlock(*std::move(values), std::move(made->block)), made->outputs};
}

}  // namespace nascent::space
