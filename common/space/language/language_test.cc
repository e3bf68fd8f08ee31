// What the words of the language mean, one by one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/network/costs.h"
#include "common/space/sampler.h"
#include "common/space/space.h"

namespace nascent::space {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const Space> Parsed(std::string_view text, const SpaceOptions& options = {}) {
  absl::StatusOr<std::shared_ptr<const Space>> space = Space::Parse(text, "t", options);
  EXPECT_TRUE(space.ok()) << space.status();
  return space.ok() ? *space : nullptr;
}

std::vector<std::string> Labels(const Space& space) {
  std::vector<std::string> labels;
  for (const Decision& decision : space.decisions().decisions()) labels.push_back(decision.label);
  return labels;
}

network::Network Built(const Space& space, std::string_view genotype) {
  const absl::StatusOr<Genotype> read = space.Read(genotype);
  EXPECT_TRUE(read.ok()) << read.status();
  if (!read.ok()) return {};
  absl::StatusOr<network::Network> network = space.Build(*read);
  EXPECT_TRUE(network.ok()) << network.status();
  return network.ok() ? *network : network::Network();
}

std::vector<std::string> Operations(const network::Network& network) {
  std::vector<std::string> names;
  for (const network::Node& node : network.nodes) names.push_back(node.operation);
  return names;
}

std::vector<std::string> Paths(const network::Network& network) {
  std::vector<std::string> paths;
  for (const network::Node& node : network.nodes) paths.push_back(node.path);
  return paths;
}

TEST(Language, NestedChoicesAreActiveOnlyWhenTheirParentChoseThem) {
  const auto space = Parsed(R"(
network:
  - choice:
      a: relu
      b: {choice: {c: relu, d: {dropout: {p: {uniform: [0.1, 0.5]}}}}}
    label: top
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("top", "top.b", "top.b.d.p"));
  EXPECT_EQ(space->decisions().Cardinality(), "infinite");
  EXPECT_TRUE(space->Read(R"({"top": "a"})").ok());
  EXPECT_TRUE(space->Read(R"({"top": "b", "top.b": "d", "top.b.d.p": 0.2})").ok());
  EXPECT_FALSE(space->Read(R"({"top": "a", "top.b": "c"})").ok());
  EXPECT_FALSE(space->Read(R"({"top": "b", "top.b": "d"})").ok());
}

TEST(Language, OneLabelIsOneDecisionThatIsActiveWhereAnyOfItsPlacesIs) {
  const auto space = Parsed(R"(
network:
  - choice:
      a: {choice: [relu, sigmoid], label: shared}
      b: [{choice: [relu, sigmoid], label: shared}, relu]
      c: relu
    label: top
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("top", "shared"));
  EXPECT_EQ(space->decisions().Cardinality(), "5");
}

TEST(Language, ADecisionThatEveryOptionUsesIsAlwaysActive) {
  const auto space = Parsed(R"(
network:
  - choice:
      a: {choice: [relu, sigmoid], label: shared}
      b: {choice: [relu, sigmoid], label: shared}
    label: top
)");
  ASSERT_NE(space, nullptr);
  EXPECT_TRUE(space->decisions().decisions()[1].active_when.empty());
}

TEST(Language, ADecisionMayComeBeforeTheOneThatItDependsOn) {
  const auto space = Parsed(R"(
network:
  - choice: {a: relu, b: {choice: [relu, tanh], label: inner}}
    label: first
  - choice: {a: relu, b: {choice: [relu, tanh], label: inner}}
    label: second
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("first", "second", "inner"));
  EXPECT_EQ(space->decisions().Cardinality(), "7");  // 1 + 3 * 2
}

TEST(Language, DepthMakesTheDecisionsOfItsCopiesConditional) {
  const auto space = Parsed(R"(
network:
  - {repeat: {choice: [relu, sigmoid]}, times: {integer: [1, 3]}, name: stage}
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("stage.times", "stage.0", "stage.1", "stage.2"));
  EXPECT_EQ(space->decisions().Cardinality(), "14");  // 2 + 4 + 8
  EXPECT_THAT(
      Paths(Built(*space, R"({"stage.times": 2, "stage.0": "relu", "stage.1": "sigmoid"})")),
      ElementsAre("input", "stage.0.relu", "stage.1.sigmoid"));
}

TEST(Language, CopiesShareDecisionsWhenAsked) {
  const auto space = Parsed(R"(
network: [{repeat: {choice: [relu, sigmoid]}, times: {integer: [1, 3]}, name: stage, share: true}]
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("stage.times", "stage"));
  EXPECT_EQ(space->decisions().Cardinality(), "6");
}

TEST(Language, DeclaredDecisionsAreFoundWhereTheyAreUsed) {
  const auto space = Parsed(R"(
decisions:
  width: {ordered: [8, 16]}
  kernel: {choice: [1, 3]}
network:
  - choice:
      conv: {conv2d: {channels: 2 * width, kernel: kernel, padding: kernel // 2}}
      none: identity
    label: top
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("top", "width", "kernel"));
  EXPECT_EQ(space->decisions().Cardinality(), "5");
  const network::Network network = Built(*space, R"({"top": "conv", "width": 16, "kernel": 3})");
  EXPECT_EQ(network.nodes.back().shape, (network::Shape{32, 32, 32}));
}

TEST(Language, TrueAndFalseMayBeWrittenAsPythonDoes) {
  const auto space = Parsed(R"(
network: {batch_norm: {affine: {choice: [True, False]}}}
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(space->decisions().decisions()[0].domain.options,
              ElementsAre(OptionValue(true), OptionValue(false)));
}

TEST(Language, SelectTakesSubsetsInOrder) {
  const auto space = Parsed(R"(
network:
  graph: {a: relu, b: sigmoid, c: tanh}
  output: {select: [{each: earlier}], count: 2, combine: concat, label: inputs}
)");
  ASSERT_NE(space, nullptr);
  const Decision& decision = space->decisions().decisions()[0];
  EXPECT_EQ(decision.label, "inputs");
  EXPECT_THAT(decision.domain.options,
              ElementsAre(OptionValue("a+b"), OptionValue("a+c"), OptionValue("b+c")));
  const network::Network network = Built(*space, R"({"inputs": "a+c"})");
  EXPECT_EQ(network.nodes.back().operation, "concatenate");
  EXPECT_THAT(network.nodes.back().inputs, ElementsAre(1, 3));
}

TEST(Language, SelectAnyHasADecisionPerBranch) {
  const auto space = Parsed(R"(
network:
  graph: {a: relu, b: sigmoid}
  output: {sum: [{from: x}, {select: [{each: earlier}], count: any, label: s}]}
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("s.a.used", "s.b.used"));
  const network::Network none = Built(*space, R"({"s.a.used": false, "s.b.used": false})");
  EXPECT_EQ(none.outputs[0].node, 0);
  const network::Network both = Built(*space, R"({"s.a.used": true, "s.b.used": true})");
  // The select's sum of two, then the outer sum.
  EXPECT_THAT(Operations(both), ElementsAre("input", "relu", "sigmoid", "add", "add"));
}

TEST(Language, UnusedNodesCanBeCombined) {
  const auto space = Parsed(R"(
network:
  graph:
    a: relu
    b: sigmoid
    c: {select: [{each: [a, b], do: tanh}], count: 1, label: pick}
  output: {concat: [{each: unused}]}
)");
  ASSERT_NE(space, nullptr);
  const network::Network network = Built(*space, R"({"pick": "a"})");
  EXPECT_THAT(Operations(network), ElementsAre("input", "relu", "sigmoid", "tanh", "concatenate"));
  EXPECT_THAT(network.nodes.back().inputs, ElementsAre(2, 3));
}

TEST(Language, HistoryGivesTheLastTwoOutputs) {
  const auto space = Parsed(R"(
network: [{repeat: {inputs: [a, b], graph: {}, output: {sum: [{from: a}, {from: b}]}}, times: 3, history: 2}]
)");
  ASSERT_NE(space, nullptr);
  const network::Network network = Built(*space, "{}");
  ASSERT_EQ(network.nodes.size(), 4u);
  EXPECT_THAT(network.nodes[1].inputs, ElementsAre(0, 0));
  EXPECT_THAT(network.nodes[2].inputs, ElementsAre(0, 1));
  EXPECT_THAT(network.nodes[3].inputs, ElementsAre(1, 2));
}

TEST(Language, ParametersMayDependOnShapesAndDecisions) {
  const auto space = Parsed(R"(
blocks:
  widen:
    parameters: {factor, out: in.channels * factor}
    body: [relu, {conv2d: {channels: out, kernel: 1}}, {conv2d: {channels: out, kernel: 1}}]
network:
  - widen: {factor: {choice: [2, 3], label: factor}}
  - widen: {factor: 2}
)");
  ASSERT_NE(space, nullptr);
  EXPECT_EQ(Built(*space, R"({"factor": 3})").nodes.back().shape, (network::Shape{18, 32, 32}));
}

TEST(Language, ConditionsOnDecisionsMakeDecisionsConditional) {
  const auto space = Parsed(R"(
decisions: {kind: {choice: [small, large]}}
network:
  - if: kind == 'large'
    then: {choice: [relu, sigmoid], label: extra}
    else: identity
)");
  ASSERT_NE(space, nullptr);
  EXPECT_EQ(space->decisions().Cardinality(), "3");
  EXPECT_THAT(Operations(Built(*space, R"({"kind": "small"})")), ElementsAre("input", "identity"));
}

TEST(Language, ConditionsOnShapesAreSettledWhenBuilding) {
  const auto space = Parsed(R"(
network:
  - repeat: {if: in.height > 8, then: {max_pool2d: {kernel: 2, stride: 2}}}
    times: 4
)");
  ASSERT_NE(space, nullptr);
  EXPECT_EQ(Built(*space, "{}").nodes.back().shape, (network::Shape{3, 8, 8}));
}

TEST(Language, BlocksCanBeParameters) {
  const auto space = Parsed(R"(
blocks: {twice: {parameters: [what], body: [{use: what}, {use: what, name: again}]}}
network: [{twice: {what: sigmoid}}]
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Paths(Built(*space, "{}")), ElementsAre("input", "twice.what", "twice.again"));
}

TEST(Language, TrainingPartsAreBuiltOnlyWhenAsked) {
  const std::string text = R"(
network:
  - relu
  - {side_output: [global_avg_pool, {linear: {features: classes}}], called: auxiliary, only: training}
  - sigmoid
)";
  const auto plain = Parsed(text);
  ASSERT_NE(plain, nullptr);
  EXPECT_EQ(Built(*plain, "{}").outputs.size(), 1u);
  const auto training = Parsed(text, {.training_parts = true});
  ASSERT_NE(training, nullptr);
  const network::Network network = Built(*training, "{}");
  ASSERT_EQ(network.outputs.size(), 2u);
  EXPECT_EQ(network.outputs[1].name, "auxiliary");
  EXPECT_TRUE(network.outputs[1].training_only);
  EXPECT_FALSE(network.outputs[0].training_only);
}

TEST(Language, SupernetPartsAreNoOptionsOfDiscreteNetworks) {
  const auto space =
      Parsed("network: [{choice: {a: relu, none: {zero: {}, only: supernet}}, label: c}]");
  ASSERT_NE(space, nullptr);
  EXPECT_EQ(space->decisions().Cardinality(), "1");
}

TEST(Language, ResolutionIsADecisionOfTheRecipeThatTheInputFollows) {
  const auto space = Parsed(R"(
decisions:
  recipe.resolution: {ordered: [16, 24]}
  recipe.optimizer.sgd.learning_rate: {log_uniform: [0.01, 0.5]}
network: [{conv2d: {channels: input.height, kernel: 1}}]
)");
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space),
              ElementsAre("recipe.resolution", "recipe.optimizer.sgd.learning_rate"));
  const network::Network network =
      Built(*space, R"({"recipe.resolution": 24, "recipe.optimizer.sgd.learning_rate": 0.1})");
  EXPECT_EQ(network.nodes.back().shape, (network::Shape{24, 24, 24}));
}

TEST(Language, RecipeDecisionsFollowTheTemplatesOwn) {
  SpaceOptions options;
  options.recipe_decisions["recipe.batch"] = {Domain::Kind::kOrdered, {}, 0, 0, false};
  options.recipe_decisions["recipe.batch"].options = {OptionValue(int64_t{64}),
                                                      OptionValue(int64_t{128})};
  const auto space = Parsed("network: [{choice: [relu, tanh], label: c}]", options);
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space), ElementsAre("c", "recipe.batch"));
}

TEST(Language, RecipeDecisionsBelowAnOptionOfAnotherAreActiveWhereItIsChosen) {
  SpaceOptions options;
  options.recipe_decisions["recipe.optimizer"].options = {OptionValue("sgd"), OptionValue("adam")};
  for (const char* name : {"sgd", "adam"}) {
    options.recipe_decisions[std::string("recipe.optimizer.") + name + ".learning_rate"] = {
        Domain::Kind::kReal, {}, 1e-3, 1, true};
  }
  const auto space = Parsed("network: [{choice: [relu, tanh], label: c}]", options);
  ASSERT_NE(space, nullptr);
  EXPECT_THAT(Labels(*space),
              ElementsAre("c", "recipe.optimizer", "recipe.optimizer.adam.learning_rate",
                          "recipe.optimizer.sgd.learning_rate"));
  EXPECT_TRUE(space
                  ->Read(R"({"c": "relu", "recipe.optimizer": "sgd",
                              "recipe.optimizer.sgd.learning_rate": 0.1})")
                  .ok());
  EXPECT_FALSE(space
                   ->Read(R"({"c": "relu", "recipe.optimizer": "sgd",
                               "recipe.optimizer.adam.learning_rate": 0.1})")
                   .ok());
  options.recipe_decisions["recipe.optimizer.rmsprop.decay"] = {
      Domain::Kind::kReal, {}, 0, 0.5, false};
  const absl::Status status =
      Space::Parse("network: [{choice: [relu, tanh], label: c}]", "t", options).status();
  EXPECT_EQ(
      status.message(),
      "decisions.recipe.optimizer.rmsprop.decay: recipe.optimizer is never rmsprop, it is one "
      "of sgd, adam");
}

TEST(Language, ForbiddenCombinationsAreRefusedWithTheirReason) {
  const auto space = Parsed(R"(
decisions: {a: {choice: [1, 2]}, b: {choice: [1, 2]}}
network: [{conv2d: {channels: a * b, kernel: 1}}, {choice: [relu, tanh], label: layer1}, {choice: [relu, tanh], label: layer2}]
forbid:
  - {when: a == 2 and b == 2, reason: too wide}
  - {when: "count('layer*', 'relu') >= 2", reason: one relu is enough}
  - {when: decision('layer1') == 'tanh' and a == 1, reason: dull}
)");
  ASSERT_NE(space, nullptr);
  const auto check = [&](const char* text) {
    return std::string(space->Check(*space->Read(text)).message());
  };
  EXPECT_EQ(check(R"({"a": 2, "b": 2, "layer1": "tanh", "layer2": "tanh"})"),
            "t:5: forbidden: too wide");
  EXPECT_EQ(check(R"({"a": 1, "b": 2, "layer1": "relu", "layer2": "relu"})"),
            "t:6: forbidden: one relu is enough");
  EXPECT_EQ(check(R"({"a": 1, "b": 2, "layer1": "tanh", "layer2": "relu"})"),
            "t:7: forbidden: dull");
  EXPECT_EQ(check(R"({"a": 2, "b": 1, "layer1": "tanh", "layer2": "relu"})"), "");
  RandomStream random(1, 1);
  for (int i = 0; i < 50; ++i) {
    const absl::StatusOr<Genotype> genotype = Sample(*space, random);
    ASSERT_TRUE(genotype.ok());
    EXPECT_TRUE(space->Check(*genotype).ok());
  }
}

TEST(Language, SquaresOfInputSizesStayExact) {
  const auto space = Parsed(
      "network: [{conv2d: {channels: \"make_divisible(in.channels * 7.5, 8)\", kernel: 1}}]");
  ASSERT_NE(space, nullptr);
  EXPECT_EQ(Built(*space, "{}").nodes.back().shape[0], 24);
}

TEST(Language, DagIsPrunedAndCropped) {
  const auto space = Parsed(R"(
network:
  label: c
  dag: {choice: [relu, {conv2d: {channels: vertex_channels, kernel: 1}}]}
  vertices: 3
  channels: 11
  most_edges: 5
  from_input: {conv2d: {channels: vertex_channels, kernel: 1}}
notation: {matrix: {label: c, vertices: 3}}
)");
  ASSERT_NE(space, nullptr);
  // 0 → 1 → {2, 4}, 2 → 4; vertex 3 hangs in the air.
  const network::Network network = Built(*space, R"({"matrix": [[0,1,0,1,0],[0,0,1,0,1],[0,0,0,0,1],
      [0,0,0,0,0],[0,0,0,0,0]], "ops": ["input", "conv2d", "conv2d", "relu", "output"]})");
  EXPECT_THAT(Paths(network), ElementsAre("input", "input_1", "vertex_1.conv2d", "crop_1_2",
                                          "vertex_2.conv2d", "outputs"));
  // 11 channels over two vertices: 6 and 5.
  EXPECT_EQ(network.nodes[2].shape[0], 6);
  EXPECT_EQ(network.nodes[4].shape[0], 5);
  EXPECT_EQ(network.nodes[5].shape[0], 11);
}

TEST(Language, DagsWithoutAPathOrWithTooManyEdgesAreRefused) {
  const auto space = Parsed(R"(
network: {label: c, dag: {choice: [relu, tanh]}, vertices: 1, most_edges: 2}
notation: {matrix: {label: c, vertices: 1}}
)");
  ASSERT_NE(space, nullptr);
  const auto check = [&](const char* matrix) {
    return std::string(space->Check(*space->Read(matrix)).message());
  };
  EXPECT_THAT(check(R"({"matrix": [[0,1,0],[0,0,0],[0,0,0]], "ops": ["input","relu","output"]})"),
              HasSubstr("no path leads from the input to the output"));
  EXPECT_THAT(check(R"({"matrix": [[0,1,1],[0,0,1],[0,0,0]], "ops": ["input","relu","output"]})"),
              HasSubstr("found 3 edges, at most 2 are allowed"));
  // A smaller matrix means vertices without edges.
  EXPECT_EQ(check(R"({"matrix": [[0,1],[0,0]], "ops": ["input","output"]})"), "");
}

}  // namespace
}  // namespace nascent::space
