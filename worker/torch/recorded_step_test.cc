#include "worker/torch/recorded_step.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/data/idx.h"
#include "common/network/builder.h"
#include "common/random.h"
#include "gtest/gtest.h"
#include "worker/torch/own_stream.h"
#include "worker/torch/testing/test_device.h"

namespace nascent::worker {
namespace {

using Pair = std::vector<int64_t>;

constexpr int64_t kBatch = 16;

// A device that records, played on any: what was recorded is done again, but for what the host
// counts.
class FakeGraph : public StepGraph {
 public:
  FakeGraph(Totals& totals, int& launches) : totals_(totals), launches_(launches) {}
  void Record(const std::function<void()>& work) override {
    work_ = work;
    if (refuses) TORCH_CHECK(false, "operation not permitted when stream is capturing");
  }
  void Launch() override {
    ++launches_;
    const int64_t examples = totals_.examples;
    const int64_t answers = totals_.answers;
    work_();
    totals_.examples = examples;
    totals_.answers = answers;
  }

  bool refuses = false;

 private:
  Totals& totals_;
  int& launches_;
  std::function<void()> work_;
};

network::Network Classifier() {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{1, 8, 8}}}, {});
  const int conv = *builder.Add(
      "conv", "conv2d",
      {{"channels", int64_t{8}}, {"kernel", Pair{3, 3}}, {"padding", Pair{1, 1}}, {"bias", false}},
      {in});
  const int norm = *builder.Add("norm", "batch_norm", {}, {conv});
  const int relu = *builder.Add("relu", "relu", {}, {norm});
  const int drop = *builder.Add("drop", "dropout", {{"p", 0.1}}, {relu});
  const int pool = *builder.Add("pool", "global_avg_pool", {}, {drop});
  builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", int64_t{4}}}, {pool}));
  return builder.Take();
}

// 64 images of noise with labels, on the device of the tests.
ResidentData Noise() {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "nascent_recorded_step";
  std::filesystem::create_directories(folder);
  RandomStream random(1, 1);
  const auto write = [&](const std::string& name, std::vector<int64_t> shape, uint64_t below) {
    data::IdxArray array{std::move(shape), {}};
    int64_t count = 1;
    for (int64_t dimension : array.dimensions) count *= dimension;
    for (int64_t i = 0; i < count; ++i) {
      array.elements.push_back(static_cast<uint8_t>(random.Below(below)));
    }
    std::ofstream(folder / name, std::ios::binary) << data::WriteIdx(array);
    return (folder / name).string();
  };
  const std::map<std::string, std::string> files = {{"images", write("images", {64, 8, 8}, 256)},
                                                    {"labels", write("labels", {64}, 4)}};
  v1::DataRef data;
  v1::Dataset& dataset = *data.mutable_dataset();
  dataset.set_kind(v1::DATA_KIND_IMAGE_CLASSIFICATION);
  for (int64_t dimension : {1, 8, 8}) dataset.mutable_shape()->add_dimensions(dimension);
  dataset.set_classes(4);
  v1::DataSplit& split = *dataset.add_splits();
  split.set_name("train");
  split.set_count(64);
  split.set_examples("images");
  split.set_labels("labels");
  data.set_train(48);
  data.set_validation(16);
  auto loaded = ResidentData::Load(data, files, /*resolution=*/0,
                                   ResidentData::Parts::kTrainAndValidation, TestDevice());
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  std::filesystem::remove_all(folder);
  return *std::move(loaded);
}

v1::Recipe RecipeWith(const std::string& optimizer) {
  v1::Recipe recipe;
  recipe.set_precision(v1::PRECISION_FLOAT32);
  recipe.set_gradient_clip(1);
  recipe.mutable_augmentation()->set_flip(true);
  recipe.mutable_augmentation()->set_crop_padding(1);
  recipe.mutable_augmentation()->set_cutout(2);
  if (optimizer == "adam") recipe.mutable_optimizer()->mutable_adam()->set_weight_decay(0.01);
  if (optimizer == "adamw") recipe.mutable_optimizer()->mutable_adamw();
  if (optimizer == "rmsprop") recipe.mutable_optimizer()->mutable_rmsprop();
  return recipe;
}

struct Trained {
  at::Tensor weights;
  double loss = 0;
  int64_t correct = 0;
  int64_t examples = 0;
};

// Ten steps, each with other examples, another rate and another seed of dropout.
template <typename Step>
Trained TenSteps(NetworkModule& network, const ResidentData& data, const v1::Recipe& recipe,
                 Totals& totals, Step step) {
  for (int64_t i = 0; i < 10; ++i) {
    std::vector<int64_t> examples;
    for (int64_t k = 0; k < kBatch; ++k)
      examples.push_back((31 * i + 7 * k) % data.train().count());
    at::Generator generator = at::globalContext().defaultGenerator(TestDevice());
    generator.set_current_seed(static_cast<uint64_t>(i));
    step(DrawChanges(recipe.augmentation(), 1, i, examples, 8, 8),
         1 - 0.1 * static_cast<double>(i));
  }
  return {network.parameters().flat().detach().cpu().clone(), totals.loss.item<double>(),
          totals.correct.item<int64_t>(), totals.examples};
}

class RecordedStepTest : public ::testing::Test {
 protected:
  RecordedStepTest() { at::globalContext().setDeterministicCuDNN(true); }

  std::unique_ptr<NetworkModule> Network() const {
    return *NetworkModule::Create(Classifier(), 5, TestDevice());
  }

  Trained ByPieces(const v1::Recipe& recipe) const {
    auto network = Network();
    TrainingStep step(*network, recipe, TestDevice());
    Totals totals(TestDevice());
    return TenSteps(*network, data_, recipe, totals, [&](const auto& changes, double factor) {
      step.Run(data_.AssembleOnDevice(data_.train(), changes, recipe.augmentation().cutout()),
               Pass{.training = true}, factor, totals);
    });
  }

  template <typename NewGraph>
  Trained Recorded(const v1::Recipe& recipe, NewGraph new_graph) const {
    auto network = Network();
    TrainingStep step(*network, recipe, TestDevice());
    Totals totals(TestDevice());
    RecordedStep recorded(step, data_, recipe.augmentation(), kBatch, totals, new_graph(totals));
    return TenSteps(*network, data_, recipe, totals,
                    [&](const auto& changes, double factor) { recorded.Run(changes, factor); });
  }

  const OwnStream stream_{TestDevice()};
  const ResidentData data_ = Noise();
};

void ExpectSame(const Trained& a, const Trained& b) {
  EXPECT_TRUE(at::allclose(a.weights, b.weights, 1e-3, 1e-5))
      << (a.weights - b.weights).abs().max().item<float>();
  EXPECT_NEAR(a.loss, b.loss, 1e-3 * a.loss);
  EXPECT_NEAR(static_cast<double>(a.correct), static_cast<double>(b.correct), 1);
  EXPECT_EQ(a.examples, b.examples);
}

TEST_F(RecordedStepTest, StepsThatAreLaunchedAsAWholeTrainAsThoseByPiecesDo) {
  for (const char* optimizer : {"sgd", "adam", "adamw", "rmsprop"}) {
    SCOPED_TRACE(optimizer);
    const v1::Recipe recipe = RecipeWith(optimizer);
    int launches = 0;
    const Trained recorded = Recorded(
        recipe, [&](Totals& totals) { return std::make_unique<FakeGraph>(totals, launches); });
    EXPECT_EQ(launches, 7);
    EXPECT_EQ(recorded.examples, 10 * kBatch);
    ExpectSame(recorded, ByPieces(recipe));
  }
}

TEST_F(RecordedStepTest, TheDevicesOwnGraphTrainsAsStepsByPiecesDo) {
  // Where the device has none this is the way without one.
  for (const char* optimizer : {"sgd", "adamw", "rmsprop"}) {
    SCOPED_TRACE(optimizer);
    const v1::Recipe recipe = RecipeWith(optimizer);
    const int64_t before = RecordedStep::launched();
    bool has_graph = false;
    const Trained recorded = Recorded(recipe, [&](Totals&) {
      std::unique_ptr<StepGraph> graph = NewStepGraph(TestDevice());
      has_graph = graph != nullptr;
      return graph;
    });
    ExpectSame(recorded, ByPieces(recipe));
    EXPECT_EQ(RecordedStep::launched() - before, has_graph ? 7 : 0);
  }
}

TEST_F(RecordedStepTest, AStepThatCannotBeRecordedIsDoneByPiecesAndNoneIsLost) {
  int launches = 0;
  ::testing::internal::CaptureStderr();
  const Trained trained = Recorded(RecipeWith("sgd"), [&](Totals& totals) {
    auto graph = std::make_unique<FakeGraph>(totals, launches);
    graph->refuses = true;
    return graph;
  });
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("not permitted"), std::string::npos);
  EXPECT_EQ(launches, 0);
  ExpectSame(trained, ByPieces(RecipeWith("sgd")));
}

TEST_F(RecordedStepTest, WhatTheHostDrawsInEachStepIsNotRecorded) {
  v1::Recipe recipe;
  EXPECT_TRUE(RecordedStep::Possible(recipe, data_));
  recipe.set_drop_path(0.2);
  EXPECT_FALSE(RecordedStep::Possible(recipe, data_));
}

}  // namespace
}  // namespace nascent::worker
