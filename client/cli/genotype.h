// What was decided for a trial, by name: typed for programs, short for people.

#ifndef NASCENT_CLIENT_CLI_GENOTYPE_H_
#define NASCENT_CLIENT_CLI_GENOTYPE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/spec/json.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

struct NamedValue {
  std::string label;  // "op0", "recipe.batch"
  spec::Json value;   // the option's value, or the number
  std::string text;   // the same for people: "relu", "0.0123"

  bool IsRecipe() const { return label.starts_with("recipe."); }
};

// All active decisions of the trial in the space's order, those of the recipe last. Empty: the
// search is older than the list of what it searches (Search.decisions).
std::vector<NamedValue> DecisionsOf(const v1::Search& search, const v1::Trial& trial);

// {"op0": "relu", "recipe.batch": 64}; null where DecisionsOf is empty.
spec::Json DecisionsJson(const v1::Search& search, const v1::Trial& trial);

// The whole genotype as every command reads it: the notation of its space where that names all
// decisions, else JSON.
std::string WholeGenotype(const v1::Search& search, const v1::Trial& trial);

// Labels as short as they can be without two of them becoming one: the last words of their paths.
std::map<std::string, std::string> ShortLabels(const std::set<std::string>& labels);

// How the genotypes of one list are told apart: by the decisions in which they differ.
class ShortForms {
 public:
  // `trials`: those that are shown together.
  ShortForms(const v1::Search& search, const std::vector<const v1::Trial*>& trials);

  // "act=relu depth=3 batch=64", only what is not the same in all trials of the list; where the
  // space has a notation that, and the recipe's values after it.
  std::string Of(const v1::Trial& trial) const;
  // What is the same in all of them, in the same form; empty: nothing, or there is one trial only.
  std::string Common() const;

 private:
  std::string Word(const NamedValue& value) const;

  const v1::Search& search_;
  bool notation_ = false;  // the space has one
  std::map<std::string, std::string> labels_;
  std::map<std::string, std::string> common_;  // label → text
  std::vector<NamedValue> shared_;
};

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_GENOTYPE_H_
