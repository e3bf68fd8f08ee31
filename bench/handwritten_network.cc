#include "bench/handwritten_network.h"

#include <torch/torch.h>

#include <memory>

namespace nascent::bench {
namespace {

namespace nn = torch::nn;

nn::Conv2d Convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

nn::Sequential ReluConvNorm(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  return nn::Sequential(nn::ReLU(), Convolution(in, out, kernel, stride), nn::BatchNorm2d(out));
}

nn::AvgPool2d Pool() {
  return nn::AvgPool2d(nn::AvgPool2dOptions(3).stride(1).padding(1).count_include_pad(false));
}

struct CellImpl : nn::Module {
  explicit CellImpl(int64_t channels)
      : conv01(register_module("conv01", ReluConvNorm(channels, channels, 3))),
        conv12(register_module("conv12", ReluConvNorm(channels, channels, 3))),
        conv13(register_module("conv13", ReluConvNorm(channels, channels, 1))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor node1 = conv01->forward(x);
    const torch::Tensor node2 = pool02->forward(x) + conv12->forward(node1);
    return x + conv13->forward(node1) + pool23->forward(node2);
  }

  nn::Sequential conv01, conv12, conv13;
  nn::AvgPool2d pool02 = Pool(), pool23 = Pool();
};
TORCH_MODULE(Cell);

struct ReductionImpl : nn::Module {
  explicit ReductionImpl(int64_t in)
      : a(register_module("a", ReluConvNorm(in, 2 * in, 3, 2))),
        b(register_module("b", ReluConvNorm(2 * in, 2 * in, 3))),
        shortcut(register_module("shortcut", Convolution(in, 2 * in, 1))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    return shortcut->forward(torch::avg_pool2d(x, 2, 2)) + b->forward(a->forward(x));
  }

  nn::Sequential a, b;
  nn::Conv2d shortcut;
};
TORCH_MODULE(Reduction);

struct NetworkImpl : nn::Module {
  NetworkImpl(int64_t in, int64_t channels, int64_t cells, int64_t classes)
      : body(register_module(
            "body", nn::Sequential(Convolution(in, channels, 3), nn::BatchNorm2d(channels)))),
        head(register_module("head", nn::Linear(4 * channels, classes))) {
    for (int64_t stage = 0; stage < 3; ++stage) {
      if (stage > 0) {
        body->push_back(Reduction(channels));
        channels *= 2;
      }
      for (int64_t i = 0; i < cells; ++i) body->push_back(Cell(channels));
    }
    body->push_back(nn::BatchNorm2d(channels));
    body->push_back(nn::ReLU());
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return head->forward(body->forward(x).mean({2, 3}));
  }

  nn::Sequential body;
  nn::Linear head;
};
TORCH_MODULE(Network);

}  // namespace

std::function<void(const at::Tensor& images, const at::Tensor& labels)> HandwrittenStep(
    int64_t input_channels, int64_t channels, int64_t cells, int64_t classes) {
  Network network(input_channels, channels, cells, classes);
  network->train();
  {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : network->parameters()) {
      if (parameter.dim() == 4) {
        parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
      }
    }
  }
  auto optimizer = std::make_shared<torch::optim::SGD>(
      network->parameters(),
      torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(5e-4));
  return [network, optimizer](const at::Tensor& images, const at::Tensor& labels) mutable {
    optimizer->zero_grad();
    const torch::Tensor loss = nn::functional::cross_entropy(network->forward(images), labels);
    loss.backward();
    optimizer->step();
  };
}

}  // namespace nascent::bench
