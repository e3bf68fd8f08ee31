#include "server/storage/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <string>

namespace nascent::storage {
namespace {

TEST(Migrations, EveryFileOfTheFolderIsPartOfTheProgram) {
  std::set<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(NASCENT_SOURCE_FOLDER "/server/storage/migrations")) {
    files.insert(entry.path().stem());
  }
  std::set<std::string> listed;
  for (const Migration& migration : AllMigrations()) {
    char number[16];
    std::snprintf(number, sizeof(number), "%04d_", migration.number);
    listed.insert(number + std::string(migration.name));
  }
  EXPECT_EQ(listed, files) << "list them in server/storage/CMakeLists.txt";
}

TEST(Migrations, AreNumberedFromOneWithoutAGap) {
  int number = 0;
  for (const Migration& migration : AllMigrations()) {
    EXPECT_EQ(migration.number, ++number) << migration.name;
    EXPECT_FALSE(migration.sql.empty()) << migration.name;
  }
}

}  // namespace
}  // namespace nascent::storage
