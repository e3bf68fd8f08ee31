// nascent space list, show, describe, check.

#include <memory>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/space_source.h"
#include "common/exit_code.h"
#include "common/space/option_check.h"
#include "common/space/presets.h"
#include "common/space/sampler.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kSpaceShowFooter[] = R"(
Prints the template file of a preset: copy it, change it, use it as `space: {file: mine.yaml}`.

Example:
  nascent space show nas-bench-201 > mine.yaml)";

constexpr char kDescribeFooter[] = R"(
Constants, decisions with their values and conditions, known architectures, and size.

Examples:
  nascent space describe nas-bench-201
  nascent space describe mine.yaml --set channels=8)";

constexpr char kCheckFooter[] = R"(
Reads a template and builds networks of it until each option of each decision was in one, and each
known architecture. An error names file, line, the path inside the template, what was found and what
fits there. An option that no network can have is named with the reason and the share of genotypes
that hold it, and the exit status is 2. The output must fit --classes: one value per class, or one
per class and pixel.

Example:
  nascent space check mine.yaml --input 1x28x28 --classes 10)";

constexpr int kCheckedNetworks = 20;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

absl::StatusOr<int> ListPresets(Context& context) {
  spec::Json list = spec::Json::List();
  Table table({{.title = "name"},
               {.title = "genotypes", .right = true},
               {.title = "decisions", .right = true},
               {.title = "what it is", .wrap = true, .below = true}});
  for (const space::Preset& preset : space::Presets()) {
    NASCENT_ASSIGN_OR_RETURN(
        const auto space,
        space::Space::Parse(preset.text, absl::StrCat("preset:", preset.name), {}));
    const std::string size = space->decisions().Cardinality();
    spec::Json known = spec::Json::List();
    for (const auto& architecture : space->known()) known.Append(architecture.name);
    list.Append(spec::Json::Object()
                    .Set("name", preset.name)
                    .Set("description", space->description())
                    .Set("genotypes", size)
                    .Set("decisions", space->decisions().size())
                    .Set("known", std::move(known)));
    constexpr size_t kLongestNumber = 12;
    table.Add({preset.name,
               size.size() > kLongestNumber ? absl::StrCat("≈1e", size.size() - 1) : size,
               absl::StrCat(space->decisions().size()), FirstLine(space->description())});
  }
  if (context.json()) {
    context.PrintJson(list);
  } else {
    context.Print(table);
  }
  return kSuccess;
}

absl::StatusOr<int> ShowTemplate(Context& context, const SpaceSource& source) {
  NASCENT_ASSIGN_OR_RETURN(const auto loaded, LoadSpace(source));
  if (context.json()) {
    context.PrintJson(
        spec::Json::Object().Set("name", loaded.space->name()).Set("template", loaded.text));
  } else {
    std::string text = loaded.text;
    while (text.ends_with('\n')) text.pop_back();
    context.Print(text);
  }
  return kSuccess;
}

std::string ConditionText(const space::Decision& decision,
                          const std::vector<space::Decision>& decisions) {
  return absl::StrJoin(decision.active_when, " or ", [&](std::string* out, const auto& condition) {
    out->append(absl::StrJoin(condition.terms, " and ", [&](std::string* text, const auto& term) {
      const space::Decision& parent = decisions[static_cast<size_t>(term.decision)];
      std::vector<std::string> values;
      for (const int64_t value : term.values) {
        space::Domain one = parent.domain;
        if (one.IsList()) {
          one.options = {parent.domain.options[static_cast<size_t>(value)]};
          values.push_back(DomainText(one));
        } else {
          values.push_back(absl::StrCat(value));
        }
      }
      absl::StrAppend(text, parent.label, " is ", absl::StrJoin(values, " or "));
    }));
  });
}

spec::Json DomainJson(const space::Domain& domain) {
  spec::Json json = spec::Json::Object();
  if (!domain.IsList()) {
    return json.Set("kind", domain.kind == space::Domain::Kind::kInteger ? "integer" : "real")
        .Set("minimum", domain.minimum)
        .Set("maximum", domain.maximum)
        .Set("log", domain.log);
  }
  spec::Json options = spec::Json::List();
  for (const space::OptionValue& option : domain.options) {
    std::visit([&](const auto& value) { options.Append(value); }, option);
  }
  return json.Set("kind", domain.kind == space::Domain::Kind::kOrdered ? "ordered" : "categorical")
      .Set("options", std::move(options));
}

spec::Json DescriptionJson(const space::Space& space) {
  spec::Json constants = spec::Json::List();
  for (const space::ConstantInfo& constant : space.constants()) {
    constants.Append(spec::Json::Object()
                         .Set("name", constant.name)
                         .Set("value", ConstantText(constant.value))
                         .Set("description", constant.description));
  }
  spec::Json decisions = spec::Json::List();
  for (const space::Decision& decision : space.decisions().decisions()) {
    const std::string condition = ConditionText(decision, space.decisions().decisions());
    decisions.Append(spec::Json::Object()
                         .Set("label", decision.label)
                         .Set("domain", DomainJson(decision.domain))
                         .Set("active_when", condition.empty() ? spec::Json() : condition));
  }
  spec::Json known = spec::Json::List();
  for (const space::KnownArchitecture& architecture : space.known()) {
    known.Append(spec::Json::Object()
                     .Set("name", architecture.name)
                     .Set("genotype", architecture.notation)
                     .Set("source", architecture.source));
  }
  return spec::Json::Object()
      .Set("name", space.name())
      .Set("description", space.description())
      .Set("genotypes", space.decisions().Cardinality())
      .Set("constants", std::move(constants))
      .Set("decisions", std::move(decisions))
      .Set("known", std::move(known));
}

absl::StatusOr<int> Describe(Context& context, const SpaceSource& source) {
  NASCENT_ASSIGN_OR_RETURN(const auto loaded, LoadSpace(source));
  const space::Space& space = *loaded.space;
  if (context.json()) {
    context.PrintJson(DescriptionJson(space));
    return kSuccess;
  }
  const Style style = context.style();
  context.Print(style.Paint(space.name(), Ink::kBold));
  for (const auto line : absl::StrSplit(space.description(), '\n')) {
    context.Print(Wrap(std::string_view(line.data(), line.size()), context.limit()));
  }
  context.Print(absl::StrCat("\nGenotypes: ", space.decisions().Cardinality()));
  if (!space.constants().empty()) {
    context.Print(absl::StrCat("\n", style.Paint("Constants", Ink::kBold), " (--set NAME=VALUE)"));
    Table table({{.title = "name"},
                 {.title = "value", .flexible = true, .wrap = true},
                 {.title = "meaning", .flexible = true, .narrowest = 14, .wrap = true}});
    for (const space::ConstantInfo& constant : space.constants()) {
      table.Add({constant.name, ConstantText(constant.value), constant.description});
    }
    context.Print(table, 2);
  }
  context.Print(absl::StrCat("\n", style.Paint("Decisions", Ink::kBold)));
  Table table({{.title = "label", .flexible = true, .narrowest = 10, .wrap = true},
               {.title = "values", .flexible = true, .narrowest = 12, .wrap = true},
               {.title = "only when", .flexible = true, .narrowest = 10, .wrap = true}});
  for (const space::Decision& decision : space.decisions().decisions()) {
    table.Add({decision.label, DomainText(decision.domain),
               ConditionText(decision, space.decisions().decisions())});
  }
  context.Print(table, 2);
  if (!space.known().empty()) {
    context.Print(absl::StrCat("\n", style.Paint("Known architectures", Ink::kBold), " (@NAME)"));
    Table known({{.title = "name", .flexible = true, .narrowest = 12, .wrap = true},
                 {.title = "source", .flexible = true, .narrowest = 16, .wrap = true}});
    for (const space::KnownArchitecture& architecture : space.known()) {
      known.Add({absl::StrCat("@", architecture.name), architecture.source});
    }
    context.Print(known, 2);
  }
  return kSuccess;
}

// Whether the architectures that a template names can be built, each with its own constants.
absl::Status CheckKnown(const SpaceSource& source, const LoadedSpace& loaded) {
  for (const space::KnownArchitecture& known : loaded.space->known()) {
    NASCENT_ASSIGN_OR_RETURN(const auto own, LoadSpace(source, known.name));
    const auto genotype = own.space->Read(absl::StrCat("@", known.name));
    const absl::Status status = genotype.ok() ? own.space->Check(*genotype) : genotype.status();
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(loaded.file, ": known.", known.name, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Check(Context& context, SpaceSource source) {
  source.output = space::OutputRule::kEither;
  NASCENT_ASSIGN_OR_RETURN(const auto loaded, LoadSpace(source));
  const space::Space& space = *loaded.space;
  NASCENT_RETURN_IF_ERROR(CheckKnown(source, loaded));
  for (int i = 0; i < kCheckedNetworks; ++i) {
    RandomStream random(0, static_cast<uint64_t>(i));
    NASCENT_ASSIGN_OR_RETURN(const auto genotype, space::Sample(space, random));
    const auto architecture = space.BuildArchitecture(genotype);
    if (!architecture.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(loaded.file, ": genotype ", space.Print(genotype),
                       " does not build: ", std::string(architecture.status().message())));
    }
  }
  const space::OptionCheck options = space::CheckOptions(space);
  if (context.json()) {
    spec::Json dead = spec::Json::List();
    for (const space::DeadOption& option : options.dead) {
      dead.Append(spec::Json::Object()
                      .Set("decision", option.label)
                      .Set("option", option.option)
                      .Set("share", option.share)
                      .Set("reason", option.reason));
    }
    context.PrintJson(spec::Json::Object()
                          .Set("file", loaded.file)
                          .Set("name", space.name())
                          .Set("genotypes", space.decisions().Cardinality())
                          .Set("decisions", space.decisions().size())
                          .Set("networks_built", kCheckedNetworks + options.allowed)
                          .Set("all_options_tried", options.complete)
                          .Set("dead_options", std::move(dead)));
  } else {
    context.Print(absl::StrCat(
        loaded.file, options.dead.empty() ? ": fine. " : ": not as it should be. ",
        space.name().empty() ? "The space" : space.name(), " has ",
        Plural(space.decisions().size(), "decision"), " and ", space.decisions().Cardinality(),
        " genotypes; ", kCheckedNetworks + options.allowed, " networks were built, ",
        !options.complete      ? "not with every option of every decision, which are many."
        : options.dead.empty() ? "with every option of every decision."
                               : "but none with:"));
    for (const space::DeadOption& option : options.dead) {
      context.Print(absl::StrCat("  ", option.Text()));
    }
  }
  return options.dead.empty() ? kSuccess : kUsage;
}

template <typename Run>
void AddOne(CLI::App& space, Context& context, const char* name, const char* help,
            const char* footer, Run run) {
  CLI::App* command = space.add_subcommand(name, help);
  const auto source = std::make_shared<SpaceSource>();
  command->footer(footer);
  AddSpaceOptions(*command, *source);
  command->callback([&context, source, run] {
    context.action = [&context, source, run] { return run(context, *source); };
  });
}

}  // namespace

void AddSpace(CLI::App& app, Context& context) {
  CLI::App* space = app.add_subcommand("space", "Search spaces: look, count, sample, cost, draw");
  space->require_subcommand(1);
  CLI::App* list = space->add_subcommand("list", "List the presets");
  list->footer("\nExample:\n  nascent space list");
  list->callback([&context] { context.action = [&context] { return ListPresets(context); }; });
  AddOne(*space, context, "show", "Print a template", kSpaceShowFooter, ShowTemplate);
  AddOne(*space, context, "describe", "Explain a space", kDescribeFooter, Describe);
  AddOne(*space, context, "check", "Look for mistakes in a template", kCheckFooter, Check);
  AddSpaceGenotypes(*space, context);
}

}  // namespace nascent::cli
