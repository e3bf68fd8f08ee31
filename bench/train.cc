// nascent-bench train: the worker's training step against the same network written by hand.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/benchmarks.h"
#include "bench/handwritten_network.h"
#include "bench/live_network.h"
#include "bench/or_throw.h"
#include "worker/torch/network_module.h"
#include "worker/torch/process_setup.h"
#include "worker/torch/training_step.h"

namespace nascent::bench {
namespace {

struct Options {
  int64_t channels = 8;
  int64_t cells = 1;
  int64_t batch = 128;
  std::vector<int64_t> input = {1, 28, 28};
  int pairs = 5;
  double seconds = 2;
  std::string output = "table";
  // Of a child that measures: which loop, on how many threads.
  std::string loop;
  int threads = 1;
};

std::function<void(const at::Tensor&, const at::Tensor&)> WorkerStep(const Options& options) {
  auto network = std::shared_ptr<worker::NetworkModule>(OrThrow(worker::NetworkModule::Create(
      LiveNetwork({options.input.begin(), options.input.end()}, options.channels, options.cells), 0,
      at::kCPU)));
  v1::Recipe recipe;
  recipe.mutable_optimizer()->mutable_sgd();  // The same settings are its defaults.
  auto step = std::make_shared<worker::TrainingStep>(*network, recipe, at::kCPU);
  auto totals = std::make_shared<worker::Totals>(at::kCPU);
  return [network, step, totals](const at::Tensor& images, const at::Tensor& labels) {
    step->Run({images, labels}, worker::Pass{.training = true}, 1, *totals);
  };
}

// Prints images per second of one loop.
void Measure(const Options& options) {
  at::set_num_threads(options.threads);
  at::globalContext().setFlushDenormal(true);
  at::manual_seed(0);
  const auto step = options.loop == "worker"
                        ? WorkerStep(options)
                        : HandwrittenStep(options.input[0], options.channels, options.cells, 10);
  const at::Tensor images =
      at::randn({options.batch, options.input[0], options.input[1], options.input[2]})
          .contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor labels = at::randint(10, {options.batch}, at::kLong);
  for (int i = 0; i < 3; ++i) step(images, labels);
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  int64_t steps = 0;
  double elapsed = 0;
  for (; elapsed < options.seconds; ++steps) {
    step(images, labels);
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  std::cout << absl::StrFormat("%.3f\n", static_cast<double>(steps * options.batch) / elapsed);
}

// Runs `tasks` processes at once and adds up their rates. The worker's are set up as
// nascent-evaluator is.
double RunTasks(const Options& options, const std::string& loop, int tasks, int threads) {
  std::string command = absl::StrCat("OMP_NUM_THREADS=", threads);
  if (loop == "worker") {
    for (const auto& [name, value] : worker::TrainingEnvironment()) {
      absl::StrAppend(&command, " ", name, "=", value);
    }
  }
  absl::StrAppend(&command, " /proc/", getpid(), "/exe train --loop ", loop, " --threads ", threads,
                  " --channels ", options.channels, " --cells ", options.cells, " --batch ",
                  options.batch, " --seconds ", options.seconds, " --input ", options.input[0], " ",
                  options.input[1], " ", options.input[2]);
  std::vector<FILE*> processes;
  for (int i = 0; i < tasks; ++i) processes.push_back(popen(command.c_str(), "r"));
  double rate = 0;
  bool failed = false;
  for (FILE* process : processes) {
    char line[64] = {};
    double value = 0;
    failed = process == nullptr || fgets(line, sizeof(line), process) == nullptr ||
             !absl::SimpleAtod(std::string(line, strcspn(line, "\n")), &value) ||
             pclose(process) != 0 || failed;
    rate += value;
  }
  if (failed) throw std::runtime_error("a measuring process failed: " + command);
  return rate;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void Compare(const Options& options) {
  struct Setting {
    const char* name;
    int tasks, threads;
    std::vector<double> worker, handwritten;
  };
  Setting settings[] = {{"one task, two threads", 1, 2, {}, {}},
                        {"two tasks, one thread each", 2, 1, {}, {}}};
  for (int pair = 0; pair < options.pairs; ++pair) {
    for (Setting& s : settings) {
      s.worker.push_back(RunTasks(options, "worker", s.tasks, s.threads));
      s.handwritten.push_back(RunTasks(options, "handwritten", s.tasks, s.threads));
    }
  }
  if (options.output == "json") {
    std::cout << absl::StrFormat(
        "{\"images_per_second\": %.1f, \"handwritten_images_per_second\": %.1f, "
        "\"two_tasks_images_per_second\": %.1f, "
        "\"two_tasks_handwritten_images_per_second\": %.1f}\n",
        Median(settings[0].worker), Median(settings[0].handwritten), Median(settings[1].worker),
        Median(settings[1].handwritten));
    return;
  }
  std::cout << "images per second, medians of " << options.pairs << " interleaved pairs\n";
  for (const Setting& s : settings) {
    std::cout << absl::StrFormat("%-28s worker %8.0f   by hand %8.0f   %.2f times\n", s.name,
                                 Median(s.worker), Median(s.handwritten),
                                 Median(s.worker) / Median(s.handwritten));
  }
}

}  // namespace

void AddTrain(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* train = app.add_subcommand(
      "train",
      "Images per second of the worker's training step against the same NAS-Bench-201 network "
      "written by hand with torch::nn and torch::optim.");
  train->add_option("--channels", options->channels, "Channels of the first stage.");
  train->add_option("--cells", options->cells, "Cells per stage.");
  train->add_option("--batch", options->batch, "Images per step.");
  train->add_option("--input", options->input, "Shape of an image.")->expected(3);
  train->add_option("--pairs", options->pairs, "Interleaved pairs per setting.");
  train->add_option("--seconds", options->seconds, "Length of one measurement.");
  train->add_option("--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  train->add_option("--loop", options->loop, "Measure one loop in this process.")->group("");
  train->add_option("--threads", options->threads, "Of that loop.")->group("");
  train->callback([options] {
    if (options->loop.empty()) {
      Compare(*options);
      return;
    }
    if (options->loop == "worker") worker::KeepFreedMemory();
    Measure(*options);
  });
}

}  // namespace nascent::bench
