// nascent trials, pareto, lineage.

#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/listings.h"
#include "client/cli/pareto.h"
#include "client/cli/search_trials.h"
#include "common/exit_code.h"
#include "common/spec/message_reader.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kTrialsFooter[] = R"(
Genotypes are shown by what they differ in; `nascent show SEARCH TRIAL` shows one whole.

With --output json: a list of objects with id, number, state, attempt, worker, key, genotype,
decisions, metrics, created_at, finished_at, error (and failure, reason, parents, continues,
shared_from, rung, weights).

Examples:
  nascent trials fashion-mnist
  nascent trials 12 --state failed
  nascent trials 12 --sort validation_accuracy --limit 10
  nascent trials 12 --output json | jq '.[].metrics.validation_accuracy')";

constexpr char kParetoFooter[] = R"(
The trials within all constraints that no other one beats in every objective, best on the first
objective first.

Example:
  nascent pareto fashion-mnist)";

constexpr char kLineageFooter[] = R"(
From which trials a trial was made, and why, back to the first ones.

Example:
  nascent lineage fashion-mnist 42)";

struct TrialsOptions {
  std::string search;
  std::vector<std::string> states;
  std::string sort;
  int64_t limit = 0;
};

std::vector<std::string> StateWords() { return spec::EnumWords(*v1::TrialState_descriptor()); }

v1::TrialState ReadState(const std::string& word) {
  const auto* type = v1::TrialState_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    if (spec::EnumWord(*type->value(i)) == absl::AsciiStrToLower(word)) {
      return static_cast<v1::TrialState>(type->value(i)->number());
    }
  }
  return v1::TRIAL_STATE_UNSPECIFIED;
}

void PrintTrials(const Context& context, const v1::Search& search,
                 const std::vector<const v1::Trial*>& trials) {
  if (context.json()) {
    spec::Json list = spec::Json::List();
    for (const v1::Trial* trial : trials) list.Append(TrialJson(search, *trial));
    context.PrintJson(list);
    return;
  }
  if (trials.empty()) {
    context.Print("No trials.");
  } else {
    context.Print(TrialTable(search, trials));
  }
}

std::vector<const v1::Trial*> Pointers(const std::vector<v1::Trial>& trials) {
  std::vector<const v1::Trial*> pointers;
  for (const v1::Trial& trial : trials) pointers.push_back(&trial);
  return pointers;
}

// Best first by the goal that the search has for the metric; what lacks it comes last.
void Sort(std::vector<const v1::Trial*>& trials, const std::string& metric,
          const v1::SearchSpec& spec) {
  bool small_first = !metric.ends_with("accuracy");
  for (const v1::Objective& objective : spec.objectives()) {
    if (objective.metric() == metric) small_first = objective.goal() == v1::GOAL_MINIMIZE;
  }
  const auto score = [&](const v1::Trial* trial) {
    const auto value = Metric(*trial, metric);
    if (!value || std::isnan(*value)) return -HUGE_VAL;
    return small_first ? -*value : *value;
  };
  std::stable_sort(trials.begin(), trials.end(),
                   [&](const v1::Trial* a, const v1::Trial* b) { return score(a) > score(b); });
}

absl::StatusOr<int> Trials(Context& context, const TrialsOptions& options) {
  std::vector<v1::TrialState> states;
  for (const std::string& word : options.states) states.push_back(ReadState(word));
  NASCENT_ASSIGN_OR_RETURN(const auto read,
                           ReadSearchTrials(context.client(), options.search, states));
  const auto& [search, trials] = read;
  std::vector<const v1::Trial*> shown = Pointers(trials);
  if (!options.sort.empty() && !trials.empty()) {
    NASCENT_RETURN_IF_ERROR(CheckMetric(options.sort, trials));
  }
  if (!options.sort.empty()) Sort(shown, options.sort, search.spec());
  if (options.limit > 0 && static_cast<int64_t>(shown.size()) > options.limit) {
    shown.resize(static_cast<size_t>(options.limit));
  }
  PrintTrials(context, search, shown);
  return kSuccess;
}

absl::StatusOr<int> Pareto(Context& context, const std::string& name) {
  NASCENT_ASSIGN_OR_RETURN(const auto read, ReadSearchTrials(context.client(), name));
  const auto& [search, trials] = read;
  PrintTrials(context, search, ParetoFront(trials, search.spec()));
  return kSuccess;
}

absl::StatusOr<int> Lineage(Context& context, const std::string& name, int64_t number) {
  NASCENT_ASSIGN_OR_RETURN(const auto read, ReadSearchTrials(context.client(), name));
  const auto& [search, trials] = read;
  if (const auto found = FindTrial(search, trials, number); !found.ok()) return found.status();
  const std::vector<const v1::Trial*> ancestors = Ancestors(trials, number);
  if (context.json()) {
    PrintTrials(context, search, ancestors);
    return kSuccess;
  }
  context.Print(LineageTable(search, ancestors));
  return kSuccess;
}

}  // namespace

void AddTrials(CLI::App& app, Context& context) {
  CLI::App* trials = app.add_subcommand("trials", "List the trials of a search");
  const auto options = std::make_shared<TrialsOptions>();
  trials->footer(kTrialsFooter);
  AddSearchArgument(*trials, options->search);
  trials->add_option("--state", options->states, "Only these states (may be given more than once)")
      ->check(CLI::IsMember(StateWords(), CLI::ignore_case));
  trials->add_option("--sort", options->sort, "By this metric, best first (else by number)");
  trials->add_option("--limit,-n", options->limit, "At most so many")
      ->check(CLI::Range(1, 1000000000));
  trials->callback([&context, options] {
    context.SetServiceAction([&context, options] { return Trials(context, *options); });
  });

  CLI::App* pareto = app.add_subcommand("pareto", "The trials that no other one beats");
  const auto search = std::make_shared<std::string>();
  pareto->footer(kParetoFooter);
  AddSearchArgument(*pareto, *search);
  pareto->callback([&context, search] {
    context.SetServiceAction([&context, search] { return Pareto(context, *search); });
  });

  CLI::App* lineage = app.add_subcommand("lineage", "How a trial came about");
  const auto of = std::make_shared<std::string>();
  const auto number = std::make_shared<int64_t>(0);
  lineage->footer(kLineageFooter);
  AddSearchArgument(*lineage, *of);
  lineage->add_option("TRIAL", *number, "Number of the trial in its search")->required();
  lineage->callback([&context, of, number] {
    context.SetServiceAction([&context, of, number] { return Lineage(context, *of, *number); });
  });
}

}  // namespace nascent::cli
