// One operation on images by oneDNN's own primitives, forward and backward, channels last.

#ifndef NASCENT_BENCH_ONEDNN_KERNELS_H_
#define NASCENT_BENCH_ONEDNN_KERNELS_H_

#include <cstdint>
#include <functional>
#include <string>

namespace nascent::bench {

struct ImageSizes {
  int64_t count = 128;
  int64_t channels = 8;
  int64_t side = 28;
};

// Each returns a function that runs the operation once on one thread, on memory of its own. No
// tensor is made and no graph is recorded: it is the primitives alone that are timed. They throw
// dnnl::error (std::exception) where oneDNN cannot do it.
std::function<void()> OneDnnBatchNorm(const ImageSizes& sizes, bool relu);
std::function<void()> OneDnnPool(const ImageSizes& sizes, bool maximum);
std::function<void()> OneDnnSum(const ImageSizes& sizes, int terms);  // has no backward
std::function<void()> OneDnnRelu(const ImageSizes& sizes);

// "2.6.3"
std::string OneDnnVersion();

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_ONEDNN_KERNELS_H_
