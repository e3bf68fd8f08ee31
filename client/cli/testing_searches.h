// Searches and trials for tests of what is shown of them.

#ifndef NASCENT_CLIENT_CLI_TESTING_SEARCHES_H_
#define NASCENT_CLIENT_CLI_TESTING_SEARCHES_H_

#include <string>

#include "nascent/v1/search.pb.h"

namespace nascent::cli {

inline v1::Trial MakeTrial(int64_t number, v1::TrialState state, double accuracy,
                           double parameters) {
  v1::Trial trial;
  trial.set_id(1000 + number);
  trial.set_number(number);
  trial.set_state(state);
  trial.set_worker("worker-1");
  trial.set_attempt(1);
  trial.set_notation("|nor_conv_3x3~0|+|skip_connect~0|none~1|");
  (*trial.mutable_metrics())["parameters"] = parameters;
  if (accuracy > 0) (*trial.mutable_metrics())["validation_accuracy"] = accuracy;
  return trial;
}

inline v1::Search MakeSearch() {
  v1::Search search;
  search.set_id(3);
  search.set_state(v1::SEARCH_STATE_RUNNING);
  search.set_space_size("15625");
  v1::SearchSpec& spec = *search.mutable_spec();
  spec.set_name("cells");
  spec.mutable_space()->set_preset("nas-bench-201");
  spec.mutable_data()->set_dataset("fashion-mnist");
  spec.mutable_strategy()->set_string_value("random");
  spec.mutable_budget()->set_trials(4);
  v1::Objective& objective = *spec.add_objectives();
  objective.set_metric("validation_accuracy");
  objective.set_goal(v1::GOAL_MAXIMIZE);
  return search;
}

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TESTING_SEARCHES_H_
