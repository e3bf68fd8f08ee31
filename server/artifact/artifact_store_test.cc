#include "server/artifact/artifact_store.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "common/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nascent::artifact {
namespace {

using ::testing::HasSubstr;

class ArtifactStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string directory = ::testing::TempDir() + "/artifacts-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    Reopen();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Reopen(int64_t largest = 1 << 20) {
    store_.reset();
    auto store = ArtifactStore::Open({directory_, largest, [this](const artifact::Damage& damage) {
                                        damages_.push_back(damage);
                                      }});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  absl::StatusOr<Presence> Put(const std::string& bytes) {
    NASCENT_ASSIGN_OR_RETURN(const auto upload,
                             store_->StartUpload(Sha256Hex(bytes), bytes.size(), 0));
    NASCENT_RETURN_IF_ERROR(upload->Append(bytes));
    return upload->Finish();
  }
  std::string Get(const std::string& sha256) {
    const auto reader = store_->Read(sha256);
    EXPECT_TRUE(reader.ok()) << reader.status();
    return reader.ok() ? *(*reader)->Next(1 << 20) : "";
  }
  bool HasPartial(const std::string& sha256) {
    return std::filesystem::exists(directory_ + "/partial/" + sha256);
  }

  std::string FileOf(const std::string& sha256) {
    return directory_ + "/" + sha256.substr(0, 2) + "/" + sha256;
  }
  void Damage(const std::string& sha256, const std::string& content) {
    std::ofstream(FileOf(sha256), std::ios::binary) << content;
  }

  std::string directory_;
  std::vector<artifact::Damage> damages_;
  std::unique_ptr<ArtifactStore> store_;
};

TEST_F(ArtifactStoreTest, WhatWasPutIsReadBack) {
  const std::string bytes("weights\0\xFF", 9);
  const auto put = Put(bytes);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_TRUE(put->complete);
  EXPECT_EQ(put->received, 9);
  EXPECT_EQ(Get(Sha256Hex(bytes)), bytes);
  EXPECT_EQ(*(*store_->Read(Sha256Hex(bytes), 7))->Next(100), std::string("\0\xFF", 2));
  EXPECT_EQ(*(*store_->Read(Sha256Hex(bytes), 9))->Next(100), "");
  EXPECT_EQ(store_->Read(Sha256Hex(bytes), 10).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Read(Sha256Hex(bytes), -1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(HasPartial(Sha256Hex(bytes)));
  Reopen();
  EXPECT_EQ(Get(Sha256Hex(bytes)), bytes);
}

TEST_F(ArtifactStoreTest, AnEmptyArtifactIsAnArtifact) {
  ASSERT_TRUE(Put("").ok());
  EXPECT_EQ(Get(Sha256Hex("")), "");
}

TEST_F(ArtifactStoreTest, PuttingTwiceIsPuttingOnce) {
  ASSERT_TRUE(Put("same").ok());
  const auto again = Put("same");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->complete);
}

TEST_F(ArtifactStoreTest, ABrokenUploadGoesOnWhereItStoppedAlsoAfterARestart) {
  const std::string bytes = "0123456789";
  const std::string sha256 = Sha256Hex(bytes);
  {
    const auto upload = store_->StartUpload(sha256, 10, 0);
    ASSERT_TRUE((*upload)->Append("0123").ok());
    const auto early = (*upload)->Finish();
    ASSERT_TRUE(early.ok()) << early.status();
    EXPECT_FALSE(early->complete);
  }
  Reopen();
  EXPECT_EQ(store_->Stat(sha256)->received, 4);
  EXPECT_FALSE(store_->Stat(sha256)->complete);
  EXPECT_EQ(store_->Read(sha256).status().code(), absl::StatusCode::kNotFound);
  const auto wrong = store_->StartUpload(sha256, 10, 3);
  EXPECT_EQ(wrong.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("4 bytes"));
  const auto rest = store_->StartUpload(sha256, 10, 4);
  ASSERT_TRUE(rest.ok()) << rest.status();
  ASSERT_TRUE((*rest)->Append("456789").ok());
  EXPECT_TRUE((*rest)->Finish()->complete);
  EXPECT_EQ(Get(sha256), bytes);
}

TEST_F(ArtifactStoreTest, ContentThatHasAnotherHashIsThrownAway) {
  const std::string sha256 = Sha256Hex("right");
  const auto upload = store_->StartUpload(sha256, 5, 0);
  ASSERT_TRUE((*upload)->Append("wrong").ok());
  EXPECT_EQ((*upload)->Finish().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(HasPartial(sha256));
  EXPECT_EQ(store_->Stat(sha256)->received, 0);
}

TEST_F(ArtifactStoreTest, MoreBytesThanNamedAreThrownAway) {
  const std::string sha256 = Sha256Hex("right");
  const auto upload = store_->StartUpload(sha256, 5, 0);
  EXPECT_EQ((*upload)->Append("right!").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(HasPartial(sha256));
}

TEST_F(ArtifactStoreTest, OnlyHashesAreNames) {
  for (const std::string& name :
       {std::string("../../etc/passwd"), std::string(), std::string("ab"), std::string(64, 'A'),
        std::string(63, 'a') + "/", std::string(64, '\0')}) {
    EXPECT_EQ(store_->Stat(name).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store_->StartUpload(name, 1, 0).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store_->Read(name).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store_->Remove(name).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(ArtifactStoreTest, TheSizeLimitHoldsAtItsEdge) {
  Reopen(/*largest=*/10);
  EXPECT_TRUE(store_->StartUpload(std::string(64, 'a'), 9, 0).ok());
  EXPECT_TRUE(store_->StartUpload(std::string(64, 'b'), 10, 0).ok());
  EXPECT_EQ(store_->StartUpload(std::string(64, 'c'), 11, 0).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store_->StartUpload(std::string(64, 'd'), -1, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->StartUpload(std::string(64, 'd'), 5, 6).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ArtifactStoreTest, MoreThanTheDiskHasIsRefusedAtOnce) {
  Reopen(/*largest=*/int64_t{1} << 60);
  EXPECT_EQ(store_->StartUpload(std::string(64, 'a'), int64_t{1} << 59, 0).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(ArtifactStoreTest, TwoUploadsOfOneArtifactDoNotMix) {
  const std::string sha256 = Sha256Hex("both");
  {
    const auto first = store_->StartUpload(sha256, 4, 0);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(store_->StartUpload(sha256, 4, 0).status().code(), absl::StatusCode::kAborted);
  }
  EXPECT_TRUE(store_->StartUpload(sha256, 4, 0).ok());
}

TEST_F(ArtifactStoreTest, ManyThreadsPutDifferentArtifacts) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int j = 0; j < 10; ++j) EXPECT_TRUE(Put(std::to_string(i * 100 + j)).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Get(Sha256Hex("709")), "709");
}

TEST_F(ArtifactStoreTest, RemovedArtifactsAreGoneAndReadersGoOn) {
  ASSERT_TRUE(Put("old").ok());
  const auto reader = store_->Read(Sha256Hex("old"));
  EXPECT_TRUE(store_->Remove(Sha256Hex("old")).ok());
  EXPECT_TRUE(store_->Remove(Sha256Hex("old")).ok());
  EXPECT_EQ(*(*reader)->Next(10), "old");
  EXPECT_EQ(store_->Read(Sha256Hex("old")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ArtifactStoreTest, DamageIsSeenBeforeTheLastBytesAreHandedOut) {
  ASSERT_TRUE(Put("0123456789").ok());
  const std::string sha256 = Sha256Hex("0123456789");
  Damage(sha256, "0123X56789");
  for (const int64_t offset : {0, 6}) {  // also by one who has the damaged part already
    SCOPED_TRACE(offset);
    const auto reader = store_->Read(sha256, offset);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_TRUE((*reader)->Next(3).ok());
    const auto last = (*reader)->Next(100);
    EXPECT_EQ(last.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(last.status().message()), HasSubstr(sha256));
    ASSERT_FALSE(damages_.empty());
    EXPECT_EQ(damages_.back().sha256, sha256);
    EXPECT_EQ(damages_.back().found, Sha256Hex("0123X56789"));
    EXPECT_TRUE(std::filesystem::exists(FileOf(sha256) + ".damaged"));
    EXPECT_EQ(store_->Read(sha256).status().code(), absl::StatusCode::kDataLoss);
    Damage(sha256, "0123X56789");
  }
  EXPECT_EQ(damages_.size(), 2u);
}

TEST_F(ArtifactStoreTest, ADamagedOrShortFileIsIncompleteAndCanBePutAgain) {
  for (const std::string content : {"wrong", "rig", ""}) {
    SCOPED_TRACE(content);
    ASSERT_TRUE(Put("right").ok());
    const std::string sha256 = Sha256Hex("right");
    EXPECT_TRUE(store_->Stat(sha256)->complete);
    Damage(sha256, content);
    EXPECT_FALSE(store_->Stat(sha256)->complete);
    EXPECT_EQ(store_->PathOf(sha256).status().code(), absl::StatusCode::kNotFound);
    ASSERT_TRUE(Put("right").ok());
    EXPECT_TRUE(store_->Stat(sha256)->complete);
    EXPECT_EQ(Get(sha256), "right");
  }
  EXPECT_EQ(damages_.size(), 3u);
}

TEST_F(ArtifactStoreTest, AReaderOfDamageLeavesTheRepairedFileAlone) {
  ASSERT_TRUE(Put("right").ok());
  const std::string sha256 = Sha256Hex("right");
  Damage(sha256, "wrong");
  const auto slow = store_->Read(sha256);
  ASSERT_TRUE(Put("right").ok());
  EXPECT_EQ((*slow)->Next(100).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Get(sha256), "right");
}

TEST_F(ArtifactStoreTest, FilesAreForTheirOwnerOnly) {
  const mode_t before = umask(0);
  ASSERT_TRUE(Put("private").ok());
  umask(before);
  struct stat info = {};
  ASSERT_EQ(stat(FileOf(Sha256Hex("private")).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(ArtifactStoreTest, StalePartialsAreRemovedAndRunningUploadsAreNot) {
  const std::string running = Sha256Hex("running");
  const std::string stale = Sha256Hex("stale");
  const auto upload = store_->StartUpload(running, 7, 0);
  ASSERT_TRUE((*upload)->Append("run").ok());
  ASSERT_TRUE((*store_->StartUpload(stale, 5, 0))->Append("st").ok());
  EXPECT_EQ(*store_->RemoveStalePartials(absl::Hours(1)), 0);
  EXPECT_EQ(*store_->RemoveStalePartials(-absl::Hours(1)), 1);
  EXPECT_TRUE(HasPartial(running));
  EXPECT_FALSE(HasPartial(stale));
}

TEST_F(ArtifactStoreTest, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(directory_ + "/file") << "x";
  const auto store = ArtifactStore::Open({directory_ + "/file/below"});
  EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("/file/below"));
}

// A file system of one MiB, for those who may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(std::string directory) : directory_(std::move(directory)) {
    mounted_ = mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(directory_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  const std::string directory_;
  bool mounted_ = false;
};

TEST_F(ArtifactStoreTest, AFullDiskKeepsWhatIsThereAndTakesTheRestLater) {
  const SmallDisk disk(directory_);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a small file system";
  Reopen(/*largest=*/int64_t{1} << 30);
  ASSERT_TRUE(Put("kept").ok());
  const std::string bytes(600'000, 'x');
  const auto upload = store_->StartUpload(Sha256Hex(bytes), bytes.size(), 0);
  ASSERT_TRUE(upload.ok()) << upload.status();
  ASSERT_TRUE((*upload)->Append(bytes.substr(0, 300'000)).ok());
  std::ofstream(directory_ + "/filler") << std::string(600'000, 'f');
  EXPECT_EQ((*upload)->Append(bytes.substr(300'000)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store_->Stat(Sha256Hex(bytes))->received, 300'000);
  EXPECT_EQ(Get(Sha256Hex("kept")), "kept");
  std::filesystem::remove(directory_ + "/filler");
  ASSERT_TRUE((*upload)->Append(bytes.substr(300'000)).ok());
  EXPECT_TRUE((*upload)->Finish()->complete);
}

}  // namespace
}  // namespace nascent::artifact
