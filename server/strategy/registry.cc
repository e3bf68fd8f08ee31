#include "server/strategy/registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/strategy/compose/single.h"
#include "server/strategy/compose/unique.h"
#include "server/strategy/entries.h"
#include "server/strategy/settings_resolution.h"

namespace nascent::strategy {
namespace {

using google::protobuf::Value;

// `resolved` as ResolveAt gives it.
absl::StatusOr<std::unique_ptr<Strategy>> Make(const Value& resolved, const Problem& problem,
                                               const std::string& path) {
  const auto& [name, settings] = *resolved.struct_value().fields().begin();
  NASCENT_ASSIGN_OR_RETURN(const Entry* entry, LookUp(name, path));
  absl::StatusOr<std::unique_ptr<Strategy>> made =
      entry->make(problem, Settings(settings.struct_value()));
  if (!made.ok()) {
    return absl::Status(made.status().code(),
                        absl::StrCat(path, ".", name, ": ", std::string(made.status().message())));
  }
  return made;
}

}  // namespace

std::span<const Entry> AllStrategies() {
  static const auto* const kTable = new std::vector<Entry>{
      AutoEntry(),
      RandomEntry(),
      GridEntry(),
      LocalSearchEntry(),
      SimulatedAnnealingEntry(),
      RegularizedEvolutionEntry(),
      TpeEntry(),
      GaussianProcessEntry(),
      ForestEntry(),
      BoostedTreesEntry(),
      RidgeEntry(),
      BananasEntry(),
#ifdef NASCENT_TORCH
      GraphNetworkEntry(),
      ReinforceEntry(),
      PpoEntry(),
#endif
      Nsga2Entry(),
      Nsga3Entry(),
      SuccessiveHalvingEntry(),
      HyperbandEntry(),
      BohbEntry(),
      AshaEntry(),
      MoAshaEntry(),
      MedianStoppingEntry(),
      CurveStoppingEntry(),
      PortfolioEntry(),
      ManualEntry(),
      ExternalEntry(),
  };
  return *kTable;
}

const Entry* FindStrategy(std::string_view name) {
  for (const Entry& entry : AllStrategies()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

absl::StatusOr<Value> ResolveStrategy(const Value& spec) { return ResolveAt(spec, "strategy"); }

absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(const Value& spec, const Problem& problem) {
  absl::StatusOr<Value> resolved = ResolveStrategy(spec);
  if (!resolved.ok()) return resolved.status();
  if (HasOneGenotype(*problem.space)) return MakeSingle(problem);
  const auto make = [&resolved](const Problem& p) { return Make(*resolved, p, "strategy"); };
  auto strategy = problem.unique ? MakeUnique(problem, make) : make(problem);
  if (strategy.ok() && problem.calibrate > 0 && !(*strategy)->Promotes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("fidelities.calibrate: found ", problem.calibrate,
                     ", allowed 0 with a strategy that promotes no trials"));
  }
  return strategy;
}

absl::StatusOr<std::unique_ptr<Strategy>> MakeNested(const Value& spec, const Problem& problem,
                                                     const std::string& setting) {
  NASCENT_ASSIGN_OR_RETURN(Value resolved, ResolveAt(spec, setting));
  return Make(resolved, problem, setting);
}

}  // namespace nascent::strategy
