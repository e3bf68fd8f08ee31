// Blocks side by side, and how their outputs become one.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_KINDS_BRANCHES_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_KINDS_BRANCHES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/language/block.h"
#include "common/space/language/expression.h"
#include "common/space/language/template_errors.h"

namespace nascent::space {

class Elaborator;
struct Place;

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

// A branch before it is made.
struct BranchSpec {
  std::string name;
  const DocumentNode* body = nullptr;
  std::optional<std::vector<int>> from;
  int only_if_unused = -1;  // a named value of a graph; -1: always
  std::vector<std::pair<std::string, ExpressionPtr>> names;
  std::string part;  // for errors
};

// The branches of a list; `each` stands for several.
absl::StatusOr<std::vector<BranchSpec>> ReadBranches(Elaborator& e, const DocumentNode& list,
                                                     const Place& place);
absl::StatusOr<Made> MakeBranch(Elaborator& e, const BranchSpec& branch, Place place);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_KINDS_BRANCHES_H_
