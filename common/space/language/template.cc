#include "common/space/language/template.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/constants.h"
#include "common/space/language/elaborator.h"
#include "common/space/language/kinds/named.h"
#include "common/space/language/known.h"
#include "common/spec/suggest.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

constexpr const char* kSections[] = {"space",     "description", "source", "status",
                                     "constants", "decisions",   "blocks", "network",
                                     "forbid",    "notation",    "known"};
constexpr spec::DocumentLimits kLimits = {.bytes = int64_t{1} << 20, .nodes = 100'000, .depth = 64};

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
    place_ = elaborator_.RootPlace();
    for (auto step :
         {&TemplateReader::ReadSections, &TemplateReader::ReadDefinitions,
          &TemplateReader::ReadDecisions, &TemplateReader::ReadBlocks, &TemplateReader::ReadNetwork,
          &TemplateReader::FinishDecisions, &TemplateReader::ReadForbid,
          &TemplateReader::ReadNotation, &TemplateReader::ReadArchitectures}) {
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
    elaborator_.Define(std::move(name), MakeLiteral(std::move(value)));
  }

  absl::Status ReadDefinitions(const DocumentNode&) {
    Name("classes", options_.classes);
    absl::StatusOr<const DocumentNode*> section = MapSection("constants");
    if (!section.ok()) return section.status();
    absl::StatusOr<std::vector<ConstantInfo>> constants =
        ReadConstants(elaborator_, *section, options_.set);
    if (!constants.ok()) return constants.status();
    result_->constants = *std::move(constants);
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
      elaborator_.Declare(entry.key, *std::move(domain), entry.line);
      if (absl::StartsWith(entry.key, "recipe.")) recipe_.push_back({entry.key, entry.value.get()});
    }
    return DefineInput();
  }

  // What the template knows of the input.
  absl::Status DefineInput() {
    result_->input = options_.input;
    const size_t rank = options_.input.size();
    if (rank > 0) Name("input.channels", options_.input[0]);
    if (const Domain* resolution = elaborator_.FindDeclared("recipe.resolution");
        resolution != nullptr && rank >= 2) {
      // The resolution is the recipe's; what the template sees as its input follows it.
      absl::StatusOr<int> decision =
          elaborator_.Decide(*Section("decisions"), "recipe.resolution", *resolution, place_);
      if (!decision.ok()) return decision.status();
      for (const char* name : {"input.height", "input.width"}) {
        elaborator_.Define(name, MakeVariable(VariableKind::kDecision, *decision));
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
    absl::StatusOr<const DocumentNode*> section = MapSection("blocks");
    return section.ok() ? ReadNamedBlocks(elaborator_, *section) : section.status();
  }

  absl::Status ReadNetwork(const DocumentNode&) {
    const Elaborator::Trail trail(elaborator_, "network");
    absl::StatusOr<Made> made = elaborator_.Make(*Section("network"), place_);
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
    if (elaborator_.drafts().Find(label) >= 0) {
      return absl::InvalidArgumentError("the template decides this already");
    }
    Terms terms;
    for (size_t dot = label.find('.'); dot != std::string::npos; dot = label.find('.', dot + 1)) {
      const int parent = elaborator_.drafts().Find(label.substr(0, dot));
      if (parent < 0) continue;
      const std::string below = label.substr(dot + 1, label.find('.', dot + 1) - dot - 1);
      const std::vector<OptionValue>& options = elaborator_.drafts().domain(parent).options;
      const auto chosen = std::find(options.begin(), options.end(), OptionValue(below));
      if (chosen == options.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(elaborator_.drafts().label(parent), " is never ", below, ", it is ",
                         DomainText(elaborator_.drafts().domain(parent))));
      }
      terms.push_back({parent, {chosen - options.begin()}});
    }
    return elaborator_.AddDecision(label, domain, terms).status();
  }

  absl::Status FinishDecisions(const DocumentNode& root) {
    for (const auto& [label, node] : recipe_) {
      absl::StatusOr<int> decision =
          elaborator_.Decide(*node, label, *elaborator_.FindDeclared(label), place_);
      if (!decision.ok()) return decision.status();
    }
    for (const auto& [label, domain] : options_.recipe_decisions) {
      if (absl::Status status = AddRecipeDecision(label, domain); !status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("decisions.", label, ": ", status.message()));
      }
    }
    if (absl::Status status = elaborator_.CheckDeclaredAreUsed(); !status.ok()) return status;
    absl::StatusOr<std::vector<int>> order = elaborator_.drafts().Order();
    if (!order.ok()) return elaborator_.Error(root, std::string(order.status().message()));
    result_->order = *std::move(order);
    result_->decisions =
        std::make_unique<DecisionSpace>(elaborator_.drafts().Finish(result_->order));
    if (result_->output != OutputRule::kAny && result_->decisions->Find("recipe.loss")) {
      result_->output = OutputRule::kEither;  // each loss has its own
    }
    result_->slots = elaborator_.slots();
    result_->tensors = elaborator_.tensors();
    if (result_->resolution >= 0) result_->resolution = result_->order[result_->resolution];
    return absl::OkStatus();
  }

  absl::Status ReadForbid(const DocumentNode&) {
    absl::StatusOr<std::vector<ForbidRule>> rules = ReadRules(elaborator_, Section("forbid"));
    if (!rules.ok()) return rules.status();
    result_->forbid = *std::move(rules);
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

  absl::Status ReadArchitectures(const DocumentNode&) {
    absl::StatusOr<const DocumentNode*> section = MapSection("known");
    if (!section.ok()) return section.status();
    absl::StatusOr<std::vector<KnownArchitecture>> known =
        ReadKnown(elaborator_, *section, result_->constants);
    if (!known.ok()) return known.status();
    result_->known = *std::move(known);
    return absl::OkStatus();
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
