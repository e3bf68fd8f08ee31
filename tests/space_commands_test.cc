// `nascent space …` as a person types it; no service runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "tests/support/process.h"

namespace nascent::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kSmall[] = R"(space: small
network:
  - {choice: [relu, tanh, identity], label: a}
  - {choice: [identity, relu], label: b}
  - global_avg_pool
  - linear: {features: classes}
)";

class SpaceCommands : public ::testing::Test {
 protected:
  Finished Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {ProgramFolder() + "/nascent", "space"});
    return RunToEnd(arguments, input);
  }
  std::string File(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(File(name), std::ios::binary) << content;
    return File(name);
  }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static int64_t Lines(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  }

 private:
  TemporaryFolder folder_;
};

// Whole lines of it, as people read them.
TEST(Help, SaysWhatTheCommandsDo) {
  const auto help = [](std::vector<std::string> command) {
    command.insert(command.begin(), ProgramFolder() + "/nascent");
    command.emplace_back("--help");
    return RunToEnd(command).out;
  };
  EXPECT_THAT(help({}), AllOf(HasSubstr(" List searches, newest first\n"),
                              HasSubstr(" Show one search, or one trial of it\n"),
                              HasSubstr(" List the workers\n")));
  EXPECT_THAT(help({"data"}), HasSubstr(" List the registered data sets\n"));
  EXPECT_THAT(help({"space"}), HasSubstr(" List the presets\n"));
  EXPECT_THAT(help({"space", "count"}), HasSubstr(" Count different architectures too\n"));
}

TEST_F(SpaceCommands, ListShowAndDescribeAPreset) {
  const Finished list = Run({"list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  for (const char* preset : {"darts", "nas-bench-201", "unet"}) {
    EXPECT_THAT(list.out, HasSubstr(preset));
  }
  EXPECT_THAT(list.out, HasSubstr("15625"));
  const Finished show = Run({"show", "nas-bench-201"});
  EXPECT_THAT(show.out, AllOf(HasSubstr("space: nas-bench-201"), HasSubstr("nor_conv_3x3")));
  // What is shown is a template.
  EXPECT_EQ(Run({"check", Write("copy.yaml", show.out)}).exit_code, 0);
  EXPECT_THAT(Run({"describe", "nas-bench-201"}).out,
              AllOf(HasSubstr("channels"), HasSubstr("cell.node1.node0"), HasSubstr("@resnet")));
  const Finished unknown = Run({"show", "nas-bench-202"});
  EXPECT_NE(unknown.exit_code, 0);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"nas-bench-201\""));
}

TEST_F(SpaceCommands, CountGenotypesAndDistinctArchitectures) {
  EXPECT_THAT(Run({"count", "darts", "--output", "json"}).out,
              HasSubstr("\"genotypes\": \"1076746950455072400\""));
  // Six genotypes: relu and tanh, each alone or before a relu, and relu twice, which is one
  // network; nothing at all.
  const std::string file = Write("small.yaml", kSmall);
  const Finished distinct = Run({"count", file, "--distinct", "--output", "json"});
  EXPECT_EQ(distinct.exit_code, 0) << distinct.err;
  EXPECT_THAT(distinct.out, AllOf(HasSubstr("\"genotypes\": \"6\""), HasSubstr("\"allowed\": 6"),
                                  HasSubstr("\"distinct\": 5")));
  EXPECT_THAT(Run({"count", "nas-bench-201", "--set", "cells=1", "--constraint",
                   "published_parameters <= 3e4", "--output", "json"})
                  .out,
              HasSubstr("\"allowed\": "));
  const Finished endless = Run({"count", "darts", "--distinct"});
  EXPECT_NE(endless.exit_code, 0);
  EXPECT_THAT(endless.err, HasSubstr("too many"));
}

TEST_F(SpaceCommands, SampleWithinConstraintsSaysTheShareThatPasses) {
  const std::vector<std::string> within = {"sample", "nas-bench-201", "-n",
                                           "3",      "--constraint",  "parameters / 1e6 <= 0.3"};
  const Finished sample = Run(within);
  EXPECT_EQ(sample.exit_code, 0) << sample.err;
  EXPECT_EQ(Lines(sample.out), 3);
  EXPECT_EQ(Run(within).out, sample.out);
  EXPECT_THAT(Run({"sample", "nas-bench-201", "-n", "20", "--constraint", "parameters <= 3e5"}).err,
              AllOf(HasSubstr(" % of "), HasSubstr("sampled genotypes")));
  const Finished nothing =
      Run({"sample", "nas-bench-201", "--set", "cells=1", "--constraint", "parameters <= 1"});
  EXPECT_NE(nothing.exit_code, 0);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err, AllOf(HasSubstr("10000 draws"), HasSubstr("fewer than 0.03 %")));
  EXPECT_THAT(Run({"sample", "nas-bench-201", "--constraint", "parametres <= 1"}).err,
              HasSubstr("did you mean \"parameters\""));
}

TEST_F(SpaceCommands, CostAndNeighboursOfAGenotype) {
  const Finished cost =
      Run({"cost", "--space", "darts", "--genotypes", "@darts-v2", "--output", "json"});
  EXPECT_THAT(cost.out, HasSubstr("\"published_parameters\": 3349342"));
  const Finished neighbours = Run({"neighbours", "nas-bench-201", "--genotype", "@resnet"});
  EXPECT_EQ(neighbours.exit_code, 0) << neighbours.err;
  EXPECT_EQ(Lines(neighbours.out), 6 * 4);
  EXPECT_THAT(neighbours.out, Not(HasSubstr("|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+"
                                            "|skip_connect~0|nor_conv_3x3~1|skip_connect~2|")));
  const Finished wrong = Run({"neighbours", "nas-bench-201", "--genotype", "|nor_conv_9x9~0|"});
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_THAT(wrong.err, HasSubstr("nor_conv_9x9"));
}

TEST_F(SpaceCommands, CheckNamesOptionsThatCannotBeBuiltAndOutputsThatDoNotFit) {
  const std::string half = Write("half.yaml", R"(space: half
decisions: {k: {choice: [3, 5]}}
network:
  - sum: [identity, {conv2d: {channels: 3, kernel: k, padding: 1}}]
  - global_avg_pool
  - linear: {features: classes}
)");
  const Finished check = Run({"check", half});
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_THAT(check.out, AllOf(HasSubstr("not as it should be"), HasSubstr("  k = 5 cannot be "),
                               HasSubstr(" of all genotypes): "), HasSubstr("[3, 30, 30]")));
  EXPECT_THAT(Run({"check", half, "--output", "json"}).out, HasSubstr("\"option\": \"5\""));
  EXPECT_THAT(Run({"sample", half, "-n", "20"}).err, HasSubstr("most often: "));
  const std::string seven = Write("seven.yaml", R"(network:
  - global_avg_pool
  - linear: {features: 7}
)");
  const Finished classes = Run({"check", seven});
  EXPECT_EQ(classes.exit_code, 2);
  EXPECT_THAT(classes.err, HasSubstr("gives [7] where the data have 10 classes"));
  EXPECT_EQ(Run({"check", seven, "--classes", "7"}).exit_code, 0);
  const std::string real = Write("real.yaml", "network: {dropout: {p: {uniform: [0, 0.5]}}}\n");
  EXPECT_THAT(Run({"count", real, "--distinct"}).out,
              HasSubstr("ranges of real numbers count as 10 values"));
}

TEST_F(SpaceCommands, DrawAWholeNetworkAndOneCell) {
  const std::vector<std::string> draw = {"draw", "nas-bench-201", "--genotype", "@resnet"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = draw;
    all.insert(all.end(), more.begin(), more.end());
    return Run(all);
  };
  EXPECT_THAT(with({}).out, AllOf(StartsWith("digraph"), HasSubstr("conv2d")));
  const Finished svg = with({"--set", "cells=1", "--to", File("network.svg")});
  EXPECT_EQ(svg.exit_code, 0) << svg.err;
  const std::string drawn = Content(File("network.svg"));
  EXPECT_NE(drawn.find("<svg"), std::string::npos);
  EXPECT_NE(drawn.find("16 × 32 × 32"), std::string::npos);
  const Finished png = with({"--set", "cells=1", "--live", "--to", File("network.png")});
  EXPECT_EQ(png.exit_code, 0) << png.err;
  EXPECT_EQ(Content(File("network.png")).substr(0, 4), "\x89PNG");
  EXPECT_NE(with({"--to", File("network.gif")}).exit_code, 0);
  EXPECT_NE(with({"--part", "nothing"}).exit_code, 0);
}

TEST_F(SpaceCommands, CheckNamesFileLinePathFoundAndAllowed) {
  EXPECT_THAT(Run({"check", Write("small.yaml", kSmall)}).out, HasSubstr("fine"));
  const Finished wrong =
      Run({"check", Write("wrong.yaml", "space: wrong\nnetwork:\n  - conv2d: {chanels: 8}\n")});
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_EQ(wrong.out, "");
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("wrong.yaml:3: network.[0].conv2d.chanels"),
                               HasSubstr("did you mean \"channels\"")));
  EXPECT_THAT(Run({"check", File("absent.yaml")}).err, HasSubstr("absent.yaml"));
}

TEST_F(SpaceCommands, HugeAndEndlesslyNestedFilesAreRefusedSoon) {
  const auto start = std::chrono::steady_clock::now();
  const Finished huge =
      Run({"check", Write("huge.yaml", "network: #" + std::string(100 << 20, 'x'))});
  EXPECT_NE(huge.exit_code, 0);
  EXPECT_THAT(huge.err, AllOf(HasSubstr("huge.yaml"), HasSubstr("bytes")));
  const Finished nested =
      Run({"check", Write("nested.yaml", "network: " + std::string(900'000, '['))});
  EXPECT_NE(nested.exit_code, 0);
  EXPECT_THAT(nested.err, HasSubstr("nested.yaml"));
  const Finished recursive =
      Run({"check", Write("recursive.yaml", "blocks: {a: [b, b], b: [a, a]}\nnetwork: a\n")});
  EXPECT_NE(recursive.exit_code, 0);
  EXPECT_THAT(recursive.err, HasSubstr("recursive.yaml:"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace nascent::testing
