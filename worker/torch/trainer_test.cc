#include <ATen/ATen.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "common/data/idx.h"
#include "common/network/builder.h"
#include "common/network/network_proto.h"
#include "common/random.h"
#include "common/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker/torch/augmentation.h"
#include "worker/torch/network_module.h"
#include "worker/torch/resident_data.h"
#include "worker/torch/tensor_file.h"
#include "worker/torch/testing/test_device.h"
#include "worker/torch/torch_evaluator.h"

namespace nascent::worker {
namespace {

using network::Attributes;
using Pair = std::vector<int64_t>;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int64_t kSide = 8;
constexpr int64_t kClasses = 4;

// Collects what a task reports; asks it to stop when told.
class FakeProgress : public Progress {
 public:
  void Report(double done, const std::vector<v1::Measurement>& measurements) override {
    EXPECT_GE(done, last_done);
    EXPECT_LE(done, 1);
    last_done = done;
    reported.insert(reported.end(), measurements.begin(), measurements.end());
  }
  v1::StopReason StopRequested() override {
    ++asked;
    return asked > stop_after ? reason : v1::STOP_REASON_UNSPECIFIED;
  }

  double last_done = 0;
  std::vector<v1::Measurement> reported;
  int asked = 0;
  int stop_after = 1 << 30;
  v1::StopReason reason = v1::STOP_REASON_UNSPECIFIED;
};

// Names the bytes of a file.
std::string Contents(const std::string& path) {
  const absl::StatusOr<std::string> hash = Sha256OfFile(path);
  return hash.ok() ? *hash : std::string(hash.status().message());
}

// Images of noise with a bright quarter: its place is the class, and the mask of a segmentation.
class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) / "nascent_trainer" / test->name();
    std::filesystem::create_directories(folder_);
    at::manual_seed(1);
    WriteSplit("train", 360);
    WriteSplit("test", 120);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  void WriteFile(const std::string& name, const data::IdxArray& array) {
    std::ofstream(Path(name), std::ios::binary) << data::WriteIdx(array);
    files_[name] = Path(name);
  }

  void WriteSplit(const std::string& split, int64_t count) {
    RandomStream random(7, static_cast<uint64_t>(count));
    data::IdxArray images{{count, kSide, kSide}, {}};
    data::IdxArray labels{{count}, {}};
    data::IdxArray masks{{count, kSide, kSide}, {}};
    for (int64_t i = 0; i < count; ++i) {
      const auto label = static_cast<uint8_t>(random.Below(kClasses));
      labels.elements.push_back(label);
      for (int64_t p = 0; p < kSide * kSide; ++p) {
        const int64_t quarter = p / kSide / (kSide / 2) * 2 + p % kSide / (kSide / 2);
        const bool bright = quarter == label;
        images.elements.push_back(static_cast<uint8_t>(random.Below(150) + (bright ? 100 : 0)));
        masks.elements.push_back(bright ? 1 : 0);
      }
    }
    WriteFile(split + "-images", images);
    WriteFile(split + "-labels", labels);
    WriteFile(split + "-masks", masks);
  }

  v1::DataRef Data(bool segmentation = false) const {
    v1::DataRef data;
    v1::Dataset& dataset = *data.mutable_dataset();
    dataset.set_name("quarters");
    dataset.set_kind(segmentation ? v1::DATA_KIND_IMAGE_SEGMENTATION
                                  : v1::DATA_KIND_IMAGE_CLASSIFICATION);
    for (int64_t dimension : {int64_t{1}, kSide, kSide}) {
      dataset.mutable_shape()->add_dimensions(dimension);
    }
    dataset.set_classes(segmentation ? 2 : kClasses);
    for (const std::string split : {"train", "test"}) {
      v1::DataSplit& added = *dataset.add_splits();
      added.set_name(split);
      added.set_count(split == "train" ? 360 : 120);
      added.set_examples(split + "-images");  // Stand for hashes.
      added.set_labels(split + (segmentation ? "-masks" : "-labels"));
    }
    data.set_train(240);
    data.set_validation(120);
    return data;
  }

  v1::TrainTask Task(const network::Network& network) const {
    v1::TrainTask task;
    *task.mutable_network() = network::ToProto(network);
    *task.mutable_data() = Data();
    v1::Recipe& recipe = *task.mutable_recipe();
    recipe.set_epochs(3);
    recipe.set_batch(32);
    recipe.set_seed(11);
    v1::Sgd& sgd = *recipe.mutable_optimizer()->mutable_sgd();
    sgd.set_learning_rate(0.1);
    sgd.set_momentum(0.9);
    sgd.set_nesterov(true);
    sgd.set_weight_decay(5e-4);
    recipe.mutable_schedule()->mutable_cosine();
    // A GPU's fastest kernels differ from run to run, and the tests compare bits.
    task.set_deterministic(!TestDevice().is_cpu());
    return task;
  }

  Assignment Assign(const v1::TrainTask& task, const std::string& name) const {
    Assignment assignment;
    *assignment.task.mutable_train() = task;
    assignment.files = files_;
    assignment.weights_path = Path(name + ".safetensors");
    assignment.checkpoint_path = Path(name + ".checkpoint");
    assignment.device = TestDeviceName();
    return assignment;
  }

  Result Run(const v1::TrainTask& task, const std::string& name) {
    return evaluator_.Run(Assign(task, name), progress_);
  }

  // The last value of a metric that a task gave.
  double Last(const Result& result, const std::string& metric) const {
    double value = std::nan("");
    for (const auto* list : {&progress_.reported, &result.measurements}) {
      for (const v1::Measurement& m : *list) {
        if (m.metric() == metric) value = m.value();
      }
    }
    return value;
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> files_;
  FakeProgress progress_;
  TorchEvaluator evaluator_;
};

// conv ─► norm ─► relu ─► dropout ─► pool ─► linear, with a second head where wanted.
network::Network Classifier(bool auxiliary = false) {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{1, kSide, kSide}}}, {});
  const Attributes convolution = {
      {"channels", int64_t{8}}, {"kernel", Pair{3, 3}}, {"padding", Pair{1, 1}}};
  const int conv = *builder.Add("conv", "conv2d", convolution, {in});
  const int norm = *builder.Add("norm", "batch_norm", {}, {conv});
  const int relu = *builder.Add("relu", "relu", {}, {norm});
  const int drop = *builder.Add("drop", "dropout", {{"p", 0.1}}, {relu});
  const int path = *builder.Add("path", "drop_path", {}, {drop});
  // Not adaptive: on a GPU LibTorch has no deterministic gradient of that.
  const int pool =
      *builder.Add("pool", "avg_pool2d", {{"kernel", Pair{4, 4}}, {"stride", Pair{4, 4}}}, {path});
  const int flat = *builder.Add("flat", "flatten", {}, {pool});
  builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", kClasses}}, {flat}));
  if (auxiliary) {
    const int mean = *builder.Add("mean", "global_avg_pool", {}, {relu});
    builder.AddOutput("auxiliary",
                      *builder.Add("second", "linear", {{"features", kClasses}}, {mean}), true);
  }
  return builder.Take();
}

network::Network Segmenter() {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{1, kSide, kSide}}}, {});
  const Attributes wide = {
      {"channels", int64_t{8}}, {"kernel", Pair{5, 5}}, {"padding", Pair{2, 2}}};
  const int conv = *builder.Add("conv", "conv2d", wide, {in});
  const int relu = *builder.Add("relu", "relu", {}, {conv});
  builder.AddOutput(
      "logits",
      *builder.Add("head", "conv2d", {{"channels", int64_t{2}}, {"kernel", Pair{1, 1}}}, {relu}));
  return builder.Take();
}

TEST_F(TrainerTest, LearnsAndReportsEachEpochAtItsEnd) {
  const Result result = Run(Task(Classifier()), "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED) << result.message;
  EXPECT_FALSE(result.stopped);
  EXPECT_TRUE(result.has_weights);
  EXPECT_FALSE(result.has_checkpoint);
  EXPECT_GT(Last(result, "validation_accuracy"), 0.9);
  EXPECT_GT(Last(result, "training_accuracy"), 0.8);
  EXPECT_LT(Last(result, "validation_loss"), 0.8);
  EXPECT_GT(Last(result, "training_seconds"), 0);
  EXPECT_GT(Last(result, "peak_memory_bytes"), TestDevice().is_cpu() ? 1e6 : 1e5);
  // Two epochs while it ran, the last with the result; 240 examples in batches of 32 are 8 steps.
  ASSERT_THAT(progress_.reported, SizeIs(8));
  EXPECT_EQ(progress_.reported[0].epoch(), 1);
  EXPECT_EQ(progress_.reported[0].step(), 8);
  EXPECT_EQ(progress_.reported[7].epoch(), 2);
  EXPECT_EQ(result.measurements[0].epoch(), 3);
  EXPECT_EQ(result.measurements[0].step(), 24);
}

TEST_F(TrainerTest, TheSameTaskGivesTheSameBitsAndAnotherSeedOthers) {
  v1::TrainTask task = Task(Classifier());
  task.set_deterministic(true);
  task.mutable_recipe()->mutable_augmentation()->set_crop_padding(1);
  task.mutable_recipe()->mutable_augmentation()->set_cutout(2);
  task.mutable_recipe()->set_drop_path(0.2);
  const Result first = Run(task, "a");
  progress_ = {};
  const Result second = Run(task, "b");
  EXPECT_EQ(Contents(Path("a.safetensors")), Contents(Path("b.safetensors")));
  EXPECT_EQ(Last(first, "validation_loss"), Last(second, "validation_loss"));
  task.mutable_recipe()->set_seed(12);
  progress_ = {};
  Run(task, "c");
  EXPECT_NE(Contents(Path("a.safetensors")), Contents(Path("c.safetensors")));
}

TEST_F(TrainerTest, ARungThatContinuesEqualsATrainingWithoutInterruption) {
  for (const char* optimizer : {"sgd", "adamw", "rmsprop"}) {
    v1::TrainTask task = Task(Classifier());
    if (optimizer == std::string("adamw"))
      task.mutable_recipe()->mutable_optimizer()->mutable_adamw();
    if (optimizer == std::string("rmsprop")) {
      task.mutable_recipe()->mutable_optimizer()->mutable_rmsprop();
    }
    progress_ = {};
    Run(task, "whole");
    task.mutable_fidelity()->set_epochs(1);
    task.set_keep_checkpoint(true);
    progress_ = {};
    EXPECT_TRUE(Run(task, "part").has_checkpoint);
    task.clear_fidelity();
    task.set_checkpoint("rung");
    files_["rung"] = Path("part.checkpoint");
    progress_ = {};
    const Result result = Run(task, "rest");
    EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED) << result.message;
    EXPECT_EQ(Contents(Path("rest.safetensors")), Contents(Path("whole.safetensors"))) << optimizer;
  }
}

TEST_F(TrainerTest, APreemptedTrainingGoesOnFromTheVeryStep) {
  v1::TrainTask task = Task(Classifier());
  const Result whole = Run(task, "whole");
  progress_ = {};
  progress_.reason = v1::STOP_REASON_PREEMPTED;
  progress_.stop_after = 13;
  const Result part = Run(task, "part");
  EXPECT_TRUE(part.stopped);
  EXPECT_TRUE(part.has_checkpoint);
  EXPECT_FALSE(part.has_weights);
  task.set_checkpoint("rung");
  files_["rung"] = Path("part.checkpoint");
  progress_ = {};
  const Result rest = Run(task, "rest");
  EXPECT_EQ(Contents(Path("rest.safetensors")), Contents(Path("whole.safetensors")));
  EXPECT_EQ(Last(rest, "training_loss"), Last(whole, "training_loss"));
}

TEST_F(TrainerTest, AnEarlyStopKeepsTheEpochsThatEnded) {
  progress_.reason = v1::STOP_REASON_EARLY;
  progress_.stop_after = 15;  // in the second epoch, validation batches counted
  const Result result = Run(Task(Classifier()), "a");
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED);
  EXPECT_FALSE(result.has_checkpoint);
  ASSERT_FALSE(progress_.reported.empty());
  EXPECT_EQ(progress_.reported.back().epoch(), 1);
}

TEST_F(TrainerTest, ScoresAreOfTheNetworkAsItStarts) {
  v1::TrainTask task = Task(Classifier());
  for (const char* score : {"synflow", "nwot"}) task.add_scores(score);
  const Result trained = Run(task, "a");
  ASSERT_EQ(trained.failure, v1::FAILURE_KIND_UNSPECIFIED) << trained.message;
  EXPECT_EQ(progress_.reported[0].metric(), "synflow");
  EXPECT_EQ(progress_.reported[0].epoch(), 0);
  const double synflow = Last(trained, "synflow");
  const double nwot = Last(trained, "nwot");
  EXPECT_TRUE(std::isfinite(synflow) && std::isfinite(nwot));
  EXPECT_GT(Last(trained, "validation_accuracy"), 0.9);

  // A rung of a score ends there, and another recipe changes nothing about it.
  progress_ = {};
  task.mutable_fidelity()->set_zero_cost("nwot");
  task.mutable_recipe()->mutable_optimizer()->mutable_sgd()->set_learning_rate(1);
  const Result scored = Run(task, "b");
  ASSERT_EQ(scored.failure, v1::FAILURE_KIND_UNSPECIFIED) << scored.message;
  EXPECT_THAT(scored.measurements, SizeIs(2));
  EXPECT_EQ(Last(scored, "synflow"), synflow);
  EXPECT_EQ(Last(scored, "nwot"), nwot);
  EXPECT_FALSE(scored.has_weights);

  progress_ = {};
  task.clear_fidelity();
  task.mutable_recipe()->set_epochs(0);
  const Result without_epochs = Run(task, "c");
  EXPECT_THAT(without_epochs.measurements, SizeIs(2));
  EXPECT_EQ(Last(without_epochs, "nwot"), nwot);
  task.mutable_recipe()->set_seed(12);
  EXPECT_NE(Last(Run(task, "d"), "nwot"), nwot);
}

TEST_F(TrainerTest, AScoreThatIsNotFiniteOrDoesNotApplyEndsTheTaskByItsName) {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{1, kSide, kSide}}}, {});
  const int flat = *builder.Add("flat", "flatten", {}, {in});
  builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", kClasses}}, {flat}));
  v1::TrainTask task = Task(builder.Take());
  task.add_scores("nwot");
  task.mutable_fidelity()->set_zero_cost("nwot");
  Result result = Run(task, "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_INVALID);
  EXPECT_EQ(result.message, "score nwot does not apply: the network has no ReLU");

  // Nothing flows through zero.
  network::NetworkBuilder dead;
  const int start = *dead.Add("in", "input", {{"shape", Pair{1, kSide, kSide}}}, {});
  const int conv =
      *dead.Add("conv", "conv2d",
                {{"channels", int64_t{4}}, {"kernel", Pair{1, 1}}, {"bias", false}}, {start});
  const int zero = *dead.Add("zero", "zero", {}, {conv});
  const int pool = *dead.Add("pool", "global_avg_pool", {}, {zero});
  dead.AddOutput("logits", *dead.Add("head", "linear", {{"features", kClasses}}, {pool}));
  task = Task(dead.Take());
  task.add_scores("synflow");
  result = Run(task, "b");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_EQ(result.message, "score synflow is not finite: -inf");
  EXPECT_FALSE(result.has_weights);
}

TEST_F(TrainerTest, ALossThatIsNotFiniteIsDivergence) {
  v1::TrainTask task = Task(Classifier());
  task.mutable_recipe()->set_batch(4);
  v1::Sgd& sgd = *task.mutable_recipe()->mutable_optimizer()->mutable_sgd();
  sgd.set_learning_rate(100);
  sgd.set_weight_decay(1);  // Each step makes the weights a hundred times as large.
  const Result result = Run(task, "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_THAT(result.message, HasSubstr("not finite in epoch 1"));
  for (const v1::Measurement& m : result.measurements) EXPECT_TRUE(std::isfinite(m.value()));
  EXPECT_FALSE(result.has_weights);
}

TEST_F(TrainerTest, ARecipeOutOfItsRangesIsInvalidAndOneThatSaysNothingHasTheDefaults) {
  v1::TrainTask task = Task(Classifier());
  task.mutable_recipe()->set_batch(0);
  const Result result = Run(task, "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_INVALID);
  EXPECT_EQ(result.message, "recipe.batch: found 0, allowed [1, 65536]");
  task.clear_recipe();
  const Result silent = Run(task, "b");
  EXPECT_EQ(silent.failure, v1::FAILURE_KIND_UNSPECIFIED) << silent.message;
  const double loss = Last(silent, "training_loss");
  progress_ = {};
  task.mutable_recipe()->set_epochs(1);
  task.mutable_recipe()->set_batch(128);
  task.mutable_recipe()->mutable_optimizer()->mutable_sgd()->set_learning_rate(0.1);
  EXPECT_EQ(Last(Run(task, "c"), "training_loss"), loss);
}

TEST_F(TrainerTest, MemoryThatIsNotThereIsReportedAndTheNextTaskRuns) {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{1, kSide, kSide}}}, {});
  const Attributes huge = {
      {"channels", int64_t{1} << 20}, {"kernel", Pair{8, 8}}, {"padding", Pair{128, 128}}};
  const int conv = *builder.Add("conv", "conv2d", huge, {in});
  const int pool = *builder.Add("pool", "global_avg_pool", {}, {conv});
  builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", kClasses}}, {pool}));
  EXPECT_EQ(Run(Task(builder.Take()), "a").failure, v1::FAILURE_KIND_OUT_OF_MEMORY);
  EXPECT_EQ(Run(Task(Classifier()), "b").failure, v1::FAILURE_KIND_UNSPECIFIED);
}

TEST_F(TrainerTest, AFinalTestWithStoredWeightsEqualsOneThatTrainsFirst) {
  const v1::TrainTask task = Task(Classifier());
  Run(task, "winner");
  files_["winner"] = Path("winner.safetensors");
  Assignment assignment = Assign(task, "test");
  v1::FinalTestTask final_test;
  *final_test.mutable_training() = task;
  *assignment.task.mutable_final_test() = final_test;
  progress_ = {};
  const Result trained = evaluator_.Run(assignment, progress_);
  ASSERT_EQ(trained.failure, v1::FAILURE_KIND_UNSPECIFIED) << trained.message;
  const double loss = Last(trained, "test_loss");
  EXPECT_GT(Last(trained, "test_accuracy"), 0.9);
  final_test.set_weights("winner");
  *assignment.task.mutable_final_test() = final_test;
  progress_ = {};
  const Result loaded = evaluator_.Run(assignment, progress_);
  EXPECT_EQ(Last(loaded, "test_loss"), loss);
  EXPECT_TRUE(std::isnan(Last(loaded, "training_loss")));
}

TEST_F(TrainerTest, WeightsCarryTheStablePathsOfTheNetwork) {
  Run(Task(Classifier(/*auxiliary=*/true)), "a");
  const absl::StatusOr<TensorFile> file = ReadTensors(Path("a.safetensors"));
  ASSERT_TRUE(file.ok()) << file.status();
  std::set<std::string> names;
  for (const NamedTensor& entry : file->tensors) names.insert(entry.name);
  EXPECT_EQ(names, (std::set<std::string>{"conv.weight", "conv.bias", "norm.weight", "norm.bias",
                                          "norm.running_mean", "norm.running_var", "head.weight",
                                          "head.bias", "second.weight", "second.bias"}));
}

TEST_F(TrainerTest, WeightsSayWhatTheyAreAndHowTheyWereMade) {
  v1::TrainTask task = Task(Classifier());
  task.set_genotype("|conv~0|");
  task.set_network_key("5b41");
  task.mutable_data()->mutable_dataset()->set_fingerprint("f1");
  const Result result = Run(task, "a");
  const absl::StatusOr<TensorFile> file = ReadTensors(Path("a.safetensors"));
  ASSERT_TRUE(file.ok()) << file.status();
  const std::map<std::string, std::string>& said = file->metadata;
  const auto json = [&](const char* name) { return nlohmann::json::parse(said.at(name)); };
  EXPECT_EQ(said.at("format"), "pt");
  EXPECT_EQ(said.at("genotype"), "|conv~0|");
  EXPECT_EQ(said.at("network_key"), "5b41");
  EXPECT_EQ(said.at("evaluator"), DescribeTorchEvaluator().version);
  EXPECT_EQ(json("recipe")["optimizer"]["sgd"]["momentum"], 0.9);
  EXPECT_EQ(json("recipe")["seed"], 11);
  EXPECT_EQ(json("data")["fingerprint"], "f1");
  EXPECT_EQ(json("data")["classes"], kClasses);
  EXPECT_EQ(json("normalization")["mean"].size(), json("normalization")["scale"].size());
  EXPECT_GT(json("normalization")["mean"][0], 0);
  // The last value of what a repetition gives again, and nothing else.
  EXPECT_EQ(json("metrics")["validation_accuracy"], Last(result, "validation_accuracy"));
  EXPECT_FALSE(json("metrics").contains("training_seconds"));
  // The network can be built of what stands there.
  v1::Network network;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(said.at("network"), &network).ok());
  EXPECT_EQ(network.SerializeAsString().size(), task.network().SerializeAsString().size());
  EXPECT_EQ(network.nodes_size(), task.network().nodes_size());
}

TEST_F(TrainerTest, EqualTrainingsGiveEqualFiles) {
  for (const char* name : {"a", "b"}) {
    progress_ = {};
    Run(Task(Classifier()), name);
  }
  const auto bytes = [&](const std::string& name) {
    std::ifstream file(Path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_GT(bytes("a.safetensors").size(), 1000u);
  EXPECT_TRUE(bytes("a.safetensors") == bytes("b.safetensors"));
}

TEST_F(TrainerTest, TheAuxiliaryHeadLearnsOnlyWithAWeight) {
  const auto second_weight = [&](double weight) {
    v1::TrainTask task = Task(Classifier(/*auxiliary=*/true));
    task.mutable_recipe()->mutable_optimizer()->mutable_sgd()->set_weight_decay(0);
    task.mutable_recipe()->set_auxiliary_weight(weight);
    progress_ = {};
    EXPECT_EQ(Run(task, "a").failure, v1::FAILURE_KIND_UNSPECIFIED);
    const absl::StatusOr<TensorFile> file = ReadTensors(Path("a.safetensors"));
    for (const NamedTensor& entry : file->tensors) {
      if (entry.name == "second.weight") return entry.tensor;
    }
    return at::Tensor();
  };
  auto fresh = NetworkModule::Create(Classifier(true), 11, at::kCPU);
  const at::Tensor start = (*fresh)->parameters().Find("second.weight");
  EXPECT_TRUE(second_weight(0).equal(start));
  EXPECT_FALSE(second_weight(0.4).equal(start));
}

TEST_F(TrainerTest, ASegmentationReportsItsMeanIntersectionOverUnion) {
  v1::TrainTask task = Task(Segmenter());
  *task.mutable_data() = Data(/*segmentation=*/true);
  task.set_deterministic(false);  // Of its loss LibTorch has no such form on a GPU.
  task.mutable_recipe()->set_loss(v1::LOSS_PIXEL_CROSS_ENTROPY);
  task.mutable_recipe()->mutable_augmentation()->set_flip(true);
  task.mutable_recipe()->mutable_augmentation()->set_crop_padding(1);
  const Result result = Run(task, "a");
  ASSERT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED) << result.message;
  EXPECT_GT(Last(result, "validation_mean_iou"), 0.75);
  EXPECT_GT(Last(result, "validation_accuracy"), 0.85);
  EXPECT_LT(Last(result, "validation_mean_iou"), Last(result, "validation_accuracy"));
}

TEST_F(TrainerTest, AShareOfTheDataTakesFewerStepsAndAnotherResolutionResizes) {
  v1::TrainTask task = Task(Classifier());
  task.mutable_fidelity()->set_train_share(0.5);
  const Result half = Run(task, "a");
  EXPECT_EQ(half.measurements[0].step(), 12);
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{1, 12, 12}}}, {});
  const int flat = *builder.Add("flat", "flatten", {}, {in});
  builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", kClasses}}, {flat}));
  task = Task(builder.Take());
  task.mutable_recipe()->mutable_optimizer()->mutable_sgd()->set_learning_rate(0.01);
  task.mutable_recipe()->set_resolution(12);
  progress_ = {};
  const Result resized = Run(task, "b");
  EXPECT_EQ(resized.failure, v1::FAILURE_KIND_UNSPECIFIED) << resized.message;
  EXPECT_GT(Last(resized, "validation_accuracy"), 0.8);
}

TEST_F(TrainerTest, MixedPrecisionLearnsToo) {
  v1::TrainTask task = Task(Classifier());
  task.mutable_recipe()->set_precision(v1::PRECISION_BFLOAT16);
  const Result result = Run(task, "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED) << result.message;
  EXPECT_GT(Last(result, "validation_accuracy"), 0.85);
}

TEST_F(TrainerTest, DataThatAreMissingOrBrokenAreUnavailable) {
  files_.erase("train-labels");
  Result result = Run(Task(Classifier()), "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNAVAILABLE);
  EXPECT_THAT(result.message, HasSubstr("train-labels"));
  files_["train-labels"] = Path("broken");
  std::ofstream(Path("broken")) << "nothing";
  result = Run(Task(Classifier()), "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNAVAILABLE);
}

TEST_F(TrainerTest, ANetworkOrCheckpointThatDoesNotFitIsInvalid) {
  network::Network network = Classifier();
  v1::TrainTask task = Task(network);
  task.mutable_network()->mutable_nodes(1)->set_operation("nonsense");
  EXPECT_EQ(Run(task, "a").failure, v1::FAILURE_KIND_INVALID);
  // Images of another size than the network's input.
  task = Task(network);
  task.mutable_recipe()->set_resolution(12);
  Result result = Run(task, "a");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_INVALID);
  EXPECT_THAT(result.message, HasSubstr("[1, 12, 12]"));
  // The weights of another network.
  task = Task(Segmenter());
  task.set_checkpoint("other");
  *task.mutable_data() = Data(/*segmentation=*/true);
  Run(Task(network), "b");
  files_["other"] = Path("b.safetensors");
  result = Run(task, "c");
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_INVALID);
}

TEST_F(TrainerTest, SaysWhereItsTimeWentWhereAFileIsNamed) {
  const std::string path = Path("times");
  setenv("NASCENT_EVALUATOR_TIMES", path.c_str(), 1);
  TorchEvaluator evaluator;
  unsetenv("NASCENT_EVALUATOR_TIMES");
  EXPECT_EQ(evaluator.Run(Assign(Task(Classifier()), "a"), progress_).failure,
            v1::FAILURE_KIND_UNSPECIFIED);
  std::ifstream file(path);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  google::protobuf::Struct times;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(line, &times).ok()) << line;
  double sum = 0;
  for (const char* phase : {"build", "data", "forward", "backward", "optimizer", "validation"}) {
    ASSERT_TRUE(times.fields().contains(phase)) << line;
    EXPECT_GT(times.fields().at(phase).number_value(), 0) << phase;
    sum += times.fields().at(phase).number_value();
  }
  EXPECT_LE(sum, times.fields().at("total").number_value() + 1e-4);
  EXPECT_FALSE(std::getline(file, line));
}

TEST_F(TrainerTest, HostAndDeviceMakeTheSameBatches) {
  for (bool segmentation : {false, true}) {
    const auto data = ResidentData::Load(Data(segmentation), files_, /*resolution=*/0,
                                         ResidentData::Parts::kTrainAndValidation, at::kCPU);
    ASSERT_TRUE(data.ok()) << data.status();
    const auto on_device =
        ResidentData::Load(Data(segmentation), files_, /*resolution=*/0,
                           ResidentData::Parts::kTrainAndValidation, TestDevice());
    ASSERT_TRUE(on_device.ok()) << on_device.status();
    v1::Augmentation augmentation;
    augmentation.set_flip(true);
    augmentation.set_crop_padding(3);
    std::vector<int64_t> examples = {5, 0, 17, 200, 3, 3};
    const std::vector<ImageChange> changes =
        DrawChanges(augmentation, 1, 2, examples, data->height(), data->width());
    const Batch host = data->AssembleOnHost(data->train(), changes, /*cutout=*/4);
    const Batch device = on_device->AssembleOnDevice(on_device->train(), changes, /*cutout=*/4);
    EXPECT_TRUE(at::allclose(host.images, device.images.cpu(), 0, 1e-6));
    EXPECT_TRUE(host.labels.equal(device.labels.cpu()));
  }
}

}  // namespace
}  // namespace nascent::worker
