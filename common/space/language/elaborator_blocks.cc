// Operations, named blocks, sequences, choices, repeats and conditions.

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/elaborator.h"
#include "common/spec/suggest.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

constexpr int64_t kMostSteps = 250'000;
constexpr int kDeepestBlock = 200;

// Entries that stand beside every kind.
constexpr const char* kCommon[] = {"name", "only", "from", "label"};

// Kinds of blocks that are neither an operation nor a named block, and the settings beside them.
const std::map<std::string, std::vector<std::string>, std::less<>>& Kinds() {
  static const auto* const kBlockKinds =
      new std::map<std::string, std::vector<std::string>, std::less<>>{
          {"sequence", {}},
          {"choice", {}},
          {"repeat", {"times", "index", "share", "history", "result"}},
          {"if", {"then", "else"}},
          {"use", {"with"}},
          {"side_output", {"called"}},
          {"graph", {"inputs", "output"}},
          {"sum", {}},
          {"concat", {}},
          {"product", {}},
          {"mean", {}},
          {"list", {}},
          {"select", {"count", "combine"}},
          {"dag", {"vertices", "most_edges", "channels", "from_input"}},
      };
  return *kBlockKinds;
}

bool IsCommon(std::string_view key) {
  return std::find(std::begin(kCommon), std::end(kCommon), key) != std::end(kCommon);
}

// The key that says what a map is: a kind, or else the one that is no setting. Null: none.
const DocumentNode::Entry* KindEntry(const DocumentNode& node) {
  for (const DocumentNode::Entry& entry : node.entries) {
    if (Kinds().contains(entry.key)) return &entry;
  }
  for (const DocumentNode::Entry& entry : node.entries) {
    if (!IsCommon(entry.key)) return &entry;
  }
  return nullptr;
}

std::string Sanitized(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '+' || c == '~';
    if (!plain) c = '_';
  }
  return result;
}

struct Deeper {
  explicit Deeper(int& depth) : depth_(++depth) {}
  ~Deeper() { --depth_; }
  int& depth_;
};

}  // namespace

std::vector<std::string> LanguageWords() {
  std::vector<std::string> words = {"choice",  "ordered",     "integer", "log_integer",
                                    "uniform", "log_uniform", "each",    "for"};
  words.insert(words.end(), std::begin(kCommon), std::end(kCommon));
  for (const auto& [kind, settings] : Kinds()) {
    words.push_back(kind);
    words.insert(words.end(), settings.begin(), settings.end());
  }
  return words;
}

bool Elaborator::IsExcluded(const DocumentNode& node) const {
  const DocumentNode* only = node.Find("only");
  if (only == nullptr) return false;
  return only->text == "supernet" || (only->text == "training" && !training_parts_);
}

absl::StatusOr<std::string> Elaborator::SegmentOf(const DocumentNode& node, const Place& place) {
  if (node.kind == Kind::kScalar) {
    absl::StatusOr<std::string> text = TextOf(node, place);
    return text.ok() ? absl::StatusOr<std::string>(Sanitized(*text)) : text;
  }
  if (node.kind == Kind::kList) return std::string("sequence");
  if (node.kind != Kind::kMap) return std::string("pass");
  if (const DocumentNode* name = node.Find("name"); name != nullptr) {
    absl::StatusOr<std::string> text = TextOf(*name, place);
    return text.ok() ? absl::StatusOr<std::string>(Sanitized(*text)) : text;
  }
  const DocumentNode::Entry* kind = KindEntry(node);
  if (kind == nullptr) return std::string("pass");
  if (kind->key == "use") return SegmentOf(*kind->value, place);
  return Sanitized(kind->key);
}

absl::StatusOr<Elaborator::Made> Elaborator::Make(const DocumentNode& node, const Place& place) {
  const Deeper deeper(depth_);
  if (depth_ > kDeepestBlock) {
    return Error(node, absl::StrCat("blocks nested more than ", kDeepestBlock,
                                    " deep; does a block contain itself?"));
  }
  if (++steps_ > kMostSteps) {
    return Error(node, absl::StrCat("the template describes more than ", kMostSteps, " blocks"));
  }
  switch (node.kind) {
    case Kind::kNull:
      return Made{std::make_unique<SequenceBlock>(std::vector<BlockPtr>()), place.inputs};
    case Kind::kList:
      return MakeSequence(node, place);
    case Kind::kScalar:
      return MakeWord(node, place);
    case Kind::kMap:
      break;
  }
  return MakeMap(node, place);
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeWord(const DocumentNode& node,
                                                      const Place& place) {
  absl::StatusOr<std::string> name = TextOf(node, place);
  if (!name.ok()) return name.status();
  return MakeCalled(node, *name, nullptr, place);
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeMap(const DocumentNode& node, Place place) {
  if (const DocumentNode* only = node.Find("only"); only != nullptr) {
    if (only->text != "supernet" && only->text != "training" && only->text != "final") {
      return Error(*only, absl::StrCat("found only: ", spec::Describe(*only),
                                       ", allowed are supernet, training and final"));
    }
    if (IsExcluded(node)) {
      return Made{std::make_unique<SequenceBlock>(std::vector<BlockPtr>()), place.inputs};
    }
  }
  if (const DocumentNode* label = node.Find("label"); label != nullptr) {
    absl::StatusOr<std::string> text = TextOf(*label, place);
    if (!text.ok()) return text.status();
    place.label = *std::move(text);
  }
  const auto inner = [&](const Place& at) -> absl::StatusOr<Made> {
    const DocumentNode::Entry* kind = KindEntry(node);
    if (kind == nullptr) {
      if (node.entries.empty()) return Error(node, "an empty map is no block");
      return Made{std::make_unique<SequenceBlock>(std::vector<BlockPtr>()), at.inputs};
    }
    const auto known = Kinds().find(kind->key);
    absl::StatusOr<Entries> settings = Settings(
        node, kind->key, known == Kinds().end() ? std::vector<std::string>() : known->second);
    if (!settings.ok()) return settings.status();
    if (known == Kinds().end()) {
      return MakeCalled(node, kind->key, kind->value.get(), at);
    }
    return MakeKind(kind->key, *kind->value, *settings, node, at);
  };
  const DocumentNode* from = node.Find("from");
  return from == nullptr ? inner(place) : MakeFrom(*from, node, place, inner);
}

absl::StatusOr<Elaborator::Entries> Elaborator::Settings(const DocumentNode& node,
                                                         std::string_view kind,
                                                         const std::vector<std::string>& allowed) {
  Entries entries;
  for (const DocumentNode::Entry& entry : node.entries) {
    if (entry.key == kind || IsCommon(entry.key)) continue;
    if (std::find(allowed.begin(), allowed.end(), entry.key) == allowed.end()) {
      std::vector<std::string> all(allowed);
      all.insert(all.end(), std::begin(kCommon), std::end(kCommon));
      return Error(entry.line,
                   absl::StrCat("found \"", entry.key, "\" beside \"", std::string(kind), "\"",
                                spec::DidYouMean(entry.key, all), "; allowed are ",
                                absl::StrJoin(all, ", ")));
    }
    entries[entry.key] = entry.value.get();
  }
  return entries;
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeKind(const std::string& kind,
                                                      const DocumentNode& value,
                                                      const Entries& settings,
                                                      const DocumentNode& node,
                                                      const Place& place) {
  const Trail trail(*this, kind);
  if (kind == "sequence") return MakeSequence(value, place);
  if (kind == "choice") return MakeChoice(value, place);
  if (kind == "repeat") return MakeRepeat(value, settings, node, place);
  if (kind == "if") return MakeIf(value, settings, place);
  if (kind == "side_output") return MakeSideOutput(value, settings, node, place);
  if (kind == "graph") return MakeGraph(value, settings, node, place);
  if (kind == "sum") return MakeBranches(Combine::kSum, value, place);
  if (kind == "concat") return MakeBranches(Combine::kConcat, value, place);
  if (kind == "product") return MakeBranches(Combine::kProduct, value, place);
  if (kind == "mean") return MakeBranches(Combine::kMean, value, place);
  if (kind == "list") return MakeBranches(Combine::kList, value, place);
  if (kind == "select") return MakeSelect(value, settings, node, place);
  if (kind == "dag") return MakeDag(value, settings, node, place);
  absl::StatusOr<ExprValue> name = SettledValue(value, place);
  if (!name.ok()) return name.status();
  if (name->AsText() == nullptr) {
    return Error(value, absl::StrCat("found ", name->Text(), ", the name of a block is needed"));
  }
  const auto with = settings.find("with");
  return MakeCalled(node, *name->AsText(), with == settings.end() ? nullptr : with->second, place);
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeCalled(const DocumentNode& at,
                                                        const std::string& name,
                                                        const DocumentNode* arguments,
                                                        const Place& place) {
  if (arguments != nullptr && arguments->kind == Kind::kNull) arguments = nullptr;
  if (arguments != nullptr && arguments->kind != Kind::kMap) {
    return Error(*arguments, absl::StrCat(name, ": found ", spec::Describe(*arguments),
                                          ", its settings are a map such as {name: value}"));
  }
  const Trail trail(*this, name);
  if (const auto block = blocks.find(name); block != blocks.end()) {
    return MakeNamed(block->second, at, arguments, place);
  }
  if (const network::Operation* operation = network::FindOperation(name)) {
    return MakeOperation(*operation, at, arguments, place);
  }
  std::vector<std::string> known;
  for (const auto& [block, definition] : blocks) known.push_back(block);
  for (const auto& [kind, settings] : Kinds()) known.push_back(kind);
  for (const network::Operation& operation : network::AllOperations()) {
    known.push_back(operation.name);
  }
  std::string near = spec::DidYouMean(name, known);
  if (near.empty()) near = absl::StrCat("; known are ", absl::StrJoin(known, ", "));
  return Error(at, absl::StrCat("no operation, block or kind is called \"", name, "\"", near));
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeOperation(const network::Operation& operation,
                                                           const DocumentNode& at,
                                                           const DocumentNode* arguments,
                                                           const Place& place) {
  if (operation.name == "input") return Error(at, "a template makes no inputs of its own");
  if (place.inputs >= 0 && (place.inputs < operation.min_inputs ||
                            (operation.max_inputs >= 0 && place.inputs > operation.max_inputs))) {
    return Error(at, absl::StrCat("found ", place.inputs, " inputs, takes ", operation.min_inputs,
                                  operation.max_inputs < 0 ? " or more"
                                  : operation.max_inputs == operation.min_inputs
                                      ? ""
                                      : absl::StrCat(" to ", operation.max_inputs)));
  }
  network::Attributes given;
  std::vector<OperationBlock::Computed> computed;
  std::string content = operation.name;
  for (size_t i = 0; arguments != nullptr && i < arguments->entries.size(); ++i) {
    const DocumentNode::Entry& entry = arguments->entries[i];
    const Trail trail(*this, entry.key);
    const auto spec = std::find_if(operation.attributes.begin(), operation.attributes.end(),
                                   [&](const auto& s) { return s.name == entry.key; });
    if (spec == operation.attributes.end()) {
      std::vector<std::string> known;
      for (const network::AttributeSpec& s : operation.attributes) known.push_back(s.name);
      return Error(entry.line,
                   absl::StrCat("no such setting", spec::DidYouMean(entry.key, known),
                                known.empty() ? "; there are none"
                                              : "; known are " + absl::StrJoin(known, ", ")));
    }
    absl::StatusOr<ExpressionPtr> value =
        ValueOf(*entry.value, place, Joined(place.label, entry.key));
    if (!value.ok()) return value.status();
    if ((*value)->kind != Expression::Kind::kLiteral) {
      computed.push_back({&*spec, *std::move(value)});
      continue;
    }
    absl::StatusOr<network::Attribute> attribute = ToAttribute(*spec, (*value)->literal);
    if (!attribute.ok()) return Error(*entry.value, std::string(attribute.status().message()));
    absl::StrAppend(&content, "\n", entry.key, "=", (*value)->literal.v.index(), ":",
                    (*value)->literal.Text());
    given[entry.key] = *std::move(attribute);
  }
  for (const network::AttributeSpec& spec : operation.attributes) {
    const bool is_computed = std::any_of(computed.begin(), computed.end(),
                                         [&](const auto& c) { return c.spec == &spec; });
    if (spec.required && !is_computed && !given.contains(spec.name)) {
      return Error(at, absl::StrCat(spec.name, " is missing: ", spec.description));
    }
  }
  if (computed.empty()) {
    if (absl::StatusOr<network::Attributes> all = network::Complete(operation, given); !all.ok()) {
      return Error(at, std::string(all.status().message()));
    }
  }
  // Equal attributes are one object, so that inference is remembered across copies of a block.
  given = interned_.try_emplace(content, given).first->second;
  return Made{
      std::make_unique<OperationBlock>(&operation, place.path.empty() ? operation.name : place.path,
                                       at.line, std::move(given), std::move(computed)),
      1};
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeNamed(const NamedBlock& block,
                                                       const DocumentNode& at,
                                                       const DocumentNode* arguments,
                                                       const Place& place) {
  std::map<std::string_view, const DocumentNode*> given;
  for (size_t i = 0; arguments != nullptr && i < arguments->entries.size(); ++i) {
    const DocumentNode::Entry& entry = arguments->entries[i];
    std::vector<std::string> known;
    for (const NamedBlock::Parameter& parameter : block.parameters) known.push_back(parameter.name);
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      return Error(
          entry.line,
          absl::StrCat(
              "no parameter is called \"", entry.key, "\"", spec::DidYouMean(entry.key, known),
              known.empty() ? "; there are none" : "; known are " + absl::StrJoin(known, ", ")));
    }
    given[entry.key] = entry.value.get();
  }
  Scope scope{.outer = &root, .values = {}, .tensors = {}, .nodes = nullptr};
  Place inside = place;
  inside.scope = &scope;
  std::vector<LetBlock::Parameter> computed;
  for (const NamedBlock::Parameter& parameter : block.parameters) {
    const auto argument = given.find(parameter.name);
    const bool is_given = argument != given.end();
    const DocumentNode* value_node = is_given ? argument->second : parameter.default_value;
    const Trail trail(*this, parameter.name);
    if (value_node == nullptr) return Error(at, "this parameter must be given");
    // What is given means what it means at the call; a default what it means in the block.
    absl::StatusOr<ExpressionPtr> value =
        ValueOf(*value_node, is_given ? place : inside, Joined(place.label, parameter.name));
    if (!value.ok()) return value.status();
    bool shapes = false;
    ForEachVariable(**value, [&](const Expression& variable) {
      shapes = shapes || variable.variable_kind == kInputShape;
    });
    if (shapes) {
      computed.push_back({slots_, *value});
      value = MakeVariable(kSlotValue, slots_++);
    }
    scope.values.emplace_back(parameter.name, *std::move(value));
  }
  absl::StatusOr<Made> body = Make(*block.body, inside);
  if (!body.ok() || computed.empty()) return body;
  return Made{std::make_unique<LetBlock>(std::move(computed), std::move(body->block), at.line),
              body->outputs};
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeSequence(const DocumentNode& node,
                                                          const Place& place) {
  if (node.kind != Kind::kList) return Make(node, place);
  std::vector<BlockPtr> items;
  std::map<std::string, int> seen;
  Place at = place;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const DocumentNode& item = *node.items[i];
    const Trail trail(*this, absl::StrCat("[", i, "]"));
    absl::StatusOr<std::string> segment = SegmentOf(item, place);
    if (!segment.ok()) return segment.status();
    const int count = ++seen[*segment];
    if (count > 1) absl::StrAppend(&*segment, "_", count);
    at.path = Joined(place.path, *segment);
    at.label = Joined(place.label, *segment);
    absl::StatusOr<Made> made = Make(item, at);
    if (!made.ok()) return made;
    at.inputs = made->outputs;
    items.push_back(std::move(made->block));
  }
  return Made{std::make_unique<SequenceBlock>(std::move(items)), at.inputs};
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeChoice(const DocumentNode& options,
                                                        const Place& place) {
  std::vector<std::pair<std::string, const DocumentNode*>> named;
  if (options.kind == Kind::kMap) {
    for (const DocumentNode::Entry& entry : options.entries) {
      absl::StatusOr<std::string> name = SegmentOf(WordAt(entry.line, entry.key), place);
      if (!name.ok()) return name.status();
      named.emplace_back(*std::move(name), entry.value.get());
    }
  } else if (options.kind == Kind::kList) {
    for (const spec::DocumentNodePtr& item : options.items) {
      absl::StatusOr<std::string> name = SegmentOf(*item, place);
      if (!name.ok()) return name.status();
      named.emplace_back(*std::move(name), item.get());
    }
  } else {
    return Error(options, absl::StrCat("found ", spec::Describe(options),
                                       ", the options are a map or a list of blocks"));
  }
  std::erase_if(named, [&](const auto& option) { return IsExcluded(*option.second); });
  Domain domain;
  for (const auto& [name, body] : named) domain.options.emplace_back(name);
  if (absl::Status status = ValidateDomain(domain); !status.ok()) {
    return Error(options, std::string(status.message()));
  }
  absl::StatusOr<int> decision = Decide(options, place.label, domain, place);
  if (!decision.ok()) return decision.status();
  std::vector<BlockPtr> blocks_made;
  int outputs = 0;
  for (size_t i = 0; i < named.size(); ++i) {
    const Trail trail(*this, named[i].first);
    Place inside = place;
    inside.path = Joined(place.path, named[i].first);
    inside.label = Joined(place.label, named[i].first);
    inside.condition.push_back({*decision, {static_cast<int64_t>(i)}});
    absl::StatusOr<Made> made = Make(*named[i].second, inside);
    if (!made.ok()) return made;
    outputs = i == 0 || outputs == made->outputs ? made->outputs : -1;
    blocks_made.push_back(std::move(made->block));
  }
  return Made{std::make_unique<ChoiceBlock>(*decision, std::move(blocks_made)), outputs};
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeRepeat(const DocumentNode& body,
                                                        const Entries& settings,
                                                        const DocumentNode& node,
                                                        const Place& place) {
  const auto setting = [&](std::string_view key) -> const DocumentNode* {
    const auto found = settings.find(key);
    return found == settings.end() ? nullptr : found->second;
  };
  const DocumentNode* times_node = setting("times");
  if (times_node == nullptr) return Error(node, "times is missing: how many copies");
  std::string index;
  if (const DocumentNode* given = setting("index")) {
    absl::StatusOr<std::string> name = NameOf(*given, "index");
    if (!name.ok()) return name.status();
    index = *std::move(name);
  }
  bool share = false;
  if (const DocumentNode* given = setting("share")) {
    absl::StatusOr<ExprValue> flag = SettledValue(*given, place);
    if (!flag.ok()) return flag.status();
    if (flag->AsFlag() == nullptr) return Error(*given, "share: allowed are true and false");
    share = *flag->AsFlag();
  }
  int history = 1;
  if (const DocumentNode* given = setting("history"); given != nullptr && given->text == "all") {
    history = 0;
  } else if (given != nullptr) {
    absl::StatusOr<int64_t> number = SettledInteger(*given, place, 1, 1000);
    if (!number.ok()) return number.status();
    history = static_cast<int>(*number);
  }
  bool all_results = false;
  if (const DocumentNode* given = setting("result")) {
    if (given->text != "all" && given->text != "last") {
      return Error(*given, "result: allowed are last and all");
    }
    all_results = given->text == "all";
  }
  if (all_results && history == 1) {
    return Error(node, "result: all needs a history of 2 or more, or all");
  }
  absl::StatusOr<ExpressionPtr> times = [&] {
    const Trail trail(*this, "times");
    return ValueOf(*times_node, place, Joined(place.label, "times"));
  }();
  if (!times.ok()) return times.status();
  int64_t most = 0;
  std::optional<ByDecision> split;
  const auto whole = [&](const ExprValue& value) -> absl::StatusOr<int64_t> {
    const std::optional<int64_t> number = value.AsInteger();
    if (!number || *number < 0 || *number > 10'000) {
      return Error(*times_node, absl::StrCat("times: found ", value.Text(),
                                             ", allowed are whole numbers from 0 to 10000"));
    }
    return *number;
  };
  if ((*times)->kind == Expression::Kind::kLiteral) {
    absl::StatusOr<int64_t> number = whole((*times)->literal);
    if (!number.ok()) return number.status();
    most = *number;
  } else {
    absl::StatusOr<std::optional<ByDecision>> by_decision = SplitByDecision(*times_node, **times);
    if (!by_decision.ok()) return by_decision.status();
    if (!by_decision->has_value()) {
      return Error(*times_node, "times depends on a shape; allowed are numbers and decisions");
    }
    split = **std::move(by_decision);
    for (const auto& [raw, value] : split->results) {
      absl::StatusOr<int64_t> number = whole(value);
      if (!number.ok()) return number.status();
      most = std::max(most, *number);
    }
  }
  std::vector<BlockPtr> copies;
  int inputs = history > 1 ? history : place.inputs;
  for (int64_t i = 0; i < most; ++i) {
    const Trail trail(*this, absl::StrCat("[", i, "]"));
    Scope scope{.outer = place.scope, .values = {}, .tensors = {}, .nodes = nullptr};
    if (!index.empty()) scope.values.emplace_back(index, MakeLiteral(i));
    Place inside = place;
    inside.scope = &scope;
    inside.path = Joined(place.path, absl::StrCat(i));
    if (!share) inside.label = Joined(place.label, absl::StrCat(i));
    inside.inputs = inputs;
    if (split) {
      Condition::Term term{split->decision, {}};
      for (const auto& [raw, value] : split->results) {
        if (*value.AsInteger() > i) term.values.push_back(raw);
      }
      if (term.values.size() < split->results.size()) inside.condition.push_back(std::move(term));
    }
    absl::StatusOr<Made> made = Make(body, inside);
    if (!made.ok()) return made;
    if (history == 1) {
      inputs = made->outputs;
    } else if (history == 0) {
      inputs = inputs < 0 || made->outputs < 0 ? -1 : inputs + made->outputs;
    }
    copies.push_back(std::move(made->block));
  }
  int outputs = history == 1 ? inputs : 1;
  if (all_results) outputs = history == 0 && !split ? inputs : -1;
  return Made{std::make_unique<RepeatBlock>(std::move(copies), split ? *times : nullptr, history,
                                            all_results, node.line),
              outputs};
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeIf(const DocumentNode& condition,
                                                    const Entries& settings, const Place& place) {
  const DocumentNode nothing = NothingAt(condition.line);
  if (settings.empty()) return Error(condition, "then and else are missing; give one of them");
  const auto body = [&](const char* key) {
    const auto found = settings.find(key);
    return found == settings.end() ? &nothing : found->second;
  };
  absl::StatusOr<ExpressionPtr> bound = ValueOf(condition, place, "");
  if (!bound.ok()) return bound.status();
  const auto wrong = [&](const ExprValue& value) {
    return Error(condition, absl::StrCat("found ", value.Text(), ", allowed are true and false"));
  };
  if ((*bound)->kind == Expression::Kind::kLiteral) {
    const bool* flag = (*bound)->literal.AsFlag();
    if (flag == nullptr) return wrong((*bound)->literal);
    const char* key = *flag ? "then" : "else";
    const Trail trail(*this, key);
    return Make(*body(key), place);
  }
  Place yes = place, no = place;
  absl::StatusOr<std::optional<ByDecision>> split = SplitByDecision(condition, **bound);
  if (!split.ok()) return split.status();
  if (split->has_value()) {
    Condition::Term when{(*split)->decision, {}}, otherwise{(*split)->decision, {}};
    for (const auto& [raw, value] : (*split)->results) {
      if (value.AsFlag() == nullptr) return wrong(value);
      (*value.AsFlag() ? when : otherwise).values.push_back(raw);
    }
    yes.condition.push_back(std::move(when));
    no.condition.push_back(std::move(otherwise));
  } else {
    yes.undecidable = no.undecidable = true;
  }
  // Both sides keep the path: a network has only one of them, and what both call by the same name
  // must be told apart.
  yes.path = Joined(place.path, "then");
  no.path = Joined(place.path, "else");
  yes.label = Joined(place.label, "then");
  no.label = Joined(place.label, "else");
  absl::StatusOr<Made> then_made = [&] {
    const Trail trail(*this, "then");
    return Make(*body("then"), yes);
  }();
  if (!then_made.ok()) return then_made;
  const Trail trail(*this, "else");
  absl::StatusOr<Made> else_made = Make(*body("else"), no);
  if (!else_made.ok()) return else_made;
  const int outputs = then_made->outputs == else_made->outputs ? then_made->outputs : -1;
  return Made{std::make_unique<IfBlock>(*bound, std::move(then_made->block),
                                        std::move(else_made->block), condition.line),
              outputs};
}

absl::StatusOr<Elaborator::Made> Elaborator::MakeSideOutput(const DocumentNode& body,
                                                            const Entries& settings,
                                                            const DocumentNode& node,
                                                            const Place& place) {
  const auto called = settings.find("called");
  if (called == settings.end()) return Error(node, "called is missing: the output's name");
  absl::StatusOr<std::string> name = TextOf(*called->second, place);
  if (!name.ok()) return name.status();
  absl::StatusOr<Made> made = Make(body, place);
  if (!made.ok()) return made;
  return Made{
      std::make_unique<SideOutputBlock>(*std::move(name), std::move(made->block), node.line),
      place.inputs};
}

}  // namespace nascent::space
