// The commands of README and docs, as they stand, on a running service; what they print is compared
// with what the page shows.
//
// A block of commands is one that begins with one of our programs or with a tool of the shell. In
// the Markdown, as comments that a page does not show:
//   <!-- saved as FILE -->   the next block is the content of that file
//   <!-- not run: REASON --> the next block is not run here
//   <!-- printed -->         the next block is what the one before it prints

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "tests/support/process.h"

namespace nascent::testing {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

struct Block {
  std::string place;  // "docs/cli.md:12"
  std::string text;
  bool shell = false;
  std::string saved_as;
  std::string not_run;  // why
  bool printed = false;
};

bool IsCommand(const std::string& text) {
  static const auto* const kWords = new std::set<std::string>{"nascent",
                                                              "nascentd",
                                                              "nascent-worker",
                                                              "nascent-simulate",
                                                              "nascent-bench",
                                                              "cmake",
                                                              "ctest",
                                                              "ninja",
                                                              "git",
                                                              "docker",
                                                              "export",
                                                              "python3",
                                                              "mkdir",
                                                              "cp",
                                                              "cd",
                                                              "sudo",
                                                              "tests/run",
                                                              "deploy/quickstart",
                                                              "deploy/install-dependencies"};
  return kWords->contains(text.substr(0, text.find_first_of(" \n")));
}

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// What a line "<!-- WORDS REST -->" says after these words; nothing where it is another line.
std::optional<std::string> Remark(const std::string& line, const std::string& words) {
  const std::string begin = "<!-- " + words;
  const std::string end = "-->";
  if (!line.starts_with(begin) || !line.ends_with(end)) return std::nullopt;
  std::string rest = line.substr(begin.size(), line.size() - begin.size() - end.size());
  rest.erase(0, rest.find_first_not_of(' '));
  rest.erase(rest.find_last_not_of(' ') + 1);
  return rest;
}

// The blocks of a page, fenced or indented.
std::vector<Block> BlocksOf(const std::string& name) {
  const std::vector<std::string> lines = Lines(std::string(NASCENT_SOURCE) + "/" + name);
  EXPECT_FALSE(lines.empty()) << name;
  const auto line = [&](size_t i) { return i < lines.size() ? lines[i] : std::string(); };
  const auto indented = [&](size_t i) { return line(i).starts_with("    "); };
  std::vector<Block> blocks;
  Block next;
  for (size_t i = 0; i < lines.size();) {
    const auto saved_as = Remark(lines[i], "saved as");
    const auto not_run = Remark(lines[i], "not run:");
    const bool printed = Remark(lines[i], "printed").has_value();
    if (saved_as || not_run || printed) {
      next.saved_as = saved_as.value_or(next.saved_as);
      next.not_run = not_run.value_or(next.not_run);
      next.printed = next.printed || printed;
      ++i;
      continue;
    }
    const bool fence = lines[i].starts_with("```");
    if (!fence && !(indented(i) && (i == 0 || lines[i - 1].empty()))) {
      // A remark belongs to the block that follows it at once.
      if (!lines[i].empty()) next = Block();
      ++i;
      continue;
    }
    next.place = name + ":" + std::to_string(i + 1);
    std::string language;
    if (fence) {
      language = lines[i].substr(3);
      for (++i; i < lines.size() && !lines[i].starts_with("```"); ++i) next.text += lines[i] + "\n";
      ++i;
    } else {
      for (; i < lines.size() && (indented(i) || lines[i].empty()); ++i) {
        next.text += (lines[i].empty() ? "" : lines[i].substr(4)) + "\n";
      }
      while (next.text.ends_with("\n\n")) next.text.pop_back();
    }
    next.shell = (language.empty() || language == "sh") && IsCommand(next.text);
    blocks.push_back(std::move(next));
    next = Block();
  }
  return blocks;
}

std::vector<std::string> Pages() {
  std::vector<std::string> pages;
  for (const auto& entry : fs::directory_iterator(std::string(NASCENT_SOURCE) + "/docs")) {
    if (entry.path().extension() == ".md")
      pages.push_back("docs/" + entry.path().filename().string());
  }
  std::sort(pages.begin(), pages.end());
  pages.insert(pages.begin(), "README.md");
  return pages;
}

// A folder as a user has it after deploy/quickstart, but for the evaluator, which only pretends.
class DocumentedCommands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    // PostgreSQL runs as another user where root tests.
    chmod(folder_->path().c_str(), 0755);
    const fs::path source = NASCENT_SOURCE;
    const fs::path tree = folder_->path() + "/nascent";
    fs::create_directories(tree / "build/release/bin");
    for (const char* name : {"README.md", "docs", "examples", "deploy", "common"}) {
      fs::create_symlink(source / name, tree / name);
    }
    for (const char* program : {"nascent", "nascentd", "nascent-worker", "nascent-simulate"}) {
      fs::copy_file(fs::path(ProgramFolder()) / program, tree / "build/release/bin" / program);
    }
    fs::copy_file(NASCENT_FAKE_EVALUATOR, tree / "build/release/bin/nascent-evaluator");
    // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs
    unsetenv("NASCENT_SERVER");
    setenv("NASCENT_DATA_DIR", (folder_->path() + "/data").c_str(), 1);
    setenv("NASCENT_LISTEN", ("127.0.0.1:" + std::to_string(FreePort())).c_str(), 1);
    setenv("PATH", (tree.string() + "/build/release/bin:" + getenv("PATH")).c_str(), 1);
    // NOLINTEND(concurrency-mt-unsafe)
  }
  static void TearDownTestSuite() {
    Shell("nascent down");
    delete folder_;
    folder_ = nullptr;
  }

  static Finished Shell(const std::string& commands) {
    return RunToEnd(
        {"/bin/bash", "-c", "set -euo pipefail; cd " + folder_->path() + "/nascent\n" + commands});
  }
  static void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_->path() + "/nascent/" + name) << text;
  }
  // What the quickstart leaves: a service with a data set and a search.
  static void Quickstart() {
    if (Shell("nascent list").exit_code == 0) return;
    const Finished started = Shell(
        "nascent up --detach && "
        "nascent data add fashion-mnist --from /usr/share/datasets/fashion-mnist && "
        "nascent submit examples/fashion-mnist.yaml --watch");
    ASSERT_EQ(started.exit_code, 0) << started.out << started.err;
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* DocumentedCommands::folder_ = nullptr;

TEST_F(DocumentedCommands, EachRunsAsItStandsOrThePageSaysWhyNot) {
  int ran = 0;
  for (const std::string& page : Pages()) {
    const std::vector<Block> blocks = BlocksOf(page);
    const bool starts = std::any_of(blocks.begin(), blocks.end(), [](const Block& block) {
      return block.shell && block.not_run.empty() &&
             block.text.find("nascent up") != std::string::npos;
    });
    if (starts) {
      Shell("nascent down");
    } else {
      Quickstart();
    }
    std::string printed;
    for (const Block& block : blocks) {
      if (!block.saved_as.empty()) Write(block.saved_as, block.text);
      if (block.printed) {
        EXPECT_EQ(printed, block.text) << block.place;
      }
      if (!block.shell || !block.not_run.empty()) continue;
      const Finished finished = Shell(block.text);
      EXPECT_EQ(finished.exit_code, 0) << block.place << "\n"
                                       << block.text << "\n"
                                       << finished.out << finished.err;
      printed = finished.out;
      ++ran;
    }
  }
  EXPECT_GE(ran, 10);
}

// The words of the help, too: none may be one that the program does not take.
TEST_F(DocumentedCommands, TheExamplesOfTheHelpAreTaken) {
  Quickstart();
  // They start, end or wait, or take minutes.
  const std::set<std::string> here = {"up", "down", "watch", "simulate"};
  const std::string all = Shell("nascent --help").out;
  std::set<std::string> commands;
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    // "  submit      Start a search"
    std::istringstream words(line);
    std::string command, description;
    words >> command >> description;
    const bool lower = std::all_of(command.begin(), command.end(),
                                   [](unsigned char c) { return std::islower(c) != 0; });
    if (line.starts_with("  ") && line.size() > 2 && line[2] != ' ' && lower &&
        !description.empty() && std::isupper(static_cast<unsigned char>(description[0])) != 0) {
      commands.insert(command);
    }
  }
  ASSERT_TRUE(commands.contains("submit")) << all;
  commands.insert({"data add", "data list", "data remove", "data show", "space show",
                   "space describe", "space check", "space count", "space sample", "space cost",
                   "space neighbours", "space draw"});
  int examples = 0;
  for (const std::string& command : commands) {
    if (command == "data" || command == "space" || here.contains(command)) continue;
    const Finished help = Shell("nascent " + command + " --help");
    ASSERT_EQ(help.exit_code, 0) << command;
    for (std::string rest = help.out; rest.find("\n  nascent ") != std::string::npos;) {
      rest.erase(0, rest.find("\n  nascent ") + 3);
      std::string example = rest.substr(0, rest.find('\n'));
      // What stands far to the right explains it.
      if (const size_t remark = example.find("   "); remark != std::string::npos) {
        example.resize(remark);
      }
      if (example.ends_with('\\') || example == "nascent sql" ||
          example.find("db/nascent") != std::string::npos) {
        continue;
      }
      ++examples;
      const Finished finished = Shell("{ " + example + "\n} </dev/null");
      // The searches, trials and files that they name need not be there.
      EXPECT_NE(finished.exit_code, 2) << example << "\n" << finished.err;
      EXPECT_NE(finished.exit_code, 1) << example << "\n" << finished.err;
    }
  }
  EXPECT_GE(examples, 40);
}

TEST(DocumentedBlocks, OnesThatAreNotRunSayWhy) {
  for (const std::string& page : Pages()) {
    for (const Block& block : BlocksOf(page)) {
      if (!block.shell || block.not_run.empty()) continue;
      EXPECT_GE(block.not_run.size(), 10u) << block.place;
    }
  }
}

}  // namespace
}  // namespace nascent::testing
