#include "common/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "common/data/idx.h"
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
