#include "bench/onednn_kernels.h"

#include <dnnl.hpp>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace nascent::bench {
namespace {

// oneDNN 2 describes an operation first, 3 no longer does: this is written for Debian's 2.6.
struct Engine {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};

using Arguments = std::unordered_map<int, dnnl::memory>;

struct Call {
  dnnl::primitive primitive;
  Arguments arguments;
};

dnnl::memory::desc Images(const ImageSizes& s) {
  return {{s.count, s.channels, s.side, s.side},
          dnnl::memory::data_type::f32,
          dnnl::memory::format_tag::nhwc};
}

// Small values of both signs.
dnnl::memory Filled(const dnnl::memory::desc& desc, const dnnl::engine& engine) {
  dnnl::memory memory(desc, engine);
  auto* values = static_cast<float*>(memory.get_data_handle());
  for (size_t i = 0; i < desc.get_size() / sizeof(float); ++i) {
    values[i] = static_cast<float>(i * 2654435761U % 1000) / 500 - 1;
  }
  return memory;
}

std::function<void()> Run(std::shared_ptr<Engine> engine, std::vector<Call> calls) {
  return [engine = std::move(engine), calls = std::move(calls)] {
    for (const Call& call : calls) call.primitive.execute(engine->stream, call.arguments);
    engine->stream.wait();
  };
}

}  // namespace

std::function<void()> OneDnnBatchNorm(const ImageSizes& sizes, bool relu) {
  auto on = std::make_shared<Engine>();
  const dnnl::engine& engine = on->engine;
  const dnnl::memory::desc images = Images(sizes);
  auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  if (relu) flags |= dnnl::normalization_flags::fuse_norm_relu;
  const dnnl::batch_normalization_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, images, 1e-5F, flags}, engine);
  const dnnl::batch_normalization_backward::primitive_desc backward(
      {dnnl::prop_kind::backward, images, images, 1e-5F, flags}, engine, forward);
  const dnnl::memory::desc per_channel({sizes.channels}, dnnl::memory::data_type::f32,
                                       dnnl::memory::format_tag::a);
  const auto channels = [&] { return Filled(per_channel, engine); };
  Arguments there = {{DNNL_ARG_SRC, Filled(images, engine)},
                     {DNNL_ARG_DST, dnnl::memory(images, engine)},
                     {DNNL_ARG_MEAN, channels()},
                     {DNNL_ARG_VARIANCE, channels()},
                     {DNNL_ARG_SCALE, channels()},
                     {DNNL_ARG_SHIFT, channels()}};
  if (relu) there[DNNL_ARG_WORKSPACE] = dnnl::memory(forward.workspace_desc(), engine);
  Arguments back = there;
  back.erase(DNNL_ARG_DST);
  back[DNNL_ARG_DIFF_DST] = Filled(images, engine);
  back[DNNL_ARG_DIFF_SRC] = dnnl::memory(images, engine);
  back[DNNL_ARG_DIFF_SCALE] = channels();
  back[DNNL_ARG_DIFF_SHIFT] = channels();
  return Run(on, {{dnnl::batch_normalization_forward(forward), there},
                  {dnnl::batch_normalization_backward(backward), back}});
}

std::function<void()> OneDnnPool(const ImageSizes& sizes, bool maximum) {
  auto on = std::make_shared<Engine>();
  const dnnl::engine& engine = on->engine;
  const dnnl::memory::desc images = Images(sizes);
  const auto algorithm =
      maximum ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
  const dnnl::memory::dims one = {1, 1};
  const dnnl::memory::dims three = {3, 3};
  const dnnl::pooling_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, algorithm, images, images, one, three, one, one}, engine);
  const dnnl::pooling_backward::primitive_desc backward(
      {algorithm, images, images, one, three, one, one}, engine, forward);
  Arguments there = {{DNNL_ARG_SRC, Filled(images, engine)},
                     {DNNL_ARG_DST, dnnl::memory(images, engine)}};
  Arguments back = {{DNNL_ARG_DIFF_DST, Filled(images, engine)},
                    {DNNL_ARG_DIFF_SRC, dnnl::memory(images, engine)}};
  if (maximum) {
    there[DNNL_ARG_WORKSPACE] = dnnl::memory(forward.workspace_desc(), engine);
    back[DNNL_ARG_WORKSPACE] = there[DNNL_ARG_WORKSPACE];
  }
  return Run(on,
             {{dnnl::pooling_forward(forward), there}, {dnnl::pooling_backward(backward), back}});
}

std::function<void()> OneDnnSum(const ImageSizes& sizes, int terms) {
  auto on = std::make_shared<Engine>();
  const dnnl::memory::desc images = Images(sizes);
  const dnnl::sum::primitive_desc sum(
      images, std::vector<float>(static_cast<size_t>(terms), 1.0F),
      std::vector<dnnl::memory::desc>(static_cast<size_t>(terms), images), on->engine);
  Arguments arguments = {{DNNL_ARG_DST, dnnl::memory(images, on->engine)}};
  for (int i = 0; i < terms; ++i) {
    arguments[DNNL_ARG_MULTIPLE_SRC + i] = Filled(images, on->engine);
  }
  return Run(on, {{dnnl::sum(sum), arguments}});
}

std::function<void()> OneDnnRelu(const ImageSizes& sizes) {
  auto on = std::make_shared<Engine>();
  const dnnl::engine& engine = on->engine;
  const dnnl::memory::desc images = Images(sizes);
  const auto algorithm = dnnl::algorithm::eltwise_relu;
  const dnnl::eltwise_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, algorithm, images}, engine);
  const dnnl::eltwise_backward::primitive_desc backward({algorithm, images, images}, engine,
                                                        forward);
  const dnnl::memory x = Filled(images, engine);
  return Run(on, {{dnnl::eltwise_forward(forward),
                   {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, dnnl::memory(images, engine)}}},
                  {dnnl::eltwise_backward(backward),
                   {{DNNL_ARG_SRC, x},
                    {DNNL_ARG_DIFF_DST, Filled(images, engine)},
                    {DNNL_ARG_DIFF_SRC, dnnl::memory(images, engine)}}}});
}

std::string OneDnnVersion() {
  const dnnl_version_t* version = dnnl_version();
  return absl::StrCat(version->major, ".", version->minor, ".", version->patch);
}

}  // namespace nascent::bench
