#include "server/artifact/garbage.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/clock.h"
#include "gtest/gtest.h"
#include "server/storage/memory_store.h"

namespace nascent::artifact {
namespace {

class Garbage : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/garbage-XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    auto artifacts = ArtifactStore::Open({directory_});
    ASSERT_TRUE(artifacts.ok()) << artifacts.status();
    artifacts_ = *std::move(artifacts);
    term_ = store_.AcquireTerm("test", absl::Hours(1))->term;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Put(const std::string& bytes) {
    const std::string sha256 = Sha256Hex(bytes);
    const auto upload = artifacts_->StartUpload(sha256, bytes.size(), 0);
    EXPECT_TRUE((*upload)->Append(bytes).ok());
    EXPECT_TRUE((*upload)->Finish().ok());
    EXPECT_TRUE(store_.Apply(term_, {storage::PutArtifact{sha256, 1}}).ok());
    return sha256;
  }
  bool IsHere(const std::string& sha256) { return artifacts_->Stat(sha256)->complete; }

  std::string directory_;
  VirtualClock clock_;
  storage::MemoryStore store_{[this] { return clock_.Now(); }};
  std::unique_ptr<ArtifactStore> artifacts_;
  int64_t term_ = 0;
};

TEST_F(Garbage, OnlyWhatNothingNamesIsRemovedWhenItIsOldEnough) {
  const std::string data = Put("data");
  const std::string unused = Put("unused");
  v1::Dataset dataset;
  dataset.set_name("d");
  dataset.add_splits()->set_examples(data);
  ASSERT_TRUE(store_.Apply(term_, {storage::PutDataset{"", dataset}}).ok());
  EXPECT_EQ(*CollectGarbage(store_, term_, *artifacts_, absl::Hours(1)), 0);
  clock_.Advance(absl::Hours(2));
  const std::string young = Put("young");
  EXPECT_EQ(*CollectGarbage(store_, term_, *artifacts_, absl::Hours(1)), 1);
  EXPECT_TRUE(IsHere(data));
  EXPECT_TRUE(IsHere(young));
  EXPECT_FALSE(IsHere(unused));
}

TEST_F(Garbage, ACoordinatorThatLostItsTermRemovesNothing) {
  const std::string unused = Put("unused");
  ASSERT_TRUE(store_.ReleaseTerm(term_).ok());
  EXPECT_EQ(CollectGarbage(store_, term_, *artifacts_, absl::ZeroDuration()).status().code(),
            absl::StatusCode::kAborted);
  EXPECT_TRUE(IsHere(unused));
}

}  // namespace
}  // namespace nascent::artifact
