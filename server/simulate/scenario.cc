// How a search file and a table are brought together.

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/space.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/propose/strategy_host.h"
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
  if (options.nearest) {
    scenario->nearest_ =
        std::make_unique<const NearestRows>(*scenario->resolved_->space, scenario->table_);
  } else {
    status = scenario->table_->CheckComplete(
        *scenario->resolved_->space,
        [&](const space::Genotype& genotype) { return maker.IsFeasible(genotype); });
    if (!status.ok()) return status;
  }
  status = scenario->TakeTruth(maker);
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
      v1::RungSpec& added = *spec_.mutable_fidelities()->add_rungs();
      if (rung.score.empty()) {
        added.set_epochs(rung.epochs);
      } else {
        added.mutable_zero_cost()->set_metric(rung.score);
      }
    }
    spec_.mutable_recipe()->set_epochs(options_.rungs.back().epochs);
  } else if (spec_.fidelities().epochs_size() + spec_.fidelities().train_share_size() +
                 spec_.fidelities().resolution_size() + spec_.fidelities().constants_size() +
                 spec_.fidelities().rungs_size() >
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
  const std::string& first = spec.objectives(0).metric();
  report_metric_ = options_.report_metric;
  if (report_metric_.empty()) {
    report_metric_ = options_.rungs.empty() ? first : options_.rungs.back().column;
  }
  // What workers measure. Costs that stand in no column are computed from the network.
  std::vector<std::string> measured = {first};
  const auto add = [&](const std::string& metric) {
    if (std::find(measured.begin(), measured.end(), metric) != measured.end()) return;
    if (!table_->Has(metric) && !options_.seen.contains(metric) && engine::IsCostMetric(metric)) {
      needs_networks_ = true;
    } else {
      measured.push_back(metric);
    }
  };
  if (!table_->Has(first) && options_.rungs.empty() && !options_.seen.contains(first) &&
      engine::IsCostMetric(first)) {
    measured.clear();
    needs_networks_ = true;
  }
  for (const v1::Objective& objective : spec.objectives()) add(objective.metric());
  for (const v1::Constraint& constraint : spec.constraints()) {
    // Bounds on costs hold before a trial runs, so that the network's own costs count.
    if (engine::IsOnCosts(constraint.metric())) {
      needs_networks_ = true;
    } else {
      add(constraint.metric());
    }
  }
  needs_keys_ = spec.unique() || spec.sharing() != v1::SHARING_OFF;
  needs_networks_ = needs_networks_ || needs_keys_;
  const absl::Status status = TakeSeen(measured);
  return status.ok() ? TakeSeconds() : status;
}

absl::Status Scenario::TakeSeen(const std::vector<std::string>& metrics) {
  const auto check_named = [&](const char* option, const std::string& metric) {
    if (std::find(metrics.begin(), metrics.end(), metric) != metrics.end()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": found ", metric,
                     ", expected a metric that workers measure: ", absl::StrJoin(metrics, ", ")));
  };
  absl::Status status;
  for (const auto& [metric, column] : options_.seen) status.Update(check_named("--seen", metric));
  for (const auto& [metric, noise] : options_.noise) status.Update(check_named("--noise", metric));
  if (!status.ok()) return status;
  const std::string& first = resolved_->spec.objectives(0).metric();
  for (const std::string& metric : metrics) {
    Seen seen;
    seen.metric = metric;
    const auto noise = options_.noise.find(metric);
    if (noise != options_.noise.end()) seen.noise = noise->second;
    for (size_t rung = 0; rung < resolved_->rungs.size(); ++rung) {
      std::string column = metric;
      if (metric == first && !options_.rungs.empty()) column = options_.rungs[rung].column;
      const auto other = options_.seen.find(metric);
      if (other != options_.seen.end()) column = other->second;
      auto values = table_->Metric(column);
      if (!values.ok()) return values.status();
      seen.values.push_back(*std::move(values));
    }
    seen_.push_back(std::move(seen));
  }
  return absl::OkStatus();
}

absl::Status Scenario::TakeSeconds() {
  if (options_.time_column.empty()) {
    int64_t records = 0;
    for (int row = 0; row < table_->rows(); ++row) {
      records += static_cast<int64_t>(table_->records(row).size());
    }
    seconds_.assign(static_cast<size_t>(records), 1);
    return absl::OkStatus();
  }
  auto column = table_->Metric(options_.time_column);
  if (!column.ok()) return column.status();
  seconds_ = *std::move(column);
  double sum = 0;
  int64_t known = 0;
  for (size_t record = 0; record < seconds_.size(); ++record) {
    if (std::isnan(seconds_[record])) continue;
    if (!(seconds_[record] > 0)) {
      return table_->RecordError(static_cast<int>(record),
                                 absl::StrCat(options_.time_column, ": found ", seconds_[record],
                                              ", expected seconds above 0"));
    }
    sum += seconds_[record];
    ++known;
  }
  // A training that failed, and whose time nobody noted, takes as long as the others do on average.
  for (double& seconds : seconds_) {
    if (std::isnan(seconds)) seconds = sum / static_cast<double>(known);
  }
  return absl::OkStatus();
}

int Scenario::RowOf(const space::Genotype& genotype) const {
  return nearest_ == nullptr ? table_->Find(genotype) : nearest_->Find(genotype);
}

const std::string& Scenario::TrueColumn(const std::string& metric) const {
  return metric == resolved_->spec.objectives(0).metric() ? report_metric_ : metric;
}

absl::Status Scenario::TakeTruth(engine::CandidateMaker& maker) {
  const strategy::Problem problem =
      engine::MakeProblem(std::shared_ptr<engine::CandidateMaker>(std::shared_ptr<void>(), &maker));
  std::map<std::string, std::vector<double>> columns;
  const auto add = [&](const std::string& metric) {
    const std::string& column = TrueColumn(metric);
    if (columns.contains(metric) || (!table_->Has(column) && engine::IsCostMetric(column))) {
      return absl::OkStatus();
    }
    auto values = table_->Metric(column);
    if (!values.ok()) return values.status();
    columns[metric] = *std::move(values);
    return absl::OkStatus();
  };
  absl::Status status;
  for (const strategy::Objective& objective : problem.objectives) {
    status.Update(add(objective.metric));
  }
  for (const strategy::OutcomeConstraint& bound : problem.constraints) {
    status.Update(add(bound.metric));
  }
  if (!status.ok()) return status;
  std::vector<strategy::Outcome> outcomes;
  for (int row = 0; row < table_->rows(); ++row) {
    const space::Genotype& genotype = table_->genotype(row);
    engine::Metrics metrics = maker.Costs(genotype);
    // Of a network that was trained several times the mean counts.
    for (const auto& [metric, values] : columns) {
      double sum = 0;
      int known = 0;
      for (const int record : table_->records(row)) {
        if (std::isnan(values[static_cast<size_t>(record)])) continue;
        sum += values[static_cast<size_t>(record)];
        ++known;
      }
      metrics[metric] = sum / known;  // NaN where there is none
    }
    outcomes.push_back(maker.IsFeasible(genotype) ? strategy::Assess(problem, metrics)
                                                  : strategy::Outcome());
  }
  truth_ = Truth(problem.objectives, std::move(outcomes));
  if (truth_.any()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "constraints: no row of the table keeps all of them, so that there is nothing to find");
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
