// Whatever a template says, reading it ends soon with a message that helps.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "common/space/space.h"

namespace nascent::space {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string Message(std::string_view text, const SpaceOptions& options = {}) {
  const absl::Status status = Space::Parse(text, "t", options).status();
  EXPECT_TRUE(status.code() == absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

std::string Network(const std::string& block) { return "network:\n  - " + block + "\n"; }

TEST(BadTemplate, WhatIsNoTemplateIsRefused) {
  EXPECT_THAT(Message(""), StartsWith("t:1: "));
  EXPECT_THAT(Message("just words"), HasSubstr("a template is a map of sections"));
  EXPECT_THAT(Message("space: a\n"), HasSubstr("the section network is missing"));
  EXPECT_THAT(Message("netwrok: relu\n"), HasSubstr("did you mean \"network\""));
  EXPECT_THAT(Message("network: [\n"), StartsWith("t:2: not YAML"));
  EXPECT_THAT(Message("network: relu\nnetwork: relu\n"),
              HasSubstr("\"network\" stands here twice"));
  EXPECT_THAT(Message(std::string("network: relu\0", 14)), HasSubstr("zero byte"));
}

TEST(BadTemplate, UnknownNamesAreSaidWithTheirPlaceAndTheNearestKnownOnes) {
  EXPECT_EQ(Message(Network("conv2: {channels: 8, kernel: 3}")),
            "t:2: network.[0].conv2: no operation, block or kind is called \"conv2\"; did you mean "
            "\"conv2d\"?");
  EXPECT_THAT(Message(Network("conv2d: {chanels: 8, kernel: 3}")),
              AllOf(StartsWith("t:2: network.[0].conv2d.chanels: no such setting"),
                    HasSubstr("did you mean \"channels\"?")));
  EXPECT_THAT(
      Message("constants: {width: 8}\n" + Network("conv2d: {channels: 2 * widt, kernel: 3}")),
      AllOf(StartsWith("t:3: network.[0].conv2d.channels: \"widt\" names nothing here"),
            HasSubstr("did you mean \"width\"?")));
  EXPECT_THAT(Message(Network("conv2d: {channels: widht, kernel: 3}")),
              HasSubstr("channels: found widht, allowed is a whole number"));
  EXPECT_THAT(
      Message(Network("{repeat: relu, tims: 3}")),
      AllOf(HasSubstr("found \"tims\" beside \"repeat\""), HasSubstr("did you mean \"times\"")));
  EXPECT_THAT(Message("blocks: {b: {parameters: [a], body: relu}}\n" + Network("b: {c: 1}")),
              HasSubstr("no parameter is called \"c\""));
  EXPECT_THAT(Message("blocks: {b: {parameters: [a], body: relu}}\n" + Network("b")),
              HasSubstr("network.[0].b.a: this parameter must be given"));
  EXPECT_THAT(Message("blocks: {relu: sigmoid}\n" + Network("relu")),
              HasSubstr("blocks.relu: an operation has this name"));
}

TEST(BadTemplate, CyclesAndUnconnectedNodesAreRefused) {
  EXPECT_THAT(
      Message("network: {graph: {a: {from: b, sequence: relu}, b: {from: a, sequence: relu}}, "
              "output: b}"),
      AllOf(HasSubstr("network.graph.a.from"), HasSubstr("no value is called \"b\" up to here")));
  EXPECT_THAT(Message("network: {graph: {a: {from: a, sequence: relu}}, output: a}"),
              HasSubstr("no value is called \"a\" up to here"));
  EXPECT_THAT(Message("network: {graph: {a: relu, b: relu}, output: b}"),
              HasSubstr("nothing reads the node \"a\""));
  EXPECT_THAT(Message("network: {graph: {a: relu}}"), HasSubstr("output is missing"));
  EXPECT_THAT(Message("network: {graph: {a: relu}, inputs: [x, y], output: a}"),
              HasSubstr("found 1 inputs, names 2"));
  EXPECT_THAT(Message(Network("{from: a, sequence: relu}")), HasSubstr("no named values here"));
}

TEST(BadTemplate, ShapesThatDoNotFitAreNamedWithWhereTheyComeFrom) {
  const std::string message = Message(R"(
network:
  - sum:
      - {conv2d: {channels: 8, kernel: 1}, name: wide}
      - {conv2d: {channels: 4, kernel: 1}, name: narrow}
)");
  EXPECT_THAT(message, AllOf(StartsWith("t:"), HasSubstr("sum.wide"), HasSubstr("[8, 32, 32]"),
                             HasSubstr("sum.narrow"), HasSubstr("[4, 32, 32]")));
  EXPECT_THAT(Message(Network("conv2d: {channels: 8, kernel: 3, groups: 2}")),
              AllOf(StartsWith("t:2: "), HasSubstr("groups")));
  EXPECT_THAT(Message(Network("conv2d: {channels: 8, kernel: 64}")), StartsWith("t:2: conv2d: "));
  EXPECT_THAT(Message("network: [global_avg_pool, {conv2d: {channels: 8, kernel: 1}}]"),
              HasSubstr("conv2d"));
  EXPECT_THAT(Message("network: {list: [relu, relu]}"),
              HasSubstr("gives 2 outputs, one is needed"));
  EXPECT_THAT(Message("network: [{list: [relu, sigmoid]}, relu]"), HasSubstr("found 2 inputs"));
}

TEST(BadTemplate, DecisionsWithoutValuesAreRefused) {
  EXPECT_THAT(Message(Network("choice: {}")), HasSubstr("no options"));
  EXPECT_THAT(Message(Network("choice: []")), HasSubstr("no options"));
  EXPECT_THAT(Message(Network("dropout: {p: {uniform: [0.5, 0.1]}}")),
              HasSubstr("range upside down: 0.5 is above 0.1"));
  EXPECT_THAT(Message(Network("dropout: {p: {log_uniform: [0, 0.1]}}")),
              HasSubstr("a log scale starts above 0"));
  EXPECT_THAT(Message(Network("dropout: {p: {uniform: [nan, 0.1]}}")),
              HasSubstr("[minimum, maximum] is needed"));
  EXPECT_THAT(Message(Network("dropout: {p: .nan}")), StartsWith("t:2: network.[0].dropout.p: "));
  EXPECT_THAT(Message(Network("dropout: {p: {uniform: [0, 1e400]}}")),
              HasSubstr("number that fits"));
  EXPECT_THAT(Message(Network("dropout: {p: {uniform: [1]}}")),
              HasSubstr("[minimum, maximum] is needed"));
  EXPECT_THAT(Message(Network("dropout: {p: {choice: []}}")), HasSubstr("no options"));
  EXPECT_THAT(Message(Network("dropout: {p: {between: [0, 1]}}")), HasSubstr("found \"between\""));
  EXPECT_THAT(Message("decisions: {a: {choice: [1, 2]}}\n" + Network("relu")),
              HasSubstr("decisions.a: nothing uses this decision"));
  EXPECT_THAT(Message(R"(
network:
  - {choice: [relu, tanh], label: same}
  - {choice: [relu, sigmoid], label: same}
)"),
              AllOf(StartsWith("t:4: network.[1].choice: "),
                    HasSubstr("used twice with different options")));
}

TEST(BadTemplate, NumbersOutOfRangeAreRefused) {
  EXPECT_THAT(Message(Network("conv2d: {channels: -8, kernel: 3}")), HasSubstr("-8"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 0, kernel: 3}")), HasSubstr("channels"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 99999999999, kernel: 3, padding: 1}")),
              StartsWith("t:2: "));
  EXPECT_THAT(Message(Network("conv2d: {channels: 9223372036854775807 + 1, kernel: 3}")),
              HasSubstr("overflow"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 2 ** 70, kernel: 3}")), HasSubstr("overflow"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 99999999999999999999, kernel: 3}")),
              HasSubstr("channels"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 8 // (in.count - 1), kernel: 3}")),
              HasSubstr("division by zero"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 8 // (in.channels - 3), kernel: 3}")),
              AllOf(StartsWith("t:2: "), HasSubstr("division by zero")));
  EXPECT_THAT(Message(Network("conv2d: {channels: 2.5, kernel: 3}")), HasSubstr("found 2.5"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 8, kernel: 1000001, padding: 500000}")),
              AllOf(StartsWith("t:2: "), HasSubstr("weight has more than 2^40 elements")));
  EXPECT_THAT(Message(Network("conv2d: {channels: \"[1, 2][7]\", kernel: 3}")),
              HasSubstr("the list has 2 items"));
  EXPECT_THAT(Message(Network("{repeat: relu, times: -1}")), HasSubstr("found -1"));
  EXPECT_THAT(Message(Network("conv2d: {channels: 8 +, kernel: 3}")),
              HasSubstr("expected a value"));
}

TEST(BadTemplate, WhatIsWrittenIsNeverIgnored) {
  const auto beside = [](const std::string& text) { return Message(text + Network("relu")); };
  EXPECT_THAT(beside("space: [a]\n"), HasSubstr("space: found a list of 1, a text is needed"));
  EXPECT_THAT(beside("constants: {classes: 3}\n"), HasSubstr("it has a meaning"));
  EXPECT_THAT(beside("constants: {a b: 3}\n"), HasSubstr("allowed are letters, digits and _"));
  EXPECT_THAT(beside("constants: {a: {minimum: 3}}\n"), HasSubstr("value is missing"));
  EXPECT_THAT(beside("constants: {a: {value: 3, minimum: low}}\n"),
              HasSubstr("minimum: found low, a number is needed"));
  EXPECT_THAT(beside("constants: {a: {value: 3, description: [x]}}\n"),
              HasSubstr("a text is needed"));
  EXPECT_THAT(beside("blocks: {b: {parameters: [i], graph: {a: relu}, output: a}}\n"),
              HasSubstr("parameters stand beside body"));
  EXPECT_THAT(beside("blocks: {b: {parameters: [i, i], body: relu}}\n"),
              HasSubstr("parameter \"i\" twice"));
  EXPECT_THAT(beside("blocks: {b: {parameters: [{i: 3}], body: relu}}\n"),
              HasSubstr("found a map with \"i\" as a parameter"));
  EXPECT_THAT(beside("known: {k: {genotype: {}, source: [x]}}\n"), HasSubstr("a text is needed"));
  EXPECT_THAT(beside("known: {k: {genotype: '{}', set: {widht: 3}}}\n"),
              HasSubstr("no constant is called \"widht\""));
  EXPECT_THAT(beside("known: {k: {genotype: '{}', set: 3}}\n"),
              HasSubstr("constants by name are needed"));
  EXPECT_THAT(
      Message("decisions: {p: {uniform: [0, 0.5], label: q}}\n" + Network("dropout: {p: p}")),
      HasSubstr("a declared decision is called by its name"));
  EXPECT_THAT(Message(Network("if: classes == 3")), HasSubstr("then and else are missing"));
  EXPECT_THAT(Message(Network("{repeat: relu, times: 2, index: [i]}")),
              HasSubstr("found a list of 1 as index"));
  EXPECT_THAT(Message("network: {graph: {'n{i}': {for: {i: [0, 1]}, do: relu, grup: all}}, "
                      "output: {sum: [{each: earlier}]}}"),
              HasSubstr("nodes by number are"));
  EXPECT_THAT(Message("network: {graph: {a: relu}, inputs: [x, x], output: a}"),
              HasSubstr("found 1 inputs, names 2"));
  EXPECT_THAT(Message("network: [{list: [relu, tanh]}, "
                      "{graph: {a: {from: x, relu: null}}, inputs: [x, x], output: a}]"),
              HasSubstr("\"x\" stands here twice"));
  EXPECT_THAT(Message("network: [{list: [relu, tanh]}, "
                      "{graph: {a: {from: x, sum: [relu]}}, inputs: ['x*', 'y*'], output: a}]"),
              HasSubstr("one name may end in *"));
}

TEST(BadTemplate, RulesNameOptionsThatExist) {
  const auto rule = [](const std::string& when) {
    return Message(
        "decisions: {k: {integer: [1, 5]}}\nnetwork:\n"
        "  - {label: m1, choice: {both: relu, none: tanh}}\n"
        "  - {repeat: relu, times: k}\n"
        "forbid: [{when: \"" +
        when + "\", reason: r}]\n");
  };
  EXPECT_THAT(rule("count('m*', 'bth') > 0"),
              AllOf(StartsWith("t:5: forbid.[0]: no decision that is counted can be bth"),
                    HasSubstr("\"m1\" is one of both, none")));
  EXPECT_THAT(rule("decision('m1') == 'bth' and k > 2"),
              HasSubstr("the decision is never bth; \"m1\" is one of both, none"));
  EXPECT_THAT(rule("not (k != 7)"), HasSubstr("the decision is never 7; \"k\" is 1 to 5"));
  EXPECT_THAT(rule("k != 1.5"), HasSubstr("the decision is never 1.5"));
  EXPECT_THAT(rule("k"), AllOf(StartsWith("t:5: forbid: found "), HasSubstr("true or false")));
  EXPECT_THAT(rule("k + 1"), HasSubstr("a rule is true or false"));
}

TEST(BadTemplate, RulesThatForbidNearlyAllSayWhichAndHowMuch) {
  EXPECT_THAT(Message(R"(
decisions: {k: {integer: [1, 2000000]}}
network: {dropout: {p: "0.5 if k == 77 else 0.1"}}
forbid: [{when: k != 77, reason: rare}]
)"),
              AllOf(StartsWith("t:4: forbidden: rare"), HasSubstr("none of 10000 genotypes")));
}

TEST(BadTemplate, ErrorsStayShortInDeepBlocksAndListWhatIsKnown) {
  const std::string endless = Message("blocks: {a: {choice: {x: relu, y: a}}}\nnetwork: [a]");
  EXPECT_LT(endless.size(), 400u) << endless;
  EXPECT_THAT(endless, AllOf(HasSubstr("network.[0].a.choice. … ."),
                             HasSubstr("does a block contain itself?")));
  EXPECT_THAT(Message("blocks: {mine: relu}\n" + Network("qqqqqqqqq")),
              AllOf(HasSubstr("known are mine, "), HasSubstr("conv2d"), HasSubstr("repeat")));
}

TEST(BadTemplate, InputsWithoutRoomAreRefused) {
  EXPECT_THAT(Message(Network("relu"), {.input = {0, 4}}), HasSubstr("input"));
  EXPECT_THAT(Message(Network("relu"), {.input = {int64_t{1} << 40}}), HasSubstr("input"));
  EXPECT_THAT(Message(Network("relu"), {.input = {}}), HasSubstr("input"));
}

TEST(BadTemplate, RulesAndNotationsAreChecked) {
  EXPECT_THAT(Message("network: relu\nforbid: [{when: \"decision('x') == 1\", reason: r}]"),
              AllOf(StartsWith("t:2: forbid.[0]"), HasSubstr("no decision has the label \"x\"")));
  EXPECT_THAT(Message("network: relu\nforbid: [{when: 1 +, reason: r}]"),
              HasSubstr("expected a value"));
  EXPECT_THAT(Message("network: relu\nforbid: [{when: true, reason: never}]"),
              HasSubstr("forbidden: never"));
  EXPECT_THAT(Message("network: relu\nnotation: {pattern: \"{x}\"}"),
              AllOf(StartsWith("t:2: notation"), HasSubstr("\"x\"")));
  EXPECT_THAT(Message("network: relu\nnotation: {runes: 3}"), HasSubstr("allowed is one of"));
}

// What would take for ever is refused in bounded time and memory.
class Endless : public testing::TestWithParam<std::string> {};

TEST_P(Endless, IsRefusedSoon) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = Space::Parse(GetParam(), "t", {}).status();
  EXPECT_FALSE(status.ok());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_LT(status.message().size(), 4000u);
}

std::string Deep(const std::string& open, const std::string& close, int times) {
  std::string text = "network: ";
  for (int i = 0; i < times; ++i) text += open;
  text += "relu";
  for (int i = 0; i < times; ++i) text += close;
  return text;
}

std::string Laughs() {
  std::string text = "known: {a: &a0 {genotype: x}}\nnetwork:\n";
  for (int i = 1; i < 20; ++i) {
    text += "  - &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + ", *a" +
            std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + "]\n";
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Templates, Endless,
    testing::Values(
        "blocks: {a: [relu, a]}\nnetwork: a",          // contains itself
        "blocks: {a: [b, b], b: [a, a]}\nnetwork: a",  // twice, so twice as many each time
        "blocks: {a: {repeat: {repeat: {repeat: relu, times: 10000}, times: 10000}, times: "
        "10000}}\n"
        "network: a",
        "network: {repeat: {repeat: null, times: 10000}, times: 10000}", Deep("[", "]", 50000),
        Deep("{sum: [", "]}", 500), Laughs(),
        "constants: {a: " + std::string(5000, '(') + "1" + std::string(5000, ')') +
            "}\nnetwork: relu",
        "constants: {a: " + std::string(3000, '-') + "1}\nnetwork: relu",
        "constants: {a: \"" + std::string(500, '[') + "\"}\nnetwork: relu",
        "network: {graph: {\"n{i}\": {for: {i: [0, 1000000000]}, do: relu}}, output: n0}",
        "network: {graph: {\"n{i}\": {for: {i: [0, 40]}, do: relu}}, "
        "output: {select: [{each: earlier}], count: 20}}",
        "network: {dag: relu, vertices: 1000}",
        "network: [{conv2d: {channels: 2147483647, kernel: 2147483647}}]"));

TEST(BadTemplate, AFileOfAHundredMegabytesIsRefusedUnread) {
  EXPECT_THAT(Message("network: #" + std::string(100 << 20, 'x')),
              HasSubstr("bytes, at most 1048576 are allowed"));
}

}  // namespace
}  // namespace nascent::space
