#include "worker/agent/artifact_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "common/sha256.h"

namespace nascent::worker {
namespace {

class ArtifactCacheTest : public testing::Test {
 protected:
  ArtifactCacheTest() {
    std::filesystem::remove_all(folder_);
    for (char letter = 'a'; letter < 'f'; ++letter) {
      const std::string bytes(100, letter);
      contents_[Sha256Hex(bytes)] = bytes;
      hashes_.push_back(Sha256Hex(bytes));
    }
  }

  std::unique_ptr<ArtifactCache> Open(int64_t max_bytes = 1000) {
    auto cache =
        ArtifactCache::Open(folder_, max_bytes,
                            [this](const std::string& sha256, const std::string& path,
                                   Cancellation&, const std::function<void()>&) -> absl::Status {
                              ++downloads_;
                              if (contents_.count(sha256) == 0)
                                return absl::NotFoundError("no such artifact");
                              std::ofstream(path) << contents_[sha256];
                              return absl::OkStatus();
                            });
    EXPECT_TRUE(cache.ok()) << cache.status();
    return *std::move(cache);
  }
  absl::StatusOr<PinnedArtifact> Get(ArtifactCache& cache, const std::string& sha256) {
    return cache.Get(sha256, cancellation_, [] {});
  }
  bool IsHere(const std::string& sha256) const {
    return std::filesystem::exists(folder_ + "/" + sha256);
  }

  const std::string folder_ = testing::TempDir() + "artifact_cache_test";
  std::map<std::string, std::string> contents_;
  std::vector<std::string> hashes_;
  std::atomic<int> downloads_{0};
  Cancellation cancellation_;
};

TEST_F(ArtifactCacheTest, ManyThreadsCauseOneDownload) {
  const auto cache = Open();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(Get(*cache, hashes_[0]).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(downloads_, 1);
}

TEST_F(ArtifactCacheTest, WhatIsLongestUnusedGoesFirstAndWhatIsInUseStays) {
  const auto cache = Open(250);
  const auto pinned = Get(*cache, hashes_[0]);
  ASSERT_TRUE(pinned.ok());
  ASSERT_TRUE(Get(*cache, hashes_[1]).ok());
  ASSERT_TRUE(Get(*cache, hashes_[2]).ok());
  EXPECT_TRUE(IsHere(hashes_[0]));
  EXPECT_FALSE(IsHere(hashes_[1]));
  EXPECT_TRUE(IsHere(hashes_[2]));
}

TEST_F(ArtifactCacheTest, AFileInUseByAnotherWorkerStaysToo) {
  const auto one = Open(150);
  const auto other = Open(150);
  const auto pinned = Get(*one, hashes_[0]);
  ASSERT_TRUE(pinned.ok());
  ASSERT_TRUE(Get(*other, hashes_[1]).ok());
  EXPECT_TRUE(IsHere(hashes_[0]));
}

TEST_F(ArtifactCacheTest, ContentIsCheckedOnceByEachProcess) {
  ASSERT_TRUE(Get(*Open(), hashes_[0]).ok());
  std::ofstream(folder_ + "/" + hashes_[0]) << "damaged";
  const auto file = Get(*Open(), hashes_[0]);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(Sha256OfFile(file->path()).value(), hashes_[0]);
  EXPECT_EQ(downloads_, 2);
}

TEST_F(ArtifactCacheTest, ErrorsArePassedOnAndNothingIsKept) {
  const auto cache = Open();
  EXPECT_EQ(Get(*cache, std::string(64, '0')).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Get(*cache, "../../etc/passwd").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ArtifactCacheTest, AFolderThatCantBeWrittenIsAnError) {
  std::ofstream(testing::TempDir() + "a_file") << "x";
  EXPECT_EQ(ArtifactCache::Open(testing::TempDir() + "a_file/cache", 1, nullptr).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace nascent::worker
