#include "common/space/space.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/network/live.h"
#include "common/space/language/decision_drafts.h"
#include "common/space/language/node_sinks.h"
#include "common/space/language/template.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// Genotypes that are tried before a template is refused because none can be built: many where rules
// forbid them at once, fewer where networks are made.
constexpr int kTries = 10'000;
constexpr int kTrialBuilds = 200;
constexpr int64_t kTrialNodes = 500'000;

// A genotype as the blocks of a template see it.
class GenotypeValues : public DecisionValues {
 public:
  GenotypeValues(const Template& parsed, const Genotype& genotype)
      : template_(parsed), genotype_(genotype) {}

  ExprValue ValueOf(int decision) const override {
    const int i = template_.order[decision];
    return ToExprValue(template_.decisions->decisions()[i].domain, genotype_.values[i]);
  }
  ExprValue IndexOf(int decision) const override {
    const Value& value = genotype_.values[template_.order[decision]];
    const auto* whole = std::get_if<int64_t>(&value);
    return whole == nullptr ? ExprValue() : ExprValue(*whole);
  }

 private:
  const Template& template_;
  const Genotype& genotype_;
};

class TemplateSpace : public Space {
 public:
  explicit TemplateSpace(std::unique_ptr<const Template> parsed)
      : template_(std::move(parsed)),
        input_(
            {{"shape", std::vector<int64_t>(template_->input.begin(), template_->input.end())}}) {}

  const DecisionSpace& decisions() const override { return *template_->decisions; }
  const std::string& name() const override { return template_->name; }
  const std::string& description() const override { return template_->description; }
  const std::vector<KnownArchitecture>& known() const override { return template_->known; }
  const std::vector<ConstantInfo>& constants() const override { return template_->constants; }

  absl::Status Check(const Genotype& genotype) const override {
    ResolvedSink sink(&Memo());
    BuildState state;
    state.sink = &sink;
    // The network with names fails with better words.
    return Walk(genotype, state).ok() ? absl::OkStatus() : Build(genotype).status();
  }

  absl::StatusOr<network::Network> Build(const Genotype& genotype) const override {
    int64_t nodes = 0;
    return BuildCounted(genotype, nodes);
  }

  absl::StatusOr<ArchitectureCosts> ComputeCosts(const Genotype& genotype) const override {
    ResolvedSink sink(&Memo());
    BuildState state;
    state.sink = &sink;
    absl::StatusOr<int> output = Walk(genotype, state);
    // The network with names fails with better words.
    if (!output.ok()) {
      absl::Status status = Build(genotype).status();
      return status.ok() ? output.status() : status;
    }
    network::ResolvedNetwork& network = sink.network();
    network.outputs.emplace_back(*output, false);
    for (const auto& [name, node] : state.side_outputs) network.outputs.emplace_back(node, true);
    return ArchitectureCosts{network::LiveCosts(network), network::PublishedCosts(network)};
  }

  std::string Print(const Genotype& genotype) const override {
    return template_->notation == nullptr ? PrintJson(genotype)
                                          : template_->notation->Print(genotype);
  }
  std::vector<CellGraph> Cells(const Genotype& genotype) const override {
    return template_->notation == nullptr ? std::vector<CellGraph>()
                                          : template_->notation->Cells(genotype);
  }
  std::string PrintJson(const Genotype& genotype) const override {
    return space::PrintJson(decisions(), genotype);
  }

  absl::StatusOr<Genotype> Read(std::string_view text) const override {
    if (text.size() > kLongestNotation) {
      return absl::InvalidArgumentError(
          absl::StrCat("genotype: found ", text.size(), " characters, at most ", kLongestNotation));
    }
    const absl::string_view stripped =
        absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
    text = {stripped.data(), stripped.size()};
    if (text.substr(0, 1) == "@") return ReadKnown(text.substr(1));
    absl::StatusOr<Genotype> genotype = ReadPlain(text);
    if (!genotype.ok()) return genotype;
    NASCENT_RETURN_IF_ERROR(decisions().Validate(*genotype));
    return genotype;
  }

  // Whether anything can be built, so that a template whose shapes never fit is refused at once.
  absl::Status TryOut() const {
    RandomStream random(0, 0);
    Genotype genotype = decisions().First();
    absl::Status first;
    int64_t nodes = 0;
    int tries = 0, builds = 0;
    for (; tries < kTries && builds < kTrialBuilds && nodes < kTrialNodes; ++tries) {
      const int64_t before = nodes;
      absl::Status status = BuildCounted(genotype, nodes).status();
      if (status.ok()) return status;
      builds += nodes > before ? 1 : 0;
      // What does not fit says more than a rule that forbids.
      if (first.ok() ||
          (absl::IsFailedPrecondition(first) && !absl::IsFailedPrecondition(status))) {
        first = status;
      }
      genotype = decisions().Sample(random);
    }
    if (!absl::IsFailedPrecondition(first)) return absl::InvalidArgumentError(first.message());
    return absl::InvalidArgumentError(
        absl::StrCat(first.message(), "; none of ", tries, " genotypes is allowed"));
  }

 private:
  static network::ResolvedMemo& Memo() {
    thread_local network::ResolvedMemo memo;
    return memo;
  }

  absl::Status CheckRules(const DecisionValues& values) const {
    for (const ForbidRule& rule : template_->forbid) {
      absl::StatusOr<ExprValue> holds =
          Evaluate(*rule.when, [&](const Expression& v) -> absl::StatusOr<ExprValue> {
            return values.ValueOf(v.variable);
          });
      if (!holds.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(template_->file, ":", rule.line, ": forbid: ", holds.status().message()));
      }
      const bool* flag = holds->AsFlag();
      if (flag != nullptr && *flag) {
        return absl::FailedPreconditionError(
            absl::StrCat(template_->file, ":", rule.line, ": forbidden: ", rule.reason));
      }
      if (flag == nullptr && !holds->IsNothing()) {
        return absl::InvalidArgumentError(absl::StrCat(template_->file, ":", rule.line,
                                                       ": forbid: found ", holds->Text(),
                                                       ", a rule is true or false"));
      }
    }
    return absl::OkStatus();
  }

  // Walks the template; the node that is the output.
  absl::StatusOr<int> Walk(const Genotype& genotype, BuildState& state) const {
    NASCENT_RETURN_IF_ERROR(decisions().Validate(genotype));
    const GenotypeValues values(*template_, genotype);
    NASCENT_RETURN_IF_ERROR(CheckRules(values));
    state.decisions = &values;
    state.slots.resize(template_->slots);
    state.tensors.resize(template_->tensors);
    state.used.resize(template_->tensors);
    NASCENT_ASSIGN_OR_RETURN(network::Attributes shape, InputAttributes(genotype));
    static const network::Operation* const kInput = network::FindOperation("input");
    NASCENT_ASSIGN_OR_RETURN(int input, state.sink->AddComputed("input", *kInput, shape, {}));
    absl::StatusOr<Tensors> output = template_->network->Build(state, {input});
    if (!output.ok()) {
      return absl::Status(output.status().code(),
                          absl::StrCat(template_->file, ":", output.status().message()));
    }
    if (output->size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(template_->file, ": network: gives ",
                                                     output->size(), " outputs, one is needed"));
    }
    NASCENT_RETURN_IF_ERROR(CheckOutput(*state.sink, input, output->front()));
    return output->front();
  }

  // Whether the output fits the data's classes.
  absl::Status CheckOutput(const NodeSink& sink, int input, int output) const {
    if (template_->output == OutputRule::kAny) return absl::OkStatus();
    const network::Shape& found = sink.shape(output);
    const network::Shape per_example = {template_->classes};
    network::Shape per_pixel = sink.shape(input);
    per_pixel.front() = template_->classes;
    const bool fits = (template_->output != OutputRule::kPerPixel && found == per_example) ||
                      (template_->output != OutputRule::kPerExample && found == per_pixel);
    if (fits) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        template_->file, ": network: gives ", network::ToText(found), " where the data have ",
        template_->classes, " classes, needed is ",
        template_->output != OutputRule::kPerPixel ? network::ToText(per_example) : "",
        template_->output == OutputRule::kEither ? " or, per pixel, " : "",
        template_->output != OutputRule::kPerExample ? network::ToText(per_pixel) : ""));
  }

  absl::StatusOr<network::Attributes> InputAttributes(const Genotype& genotype) const {
    if (template_->resolution < 0) return input_;
    const Decision& decision = decisions().decisions()[template_->resolution];
    const std::optional<int64_t> side =
        ToExprValue(decision.domain, genotype.values[template_->resolution]).AsInteger();
    if (!side) return absl::InvalidArgumentError("recipe.resolution is no whole number");
    std::vector<int64_t> shape(template_->input.begin(), template_->input.end());
    shape[shape.size() - 2] = shape[shape.size() - 1] = *side;
    return network::Attributes{{"shape", std::move(shape)}};
  }

  absl::StatusOr<network::Network> BuildCounted(const Genotype& genotype, int64_t& nodes) const {
    thread_local network::InferenceMemo memo;
    NetworkSink sink(&memo);
    BuildState state;
    state.sink = &sink;
    absl::StatusOr<int> output = Walk(genotype, state);
    nodes += sink.builder().size();
    if (!output.ok()) return output.status();
    sink.builder().AddOutput("logits", *output);
    for (const auto& [name, node] : state.side_outputs) sink.builder().AddOutput(name, node, true);
    return sink.builder().Take();
  }

  absl::StatusOr<Genotype> ReadPlain(std::string_view text) const {
    const bool json = text.substr(0, 1) == "{" && text.find("\"matrix\"") == std::string_view::npos;
    if (template_->notation == nullptr || json) return ReadJson(decisions(), text);
    return template_->notation->Read(text);
  }

  absl::StatusOr<Genotype> ReadKnown(std::string_view name) const {
    std::vector<std::string> names;
    for (const KnownArchitecture& known : template_->known) {
      if (known.name == name) {
        absl::StatusOr<Genotype> genotype = ReadPlain(known.notation);
        if (genotype.ok()) {
          NASCENT_RETURN_IF_ERROR(decisions().Validate(*genotype));
        }
        return genotype;
      }
      names.push_back(known.name);
    }
    return absl::NotFoundError(absl::StrCat("no known architecture is called \"",
                                            std::string(name.substr(0, 80)), "\"",
                                            spec::DidYouMean(name.substr(0, 80), names)));
  }

  const std::unique_ptr<const Template> template_;
  const network::Attributes input_;  // of the input's node
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Space>> Space::Parse(std::string_view text,
                                                          std::string_view file_name,
                                                          const SpaceOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(std::unique_ptr<const Template> parsed,
                           ReadTemplate(text, file_name, options));
  auto space = std::make_shared<const TemplateSpace>(std::move(parsed));
  NASCENT_RETURN_IF_ERROR(space->TryOut());
  return std::shared_ptr<const Space>(std::move(space));
}

absl::StatusOr<Architecture> Space::BuildArchitecture(const Genotype& genotype) const {
  NASCENT_ASSIGN_OR_RETURN(network::Network published, Build(genotype));
  Architecture architecture;
  architecture.live = network::Live(published);
  architecture.costs = network::ComputeCosts(architecture.live);
  architecture.published_costs = network::ComputeCosts(published);
  architecture.published = std::move(published);
  return architecture;
}

}  // namespace nascent::space
