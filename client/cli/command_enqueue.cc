// nascent enqueue.

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "common/exit_code.h"
#include "common/spec/document.h"

namespace nascent::cli {
namespace {

constexpr char kEnqueueFooter[] = R"(
Adds trials to a running search: the genotypes that you give, in the notation of the space, as JSON
{"label": value, …} with what is searched of the recipe, or @NAME for a known architecture. They
count in the budget, and the strategy learns from them as from its own. With `strategy: manual` a
search runs nothing else.

Examples:
  nascent enqueue mine '{"width": 24, "recipe.batch": 64}'
  nascent enqueue cells @resnet
  nascent space sample nas-bench-201 -n 5 | nascent enqueue cells --from -)";

constexpr size_t kMostAtOnce = 1000;  // of one request

struct EnqueueOptions {
  std::string search;
  std::vector<std::string> genotypes;
  std::string file;
};

absl::StatusOr<std::vector<std::string>> Genotypes(const EnqueueOptions& options) {
  std::vector<std::string> genotypes = options.genotypes;
  if (!options.file.empty()) {
    const auto text = spec::ReadTextFile(options.file, spec::DocumentLimits().bytes);
    if (!text.ok()) return text.status();
    for (const auto line : absl::StrSplit(*text, '\n')) {
      std::string genotype(absl::StripAsciiWhitespace(line));
      if (!genotype.empty()) genotypes.push_back(std::move(genotype));
    }
  }
  if (genotypes.empty()) {
    return absl::InvalidArgumentError(
        "no genotype: name some after SEARCH, or a file with one a line by --from");
  }
  return genotypes;
}

absl::StatusOr<int> Enqueue(Context& context, const EnqueueOptions& options) {
  const auto genotypes = Genotypes(options);
  if (!genotypes.ok()) return genotypes.status();
  const auto search = context.client().Get(client::ParseSearchRef(options.search));
  if (!search.ok()) return search.status();
  const v1::SearchRef ref = client::RefOf(*search);
  spec::Json numbers = spec::Json::List();
  std::vector<int64_t> added;
  for (size_t i = 0; i < genotypes->size(); i += kMostAtOnce) {
    const size_t end = std::min(i + kMostAtOnce, genotypes->size());
    const auto some =
        context.client().Enqueue(ref, {genotypes->begin() + static_cast<int64_t>(i),
                                       genotypes->begin() + static_cast<int64_t>(end)});
    if (!some.ok()) {
      if (added.empty()) return some.status();
      // They were taken in parts, and the first ones are trials already.
      return absl::Status(some.status().code(),
                          absl::StrCat(some.status().message(), "; the first ", added.size(),
                                       " genotypes were added before, as #", added.front(), " to #",
                                       added.back(), ": don't enqueue them again"));
    }
    added.insert(added.end(), some->begin(), some->end());
  }
  if (context.json()) {
    for (const int64_t number : added) numbers.Append(number);
    context.PrintJson(spec::Json::Object()
                          .Set("search_id", search->id())
                          .Set("trial_numbers", std::move(numbers)));
    return kSuccess;
  }
  context.Print(absl::StrCat(Plural(static_cast<int64_t>(added.size()), "trial"),
                             " added to search ", search->id(), " (", search->spec().name(), "): #",
                             added.front(),
                             added.size() > 1 ? absl::StrCat(" to #", added.back()) : ""));
  return kSuccess;
}

}  // namespace

void AddEnqueue(CLI::App& app, Context& context) {
  CLI::App* enqueue = app.add_subcommand("enqueue", "Add trials of your own choice to a search");
  const auto options = std::make_shared<EnqueueOptions>();
  enqueue->footer(kEnqueueFooter);
  AddSearchArgument(*enqueue, options->search);
  enqueue->add_option("GENOTYPE", options->genotypes, "Notation, JSON or @NAME");
  enqueue->add_option("--from", options->file,
                      "File with one genotype a line; - is standard input");
  enqueue->callback([&context, options] {
    context.SetServiceAction([&context, options] { return Enqueue(context, *options); });
  });
}

}  // namespace nascent::cli
