// nascent trials, pareto, lineage.

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/pareto.h"
#include "common/exit_code.h"
#include "common/spec/message_reader.h"

namespace nascent::cli {
namespace {

constexpr char kTrialsFooter[] = R"(
With --output json: a list of objects with id, number, state, attempt, worker, key, genotype,
metrics, created_at, finished_at, error (and failure, reason, parents, continues, shared_from,
rung, weights).

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
    for (const v1::Trial* trial : trials) list.Append(TrialJson(*trial));
    context.PrintJson(list);
    return;
  }
  const std::vector<std::string> metrics = ShownMetrics(search);
  std::vector<Table::Column> columns = {{.title = "trial", .right = true}, {.title = "state"}};
  for (const std::string& metric : metrics) columns.push_back({.title = metric, .right = true});
  columns.insert(columns.end(), {{.title = "attempt", .right = true},
                                 {.title = "worker"},
                                 {.title = "architecture", .flexible = true}});
  Table table(std::move(columns));
  for (const v1::Trial* trial : trials) {
    std::vector<Table::Cell> row = {absl::StrCat("#", trial->number()),
                                    Table::Cell(StateWord(*trial), StateInk(*trial))};
    for (const std::string& metric : metrics) row.emplace_back(MetricText(*trial, metric));
    row.emplace_back(absl::StrCat(trial->attempt()));
    row.emplace_back(trial->worker().empty() ? "–" : trial->worker());
    row.emplace_back(trial->notation());
    table.Add(std::move(row));
  }
  if (table.empty()) {
    context.Print("No trials.");
  } else {
    context.Print(table);
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
  const auto search = context.client().Get(client::ParseSearchRef(options.search));
  if (!search.ok()) return search.status();
  v1::SearchRef ref;
  ref.set_id(search->id());
  std::vector<v1::TrialState> states;
  for (const std::string& word : options.states) states.push_back(ReadState(word));
  const auto trials = context.client().ListTrials(ref, states);
  if (!trials.ok()) return trials.status();
  std::vector<const v1::Trial*> shown = Pointers(*trials);
  if (!options.sort.empty() && !trials->empty()) {
    const absl::Status known = CheckMetric(options.sort, *trials);
    if (!known.ok()) return known;
  }
  if (!options.sort.empty()) Sort(shown, options.sort, search->spec());
  if (options.limit > 0 && static_cast<int64_t>(shown.size()) > options.limit) {
    shown.resize(static_cast<size_t>(options.limit));
  }
  PrintTrials(context, *search, shown);
  return kSuccess;
}

absl::StatusOr<int> Pareto(Context& context, const std::string& name) {
  const auto search = context.client().Get(client::ParseSearchRef(name));
  if (!search.ok()) return search.status();
  v1::SearchRef ref;
  ref.set_id(search->id());
  const auto trials = context.client().ListTrials(ref);
  if (!trials.ok()) return trials.status();
  PrintTrials(context, *search, ParetoFront(*trials, search->spec()));
  return kSuccess;
}

absl::StatusOr<int> Lineage(Context& context, const std::string& name, int64_t number) {
  const auto search = context.client().Get(client::ParseSearchRef(name));
  if (!search.ok()) return search.status();
  v1::SearchRef ref;
  ref.set_id(search->id());
  const auto trials = context.client().ListTrials(ref);
  if (!trials.ok()) return trials.status();
  std::map<int64_t, const v1::Trial*> by_number;
  for (const v1::Trial& trial : *trials) by_number[trial.number()] = &trial;
  if (!by_number.contains(number)) {
    return absl::NotFoundError(absl::StrCat("search ", search->id(), " has no trial #", number,
                                            "; it has ", by_number.size(), " trials"));
  }
  // Parents have smaller numbers, so the newest unknown ancestor is always the next one.
  std::set<int64_t, std::greater<>> open = {number};
  std::vector<const v1::Trial*> ancestors;
  while (!open.empty()) {
    const int64_t next = *open.begin();
    open.erase(open.begin());
    const auto found = by_number.find(next);
    if (found == by_number.end()) continue;
    ancestors.push_back(found->second);
    for (const int64_t parent : found->second->parents()) {
      if (parent < next) open.insert(parent);
    }
    if (found->second->continues() > 0 && found->second->continues() < next) {
      open.insert(found->second->continues());
    }
  }
  if (context.json()) {
    PrintTrials(context, *search, ancestors);
    return kSuccess;
  }
  Table table({{.title = "trial", .right = true},
               {.title = "made from"},
               {.title = "why"},
               {.title = ShownMetrics(*search)[0], .right = true},
               {.title = "architecture", .flexible = true}});
  for (const v1::Trial* trial : ancestors) {
    std::string parents;
    for (const int64_t parent : trial->parents()) {
      absl::StrAppend(&parents, parents.empty() ? "#" : " #", parent);
    }
    if (trial->continues() > 0) {
      absl::StrAppend(&parents, parents.empty() ? "" : " ", "continues #", trial->continues());
    }
    table.Add({absl::StrCat("#", trial->number()), parents.empty() ? "–" : parents, trial->reason(),
               MetricText(*trial, ShownMetrics(*search)[0]), trial->notation()});
  }
  context.Print(table);
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
