#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "common/network/costs.h"
#include "common/space/enumeration.h"
#include "common/space/presets.h"
#include "common/space/space.h"

namespace nascent::space {
namespace {

std::shared_ptr<const Space> NasBench201(const SpaceOptions& options = {}) {
  const Preset* preset = FindPreset("nas-bench-201");
  absl::StatusOr<std::shared_ptr<const Space>> space =
      Space::Parse(preset->text, "nas-bench-201", options);
  if (!space.ok()) ADD_FAILURE() << space.status();
  return space.ok() ? *space : nullptr;
}

TEST(NasBench201, HasSixDecisionsAndAllItsGenotypes) {
  const std::shared_ptr<const Space> space = NasBench201();
  ASSERT_NE(space, nullptr);
  std::vector<std::string> labels;
  for (const Decision& decision : space->decisions().decisions()) labels.push_back(decision.label);
  EXPECT_EQ(labels,
            (std::vector<std::string>{"cell.node1.node0", "cell.node2.node0", "cell.node2.node1",
                                      "cell.node3.node0", "cell.node3.node1", "cell.node3.node2"}));
  EXPECT_EQ(space->decisions().Cardinality(), "15625");
}

TEST(NasBench201, NotationReadsWhatItPrintsForEveryGenotype) {
  const std::shared_ptr<const Space> space = NasBench201({.set = {{"cells", int64_t{1}}}});
  ASSERT_NE(space, nullptr);
  std::set<std::string> seen;
  for (std::optional<Genotype> g = space->decisions().First(); g; g = space->decisions().Next(*g)) {
    const std::string text = space->Print(*g);
    seen.insert(text);
    const absl::StatusOr<Genotype> back = space->Read(text);
    ASSERT_TRUE(back.ok()) << back.status();
    ASSERT_EQ(*back, *g);
  }
  EXPECT_EQ(seen.size(), 15625u);
}

TEST(NasBench201, JsonReadsWhatItPrints) {
  const std::shared_ptr<const Space> space = NasBench201();
  ASSERT_NE(space, nullptr);
  const absl::StatusOr<Genotype> genotype = space->Read("@resnet");
  ASSERT_TRUE(genotype.ok()) << genotype.status();
  EXPECT_EQ(space->Print(*genotype), space->known()[0].notation);
  EXPECT_EQ(space->PrintJson(*genotype),
            R"({"cell.node1.node0": "nor_conv_3x3", "cell.node2.node0": "nor_conv_3x3", )"
            R"("cell.node2.node1": "avg_pool_3x3", "cell.node3.node0": "skip_connect", )"
            R"("cell.node3.node1": "nor_conv_3x3", "cell.node3.node2": "skip_connect"})");
  EXPECT_EQ(*space->Read(space->PrintJson(*genotype)), *genotype);
}

TEST(NasBench201, CellsOfOneStageHavePathsOfTheirOwn) {
  const std::shared_ptr<const Space> space = NasBench201();
  ASSERT_NE(space, nullptr);
  const absl::StatusOr<network::Network> network = space->Build(*space->Read("@nats-size-cell"));
  ASSERT_TRUE(network.ok()) << network.status();
  std::set<std::string> paths;
  for (const network::Node& node : network->nodes) paths.insert(node.path);
  EXPECT_EQ(paths.size(), network->nodes.size());
  EXPECT_TRUE(paths.contains("stage2.3.node3.node1.nor_conv_3x3.conv2d"));
  EXPECT_EQ(network->nodes[network->outputs[0].node].shape, (network::Shape{10}));
}

// The closed form of the benchmark's counts, on the input that the README's example uses.
TEST(NasBench201, CostsFollowTheClosedFormForSmallConstants) {
  const std::shared_ptr<const Space> space =
      NasBench201({.set = {{"channels", int64_t{8}}, {"cells", int64_t{1}}}, .input = {1, 28, 28}});
  ASSERT_NE(space, nullptr);
  RandomStream random(5, 1);
  for (int i = 0; i < 50; ++i) {
    const Genotype genotype = space->decisions().Sample(random);
    const absl::StatusOr<network::Network> network = space->Build(genotype);
    ASSERT_TRUE(network.ok()) << network.status();
    const std::string text = space->Print(genotype);
    int64_t n3 = 0, n1 = 0;
    for (size_t at = 0; (at = text.find("conv_3x3", at)) != std::string::npos; ++at) ++n3;
    for (size_t at = 0; (at = text.find("conv_1x1", at)) != std::string::npos; ++at) ++n1;
    const int64_t squares = 8 * 8 + 16 * 16 + 32 * 32;
    const int64_t stem = 9 * 8 + 16;
    const int64_t reduction1 = 9 * 8 * 16 + 32 + 9 * 16 * 16 + 32 + 8 * 16;
    const int64_t reduction2 = 9 * 16 * 32 + 64 + 9 * 32 * 32 + 64 + 16 * 32;
    const int64_t head = 64 + 32 * 10 + 10;
    const int64_t fixed = stem + reduction1 + reduction2 + head;
    const int64_t norms = 2 * (8 + 16 + 32);
    EXPECT_EQ(network::ComputeCosts(*network).parameters,
              fixed + n3 * (9 * squares + norms) + n1 * (squares + norms))
        << text;
  }
}

TEST(NasBench201, BadNotationsAreRefusedWithTheirPlace) {
  const std::shared_ptr<const Space> space = NasBench201();
  ASSERT_NE(space, nullptr);
  const auto message = [&](std::string_view text) {
    return std::string(space->Read(text).status().message());
  };
  EXPECT_NE(message("|nor_conv_5x5~0|").find("character 2: found \"nor_conv_5x5~0|\""),
            std::string::npos);
  EXPECT_NE(message("").find("character 1: found the end"), std::string::npos);
  EXPECT_NE(message("{\"cell.node1.node9\": 1}").find("no such decision; did you mean"),
            std::string::npos);
  EXPECT_NE(message("{\"cell.node1.node0\": \"skip\"}").find("allowed are none, skip_connect"),
            std::string::npos);
  EXPECT_NE(message("{\"cell.node1.node0\": \"none\"}").find("is active but has no value"),
            std::string::npos);
  EXPECT_NE(message("@resent").find("did you mean \"resnet\""), std::string::npos);
  EXPECT_FALSE(space->Read(std::string(2 << 20, '|')).ok());
}

TEST(NasBench201, BadConstantsAreRefusedByName) {
  const Preset* preset = FindPreset("nas-bench-201");
  const auto message = [&](std::map<std::string, Constant, std::less<>> set) {
    return std::string(Space::Parse(preset->text, "f", {.set = std::move(set)}).status().message());
  };
  EXPECT_EQ(message({{"chanels", int64_t{8}}}),
            "space.set.chanels: no such constant; did you mean \"channels\"?; known are channels, "
            "cells");
  EXPECT_EQ(message({{"cells", int64_t{0}}}),
            "space.set.cells: found 0, allowed are numbers from 1 to 100");
  EXPECT_EQ(message({{"cells", std::string("many")}}),
            "space.set.cells: found many, allowed is a whole number");
}

// The cell alone is the network. The benchmark's own string method finds 6,466; the live network's
// key also knows that sums have no order and that equal operations without parameters are one.
TEST(NasBench201, HasAsManyDistinctCellsAsTheLiveRulesLeave) {
  std::string text = FindPreset("nas-bench-201")->text;
  const size_t start = text.find("\nnetwork:"), end = text.find("\nnotation:");
  text.replace(start, end - start, "\nnetwork: {cell: {channels: channels}}\n");
  const absl::StatusOr<std::shared_ptr<const Space>> cell =
      Space::Parse(text, "cell", {.input = {16, 32, 32}});
  ASSERT_TRUE(cell.ok()) << cell.status();
  const absl::StatusOr<SpaceCount> count = CountByEnumeration(**cell, true);
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(count->genotypes, 15625);
  EXPECT_EQ(count->allowed, 15625);
  EXPECT_EQ(count->distinct, 5485);
}

#ifdef NASCENT_TEST_DATA
TEST(NasBench201, PublishedCostsEqualTheBenchmarksTable) {
  std::ifstream file(std::string(NASCENT_TEST_DATA) + "/nb201_cost_vectors.csv");
  ASSERT_TRUE(file.good());
  const std::vector<SpaceOptions> columns = {
      {.input = {3, 32, 32}, .classes = 10},
      {.input = {3, 32, 32}, .classes = 100},
      {.input = {3, 16, 16}, .classes = 120},
  };
  std::vector<std::shared_ptr<const Space>> spaces;
  for (const SpaceOptions& options : columns) spaces.push_back(NasBench201(options));
  std::string line;
  std::getline(file, line);
  int rows = 0;
  while (std::getline(file, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::stringstream fields(line);
    std::string notation;
    std::getline(fields, notation, ',');
    for (const std::shared_ptr<const Space>& space : spaces) {
      const absl::StatusOr<Genotype> genotype = space->Read(notation);
      ASSERT_TRUE(genotype.ok()) << genotype.status();
      const absl::StatusOr<network::Network> network = space->Build(*genotype);
      ASSERT_TRUE(network.ok()) << network.status();
      const network::Costs costs = network::ComputeCosts(*network);
      std::string parameters, products;
      std::getline(fields, parameters, ',');
      std::getline(fields, products, ',');
      EXPECT_EQ(std::to_string(costs.parameters), parameters) << notation;
      EXPECT_EQ(std::to_string(costs.multiply_accumulates), products) << notation;
    }
    ++rows;
  }
  EXPECT_EQ(rows, 36);
}
#endif

}  // namespace
}  // namespace nascent::space
