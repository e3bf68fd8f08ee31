// One of k blocks.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// One of k blocks.
class ChoiceBlock : public Block {
 public:
  ChoiceBlock(int decision, std::vector<BlockPtr> options)
      : decision_(decision), options_(std::move(options)) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  int decision_;
  std::vector<BlockPtr> options_;
};

absl::StatusOr<Tensors> ChoiceBlock::Build(BuildState& state, const Tensors& inputs) const {
  return options_[*state.decisions->IndexOf(decision_).AsInteger()]->Build(state, inputs);
}

using ChoiceOptions = std::vector<std::pair<std::string, const DocumentNode*>>;

// The blocks by name.
absl::StatusOr<ChoiceOptions> ReadOptions(Elaborator& e, const DocumentNode& options,
                                          const Place& place) {
  ChoiceOptions named;
  if (options.kind == DocumentNode::Kind::kMap) {
    for (const DocumentNode::Entry& entry : options.entries) {
      NASCENT_ASSIGN_OR_RETURN(std::string name, e.SegmentOf(WordAt(entry.line, entry.key), place));
      named.emplace_back(std::move(name), entry.value.get());
    }
  } else if (options.kind == DocumentNode::Kind::kList) {
    for (const spec::DocumentNodePtr& item : options.items) {
      NASCENT_ASSIGN_OR_RETURN(std::string name, e.SegmentOf(*item, place));
      named.emplace_back(std::move(name), item.get());
    }
  } else {
    return e.Error(options, absl::StrCat("found ", spec::Describe(options),
                                         ", the options are a map or a list of blocks"));
  }
  std::erase_if(named, [&](const auto& option) { return e.IsExcluded(*option.second); });
  return named;
}

}  // namespace

absl::StatusOr<Made> MakeChoice(Elaborator& e, const BlockSource& source) {
  const DocumentNode& options = source.value;
  const Place& place = source.place;
  NASCENT_ASSIGN_OR_RETURN(const ChoiceOptions named, ReadOptions(e, options, place));
  Domain domain;
  for (const auto& [name, body] : named) domain.options.emplace_back(name);
  if (absl::Status status = ValidateDomain(domain); !status.ok()) {
    return e.Error(options, std::string(status.message()));
  }
  NASCENT_ASSIGN_OR_RETURN(int decision, e.Decide(options, place.label, domain, place));
  std::vector<BlockPtr> blocks_made;
  int outputs = 0;
  for (size_t i = 0; i < named.size(); ++i) {
    const Elaborator::Trail trail(e, named[i].first);
    Place inside = place;
    inside.path = Joined(place.path, named[i].first);
    inside.label = Joined(place.label, named[i].first);
    inside.condition.push_back({decision, {static_cast<int64_t>(i)}});
    absl::StatusOr<Made> made = e.Make(*named[i].second, inside);
    if (!made.ok()) return made;
    outputs = i == 0 || outputs == made->outputs ? made->outputs : -1;
    blocks_made.push_back(std::move(made->block));
  }
  return Made{std::make_unique<ChoiceBlock>(decision, std::move(blocks_made)), outputs};
}

}  // namespace nascent::space
