// Named outputs on the side, such as an auxiliary head.

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

// Makes a named output on the side; hands its inputs on.
class SideOutputBlock : public Block {
 public:
  SideOutputBlock(std::string name, BlockPtr body, int line)
      : name_(std::move(name)), body_(std::move(body)), line_(line) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::string name_;
  BlockPtr body_;
  int line_;
};

absl::StatusOr<Tensors> SideOutputBlock::Build(BuildState& state, const Tensors& inputs) const {
  absl::StatusOr<Tensors> output = body_->Build(state, inputs);
  if (!output.ok()) return output;
  if (output->size() != 1) {
    return AtLine(
        line_, absl::InvalidArgumentError(absl::StrCat("side_output ", name_, ": found ",
                                                       output->size(), " tensors, one is needed")));
  }
  state.side_outputs.emplace_back(name_, output->front());
  return inputs;
}

}  // namespace

absl::StatusOr<Made> MakeSideOutput(Elaborator& e, const BlockSource& source) {
  const DocumentNode& node = source.node;
  const Place& place = source.place;
  const DocumentNode* called = source.settings.Find("called");
  if (called == nullptr) return e.Error(node, "called is missing: the output's name");
  NASCENT_ASSIGN_OR_RETURN(std::string name, e.TextOf(*called, place));
  absl::StatusOr<Made> made = e.Make(source.value, place);
  if (!made.ok()) return made;
  return Made{std::make_unique<SideOutputBlock>(std::move(name), std::move(made->block), node.line),
              place.inputs};
}

}  // namespace nascent::space
