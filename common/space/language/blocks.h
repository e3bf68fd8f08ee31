// The kinds of blocks.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_BLOCKS_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_BLOCKS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/space/language/block.h"

namespace nascent::space {

// An operation. `given` are the attributes that are settled; the others are computed.
class OperationBlock : public Block {
 public:
  struct Computed {
    const network::AttributeSpec* spec;
    ExpressionPtr value;
  };
  OperationBlock(const network::Operation* operation, std::string path, int line,
                 network::Attributes given, std::vector<Computed> computed);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  absl::Status AddComputed(BuildState& state, const Tensors& inputs,
                           network::Attributes& attributes) const;

  const network::Operation* operation_;
  std::string path_;
  int line_;
  network::Attributes given_;
  std::vector<Computed> computed_;
};

// The value as an attribute of that kind. INVALID_ARGUMENT: found, allowed.
absl::StatusOr<network::Attribute> ToAttribute(const network::AttributeSpec& spec,
                                               const ExprValue& value);

// One after the other; none: hands its inputs on.
class SequenceBlock : public Block {
 public:
  explicit SequenceBlock(std::vector<BlockPtr> items) : items_(std::move(items)) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<BlockPtr> items_;
};

// Side by side, then combined. Which branches run is settled by a decision, where there is one.
class BranchesBlock : public Block {
 public:
  struct Branch {
    BlockPtr block;
    int only_if_unused = -1;  // index of BuildState::tensors; -1: always
    int flag = -1;            // a decision of its own, false or true; -1: none
  };
  BranchesBlock(std::vector<Branch> branches, Combine combine, std::string path, int line);
  // `subsets[i]`: the branches that option i of `decision` takes.
  void SetSubsets(int decision, std::vector<std::vector<int>> subsets);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<Branch> branches_;
  Combine combine_;
  std::string path_;
  int line_;
  int decision_ = -1;
  std::vector<std::vector<int>> subsets_;
};

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

// Copies of a block. Each gets the outputs of the one before, or of the last `history` (0: of all)
// before it, oldest first, the repeat's own inputs standing before the first.
class RepeatBlock : public Block {
 public:
  // `times` is null where all copies run.
  RepeatBlock(std::vector<BlockPtr> copies, ExpressionPtr times, int history, bool all_results,
              int line);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<BlockPtr> copies_;
  ExpressionPtr times_;
  int history_;
  bool all_results_;
  int line_;
};

// Named values, each computed from earlier ones.
class GraphBlock : public Block {
 public:
  struct Node {
    int value;  // index of BuildState::tensors
    BlockPtr block;
  };
  // `inputs[i]`: the value that holds input i, or -1 where nothing names it.
  GraphBlock(std::vector<int> inputs, std::vector<Node> nodes, BlockPtr output, int line);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<int> inputs_;
  std::vector<Node> nodes_;
  BlockPtr output_;
  int line_;
};

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

// Either block, by a condition on shapes or decisions.
class IfBlock : public Block {
 public:
  IfBlock(ExpressionPtr condition, BlockPtr yes, BlockPtr no, int line)
      : condition_(std::move(condition)), yes_(std::move(yes)), no_(std::move(no)), line_(line) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  ExpressionPtr condition_;
  BlockPtr yes_, no_;
  int line_;
};

// Computes parameters of a named block, then runs it.
class LetBlock : public Block {
 public:
  struct Parameter {
    int slot;
    ExpressionPtr value;
  };
  LetBlock(std::vector<Parameter> parameters, BlockPtr body, int line)
      : parameters_(std::move(parameters)), body_(std::move(body)), line_(line) {}
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<Parameter> parameters_;
  BlockPtr body_;
  int line_;
};

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

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_BLOCKS_H_
