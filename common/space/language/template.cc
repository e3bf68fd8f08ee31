#include "common/space/language/template.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/elaborator.h"
#include "common/space/language/expression_parser.h"
#include "common/spec/suggest.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

constexpr const char* kSections[] = {"space",     "description", "source", "status",
                                     "constants", "decisions",   "blocks", "network",
                                     "forbid",    "notation",    "known"};
constexpr spec::DocumentLimits kLimits = {.bytes = int64_t{1} << 20, .nodes = 100'000, .depth = 64};

ExprValue FromConstant(const Constant& constant) {
  if (const auto* list = std::get_if<std::vector<int64_t>>(&constant)) {
    std::vector<ExprValue> values(list->begin(), list->end());
    return values;
  }
  if (const auto* whole = std::get_if<int64_t>(&constant)) return *whole;
  if (const auto* real = std::get_if<double>(&constant)) return *real;
  if (const auto* flag = std::get_if<bool>(&constant)) return *flag;
  return std::get<std::string>(constant);
}

std::optional<Constant> ToConstant(const ExprValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value.v)) return *whole;
  if (const auto* real = std::get_if<double>(&value.v)) return *real;
  if (value.AsFlag() != nullptr) return *value.AsFlag();
  if (value.AsText() != nullptr) return *value.AsText();
  if (value.AsList() == nullptr) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const ExprValue& item : *value.AsList()) {
    const std::optional<int64_t> whole = item.AsInteger();
    if (!whole) return std::nullopt;
    numbers.push_back(*whole);
  }
  return numbers;
}

// What a decision may be, for errors: "one of relu, silu", "1 to 4".
std::string DomainText(const Domain& domain) {
  if (!domain.IsList()) {
    return absl::StrCat(OptionText(domain.minimum), " to ", OptionText(domain.maximum));
  }
  constexpr size_t kShown = 20;
  const auto end =
      domain.options.begin() + static_cast<ptrdiff_t>(std::min(domain.options.size(), kShown));
  return absl::StrCat("one of ",
                      absl::StrJoin(domain.options.begin(), end, ", ",
                                    [](std::string* out, const OptionValue& option) {
                                      out->append(OptionText(option));
                                    }),
                      domain.options.size() > kShown ? ", …" : "");
}

const char* KindOf(const Constant& constant) {
  constexpr const char* kNames[] = {"a whole number", "a number", "true or false", "a text",
                                    "a list of whole numbers"};
  return kNames[constant.index()];
}

// The given value in the kind of the template's own; nothing where it does not fit.
std::optional<Constant> AsKindOf(const Constant& own, const Constant& given) {
  const ExprValue value = FromConstant(given);
  if (own.index() == given.index()) return given;
  if (std::holds_alternative<double>(own) && !std::holds_alternative<bool>(given)) {
    if (const std::optional<double> real = value.AsReal()) return *real;
  }
  if (std::holds_alternative<int64_t>(own) && std::holds_alternative<double>(given)) {
    if (const std::optional<int64_t> whole = value.AsInteger()) return *whole;
  }
  return std::nullopt;
}

class TemplateReader {
 public:
  TemplateReader(std::string_view file, const SpaceOptions& options)
      : options_(options),
        result_(std::make_unique<Template>()),
        elaborator_(std::string(file), options.training_parts) {
    result_->file = std::string(file);
    result_->classes = options.classes;
    result_->output = options.output;
  }

  absl::StatusOr<std::unique_ptr<const Template>> Read(const DocumentNode& root) {
    place_.scope = &elaborator_.root;
    for (auto step :
         {&TemplateReader::ReadSections, &TemplateReader::ReadConstants,
          &TemplateReader::ReadDecisions, &TemplateReader::ReadBlocks, &TemplateReader::ReadNetwork,
          &TemplateReader::FinishDecisions, &TemplateReader::ReadForbid,
          &TemplateReader::ReadNotation, &TemplateReader::ReadKnown}) {
      if (absl::Status status = (this->*step)(root); !status.ok()) return status;
    }
    return std::unique_ptr<const Template>(std::move(result_));
  }

 private:
  const DocumentNode* Section(std::string_view name) const {
    const auto found = sections_.find(name);
    return found == sections_.end() ? nullptr : found->second;
  }

  // A section that is a map; null where it is absent.
  absl::StatusOr<const DocumentNode*> MapSection(std::string_view name) {
    const DocumentNode* node = Section(name);
    if (node != nullptr && node->kind == Kind::kNull) return nullptr;
    if (node != nullptr && node->kind != Kind::kMap) {
      return elaborator_.Error(*node,
                               absl::StrCat("found ", spec::Describe(*node), ", a map is needed"));
    }
    return node;
  }

  absl::Status ReadSections(const DocumentNode& root) {
    if (root.kind != Kind::kMap) {
      return elaborator_.Error(
          root, absl::StrCat("found ", spec::Describe(root), ", a template is a map of sections"));
    }
    const std::vector<std::string> known(std::begin(kSections), std::end(kSections));
    for (const DocumentNode::Entry& entry : root.entries) {
      if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
        return elaborator_.Error(entry.line,
                                 absl::StrCat("no section is called \"", entry.key, "\"",
                                              spec::DidYouMean(entry.key, known), "; allowed are ",
                                              absl::StrJoin(known, ", ")));
      }
      sections_[entry.key] = entry.value.get();
    }
    for (const char* section : {"space", "description", "source", "status"}) {
      if (Section(section) == nullptr) continue;
      const Elaborator::Trail trail(elaborator_, section);
      absl::StatusOr<std::string> text = elaborator_.PlainText(*Section(section));
      if (!text.ok()) return text.status();
      if (section == std::string_view("space")) result_->name = *text;
      if (section == std::string_view("description")) result_->description = *text;
    }
    if (Section("network") == nullptr) {
      return elaborator_.Error(root, "the section network is missing: what the template builds");
    }
    return absl::OkStatus();
  }

  void Name(std::string name, ExprValue value) {
    elaborator_.root.values.emplace_back(std::move(name), MakeLiteral(std::move(value)));
  }

  absl::Status ReadConstants(const DocumentNode&) {
    const Elaborator::Trail trail(elaborator_, "constants");
    absl::StatusOr<const DocumentNode*> section = MapSection("constants");
    if (!section.ok()) return section.status();
    Name("classes", options_.classes);
    std::vector<std::string> names;
    for (size_t i = 0; *section != nullptr && i < (*section)->entries.size(); ++i) {
      const DocumentNode::Entry& entry = (*section)->entries[i];
      const Elaborator::Trail name_trail(elaborator_, entry.key);
      absl::Status status = CheckConstantName(entry);
      if (status.ok()) status = ReadConstant(entry);
      if (!status.ok()) return status;
      names.push_back(entry.key);
    }
    for (const auto& [name, value] : options_.set) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        return absl::InvalidArgumentError(absl::StrCat("space.set.", name, ": no such constant",
                                                       spec::DidYouMean(name, names),
                                                       "; known are ", absl::StrJoin(names, ", ")));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckConstantName(const DocumentNode::Entry& entry) const {
    absl::Status status =
        elaborator_.NameOf(WordAt(entry.line, entry.key), "the name of a constant").status();
    if (status.ok() && (entry.key == "classes" || entry.key == "in" || entry.key == "input")) {
      status = elaborator_.Error(entry.line, "no constant has this name, it has a meaning");
    }
    return status;
  }

  absl::Status ReadConstant(const DocumentNode::Entry& entry) {
    const DocumentNode* value_node = entry.value.get();
    std::optional<double> minimum, maximum;
    std::string description;
    if (value_node->kind == Kind::kMap) {
      value_node = nullptr;
      for (const DocumentNode::Entry& field : entry.value->entries) {
        if (field.key == "value") {
          value_node = field.value.get();
        } else if (field.key == "description") {
          absl::StatusOr<std::string> text = elaborator_.PlainText(*field.value);
          if (!text.ok()) return text.status();
          description = *std::move(text);
        } else if (field.key == "minimum" || field.key == "maximum") {
          absl::StatusOr<ExprValue> end = elaborator_.SettledValue(*field.value, place_);
          if (!end.ok()) return end.status();
          const std::optional<double> number = end->AsReal();
          if (!number) {
            return elaborator_.Error(*field.value, absl::StrCat(field.key, ": found ", end->Text(),
                                                                ", a number is needed"));
          }
          (field.key == "minimum" ? minimum : maximum) = number;
        } else {
          return elaborator_.Error(field.line,
                                   absl::StrCat("found \"", field.key,
                                                "\" in a constant, allowed "
                                                "are value, minimum, maximum, description"));
        }
      }
    }
    if (value_node == nullptr) return elaborator_.Error(entry.line, "value is missing");
    absl::StatusOr<ExprValue> own = elaborator_.SettledValue(*value_node, place_);
    if (!own.ok()) return own.status();
    std::optional<Constant> constant = ToConstant(*own);
    if (!constant && own->AsList() == nullptr) {
      return elaborator_.Error(*value_node, absl::StrCat("found ", own->Text(),
                                                         ", a constant is a number, "
                                                         "a text, true, false or a list"));
    }
    const auto given = options_.set.find(entry.key);
    if (given != options_.set.end()) {
      const std::string text = FromConstant(given->second).Text();
      const std::optional<Constant> fitting =
          constant ? AsKindOf(*constant, given->second) : std::nullopt;
      if (!fitting) {
        return absl::InvalidArgumentError(
            absl::StrCat("space.set.", entry.key, ": found ", text, ", allowed is ",
                         constant ? KindOf(*constant) : "nothing else than the template's own"));
      }
      constant = *fitting;
      own = FromConstant(*constant);
    }
    const std::optional<double> number = own->AsReal();
    if ((minimum && (!number || *number < *minimum)) ||
        (maximum && (!number || *number > *maximum))) {
      const std::string what = absl::StrCat("found ", own->Text(), ", allowed are numbers from ",
                                            minimum ? OptionText(*minimum) : "any", " to ",
                                            maximum ? OptionText(*maximum) : "any");
      return given == options_.set.end()
                 ? elaborator_.Error(*value_node, what)
                 : absl::InvalidArgumentError(absl::StrCat("space.set.", entry.key, ": ", what));
    }
    if (constant) result_->constants.push_back({entry.key, *constant, description});
    Name(entry.key, *std::move(own));
    return absl::OkStatus();
  }

  absl::Status ReadDecisions(const DocumentNode&) {
    const Elaborator::Trail trail(elaborator_, "decisions");
    absl::StatusOr<const DocumentNode*> section = MapSection("decisions");
    if (!section.ok()) return section.status();
    for (size_t i = 0; *section != nullptr && i < (*section)->entries.size(); ++i) {
      const DocumentNode::Entry& entry = (*section)->entries[i];
      const Elaborator::Trail name_trail(elaborator_, entry.key);
      if (entry.value->Find("label") != nullptr) {
        return elaborator_.Error(*entry.value, "label: a declared decision is called by its name");
      }
      absl::StatusOr<Domain> domain = elaborator_.DomainOf(*entry.value, place_);
      if (!domain.ok()) return domain.status();
      elaborator_.declared[entry.key] = {*std::move(domain), entry.line};
      if (absl::StartsWith(entry.key, "recipe.")) recipe_.push_back({entry.key, entry.value.get()});
    }
    result_->input = options_.input;
    const size_t rank = options_.input.size();
    if (rank > 0) Name("input.channels", options_.input[0]);
    if (elaborator_.declared.contains("recipe.resolution") && rank >= 2) {
      // The resolution is the recipe's; what the template sees as its input follows it.
      absl::StatusOr<int> decision = elaborator_.Decide(
          **section, "recipe.resolution", elaborator_.declared["recipe.resolution"].first, place_);
      if (!decision.ok()) return decision.status();
      for (const char* name : {"input.height", "input.width"}) {
        elaborator_.root.values.emplace_back(name, MakeVariable(kDecisionValue, *decision));
      }
      result_->resolution = *decision;
    } else if (rank >= 2) {
      Name("input.height", options_.input[rank - 2]);
      Name("input.width", options_.input[rank - 1]);
    }
    if (rank > 0) Name("input.features", options_.input[rank - 1]);
    return absl::OkStatus();
  }

  absl::Status ReadBlocks(const DocumentNode&) {
    const Elaborator::Trail trail(elaborator_, "blocks");
    absl::StatusOr<const DocumentNode*> section = MapSection("blocks");
    if (!section.ok()) return section.status();
    for (size_t i = 0; *section != nullptr && i < (*section)->entries.size(); ++i) {
      const DocumentNode::Entry& entry = (*section)->entries[i];
      const Elaborator::Trail name_trail(elaborator_, entry.key);
      if (network::FindOperation(entry.key) != nullptr) {
        return elaborator_.Error(entry.line, "an operation has this name; choose another one");
      }
      NamedBlock block{
          .name = entry.key, .parameters = {}, .body = entry.value.get(), .line = entry.line};
      const bool full = entry.value->kind == Kind::kMap &&
                        std::any_of(entry.value->entries.begin(), entry.value->entries.end(),
                                    [](const auto& field) { return field.key == "body"; });
      if (!full && entry.value->Find("parameters") != nullptr) {
        return elaborator_.Error(entry.line,
                                 "parameters stand beside body: {parameters: …, body: block}");
      }
      for (size_t f = 0; full && f < entry.value->entries.size(); ++f) {
        const DocumentNode::Entry& field = entry.value->entries[f];
        if (field.key == "body") {
          block.body = field.value.get();
        } else if (field.key == "parameters") {
          absl::Status status = ReadParameters(*field.value, block);
          if (!status.ok()) return status;
        } else if (field.key != "description") {
          return elaborator_.Error(field.line, absl::StrCat("found \"", field.key,
                                                            "\" in a block, allowed are "
                                                            "parameters, body, description"));
        }
      }
      elaborator_.blocks.emplace(entry.key, std::move(block));
    }
    return absl::OkStatus();
  }

  absl::Status ReadParameters(const DocumentNode& node, NamedBlock& block) {
    if (node.kind == Kind::kScalar) {
      return elaborator_.Error(node, "parameters are a list of names, or a map with defaults");
    }
    const auto add = [&](const DocumentNode& name, const DocumentNode* value) -> absl::Status {
      absl::StatusOr<std::string> text = elaborator_.NameOf(name, "a parameter");
      if (!text.ok()) return text.status();
      for (const NamedBlock::Parameter& known : block.parameters) {
        if (known.name == *text) {
          return elaborator_.Error(name, absl::StrCat("parameter \"", *text, "\" twice"));
        }
      }
      block.parameters.push_back({*std::move(text), value});
      return absl::OkStatus();
    };
    for (const DocumentNode::Entry& entry : node.entries) {
      const bool required = entry.value->kind == Kind::kNull;
      absl::Status status =
          add(WordAt(entry.line, entry.key), required ? nullptr : entry.value.get());
      if (!status.ok()) return status;
    }
    for (const spec::DocumentNodePtr& item : node.items) {
      if (absl::Status status = add(*item, nullptr); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadNetwork(const DocumentNode&) {
    const Elaborator::Trail trail(elaborator_, "network");
    absl::StatusOr<Elaborator::Made> made = elaborator_.Make(*Section("network"), place_);
    if (!made.ok()) return made.status();
    if (made->outputs != 1 && made->outputs != -1) {
      return elaborator_.Error(*Section("network"),
                               absl::StrCat("gives ", made->outputs, " outputs, one is needed"));
    }
    result_->network = std::move(made->block);
    return absl::OkStatus();
  }

  absl::Status AddRecipeDecision(const std::string& label, const Domain& domain) {
    if (absl::Status status = ValidateDomain(domain); !status.ok()) return status;
    if (elaborator_.drafts.Find(label) >= 0) {
      return absl::InvalidArgumentError("the template decides this already");
    }
    Terms terms;
    for (size_t dot = label.find('.'); dot != std::string::npos; dot = label.find('.', dot + 1)) {
      const int parent = elaborator_.drafts.Find(label.substr(0, dot));
      if (parent < 0) continue;
      const std::string below = label.substr(dot + 1, label.find('.', dot + 1) - dot - 1);
      const std::vector<OptionValue>& options = elaborator_.drafts.domain(parent).options;
      const auto chosen = std::find(options.begin(), options.end(), OptionValue(below));
      if (chosen == options.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(elaborator_.drafts.label(parent), " is never ", below, ", it is ",
                         DomainText(elaborator_.drafts.domain(parent))));
      }
      terms.push_back({parent, {chosen - options.begin()}});
    }
    return elaborator_.drafts.Add(label, domain, terms).status();
  }

  absl::Status FinishDecisions(const DocumentNode& root) {
    for (const auto& [label, node] : recipe_) {
      absl::StatusOr<int> decision =
          elaborator_.Decide(*node, label, elaborator_.declared[label].first, place_);
      if (!decision.ok()) return decision.status();
    }
    for (const auto& [label, domain] : options_.recipe_decisions) {
      if (absl::Status status = AddRecipeDecision(label, domain); !status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("decisions.", label, ": ", status.message()));
      }
    }
    for (const auto& [label, declaration] : elaborator_.declared) {
      if (elaborator_.drafts.Find(label) < 0) {
        const Elaborator::Trail trail(elaborator_, "decisions." + label);
        return elaborator_.Error(declaration.second, "nothing uses this decision");
      }
    }
    absl::StatusOr<std::vector<int>> order = elaborator_.drafts.Order();
    if (!order.ok()) return elaborator_.Error(root, std::string(order.status().message()));
    result_->order = *std::move(order);
    result_->decisions = std::make_unique<DecisionSpace>(elaborator_.drafts.Finish(result_->order));
    result_->slots = elaborator_.slots();
    result_->tensors = elaborator_.tensors();
    if (result_->resolution >= 0) result_->resolution = result_->order[result_->resolution];
    return absl::OkStatus();
  }

  // A decision as a variable, by its label.
  absl::StatusOr<ExpressionPtr> DecisionNamed(const std::string& label) const {
    const int draft = elaborator_.drafts.Find(label);
    if (draft >= 0) return MakeVariable(kDecisionValue, draft);
    std::vector<std::string> labels;
    for (int i = 0; i < std::min(elaborator_.drafts.size(), 1000); ++i) {
      labels.push_back(elaborator_.drafts.label(i));
    }
    return absl::NotFoundError(
        absl::StrCat("no decision has the label \"", label, "\"", spec::DidYouMean(label, labels)));
  }

  absl::StatusOr<ExpressionPtr> CallInRule(const std::string& name,
                                           const std::vector<ExpressionPtr>& args) const {
    const auto text = [&](size_t i) -> const std::string* {
      return i < args.size() && args[i]->kind == Expression::Kind::kLiteral
                 ? args[i]->literal.AsText()
                 : nullptr;
    };
    if ((name == "decision" || name == "active") && args.size() == 1 && text(0) != nullptr) {
      absl::StatusOr<ExpressionPtr> variable = DecisionNamed(*text(0));
      if (!variable.ok() || name == "decision") return variable;
      auto call = std::make_shared<Expression>();
      call->kind = Expression::Kind::kCall;
      call->name = "is_something";
      call->args = {*variable};
      return ExpressionPtr(call);
    }
    if (name == "count" && args.size() == 2 && text(0) != nullptr) {
      auto call = std::make_shared<Expression>();
      call->kind = Expression::Kind::kCall;
      call->name = "count_equal";
      call->args = {args[1]};
      for (int i = 0; i < elaborator_.drafts.size(); ++i) {
        if (MatchesPattern(elaborator_.drafts.label(i), *text(0))) {
          call->args.push_back(MakeVariable(kDecisionValue, i));
        }
      }
      if (call->args.size() == 1) {
        return absl::NotFoundError(absl::StrCat("no decision's label matches \"", *text(0), "\""));
      }
      return ExpressionPtr(call);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("no function is called ", name, " with ", args.size(),
                     " such arguments; rules know decision('label'), active('label') and "
                     "count('label*', value)"));
  }

  // Whether a decision can have that value.
  bool CanBe(int decision, const ExprValue& value) const {
    const Domain& domain = elaborator_.drafts.domain(decision);
    const std::optional<double> number = value.AsReal();
    if (!domain.IsList()) {
      return number && *number >= domain.minimum && *number <= domain.maximum &&
             (domain.kind == Domain::Kind::kReal || value.AsInteger());
    }
    return std::any_of(
        domain.options.begin(), domain.options.end(), [&](const OptionValue& option) {
          const ExprValue own = std::visit([](const auto& o) { return ExprValue(o); }, option);
          return number && own.AsReal() ? *own.AsReal() == *number : own == value;
        });
  }

  // What a rule compares decisions with is one of their values: a misspelt option would make a rule
  // that never holds.
  absl::Status CheckCompared(const Expression& e) const {
    const bool counts = e.name == "count_equal";
    if (e.kind == Expression::Kind::kCall && (counts || e.name == "==" || e.name == "!=")) {
      std::vector<int> decisions;
      const ExprValue* value = nullptr;
      for (const ExpressionPtr& arg : e.args) {
        if (arg->kind == Expression::Kind::kVariable) decisions.push_back(arg->variable);
        if (arg->kind == Expression::Kind::kLiteral) value = &arg->literal;
      }
      const auto can_be = [&](int decision) { return CanBe(decision, *value); };
      if (value != nullptr && !decisions.empty() &&
          std::none_of(decisions.begin(), decisions.end(), can_be)) {
        return absl::InvalidArgumentError(
            absl::StrCat(counts ? "no decision that is counted can be " : "the decision is never ",
                         value->Text(), "; \"", elaborator_.drafts.label(decisions[0]), "\" is ",
                         DomainText(elaborator_.drafts.domain(decisions[0]))));
      }
    }
    for (const ExpressionPtr& arg : e.args) {
      if (absl::Status status = CheckCompared(*arg); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadForbid(const DocumentNode&) {
    const Elaborator::Trail trail(elaborator_, "forbid");
    const DocumentNode* section = Section("forbid");
    if (section == nullptr || section->kind == Kind::kNull) return absl::OkStatus();
    if (section->kind != Kind::kList) {
      return elaborator_.Error(*section, "a list of {when: condition, reason: text} is needed");
    }
    for (size_t i = 0; i < section->items.size(); ++i) {
      const Elaborator::Trail item_trail(elaborator_, absl::StrCat("[", i, "]"));
      const DocumentNode& item = *section->items[i];
      const DocumentNode* when = item.Find("when");
      const DocumentNode* reason = item.Find("reason");
      if (when == nullptr || reason == nullptr || item.entries.size() != 2 ||
          when->kind != Kind::kScalar || reason->kind != Kind::kScalar) {
        return elaborator_.Error(item, "a rule is {when: condition, reason: text}");
      }
      absl::StatusOr<ExpressionPtr> parsed = ParseExpression(when->text);
      if (!parsed.ok()) return elaborator_.Error(*when, std::string(parsed.status().message()));
      absl::StatusOr<ExpressionPtr> bound = Bind(
          *parsed,
          [&](const std::string& name) -> absl::StatusOr<ExpressionPtr> {
            for (const auto& [known, value] : elaborator_.root.values) {
              if (known == name) return value;
            }
            return DecisionNamed(name);
          },
          [&](const std::string& name, const std::vector<ExpressionPtr>& args) {
            return CallInRule(name, args);
          });
      absl::Status status = bound.ok() ? CheckCompared(**bound) : bound.status();
      if (!status.ok()) return elaborator_.Error(*when, std::string(status.message()));
      result_->forbid.push_back({*std::move(bound), reason->text, when->line});
    }
    return absl::OkStatus();
  }

  absl::Status ReadNotation(const DocumentNode&) {
    const DocumentNode* section = Section("notation");
    if (section == nullptr) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<const Notation>> notation =
        MakeNotation(*section, *result_->decisions);
    if (!notation.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(result_->file, ":", notation.status().message()));
    }
    result_->notation = *std::move(notation);
    return absl::OkStatus();
  }

  absl::Status ReadKnown(const DocumentNode&) {
    const Elaborator::Trail trail(elaborator_, "known");
    absl::StatusOr<const DocumentNode*> section = MapSection("known");
    if (!section.ok()) return section.status();
    for (size_t i = 0; *section != nullptr && i < (*section)->entries.size(); ++i) {
      const DocumentNode::Entry& entry = (*section)->entries[i];
      const Elaborator::Trail name_trail(elaborator_, entry.key);
      if (entry.value->kind != Kind::kMap) {
        return elaborator_.Error(*entry.value,
                                 "a known architecture is {genotype: …, set: …, source: …}");
      }
      KnownArchitecture known{.name = entry.key, .notation = "", .set = {}, .source = ""};
      for (const DocumentNode::Entry& field : entry.value->entries) {
        if (field.key == "genotype") {
          known.notation =
              field.value->kind == Kind::kMap ? JsonOf(*field.value) : field.value->text;
        } else if (field.key == "source") {
          absl::StatusOr<std::string> text = elaborator_.PlainText(*field.value);
          if (!text.ok()) return text.status();
          known.source = *std::move(text);
        } else if (field.key == "set") {
          if (field.value->kind != Kind::kMap) {
            return elaborator_.Error(*field.value, "set: constants by name are needed");
          }
          for (const DocumentNode::Entry& constant : field.value->entries) {
            absl::StatusOr<ExprValue> value = elaborator_.SettledValue(*constant.value, place_);
            if (!value.ok()) return value.status();
            const std::optional<Constant> fitting = ToConstant(*value);
            if (!fitting) return elaborator_.Error(*constant.value, "this is no constant's value");
            if (std::none_of(result_->constants.begin(), result_->constants.end(),
                             [&](const ConstantInfo& own) { return own.name == constant.key; })) {
              return elaborator_.Error(
                  constant.line, absl::StrCat("set: no constant is called \"", constant.key, "\""));
            }
            known.set[constant.key] = *fitting;
          }
        } else {
          return elaborator_.Error(field.line, absl::StrCat("found \"", field.key,
                                                            "\", allowed are "
                                                            "genotype, set, source"));
        }
      }
      if (known.notation.empty()) return elaborator_.Error(entry.line, "genotype is missing");
      result_->known.push_back(std::move(known));
    }
    return absl::OkStatus();
  }

  // The labels and values of a genotype that the template writes as a map.
  static std::string JsonOf(const DocumentNode& map) {
    std::string text = "{";
    for (const DocumentNode::Entry& entry : map.entries) {
      absl::StrAppend(&text, text.size() > 1 ? ", " : "", "\"", entry.key, "\": \"",
                      entry.value->text, "\"");
    }
    return text + "}";
  }

  // `*` stands for any characters.
  static bool MatchesPattern(std::string_view text, std::string_view pattern) {
    size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
      if (p < pattern.size() && pattern[p] == '*') {
        star = p++;
        mark = t;
      } else if (p < pattern.size() && pattern[p] == text[t]) {
        ++p;
        ++t;
      } else if (star != std::string_view::npos) {
        p = star + 1;
        t = ++mark;
      } else {
        return false;
      }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
  }

  const SpaceOptions& options_;
  std::unique_ptr<Template> result_;
  Elaborator elaborator_;
  Place place_;
  std::map<std::string_view, const DocumentNode*, std::less<>> sections_;
  std::vector<std::pair<std::string, const DocumentNode*>> recipe_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Template>> ReadTemplate(std::string_view text,
                                                             std::string_view file_name,
                                                             const SpaceOptions& options) {
  const bool dimensions = std::all_of(options.input.begin(), options.input.end(),
                                      [](int64_t size) { return size >= 1; });
  if (options.input.empty() || !dimensions || options.classes < 1) {
    return absl::InvalidArgumentError(absl::StrCat("input: found ", network::ToText(options.input),
                                                   " and ", options.classes,
                                                   " classes, each size is at least 1"));
  }
  absl::StatusOr<spec::DocumentNodePtr> root = spec::ParseDocument(text, file_name, kLimits);
  if (!root.ok()) return root.status();
  return TemplateReader(file_name, options).Read(**root);
}

}  // namespace nascent::space
