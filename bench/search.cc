// nascent-bench search: a real search through the whole service, and beside it a PyTorch loop under
// Optuna.

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "bench/benchmarks.h"

namespace nascent::bench {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

struct Options {
  int trials = 24;
  int slots = 2;
  int port = 7391;
  bool peer = false;
  std::string python = "python3";
  std::string peer_program = NASCENT_BENCH_PEERS "/optuna_search.py";
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::string output = "table";
};

struct Rates {
  double trials_per_minute = 0;
  double training_share = 0;
  double validation_share = 0;
};

// What a command prints. Throws when it fails.
std::string RunCommand(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start: " + command);
  std::string text;
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    text.append(buffer.data(), n);
  }
  if (pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return text;
}

Value ParseJson(const std::string& text) {
  Value value;
  if (!google::protobuf::util::JsonStringToMessage(text, &value).ok()) {
    throw std::runtime_error("no JSON: " + text.substr(0, 200));
  }
  return value;
}

const Value& Field(const Value& value, const std::string& name) {
  static const Value* const kNone = new Value;
  const auto found = value.struct_value().fields().find(name);
  return found == value.struct_value().fields().end() ? *kNone : found->second;
}

absl::Time TimeOf(const Value& value) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, value.string_value(), &time, &error)) {
    throw std::runtime_error("no time: " + value.string_value());
  }
  return time;
}

// A service of its own for as long as it lives.
class Service {
 public:
  explicit Service(const Options& options)
      : folder_(std::filesystem::temp_directory_path() / absl::StrCat("nascent-bench-", getpid())),
        nascent_(absl::StrCat(
            std::filesystem::read_symlink("/proc/self/exe").parent_path().string(),
            "/nascent --data-dir ", folder_.string(), " --server 127.0.0.1:", options.port, " ")) {
    Run(absl::StrCat("up --detach --listen 127.0.0.1:", options.port, " --slots ", options.slots,
                     " >/dev/null"));
  }
  ~Service() {
    // The destructor of a benchmark that may have failed: what can't be ended is left to be seen.
    [[maybe_unused]] const int status = std::system((nascent_ + "down >/dev/null").c_str());
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::string Run(const std::string& arguments) const { return RunCommand(nascent_ + arguments); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  const std::filesystem::path folder_;
  const std::string nascent_;
};

// The trials after the first of each slot: what is started once is no part of the rate.
Rates RatesOf(const Value& trials, int slots) {
  struct Trial {
    absl::Time finished;
    double training, validation;
  };
  std::vector<Trial> ended;
  const Value& list = trials.kind_case() == Value::kListValue ? trials : Field(trials, "trials");
  for (const Value& trial : list.list_value().values()) {
    const Value& metrics = Field(trial, "metrics");
    if (Field(trial, "finished_at").string_value().empty()) continue;
    ended.push_back({TimeOf(Field(trial, "finished_at")),
                     Field(metrics, "training_seconds").number_value(),
                     Field(metrics, "validation_seconds").number_value()});
  }
  const auto first = static_cast<size_t>(slots);
  if (ended.size() <= first + 1) throw std::runtime_error("too few trials ended");
  std::sort(ended.begin(), ended.end(),
            [](const Trial& a, const Trial& b) { return a.finished < b.finished; });
  const double seconds = absl::ToDoubleSeconds(ended.back().finished - ended[first - 1].finished);
  Rates rates;
  rates.trials_per_minute = 60 * static_cast<double>(ended.size() - first) / seconds;
  for (size_t i = first; i < ended.size(); ++i) {
    rates.training_share += ended[i].training / (seconds * slots);
    rates.validation_share += ended[i].validation / (seconds * slots);
  }
  return rates;
}

Rates RunSearch(const Options& options) {
  const Service service(options);
  service.Run(absl::StrCat("data add fashion-mnist --from ", options.data, " >/dev/null"));
  const std::string file = (service.folder() / "search.yaml").string();
  std::ofstream(file) << absl::StrFormat(
      R"(name: bench
space: {preset: nas-bench-201, set: {channels: 8, cells: 1}}
data: {dataset: fashion-mnist, train: 10000, validation: 5000}
recipe: {epochs: 1, batch: 128, optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 5e-4}}}
objectives: [{metric: validation_accuracy, goal: maximize}]
strategy: {random: {}}
budget: {trials: %d, parallel: %d}
sharing: off
)",
      options.trials, options.slots);
  service.Run(absl::StrCat("submit --watch ", file, " >/dev/null"));
  return RatesOf(
      ParseJson(service.Run(absl::StrCat("trials bench --output json --limit ", options.trials))),
      options.slots);
}

double RunPeer(const Options& options) {
  const Value report = ParseJson(RunCommand(absl::StrCat(
      options.python, " ", options.peer_program, " --trials ", options.trials, " --slots ",
      options.slots, " --images ", options.data, "/train-images-idx3-ubyte.gz --labels ",
      options.data, "/train-labels-idx1-ubyte.gz")));
  return Field(report, "trials_per_minute").number_value();
}

void Run(const Options& options) {
  const Rates rates = RunSearch(options);
  const double peer = options.peer ? RunPeer(options) : 0;
  const double other = 1 - rates.training_share - rates.validation_share;
  if (options.output == "json") {
    std::cout << absl::StrFormat(
        "{\"trials_per_minute\": %.2f, \"peer_trials_per_minute\": %s, \"training_share\": %.4f, "
        "\"validation_share\": %.4f, \"other_share\": %.4f}\n",
        rates.trials_per_minute, options.peer ? absl::StrFormat("%.2f", peer) : "null",
        rates.training_share, rates.validation_share, other);
    return;
  }
  std::cout << absl::StrFormat("%-34s %8.1f\n", "trials per minute", rates.trials_per_minute);
  if (options.peer) {
    std::cout << absl::StrFormat("%-34s %8.1f\n", "PyTorch under Optuna", peer);
  }
  std::cout << absl::StrFormat("%-34s %7.1f %%\n", "of the slots' time: training",
                               100 * rates.training_share)
            << absl::StrFormat("%-34s %7.1f %%\n", "validation", 100 * rates.validation_share)
            << absl::StrFormat("%-34s %7.1f %%\n", "all else", 100 * other);
}

}  // namespace

void AddSearch(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* search = app.add_subcommand(
      "search",
      "Trials per minute of a random search over NAS-Bench-201 cells (channels 8, cells 1) on "
      "Fashion-MNIST, through a service of its own.");
  search->add_option("--trials", options->trials, "Trials to run.");
  search->add_option("--slots", options->slots, "Trials at a time, one thread each.");
  search->add_option("--port", options->port, "Where the coordinator listens.");
  search->add_flag("--peer", options->peer, "Also run the PyTorch loop of bench/peers.");
  search->add_option("--python", options->python, "A Python that has torch and optuna.");
  search->add_option("--peer-program", options->peer_program, "That loop.");
  search->add_option("--data", options->data, "Folder with Fashion-MNIST's IDX files.");
  search->add_option("--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  search->callback([options] { Run(*options); });
}

}  // namespace nascent::bench
