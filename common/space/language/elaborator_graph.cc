// Graphs of named values, branches side by side, and choices between inputs.

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/elaborator.h"
#include "common/spec/suggest.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

constexpr size_t kMostSubsets = 4096;

// Names as a list: one word, or a list of words.
std::vector<const DocumentNode*> Words(const DocumentNode& node) {
  std::vector<const DocumentNode*> words;
  if (node.kind == Kind::kScalar) words.push_back(&node);
  for (const spec::DocumentNodePtr& item : node.items) words.push_back(item.get());
  return words;
}

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

}  // namespace

absl::StatusOr<std::vector<int>> Elaborator::TensorsOf(const DocumentNode& names,
                                                       const Place& place, bool* unused) {
  std::vector<int> result;
  for (const DocumentNode* word : Words(names)) {
    absl::StatusOr<std::string> name = TextOf(*word, place);
    if (!name.ok()) return name.status();
    const Scope* graph = place.scope;
    while (graph != nullptr && graph->nodes == nullptr) graph = graph->outer;
    const bool is_unused = *name == "unused" && unused != nullptr;
    if ((*name == "earlier" || is_unused) && graph != nullptr) {
      if (is_unused) *unused = true;
      result.insert(result.end(), graph->nodes->begin(), graph->nodes->end());
      continue;
    }
    const std::vector<int>* values = FindTensor(place.scope, *name);
    if (values == nullptr) {
      std::vector<std::string> known;
      for (const Scope* scope = place.scope; scope != nullptr; scope = scope->outer) {
        for (const auto& [tensor, ids] : scope->tensors) known.push_back(tensor);
      }
      if (known.empty()) {
        return Error(*word, absl::StrCat("\"", *name,
                                         "\": there are no named values here, they "
                                         "are inputs and nodes of a graph"));
      }
      return Error(*word, absl::StrCat("no value is called \"", *name, "\" up to here",
                                       spec::DidYouMean(*name, known), "; known are ",
                                       absl::StrJoin(known, ", ")));
    }
    result.insert(result.end(), values->begin(), values->end());
  }
  if (names.kind != Kind::kScalar && names.kind != Kind::kList) {
    return Error(names, absl::StrCat("found ", spec::Describe(names),
                                     ", a name or a list of names is needed"));
  }
  for (const int value : result) tensor_read_[value] = 1;
  return result;
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeFrom(
    const DocumentNode& names, const DocumentNode& node, Place place,
    const std::function<absl::StatusOr<Made>(const Place&)>& inner) {
  absl::StatusOr<std::vector<int>> values = [&] {
    const Trail trail(*this, "from");
    return TensorsOf(names, place, nullptr);
  }();
  if (!values.ok()) return values.status();
  if (values->empty()) return Error(node, "from: no values");
  place.inputs = static_cast<int>(values->size());
  absl::StatusOr<Made> made = inner(place);
  if (!made.ok()) return made;
  return Made{std::make_unique<FromBlock>(*std::move(values), std::move(made->block)),
              made->outputs};
}

absl::Status Elaborator::AddEach(const DocumentNode& item, const Place& place,
                                 std::vector<BranchSpec>& branches) {
  const DocumentNode* names = item.Find("each");
  for (const DocumentNode::Entry& entry : item.entries) {
    const bool known =
        entry.key == "each" || entry.key == "do" || entry.key == "as" || entry.key == "index";
    if (!known) {
      return Error(entry.line, absl::StrCat("found \"", entry.key,
                                            "\" beside \"each\"; allowed are do, as, index"));
    }
  }
  const Trail trail(*this, "each");
  bool unused = false;
  absl::StatusOr<std::vector<int>> values = TensorsOf(*names, place, &unused);
  if (!values.ok()) return values.status();
  std::string as, index;
  for (const auto& [key, name] : {std::pair("as", &as), std::pair("index", &index)}) {
    const DocumentNode* given = item.Find(key);
    if (given == nullptr) continue;
    absl::StatusOr<std::string> read = NameOf(*given, key);
    if (!read.ok()) return read.status();
    *name = *std::move(read);
  }
  for (size_t i = 0; i < values->size(); ++i) {
    const int value = (*values)[i];
    BranchSpec branch;
    branch.name = tensor_names_[value];
    branch.body = item.Find("do");
    branch.from = {value};
    if (unused) branch.only_if_unused = value;
    if (!as.empty()) branch.names.emplace_back(as, MakeLiteral(tensor_names_[value]));
    if (!index.empty()) branch.names.emplace_back(index, MakeLiteral(static_cast<int64_t>(i)));
    branch.part = absl::StrCat("each ", tensor_names_[value]);
    branches.push_back(std::move(branch));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Elaborator::BranchSpec>> Elaborator::Branches(const DocumentNode& list,
                                                                         const Place& place) {
  if (list.kind != Kind::kList) {
    return Error(list,
                 absl::StrCat("found ", spec::Describe(list), ", a list of blocks is needed"));
  }
  std::vector<BranchSpec> branches;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const DocumentNode& item = *list.items[i];
    const Trail trail(*this, absl::StrCat("[", i, "]"));
    if (IsExcluded(item)) continue;
    if (item.Find("each") != nullptr) {
      if (absl::Status status = AddEach(item, place, branches); !status.ok()) return status;
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
      absl::StatusOr<std::string> name =
          SegmentOf(WordAt(item.line, absl::StrJoin(names, "+")), place);
      if (!name.ok()) return name.status();
      branch.name = *std::move(name);
    } else {
      absl::StatusOr<std::string> name = SegmentOf(item, place);
      if (!name.ok()) return name.status();
      branch.name = *std::move(name);
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

absl::StatusOr<Elaborator::Made> Elaborator::MakeBranch(const BranchSpec& branch, Place place) {
  const Trail trail(*this, branch.part);
  Scope scope{.outer = place.scope, .values = branch.names, .tensors = {}, .nodes = nullptr};
  place.scope = &scope;
  place.path = Joined(place.path, branch.name);
  place.label = Joined(place.label, branch.name);
  const DocumentNode nothing = NothingAt(0);
  const DocumentNode& body = branch.body == nullptr ? nothing : *branch.body;
  if (!branch.from) return Make(body, place);
  place.inputs = static_cast<int>(branch.from->size());
  absl::StatusOr<Made> made = Make(body, place);
  if (!made.ok()) return made;
  return Made{std::make_unique<FromBlock>(*branch.from, std::move(made->block)), made->outputs};
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeBranches(Combine combine, const DocumentNode& list,
                                                          const Place& place) {
  absl::StatusOr<std::vector<BranchSpec>> specs = Branches(list, place);
  if (!specs.ok()) return specs.status();
  if (list.items.empty()) return Error(list, "nothing to combine; give at least one branch");
  std::vector<BranchesBlock::Branch> branches;
  int outputs = 0;
  for (const BranchSpec& spec : *specs) {
    absl::StatusOr<Made> made = MakeBranch(spec, place);
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

absl::StatusOr<Elaborator::Made> Elaborator::MakeSelect(const DocumentNode& list,
                                                        const Entries& settings,
                                                        const DocumentNode& node,
                                                        const Place& place) {
  const auto combine_node = settings.find("combine");
  Combine combine = Combine::kSum;
  if (combine_node != settings.end()) {
    static const auto* const kNames =
        new std::map<std::string, Combine, std::less<>>{{"sum", Combine::kSum},
                                                        {"concat", Combine::kConcat},
                                                        {"product", Combine::kProduct},
                                                        {"mean", Combine::kMean},
                                                        {"list", Combine::kList}};
    const auto found = kNames->find(combine_node->second->text);
    if (found == kNames->end()) {
      return Error(*combine_node->second,
                   absl::StrCat("combine: found ", spec::Describe(*combine_node->second),
                                ", allowed are sum, concat, product, mean, list"));
    }
    combine = found->second;
  }
  absl::StatusOr<std::vector<BranchSpec>> specs = Branches(list, place);
  if (!specs.ok()) return specs.status();
  const int count = static_cast<int>(specs->size());
  if (list.items.empty()) return Error(list, "nothing to select from; give at least one branch");
  const auto count_node = settings.find("count");
  if (count_node == settings.end()) {
    return Error(node, "count is missing: a number, [least, most] or any");
  }
  const bool any = count_node->second->text == "any";
  int least = 0, most = 0;
  if (!any) {
    const Trail trail(*this, "count");
    const DocumentNode& given = *count_node->second;
    const bool range = given.kind == Kind::kList && given.items.size() == 2;
    absl::StatusOr<int64_t> low = SettledInteger(range ? *given.items[0] : given, place, 0, count);
    if (!low.ok()) return low.status();
    absl::StatusOr<int64_t> high =
        range ? SettledInteger(*given.items[1], place, *low, count) : low;
    if (!high.ok()) return high.status();
    least = static_cast<int>(*low);
    most = static_cast<int>(*high);
  }
  std::vector<std::vector<int>> subsets;
  Domain domain;
  for (int size = least; !any && size <= most; ++size) {
    if (!AddSubsets(count, size, subsets)) {
      return Error(node, absl::StrCat("more than ", kMostSubsets,
                                      " ways to select; use count: any, "
                                      "which makes a decision per branch"));
    }
  }
  for (const std::vector<int>& subset : subsets) {
    std::vector<std::string> names;
    for (const int i : subset) names.push_back((*specs)[i].name);
    domain.options.emplace_back(names.empty() ? std::string("none") : absl::StrJoin(names, "+"));
  }
  int decision = -1;
  if (!any) {
    absl::StatusOr<int> decided = Decide(node, place.label, domain, place);
    if (!decided.ok()) return decided.status();
    decision = *decided;
  }
  std::vector<BranchesBlock::Branch> branches;
  bool one_each = true;
  for (int i = 0; i < count; ++i) {
    Place inside = place;
    BranchesBlock::Branch branch;
    if (any) {
      Domain flag;
      flag.options = {OptionValue(false), OptionValue(true)};
      absl::StatusOr<int> decided =
          Decide(node, Joined(Joined(place.label, (*specs)[i].name), "used"), flag, place);
      if (!decided.ok()) return decided.status();
      branch.flag = *decided;
      inside.condition.push_back({branch.flag, {1}});
    } else {
      Condition::Term term{decision, {}};
      for (size_t s = 0; s < subsets.size(); ++s) {
        if (std::find(subsets[s].begin(), subsets[s].end(), i) != subsets[s].end()) {
          term.values.push_back(static_cast<int64_t>(s));
        }
      }
      if (term.values.size() < subsets.size()) inside.condition.push_back(std::move(term));
    }
    absl::StatusOr<Made> made = MakeBranch((*specs)[i], inside);
    if (!made.ok()) return made;
    one_each = one_each && made->outputs == 1;
    branch.block = std::move(made->block);
    branch.only_if_unused = (*specs)[i].only_if_unused;
    branches.push_back(std::move(branch));
  }
  auto block = std::make_unique<BranchesBlock>(std::move(branches), combine,
                                               Joined(place.path, "combine"), node.line);
  if (!any) block->SetSubsets(decision, std::move(subsets));
  int outputs = -1;
  if (!any && one_each && combine == Combine::kList && least == most) outputs = least;
  if (!any && least > 0 && combine != Combine::kList) outputs = 1;
  return Made{std::move(block), outputs};
}

absl::Status Elaborator::CheckNewTensor(const std::string& name, int line,
                                        const Scope& scope) const {
  if (name.empty()) return Error(line, "an empty name");
  if (name == "earlier" || name == "unused" || name == "in") {
    return Error(line, absl::StrCat("nothing may be called \"", name, "\", it has a meaning"));
  }
  for (const auto& [known, values] : scope.tensors) {
    if (known == name) return Error(line, absl::StrCat("\"", name, "\" stands here twice"));
  }
  return absl::OkStatus();
}

absl::Status Elaborator::AddGraphNode(const DocumentNode::Entry& entry, const Place& place,
                                      Scope& scope, std::vector<int>& node_values,
                                      std::vector<GraphBlock::Node>& nodes) {
  const DocumentNode name_node = WordAt(entry.line, entry.key);
  absl::StatusOr<std::string> name = TextOf(name_node, place);
  if (!name.ok()) return name.status();
  if (absl::Status status = CheckNewTensor(*name, entry.line, scope); !status.ok()) return status;
  const Trail trail(*this, *name);
  absl::StatusOr<std::string> segment = SegmentOf(name_node, place);
  if (!segment.ok()) return segment.status();
  Place inside = place;
  inside.path = Joined(place.path, *segment);
  inside.label = Joined(place.label, *segment);
  absl::StatusOr<Made> made = Make(*entry.value, inside);
  if (!made.ok()) return made.status();
  const int value = NewTensor(*name);
  scope.tensors.emplace_back(*name, std::vector<int>{value});
  node_values.push_back(value);
  nodes.push_back({value, std::move(made->block)});
  return absl::OkStatus();
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeGraph(const DocumentNode& body,
                                                       const Entries& settings,
                                                       const DocumentNode& node,
                                                       const Place& place) {
  if (body.kind != Kind::kMap) {
    return Error(body, absl::StrCat("found ", spec::Describe(body),
                                    ", the nodes are a map from names to blocks"));
  }
  const auto output_node = settings.find("output");
  if (output_node == settings.end()) return Error(node, "output is missing: a name or a block");
  Scope scope{.outer = place.scope, .values = {}, .tensors = {}, .nodes = nullptr};
  Place inside = place;
  inside.scope = &scope;

  const DocumentNode default_input = WordAt(node.line, "x");
  const auto inputs_node = settings.find("inputs");
  std::vector<const DocumentNode*> names =
      Words(inputs_node == settings.end() ? default_input : *inputs_node->second);
  std::vector<int> inputs;
  const auto rests = std::count_if(names.begin(), names.end(), [](const DocumentNode* name) {
    return absl::EndsWith(name->text, "*");
  });
  const bool rest = rests > 0;
  if (rests > 1) return Error(node, "inputs: one name may end in *, the others stand for one each");
  if (place.inputs < 0) return Error(node, "how many inputs arrive here depends on decisions");
  const int others = static_cast<int>(names.size()) - (rest ? 1 : 0);
  if (rest ? place.inputs < others : place.inputs != others) {
    return Error(node, absl::StrCat("found ", place.inputs, " inputs, names ", names.size()));
  }
  for (const DocumentNode* name : names) {
    std::string text = name->text;
    std::vector<int> values;
    const bool is_rest = absl::EndsWith(text, "*");
    if (is_rest) text.pop_back();
    if (absl::Status status = CheckNewTensor(text, name->line, scope); !status.ok()) return status;
    if (is_rest) {
      for (int i = 0; i < place.inputs - others; ++i) {
        values.push_back(NewTensor(absl::StrCat(text, i)));
      }
    } else {
      values.push_back(NewTensor(text));
    }
    inputs.insert(inputs.end(), values.begin(), values.end());
    scope.tensors.emplace_back(std::move(text), std::move(values));
  }

  std::vector<int> node_values;
  scope.nodes = &node_values;
  std::vector<GraphBlock::Node> nodes;
  for (const DocumentNode::Entry& entry : body.entries) {
    const DocumentNode* range = entry.value->Find("for");
    if (range == nullptr) {
      absl::Status status = AddGraphNode(entry, inside, scope, node_values, nodes);
      if (!status.ok()) return status;
      continue;
    }
    const Trail trail(*this, entry.key);
    const DocumentNode* one = entry.value->Find("do");
    const DocumentNode* group_name = entry.value->Find("group");
    const size_t keys = group_name == nullptr ? 2 : 3;
    if (entry.value->entries.size() != keys || one == nullptr || range->kind != Kind::kMap ||
        range->entries.size() != 1 || range->entries[0].value->items.size() != 2) {
      return Error(*entry.value,
                   "nodes by number are {for: {i: [first, last]}, do: block, group: name}");
    }
    const std::vector<spec::DocumentNodePtr>& ends = range->entries[0].value->items;
    absl::StatusOr<int64_t> first = SettledInteger(*ends[0], inside, -10'000, 10'000);
    if (!first.ok()) return first.status();
    absl::StatusOr<int64_t> last = SettledInteger(*ends[1], inside, -10'000, 10'000);
    if (!last.ok()) return last.status();
    std::vector<int> group;
    for (int64_t i = *first; i <= *last; ++i) {
      Scope number{.outer = &scope, .values = {}, .tensors = {}, .nodes = nullptr};
      number.values.emplace_back(range->entries[0].key, MakeLiteral(i));
      Place at = inside;
      at.scope = &number;
      const DocumentNode::Entry numbered{
          .key = entry.key, .line = entry.line, .value = spec::DocumentNodePtr(entry.value, one)};
      absl::Status status = AddGraphNode(numbered, at, scope, node_values, nodes);
      if (!status.ok()) return status;
      group.push_back(node_values.back());
    }
    if (group_name != nullptr) {
      absl::StatusOr<std::string> name = PlainText(*group_name);
      if (!name.ok()) return name.status();
      absl::Status status = CheckNewTensor(*name, group_name->line, scope);
      if (!status.ok()) return status;
      scope.tensors.emplace_back(*std::move(name), std::move(group));
    }
  }
  // The output is a name, or a block of its own.
  const Trail trail(*this, "output");
  const DocumentNode& output = *output_node->second;
  inside.path = Joined(place.path, "output");
  inside.label = Joined(place.label, "output");
  Made made;
  if (output.kind == Kind::kScalar && FindTensor(&scope, output.text) != nullptr) {
    const std::vector<int>& values = *FindTensor(&scope, output.text);
    for (const int value : values) tensor_read_[value] = 1;
    made = {std::make_unique<FromBlock>(values,
                                        std::make_unique<SequenceBlock>(std::vector<BlockPtr>())),
            static_cast<int>(values.size())};
  } else {
    absl::StatusOr<Made> block = Make(output, inside);
    if (!block.ok()) return block;
    made = *std::move(block);
  }
  for (const int value : node_values) {
    if (tensor_read_[value] == 0) {
      return Error(node, absl::StrCat("nothing reads the node \"", tensor_names_[value], "\""));
    }
  }
  return Made{std::make_unique<GraphBlock>(std::move(inputs), std::move(nodes),
                                           std::move(made.block), node.line),
              made.outputs};
}

}  // namespace nascent::space
