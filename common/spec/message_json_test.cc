#include "common/spec/message_json.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "common/spec/search_file.h"
#include "nascent/v1/search.pb.h"

namespace nascent::spec {
namespace {

TEST(MessageJson, OfASearchIsASearchFile) {
  const auto file = ParseSearchFile(R"(
name: a
space: {preset: nas-bench-201, set: {channels: 8}}
recipe: {schedule: cosine, optimizer: {sgd: {momentum: 0}}}
decisions: {recipe.batch: {choice: [64, 128]}}
objectives: [{metric: parameters, goal: minimize}]
budget: {trials: 6e1}
sharing: off
strategy: {regularized_evolution: {population: 20}}
)",
                                    "s.yaml");
  ASSERT_TRUE(file.ok()) << file.status();
  const auto again = ParseSearchFile(ToJson(file->spec).Print(2), "s.json");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(file->spec, again->spec))
      << ToJson(file->spec).Print(2);
}

TEST(MessageJson, OfTheLargestSeedIsReadAsTheSame) {
  v1::SearchSpec spec;
  spec.set_name("a");
  spec.mutable_space()->set_preset("nas-bench-201");
  spec.mutable_recipe()->mutable_optimizer()->mutable_sgd();
  v1::Objective& objective = *spec.add_objectives();
  objective.set_metric("parameters");
  objective.set_goal(v1::GOAL_MINIMIZE);
  spec.mutable_budget()->set_trials(1);
  spec.set_seed(18446744073709551615u);
  const auto again = ParseSearchFile(ToJson(spec).Print(), "s.json");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->spec.seed(), spec.seed());
}

TEST(MessageJson, WritesStatesInCapitalsAndTimesInUtc) {
  v1::Search search;
  search.set_state(v1::SEARCH_STATE_RUNNING);
  search.mutable_created_at()->set_seconds(1);
  (*search.mutable_spec()->mutable_requirements()->mutable_labels())["zone"] = "a";
  EXPECT_EQ(ToJson(search).Print(),
            "{\"spec\": {\"requirements\": {\"labels\": {\"zone\": \"a\"}}}, \"state\": "
            "\"RUNNING\", \"created_at\": \"1970-01-01T00:00:01Z\"}");
}

}  // namespace
}  // namespace nascent::spec
