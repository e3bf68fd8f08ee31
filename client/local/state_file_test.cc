#include "client/local/state_file.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace nascent::local {
namespace {

TEST(StateFile, ReadsWhatWasWritten) {
  const std::string path = testing::TempDir() + "state-file.json";
  ServiceState state;
  state.supervisor = {12, 3456};
  state.ready = true;
  state.server = "127.0.0.1:7301";
  state.database_url = "postgresql:///nascent?host=/a%20b&user=nascent";
  state.reader_url = "postgresql:///nascent?host=/a%20b&user=nascent_reader";
  state.processes = {{"postgres", {13, 1}}, {"worker-1", {14, 2}}};
  ASSERT_TRUE(WriteState(path, state).ok());
  const auto read = ReadState(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->supervisor, state.supervisor);
  EXPECT_TRUE(read->ready);
  EXPECT_EQ(read->server, state.server);
  EXPECT_EQ(read->database_url, state.database_url);
  EXPECT_EQ(read->reader_url, state.reader_url);
  EXPECT_EQ(read->processes, state.processes);
  std::remove(path.c_str());
}

TEST(StateFile, RefusesWhatIsNoState) {
  const std::string path = testing::TempDir() + "state-file-bad.json";
  EXPECT_TRUE(absl::IsNotFound(ReadState(path).status()));
  std::ofstream(path) << "{\"supervisor\": {\"pid\": \"x\"}}";
  EXPECT_TRUE(absl::IsInvalidArgument(ReadState(path).status()));
  std::ofstream(path) << "[1, 2";
  EXPECT_TRUE(absl::IsInvalidArgument(ReadState(path).status()));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace nascent::local
