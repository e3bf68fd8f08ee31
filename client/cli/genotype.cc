#include "client/cli/genotype.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace nascent::cli {
namespace {

using google::protobuf::Value;

constexpr double kLargestWhole = 9007199254740992.0;

NamedValue Number(const std::string& label, double number) {
  if (number == std::floor(number) && std::abs(number) < kLargestWhole) {
    const auto whole = static_cast<int64_t>(number);
    return {label, spec::Json(whole), absl::StrCat(whole)};
  }
  return {label, spec::Json(number), absl::StrFormat("%.4g", number)};
}

NamedValue Option(const std::string& label, const Value& option) {
  switch (option.kind_case()) {
    case Value::kNumberValue:
      return Number(label, option.number_value());
    case Value::kBoolValue:
      return {label, spec::Json(option.bool_value()), option.bool_value() ? "true" : "false"};
    default:
      return {label, spec::Json(option.string_value()), option.string_value()};
  }
}

std::optional<NamedValue> Named(const v1::Domain& domain, const v1::DecisionValue& value) {
  switch (value.value_case()) {
    case v1::DecisionValue::kInteger:
      return NamedValue{value.label(), spec::Json(int64_t{value.integer()}),
                        absl::StrCat(value.integer())};
    case v1::DecisionValue::kReal:
      return NamedValue{value.label(), spec::Json(value.real()),
                        absl::StrFormat("%.4g", value.real())};
    case v1::DecisionValue::kOption: {
      const auto& options =
          domain.has_ordered() ? domain.ordered().values() : domain.choice().values();
      if (value.option() < 0 || value.option() >= options.size()) return std::nullopt;
      return Option(value.label(), options[static_cast<int>(value.option())]);
    }
    default:
      return std::nullopt;
  }
}

// Whether the trial's notation is one of the field, not JSON.
bool HasNotation(const v1::Trial& trial) {
  return !trial.notation().empty() && !trial.notation().starts_with('{');
}

}  // namespace

std::vector<NamedValue> DecisionsOf(const v1::Search& search, const v1::Trial& trial) {
  std::map<std::string, const v1::Domain*, std::less<>> domains;
  for (const v1::SearchDecision& decision : search.decisions()) {
    domains[decision.label()] = &decision.domain();
  }
  std::vector<NamedValue> named;
  for (const v1::DecisionValue& value : trial.genotype().values()) {
    const auto domain = domains.find(value.label());
    if (domain == domains.end()) continue;
    if (auto one = Named(*domain->second, value)) named.push_back(*std::move(one));
  }
  std::stable_partition(named.begin(), named.end(),
                        [](const NamedValue& value) { return !value.IsRecipe(); });
  return named;
}

spec::Json DecisionsJson(const v1::Search& search, const v1::Trial& trial) {
  const std::vector<NamedValue> decisions = DecisionsOf(search, trial);
  if (decisions.empty()) return {};
  spec::Json json = spec::Json::Object();
  for (const NamedValue& value : decisions) json.Set(value.label, value.value);
  return json;
}

std::string WholeGenotype(const v1::Search& search, const v1::Trial& trial) {
  const std::vector<NamedValue> decisions = DecisionsOf(search, trial);
  const bool recipe = std::any_of(decisions.begin(), decisions.end(),
                                  [](const NamedValue& value) { return value.IsRecipe(); });
  if (decisions.empty() || (HasNotation(trial) && !recipe)) return trial.notation();
  return DecisionsJson(search, trial).Print();
}

std::map<std::string, std::string> ShortLabels(const std::set<std::string>& labels) {
  const auto last_words = [](const std::string& label, size_t count) {
    std::vector<std::string> words = absl::StrSplit(label, '.');
    if (words.size() > count) words.erase(words.begin(), words.end() - static_cast<int64_t>(count));
    return absl::StrJoin(words, ".");
  };
  std::map<std::string, std::string> shortened;
  for (const std::string& label : labels) {
    // The template's own labels are its author's words; only paths of the recipe are cut.
    if (!label.starts_with("recipe.")) {
      shortened[label] = label;
      continue;
    }
    for (size_t count = 1;; ++count) {
      const std::string words = last_words(label, count);
      const auto same = std::count_if(labels.begin(), labels.end(), [&](const std::string& other) {
        return (other.starts_with("recipe.") ? last_words(other, count) : other) == words;
      });
      if (same > 1 && words != label) continue;
      shortened[label] = words;
      break;
    }
  }
  return shortened;
}

ShortForms::ShortForms(const v1::Search& search, const std::vector<const v1::Trial*>& trials)
    : search_(search) {
  std::set<std::string> labels;
  for (size_t i = 0; i < trials.size(); ++i) {
    notation_ = notation_ || HasNotation(*trials[i]);
    std::map<std::string, std::string> mine;
    for (const NamedValue& value : DecisionsOf(search, *trials[i])) {
      labels.insert(value.label);
      mine[value.label] = value.text;
      if (i == 0) shared_.push_back(value);
    }
    if (i == 0) {
      common_ = mine;
    } else {
      std::erase_if(common_, [&](const auto& entry) {
        const auto found = mine.find(entry.first);
        return found == mine.end() || found->second != entry.second;
      });
    }
  }
  if (trials.size() < 2) common_.clear();
  // Of a notation nothing can be left out.
  if (notation_) {
    std::erase_if(common_, [](const auto& entry) { return !entry.first.starts_with("recipe."); });
  }
  std::erase_if(shared_, [&](const NamedValue& value) { return !common_.contains(value.label); });
  labels_ = ShortLabels(labels);
}

std::string ShortForms::Word(const NamedValue& value) const {
  const auto label = labels_.find(value.label);
  return absl::StrCat(label == labels_.end() ? value.label : label->second, "=", value.text);
}

std::string ShortForms::Of(const v1::Trial& trial) const {
  const std::vector<NamedValue> decisions = DecisionsOf(search_, trial);
  const bool notation = notation_ || decisions.empty();
  std::vector<std::string> words;
  for (const NamedValue& value : decisions) {
    if ((notation && !value.IsRecipe()) || common_.contains(value.label)) continue;
    words.push_back(Word(value));
  }
  // Last, as it is what may be cut.
  if (notation) words.push_back(trial.notation());
  return words.empty() ? "as the others" : absl::StrJoin(words, " ");
}

std::string ShortForms::Common() const {
  return absl::StrJoin(shared_, " ", [this](std::string* out, const NamedValue& value) {
    out->append(Word(value));
  });
}

}  // namespace nascent::cli
