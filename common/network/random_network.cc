#include "common/network/random_network.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/network/builder.h"
#include "common/network/operations.h"

namespace nascent::network {
namespace {

template <typename T>
const T& Pick(const std::vector<T>& from, RandomStream& random) {
  return from[random.Below(from.size())];
}

template <typename Container>
void Shuffle(Container& values, RandomStream& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.Below(i)]);
}

// Splits a sum into sums of two, in random order.
class Rebuilder {
 public:
  Rebuilder(const Network& network, RandomStream& random) : network_(network), random_(random) {}

  Network Run() {
    std::vector<int> open(network_.nodes.size());
    std::vector<std::vector<int>> readers(network_.nodes.size());
    std::vector<int> ready;
    for (size_t i = 0; i < network_.nodes.size(); ++i) {
      open[i] = static_cast<int>(network_.nodes[i].inputs.size());
      if (open[i] == 0) ready.push_back(static_cast<int>(i));
      for (int input : network_.nodes[i].inputs) readers[input].push_back(static_cast<int>(i));
    }
    place_.assign(network_.nodes.size(), -1);
    while (!ready.empty()) {
      const size_t k = random_.Below(ready.size());
      const int i = std::exchange(ready[k], ready.back());
      ready.pop_back();
      place_[i] = Copy(network_.nodes[i]);
      for (int reader : readers[i]) {
        if (--open[reader] == 0) ready.push_back(reader);
      }
    }
    for (const Output& output : network_.outputs) {
      builder_.AddOutput(output.name, place_[output.node], output.training_only);
    }
    return builder_.Take();
  }

 private:
  std::string NewPath() { return absl::StrCat("n", random_.Next()); }

  int Copy(const Node& node) {
    std::vector<int> inputs;
    for (int input : node.inputs) inputs.push_back(place_[input]);
    if (FindOperation(node.operation)->commutative && node.operation != "add") {
      Shuffle(inputs, random_);
    }
    int copy;
    const bool once =
        node.operation == "add" && IntegersOf(node.attributes, "multiplicity").empty();
    if (once && inputs.size() > 2 && random_.Below(2) == 0) {
      Shuffle(inputs, random_);
      copy = inputs[0];
      for (size_t k = 1; k < inputs.size(); ++k) {
        copy = *builder_.Add(NewPath(), "add", {}, {inputs[k], copy});
      }
    } else {
      if (once) Shuffle(inputs, random_);
      copy = *builder_.Add(NewPath(), node.operation, node.attributes, inputs);
    }
    if (node.operation != "input" && random_.Below(5) == 0) {
      copy = *builder_.Add(NewPath(), "identity", {}, {copy});
    }
    return copy;
  }

  const Network& network_;
  RandomStream& random_;
  NetworkBuilder builder_;
  std::vector<int> place_;
};

}  // namespace

Network RandomNetwork(RandomStream& random, int size) {
  const std::vector<std::pair<std::string, Attributes>> kUnary = {
      {"conv2d", {{"channels", 4}, {"kernel", 3}, {"padding", 1}, {"bias", false}}},
      {"conv2d", {{"channels", 4}, {"kernel", 1}, {"bias", true}}},
      {"conv2d", {{"channels", 4}, {"kernel", 1}, {"bias", false}, {"groups", 2}}},
      {"batch_norm", {}},
      {"batch_norm", {{"affine", false}}},
      {"relu", {}},
      {"sigmoid", {}},
      {"hard_swish", {}},
      {"identity", {}},
      {"identity", {}},
      {"zero", {}},
      {"max_pool2d", {{"kernel", 3}, {"stride", 1}, {"padding", 1}}},
      {"avg_pool2d", {{"kernel", 3}, {"stride", 1}, {"padding", 1}, {"count_include_pad", false}}},
      {"dropout", {}},
      {"channel_shuffle", {{"groups", 2}}},
  };
  const std::vector<std::string> kCombining = {"add", "add", "add", "multiply", "mean"};
  const Attributes kHalf = {{"channels", 4}, {"kernel", 1}, {"bias", false}};
  NetworkBuilder builder;
  const auto path = [&builder] { return absl::StrCat("node", builder.size()); };
  std::vector<int> images = {
      *builder.Add("image", "input", {{"shape", std::vector<int64_t>{4, 8, 8}}}, {})};
  while (builder.size() < size) {
    // Mostly late ones, so that the network is deep.
    const auto pick = [&] {
      const uint64_t last = std::min<uint64_t>(images.size(), 6);
      return random.Below(4) == 0 ? Pick(images, random)
                                  : images[images.size() - 1 - random.Below(last)];
    };
    const uint64_t kind = random.Below(10);
    if (kind < 6) {
      const auto& [operation, attributes] = Pick(kUnary, random);
      images.push_back(*builder.Add(path(), operation, attributes, {pick()}));
    } else if (kind < 9) {
      std::vector<int> inputs;
      for (uint64_t k = 0; k < 2 + random.Below(3); ++k) inputs.push_back(pick());
      images.push_back(*builder.Add(path(), Pick(kCombining, random), {}, inputs));
    } else {
      const int both = *builder.Add(path(), "concatenate", {}, {pick(), pick()});
      images.push_back(*builder.Add(path(), "conv2d", kHalf, {both}));
    }
  }
  const int pool = *builder.Add(path(), "global_avg_pool", {}, {images.back()});
  builder.AddOutput("logits", *builder.Add(path(), "linear", {{"features", 10}}, {pool}));
  return builder.Take();
}

Network Disguise(const Network& network, RandomStream& random) {
  return Rebuilder(network, random).Run();
}

}  // namespace nascent::network
