#include "common/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "common/data/idx.h"
#include "common/data/table_features.h"
#include "common/sha256.h"

namespace nascent::data {
namespace {

using ::testing::HasSubstr;

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() {
    dataset_.set_name("tiny");
    dataset_.set_kind(v1::DATA_KIND_IMAGE_CLASSIFICATION);
    for (const int size : {1, 2, 2}) dataset_.mutable_shape()->add_dimensions(size);
    dataset_.set_classes(3);
    AddSplit("train", {{3, 2, 2}, std::vector<uint8_t>(12)}, {{3}, {0, 1, 2}});
  }

  std::string Store(const IdxArray& array) { return StoreBytes(WriteIdx(array)); }
  std::string StoreBytes(const std::string& bytes) {
    const std::string hash = Sha256Hex(bytes);
    files_[hash] = testing::TempDir() + hash;
    std::ofstream(files_[hash], std::ios::binary) << bytes;
    return hash;
  }
  void AddSplit(const std::string& name, const IdxArray& examples, const IdxArray& labels) {
    v1::DataSplit& split = *dataset_.add_splits();
    split.set_name(name);
    split.set_examples(Store(examples));
    split.set_labels(Store(labels));
  }
  absl::Status Check() {
    return CheckDatasetFiles(dataset_,
                             [this](const std::string& hash) -> absl::StatusOr<std::string> {
                               if (files_.count(hash) == 0)
                                 return absl::NotFoundError("artifact " + hash);
                               return files_[hash];
                             });
  }
  std::string Message() { return std::string(Check().message()); }

  v1::Dataset dataset_;
  std::map<std::string, std::string> files_;
};

TEST_F(DatasetTest, FilesThatFitAreAcceptedAndCounted) {
  ASSERT_TRUE(Check().ok()) << Check();
  EXPECT_EQ(dataset_.splits(0).count(), 3);
}

TEST_F(DatasetTest, ColourImagesHaveAChannelDimension) {
  dataset_.mutable_shape()->set_dimensions(0, 3);
  EXPECT_THAT(Message(), HasSubstr("splits[0].examples: the file holds 3x2x2, needed is 3x3x2x2"));
  dataset_.clear_splits();
  AddSplit("train", {{3, 3, 2, 2}, std::vector<uint8_t>(36)}, {{3}, {0, 1, 2}});
  EXPECT_TRUE(Check().ok()) << Check();
}

TEST_F(DatasetTest, SegmentationHasALabelPerPixel) {
  dataset_.set_kind(v1::DATA_KIND_IMAGE_SEGMENTATION);
  EXPECT_THAT(Message(), HasSubstr("splits[0].labels: the file holds 3, needed is 3x2x2"));
  dataset_.clear_splits();
  AddSplit("train", {{3, 2, 2}, std::vector<uint8_t>(12)}, {{3, 2, 2}, std::vector<uint8_t>(12)});
  EXPECT_TRUE(Check().ok()) << Check();
}

class TableDatasetTest : public DatasetTest {
 protected:
  // A number, a category of two values that is missing in places: four features.
  TableDatasetTest() {
    dataset_.set_kind(v1::DATA_KIND_TABLE_CLASSIFICATION);
    dataset_.clear_shape();
    dataset_.mutable_shape()->add_dimensions(4);
    v1::TableLayout& table = *dataset_.mutable_table();
    v1::TableColumn* column = table.add_columns();
    column->set_name("age");
    column->set_type(v1::COLUMN_TYPE_NUMBER);
    column = table.add_columns();
    column->set_name("colour");
    column->set_type(v1::COLUMN_TYPE_CATEGORY);
    for (const char* value : {"blue", "red"}) column->add_categories(value);
    column->set_missing(1);
    for (const char* value : {"a", "b", "c"}) table.mutable_target()->add_categories(value);
    dataset_.clear_splits();
    AddSplit("train", Floats(3, 4), {{3}, {0, 2, 2}});
  }
  static IdxArray Floats(int64_t rows, int64_t features) {
    return {{rows, features},
            std::vector<uint8_t>(static_cast<size_t>(4 * rows * features)),
            IdxType::kFloat};
  }
};

TEST_F(TableDatasetTest, RowsThatFitTheColumnsAreAcceptedAndClassesCounted) {
  ASSERT_TRUE(Check().ok()) << Check();
  EXPECT_EQ(dataset_.splits(0).count(), 3);
  EXPECT_THAT(dataset_.splits(0).class_counts(), ::testing::ElementsAre(1, 0, 2));
}

TEST_F(TableDatasetTest, EachColumnGivesItsFeatures) {
  std::vector<std::string> names;
  for (const Feature& feature : FeaturesOf(dataset_.table())) {
    names.push_back(FeatureName(dataset_.table(), feature));
  }
  EXPECT_THAT(names,
              ::testing::ElementsAre("age", "colour = blue", "colour = red", "colour is missing"));
}

TEST_F(TableDatasetTest, WhatDoesNotFitTheColumnsIsRefused) {
  v1::Dataset sound = dataset_;
  dataset_.mutable_table()->mutable_columns(1)->set_missing(0);
  EXPECT_THAT(Message(), HasSubstr("dataset.shape: found 4; needed: the 3 features"));
  dataset_ = sound;
  dataset_.mutable_table()->clear_columns();
  EXPECT_THAT(Message(), HasSubstr("dataset.table.columns: they give 0 features"));
  dataset_ = sound;
  dataset_.mutable_table()->mutable_target()->add_categories("d");
  EXPECT_THAT(Message(), HasSubstr("table.target.categories: found 4 names for 3 classes"));
  dataset_ = sound;
  dataset_.clear_splits();
  AddSplit("train", {{3, 4}, std::vector<uint8_t>(12)}, {{3}, {0, 1, 2}});
  EXPECT_THAT(Message(), HasSubstr("examples: the file holds bytes, needed are float32"));
  dataset_.clear_splits();
  AddSplit("train", Floats(3, 5), {{3}, {0, 1, 2}});
  EXPECT_THAT(Message(), HasSubstr("the file holds 3x5, needed is 3x4"));
}

TEST_F(TableDatasetTest, TheFingerprintSaysWhichFeaturesAreNumbers) {
  v1::Dataset other = dataset_;
  other.mutable_table()->mutable_columns(0)->set_name("years");
  EXPECT_EQ(Fingerprint(other), Fingerprint(dataset_));
  other.mutable_table()->mutable_columns(0)->set_type(v1::COLUMN_TYPE_CATEGORY);
  other.mutable_table()->mutable_columns(0)->add_categories("1");
  EXPECT_NE(Fingerprint(other), Fingerprint(dataset_));
}

TEST_F(DatasetTest, ImagesAreBytes) {
  dataset_.clear_splits();
  AddSplit("train", {{3, 2, 2}, std::vector<uint8_t>(48), IdxType::kFloat}, {{3}, {0, 1, 2}});
  EXPECT_THAT(Message(), HasSubstr("examples: the file holds float32, needed are bytes"));
}

TEST_F(DatasetTest, LabelsBeyondTheClassesAreRefused) {
  dataset_.set_classes(2);
  EXPECT_THAT(Message(), HasSubstr("label 2 at position 2, but there are 2 classes"));
}

TEST_F(DatasetTest, CorruptAndMissingFilesAreRefused) {
  const std::string bytes = WriteIdx({{3, 2, 2}, std::vector<uint8_t>(12)});
  dataset_.mutable_splits(0)->set_examples(StoreBytes(bytes.substr(0, bytes.size() - 1)));
  EXPECT_THAT(Message(), HasSubstr("truncated"));
  dataset_.mutable_splits(0)->set_examples(std::string(64, 'a'));
  EXPECT_EQ(Check().code(), absl::StatusCode::kNotFound);
  dataset_.mutable_splits(0)->set_examples("../../etc/passwd");
  EXPECT_THAT(Message(), HasSubstr("splits[0].examples: not a SHA-256"));
}

TEST_F(DatasetTest, FieldsOutOfRangeAreNamed) {
  v1::Dataset changed = dataset_;
  changed.set_name("../x y");
  EXPECT_THAT(std::string(CheckDataset(changed).message()), HasSubstr("dataset.name"));
  changed = dataset_;
  changed.clear_kind();
  EXPECT_THAT(std::string(CheckDataset(changed).message()), HasSubstr("dataset.kind"));
  changed = dataset_;
  changed.mutable_shape()->set_dimensions(1, 0);
  EXPECT_THAT(std::string(CheckDataset(changed).message()), HasSubstr("dataset.shape"));
  changed = dataset_;
  changed.set_classes(1);
  EXPECT_THAT(std::string(CheckDataset(changed).message()), HasSubstr("dataset.classes"));
  changed = dataset_;
  changed.mutable_splits(0)->set_name("test");
  EXPECT_THAT(std::string(CheckDataset(changed).message()), HasSubstr("no split named train"));
  changed = dataset_;
  *changed.add_splits() = dataset_.splits(0);
  EXPECT_THAT(std::string(CheckDataset(changed).message()), HasSubstr("given twice"));
}

TEST_F(DatasetTest, TheFingerprintIsOfTheContentAlone) {
  AddSplit("test", {{1, 2, 2}, std::vector<uint8_t>(4)}, {{1}, {1}});
  v1::Dataset other = dataset_;
  other.set_name("other");
  other.mutable_created_at()->set_seconds(5);
  other.mutable_splits()->SwapElements(0, 1);
  EXPECT_EQ(Fingerprint(other), Fingerprint(dataset_));
  other.set_classes(4);
  EXPECT_NE(Fingerprint(other), Fingerprint(dataset_));
  other = dataset_;
  other.mutable_splits(1)->set_labels(std::string(64, 'b'));
  EXPECT_NE(Fingerprint(other), Fingerprint(dataset_));
}

}  // namespace
}  // namespace nascent::data
