// nascent-bench kernels: what each of the worker's own kernels gains over LibTorch's and oneDNN's.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <time.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/benchmarks.h"
#include "bench/onednn_kernels.h"
#include "worker/torch/kernels/batch_norm_function.h"
#include "worker/torch/kernels/pool_function.h"
#include "worker/torch/kernels/sum_function.h"
#include "worker/torch/process_setup.h"
#include "worker/torch/version.h"

namespace nascent::bench {
namespace {

struct Options {
  ImageSizes sizes;
  std::vector<int64_t> channels = {8, 16, 36};
  int rounds = 40;
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

Operation BatchNormOperation(const ImageSizes& sizes, bool relu) {
  const auto parameter = [&](double value) {
    return at::full({sizes.channels}, value).set_requires_grad(true);
  };
  const worker::BatchNorm norm = {parameter(1), parameter(0), at::zeros({sizes.channels}),
                                  at::ones({sizes.channels})};
  Operation operation;
  operation.name = relu ? "batch norm + relu" : "batch norm";
  operation.own = [norm, relu](const std::vector<at::Tensor>& in) {
    return NormalizeBatch(norm, in[0], /*training=*/true, relu);
  };
  operation.libtorch = [norm, relu](const std::vector<at::Tensor>& in) {
    const at::Tensor y =
        at::batch_norm(in[0], norm.weight, norm.bias, norm.running_mean, norm.running_variance,
                       /*training=*/true, norm.momentum, norm.epsilon, /*cudnn_enabled=*/false);
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

Operation SumOperation(const ImageSizes& sizes) {
  Operation operation;
  operation.name = absl::StrFormat("sum of %d", kTerms);
  operation.inputs = kTerms;
  operation.own = [](const std::vector<at::Tensor>& in) { return worker::SumOf(in); };
  operation.libtorch = [](const std::vector<at::Tensor>& in) {
    at::Tensor sum = in[0];
    for (size_t i = 1; i < in.size(); ++i) sum = sum + in[i];
    return sum;
  };
  operation.onednn = OneDnnSum(sizes, kTerms);
  return operation;
}

std::vector<Operation> Operations(const ImageSizes& sizes) {
  return {BatchNormOperation(sizes, false), BatchNormOperation(sizes, true),
          PoolOperation(sizes, true), PoolOperation(sizes, false), SumOperation(sizes)};
}

// Forward and backward through autograd, as a training step has it.
std::function<void()> Step(const Function& function, int inputs, const ImageSizes& sizes) {
  std::vector<at::Tensor> in;
  for (int i = 0; i < inputs; ++i) in.push_back(RandomImages(sizes).set_requires_grad(true));
  const at::Tensor gradient = RandomImages(sizes);
  return [function, in, gradient]() mutable {
    for (at::Tensor& x : in) x.mutable_grad() = at::Tensor();
    function(in).backward(gradient);
  };
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

void Run(const Options& options) {
  at::set_num_threads(1);
  at::globalContext().setFlushDenormal(true);
  at::manual_seed(0);
  const bool json = options.output == "json";
  const char* separator = "";
  if (json) {
    std::cout << absl::StrFormat("{\"libtorch\": \"%s\", \"onednn\": \"%s\", \"operations\": [",
                                 worker::TorchVersion(), OneDnnVersion());
  } else {
    std::cout << absl::StrFormat(
        "milliseconds of one thread, forward and backward, %d images of %dx%d, the fastest of %d "
        "rounds\nLibTorch %s, oneDNN %s\n%-20s %8s %8s %9s %8s\n",
        options.sizes.count, options.sizes.side, options.sizes.side, options.rounds,
        worker::TorchVersion(), OneDnnVersion(), "", "channels", "own", "LibTorch", "oneDNN");
  }
  for (const int64_t channels : options.channels) {
    ImageSizes sizes = options.sizes;
    sizes.channels = channels;
    for (const Operation& operation : Operations(sizes)) {
      const std::vector<double> ms =
          FastestMilliseconds({Step(operation.own, operation.inputs, sizes),
                               Step(operation.libtorch, operation.inputs, sizes), operation.onednn},
                              options.rounds);
      if (json) {
        std::cout << absl::StrFormat(
            "%s{\"name\": \"%s\", \"channels\": %d, \"own\": %.3f, \"libtorch\": %.3f, "
            "\"onednn\": %.3f}",
            separator, operation.name, channels, ms[0], ms[1], ms[2]);
        separator = ", ";
      } else {
        std::cout << absl::StrFormat("%-20s %8d %8.2f %9.2f %8.2f\n", operation.name, channels,
                                     ms[0], ms[1], ms[2]);
      }
      std::cout.flush();
    }
  }
  if (json) std::cout << "]}\n";
}

}  // namespace

void AddKernels(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* kernels = app.add_subcommand(
      "kernels",
      "Time of each of the worker's own kernels, forward and backward on one thread, beside "
      "LibTorch's operation and oneDNN's.");
  kernels->add_option("--channels", options->channels, "Channels of the images.");
  kernels->add_option("--side", options->sizes.side, "Their height and width.");
  kernels->add_option("--batch", options->sizes.count, "Images per call.");
  kernels->add_option("--rounds", options->rounds, "Interleaved rounds per operation.");
  kernels->add_option("--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  kernels->callback([options] {
    worker::KeepFreedMemory();
    Run(*options);
  });
}

}  // namespace nascent::bench
