#include "server/engine/propose/candidate.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/network/key.h"
#include "common/network/network_proto.h"
#include "common/recipe/resolve_recipe.h"
#include "common/recipe/set_recipe_field.h"
#include "common/sha256.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/resolve/stable_bytes.h"

namespace nascent::engine {
namespace {

// A whole NAS-Bench-201 table fits; a candidate without its network takes about 2 KiB.
constexpr size_t kMostCandidates = 20000;

int64_t NextNumber() {
  static std::atomic<int64_t> last = 0;
  return ++last;
}

// The search's recipe with the genotype's values for fields of the recipe.
absl::StatusOr<v1::Recipe> RecipeOf(const space::Genotype& genotype,
                                    const space::DecisionSpace& decisions, const v1::Recipe& base) {
  v1::Recipe recipe = base;
  bool decided = false;
  for (int i = 0; i < decisions.size(); ++i) {
    const space::Decision& decision = decisions.decisions()[i];
    if (!decision.label.starts_with("recipe.")) continue;
    space::OptionValue value;
    if (const auto* integer = std::get_if<int64_t>(&genotype.values[i])) {
      value = decision.domain.IsList() ? decision.domain.options[*integer]
                                       : space::OptionValue(*integer);
    } else if (const auto* real = std::get_if<double>(&genotype.values[i])) {
      value = *real;
    } else {
      continue;
    }
    absl::Status status = recipe::SetRecipeField(recipe, decision.label, value);
    if (!status.ok()) return status;
    decided = true;
  }
  if (!decided) return recipe;
  // A kind of optimizer or schedule that was chosen has its own defaults.
  return recipe::ResolveRecipe(std::move(recipe), "recipe");
}

}  // namespace

CandidateMaker::CandidateMaker(std::shared_ptr<const ResolvedSearch> search,
                               CandidateOptions options)
    : search_(std::move(search)), options_(std::move(options)), number_(NextNumber()) {}

std::shared_ptr<const Candidate> CandidateMaker::Build(const Id& id) const {
  auto candidate = std::make_shared<Candidate>();
  candidate->genotype = id.first;
  candidate->rung = id.second;
  const space::Space& space = *search_->space;
  const space::Space& rung_space = *search_->rungs[id.second].space;
  candidate->message = space::ToProto(space.decisions(), id.first);
  candidate->notation = space.Print(id.first);
  auto recipe = RecipeOf(id.first, space.decisions(), search_->spec.recipe());
  if (recipe.ok()) {
    candidate->recipe = *std::move(recipe);
  } else {
    candidate->status = recipe.status();
  }
  if (!options_.networks) {
    candidate->status.Update(space.Check(id.first));
  } else if (auto built = rung_space.BuildArchitecture(id.first); !built.ok()) {
    candidate->status.Update(built.status());
  } else {
    candidate->costs = ToProto(built->costs, built->published_costs);
    candidate->cost_values = CostValues(candidate->costs);
    candidate->status.Update(space::CheckCostBounds(search_->cost_bounds, candidate->cost_values));
    if (options_.keys) {
      candidate->key = network::ComputeKey(built->live).hex;
      candidate->key_version = network::kKeyVersion;
    }
    options_.shelf->Put(OnShelf(id),
                        std::make_shared<const v1::Network>(network::ToProto(built->live)));
  }
  candidate->architecture =
      absl::StrCat(options_.keys && !candidate->key.empty() ? candidate->key : candidate->notation,
                   "/", StableBytes(recipe::ForIdentity(candidate->recipe)));
  return candidate;
}

std::shared_ptr<const Candidate> CandidateMaker::Find(const Id& id) {
  MutexLock lock(mutex_);
  const auto it = index_.find(id);
  return it == index_.end() ? nullptr : it->second->second;
}

Metrics CandidateMaker::Costs(const space::Genotype& genotype) {
  if (!options_.networks) return {};
  const int last = static_cast<int>(search_->rungs.size()) - 1;
  if (const auto known = Find({genotype, last}); known != nullptr) return known->cost_values;
  const auto costs = search_->space->ComputeCosts(genotype);
  return costs.ok() ? space::ToNamedCosts(*costs) : Metrics();
}

bool CandidateMaker::IsFeasible(const space::Genotype& genotype) {
  if (search_->cost_bounds.empty() || !options_.networks) {
    return search_->space->Check(genotype).ok();
  }
  // What has costs keeps the space's rules.
  const Metrics costs = Costs(genotype);
  return !costs.empty() && space::CheckCostBounds(search_->cost_bounds, costs).ok();
}

std::shared_ptr<const Candidate> CandidateMaker::Make(const space::Genotype& genotype, int rung) {
  const Id id(genotype, rung);
  if (auto known = Find(id); known != nullptr) return known;
  std::shared_ptr<const Candidate> candidate = Build(id);
  MutexLock lock(mutex_);
  if (index_.contains(id)) return candidate;
  candidates_.emplace_back(id, candidate);
  index_.emplace(id, std::prev(candidates_.end()));
  if (candidates_.size() > kMostCandidates) {
    index_.erase(candidates_.front().first);
    candidates_.pop_front();
  }
  return candidate;
}

absl::StatusOr<std::shared_ptr<const v1::Network>> CandidateMaker::Network(
    const space::Genotype& genotype, int rung) {
  if (auto kept = options_.shelf->Find(OnShelf({genotype, rung})); kept != nullptr) return kept;
  auto built = search_->rungs[rung].space->BuildArchitecture(genotype);
  if (!built.ok()) return built.status();
  return std::make_shared<const v1::Network>(network::ToProto(built->live));
}

std::string EvaluationSubject(const Candidate& candidate, const ResolvedSearch& search) {
  const bool shares = search.spec.sharing() != v1::SHARING_OFF;
  if (!shares || !candidate.status.ok() || candidate.key.empty()) return "";
  v1::Fidelity fidelity = search.rungs[candidate.rung].fidelity;
  fidelity.clear_rung();  // the same training on another ladder is the same evaluation
  Sha256 hash;
  const auto add = [&hash](const std::string& part) {
    hash.Update(absl::StrCat(part.size(), ":", part));
  };
  add(candidate.key);
  add(absl::StrCat(candidate.key_version));
  add(search.data.dataset().fingerprint());
  add(absl::StrCat(search.data.train(), "/", search.data.validation()));
  add(StableBytes(recipe::ForIdentity(candidate.recipe)));
  add(StableBytes(fidelity));
  add(search.spec.deterministic() ? "deterministic" : "");
  const auto& objectives = search.spec.objectives();
  const auto& constraints = search.spec.constraints();
  const auto on_device = [](const auto& goal) { return DependsOnDevice(goal.metric()); };
  if (std::any_of(objectives.begin(), objectives.end(), on_device) ||
      std::any_of(constraints.begin(), constraints.end(), on_device)) {
    add(StableBytes(search.spec.requirements()));
  }
  // What is measured beyond a training.
  const std::vector<std::string>& scores = search.rungs[candidate.rung].scores;
  if (!scores.empty()) add(absl::StrCat("scores ", absl::StrJoin(scores, ",")));
  return hash.Hex();
}

std::string EvaluationIdentity(const std::string& subject, const std::string& evaluator) {
  if (subject.empty()) return "";
  Sha256 hash;
  hash.Update(absl::StrCat(subject, "/", evaluator));
  return hash.Hex();
}

}  // namespace nascent::engine
