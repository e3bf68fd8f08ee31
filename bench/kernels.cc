// nascent-bench kernels: what each of the worker's own kernels gains over LibTorch's and oneDNN's.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <time.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/benchmarks.h"
#include "bench/live_network.h"
#include "bench/onednn_kernels.h"
#include "bench/or_throw.h"
#include "worker/torch/kernels/batch_norm_function.h"
#include "worker/torch/kernels/fast_tensors.h"
#include "worker/torch/kernels/norm_sum_function.h"
#include "worker/torch/kernels/pool_function.h"
#include "worker/torch/network_module.h"
#include "worker/torch/process_setup.h"
#include "worker/torch/training_step.h"
#include "worker/torch/version.h"

namespace nascent::bench {
namespace {

struct Options {
  ImageSizes sizes;
  std::vector<int64_t> channels = {8, 16, 36};
  int rounds = 40;
  std::string only;
  std::string output = "table";
};

constexpr int kTerms = 3;

using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

struct Operation {
  std::string name;
  int inputs = 1;
  Function own;
  Function libtorch;
  std::function<void()> onednn;
};

at::Tensor RandomImages(const ImageSizes& s) {
  return at::randn({s.count, s.channels, s.side, s.side})
      .contiguous(at::MemoryFormat::ChannelsLast);
}

worker::BatchNorm NormOf(const ImageSizes& sizes) {
  const auto parameter = [&](double value) {
    return at::full({sizes.channels}, value).set_requires_grad(true);
  };
  return {parameter(1), parameter(0), at::zeros({sizes.channels}), at::ones({sizes.channels})};
}

at::Tensor LibTorchNorm(const worker::BatchNorm& norm, const at::Tensor& x) {
  return at::batch_norm(x, norm.weight, norm.bias, norm.running_mean, norm.running_variance,
                        /*training=*/true, norm.momentum, norm.epsilon, /*cudnn_enabled=*/false);
}

Operation BatchNormOperation(const ImageSizes& sizes, bool relu) {
  const worker::BatchNorm norm = NormOf(sizes);
  Operation operation;
  operation.name = relu ? "batch norm + relu" : "batch norm";
  operation.own = [norm, relu](const std::vector<at::Tensor>& in) {
    return NormalizeBatch(norm, in[0], /*training=*/true, relu);
  };
  operation.libtorch = [norm, relu](const std::vector<at::Tensor>& in) {
    const at::Tensor y = LibTorchNorm(norm, in[0]);
    return relu ? at::relu(y) : y;
  };
  operation.onednn = OneDnnBatchNorm(sizes, relu);
  return operation;
}

Operation PoolOperation(const ImageSizes& sizes, bool maximum) {
  worker::kernels::Pool pool;
  pool.channels = sizes.channels;
  pool.height = pool.width = pool.out_height = pool.out_width = sizes.side;
  pool.kernel_h = pool.kernel_w = 3;
  pool.pad_h = pool.pad_w = 1;
  pool.count_padding = false;
  Operation operation;
  operation.name = maximum ? "max pool 3x3" : "average pool 3x3";
  operation.own = [pool, maximum](const std::vector<at::Tensor>& in) {
    return maximum ? worker::PoolMaximum(pool, in[0], false, 1, 1)
                   : worker::PoolAverage(pool, in[0], false);
  };
  operation.libtorch = [maximum](const std::vector<at::Tensor>& in) {
    return maximum ? at::max_pool2d(in[0], {3, 3}, {1, 1}, {1, 1})
                   : at::avg_pool2d(in[0], {3, 3}, {1, 1}, {1, 1}, /*ceil_mode=*/false,
                                    /*count_include_pad=*/false);
  };
  operation.onednn = OneDnnPool(sizes, maximum);
  return operation;
}

// Two of the terms normalised, one plain, a ReLU behind: how a node of a cell ends. `fused`: by one
// kernel; else by the worker's batch norm and LibTorch's sum and ReLU.
Operation NormSumOperation(const ImageSizes& sizes, bool fused) {
  const worker::BatchNorm norms[] = {NormOf(sizes), NormOf(sizes)};
  Operation operation;
  operation.name = fused ? "2 norms, sum + relu" : "same, by 4 kernels";
  operation.inputs = kTerms;
  operation.own = [=, first = norms[0], second = norms[1]](const std::vector<at::Tensor>& in) {
    if (!fused) {
      return at::relu(NormalizeBatch(first, in[0], true, false) +
                      NormalizeBatch(second, in[1], true, false) + in[2]);
    }
    const std::vector<worker::SumTerm> terms = {{in[0], first}, {in[1], second}, {in[2], {}}};
    return AddNormalized(terms, /*relu=*/true).relu;
  };
  operation.libtorch = [first = norms[0], second = norms[1]](const std::vector<at::Tensor>& in) {
    return at::relu(LibTorchNorm(first, in[0]) + LibTorchNorm(second, in[1]) + in[2]);
  };
  operation.onednn = [norm = OneDnnBatchNorm(sizes, false), sum = OneDnnSum(sizes, kTerms),
                      relu = OneDnnRelu(sizes)] {
    norm();
    norm();
    sum();
    relu();
  };
  return operation;
}

std::vector<Operation> Operations(const ImageSizes& sizes) {
  return {BatchNormOperation(sizes, false), BatchNormOperation(sizes, true),
          PoolOperation(sizes, true),       PoolOperation(sizes, false),
          NormSumOperation(sizes, true),    NormSumOperation(sizes, false)};
}

// Forward and backward through autograd, as in the middle of a network: gradients of inputs are
// handed on, not stored.
std::function<void()> Step(const Function& function, int inputs, const ImageSizes& sizes) {
  std::vector<at::Tensor> in;
  for (int i = 0; i < inputs; ++i) in.push_back(RandomImages(sizes).set_requires_grad(true));
  const at::Tensor gradient = RandomImages(sizes);
  return [function, in, gradient] { torch::autograd::grad({function(in)}, in, {gradient}); };
}

double ThreadMilliseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

// The fastest of interleaved rounds of each: other load on the machine only adds.
std::vector<double> FastestMilliseconds(const std::vector<std::function<void()>>& steps,
                                        int rounds) {
  std::vector<double> fastest(steps.size(), std::numeric_limits<double>::infinity());
  for (const auto& step : steps) step();
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < steps.size(); ++i) {
      const double start = ThreadMilliseconds();
      steps[i]();
      fastest[i] = std::min(fastest[i], ThreadMilliseconds() - start);
    }
  }
  return fastest;
}

struct Row {
  std::string name;
  int64_t channels = 0;
  double own = 0;
  double libtorch = 0;
  std::optional<double> onednn;
};

std::vector<Row> MeasureOperations(const ImageSizes& sizes, int rounds, const std::string& only) {
  std::vector<Row> rows;
  for (const Operation& operation : Operations(sizes)) {
    if (!absl::StrContains(operation.name, only)) continue;
    const std::vector<double> ms =
        FastestMilliseconds({Step(operation.own, operation.inputs, sizes),
                             Step(operation.libtorch, operation.inputs, sizes), operation.onednn},
                            rounds);
    rows.push_back({operation.name, sizes.channels, ms[0], ms[1], ms[2]});
  }
  return rows;
}

// The training step of nascent-bench train, with all kernels of the worker's own, and with some or
// all of them left to LibTorch.
std::vector<Row> MeasureTraining(const ImageSizes& sizes, int rounds) {
  using worker::kernels::Family;
  const std::vector<std::pair<std::string, std::vector<Family>>> variants = {
      {"", {}},
      {"training, all", {Family::kBatchNorm, Family::kPool, Family::kNormSum}},
      {"training, norms", {Family::kBatchNorm, Family::kNormSum}},
      {"training, norm sums", {Family::kNormSum}},
      {"training, pools", {Family::kPool}}};
  auto network = std::shared_ptr<worker::NetworkModule>(OrThrow(worker::NetworkModule::Create(
      LiveNetwork({1, sizes.side, sizes.side}, sizes.channels, 1), 0, at::kCPU)));
  v1::Recipe recipe;
  recipe.mutable_optimizer()->mutable_sgd();
  auto step = std::make_shared<worker::TrainingStep>(*network, recipe, at::kCPU);
  auto totals = std::make_shared<worker::Totals>(at::kCPU);
  ImageSizes input = sizes;
  input.channels = 1;
  const at::Tensor images = RandomImages(input);
  const at::Tensor labels = at::randint(10, {sizes.count}, at::kLong);
  std::vector<std::function<void()>> steps;
  for (const auto& variant : variants) {
    steps.push_back([=, families = variant.second] {
      for (Family family : families) worker::kernels::Use(family, false);
      step->Run({images, labels}, worker::Pass{.training = true}, 0, *totals);
      for (Family family : families) worker::kernels::Use(family, true);
    });
  }
  const std::vector<double> ms = FastestMilliseconds(steps, rounds);
  std::vector<Row> rows;
  for (size_t i = 1; i < variants.size(); ++i) {
    rows.push_back({variants[i].first, sizes.channels, ms[0], ms[i], std::nullopt});
  }
  return rows;
}

void Print(const Row& row) {
  std::cout << absl::StrFormat("%-20s %8d %8.2f %9.2f %8s %8.2f\n", row.name, row.channels, row.own,
                               row.libtorch,
                               row.onednn.has_value() ? absl::StrFormat("%.2f", *row.onednn) : "",
                               row.libtorch / row.own)
            << std::flush;
}

std::string JsonOf(const Row& row) {
  return absl::StrFormat(
      "{\"name\": \"%s\", \"channels\": %d, \"own\": %.3f, \"libtorch\": %.3f, \"onednn\": %s}",
      row.name, row.channels, row.own, row.libtorch,
      row.onednn.has_value() ? absl::StrFormat("%.3f", *row.onednn) : "null");
}

void Run(const Options& options) {
  at::set_num_threads(1);
  at::globalContext().setFlushDenormal(true);
  at::manual_seed(0);
  const bool json = options.output == "json";
  if (!json) {
    std::cout << absl::StrFormat(
        "milliseconds of one thread, forward and backward, %d images of %dx%d, the fastest of %d "
        "rounds\nLibTorch %s, oneDNN %s\n%-20s %8s %8s %9s %8s %8s\n",
        options.sizes.count, options.sizes.side, options.sizes.side, options.rounds,
        worker::TorchVersion(), OneDnnVersion(), "", "channels", "own", "LibTorch", "oneDNN",
        "gain");
  }
  std::vector<std::string> found;
  for (const int64_t channels : options.channels) {
    ImageSizes sizes = options.sizes;
    sizes.channels = channels;
    std::vector<Row> rows = MeasureOperations(sizes, options.rounds, options.only);
    if (options.only.empty() || options.only == "training") {
      const std::vector<Row> training = MeasureTraining(sizes, std::max(1, options.rounds / 4));
      rows.insert(rows.end(), training.begin(), training.end());
    }
    for (const Row& row : rows) {
      json ? found.push_back(JsonOf(row)) : Print(row);
    }
  }
  if (json) {
    std::cout << absl::StrFormat(
        "{\"libtorch\": \"%s\", \"onednn\": \"%s\", \"operations\": [%s]}\n",
        worker::TorchVersion(), OneDnnVersion(), absl::StrJoin(found, ", "));
  }
}

}  // namespace

void AddKernels(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* kernels = app.add_subcommand(
      "kernels",
      "Time of each of the worker's own kernels, forward and backward on one thread, beside "
      "LibTorch's operation and oneDNN's, and of a training step with and without them.");
  kernels->add_option("--channels", options->channels, "Channels of the images.");
  kernels->add_option("--side", options->sizes.side, "Their height and width.");
  kernels->add_option("--batch", options->sizes.count, "Images per call.");
  kernels->add_option("--rounds", options->rounds, "Interleaved rounds per operation.");
  kernels->add_option("--only", options->only,
                      "Operations with this in their name, or \"training\".");
  kernels->add_option("--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  kernels->callback([options] {
    worker::KeepFreedMemory();
    Run(*options);
  });
}

}  // namespace nascent::bench
