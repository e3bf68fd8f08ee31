#include "common/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace nascent {
namespace {

class OutputFileTest : public ::testing::Test {
 protected:
  OutputFileTest() {
    std::string pattern = ::testing::TempDir() + "output-file-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~OutputFileTest() override { std::filesystem::remove_all(folder_); }

  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  int Files() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      count += entry.exists() || entry.is_symlink() ? 1 : 0;
    }
    return count;
  }

  std::string folder_;
};

TEST_F(OutputFileTest, AppearsOnlyWhenItIsWhole) {
  std::ofstream(At("a")) << "old";
  {
    OutputFile file(At("a"));
    ASSERT_TRUE(file.Write("half").ok());
    EXPECT_EQ(Read(At("a")), "old");
  }
  EXPECT_EQ(Read(At("a")), "old");
  EXPECT_EQ(Files(), 1);
  ASSERT_TRUE(WriteOutputFile(At("a"), "new").ok());
  EXPECT_EQ(Read(At("a")), "new");
  EXPECT_EQ(Files(), 1);
}

TEST_F(OutputFileTest, KeepsTheRightsOfWhatItReplaces) {
  std::ofstream(At("a")) << "old";
  ASSERT_EQ(chmod(At("a").c_str(), 0600), 0);
  ASSERT_TRUE(WriteOutputFile(At("a"), "new").ok());
  struct stat file {};
  ASSERT_EQ(stat(At("a").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(OutputFileTest, WritesThroughALinkAndLeavesTheLink) {
  std::ofstream(At("real")) << "old";
  std::filesystem::create_symlink("real", At("link"));
  ASSERT_TRUE(WriteOutputFile(At("link"), "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(At("link")));
  EXPECT_EQ(Read(At("real")), "new");
  // One that points at nothing yet.
  std::filesystem::create_symlink(At("later"), At("dangling"));
  ASSERT_TRUE(WriteOutputFile(At("dangling"), "made").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(At("dangling")));
  EXPECT_EQ(Read(At("later")), "made");
}

TEST_F(OutputFileTest, WritesIntoAPipeAndLeavesIt) {
  ASSERT_EQ(mkfifo(At("pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = Read(At("pipe")); });
  EXPECT_TRUE(WriteOutputFile(At("pipe"), "through").ok());
  reader.join();
  EXPECT_EQ(read, "through");
  EXPECT_TRUE(std::filesystem::is_fifo(At("pipe")));
}

TEST_F(OutputFileTest, LeavesDevicesAlone) {
  EXPECT_TRUE(WriteOutputFile("/dev/null", "gone").ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const absl::Status full = WriteOutputFile("/dev/full", "nowhere");
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(OutputFileTest, SaysWhyItCannotWrite) {
  EXPECT_TRUE(absl::IsNotFound(WriteOutputFile(At("none/a"), "x")));
  const absl::Status folder = WriteOutputFile(folder_, "x");
  EXPECT_FALSE(folder.ok());
  EXPECT_NE(std::string(folder.message()).find("cannot write " + folder_), std::string::npos);
}

}  // namespace
}  // namespace nascent
