#include "client/cli/trial_facts.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/cli/facts.h"
#include "client/cli/genotype.h"
#include "client/cli/numbers.h"

namespace nascent::cli {
namespace {

// The notation, or the decisions of the template as words.
std::string Architecture(const v1::Trial& trial, const std::vector<NamedValue>& decisions) {
  if (decisions.empty() || !trial.notation().starts_with('{')) return trial.notation();
  std::vector<std::string> words;
  for (const NamedValue& value : decisions) {
    if (!value.IsRecipe()) words.push_back(absl::StrCat(value.label, "=", value.text));
  }
  return words.empty() ? "(nothing to decide)" : absl::StrJoin(words, " ");
}

// The metrics that TrialFacts names, in its order.
std::vector<std::string> NamedMetrics(const v1::Search& search) {
  std::vector<std::string> names;
  for (const v1::Objective& objective : search.spec().objectives()) {
    names.push_back(objective.metric());
  }
  for (const char* name : {"validation_accuracy", "test_accuracy", "parameters",
                           "multiply_accumulates", "training_seconds"}) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }
  return names;
}

bool IsResult(const v1::Search& search, const std::string& metric) {
  if (metric.ends_with("accuracy")) return true;
  return std::any_of(search.spec().objectives().begin(), search.spec().objectives().end(),
                     [&](const v1::Objective& objective) { return objective.metric() == metric; });
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()),
                          absl::LocalTimeZone());
}

}  // namespace

FactList TrialFacts(const v1::Search& search, const v1::Trial& trial) {
  FactList facts;
  const std::vector<NamedValue> decisions = DecisionsOf(search, trial);
  facts.Add("trial", absl::StrCat("#", trial.number()));
  facts.Add("architecture", Architecture(trial, decisions), Ink::kAccent);
  std::set<std::string> labels;
  for (const NamedValue& value : decisions) {
    if (value.IsRecipe()) labels.insert(value.label);
  }
  auto names = ShortLabels(labels);
  for (const NamedValue& value : decisions) {
    if (value.IsRecipe()) facts.Add(Words(names[value.label]), value.text, Ink::kAccent);
  }
  for (const std::string& name : NamedMetrics(search)) {
    if (const auto value = Metric(trial, name)) {
      facts.Add(name == "training_seconds" ? "training time" : Words(name),
                FormatMetric(name, *value), IsResult(search, name) ? Ink::kGood : Ink::kPlain);
    }
  }
  if (!trial.weights().empty()) facts.Add("weights", trial.weights().substr(0, 16) + "…");
  return facts;
}

FactList TrialHistory(const v1::Trial& trial) {
  FactList facts;
  facts.Add("state", StateWord(trial), StateInk(trial));
  if (!trial.error().empty()) {
    facts.Add("error", trial.error().substr(0, trial.error().find('\n')), Ink::kBad);
  }
  if (!trial.worker().empty()) {
    facts.Add("worker", absl::StrCat(trial.worker(), ", attempt ", trial.attempt()));
  }
  if (trial.shared_from() > 0) {
    facts.Add("result from", absl::StrCat("the trial with the id ", trial.shared_from()));
  }
  if (!trial.reason().empty()) facts.Add("why", trial.reason());
  if (trial.fidelity().rung() > 0) facts.Add("rung", absl::StrCat(trial.fidelity().rung()));
  if (!trial.fidelity().zero_cost().empty()) {
    facts.Add("rung of a score", trial.fidelity().zero_cost());
  }
  if (trial.has_created_at()) facts.Add("proposed", TimeText(trial.created_at()));
  if (trial.has_finished_at()) facts.Add("ended", TimeText(trial.finished_at()));
  if (!trial.key().empty()) facts.Add("key", trial.key().substr(0, 16) + "…");
  return facts;
}

FactList OtherMetrics(const v1::Search& search, const v1::Trial& trial) {
  const std::vector<std::string> named = NamedMetrics(search);
  FactList facts;
  for (const auto& [name, value] :
       std::map<std::string, double>(trial.metrics().begin(), trial.metrics().end())) {
    if (std::find(named.begin(), named.end(), name) != named.end()) continue;
    facts.Add(Words(name), FormatMetric(name, value));
  }
  return facts;
}

}  // namespace nascent::cli
