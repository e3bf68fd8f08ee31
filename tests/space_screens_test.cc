// What `nascent space …` looks like on terminals of several widths and in a pipe; the pictures are
// in client/cli/testdata/.

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/style.h"
#include "client/cli/testing/golden.h"
#include "tests/support/process.h"

namespace nascent::testing {
namespace {

std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

// On a terminal of `width` columns; 0: into a pipe.
std::vector<std::string> Screen(int width, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {ProgramFolder() + "/nascent", "--color", "never"});
  if (width == 0) return LinesOf(RunToEnd(arguments).out);
  winsize size{};
  size.ws_col = static_cast<unsigned short>(width);
  size.ws_row = 50;
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the child has one thread
    setenv("TERM", "xterm", 1);
    execv(words[0], words.data());
    _exit(127);
  }
  std::string output;
  char buffer[4096];
  // A terminal whose other side is gone is an error, not an end.
  for (ssize_t count = 0; (count = read(terminal, buffer, sizeof(buffer))) > 0;) {
    output.append(buffer, static_cast<size_t>(count));
  }
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << output;
  return LinesOf(output);
}

constexpr char kOwn[] = R"(space: transformer-for-tiny-images-of-harbours
description: Two stages whose widths, activations and depths are searched, for pictures taken from above.
constants: {channels: 16}
network:
  - conv2d: {channels: {ordered: [16, 24, 32, 48, 64, 96, 128]}, kernel: 3, padding: 1}
    name: embedding_of_the_patches
  - {choice: [relu, gelu, hard_swish], label: activation_after_the_stem}
  - repeat:
      - conv2d: {channels: in.channels, kernel: 3, padding: 1}
      - {choice: [identity, batch_norm], label: normalisation}
    times: {integer: [1, 3]}
    name: body
  - global_avg_pool
  - linear: {features: classes}
)";

class SpaceScreens : public ::testing::Test {
 protected:
  SpaceScreens() { std::ofstream(own_) << kOwn; }

  const TemporaryFolder folder_;
  const std::string own_ = folder_.path() + "/own.yaml";
};

TEST_F(SpaceScreens, TheListOfPresetsFits) {
  for (const int width : {40, 80, 120}) {
    const std::vector<std::string> lines = Screen(width, {"space", "list"});
    for (const std::string& line : lines) EXPECT_LE(cli::DisplayWidth(line), width) << line;
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
      return line.starts_with("nas-bench-201 ") && line.find(" 15625 ") != std::string::npos;
    })) << width;
  }
}

TEST_F(SpaceScreens, ADescription) {
  cli::CompareWithGolden("space-describe-preset", [](int width) {
    return Screen(width, {"space", "describe", "nas-bench-201"});
  });
  cli::CompareWithGolden("space-describe-own", [&](int width) {
    return Screen(width, {"space", "describe", own_});
  });
}

TEST_F(SpaceScreens, Costs) {
  cli::CompareWithGolden("space-cost-preset", [](int width) {
    return Screen(width, {"space", "cost", "nas-bench-201", "--genotypes", "@resnet"});
  });
  const std::string some = folder_.path() + "/some";
  std::ofstream(some)
      << RunToEnd({ProgramFolder() + "/nascent", "space", "sample", own_, "-n", "3"}).out;
  cli::CompareWithGolden("space-cost-own", [&](int width) {
    return Screen(width, {"space", "cost", own_, "--genotypes", some});
  });
}

}  // namespace
}  // namespace nascent::testing
