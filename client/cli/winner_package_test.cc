#include "client/cli/winner_package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/weights_file.h"
#include "common/network/builder.h"
#include "common/network/network_proto.h"
#include "common/spec/message_json.h"

namespace nascent::cli {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;

// Tables have one dimension, and a linear layer is a network.
WeightsFile LinearWeights() {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", std::vector<int64_t>{3}}}, {});
  builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", int64_t{2}}}, {in}));
  WeightsFile weights;
  weights.metadata = {
      {"network", spec::ToJson(network::ToProto(builder.Take())).Print()},
      {"normalization", R"({"mean": [1, 2, 3], "scale": [0.5, 0.25, 1]})"},
      {"data", R"({"dataset": "three", "fingerprint": "ff", "train": 30, "validation": 10,
                   "classes": 2})"}};
  weights.tensors = R"({"head.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
                        "head.bias": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]}})";
  weights.values = std::string(32, 'v');
  return weights;
}

v1::Search NamedSearch() {
  v1::Search search;
  search.mutable_spec()->set_name("columns");
  search.mutable_spec()->mutable_space()->set_preset("nas-bench-201");
  v1::Objective& objective = *search.mutable_spec()->add_objectives();
  objective.set_metric("validation_accuracy");
  objective.set_goal(v1::GOAL_MAXIMIZE);
  return search;
}

v1::Trial FifthTrial() {
  v1::Trial trial;
  trial.set_number(5);
  trial.set_notation("{\"features\": 2}");
  trial.add_parents(4);
  trial.set_reason("mutation of features");
  (*trial.mutable_metrics())["validation_accuracy"] = 0.75;
  return trial;
}

TEST(WinnerPackage, HoldsWhatRunsTheNetworkAndWhatTellsAboutIt) {
  const auto files = WinnerPackage(NamedSearch(), FifthTrial(), LinearWeights());
  ASSERT_TRUE(files.ok()) << files.status();
  std::vector<std::string> names;
  std::map<std::string, std::string> content;
  for (const auto& [name, text] : *files) {
    names.push_back(name);
    content[name] = text;
    EXPECT_THAT(text, Not(HasSubstr("@SHAPE@"))) << name;
  }
  EXPECT_THAT(names, ElementsAreArray(PackageNames()));
  EXPECT_THAT(content["model.py"], HasSubstr("class Network"));
  EXPECT_THAT(content["preprocess.py"], HasSubstr("SHAPE = (3,)"));
  EXPECT_THAT(content["preprocess.py"], HasSubstr("SCALE = (0.5, 0.25, 1)"));
  EXPECT_THAT(content["example.py"], HasSubstr("if True:"));
  EXPECT_THAT(content["model.json"], HasSubstr("\"train\": 30"));
  EXPECT_THAT(content["README.md"], HasSubstr("`three`"));
  EXPECT_THAT(content["README.md"], HasSubstr("made from trial 4: mutation of features"));
  EXPECT_THAT(content["README.md"], HasSubstr("| `validation_accuracy` | 0.75 |"));
  EXPECT_THAT(content["weights.safetensors"], HasSubstr("\"head.weight\""));
  EXPECT_TRUE(content["weights.safetensors"].ends_with(std::string(32, 'v')));
}

TEST(WinnerPackage, WeightsWhoseHeaderDoesNotSayTheNetworkAreRefused) {
  for (const char* network :
       {"", "no JSON", "{\"nodes\": 3}", "{\"nodes\": [{\"path\": \"a\"}]}"}) {
    WeightsFile weights = LinearWeights();
    weights.metadata["network"] = network;
    EXPECT_EQ(WinnerPackage(NamedSearch(), FifthTrial(), weights).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << network;
  }
  WeightsFile weights = LinearWeights();
  weights.tensors = R"({"other.weight": {}})";
  EXPECT_THAT(WinnerPackage(NamedSearch(), FifthTrial(), weights).status().message(),
              HasSubstr("other.weight"));
}

TEST(WeightsFile, IsReadBackAndWhatIsNoneIsRefused) {
  const std::string path = ::testing::TempDir() + "/nascent_weights_file";
  const WeightsFile weights = LinearWeights();
  const auto bytes = WithNames(weights, {{"head.weight", "a"}, {"head.bias", "b"}});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  std::ofstream(path, std::ios::binary) << *bytes;
  const auto read = ReadWeightsFile(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->metadata, weights.metadata);
  EXPECT_EQ(read->values, weights.values);
  EXPECT_THAT(read->tensors, HasSubstr("\"a\""));
  for (const std::string& broken :
       {std::string(), std::string("short"), bytes->substr(0, 40), std::string(64, '\xff')}) {
    std::ofstream(path, std::ios::binary) << broken;
    EXPECT_FALSE(ReadWeightsFile(path).ok()) << broken.size();
  }
  EXPECT_EQ(ReadWeightsFile(path + "-none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace nascent::cli
