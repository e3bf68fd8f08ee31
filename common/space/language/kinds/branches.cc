#include "common/space/language/kinds/branches.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/space/language/kinds/from.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

absl::Status AddEach(Elaborator& e, const DocumentNode& item, const Place& place,
                     std::vector<BranchSpec>& branches) {
  const DocumentNode* names = item.Find("each");
  for (const DocumentNode::Entry& entry : item.entries) {
    const bool known =
        entry.key == "each" || entry.key == "do" || entry.key == "as" || entry.key == "index";
    if (!known) {
      return e.Error(entry.line, absl::StrCat("found \"", entry.key,
                                              "\" beside \"each\"; allowed are do, as, index"));
    }
  }
  const Elaborator::Trail trail(e, "each");
  bool unused = false;
  NASCENT_ASSIGN_OR_RETURN(std::vector<int> values, TensorsOf(e, *names, place, &unused));
  std::string as, index;
  for (const auto& [key, name] : {std::pair("as", &as), std::pair("index", &index)}) {
    const DocumentNode* given = item.Find(key);
    if (given == nullptr) continue;
    NASCENT_ASSIGN_OR_RETURN(*name, e.NameOf(*given, key));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const int value = values[i];
    BranchSpec branch;
    branch.name = e.TensorName(value);
    branch.body = item.Find("do");
    branch.from = {value};
    if (unused) branch.only_if_unused = value;
    if (!as.empty()) branch.names.emplace_back(as, MakeLiteral(e.TensorName(value)));
    if (!index.empty()) branch.names.emplace_back(index, MakeLiteral(static_cast<int64_t>(i)));
    branch.part = absl::StrCat("each ", e.TensorName(value));
    branches.push_back(std::move(branch));
  }
  return absl::OkStatus();
}

}  // namespace

BranchesBlock::BranchesBlock(std::vector<Branch> branches, Combine combine, std::string path,
                             int line)
    : branches_(std::move(branches)), combine_(combine), path_(std::move(path)), line_(line) {}

void BranchesBlock::SetSubsets(int decision, std::vector<std::vector<int>> subsets) {
  decision_ = decision;
  subsets_ = std::move(subsets);
}

absl::StatusOr<Tensors> BranchesBlock::Build(BuildState& state, const Tensors& inputs) const {
  Tensors outputs;
  const auto run = [&](const Branch& branch) -> absl::Status {
    if (branch.only_if_unused >= 0 && state.used[branch.only_if_unused] != 0) {
      return absl::OkStatus();
    }
    if (branch.flag >= 0 && *state.decisions->IndexOf(branch.flag).AsInteger() == 0) {
      return absl::OkStatus();
    }
    NASCENT_ASSIGN_OR_RETURN(Tensors output, branch.block->Build(state, inputs));
    outputs.insert(outputs.end(), output.begin(), output.end());
    return absl::OkStatus();
  };
  if (decision_ < 0) {
    for (const Branch& branch : branches_) {
      NASCENT_RETURN_IF_ERROR(run(branch));
    }
  } else {
    for (const int i : subsets_[*state.decisions->IndexOf(decision_).AsInteger()]) {
      NASCENT_RETURN_IF_ERROR(run(branches_[i]));
    }
  }
  absl::StatusOr<Tensors> combined = CombineTensors(state, combine_, path_, std::move(outputs));
  if (!combined.ok()) return AtLine(line_, combined.status());
  return combined;
}

absl::StatusOr<std::vector<BranchSpec>> ReadBranches(Elaborator& e, const DocumentNode& list,
                                                     const Place& place) {
  if (list.kind != DocumentNode::Kind::kList) {
    return e.Error(list,
                   absl::StrCat("found ", spec::Describe(list), ", a list of blocks is needed"));
  }
  std::vector<BranchSpec> branches;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const DocumentNode& item = *list.items[i];
    const Elaborator::Trail trail(e, absl::StrCat("[", i, "]"));
    if (e.IsExcluded(item)) continue;
    if (item.Find("each") != nullptr) {
      NASCENT_RETURN_IF_ERROR(AddEach(e, item, place, branches));
      continue;
    }
    BranchSpec branch;
    branch.body = &item;
    branch.part = absl::StrCat("[", i, "]");
    // A branch is called by its name, or else by what it reads, or else by what it does.
    const DocumentNode* from = item.Find("from");
    if (from != nullptr && item.Find("name") == nullptr) {
      std::vector<std::string> names;
      for (const DocumentNode* word : Words(*from)) names.push_back(word->text);
      NASCENT_ASSIGN_OR_RETURN(branch.name,
                               e.SegmentOf(WordAt(item.line, absl::StrJoin(names, "+")), place));
    } else {
      NASCENT_ASSIGN_OR_RETURN(branch.name, e.SegmentOf(item, place));
    }
    branches.push_back(std::move(branch));
  }
  std::map<std::string, int> seen;
  for (BranchSpec& branch : branches) {
    const int count = ++seen[branch.name];
    if (count > 1) absl::StrAppend(&branch.name, "_", count);
  }
  return branches;
}

absl::StatusOr<Made> MakeBranch(Elaborator& e, const BranchSpec& branch, Place place) {
  const Elaborator::Trail trail(e, branch.part);
  Scope scope{.outer = place.scope, .values = branch.names, .tensors = {}, .nodes = nullptr};
  place.scope = &scope;
  place.path = Joined(place.path, branch.name);
  place.label = Joined(place.label, branch.name);
  const DocumentNode nothing = NothingAt(0);
  const DocumentNode& body = branch.body == nullptr ? nothing : *branch.body;
  if (!branch.from) return e.Make(body, place);
  place.inputs = static_cast<int>(branch.from->size());
  absl::StatusOr<Made> made = e.Make(body, place);
  if (!made.ok()) return made;
  return Made{ReadingBlock(*branch.from, std::move(made->block)), made->outputs};
}

absl::StatusOr<Made> Combined(Elaborator& e, Combine combine, const BlockSource& source) {
  const DocumentNode& list = source.value;
  const Place& place = source.place;
  NASCENT_ASSIGN_OR_RETURN(std::vector<BranchSpec> specs, ReadBranches(e, list, place));
  if (list.items.empty()) return e.Error(list, "nothing to combine; give at least one branch");
  std::vector<BranchesBlock::Branch> branches;
  int outputs = 0;
  for (const BranchSpec& spec : specs) {
    absl::StatusOr<Made> made = MakeBranch(e, spec, place);
    if (!made.ok()) return made;
    const bool settled = spec.only_if_unused < 0 && made->outputs >= 0 && outputs >= 0;
    outputs = settled ? outputs + made->outputs : -1;
    branches.push_back({std::move(made->block), spec.only_if_unused, -1});
  }
  if (combine != Combine::kList) outputs = outputs == 0 ? 0 : 1;
  return Made{std::make_unique<BranchesBlock>(std::move(branches), combine,
                                              Joined(place.path, "combine"), list.line),
              outputs};
}

absl::StatusOr<Made> MakeSum(Elaborator& e, const BlockSource& source) {
  return Combined(e, Combine::kSum, source);
}

absl::StatusOr<Made> MakeConcat(Elaborator& e, const BlockSource& source) {
  return Combined(e, Combine::kConcat, source);
}

absl::StatusOr<Made> MakeProduct(Elaborator& e, const BlockSource& source) {
  return Combined(e, Combine::kProduct, source);
}

absl::StatusOr<Made> MakeMean(Elaborator& e, const BlockSource& source) {
  return Combined(e, Combine::kMean, source);
}

absl::StatusOr<Made> MakeList(Elaborator& e, const BlockSource& source) {
  return Combined(e, Combine::kList, source);
}

}  // namespace nascent::space
