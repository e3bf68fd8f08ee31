#include "server/engine/resolve/resolve_search.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <utility>

#include "common/data/dataset.h"
#include "common/field_error.h"
#include "common/random.h"
#include "common/recipe/resolve_recipe.h"
#include "common/recipe/table_recipe.h"
#include "common/scores/scores.h"
#include "common/space/option_check.h"
#include "common/space/sampler.h"
#include "common/spec/message_text.h"
#include "common/status_macros.h"
#include "server/engine/resolve/fidelity_ladder.h"
#include "server/engine/resolve/metrics.h"
#include "server/engine/resolve/recipe_decisions.h"
#include "server/engine/resolve/resolve_goals.h"
#include "server/engine/resolve/space_options.h"
#include "server/engine/resolve/text_rules.h"
#include "server/strategy/registry.h"

namespace nascent::engine {
namespace {

absl::Status ResolveTexts(v1::SearchSpec& spec) {
  if (spec.project().empty()) spec.set_project("default");
  absl::Status status = CheckName("name", spec.name());
  status.Update(CheckText("project", spec.project(), 1, 128));
  status.Update(CheckText("owner", spec.owner(), 0, 128));
  if (spec.priority() < -1000 || spec.priority() > 1000) {
    status.Update(FieldError("priority", spec.priority(), "[-1000, 1000]"));
  }
  if (spec.sharing() == v1::SHARING_UNSPECIFIED) spec.set_sharing(v1::SHARING_PROJECT);
  if (!v1::Sharing_IsValid(spec.sharing())) {
    status.Update(FieldError("sharing", spec.sharing(), "off, search, project"));
  }
  return status;
}

absl::Status CheckBudget(const v1::Budget& budget) {
  constexpr double kLongest = 1e12;
  if (!budget.has_trials() && !budget.has_wall_seconds() && !budget.has_device_seconds()) {
    return FieldError("budget", "no limit", "trials, wall_seconds, device_seconds: at least one");
  }
  if (budget.has_trials() && (budget.trials() < 1 || budget.trials() > 10000000)) {
    return FieldError("budget.trials", budget.trials(), "[1, 10000000]");
  }
  const auto check_seconds = [&](bool has, double value, std::string_view path) {
    return has && !(value > 0 && value < kLongest) ? FieldError(path, value, "above 0")
                                                   : absl::OkStatus();
  };
  absl::Status status =
      check_seconds(budget.has_wall_seconds(), budget.wall_seconds(), "budget.wall_seconds");
  status.Update(
      check_seconds(budget.has_device_seconds(), budget.device_seconds(), "budget.device_seconds"));
  if (budget.parallel() < 0 || budget.parallel() > 100000) {
    status.Update(FieldError("budget.parallel", budget.parallel(), "[0, 100000]"));
  }
  if (budget.lookahead() < 0 || budget.lookahead() > 1000) {
    status.Update(FieldError("budget.lookahead", budget.lookahead(), "[0, 1000]"));
  }
  return status;
}

absl::Status CheckStopRules(const v1::StopRules& stop) {
  if (stop.has_target() && !std::isfinite(stop.target())) {
    return FieldError("stop.target", stop.target(), "a finite number");
  }
  if (stop.has_no_improvement_trials() && stop.no_improvement_trials() < 1) {
    return FieldError("stop.no_improvement_trials", stop.no_improvement_trials(), "at least 1");
  }
  if (stop.has_expected_gain_below() && !(stop.expected_gain_below() > 0)) {
    return FieldError("stop.expected_gain_below", stop.expected_gain_below(), "above 0");
  }
  return absl::OkStatus();
}

absl::Status CheckRequirements(const v1::Requirements& requirements) {
  if (requirements.device() != "" && requirements.device() != "cpu" &&
      requirements.device() != "cuda") {
    return FieldError("requirements.device", Quoted(requirements.device()), "cpu, cuda");
  }
  if (requirements.memory_bytes() < 0) {
    return FieldError("requirements.memory_bytes", requirements.memory_bytes(), "at least 0");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::DataRef> ResolveData(v1::DataSpec& spec, const Surroundings& surroundings) {
  v1::DataRef data;
  if (spec.dataset().empty() && !surroundings.require_data) {
    for (int size : {3, 32, 32}) data.mutable_dataset()->mutable_shape()->add_dimensions(size);
    data.mutable_dataset()->set_classes(10);
    return data;
  }
  if (spec.dataset().empty()) {
    return FieldError("data.dataset", "nothing", "the name of a registered data set");
  }
  std::string known;
  for (const v1::Dataset& dataset : surroundings.datasets) {
    if (dataset.name() == spec.dataset()) *data.mutable_dataset() = dataset;
    absl::StrAppend(&known, known.empty() ? "" : ", ", dataset.name());
  }
  if (data.dataset().name().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("data.dataset: found ", Quoted(spec.dataset()),
                     ", registered: ", known.empty() ? "none (see `nascent data add`)" : known));
  }
  int64_t count = 0;
  for (const v1::DataSplit& split : data.dataset().splits()) {
    if (split.name() == "train") count = split.count();
  }
  if (spec.train() < 0 || spec.validation() < 0 || spec.validation() >= count) {
    return FieldError(spec.train() < 0 ? "data.train" : "data.validation",
                      spec.train() < 0 ? spec.train() : spec.validation(),
                      absl::StrCat("[0, ", count - 1, "]; the training split has ", count));
  }
  if (spec.validation() == 0) spec.set_validation(std::max<int64_t>(count / 10, 1));
  if (spec.train() == 0) spec.set_train(count - spec.validation());
  if (spec.train() < 1 || spec.train() > count - spec.validation()) {
    return FieldError("data.train", spec.train(),
                      absl::StrCat("[1, ", count - spec.validation(), "]: the training split has ",
                                   count, ", validation takes ", spec.validation()));
  }
  data.set_train(spec.train());
  data.set_validation(spec.validation());
  return data;
}

absl::Status ResolveFinal(v1::SearchSpec& spec, const v1::DataRef& data) {
  v1::FinalSpec& final = *spec.mutable_final();
  const auto& splits = data.dataset().splits();
  const bool has_test = std::any_of(splits.begin(), splits.end(),
                                    [](const auto& split) { return split.name() == "test"; });
  if (!final.has_top()) final.set_top(1);
  const bool trained = (final.recipe().has_epochs() ? final.recipe() : spec.recipe()).epochs() > 0;
  if (!final.has_test()) final.set_test(has_test && trained);
  if (!final.has_seeds()) final.set_seeds(1);
  if (final.top() < 0 || final.top() > 100) return FieldError("final.top", final.top(), "[0, 100]");
  if (final.seeds() < 1 || final.seeds() > 100) {
    return FieldError("final.seeds", final.seeds(), "[1, 100]");
  }
  if (final.test() && !has_test) {
    return FieldError("final.test", "true", "false: the data set has no split \"test\"");
  }
  if (final.test() && !trained) {
    return FieldError("final.test", "true",
                      "false, or final.recipe.epochs above 0: winners are not trained and have no "
                      "weights");
  }
  if (final.has_recipe()) {
    // It stays as it was written: what it leaves unset is the trial's.
    v1::Recipe recipe = spec.recipe();
    recipe.MergeFrom(final.recipe());
    const auto resolved = recipe::ResolveRecipe(std::move(recipe), "final.recipe");
    if (!resolved.ok()) return resolved.status();
  }
  return absl::OkStatus();
}

absl::Status ResolveBaseRecipe(v1::SearchSpec& spec) {
  // A ladder of epochs says how long the whole recipe is, where the recipe does not.
  const v1::FidelityLadder& ladder = spec.fidelities();
  if (!spec.recipe().has_epochs()) {
    if (ladder.epochs_size() > 0) {
      spec.mutable_recipe()->set_epochs(*ladder.epochs().rbegin());
    } else if (ladder.rungs_size() > 0 && ladder.rungs().rbegin()->has_epochs()) {
      spec.mutable_recipe()->set_epochs(ladder.rungs().rbegin()->epochs());
    }
  }
  auto recipe = recipe::ResolveRecipe(spec.recipe(), "recipe");
  if (!recipe.ok()) return recipe.status();
  *spec.mutable_recipe() = *std::move(recipe);
  return absl::OkStatus();
}

bool PredictsNumber(const v1::DataRef& data) { return data::IsRegression(data.dataset()); }

bool HasTable(const v1::DataRef& data) { return data::IsTable(data.dataset()); }

absl::Status CheckRecipeFits(const v1::Recipe& recipe, const v1::DataRef& data,
                             std::string_view path) {
  if (HasTable(data)) NASCENT_RETURN_IF_ERROR(recipe::CheckFitsTable(recipe, path));
  return recipe::CheckLossFits(recipe, PredictsNumber(data), path);
}

// What is written for other data is refused, in the recipe and in that of the final test.
absl::Status CheckRecipesFit(const v1::SearchSpec& spec, const v1::DataRef& data) {
  NASCENT_RETURN_IF_ERROR(CheckRecipeFits(spec.recipe(), data, "recipe"));
  v1::Recipe recipe = spec.recipe();
  recipe.MergeFrom(spec.final().recipe());
  return CheckRecipeFits(recipe, data, "final.recipe");
}

// What the network must give for the data's classes, where the loss is not decided.
space::OutputRule OutputRuleOf(const v1::SearchSpec& spec, const Surroundings& surroundings) {
  if (surroundings.accepted_before) return space::OutputRule::kAny;
  if (spec.data().dataset().empty()) return space::OutputRule::kAny;
  return spec.recipe().loss() == v1::LOSS_PIXEL_CROSS_ENTROPY ? space::OutputRule::kPerPixel
                                                              : space::OutputRule::kPerExample;
}

// The scores that the goals name, sorted.
std::set<std::string> ScoresOfGoals(const v1::SearchSpec& spec) {
  std::set<std::string> names;
  for (const v1::Objective& objective : spec.objectives()) names.insert(objective.metric());
  for (const v1::Constraint& constraint : spec.constraints()) names.insert(constraint.metric());
  std::erase_if(names, [](const std::string& name) { return !scores::IsScore(name); });
  return names;
}

// A rung of a score stands for objectives that only training shows.
absl::Status CheckRungsOfScores(const v1::SearchSpec& spec) {
  const auto& objectives = spec.objectives();
  for (int i = 0; i < spec.fidelities().rungs_size(); ++i) {
    if (!spec.fidelities().rungs(i).has_zero_cost()) continue;
    if (std::all_of(objectives.begin(), objectives.end(),
                    [](const auto& objective) { return IsKnownUntrained(objective.metric()); })) {
      return FieldError(absl::StrCat("fidelities.rungs[", i, "].zero_cost"),
                        "no objective that needs training", "no rung of a score");
    }
  }
  return absl::OkStatus();
}

absl::Status BuildRungs(ResolvedSearch& search, const Surroundings& surroundings) {
  const v1::SearchSpec& spec = search.spec;
  const v1::Shape& input = search.data.dataset().shape();
  v1::Recipe recipe = spec.recipe();
  if (recipe.resolution() == 0 && input.dimensions_size() == 3) {
    recipe.set_resolution(static_cast<int>(input.dimensions(1)));
  }
  auto ladder = BuildLadder(spec.fidelities(), recipe);
  if (!ladder.ok()) return ladder.status();
  if (recipe.epochs() == 0 && ladder->size() > 1) {
    return FieldError("fidelities", "a ladder",
                      "none, as recipe.epochs is 0 and nothing is trained");
  }
  NASCENT_RETURN_IF_ERROR(CheckRungsOfScores(spec));
  const space::OutputRule output = OutputRuleOf(spec, surroundings);
  const int64_t classes = search.data.dataset().classes();
  auto whole = MakeSpace(spec, input, classes, v1::Fidelity(), output);
  if (!whole.ok()) return whole.status();
  search.space = *whole;
  if (!surroundings.accepted_before) {
    absl::Status status = CheckRecipeDecisions(spec, search.space->decisions(), search.data);
    if (!status.ok()) return status;
  }
  int training = 0;
  search.rungs_continue = true;
  for (const LadderRung& rung : *ladder) {
    const v1::Fidelity& fidelity = rung.fidelity;
    training += fidelity.zero_cost().empty() ? 1 : 0;
    search.rungs_continue = search.rungs_continue && fidelity.train_share() == 0 &&
                            fidelity.resolution() == 0 && fidelity.constants().empty();
  }
  search.rungs_continue = search.rungs_continue && training > 1;
  const std::set<std::string> scores_of_goals = ScoresOfGoals(spec);
  for (const LadderRung& rung : *ladder) {
    auto space = search.space;
    if (rung.fidelity.resolution() > 0 || !rung.fidelity.constants().empty()) {
      auto smaller = MakeSpace(spec, input, classes, rung.fidelity, output);
      if (!smaller.ok()) return smaller.status();
      space = *smaller;
    }
    const std::string& score = rung.fidelity.zero_cost();
    std::set<std::string> scores = scores_of_goals;
    if (!score.empty()) scores.insert(score);
    search.rungs.push_back({rung.fidelity,
                            space,
                            {rung.epochs, rung.share_of_full, score},
                            {scores.begin(), scores.end()},
                            score.empty() && recipe.epochs() > 0});
  }
  return absl::OkStatus();
}

// Samples of the space among which one must meet the constraints on costs, and how many are drawn
// to say how many do.
constexpr int kEffort = 2000;
constexpr int kShareSamples = 100;

absl::Status CheckConstraintsCanHold(ResolvedSearch& search) {
  if (search.cost_bounds.empty()) return absl::OkStatus();
  space::Sampler sampler(*search.space, search.cost_bounds);
  RandomStream random(0, 1);
  while (sampler.drawn() < kShareSamples) {
    const auto genotype = sampler.Sample(random, kEffort);
    if (!genotype.ok() && sampler.passed() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("constraints: found that ", genotype.status().message(),
                       ", allowed constraints that some network meets"));
    }
  }
  if (sampler.passed() < sampler.drawn()) {
    search.warnings.push_back(
        absl::StrCat("constraints: those on costs are met by ", sampler.ShareText()));
  }
  return absl::OkStatus();
}

// Options that no network can have: half of a space may be lost that way.
void RemarkOnOptions(ResolvedSearch& search) {
  constexpr size_t kMostRemarks = 10;
  const space::OptionCheck check = space::CheckOptions(*search.space);
  for (size_t i = 0; i < check.dead.size() && i < kMostRemarks; ++i) {
    search.warnings.push_back(absl::StrCat("space: ", check.dead[i].Text()));
  }
  if (check.dead.size() > kMostRemarks) {
    search.warnings.push_back(
        absl::StrCat("space: ", check.dead.size() - kMostRemarks, " more options cannot be built"));
  }
}

// Goals that are possible but hardly meant.
void RemarkOnGoals(const v1::SearchSpec& spec, std::vector<std::string>& warnings) {
  const auto is_share = [](const std::string& metric) { return metric.ends_with("accuracy"); };
  const auto check_share = [&](const std::string& path, const std::string& metric, bool given,
                               double value) {
    if (given && is_share(metric) && !(value >= 0 && value <= 1)) {
      warnings.push_back(
          absl::StrCat(path, ": found ", value, ", but ", metric, " is a share from 0 to 1"));
    }
  };
  for (int i = 0; i < spec.objectives_size(); ++i) {
    const v1::Objective& objective = spec.objectives(i);
    const std::string path = absl::StrCat("objectives[", i, "]");
    const bool minimize = objective.goal() == v1::GOAL_MINIMIZE;
    if (minimize == is_share(objective.metric()) &&
        (minimize || objective.metric().ends_with("loss"))) {
      warnings.push_back(absl::StrCat(path, ".goal: found ", minimize ? "minimize" : "maximize",
                                      " for ", objective.metric(), ", which is better ",
                                      minimize ? "high" : "low"));
    }
    check_share(path + ".reference", objective.metric(), objective.has_reference(),
                objective.reference());
  }
  for (int i = 0; i < spec.constraints_size(); ++i) {
    const v1::Constraint& constraint = spec.constraints(i);
    const std::string path = absl::StrCat("constraints[", i, "]");
    check_share(path + ".at_least", constraint.metric(), constraint.has_at_least(),
                constraint.at_least());
    check_share(path + ".at_most", constraint.metric(), constraint.has_at_most(),
                constraint.at_most());
  }
  check_share("stop.target", spec.objectives(0).metric(), spec.stop().has_target(),
              spec.stop().target());
}

absl::Status CheckNotEmpty(const space::Space& space) {
  RandomStream random(0, 0);
  const auto genotype = space::Sample(space, random);
  if (!genotype.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("space: found no network that its rules allow, allowed: at least one; ",
                     genotype.status().message()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ResolvedSearch> ResolveSearch(const v1::SearchSpec& spec,
                                             const Surroundings& surroundings) {
  ResolvedSearch search;
  search.spec = spec;
  absl::Status status = spec::CheckTexts(spec);
  if (status.ok()) status = ResolveTexts(search.spec);
  if (!status.ok()) return status;
  auto data = ResolveData(*search.spec.mutable_data(), surroundings);
  if (!data.ok()) return data.status();
  search.data = *std::move(data);
  if (PredictsNumber(search.data) && !search.spec.recipe().has_loss()) {
    search.spec.mutable_recipe()->set_loss(v1::LOSS_SQUARED_ERROR);
  }
  if (status = ResolveBaseRecipe(search.spec); !status.ok()) return status;
  if (status = ResolveGoals(search.spec, surroundings, search.cost_bounds, search.warnings);
      !status.ok()) {
    return status;
  }
  if (search.spec.recipe().epochs() == 0 && surroundings.require_data) {
    NASCENT_RETURN_IF_ERROR(CheckUntrained(search.spec));
  }
  status = CheckBudget(search.spec.budget());
  status.Update(CheckStopRules(search.spec.stop()));
  status.Update(CheckRequirements(search.spec.requirements()));
  if (!status.ok()) return status;
  if (status = ResolveFinal(search.spec, search.data); !status.ok()) return status;
  NASCENT_RETURN_IF_ERROR(CheckRecipesFit(search.spec, search.data));
  auto strategy = strategy::ResolveStrategy(search.spec.strategy());
  if (!strategy.ok()) return strategy.status();
  *search.spec.mutable_strategy() = *std::move(strategy);
  if (status = BuildRungs(search, surroundings); !status.ok()) return status;
  if (surroundings.advise) {
    status = CheckNotEmpty(*search.space);
    if (status.ok()) status = CheckConstraintsCanHold(search);
    if (!status.ok()) return status;
    if (surroundings.require_data) {
      RemarkOnOptions(search);
      RemarkOnGoals(search.spec, search.warnings);
    }
  }
  search.space_size = search.space->decisions().Cardinality();
  if (!std::all_of(search.space_size.begin(), search.space_size.end(),
                   [](char c) { return c >= '0' && c <= '9'; })) {
    search.space_size.clear();
  }
  return search;
}

}  // namespace nascent::engine
