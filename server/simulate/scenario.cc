// How a search file and a table are brought together.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/space/space.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/resolve/metrics.h"
#include "server/simulate/checked_space.h"
#include "server/simulate/simulation.h"
#include "server/strategy/registry.h"

namespace nascent::simulate {
namespace {

constexpr int64_t kQueries = 1000;

engine::Surroundings NoData() {
  engine::Surroundings surroundings;
  surroundings.require_data = false;
  return surroundings;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Scenario>> Scenario::Make(const v1::SearchSpec& spec,
                                                               const SimulationOptions& options,
                                                               std::string_view table_text,
                                                               std::string_view table_name) {
  // Not make_shared: the constructor is private.
  std::shared_ptr<Scenario> scenario(new Scenario());
  scenario->options_ = options;
  absl::Status status = scenario->TakeSpec(spec);
  if (!status.ok()) return status;
  auto table = Table::Read(table_text, table_name, *scenario->resolved_->space);
  if (!table.ok()) return table.status();
  scenario->table_ = *std::move(table);
  status = scenario->TakeColumns();
  if (!status.ok()) return status;
  scenario->RememberChecks();
  // Only rows that the search may propose are needed; without bounds on costs the space's own rules
  // say which these are.
  engine::CandidateMaker maker(scenario->resolved_, {scenario->needs_networks_, false});
  const int last = static_cast<int>(scenario->resolved_->rungs.size()) - 1;
  status = scenario->table_->CheckComplete(
      *scenario->resolved_->space,
      [&](const space::Genotype& genotype) { return maker.Make(genotype, last)->status.ok(); });
  if (!status.ok()) return status;
  return scenario;
}

absl::Status Scenario::TakeSpec(const v1::SearchSpec& spec) {
  spec_ = spec;
  spec_.clear_data();
  spec_.mutable_final()->Clear();
  spec_.mutable_final()->set_top(0);
  spec_.mutable_final()->set_test(false);
  spec_.set_sharing(options_.sharing);
  v1::Budget& budget = *spec_.mutable_budget();
  if (options_.queries > 0) budget.set_trials(options_.queries);
  if (!budget.has_trials()) budget.set_trials(kQueries);
  budget.set_parallel(static_cast<int>(options_.workers));

  if (spec_.objectives().empty()) {
    spec_.add_objectives()->set_metric("validation_accuracy");
    spec_.mutable_objectives(0)->set_goal(v1::GOAL_MAXIMIZE);
  }
  if (!options_.search_metric.empty()) {
    spec_.mutable_objectives(0)->set_metric(options_.search_metric);
  } else if (!options_.rungs.empty()) {
    spec_.mutable_objectives(0)->set_metric(options_.rungs.back().column);
  }
  if (!options_.rungs.empty()) {
    spec_.clear_fidelities();
    for (const SimulationOptions::Rung& rung : options_.rungs) {
      spec_.mutable_fidelities()->add_epochs(rung.epochs);
    }
    spec_.mutable_recipe()->set_epochs(options_.rungs.back().epochs);
  } else if (spec_.fidelities().epochs_size() + spec_.fidelities().train_share_size() +
                 spec_.fidelities().resolution_size() + spec_.fidelities().constants_size() >
             0) {
    return absl::InvalidArgumentError(
        "fidelities: found a ladder; --fidelity must name a column for each of its rungs");
  }
  auto resolved = engine::ResolveSearch(spec_, NoData());
  if (!resolved.ok()) return resolved.status();
  resolved_ = std::make_shared<const engine::ResolvedSearch>(*std::move(resolved));
  return absl::OkStatus();
}

void Scenario::RememberChecks() {
  auto resolved = std::make_shared<engine::ResolvedSearch>(*resolved_);
  const auto whole = std::make_shared<const CheckedSpace>(resolved->space, table_);
  for (engine::RungPlan& rung : resolved->rungs) {
    if (rung.space == resolved->space) rung.space = whole;
  }
  resolved->space = whole;
  resolved_ = std::move(resolved);
}

absl::Status Scenario::TakeColumns() {
  const v1::SearchSpec& spec = resolved_->spec;
  const auto column = [this](const std::string& name, std::vector<double>& values) {
    auto found = table_->Metric(name);
    if (!found.ok()) return found.status();
    values = *std::move(found);
    return absl::OkStatus();
  };
  absl::Status status;
  const std::string& first = spec.objectives(0).metric();
  for (size_t i = 0; status.ok() && i < resolved_->rungs.size(); ++i) {
    objective_.emplace_back();
    status = column(options_.rungs.empty() ? first : options_.rungs[i].column, objective_.back());
  }
  const auto other = [&](const std::string& metric) {
    for (const auto& [name, values] : others_) {
      if (name == metric) return;
    }
    if (!status.ok() || metric == first) return;
    const auto& columns = table_->metrics();
    if (std::find(columns.begin(), columns.end(), metric) == columns.end() &&
        engine::IsCostMetric(metric)) {
      needs_networks_ = true;
      return;
    }
    others_.emplace_back(metric, std::vector<double>());
    status = column(metric, others_.back().second);
  };
  for (const v1::Objective& objective : spec.objectives()) other(objective.metric());
  for (const v1::Constraint& constraint : spec.constraints()) {
    // Bounds on costs hold before a trial runs, so that the network's own costs count.
    if (engine::IsOnCosts(constraint.metric())) {
      needs_networks_ = true;
    } else {
      other(constraint.metric());
    }
  }
  if (!status.ok()) return status;
  needs_keys_ = spec.unique() || spec.sharing() != v1::SHARING_OFF;
  needs_networks_ = needs_networks_ || needs_keys_;

  maximize_ = spec.objectives(0).goal() != v1::GOAL_MINIMIZE;
  report_metric_ = options_.report_metric;
  if (report_metric_.empty()) {
    report_metric_ = options_.rungs.empty() ? first : options_.rungs.back().column;
  }
  status = column(report_metric_, reported_);
  if (!status.ok()) return status;
  best_ = maximize_ ? *std::max_element(reported_.begin(), reported_.end())
                    : *std::min_element(reported_.begin(), reported_.end());
  if (options_.time_column.empty()) {
    seconds_.assign(reported_.size(), 1);
    return absl::OkStatus();
  }
  status = column(options_.time_column, seconds_);
  if (!status.ok()) return status;
  for (size_t row = 0; row < seconds_.size(); ++row) {
    if (seconds_[row] > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(options_.time_column, ": found ", seconds_[row],
                                                   " in row ", row + 1,
                                                   ", expected seconds above 0"));
  }
  return absl::OkStatus();
}

absl::StatusOr<engine::ResolvedSearch> Scenario::Resolve(const google::protobuf::Value& strategy,
                                                         uint64_t seed) const {
  engine::ResolvedSearch search = *resolved_;
  if (strategy.kind_case() != google::protobuf::Value::KIND_NOT_SET) {
    auto resolved = strategy::ResolveStrategy(strategy);
    if (!resolved.ok()) return resolved.status();
    *search.spec.mutable_strategy() = *std::move(resolved);
  }
  search.spec.set_seed(seed);
  return search;
}

}  // namespace nascent::simulate
