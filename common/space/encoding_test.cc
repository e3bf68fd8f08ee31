// Encodings against small examples and the sizes that the papers give.

#include "common/space/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/space/decisions/one_hot.h"
#include "common/space/presets.h"
#include "common/space/sampler.h"

namespace nascent::space {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::shared_ptr<const Space> Open(std::string_view preset) {
  return Space::Parse(FindPreset(preset)->text, preset, {}).value();
}

// The names of the columns that are 1; all others are 0.
std::vector<std::string> Ones(const Encoding& encoding, const Genotype& genotype) {
  const std::vector<double> columns = encoding.Encode(genotype);
  const std::vector<std::string> names = encoding.ColumnNames();
  EXPECT_EQ(columns.size(), names.size());
  std::vector<std::string> ones;
  for (size_t i = 0; i < columns.size(); ++i) {
    EXPECT_TRUE(columns[i] == 0 || columns[i] == 1) << names[i];
    if (columns[i] == 1) ones.push_back(names[i]);
  }
  return ones;
}

TEST(Encoding, OperationsAtEdgesGiveAColumnPerEdgeAndOperationAndPerSequence) {
  const auto space = Open("nas-bench-201");
  EXPECT_THAT(EncodingNames(*space), ElementsAre("one_hot", "adjacency", "path"));
  const Genotype resnet = space->Read("@resnet").value();

  const auto adjacency = MakeEncoding(*space, "adjacency").value();
  EXPECT_EQ(adjacency->ColumnNames().size(), 6 * 5);
  EXPECT_THAT(
      Ones(*adjacency, resnet),
      ElementsAre("cell.0-1=nor_conv_3x3", "cell.0-2=nor_conv_3x3", "cell.1-2=avg_pool_3x3",
                  "cell.0-3=skip_connect", "cell.1-3=nor_conv_3x3", "cell.2-3=skip_connect"));

  const auto path = MakeEncoding(*space, "path").value();
  // 5 + 5² + 5³.
  EXPECT_EQ(path->ColumnNames().size(), 155);
  EXPECT_THAT(Ones(*path, resnet),
              UnorderedElementsAre("cell.0>skip_connect", "cell.0>nor_conv_3x3>nor_conv_3x3",
                                   "cell.0>nor_conv_3x3>skip_connect",
                                   "cell.0>nor_conv_3x3>avg_pool_3x3>skip_connect"));
}

TEST(Encoding, EqualPathsAreOneColumn) {
  const auto space = Open("nas-bench-201");
  const auto path = MakeEncoding(*space, "path").value();
  const Genotype same =
      space->Read("|nor_conv_1x1~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|skip_connect~2|")
          .value();
  EXPECT_THAT(Ones(*path, same),
              UnorderedElementsAre("cell.0>none", "cell.0>nor_conv_1x1>skip_connect",
                                   "cell.0>nor_conv_1x1>none>skip_connect"));
}

TEST(Encoding, OperationsAtVerticesGiveAColumnPerPairAndPerSequence) {
  const auto space = Open("nas-bench-101");
  // input → conv3x3 → output, input → maxpool → conv3x3 → output, input → output; the conv1x1 leads
  // nowhere.
  const Genotype genotype =
      space
          ->Read(R"({"matrix": [[0,1,1,0,1,1], [0,0,0,0,0,1], [0,0,0,1,0,0], [0,0,0,0,0,1],
                      [0,0,0,0,0,0], [0,0,0,0,0,0]],
                     "ops": ["input", "conv3x3-bn-relu", "maxpool3x3", "conv3x3-bn-relu",
                             "conv1x1-bn-relu", "output"]})")
          .value();
  const auto adjacency = MakeEncoding(*space, "adjacency").value();
  EXPECT_EQ(adjacency->ColumnNames().size(), 21 + 5 * 3);
  EXPECT_THAT(Ones(*adjacency, genotype),
              ::testing::IsSupersetOf({"cell.input-1", "cell.input-2", "cell.input-4",
                                       "cell.input-output", "cell.1-output", "cell.2-3",
                                       "cell.3-output", "cell.1=conv3x3-bn-relu",
                                       "cell.2=maxpool3x3", "cell.4=conv1x1-bn-relu"}));
  const auto path = MakeEncoding(*space, "path").value();
  // 3⁰ + 3¹ + … + 3⁵, as in BANANAS.
  EXPECT_EQ(path->ColumnNames().size(), 364);
  EXPECT_THAT(Ones(*path, genotype),
              UnorderedElementsAre("cell.input", "cell.input>conv3x3-bn-relu",
                                   "cell.input>maxpool3x3>conv3x3-bn-relu"));
}

TEST(Encoding, CellsWithTwoInputsHaveColumnsForBoth) {
  const auto space = Open("darts");
  const Genotype darts_v2 = space->Read("@darts-v2").value();
  const auto adjacency = MakeEncoding(*space, "adjacency").value();
  EXPECT_EQ(adjacency->ColumnNames().size(), 2 * 14 * 7);
  EXPECT_EQ(Ones(*adjacency, darts_v2).size(), 16);
  const auto path = MakeEncoding(*space, "path").value();
  EXPECT_EQ(path->ColumnNames().size(), 2 * 2 * (7 + 49 + 343 + 2401));
  const std::vector<std::string> ones = Ones(*path, darts_v2);
  EXPECT_THAT(ones, ::testing::IsSupersetOf(
                        {"normal.s0>sep_conv_3x3", "normal.s0>sep_conv_3x3>dil_conv_3x3",
                         "normal.s1>sep_conv_3x3>dil_conv_3x3", "normal.s0>skip_connect",
                         "reduce.s1>max_pool_3x3>skip_connect", "reduce.s1>max_pool_3x3"}));
  EXPECT_EQ(ones.size(), 5 + 4);
}

TEST(Encoding, LengthsWithTooManyColumnsAreLeftOut) {
  const auto space = Open("nasnet");
  const auto path = MakeEncoding(*space, "path").value();
  // 8 operations: 8 + … + 8⁴ for two inputs of two cells; with 8⁵ a cell would have 74,896.
  constexpr size_t kColumns = 2 * 2 * (8 + 64 + 512 + 4096);
  EXPECT_EQ(path->ColumnNames().size(), kColumns);
  RandomStream random(1, 1);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(path->Encode(Sample(*space, random).value()).size(), kColumns);
  }
}

TEST(Encoding, SpacesWithoutCellsHaveOnlyOneHot) {
  const auto space = Open("resnet-size");
  EXPECT_THAT(EncodingNames(*space), ElementsAre("one_hot"));
  const auto one_hot = MakeEncoding(*space, "one_hot").value();
  RandomStream random(1, 1);
  const Genotype genotype = Sample(*space, random).value();
  EXPECT_EQ(one_hot->Encode(genotype), EncodeOneHot(space->decisions(), genotype));
  EXPECT_EQ(one_hot->ColumnNames(), OneHotNames(space->decisions()));
  EXPECT_THAT(std::string(MakeEncoding(*space, "path").status().message()),
              HasSubstr("found \"path\", resnet-size has one_hot"));
}

TEST(Encoding, EdgesOfAPatternAreChecked) {
  const auto message = [](const std::string& edges) {
    return std::string(
        Space::Parse(
            "network: [{choice: [relu, tanh], label: a}, {choice: [relu, silu], label: b}]\n"
            "notation: {pattern: {text: \"{a}{b}\", edges: " +
                edges + "}}\n",
            "t", {})
            .status()
            .message());
  };
  EXPECT_THAT(message("{c: [0, 1]}"), HasSubstr("no decision has the label \"c\""));
  EXPECT_THAT(message("{a: [1, 1]}"), HasSubstr("an edge is [from, to]"));
  EXPECT_THAT(message("{a: [0]}"), HasSubstr("an edge is [from, to]"));
  EXPECT_THAT(message("{a: [0, 99]}"), HasSubstr("from 0 to 29"));
  EXPECT_THAT(message("{a: [0, 1], b: [1, 2]}"), HasSubstr("b has other options"));
}

}  // namespace
}  // namespace nascent::space
