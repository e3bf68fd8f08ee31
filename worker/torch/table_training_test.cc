// Tables from their files to a trained network.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/data/idx.h"
#include "common/data/split.h"
#include "common/network/builder.h"
#include "common/network/network_proto.h"
#include "common/random.h"
#include "worker/torch/resident_data.h"
#include "worker/torch/tensor_file.h"
#include "worker/torch/testing/test_device.h"
#include "worker/torch/torch_evaluator.h"

namespace nascent::worker {
namespace {

using ::testing::HasSubstr;

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

class RecordingProgress : public Progress {
 public:
  void Report(double, const std::vector<v1::Measurement>& measurements) override {
    reported.insert(reported.end(), measurements.begin(), measurements.end());
  }
  v1::StopReason StopRequested() override { return v1::STOP_REASON_UNSPECIFIED; }

  std::vector<v1::Measurement> reported;
};

// Columns: a number that is missing in places, a category of two values, a number. So the features
// are: a, a is missing, k = 0, k = 1, b.
class TableTrainingTest : public ::testing::Test {
 protected:
  static constexpr int64_t kFeatures = 5;

  TableTrainingTest() {
    folder_ = std::filesystem::path(::testing::TempDir()) / "nascent_tables" /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    v1::Dataset& dataset = *data_.mutable_dataset();
    dataset.set_name("rows");
    dataset.set_kind(v1::DATA_KIND_TABLE_CLASSIFICATION);
    dataset.mutable_shape()->add_dimensions(kFeatures);
    dataset.set_classes(2);
    v1::TableLayout& table = *dataset.mutable_table();
    for (const char* name : {"a", "k", "b"}) {
      v1::TableColumn& column = *table.add_columns();
      column.set_name(name);
      column.set_type(v1::COLUMN_TYPE_NUMBER);
    }
    table.mutable_columns(0)->set_missing(1);
    table.mutable_columns(1)->set_type(v1::COLUMN_TYPE_CATEGORY);
    for (const char* name : {"0", "1"}) table.mutable_columns(1)->add_categories(name);
    for (const char* name : {"no", "yes"}) table.mutable_target()->add_categories(name);
  }
  ~TableTrainingTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  void WriteFile(const std::string& name, const std::string& bytes) {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    files_[name] = Path(name);
  }

  void AddSplit(const std::string& name, const std::vector<float>& rows,
                const std::vector<uint8_t>& labels) {
    const auto count = static_cast<int64_t>(labels.size());
    std::string bytes =
        data::WriteIdxHeader(data::IdxType::kFloat, std::vector<int64_t>{count, kFeatures});
    for (const float value : rows) data::AppendIdxFloat(value, bytes);
    WriteFile(name + "-rows", bytes);
    WriteFile(name + "-labels", data::WriteIdx({{count}, labels}));
    v1::DataSplit& split = *data_.mutable_dataset()->add_splits();
    split.set_name(name);
    split.set_count(count);
    split.set_examples(name + "-rows");
    split.set_labels(name + "-labels");
  }

  // The class says on which side of 1000 the number a is, where it is known, and else the category.
  void AddLearnable(const std::string& name, int64_t count) {
    RandomStream random(3, static_cast<uint64_t>(count));
    std::vector<float> rows;
    std::vector<uint8_t> labels;
    for (int64_t i = 0; i < count; ++i) {
      const auto label = static_cast<uint8_t>(random.Below(2));
      const bool missing = random.Below(5) == 0;
      const auto a = static_cast<float>(1000 + (label == 1 ? 1 : -1) * (2 + 5 * random.Uniform()));
      const bool category = missing ? label == 1 : random.Below(2) == 1;
      for (const float value : {missing ? kNone : a, missing ? 1.0F : 0.0F, category ? 0.0F : 1.0F,
                                category ? 1.0F : 0.0F, static_cast<float>(random.Normal())}) {
        rows.push_back(value);
      }
      labels.push_back(label);
    }
    AddSplit(name, rows, labels);
  }

  v1::TrainTask Task() const {
    network::NetworkBuilder builder;
    int at = *builder.Add("in", "input", {{"shape", std::vector<int64_t>{kFeatures}}}, {});
    at = *builder.Add("first", "linear", {{"features", int64_t{16}}}, {at});
    at = *builder.Add("norm", "batch_norm", {}, {at});
    at = *builder.Add("relu", "relu", {}, {at});
    builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", int64_t{2}}}, {at}));
    v1::TrainTask task;
    *task.mutable_network() = network::ToProto(builder.Take());
    *task.mutable_data() = data_;
    v1::Recipe& recipe = *task.mutable_recipe();
    recipe.set_epochs(8);
    recipe.set_batch(32);
    recipe.mutable_optimizer()->mutable_adam()->set_learning_rate(0.01);
    task.set_deterministic(!TestDevice().is_cpu());
    return task;
  }

  Result Run(const v1::Task& task) {
    progress_ = {};
    Assignment assignment;
    assignment.task = task;
    assignment.files = files_;
    assignment.weights_path = Path("weights");
    assignment.checkpoint_path = Path("checkpoint");
    assignment.device = TestDeviceName();
    return evaluator_.Run(assignment, progress_);
  }
  Result Run(const v1::TrainTask& train) {
    v1::Task task;
    *task.mutable_train() = train;
    return Run(task);
  }

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
  v1::DataRef data_;
  RecordingProgress progress_;
  TorchEvaluator evaluator_;
};

TEST_F(TableTrainingTest, ANetworkLearnsRowsAndIsTestedOnOthers) {
  AddLearnable("train", 441);  // the last batch of an epoch has one row
  AddLearnable("test", 100);
  data_.set_train(353);
  data_.set_validation(88);
  const v1::TrainTask train = Task();
  const Result result = Run(train);
  ASSERT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED) << result.message;
  EXPECT_GT(Last(result, "validation_accuracy"), 0.95);
  const absl::StatusOr<TensorFile> file = ReadTensors(Path("weights"));
  ASSERT_TRUE(file.ok()) << file.status();
  const auto said = nlohmann::json::parse(file->metadata.at("normalization"));
  EXPECT_EQ(said["mean"].size(), kFeatures);
  EXPECT_NEAR(said["mean"][0], 1000, 5);
  const auto about = nlohmann::json::parse(file->metadata.at("data"));
  EXPECT_EQ(about["table"]["columns"][1]["categories"][1], "1");
  EXPECT_EQ(about["table"]["target"]["categories"][1], "yes");

  files_["winner"] = Path("winner");
  std::filesystem::copy_file(Path("weights"), Path("winner"));
  v1::Task test;
  *test.mutable_final_test()->mutable_training() = train;
  test.mutable_final_test()->set_weights("winner");
  const Result tested = Run(test);
  ASSERT_EQ(tested.failure, v1::FAILURE_KIND_UNSPECIFIED) << tested.message;
  EXPECT_GT(Last(tested, "test_accuracy"), 0.95);
}

TEST_F(TableTrainingTest, RowsAreNormalisedByThoseThatAreTrainedOn) {
  // Of four rows two are trained on and one validates; which, the division says.
  const auto split = data::SplitTrainingData(4, 2, 1);
  ASSERT_TRUE(split.ok());
  std::vector<float> rows(4 * kFeatures, 1e6F);
  const auto set = [&](int64_t row, std::vector<float> values) {
    std::copy(values.begin(), values.end(), rows.begin() + row * kFeatures);
  };
  set(split->train[0], {2, 0, 1, 0, 7});
  set(split->train[1], {6, 0, 0, 0, 7});
  // Missing, a category that the training has not seen, and another value of what never changed.
  set(split->validation[0], {kNone, 1, 0, 1, 9});
  AddSplit("train", rows, {0, 1, 0, 1});
  AddSplit("test", {8, 0, 1, 0, 7}, {1});
  data_.set_train(2);
  data_.set_validation(1);
  const auto values = [](const Batch& batch) {
    const at::Tensor flat = batch.images.cpu().contiguous().view({-1});
    return std::vector<float>(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  };
  const auto data = ResidentData::Load(data_, files_, /*resolution=*/0,
                                       ResidentData::Parts::kTrainAndValidation, TestDevice());
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->shape(), network::Shape{kFeatures});
  EXPECT_THAT(values(data->Assemble(data->train(), 0, 2)),
              ::testing::ElementsAre(-1, 0, 1, 0, 0, 1, 0, 0, 0, 0));
  EXPECT_THAT(values(data->Assemble(data->validation(), 0, 1)),
              ::testing::ElementsAre(0, 0, 0, 0, 0));
  const std::vector<ImageChange> second_first = {{.example = 1}, {.example = 0}};
  const Batch chosen = data->Assemble(data->train(), second_first, /*cutout=*/0);
  EXPECT_THAT(values(chosen), ::testing::ElementsAre(1, 0, 0, 0, 0, -1, 0, 1, 0, 0));
  EXPECT_EQ(chosen.labels[0].item<int64_t>(), split->train[1] % 2);
  const Batch on_device = data->AssembleOnDevice(data->train(), second_first, /*cutout=*/0);
  EXPECT_TRUE(on_device.images.equal(chosen.images));
  EXPECT_TRUE(on_device.labels.equal(chosen.labels));
  // The test part by the same numbers.
  const auto test = ResidentData::Load(data_, files_, 0, ResidentData::Parts::kTest, TestDevice());
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_THAT(values(test->Assemble(test->test(), 0, 1)), ::testing::ElementsAre(2, 0, 1, 0, 0));
}

TEST_F(TableTrainingTest, WhatOnlyImagesHaveIsInvalidForRows) {
  AddLearnable("train", 100);
  data_.set_train(80);
  data_.set_validation(20);
  v1::TrainTask task = Task();
  task.mutable_recipe()->mutable_augmentation()->set_flip(true);
  const Result result = Run(task);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_INVALID);
  EXPECT_THAT(result.message, HasSubstr("recipe.augmentation.flip: found true"));
}

TEST_F(TableTrainingTest, FilesThatDoNotFitTheColumnsAreInvalid) {
  AddLearnable("train", 100);
  data_.set_train(80);
  data_.set_validation(20);
  v1::TrainTask task = Task();
  task.mutable_data()->mutable_dataset()->mutable_table()->mutable_columns(0)->set_missing(0);
  const Result result = Run(task);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_INVALID);
  EXPECT_THAT(result.message, HasSubstr("its columns give 4 features, the rows have 5"));
}

}  // namespace
}  // namespace nascent::worker
