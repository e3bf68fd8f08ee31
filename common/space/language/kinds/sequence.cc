#include "common/space/language/kinds/sequence.h"

#include <map>
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

// One after the other; none: hands its inputs on.
class SequenceBlock : public Block {
 public:
  explicit SequenceBlock(std::vector<BlockPtr> items) : items_(std::move(items)) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<BlockPtr> items_;
};

absl::StatusOr<Tensors> SequenceBlock::Build(BuildState& state, const Tensors& inputs) const {
  Tensors tensors = inputs;
  for (const BlockPtr& item : items_) {
    absl::StatusOr<Tensors> next = item->Build(state, tensors);
    if (!next.ok()) return next;
    tensors = *std::move(next);
  }
  return tensors;
}

}  // namespace

BlockPtr PassBlock() { return std::make_unique<SequenceBlock>(std::vector<BlockPtr>()); }

absl::StatusOr<Made> MakeSequence(Elaborator& e, const DocumentNode& node, const Place& place) {
  if (node.kind != DocumentNode::Kind::kList) return e.Make(node, place);
  std::vector<BlockPtr> items;
  std::map<std::string, int> seen;
  Place at = place;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const DocumentNode& item = *node.items[i];
    const Elaborator::Trail trail(e, absl::StrCat("[", i, "]"));
    NASCENT_ASSIGN_OR_RETURN(std::string segment, e.SegmentOf(item, place));
    const int count = ++seen[segment];
    if (count > 1) absl::StrAppend(&segment, "_", count);
    at.path = Joined(place.path, segment);
    at.label = Joined(place.label, segment);
    absl::StatusOr<Made> made = e.Make(item, at);
    if (!made.ok()) return made;
    at.inputs = made->outputs;
    items.push_back(std::move(made->block));
  }
  return Made{std::make_unique<SequenceBlock>(std::move(items)), at.inputs};
}

absl::StatusOr<Made> MakeSequenceKind(Elaborator& e, const BlockSource& source) {
  return MakeSequence(e, source.value, source.place);
}

}  // namespace nascent::space
