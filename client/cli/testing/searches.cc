#include "client/cli/testing/searches.h"

namespace nascent::cli {
namespace {

constexpr const char* kLabels[] = {"attention.heads", "feed_forward.expansion_of_the_hidden_layer",
                                   "activation_after_the_stem", "recipe.batch"};

void AddChoice(v1::Search& search, const std::string& label,
               const std::vector<google::protobuf::Value>& options) {
  v1::SearchDecision& decision = *search.add_decisions();
  decision.set_label(label);
  for (const auto& option : options) {
    *decision.mutable_domain()->mutable_choice()->add_values() = option;
  }
}

google::protobuf::Value Number(double number) {
  google::protobuf::Value value;
  value.set_number_value(number);
  return value;
}

google::protobuf::Value Text(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  return value;
}

}  // namespace

v1::Trial MakeTrial(int64_t number, v1::TrialState state, double accuracy, double parameters) {
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

v1::Search MakeSearch() {
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

v1::Search MakeOwnSearch() {
  v1::Search search;
  search.set_id(12345);
  search.set_state(v1::SEARCH_STATE_RUNNING);
  v1::SearchSpec& spec = *search.mutable_spec();
  spec.set_name("tiny-images-with-attention-second-try-of-thursday");
  spec.mutable_space()->set_template_(
      "space: transformer-for-tiny-images\nnetwork:\n  - linear: {features: classes}\n");
  spec.mutable_data()->set_dataset("satellite-images-of-harbours");
  (*spec.mutable_strategy()->mutable_struct_value()->mutable_fields())["regularized_evolution"]
      .mutable_struct_value();
  spec.mutable_budget()->set_trials(2500);
  v1::Objective* objective = spec.add_objectives();
  objective->set_metric("validation_accuracy");
  objective->set_goal(v1::GOAL_MAXIMIZE);
  objective = spec.add_objectives();
  objective->set_metric("multiply_accumulates");
  objective->set_goal(v1::GOAL_MINIMIZE);
  v1::Constraint& constraint = *spec.add_constraints();
  constraint.set_metric("parameters");
  constraint.set_at_most(400e3);
  AddChoice(search, kLabels[0], {Number(2), Number(4), Number(8)});
  AddChoice(search, kLabels[1], {Number(1), Number(1.5), Number(4)});
  AddChoice(search, kLabels[2], {Text("relu"), Text("hardswish"), Text("gelu")});
  v1::SearchDecision& depth = *search.add_decisions();
  depth.set_label("depth");
  depth.mutable_domain()->mutable_integer()->set_minimum(1);
  depth.mutable_domain()->mutable_integer()->set_maximum(12);
  AddChoice(search, kLabels[3], {Number(32), Number(64)});
  v1::SearchDecision& rate = *search.add_decisions();
  rate.set_label("recipe.optimizer.adamw.learning_rate");
  rate.mutable_domain()->mutable_log_uniform()->set_minimum(1e-5);
  rate.mutable_domain()->mutable_log_uniform()->set_maximum(0.1);
  return search;
}

v1::Trial MakeOwnTrial(int64_t number, const std::vector<int64_t>& options, int64_t depth,
                       double learning_rate, double accuracy, double parameters) {
  v1::Trial trial = MakeTrial(number, v1::TRIAL_STATE_SUCCEEDED, accuracy, parameters);
  trial.set_notation("{\"attention.heads\": 4}");
  trial.set_worker("gpu-server-in-the-basement-3");
  (*trial.mutable_metrics())["multiply_accumulates"] = parameters * 211;
  (*trial.mutable_metrics())["training_seconds"] = 95;
  for (size_t i = 0; i < options.size(); ++i) {
    v1::DecisionValue& value = *trial.mutable_genotype()->add_values();
    value.set_label(kLabels[i]);
    value.set_option(options[i]);
  }
  v1::DecisionValue* value = trial.mutable_genotype()->add_values();
  value->set_label("depth");
  value->set_integer(depth);
  value = trial.mutable_genotype()->add_values();
  value->set_label("recipe.optimizer.adamw.learning_rate");
  value->set_real(learning_rate);
  return trial;
}

std::vector<v1::Trial> MakeOwnTrials() {
  std::vector<v1::Trial> trials = {
      MakeOwnTrial(1, {0, 1, 2, 1}, 3, 0.0123456, 0.7012, 123456),
      MakeOwnTrial(2, {1, 1, 0, 1}, 3, 0.00031, 0.8123, 223456),
      MakeOwnTrial(117, {1, 1, 2, 1}, 11, 0.00031, 0.8411, 423456),
      MakeOwnTrial(2417, {2, 1, 2, 1}, 7, 0.00217, 0.8687, 391234),
  };
  trials[2].add_parents(1);
  trials[2].add_parents(2);
  trials[2].set_reason("crossover, then a mutation of depth");
  trials[3].add_parents(117);
  trials[3].set_reason("mutation of attention.heads");
  return trials;
}

}  // namespace nascent::cli
