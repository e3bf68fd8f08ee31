// nascent space count, sample, cost, neighbours, draw.

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/commands.h"
#include "client/cli/drawing.h"
#include "client/cli/numbers.h"
#include "client/cli/space_source.h"
#include "common/exit_code.h"
#include "common/network/key.h"
#include "common/space/enumeration.h"
#include "common/space/sampler.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kCountFooter[] = R"(
`genotypes` is exact however large; rules of the template that forbid combinations are not counted
off. Where real numbers are decided, what is visited are 10 values of each range, and `exact` is false.
--distinct builds every allowed genotype and counts different architectures (by key), at most
2,000,000. --constraint visits every genotype and counts those allowed, as `allowed`.

Examples:
  nascent space count nas-bench-201
  nascent space count nas-bench-201 --distinct --output json
  nascent space count nas-bench-201 --constraint 'parameters / 1e6 + depth / 100 <= 0.5')";

constexpr char kSampleFooter[] = R"(
Uniformly over the decisions, one genotype per line; the same seed gives the same genotypes. With
--constraint only those within all bounds on costs, and the share that passed on standard error; a
bound is COSTS <= NUMBER or COSTS >= NUMBER, where COSTS is a cost (parameters,
multiply_accumulates, activation_bytes, depth, …) or arithmetic over costs.

Examples:
  nascent space sample nas-bench-201 -n 5 --seed 1
  nascent space sample darts -n 5 --constraint 'parameters <= 3e6' 'multiply_accumulates <= 5e8')";

constexpr char kCostFooter[] = R"(
Reads one genotype per line (notation or JSON) from a file or - (standard input); @NAME is a known
architecture. With --output json one line of JSON per genotype: genotype, key, parameters,
multiply_accumulates, published_parameters, published_multiply_accumulates, activation_bytes, or
error.

Examples:
  nascent space cost --space nas-bench-201 --set channels=8 cells=1 --genotypes cells.txt
  nascent space sample nas-bench-201 -n 3 | nascent space cost --space nas-bench-201 --genotypes -)";

constexpr char kNeighboursFooter[] = R"(
All genotypes that differ in one decision, one per line.

Example:
  nascent space neighbours nas-bench-201 --genotype '@resnet')";

constexpr char kDrawFooter[] = R"(
Draws a network with shapes and costs (needs Graphviz). Without --genotype a random one. A large one
is read best from --overview, a box per part, to --part, all of one. `nascent draw SEARCH TRIAL`
draws a trial's.

Examples:
  nascent space draw darts --overview --to darts.svg
  nascent space draw nas-bench-201 --genotype '@resnet' --to resnet.svg
  nascent space draw mine.yaml --part stage1 --to stage1.png)";

constexpr int64_t kMostEnumerated = 2'000'000;

struct GenotypeOptions {
  SpaceSource source;
  std::string genotypes;  // file, "-" or @NAME
  std::string genotype;   // one
  int64_t count = 1;
  uint64_t seed = 0;
  bool distinct = false;
  std::vector<std::string> constraints;
  DrawingOptions drawing;
};

// "darts-v2" of "@darts-v2", else "".
std::string KnownName(const std::string& text) {
  return text.starts_with('@') ? text.substr(1) : "";
}

absl::StatusOr<std::vector<space::CostBound>> Bounds(const GenotypeOptions& options) {
  std::vector<space::CostBound> bounds;
  for (const std::string& text : options.constraints) {
    const auto bound = space::CostBound::Parse(text);
    if (!bound.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--constraint: ", bound.status().message()));
    }
    bounds.push_back(*bound);
  }
  return bounds;
}

absl::StatusOr<int> CountGenotypes(Context& context, const GenotypeOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto loaded, LoadSpace(options.source));
  const std::string genotypes = loaded.space->decisions().Cardinality();
  NASCENT_ASSIGN_OR_RETURN(const auto bounds, Bounds(options));
  std::optional<space::SpaceCount> visited;
  if (options.distinct || !bounds.empty()) {
    NASCENT_ASSIGN_OR_RETURN(visited, space::CountByEnumeration(*loaded.space, options.distinct,
                                                                bounds, kMostEnumerated));
  }
  if (context.json()) {
    spec::Json json = spec::Json::Object();
    json.Set("space", loaded.space->name()).Set("genotypes", genotypes);
    if (visited) json.Set("allowed", visited->allowed).Set("exact", visited->exact);
    if (options.distinct) json.Set("distinct", visited->distinct);
    context.PrintJson(json);
    return kSuccess;
  }
  context.Print(absl::StrCat(loaded.space->name(), ": ", genotypes, " genotypes"));
  if (visited) {
    context.Print(absl::StrCat(
        "  ", visited->allowed, " are allowed",
        options.distinct ? absl::StrCat(", ", visited->distinct, " different architectures") : "",
        visited->exact ? ""
                       : absl::StrCat(" of ", visited->genotypes,
                                      ", where ranges of real "
                                      "numbers count as ",
                                      space::kRealSteps, " values")));
  }
  return kSuccess;
}

absl::StatusOr<int> Sample(Context& context, const GenotypeOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto loaded, LoadSpace(options.source));
  NASCENT_ASSIGN_OR_RETURN(const auto bounds, Bounds(options));
  space::Sampler sampler(*loaded.space, bounds);
  spec::Json list = spec::Json::List();
  for (int64_t i = 0; i < options.count; ++i) {
    RandomStream random(options.seed, static_cast<uint64_t>(i));
    NASCENT_ASSIGN_OR_RETURN(const auto genotype, sampler.Sample(random));
    if (context.json()) {
      list.Append(loaded.space->Print(genotype));
    } else {
      std::cout << loaded.space->Print(genotype) << "\n";
    }
  }
  if (context.json()) context.PrintJson(list);
  if (sampler.passed() < sampler.drawn()) {
    context.Note(absl::StrCat("note: allowed are ", sampler.ShareText(),
                              "; most often: ", sampler.MainReason()));
  }
  return kSuccess;
}

struct Costed {
  std::string genotype;
  std::string key;
  network::Costs live;
  network::Costs published;
  std::string error;
};

Costed CostOf(const space::Space& space, const std::string& line) {
  Costed costed;
  costed.genotype = line;
  const auto genotype = ReadGenotype(space, line);
  if (!genotype.ok()) {
    costed.error = std::string(genotype.status().message());
    return costed;
  }
  costed.genotype = space.Print(*genotype);
  const auto architecture = space.BuildArchitecture(*genotype);
  if (!architecture.ok()) {
    costed.error = std::string(architecture.status().message());
    return costed;
  }
  costed.key = network::ComputeKey(architecture->live).hex;
  costed.live = architecture->costs;
  costed.published = architecture->published_costs;
  return costed;
}

spec::Json CostedJson(const Costed& costed) {
  spec::Json json = spec::Json::Object();
  json.Set("genotype", costed.genotype);
  if (!costed.error.empty()) return json.Set("error", costed.error);
  return json.Set("key", costed.key)
      .Set("parameters", costed.live.parameters)
      .Set("multiply_accumulates", costed.live.multiply_accumulates)
      .Set("published_parameters", costed.published.parameters)
      .Set("published_multiply_accumulates", costed.published.multiply_accumulates)
      .Set("activation_bytes", costed.live.activation_bytes);
}

absl::StatusOr<int> Cost(Context& context, const GenotypeOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto loaded,
                           LoadSpace(options.source, KnownName(options.genotypes)));
  Table table({{.title = "parameters", .right = true},
               {.title = "multiply-accumulates", .right = true},
               {.title = "activations", .right = true, .spare = 1},
               {.title = "key", .spare = 2},
               {.title = "architecture", .below = true}});
  bool failed = false;
  const auto one = [&](const std::string& line) {
    const Costed costed = CostOf(*loaded.space, line);
    failed = failed || !costed.error.empty();
    if (context.json()) {
      std::cout << CostedJson(costed).Print() << "\n";
    } else if (!costed.error.empty()) {
      table.Add({"–", "–", "–", Table::Cell("error", Ink::kBad),
                 absl::StrCat(costed.genotype, ": ", costed.error)});
    } else {
      table.Add({FormatCount(static_cast<double>(costed.live.parameters)),
                 FormatCount(static_cast<double>(costed.live.multiply_accumulates)),
                 FormatBytes(costed.live.activation_bytes), costed.key.substr(0, 12),
                 costed.genotype});
    }
  };
  if (options.genotypes.starts_with('@')) {
    one(options.genotypes);
  } else {
    std::ifstream file;
    if (options.genotypes != "-") {
      file.open(options.genotypes);
      if (!file) return absl::NotFoundError(absl::StrCat("cannot open ", options.genotypes));
    }
    std::istream& lines = options.genotypes == "-" ? std::cin : file;
    for (std::string line; std::getline(lines, line);) {
      const std::string text(absl::StripAsciiWhitespace(line));
      if (!text.empty()) one(text);
    }
  }
  if (!context.json()) context.Print(table);
  return failed ? kUsage : kSuccess;
}

absl::StatusOr<int> Neighbours(Context& context, const GenotypeOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto loaded,
                           LoadSpace(options.source, KnownName(options.genotype)));
  NASCENT_ASSIGN_OR_RETURN(const auto genotype, ReadGenotype(*loaded.space, options.genotype));
  spec::Json list = spec::Json::List();
  for (const space::Genotype& neighbour : loaded.space->decisions().Neighbours(genotype)) {
    if (!loaded.space->Check(neighbour).ok()) continue;
    if (context.json()) {
      list.Append(loaded.space->Print(neighbour));
    } else {
      std::cout << loaded.space->Print(neighbour) << "\n";
    }
  }
  if (context.json()) context.PrintJson(list);
  return kSuccess;
}

absl::StatusOr<int> Draw(Context& context, const GenotypeOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto loaded,
                           LoadSpace(options.source, KnownName(options.genotype)));
  RandomStream random(options.seed, 0);
  NASCENT_ASSIGN_OR_RETURN(const auto genotype,
                           options.genotype.empty()
                               ? space::Sample(*loaded.space, random)
                               : ReadGenotype(*loaded.space, options.genotype));
  return DrawNetwork(context, *loaded.space, genotype, options.drawing);
}

// What the parser would take modulo 2^64.
std::string CheckSeed(const std::string& text) {
  uint64_t seed = 0;
  return absl::SimpleAtoi(text, &seed) ? "" : absl::StrCat(text, " is no whole number from 0");
}

}  // namespace

void AddSpaceGenotypes(CLI::App& space, Context& context) {
  const auto add = [&](const char* name, const char* help, const char* footer,
                       absl::StatusOr<int> (*run)(Context&, const GenotypeOptions&)) {
    CLI::App* command = space.add_subcommand(name, help);
    const auto options = std::make_shared<GenotypeOptions>();
    command->footer(footer);
    AddSpaceOptions(*command, options->source);
    command->callback([&context, options, run] {
      context.action = [&context, options, run] { return run(context, *options); };
    });
    return std::pair(command, options);
  };
  const auto [count, count_options] =
      add("count", "How many genotypes there are", kCountFooter, CountGenotypes);
  count->add_flag("--distinct", count_options->distinct, "Count different architectures too");

  const auto add_constraints = [](CLI::App* command, GenotypeOptions& options) {
    command->add_option("--constraint", options.constraints,
                        "COSTS <= NUMBER or COSTS >= NUMBER …");
  };
  add_constraints(count, *count_options);

  const auto [sample, sample_options] = add("sample", "Random genotypes", kSampleFooter, Sample);
  sample->add_option("-n,--count", sample_options->count, "How many")
      ->check(CLI::Range(1, 100000000))
      ->default_str("1");
  sample->add_option("--seed", sample_options->seed, "Of the random numbers")
      ->check(CheckSeed)
      ->default_str("0");
  add_constraints(sample, *sample_options);

  const auto [cost, cost_options] = add(
      "cost", "Parameters, multiply-accumulates, memory and key of genotypes", kCostFooter, Cost);
  cost->add_option("--genotypes", cost_options->genotypes, "File, - or @NAME")->required();

  const auto [neighbours, neighbours_options] =
      add("neighbours", "Genotypes that differ in one decision", kNeighboursFooter, Neighbours);
  neighbours->add_option("--genotype", neighbours_options->genotype, "Notation, JSON or @NAME")
      ->required();

  const auto [draw, draw_options] = add("draw", "Draw a network", kDrawFooter, Draw);
  draw->add_option("--genotype", draw_options->genotype, "Notation, JSON or @NAME");
  draw->add_option("--seed", draw_options->seed, "Of the random genotype")
      ->check(CheckSeed)
      ->default_str("0");
  AddDrawingOptions(*draw, draw_options->drawing);
}

}  // namespace nascent::cli
