// n of k blocks.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/space/language/kinds/branches.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

constexpr size_t kMostSubsets = 4096;

// All subsets of `size` of `count`, in lexicographic order. False: too many.
bool AddSubsets(int count, int size, std::vector<std::vector<int>>& subsets) {
  std::vector<int> subset(size);
  for (int i = 0; i < size; ++i) subset[i] = i;
  while (true) {
    if (subsets.size() >= kMostSubsets) return false;
    subsets.push_back(subset);
    int at = size - 1;
    while (at >= 0 && subset[at] == count - size + at) --at;
    if (at < 0) return true;
    ++subset[at];
    for (int i = at + 1; i < size; ++i) subset[i] = subset[i - 1] + 1;
  }
}

absl::StatusOr<Combine> ReadCombine(Elaborator& e, const DocumentNode* given) {
  static const auto* const kNames =
      new std::map<std::string, Combine, std::less<>>{{"sum", Combine::kSum},
                                                      {"concat", Combine::kConcat},
                                                      {"product", Combine::kProduct},
                                                      {"mean", Combine::kMean},
                                                      {"list", Combine::kList}};
  if (given == nullptr) return Combine::kSum;
  const auto found = kNames->find(given->text);
  if (found != kNames->end()) return found->second;
  return e.Error(*given, absl::StrCat("combine: found ", spec::Describe(*given),
                                      ", allowed are sum, concat, product, mean, list"));
}

// How many branches are taken.
struct SelectCount {
  bool any = false;  // a decision for each
  int least = 0;
  int most = 0;
};

absl::StatusOr<SelectCount> ReadCount(Elaborator& e, const BlockSource& source, int branches) {
  const DocumentNode* given = source.settings.Find("count");
  if (given == nullptr) {
    return e.Error(source.node, "count is missing: a number, [least, most] or any");
  }
  if (given->text == "any") return SelectCount{.any = true};
  const Elaborator::Trail trail(e, "count");
  const bool range = given->kind == DocumentNode::Kind::kList && given->items.size() == 2;
  absl::StatusOr<int64_t> low =
      e.SettledInteger(range ? *given->items[0] : *given, source.place, 0, branches);
  if (!low.ok()) return low.status();
  NASCENT_ASSIGN_OR_RETURN(
      int64_t high, range ? e.SettledInteger(*given->items[1], source.place, *low, branches) : low);
  return SelectCount{.any = false, .least = static_cast<int>(*low), .most = static_cast<int>(high)};
}

// Which branches each option of the decision takes, and the decision.
struct Subsets {
  int decision = -1;
  std::vector<std::vector<int>> options;
};

absl::StatusOr<Subsets> DecideSubsets(Elaborator& e, const BlockSource& source,
                                      const SelectCount& count,
                                      const std::vector<BranchSpec>& specs) {
  Subsets subsets;
  for (int size = count.least; size <= count.most; ++size) {
    if (!AddSubsets(static_cast<int>(specs.size()), size, subsets.options)) {
      return e.Error(source.node, absl::StrCat("more than ", kMostSubsets,
                                               " ways to select; use count: any, "
                                               "which makes a decision per branch"));
    }
  }
  Domain domain;
  for (const std::vector<int>& subset : subsets.options) {
    std::vector<std::string> names;
    for (const int i : subset) names.push_back(specs[i].name);
    domain.options.emplace_back(names.empty() ? std::string("none") : absl::StrJoin(names, "+"));
  }
  NASCENT_ASSIGN_OR_RETURN(subsets.decision,
                           e.Decide(source.node, source.place.label, domain, source.place));
  return subsets;
}

// The decision whether a branch is used.
absl::StatusOr<int> DecideUse(Elaborator& e, const BlockSource& source, const BranchSpec& spec) {
  Domain flag;
  flag.options = {OptionValue(false), OptionValue(true)};
  return e.Decide(source.node, Joined(Joined(source.place.label, spec.name), "used"), flag,
                  source.place);
}

// When branch `i` is built; nothing: always.
Terms TakenWhen(const Subsets& subsets, int i) {
  Condition::Term term{subsets.decision, {}};
  for (size_t s = 0; s < subsets.options.size(); ++s) {
    const std::vector<int>& option = subsets.options[s];
    if (std::find(option.begin(), option.end(), i) != option.end()) {
      term.values.push_back(static_cast<int64_t>(s));
    }
  }
  if (term.values.size() == subsets.options.size()) return {};
  return {std::move(term)};
}

}  // namespace

absl::StatusOr<Made> MakeSelect(Elaborator& e, const BlockSource& source) {
  const Place& place = source.place;
  NASCENT_ASSIGN_OR_RETURN(Combine combine, ReadCombine(e, source.settings.Find("combine")));
  NASCENT_ASSIGN_OR_RETURN(std::vector<BranchSpec> specs, ReadBranches(e, source.value, place));
  if (source.value.items.empty()) {
    return e.Error(source.value, "nothing to select from; give at least one branch");
  }
  NASCENT_ASSIGN_OR_RETURN(SelectCount count, ReadCount(e, source, static_cast<int>(specs.size())));
  Subsets subsets;
  if (!count.any) {
    NASCENT_ASSIGN_OR_RETURN(subsets, DecideSubsets(e, source, count, specs));
  }
  std::vector<BranchesBlock::Branch> branches;
  bool one_each = true;
  for (int i = 0; i < static_cast<int>(specs.size()); ++i) {
    const BranchSpec& spec = specs[i];
    BranchesBlock::Branch branch;
    Terms when;
    if (count.any) {
      NASCENT_ASSIGN_OR_RETURN(branch.flag, DecideUse(e, source, spec));
      when.push_back({branch.flag, {1}});
    } else {
      when = TakenWhen(subsets, i);
    }
    Place inside = place;
    inside.condition.insert(inside.condition.end(), when.begin(), when.end());
    absl::StatusOr<Made> made = MakeBranch(e, spec, inside);
    if (!made.ok()) return made;
    one_each = one_each && made->outputs == 1;
    branch.block = std::move(made->block);
    branch.only_if_unused = spec.only_if_unused;
    branches.push_back(std::move(branch));
  }
  auto block = std::make_unique<BranchesBlock>(std::move(branches), combine,
                                               Joined(place.path, "combine"), source.node.line);
  if (!count.any) block->SetSubsets(subsets.decision, std::move(subsets.options));
  int outputs = -1;
  if (!count.any && one_each && combine == Combine::kList && count.least == count.most) {
    outputs = count.least;
  }
  if (!count.any && count.least > 0 && combine != Combine::kList) outputs = 1;
  return Made{std::move(block), outputs};
}

}  // namespace nascent::space
