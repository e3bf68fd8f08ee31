#include "client/cli/dataset_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/data/idx.h"
#include "common/sha256.h"

namespace nascent::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

DatasetFiles Files(const std::string& folder) {
  DatasetFiles files;
  files.name = "small";
  files.folder = folder;
  return files;
}

class DatasetFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "dataset-files";
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const data::IdxArray& array) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << data::WriteIdx(array);
    return folder_ + "/" + name;
  }

  void WriteFour() {
    Write("train-images-idx3-ubyte", {{3, 2, 2}, std::vector<uint8_t>(12, 7)});
    Write("train-labels-idx1-ubyte", {{3}, {0, 2, 1}});
    Write("t10k-images-idx3-ubyte", {{1, 2, 2}, std::vector<uint8_t>(4, 7)});
    Write("t10k-labels-idx1-ubyte", {{1}, {4}});
  }

  static std::string ErrorOf(const DatasetFiles& files) {
    const auto loaded = LoadDataset(files);
    return loaded.ok() ? "" : std::string(loaded.status().message());
  }

  std::string folder_;
};

TEST_F(DatasetFilesTest, FindsTheFourFilesOfAFolder) {
  WriteFour();
  const auto loaded = LoadDataset(Files(folder_));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const v1::Dataset& dataset = loaded->dataset;
  EXPECT_EQ(dataset.name(), "small");
  EXPECT_THAT(dataset.shape().dimensions(), ::testing::ElementsAre(1, 2, 2));
  EXPECT_EQ(dataset.classes(), 5);
  ASSERT_EQ(dataset.splits_size(), 2);
  EXPECT_EQ(dataset.splits(0).count(), 3);
  EXPECT_EQ(dataset.splits(1).name(), "test");
  ASSERT_EQ(loaded->artifacts.size(), 4u);
  EXPECT_EQ(dataset.splits(0).labels(), Sha256Hex(loaded->artifacts[1]));
}

TEST_F(DatasetFilesTest, RefusesWhatDoesNotFitTogether) {
  WriteFour();
  DatasetFiles files = Files(folder_);
  files.train_labels = Write("labels", {{2}, {0, 1}});
  EXPECT_THAT(ErrorOf(files), HasSubstr("found 2 labels for the 3 examples"));
  files.train_labels = folder_ + "/train-images-idx3-ubyte";
  EXPECT_THAT(ErrorOf(files), HasSubstr("labels are [N]"));
  files.train_labels = "";
  files.test_examples = Write("images", {{1, 3, 2}, std::vector<uint8_t>(6, 7)});
  EXPECT_THAT(ErrorOf(files), HasSubstr("found examples of 1×3×2"));
}

TEST_F(DatasetFilesTest, RefusesCorruptAndTruncatedFiles) {
  WriteFour();
  std::filesystem::resize_file(folder_ + "/train-images-idx3-ubyte", 20);
  EXPECT_THAT(ErrorOf(Files(folder_)), HasSubstr(folder_ + "/train-images-idx3-ubyte: "));
  std::ofstream(folder_ + "/train-images-idx3-ubyte") << "this is no IDX file";
  EXPECT_THAT(ErrorOf(Files(folder_)), HasSubstr("train-images-idx3-ubyte"));
}

TEST_F(DatasetFilesTest, SaysWhichFileOrOptionIsMissing) {
  EXPECT_THAT(
      ErrorOf(Files(folder_)),
      AllOf(HasSubstr("found no train-images-idx3-ubyte or train-images.idx3-ubyte (or .gz) in " +
                      folder_),
            HasSubstr("--train-examples")));
  EXPECT_THAT(ErrorOf(Files("")), HasSubstr("--train-examples"));
  WriteFour();
  DatasetFiles files = Files(folder_);
  files.classes = 3;
  EXPECT_THAT(ErrorOf(files), HasSubstr("labels go up to 4"));
  files.classes = 0;
  files.name = "Not A Name";
  EXPECT_THAT(ErrorOf(files), HasSubstr("name"));
}

}  // namespace
}  // namespace nascent::cli
