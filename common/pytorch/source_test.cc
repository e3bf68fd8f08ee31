#include "common/pytorch/source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/network/builder.h"
#include "common/network/operations.h"
#include "common/pytorch/block_tree.h"
#include "common/pytorch/operation_source.h"
#include "common/pytorch/python_text.h"
#include "common/space/sampler.h"
#include "common/space/testing/small_presets.h"
#include "tests/support/repetitions.h"

namespace nascent::pytorch {
namespace {

using space::testing::PresetNames;
using space::testing::SmallSpace;

std::vector<std::string> LinesOf(const std::string& text) { return absl::StrSplit(text, '\n'); }

std::vector<std::string> ClassesOf(const std::string& text) {
  std::vector<std::string> classes;
  for (const std::string& line : LinesOf(text)) {
    if (line.starts_with("class ")) classes.push_back(line.substr(6, line.find('(') - 6));
  }
  return classes;
}

TEST(PyTorchSourceTest, EveryOperationHasAForm) {
  for (const network::Operation& operation : network::AllOperations()) {
    if (operation.name == "input") continue;
    EXPECT_TRUE(HasSource(operation.name)) << operation.name;
  }
  EXPECT_FALSE(HasSource("no_such_operation"));
}

TEST(PyTorchSourceTest, NamesOfTensorsAreCompleteAndUniqueInEveryPreset) {
  for (const std::string& preset : PresetNames()) {
    const auto space = SmallSpace(preset);
    ASSERT_NE(space, nullptr);
    for (uint64_t i = 0; i < ::nascent::testing::Repetitions(30u); ++i) {
      RandomStream random(77, i);
      const auto genotype = space::Sample(*space, random);
      ASSERT_TRUE(genotype.ok()) << genotype.status();
      SCOPED_TRACE(space->Print(*genotype));
      const auto architecture = space->BuildArchitecture(*genotype);
      ASSERT_TRUE(architecture.ok()) << architecture.status();
      const auto source = ToPyTorch(architecture->live);
      ASSERT_TRUE(source.ok()) << source.status();
      std::set<std::string> names;
      for (const auto& [path, name] : source->tensor_names) {
        EXPECT_TRUE(names.insert(name).second) << name;
      }
      for (const network::Node& node : architecture->live.nodes) {
        if (node.operation != "conv2d") continue;
        EXPECT_TRUE(source->tensor_names.contains(node.path + ".weight")) << node.path;
      }
      EXPECT_EQ(ClassesOf(source->text).back(), "Network");
    }
  }
}

TEST(PyTorchSourceTest, BlocksThatDifferInNumbersOnlyShareAClass) {
  const auto space = SmallSpace("nas-bench-201");
  ASSERT_NE(space, nullptr);
  const auto genotype = space->Read("@resnet");
  ASSERT_TRUE(genotype.ok()) << genotype.status();
  const auto architecture = space->BuildArchitecture(*genotype);
  ASSERT_TRUE(architecture.ok());
  const auto source = ToPyTorch(architecture->live, {.class_name = "Cell201"});
  ASSERT_TRUE(source.ok()) << source.status();
  const std::vector<std::string> classes = ClassesOf(source->text);
  EXPECT_EQ(classes.back(), "Cell201");
  EXPECT_EQ(std::set<std::string>(classes.begin(), classes.end()).size(), classes.size());
  // Three stages, two reductions and a head with one class each for cells, reductions, edges.
  EXPECT_LT(classes.size(), 12u) << source->text;
  EXPECT_LT(LinesOf(source->text).size(), 200u) << source->text;
  for (const std::string& line : LinesOf(source->text)) EXPECT_LE(line.size(), 88u) << line;
}

TEST(PyTorchSourceTest, PartsThatReadEachOtherAreNoBlocks) {
  // a.first → b.only → a.second: neither a nor its parts can be called once.
  network::Network network;
  network.nodes.push_back({"input", "input", {{"shape", std::vector<int64_t>{4}}}, {}, {4}});
  network.nodes.push_back({"a.first", "linear", {{"features", int64_t{4}}}, {0}, {4}});
  network.nodes.push_back({"b.one", "relu", {}, {1}, {4}});
  network.nodes.push_back({"b.two", "tanh", {}, {2}, {4}});
  network.nodes.push_back({"a.second", "linear", {{"features", int64_t{4}}}, {3}, {4}});
  network.outputs.push_back({"logits", 4});
  const Block root = MakeBlocks(network);
  ASSERT_EQ(root.items.size(), 3u);
  EXPECT_EQ(root.items[0].name, "a_first");
  EXPECT_EQ(root.items[1].name, "b");
  EXPECT_EQ(root.items[2].name, "a_second");
  const auto source = ToPyTorch(network);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->tensor_names.at("a.second.weight"), "a_second.weight");
}

TEST(PyTorchSourceTest, OutputsForTrainingComeOnlyThen) {
  network::Network network;
  network.nodes.push_back({"input", "input", {{"shape", std::vector<int64_t>{4}}}, {}, {4}});
  network.nodes.push_back({"main", "linear", {{"features", int64_t{2}}}, {0}, {2}});
  network.nodes.push_back({"helper", "linear", {{"features", int64_t{2}}}, {0}, {2}});
  network.outputs.push_back({"logits", 1});
  network.outputs.push_back({"auxiliary", 2, true});
  const auto source = ToPyTorch(network);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE(absl::StrContains(source->text,
                                "        main = self.main(x)\n"
                                "        if not self.training:\n"
                                "            return main\n"
                                "        x = self.helper(x)\n"
                                "        return main, x\n"))
      << source->text;
}

TEST(PyTorchSourceTest, UnknownOperationsAndNetworksWithoutInputAreRefused) {
  network::Network network;
  network.nodes.push_back({"input", "input", {{"shape", std::vector<int64_t>{4}}}, {}, {4}});
  network.nodes.push_back({"odd", "no_such_operation", {}, {0}, {4}});
  network.outputs.push_back({"logits", 1});
  EXPECT_EQ(ToPyTorch(network).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ToPyTorch(network::Network()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PyTorchSourceTest, NamesArePythonsAndNoModulesOwn) {
  EXPECT_EQ(Identifier("conv"), "conv");
  EXPECT_EQ(Identifier("0"), "_0");
  EXPECT_EQ(Identifier("if"), "if_");
  EXPECT_EQ(Identifier("train"), "train_");
  EXPECT_EQ(Identifier("größe.1"), "gr____e_1");
}

TEST(PyTorchSourceTest, TextOfUsersCannotLeaveTheDocstring) {
  const std::string text = Docstring(0, "name \"\"\"\nimport os\\");
  EXPECT_EQ(text.find("\"\"\"", 3), text.size() - 4) << text;
  EXPECT_TRUE(absl::StrContains(text, "\\\\")) << text;
}

}  // namespace
}  // namespace nascent::pytorch
