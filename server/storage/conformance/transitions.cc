#include "server/storage/conformance/transitions.h"

namespace nascent::storage::conformance {

v1::Measurement Measured(const std::string& metric, int64_t step, double value) {
  v1::Measurement measurement;
  measurement.set_metric(metric);
  measurement.set_epoch(static_cast<int>(step / 10));
  measurement.set_step(step);
  measurement.set_value(value);
  return measurement;
}

EventRecord Event(int64_t sequence, int64_t number, v1::TrialState state) {
  EventRecord event;
  event.sequence = sequence;
  event.kind = EventRecord::Kind::kFinished;
  event.trial_number = number;
  event.state = state;
  return event;
}

RenewLease Renewal(int64_t task_id, int attempt, std::vector<v1::Measurement> measurements) {
  RenewLease renewal;
  renewal.attempt = {task_id, attempt};
  renewal.duration = kLease;
  renewal.measurements = std::move(measurements);
  return renewal;
}

FinishAttempt Finish(int64_t task_id, int attempt, const std::string& request_id,
                     std::vector<v1::Measurement> measurements) {
  FinishAttempt finish;
  finish.request_id = request_id;
  finish.attempt = {task_id, attempt};
  finish.measurements = std::move(measurements);
  return finish;
}

ReturnAttempt Return(int64_t task_id, int attempt, ReturnAttempt::How how, bool charged) {
  ReturnAttempt back;
  back.attempt = {task_id, attempt};
  back.how = how;
  back.charged = charged;
  return back;
}

GrantLease Grant(int64_t task_id, int attempt, int64_t worker_id, const std::string& request_id) {
  GrantLease grant;
  grant.request_id = request_id;
  grant.task_id = task_id;
  grant.attempt = attempt;
  grant.worker_id = worker_id;
  grant.duration = kLease;
  return grant;
}

AddTrial Proposal(int64_t search_id, int64_t number, const std::string& identity) {
  AddTrial add;
  add.trial.search_id = search_id;
  add.trial.number = number;
  add.trial.key = "key" + std::to_string(number);
  add.trial.notation = "|op" + std::to_string(number) + "~0|";
  add.trial.evaluation_identity = identity;
  return add;
}

SearchRecord SearchNamed(const std::string& name, const std::string& project) {
  SearchRecord search;
  search.spec.set_name(name);
  search.spec.set_project(project);
  search.spec.set_seed(7);
  v1::Objective* objective = search.spec.add_objectives();
  objective->set_metric("validation_accuracy");
  objective->set_goal(v1::GOAL_MAXIMIZE);
  search.space_size = "15625";
  search.warnings = {"metric \"joules\" is declared by no task"};
  v1::SearchDecision& choice = search.decisions.emplace_back();
  choice.set_label("node1");
  choice.mutable_domain()->mutable_choice()->add_values()->set_string_value("relu");
  choice.mutable_domain()->mutable_choice()->add_values()->set_number_value(3);
  v1::SearchDecision& rate = search.decisions.emplace_back();
  rate.set_label("recipe.optimizer.sgd.learning_rate");
  rate.mutable_domain()->mutable_log_uniform()->set_minimum(0.01);
  rate.mutable_domain()->mutable_log_uniform()->set_maximum(0.5);
  return search;
}

}  // namespace nascent::storage::conformance
