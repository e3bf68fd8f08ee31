#include "client/local/directories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace nascent::local {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Directories, LieInTheDataDirectory) {
  const Directories directories = LayOut("/srv/nascent/");
  EXPECT_EQ(directories.root, "/srv/nascent");
  EXPECT_EQ(directories.cluster, "/srv/nascent/postgres");
  EXPECT_EQ(directories.socket, "/srv/nascent/socket");
}

TEST(Directories, PutTheSocketWhereItsNameFits) {
  const std::string deep = "/srv/" + std::string(100, 'd');
  const Directories directories = LayOut(deep);
  EXPECT_THAT(directories.socket, StartsWith("/tmp/nascent-"));
  EXPECT_LT(directories.socket.size(), 90u);
  EXPECT_NE(directories.socket, LayOut(deep + "e").socket);
}

TEST(Directories, ComeFromTheEnvironment) {
  setenv("NASCENT_DATA_DIR", "/srv/x", 1);
  EXPECT_EQ(DefaultDataDir(), "/srv/x");
  unsetenv("NASCENT_DATA_DIR");
  EXPECT_EQ(DefaultDataDir() == "/var/lib/nascent", geteuid() == 0);
}

TEST(Directories, RefuseAFileWhereAFolderIsMeant) {
  const std::string root = testing::TempDir() + "directories-file";
  const Directories directories = LayOut(root);
  std::filesystem::create_directories(root);
  std::filesystem::create_symlink("/tmp", root + "/socket");
  const auto user = CurrentUser();
  ASSERT_TRUE(user.ok());
  EXPECT_THAT(std::string(MakeDirectories(directories, *user).message()), HasSubstr("/socket"));
  std::filesystem::remove_all(root + "/socket");
  std::filesystem::remove_all(root + "/log");
  std::ofstream(root + "/log") << "mine";
  EXPECT_THAT(std::string(MakeDirectories(directories, *user).message()),
              HasSubstr("/log is not a folder"));
  std::filesystem::remove_all(root);
}

TEST(Directories, AreClosedToOthersWhateverTheUmask) {
  const std::string root = testing::TempDir() + "directories-modes";
  std::filesystem::remove_all(root);
  const mode_t before = umask(0);
  const absl::Status made = MakeDirectories(LayOut(root));
  umask(before);
  ASSERT_TRUE(made.ok()) << made;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    EXPECT_EQ(entry.status().permissions() &
                  (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
              std::filesystem::perms::none)
        << entry.path();
  }
  std::filesystem::remove_all(root);
}

TEST(Directories, AreNotTakenFromWhomTheyBelongTo) {
  const std::string root = testing::TempDir() + "directories-strangers";
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root + "/artifacts");
  std::ofstream(root + "/artifacts/thesis.pdf") << "mine";
  chmod((root + "/artifacts").c_str(), 0755);
  const absl::Status refused = MakeDirectories(LayOut(root));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("/artifacts holds thesis.pdf"));
  struct stat info {};
  ASSERT_EQ(stat((root + "/artifacts").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0755U);
  std::filesystem::remove_all(root);
}

TEST(Directories, RefuseARootIntoWhichOthersWrite) {
  const std::string root = testing::TempDir() + "directories-open";
  std::filesystem::create_directories(root + "/something");
  chmod(root.c_str(), 0777);
  EXPECT_THAT(std::string(MakeDirectories(LayOut(root)).message()), HasSubstr("chmod go-w"));
  chmod(root.c_str(), 0755);
  EXPECT_TRUE(MakeDirectories(LayOut(root)).ok());
  // An empty one is made private instead.
  const std::string empty = root + "/something";
  chmod(empty.c_str(), 0777);
  EXPECT_TRUE(MakeDirectories(LayOut(empty)).ok());
  struct stat info {};
  ASSERT_EQ(stat(empty.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
  std::filesystem::remove_all(root);
}

TEST(Directories, OfOneServiceAreTheSameThroughALink) {
  const std::string folder = testing::TempDir() + "directories-link";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder + "/scratch");
  std::filesystem::create_symlink(folder + "/scratch", folder + "/data");
  EXPECT_EQ(LayOut(folder + "/data").root, LayOut(folder + "/scratch").root);
  EXPECT_TRUE(MakeDirectories(LayOut(folder + "/data")).ok());
  EXPECT_TRUE(std::filesystem::is_directory(folder + "/scratch/log"));
  std::filesystem::remove_all(folder);
}

TEST(Directories, AreFoundWithoutAHomeInTheEnvironment) {
  if (geteuid() == 0) return;  // root's is fixed
  const std::string with = DefaultDataDir();
  unsetenv("HOME");
  EXPECT_EQ(DefaultDataDir(), with);
}

TEST(Directories, SayWhichFolderPostgresCannotEnter) {
  if (geteuid() != 0) GTEST_SKIP() << "only root starts PostgreSQL as somebody else";
  const std::string closed = testing::TempDir() + "directories-closed";
  std::filesystem::create_directories(closed);
  chmod(closed.c_str(), 0700);
  const auto postgres = FindUser("postgres");
  ASSERT_TRUE(postgres.ok()) << postgres.status();
  const absl::Status status = MakeDirectories(LayOut(closed + "/data"), *postgres);
  EXPECT_THAT(std::string(status.message()), HasSubstr("who cannot enter " + closed));
  // The data directory itself is ours to open.
  chmod(closed.c_str(), 0755);
  chmod((closed + "/data").c_str(), 0700);
  EXPECT_TRUE(MakeDirectories(LayOut(closed + "/data"), *postgres).ok());
  std::filesystem::remove_all(closed);
}

}  // namespace
}  // namespace nascent::local
