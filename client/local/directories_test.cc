#include "client/local/directories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
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
  std::filesystem::create_symlink("/tmp", root + "/postgres");
  const auto user = CurrentUser();
  ASSERT_TRUE(user.ok());
  EXPECT_THAT(std::string(MakeDirectories(directories, *user).message()),
              HasSubstr("/postgres is not a folder"));
  std::filesystem::remove_all(root);
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
