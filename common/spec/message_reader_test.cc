#include "common/spec/message_reader.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "nascent/v1/search.pb.h"
#include "nascent/v1/task.pb.h"

namespace nascent::spec {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<v1::SearchSpec> Read(std::string_view text) {
  const auto document = ParseDocument(text, "s.yaml");
  if (!document.ok()) return document.status();
  v1::SearchSpec spec;
  SourceMap source("s.yaml");
  const absl::Status status = ReadMessage(**document, spec, source);
  if (!status.ok()) return status;
  return spec;
}

std::string MessageError(std::string_view text) {
  const auto spec = Read(text);
  return spec.ok() ? "" : std::string(spec.status().message());
}

TEST(MessageReader, ReadsEveryKindOfField) {
  const auto spec = Read(R"(
name: fashion-cells
space: {preset: nas-bench-201, set: {channels: 8, name: x, flag: true, list: [1, 2]}}
recipe: {epochs: 2, optimizer: {sgd: {learning_rate: 0.1, nesterov: true, weight_decay: 5e-4}}}
objectives: [{metric: parameters, goal: minimize}]
constraints: [{metric: multiply_accumulates, at_most: 20e6}]
budget: {trials: 6e1}
seed: 18446744073709551615
requirements: {labels: {zone: a, "7": b}}
)");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->space().set().at("channels").number_value(), 8);
  EXPECT_EQ(spec->space().set().at("name").string_value(), "x");
  EXPECT_TRUE(spec->space().set().at("flag").bool_value());
  EXPECT_EQ(spec->space().set().at("list").list_value().values_size(), 2);
  EXPECT_EQ(spec->recipe().optimizer().sgd().weight_decay(), 5e-4);
  EXPECT_FALSE(spec->recipe().optimizer().sgd().has_momentum());
  EXPECT_EQ(spec->objectives(0).goal(), v1::GOAL_MINIMIZE);
  EXPECT_FALSE(spec->constraints(0).has_at_least());
  EXPECT_EQ(spec->budget().trials(), 60);
  EXPECT_EQ(spec->seed(), 18446744073709551615u);
  EXPECT_EQ(spec->requirements().labels().at("7"), "b");
}

TEST(MessageReader, TakesAWordForAMessageWithAOneof) {
  const auto spec = Read("recipe: {schedule: cosine, optimizer: adamw}");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_TRUE(spec->recipe().schedule().has_cosine());
  EXPECT_TRUE(spec->recipe().optimizer().has_adamw());
  EXPECT_EQ(MessageError("recipe:\n  schedule: cosin"),
            "s.yaml:2: recipe.schedule: found \"cosin\"; did you mean \"cosine\"?; allowed are "
            "constant, cosine, step");
  // A member that is no message has no defaults.
  EXPECT_THAT(MessageError("recipe: {schedule: by_step}"), HasSubstr("allowed are constant"));
}

TEST(MessageReader, TakesAListForAMessage) {
  const auto spec = Read(R"(
decisions:
  recipe.optimizer.sgd.learning_rate: {log_uniform: [0.01, 0.5]}
  recipe.batch: {choice: [64, 128]}
fidelities: {epochs: [1, 3], constants: {channels: [0.5, 1]}}
)");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const v1::Domain& rate = spec->decisions().at("recipe.optimizer.sgd.learning_rate");
  EXPECT_EQ(rate.log_uniform().minimum(), 0.01);
  EXPECT_EQ(rate.log_uniform().maximum(), 0.5);
  EXPECT_EQ(spec->decisions().at("recipe.batch").choice().values(1).number_value(), 128);
  EXPECT_EQ(spec->fidelities().constants().at("channels").factors(1), 1);
  EXPECT_EQ(MessageError("decisions: {recipe.batch: {integer: [1, 2, 3]}}"),
            "s.yaml:1: decisions.recipe.batch.integer: found a list of 3, expected [minimum, "
            "maximum] or a map with these names");
}

TEST(MessageReader, TakesAWordForAMessageThatBeginsWithAText) {
  const auto spec = Read("space: nas-bench-201\ndata: fashion-mnist\n");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->space().preset(), "nas-bench-201");
  EXPECT_EQ(spec->data().dataset(), "fashion-mnist");
  EXPECT_THAT(MessageError("recipe: fast"),
              HasSubstr("s.yaml:1: recipe: found \"fast\", expected a map"));
}

TEST(MessageReader, ReadsAStrategyAsItStands) {
  EXPECT_EQ(Read("strategy: random")->strategy().string_value(), "random");
  const auto spec = Read("strategy: {regularized_evolution: {population: 20, sample: 5}}");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto& settings =
      spec->strategy().struct_value().fields().at("regularized_evolution").struct_value();
  EXPECT_EQ(settings.fields().at("population").number_value(), 20);
}

TEST(MessageReader, SuggestsTheFieldThatWasMeant) {
  EXPECT_EQ(MessageError("recipe:\n  optimizer:\n    sgd: {learning_rat: 0.1}"),
            "s.yaml:3: recipe.optimizer.sgd.learning_rat: no such field; did you mean "
            "\"learning_rate\"?; allowed are learning_rate, momentum, nesterov, weight_decay");
}

TEST(MessageReader, RefusesAWrongType) {
  EXPECT_EQ(MessageError("recipe: {optimizer: {sgd: {momentum: big}}}"),
            "s.yaml:1: recipe.optimizer.sgd.momentum: found \"big\", expected a number");
  EXPECT_THAT(MessageError("recipe: {optimizer: {sgd: {momentum: .inf}}}"),
              HasSubstr("expected a number"));
  EXPECT_THAT(MessageError("recipe: {optimizer: {sgd: {momentum: nan}}}"),
              HasSubstr("expected a number"));
  EXPECT_EQ(MessageError("unique: yes"), "s.yaml:1: unique: found \"yes\", expected true or false");
  EXPECT_THAT(MessageError("budget: {trials: 1.5}"), HasSubstr("expected a whole number"));
  EXPECT_THAT(MessageError("budget: {trials: 1e30}"), HasSubstr("expected a whole number"));
  EXPECT_THAT(MessageError("recipe: {epochs: 3000000000}"), HasSubstr("[-2147483648, 2147483647]"));
  EXPECT_THAT(MessageError("seed: -1"), HasSubstr("at least 0"));
  EXPECT_THAT(MessageError("name: [a]"), HasSubstr("name: found a list of 1, expected a text"));
  EXPECT_THAT(MessageError("objectives: {metric: a}"),
              HasSubstr("objectives: found a map with \"metric\", expected a list"));
  EXPECT_THAT(MessageError("decisions: [1]"), HasSubstr("expected a map"));
  EXPECT_THAT(MessageError("space: {set: 3}"), HasSubstr("space.set: found \"3\", expected a map"));
}

TEST(MessageReader, RefusesAnUnknownEnumValue) {
  EXPECT_EQ(MessageError("objectives:\n- metric: a\n- metric: b\n  goal: maximise\n"),
            "s.yaml:4: objectives[1].goal: found \"maximise\"; did you mean \"maximize\"?; allowed "
            "are maximize, minimize");
}

TEST(MessageReader, RefusesTwoMembersOfAOneof) {
  EXPECT_EQ(MessageError("recipe: {optimizer: {sgd: {}, adam: {}}}"),
            "s.yaml:1: recipe.optimizer.adam: found beside \"sgd\", only one of sgd, adam, adamw, "
            "rmsprop is allowed");
}

TEST(MessageReader, LeavesAFieldUnsetWhenNothingStandsThere) {
  const auto spec = Read("name: a\nrecipe:\nbudget: {trials: null}\nobjectives:\n");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_FALSE(spec->has_recipe());
  EXPECT_FALSE(spec->budget().has_trials());
}

TEST(MessageReader, ReadsOtherMessagesToo) {
  const auto document =
      ParseDocument("{nodes: [{path: a, operation: input, shape: [3, 32, 32]}]}", "n.yaml");
  ASSERT_TRUE(document.ok());
  v1::Network network;
  SourceMap source("n.yaml");
  ASSERT_TRUE(ReadMessage(**document, network, source).ok());
  EXPECT_EQ(network.nodes(0).shape().dimensions(2), 32);
}

TEST(SourceMap, NamesTheLineOfTheNearestFieldThatWasWritten) {
  const auto document = ParseDocument("budget:\n  trials: 0\nrecipe:\n  epochs: 1\n", "s.yaml");
  ASSERT_TRUE(document.ok());
  v1::SearchSpec spec;
  SourceMap source("s.yaml");
  ASSERT_TRUE(ReadMessage(**document, spec, source).ok());
  EXPECT_EQ(source.LineOf("budget.trials"), 2);
  EXPECT_EQ(source.LineOf("recipe.optimizer.sgd.momentum"), 3);
  EXPECT_EQ(source.LineOf("objectives"), 0);
  EXPECT_EQ(source.Locate(absl::InvalidArgumentError("budget.trials: found 0")).message(),
            "s.yaml:2: budget.trials: found 0");
  EXPECT_EQ(source.Locate(absl::InvalidArgumentError("objectives[0].metric: unknown")).message(),
            "s.yaml: objectives[0].metric: unknown");
  EXPECT_EQ(source.Locate(absl::InvalidArgumentError("too many searches: 5")).message(),
            "too many searches: 5");
  EXPECT_EQ(source.Locate(absl::UnavailableError("budget.trials: x")).message(),
            "budget.trials: x");
}

}  // namespace
}  // namespace nascent::spec
