// nascent-simulate: what `nascent simulate` executes.

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/exit_code.h"
#include "common/picture/draw.h"
#include "common/spec/document.h"
#include "common/spec/json.h"
#include "common/spec/search_file.h"
#include "common/status_macros.h"
#include "server/simulate/compare.h"
#include "server/simulate/report.h"
#include "server/simulate/simulation.h"
#include "server/simulate/strategy_list.h"

namespace nascent::simulate {
namespace {

constexpr int64_t kLargestTable = int64_t{4} << 30;

struct Arguments {
  std::string search_file;
  std::string table_file;
  std::string seeds = "1..20";
  std::string fidelity;
  std::string lengths = "1,1";
  std::string sharing = "off";
  std::string strategies;
  std::string within;
  std::vector<std::string> noise;
  std::vector<std::string> seen;
  std::string output = "table";
  std::string plot;
  int threads = 0;
  SimulationOptions options;
};

absl::Status Wrong(const std::string& option, const std::string& found,
                   const std::string& expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": found \"", found, "\", expected ", expected));
}

// "3" or "1..20".
absl::Status ParseSeeds(const std::string& text, CompareOptions& options) {
  const std::vector<std::string> ends = absl::StrSplit(text, "..");
  const bool ok = ends.size() <= 2 && absl::SimpleAtoi(ends.front(), &options.first_seed) &&
                  absl::SimpleAtoi(ends.back(), &options.last_seed) &&
                  options.first_seed <= options.last_seed &&
                  options.last_seed - options.first_seed < 1000000;
  return ok ? absl::OkStatus() : Wrong("--seeds", text, "a seed or FIRST..LAST");
}

// "epochs=12:COLUMN,200:COLUMN", before it "zero_cost=SCORE:COLUMN,".
absl::Status ParseFidelity(const std::string& text, SimulationOptions& options) {
  if (text.empty()) return absl::OkStatus();
  const std::string expected =
      "epochs=N:COLUMN,M:COLUMN,… with rising numbers of epochs, before it scores: "
      "zero_cost=SCORE:COLUMN,";
  bool trains = false;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const bool is_score = absl::ConsumePrefix(&part, "zero_cost=");
    if (absl::ConsumePrefix(&part, "epochs=")) {
      if (trains) return Wrong("--fidelity", text, expected);
      trains = true;
    } else if (trains == is_score) {
      return Wrong("--fidelity", text, expected);
    }
    const std::vector<std::string> pair = absl::StrSplit(part, absl::MaxSplits(':', 1));
    if (pair.size() != 2 || pair[1].empty()) return Wrong("--fidelity", text, expected);
    SimulationOptions::Rung rung;
    rung.column = pair[1];
    if (is_score) {
      rung.score = pair[0];
    } else if (!absl::SimpleAtoi(pair[0], &rung.epochs) || rung.epochs < 1 ||
               (!options.rungs.empty() && rung.epochs <= options.rungs.back().epochs)) {
      return Wrong("--fidelity", text, expected);
    }
    options.rungs.push_back(rung);
  }
  return trains ? absl::OkStatus() : Wrong("--fidelity", text, expected);
}

absl::Status ParseNumbers(const std::string& option, const std::string& text,
                          std::vector<double>& numbers) {
  for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    double number = 0;
    if (!absl::SimpleAtod(part, &number) || !(number >= 0 && number < 1e300)) {
      return Wrong(option, text, "numbers with commas between");
    }
    numbers.push_back(number);
  }
  return absl::OkStatus();
}

absl::Status ParseLengths(const std::string& text, SimulationOptions& options) {
  std::vector<double> ends;
  NASCENT_RETURN_IF_ERROR(ParseNumbers("--lengths", text, ends));
  if (ends.size() != 2 || !(ends[0] > 0 && ends[0] <= ends[1])) {
    return Wrong("--lengths", text, "SHORTEST,LONGEST, both above 0");
  }
  options.shortest = ends[0];
  options.longest = ends[1];
  return absl::OkStatus();
}

// "METRIC=TEXT", each metric once.
absl::Status ParsePairs(const std::string& option, const std::vector<std::string>& texts,
                        const std::string& expected, std::map<std::string, std::string>& pairs) {
  for (const std::string& text : texts) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(text, absl::MaxSplits('=', 1));
    if (pair.first.empty() || pair.second.empty()) return Wrong(option, text, expected);
    if (!pairs.insert(pair).second) {
      return Wrong(option, text, absl::StrCat("each metric once; ", pair.first, " is there again"));
    }
  }
  return absl::OkStatus();
}

absl::Status ParseNoise(const std::vector<std::string>& texts, SimulationOptions& options) {
  const std::string expected = "METRIC=SIGMA with a standard deviation above 0";
  std::map<std::string, std::string> pairs;
  NASCENT_RETURN_IF_ERROR(ParsePairs("--noise", texts, expected, pairs));
  for (const auto& [metric, sigma] : pairs) {
    double& value = options.noise[metric];
    if (!absl::SimpleAtod(sigma, &value) || !(value > 0 && value < 1e300)) {
      return Wrong("--noise", absl::StrCat(metric, "=", sigma), expected);
    }
  }
  return absl::OkStatus();
}

// Of the terminal; of what is no terminal 80.
int OutputWidth() {
  winsize size{};
  constexpr int kNoTerminal = 80;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kNoTerminal;
  return size.ws_col;
}

// All of it, or an error: a disk may be full.
absl::Status Print(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return absl::OkStatus();
  }
  return absl::UnknownError(
      absl::StrCat("cannot write to standard output: ", std::strerror(errno)));
}

void PrintError(const absl::Status& status, bool json) {
  const std::string message(status.message());
  if (json) {
    const std::string text =
        spec::Json::Object()
            .Set("error",
                 spec::Json::Object().Set("code", CodeName(status)).Set("message", message))
            .Print();
    std::fprintf(stderr, "%s\n", text.c_str());
  } else {
    std::fprintf(stderr, "nascent simulate: %s [%s]\n", message.c_str(), CodeName(status).c_str());
  }
}

v1::Sharing ParseSharing(const std::string& text) {
  if (text == "search") return v1::SHARING_SEARCH;
  return text == "project" ? v1::SHARING_PROJECT : v1::SHARING_OFF;
}

void ShowProgress(int64_t done, int64_t of) {
  std::fprintf(stderr, "\r%lld of %lld runs%s", static_cast<long long>(done),
               static_cast<long long>(of), done == of ? "\n" : "");
  std::fflush(stderr);
}

absl::Status Simulate(Arguments& arguments) {
  CompareOptions compare;
  ReportOptions report_options;
  absl::Status status = ParseSeeds(arguments.seeds, compare);
  status.Update(ParseFidelity(arguments.fidelity, arguments.options));
  status.Update(ParseLengths(arguments.lengths, arguments.options));
  status.Update(ParseNumbers("--within", arguments.within, report_options.within));
  status.Update(ParseNoise(arguments.noise, arguments.options));
  status.Update(ParsePairs("--seen", arguments.seen, "METRIC=COLUMN", arguments.options.seen));
  if (!status.ok()) return status;
  arguments.options.sharing = ParseSharing(arguments.sharing);

  NASCENT_ASSIGN_OR_RETURN(auto file, spec::ReadSearchFile(arguments.search_file));
  NASCENT_ASSIGN_OR_RETURN(auto table, spec::ReadTextFile(arguments.table_file, kLargestTable));
  std::vector<NamedStrategy> strategies = {{NameOf(file.spec.strategy()), file.spec.strategy()}};
  if (!arguments.strategies.empty()) {
    NASCENT_ASSIGN_OR_RETURN(strategies, ParseStrategies(arguments.strategies));
  }
  auto scenario = Scenario::Make(file.spec, arguments.options, table, arguments.table_file);
  if (!scenario.ok()) {
    const std::string message(scenario.status().message());
    // The table's own errors name their file, those of an option the option.
    if (message.rfind("--", 0) == 0) return scenario.status();
    if (message.rfind(arguments.table_file + ":", 0) == 0) return scenario.status();
    return absl::Status(scenario.status().code(),
                        absl::StrCat(arguments.search_file, ": ", message));
  }

  const int machine = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  compare.threads = arguments.threads > 0 ? arguments.threads : machine;
  if (isatty(STDERR_FILENO) != 0) compare.progress = ShowProgress;
  NASCENT_ASSIGN_OR_RETURN(auto runs, Compare(**scenario, strategies, compare));

  report_options.metric = (*scenario)->report_metric();
  const Truth& truth = (*scenario)->truth();
  report_options.objectives = truth.objectives();
  report_options.maximize = truth.objectives().front().maximize;
  report_options.best = truth.best();
  report_options.hypervolume = truth.hypervolume();
  report_options.queries = (*scenario)->queries();
  std::vector<std::string> names;
  for (const NamedStrategy& strategy : strategies) names.push_back(strategy.name);
  const Report report = MakeReport(report_options, names, runs);
  if (arguments.output == "png" && arguments.plot.empty()) arguments.plot = "simulation.png";
  if (!arguments.plot.empty()) {
    status = DrawPicture(report, arguments.plot);
    if (!status.ok()) return status;
  }
  if (arguments.output == "json") return Print(ToJson(report).Print(2) + "\n");
  if (arguments.output == "png") return Print(arguments.plot + "\n");
  return Print(ToTable(report, OutputWidth()) +
               (arguments.options.nearest
                    ? "Networks that stand in no row had the results of the nearest row.\n"
                    : ""));
}

// Errors of the command line itself are written as the caller asked for, too.
bool WantsJson(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--output=json") return true;
    if (word == "--output" && i + 1 < argc && std::string_view(argv[i + 1]) == "json") return true;
  }
  return false;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  SimulationOptions& options = arguments.options;
  CLI::App app(
      "Runs a search on a table of results: the real engine and strategy on a virtual "
      "clock.",
      "nascent simulate");
  app.add_option("SEARCH", arguments.search_file, "The search file")->required();
  app.add_option("--table", arguments.table_file,
                 "CSV with a column `architecture` in the space's notation, or one column per "
                 "decision, and columns of metrics")
      ->required();
  app.add_option("--workers", options.workers, "Trials at a time")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--seeds", arguments.seeds, "FIRST..LAST, one run each")->capture_default_str();
  app.add_option("--queries", options.queries,
                 "Answered proposals per run; default: the search's budget of trials, or 1000")
      ->check(CLI::Range(1, 10000000));
  app.add_option("--search", options.search_metric,
                 "The column that the search sees as its first objective");
  app.add_option("--report", options.report_metric,
                 "The column that is reported of its incumbent; default: what it sees");
  app.add_option("--fidelity", arguments.fidelity,
                 "The columns of a ladder: epochs=12:COLUMN,200:COLUMN, before it rungs of scores: "
                 "zero_cost=synflow:COLUMN,epochs=…");
  app.add_option("--time", options.time_column,
                 "The column with the seconds of a whole training; default: 1 second");
  app.add_option("--seen", arguments.seen,
                 "METRIC=COLUMN: the search sees this column as the metric, the report uses the "
                 "metric's own; may stand several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--noise", arguments.noise,
                 "METRIC=SIGMA: the search sees the metric with a normal error of this standard "
                 "deviation, the report without; may stand several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--nearest", options.nearest,
               "A network that stands in no row has the results of the nearest one, so that a few "
               "rows stand for a space with ranges of real numbers");
  app.add_option("--sharing", arguments.sharing, "Whether equal networks share an evaluation")
      ->check(CLI::IsMember({"off", "search", "project"}))
      ->capture_default_str();
  app.add_option("--strategies", arguments.strategies,
                 "Strategies to compare, as in a search file, with commas between: "
                 "random,{regularized_evolution: {population: 50, sample: 10}}");
  app.add_option("--within", arguments.within,
                 "Distances from the best whose queries and time are reported, e.g. 1,0.5");
  app.add_option("--lengths", arguments.lengths,
                 "SHORTEST,LONGEST: each trial takes its time times a factor between these")
      ->capture_default_str();
  app.add_option("--fail", options.fail_probability, "Probability that a trial diverges")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--lag", options.lag_probability,
                 "Probability that a trial takes ten times as long")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--vanish", options.vanish_probability,
                 "Probability that a worker vanishes during a trial and is started again")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--threads", arguments.threads, "Runs at a time; default: one per core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--output", arguments.output, "What is printed; png prints the picture's name")
      ->check(CLI::IsMember({"table", "json", "png"}))
      ->capture_default_str();
  app.add_option("--plot", arguments.plot,
                 "File for the picture, .png, .svg or .pdf; default with png: simulation.png")
      ->check([](const std::string& file) {
        return std::string(picture::FormatOf(file).status().message());
      });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    if (!WantsJson(argc, argv)) {
      app.exit(error);
    } else {
      PrintError(absl::InvalidArgumentError(error.what()), true);
    }
    return kUsage;
  }
  const absl::Status status = Simulate(arguments);
  if (!status.ok()) PrintError(status, arguments.output == "json");
  return ExitCodeOf(status);
}

}  // namespace
}  // namespace nascent::simulate

int main(int argc, char** argv) { return nascent::simulate::Main(argc, argv); }
