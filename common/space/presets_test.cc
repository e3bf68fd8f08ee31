// What papers and their repositories say of the published spaces.

#include "common/space/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "common/network/key.h"
#include "common/network/live.h"
#include "common/space/sampler.h"
#include "common/space/space.h"
#include "tests/support/repetitions.h"

namespace nascent::space {
namespace {

std::shared_ptr<const Space> Open(std::string_view preset, SpaceOptions options = {}) {
  const Preset* found = FindPreset(preset);
  EXPECT_NE(found, nullptr) << preset;
  absl::StatusOr<std::shared_ptr<const Space>> space =
      Space::Parse(found->text, found->name, options);
  EXPECT_TRUE(space.ok()) << space.status();
  return *space;
}

// For large images and ImageNet's classes.
SpaceOptions ImageNet() {
  SpaceOptions options;
  options.input = {3, 224, 224};
  options.classes = 1000;
  return options;
}

network::Costs PublishedCosts(const Space& space, std::string_view genotype) {
  const absl::StatusOr<Genotype> read = space.Read(genotype);
  EXPECT_TRUE(read.ok()) << read.status();
  const absl::StatusOr<Architecture> architecture = space.BuildArchitecture(*read);
  EXPECT_TRUE(architecture.ok()) << architecture.status();
  return architecture->published_costs;
}

int64_t Parameters(const Space& space, std::string_view genotype) {
  return PublishedCosts(space, genotype).parameters;
}

class EveryPreset : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryPreset, StatesItsSourceAndWhetherItIsAsPublished) {
  const std::string& text = FindPreset(GetParam())->text;
  EXPECT_THAT(text, ::testing::HasSubstr("\nsource: "));
  EXPECT_THAT(text, ::testing::AnyOf(::testing::HasSubstr("\nstatus: as published"),
                                     ::testing::HasSubstr("\nstatus: \"as published"),
                                     ::testing::HasSubstr("\nstatus: \"extension of")));
  EXPECT_EQ(Open(GetParam())->name(), GetParam());
}

TEST_P(EveryPreset, ItsKnownArchitecturesAreBuiltAndRead) {
  const auto space = Open(GetParam());
  EXPECT_FALSE(space->known().empty());
  for (const KnownArchitecture& known : space->known()) {
    EXPECT_FALSE(known.source.empty()) << known.name;
    const absl::StatusOr<Genotype> genotype = space->Read("@" + known.name);
    ASSERT_TRUE(genotype.ok()) << genotype.status();
    EXPECT_TRUE(space->Build(*genotype).ok()) << space->Build(*genotype).status();
    EXPECT_EQ(space->Read(space->PrintJson(*genotype)).value(), *genotype);
    EXPECT_EQ(space->Print(space->Read(space->Print(*genotype)).value()), space->Print(*genotype));
  }
}

TEST_P(EveryPreset, RandomGenotypesAreBuiltAndEqualKeysHaveEqualParameters) {
  const auto space = Open(GetParam());
  RandomStream random(1, 0);
  std::map<std::string, int64_t> parameters;
  for (int i = 0; i < ::nascent::testing::Repetitions(50); ++i) {
    const Genotype genotype = Sample(*space, random).value();
    const Architecture architecture = space->BuildArchitecture(genotype).value();
    const network::Key key = network::ComputeKey(architecture.live);
    EXPECT_TRUE(key.canonical) << space->Print(genotype);
    const auto [known, is_new] = parameters.try_emplace(key.hex, architecture.costs.parameters);
    EXPECT_EQ(known->second, architecture.costs.parameters) << space->Print(genotype);
    EXPECT_LE(architecture.costs.parameters, architecture.published_costs.parameters);
    EXPECT_LE(architecture.costs.multiply_accumulates,
              architecture.published_costs.multiply_accumulates);
    EXPECT_EQ(network::Live(architecture.live), architecture.live);
    EXPECT_EQ(space->Print(space->Read(space->Print(genotype)).value()), space->Print(genotype));
    EXPECT_EQ(space->Read(space->PrintJson(genotype)).value(), genotype);
    std::set<std::string> paths;
    for (const network::Node& node : architecture.published.nodes) {
      EXPECT_TRUE(paths.insert(node.path).second) << node.path << " stands there twice";
    }
  }
}

TEST_P(EveryPreset, HasItsPlaceInTheManualWithConstantsAndKnownArchitectures) {
  std::string manual;
  for (const char* page : {"nas-bench", "cells", "macro", "segmentation", "tables"}) {
    std::ifstream file(std::string(NASCENT_SOURCE_DIR "/docs/presets-") + page + ".md");
    ASSERT_TRUE(file.is_open()) << page;
    std::stringstream text;
    text << file.rdbuf();
    if (text.str().find("## `" + GetParam() + "`") != std::string::npos) manual = text.str();
  }
  ASSERT_FALSE(manual.empty());
  const auto space = Open(GetParam());
  for (const ConstantInfo& constant : space->constants()) {
    EXPECT_THAT(manual, ::testing::HasSubstr("`" + constant.name + "`"));
  }
  for (const KnownArchitecture& known : space->known()) {
    EXPECT_THAT(manual, ::testing::HasSubstr("`" + known.name + "`"));
  }
}

TEST_P(EveryPreset, HasASearchInTheExamples) {
  const std::string path =
      std::string(NASCENT_SOURCE_DIR "/examples/presets/") + GetParam() + ".yaml";
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << "add " << path << ", a search that shows the preset";
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), ::testing::HasSubstr(GetParam())) << path;
}

TEST(Presets, AreAllTheFilesOfTheirFolder) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(NASCENT_SOURCE_DIR "/common/space/presets")) {
    ++files;
    EXPECT_NE(FindPreset(entry.path().stem().string()), nullptr)
        << entry.path() << " is compiled into no program: name it in common/space/CMakeLists.txt";
  }
  EXPECT_EQ(files, static_cast<int>(Presets().size()));
}

std::vector<std::string> PresetNames() {
  std::vector<std::string> names;
  for (const Preset& preset : Presets()) names.push_back(preset.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Presets, EveryPreset, ::testing::ValuesIn(PresetNames()),
                         [](const auto& preset) {
                           std::string name = preset.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Presets, HaveAsManyGenotypesAsTheirPapersSay) {
  EXPECT_EQ(Open("nas-bench-201")->decisions().Cardinality(), "15625");
  EXPECT_EQ(Open("nats-bench-size")->decisions().Cardinality(), "32768");
  EXPECT_EQ(Open("nas-bench-macro")->decisions().Cardinality(), "6561");
  // 1,037,664,180 for each of two cells.
  EXPECT_EQ(Open("darts")->decisions().Cardinality(), "1076746950455072400");
  // 2^21 matrices and 3^5 operations, before edges are counted.
  EXPECT_EQ(Open("nas-bench-101")->decisions().Cardinality(), "509607936");
  // 6^12 · 2^66.
  EXPECT_EQ(Open("enas-macro")->decisions().Cardinality(), "160618186625454535808756219904");
}

TEST(Presets, DartsHasItsPublishedParameters) {
  const auto space = Open("darts");
  EXPECT_EQ(Parameters(*space, "@darts-v2"), 3'349'342);
  EXPECT_EQ(Parameters(*space, "@darts-v1"), 3'169'414);
}

TEST(Presets, DartsForImageNetHasAsManyParametersAsItsPaperSays) {
  SpaceOptions options = ImageNet();
  options.set = {{"channels", int64_t{48}}, {"layers", int64_t{14}}, {"stem", "imagenet"}};
  const network::Costs costs = PublishedCosts(*Open("darts", options), "@darts-v2");
  EXPECT_NEAR(static_cast<double>(costs.parameters), 4.7e6, 0.05e6);
}

TEST(Presets, AuxiliaryHeadsExistOnlyForTrainingAndCountInNoCost) {
  for (const char* preset : {"darts", "nasnet"}) {
    SpaceOptions options;
    options.set = {{"channels", int64_t{4}}, {"layers", int64_t{3}}};
    const auto without_parts = Open(preset, options);
    options.training_parts = true;
    const auto with = Open(preset, options);
    const Genotype genotype = with->Read("@" + with->known().front().name).value();
    const Architecture architecture = with->BuildArchitecture(genotype).value();
    ASSERT_EQ(architecture.live.outputs.size(), 2);
    EXPECT_EQ(architecture.live.outputs[1].name, "auxiliary");
    EXPECT_TRUE(architecture.live.outputs[1].training_only);
    const Architecture without = without_parts->BuildArchitecture(genotype).value();
    EXPECT_EQ(without.live.outputs.size(), 1);
    EXPECT_EQ(architecture.costs.parameters, without.costs.parameters);
    EXPECT_EQ(architecture.published_costs.multiply_accumulates,
              without.published_costs.multiply_accumulates);
    // Images of Fashion-MNIST's size leave maps of 7x7.
    options.input = {1, 28, 28};
    EXPECT_EQ(Open(preset, options)->Build(genotype).value().outputs.size(), 2);
  }
}

TEST(Presets, NasBench101sInceptionLikeCellHasItsPublishedParameters) {
  EXPECT_EQ(Parameters(*Open("nas-bench-101"), "@nas-bench-101-inception"), 2'694'282);
}

TEST(Presets, NasBench101RefusesMoreThanNineEdges) {
  const auto space = Open("nas-bench-101");
  Genotype genotype = space->decisions().First();
  for (int i = 0; i < space->decisions().size(); ++i) {
    if (space->decisions().decisions()[i].label.find("edge") != std::string::npos) {
      genotype.values[i] = int64_t{1};
    }
  }
  EXPECT_THAT(std::string(space->Check(genotype).message()),
              ::testing::HasSubstr("found 21 edges, at most 9 are allowed"));
}

TEST(Presets, ResidualNetworksHaveTheirPublishedParameters) {
  const auto space = Open("resnet-size", ImageNet());
  EXPECT_EQ(Parameters(*space, "@resnet-18"), 11'689'512);
  EXPECT_EQ(Parameters(*space, "@resnet-34"), 21'797'672);
  EXPECT_EQ(Parameters(*space, "@resnet-50"), 25'557'032);
  EXPECT_EQ(Parameters(*space, "@resnet-101"), 44'549'160);
  EXPECT_EQ(Parameters(*space, "@resnet-152"), 60'192'808);
}

TEST(Presets, MobileNetworksHaveTheirPublishedParameters) {
  const auto space = Open("mobilenet-v3", ImageNet());
  EXPECT_EQ(Parameters(*space, "@mobilenet-v3-large"), 5'483'032);
  EXPECT_EQ(Parameters(*space, "@mobilenet-v3-small"), 2'542'856);
  EXPECT_EQ(Parameters(*space, "@mobilenet-v2"), 3'504'872);
}

TEST(Presets, NetworksForTablesHaveTheirPublishedParameters) {
  SpaceOptions california;
  california.input = {8};
  california.classes = 1;
  EXPECT_EQ(Parameters(*Open("mlp", california), "@mlp-california"), 235'179);
  EXPECT_EQ(Parameters(*Open("resnet-tabular", california), "@resnet-california"), 510'040);
}

TEST(Presets, AFunnelNarrowsFromItsUnitsToTheClasses) {
  SpaceOptions options;
  options.input = {20};
  options.classes = 2;
  const auto widths = [&](const char* genotype) {
    const auto space = Open("mlp", options);
    const network::Network network = space->Build(space->Read(genotype).value()).value();
    std::vector<int64_t> found;
    for (const network::Node& node : network.nodes) {
      if (node.operation == "linear") found.push_back(node.shape[0]);
    }
    return found;
  };
  // Steps of (128 - 2) / 4, rounded down.
  EXPECT_THAT(widths(R"({"depth": 4, "shape": "funnel", "units": 128, "norm": "none",
                        "activation": "relu", "dropout": 0})"),
              ::testing::ElementsAre(128, 97, 66, 35, 2));
  // The input is wider than the units.
  EXPECT_THAT(widths(R"({"depth": 2, "shape": "funnel", "units": 8, "norm": "none",
                        "activation": "relu", "dropout": 0})"),
              ::testing::ElementsAre(20, 11, 2));
}

TEST(Presets, NetworksForTablesTakeAnyNumberOfFeaturesAndClasses) {
  for (const char* preset : {"mlp", "resnet-tabular"}) {
    for (const int64_t features : {1, 13, 4000}) {
      for (const int64_t classes : {2, 200}) {
        SpaceOptions options;
        options.input = {features};
        options.classes = classes;
        options.output = OutputRule::kPerExample;
        const auto space = Open(preset, options);
        RandomStream random(5, static_cast<uint64_t>(features + classes));
        for (int i = 0; i < 10; ++i) {
          const Genotype genotype = Sample(*space, random).value();
          EXPECT_TRUE(space->BuildArchitecture(genotype).ok()) << space->Print(genotype);
        }
      }
    }
  }
}

TEST(Presets, UnetGivesAValuePerClassAndPixelForAnySize) {
  for (const int64_t side : {28, 33, 64}) {
    SpaceOptions options;
    options.input = {1, side, side};
    options.classes = 2;
    const auto space = Open("unet", options);
    RandomStream random(3, static_cast<uint64_t>(side));
    for (int i = 0; i < 20; ++i) {
      const network::Network network = space->Build(Sample(*space, random).value()).value();
      EXPECT_EQ(network.nodes[network.outputs[0].node].shape, (network::Shape{2, side, side}));
    }
  }
}

}  // namespace
}  // namespace nascent::space
