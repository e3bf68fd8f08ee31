// The rows of the strategies that share SurrogateSearch: one per model.

#include "server/strategy/entries.h"
#include "server/strategy/settings.h"
#include "server/strategy/surrogate/gaussian_process.h"
#include "server/strategy/surrogate/model_entry.h"
#include "server/strategy/surrogate/network_ensemble.h"
#include "server/strategy/surrogate/ridge.h"
#include "server/strategy/surrogate/surrogate_search.h"
#include "server/strategy/surrogate/trees.h"

namespace nascent::strategy {
namespace {

using Acquisition = SurrogateOptions::Acquisition;

// Of one cell, for BANANAS: all paths of NAS-Bench-101 and 201, those of up to three operations
// of DARTS.
constexpr int64_t kMostPathColumns = 1000;

}  // namespace

Entry ModelEntry(const ModelDescription& model, const std::string& acquisition) {
  Entry entry;
  entry.name = model.name;
  entry.description = model.description;
  entry.paper = model.paper;
  entry.settings = {
      IntegerSetting("initial", 2, 10000, 10, "Random trials before the first fit."),
      IntegerSetting(
          "candidates", 10, 100000, 500,
          "Genotypes that a proposal is chosen from: half mutations of the best, half random."),
      IntegerSetting("parents", 1, 1000, 10, "The best results that candidates are mutated from."),
      IntegerSetting("history", 10, model.max_history, model.history,
                     "Most results that a fit uses: the best and the youngest."),
      TextSetting("acquisition", {"expected_improvement", "thompson"}, acquisition,
                  "Expected improvement (several objectives: of the hypervolume), or independent "
                  "Thompson sampling."),
  };
  return entry;
}

SurrogateOptions FromSettings(const std::string& model, const Settings& settings) {
  SurrogateOptions options;
  options.model = model;
  options.initial = settings.Integer("initial");
  options.candidates = settings.Integer("candidates");
  options.parents = settings.Integer("parents");
  options.history = settings.Integer("history");
  options.acquisition = settings.Text("acquisition") == "thompson"
                            ? Acquisition::kThompson
                            : Acquisition::kExpectedImprovement;
  return options;
}

namespace {

template <typename Model, typename Rows = DecisionEncoding>
std::unique_ptr<Strategy> Make(const Problem& problem, const Settings& settings,
                               const std::string& name) {
  SurrogateOptions options = FromSettings(name, settings);
  options.encoding = std::make_shared<Rows>(problem.space->decisions());
  options.make = [] { return std::make_unique<Model>(); };
  return MakeSurrogateSearch(problem, std::move(options));
}

}  // namespace

Entry GaussianProcessEntry() {
  Entry entry = ModelEntry(
      {"gaussian_process",
       "Bayesian optimisation with a Gaussian process over mixed and conditional decisions",
       "Jones et al. 1998, Efficient Global Optimization; Ament et al. 2023, Unexpected "
       "Improvements",
       200, 1000},
      "expected_improvement");
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    SurrogateOptions options = FromSettings("gaussian process", settings);
    const auto encoding = std::make_shared<DecisionEncoding>(problem.space->decisions());
    options.encoding = encoding;
    options.make = [groups = encoding->groups()] {
      return std::make_unique<GaussianProcess>(groups);
    };
    return MakeSurrogateSearch(problem, std::move(options));
  };
  return entry;
}

Entry ForestEntry() {
  Entry entry = ModelEntry({"random_forest", "A random forest predicts results, as in SMAC",
                            "Hutter et al. 2011, Sequential Model-Based Optimization for General "
                            "Algorithm Configuration",
                            500, 5000},
                           "expected_improvement");
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return Make<Forest>(problem, settings, "random forest");
  };
  return entry;
}

Entry BoostedTreesEntry() {
  Entry entry = ModelEntry({"boosted_trees", "Gradient-boosted trees predict results",
                            "Friedman 2001, Greedy Function Approximation; as a NAS predictor: Luo "
                            "et al. 2020, Neural Architecture Search with GBDT",
                            500, 5000},
                           "expected_improvement");
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return Make<BoostedTrees>(problem, settings, "boosted trees");
  };
  return entry;
}

Entry RidgeEntry() {
  Entry entry = ModelEntry({"ridge", "Bayesian ridge regression on decisions and their pairs",
                            "MacKay 1992, Bayesian Interpolation", 500, 2000},
                           "expected_improvement");
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return Make<Ridge, SplineEncoding>(problem, settings, "ridge regression");
  };
  return entry;
}

Entry BananasEntry() {
  Entry entry = ModelEntry({"bananas", "An ensemble of neural networks predicts results",
                            "White et al. 2021, BANANAS", 500, 5000},
                           "thompson");
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    SurrogateOptions options = FromSettings("an ensemble of networks", settings);
    options.encoding = MakePathEncoding(*problem.space, kMostPathColumns);
    options.make = [] { return std::make_unique<NetworkEnsemble>(); };
    return MakeSurrogateSearch(problem, std::move(options));
  };
  return entry;
}

}  // namespace nascent::strategy
