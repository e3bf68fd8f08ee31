#include "worker/torch/modules.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <map>
#include <string>

#include "common/network/attributes.h"
#include "worker/torch/kernels/batch_norm_function.h"
#include "worker/torch/kernels/norm_sum_function.h"
#include "worker/torch/kernels/pool_function.h"

namespace nascent::worker {
namespace {

using network::FlagOf;
using network::IntegerOf;
using network::IntegersOf;
using network::RealOf;
using network::TextOf;

using Inputs = std::span<at::Tensor>;

at::IntArrayRef Pair(const Module& m, std::string_view name) {
  return IntegersOf(m.node.attributes, name);
}

// A dimension of the attributes counts without the batch.
int64_t WithBatch(int64_t dim) { return dim < 0 ? dim : dim + 1; }
int64_t Dimension(const Module& m, std::string_view name) {
  return WithBatch(IntegerOf(m.node.attributes, name));
}

std::vector<int64_t> BatchShape(const Module& m, int64_t batch) {
  std::vector<int64_t> shape = {batch};
  shape.insert(shape.end(), m.node.shape.begin(), m.node.shape.end());
  return shape;
}

// Whether the values of `x` may be changed: no gradient needs them and nobody else has them.
bool MayOverwrite(const at::Tensor& x) {
  return !at::GradMode::is_enabled() && x.use_count() == 1 && x.storage().use_count() == 1;
}

// Whether the convolution looks at single pixels, some of them left out.
bool SkipsPixels(const Module& m) {
  const auto all = [&](const char* name, int64_t value) {
    const auto& pair = IntegersOf(m.node.attributes, name);
    return pair[0] == value && pair[1] == value;
  };
  return all("kernel", 1) && all("padding", 0) && !all("stride", 1);
}

at::Tensor Convolve(const Module& m, Inputs in, const Pass& pass) {
  const bool folded = m.folded && !pass.training;
  const at::Tensor& weight = folded ? m.folded_weight : m.weight;
  const at::Tensor& bias = folded ? m.folded_bias : m.bias;
  const int64_t groups = IntegerOf(m.node.attributes, "groups");
  if (in[0].is_cpu() && SkipsPixels(m)) {
    // oneDNN 2.6 writes beyond its scratchpad in the backward pass of such a convolution (channels
    // last, channels no multiple of 8). On the pixels that are left it is an ordinary one.
    const auto& stride = IntegersOf(m.node.attributes, "stride");
    const at::Tensor kept = in[0]
                                .slice(2, 0, in[0].size(2), stride[0])
                                .slice(3, 0, in[0].size(3), stride[1])
                                .contiguous(at::MemoryFormat::ChannelsLast);
    return at::convolution(kept, weight, bias, {1, 1}, {0, 0}, {1, 1}, /*transposed=*/false,
                           /*output_padding=*/{0, 0}, groups);
  }
  return at::convolution(in[0], weight, bias, Pair(m, "stride"), Pair(m, "padding"),
                         Pair(m, "dilation"), /*transposed=*/false, /*output_padding=*/{0, 0},
                         groups);
}

at::Tensor ConvolveTransposed(const Module& m, Inputs in, const Pass&) {
  return at::convolution(in[0], m.weight, m.bias, Pair(m, "stride"), Pair(m, "padding"),
                         Pair(m, "dilation"), /*transposed=*/true, Pair(m, "output_padding"),
                         IntegerOf(m.node.attributes, "groups"));
}

at::Tensor Linear(const Module& m, Inputs in, const Pass&) {
  return at::linear(in[0], m.weight, m.bias);
}

BatchNorm NormOf(const Module& m) {
  return {m.weight,
          m.bias,
          m.running_mean,
          m.running_variance,
          RealOf(m.node.attributes, "momentum"),
          RealOf(m.node.attributes, "eps")};
}

at::Tensor NormBatch(const Module& m, Inputs in, const Pass& pass) {
  if (!pass.training && m.folded) return in[0];  // Its convolution has done it.
  if (pass.training && m.in_sum) return in[0];   // Its sum will do it.
  return NormalizeBatch(NormOf(m), in[0], pass.training, m.with_relu);
}

at::Tensor NormLayer(const Module& m, Inputs in, const Pass&) {
  const int64_t dimensions = IntegerOf(m.node.attributes, "dimensions");
  const std::vector<int64_t> shape(m.node.shape.end() - dimensions, m.node.shape.end());
  return at::layer_norm(in[0], shape, m.weight, m.bias, RealOf(m.node.attributes, "eps"));
}

at::Tensor NormGroup(const Module& m, Inputs in, const Pass&) {
  return at::group_norm(in[0], IntegerOf(m.node.attributes, "groups"), m.weight, m.bias,
                        RealOf(m.node.attributes, "eps"));
}

at::Tensor NormInstance(const Module& m, Inputs in, const Pass&) {
  return at::instance_norm(in[0], m.weight, m.bias, {}, {}, /*use_input_stats=*/true,
                           /*momentum=*/0.1, RealOf(m.node.attributes, "eps"),
                           /*cudnn_enabled=*/true);
}

kernels::Pool PoolOf(const Module& m) {
  const auto& kernel = IntegersOf(m.node.attributes, "kernel");
  const auto& stride = IntegersOf(m.node.attributes, "stride");
  const auto& padding = IntegersOf(m.node.attributes, "padding");
  const network::Shape& input = m.input_shapes[0];
  const network::Shape& output = m.node.shape;
  return {.channels = input[0],
          .height = input[1],
          .width = input[2],
          .out_height = output[1],
          .out_width = output[2],
          .kernel_h = kernel[0],
          .kernel_w = kernel[1],
          .stride_h = stride[0],
          .stride_w = stride[1],
          .pad_h = padding[0],
          .pad_w = padding[1]};
}

at::Tensor MaxPool(const Module& m, Inputs in, const Pass&) {
  const auto& dilation = IntegersOf(m.node.attributes, "dilation");
  return PoolMaximum(PoolOf(m), in[0], FlagOf(m.node.attributes, "ceil_mode"), dilation[0],
                     dilation[1]);
}

at::Tensor AveragePool(const Module& m, Inputs in, const Pass&) {
  kernels::Pool pool = PoolOf(m);
  pool.count_padding = FlagOf(m.node.attributes, "count_include_pad");
  return PoolAverage(pool, in[0], FlagOf(m.node.attributes, "ceil_mode"));
}

at::Tensor AdaptiveAveragePool(const Module& m, Inputs in, const Pass&) {
  return at::adaptive_avg_pool2d(in[0], Pair(m, "size"));
}

at::Tensor AdaptiveMaxPool(const Module& m, Inputs in, const Pass&) {
  return std::get<0>(at::adaptive_max_pool2d(in[0], Pair(m, "size")));
}

std::vector<int64_t> Positions(const at::Tensor& x) {
  std::vector<int64_t> dims;
  for (int64_t d = 2; d < x.dim(); ++d) dims.push_back(d);
  return dims;
}

at::Tensor GlobalAverage(const Module& m, Inputs in, const Pass&) {
  return at::mean(in[0], Positions(in[0]), FlagOf(m.node.attributes, "keepdim"));
}

at::Tensor GlobalMaximum(const Module& m, Inputs in, const Pass&) {
  return at::amax(in[0], Positions(in[0]), FlagOf(m.node.attributes, "keepdim"));
}

at::Tensor Relu(const Module& m, Inputs in, const Pass& pass) {
  // The batch norm before it has done it.
  if (m.with_relu && (pass.training || !m.folded)) return in[0];
  return MayOverwrite(in[0]) ? at::relu_(in[0]) : at::relu(in[0]);
}

at::Tensor Relu6(const Module&, Inputs in, const Pass&) { return at::hardtanh(in[0], 0, 6); }

at::Tensor LeakyRelu(const Module& m, Inputs in, const Pass&) {
  return at::leaky_relu(in[0], RealOf(m.node.attributes, "negative_slope"));
}

at::Tensor Gelu(const Module& m, Inputs in, const Pass&) {
  return at::gelu(in[0], TextOf(m.node.attributes, "approximate"));
}

at::Tensor Silu(const Module&, Inputs in, const Pass&) { return at::silu(in[0]); }
at::Tensor HardSwish(const Module&, Inputs in, const Pass&) { return at::hardswish(in[0]); }
at::Tensor HardSigmoid(const Module&, Inputs in, const Pass&) { return at::hardsigmoid(in[0]); }
at::Tensor Sigmoid(const Module&, Inputs in, const Pass&) { return at::sigmoid(in[0]); }
at::Tensor Tanh(const Module&, Inputs in, const Pass&) { return at::tanh(in[0]); }

at::Tensor Softmax(const Module& m, Inputs in, const Pass&) {
  return at::softmax(in[0], Dimension(m, "dim"));
}

at::Tensor Dropout(const Module& m, Inputs in, const Pass& pass) {
  return at::dropout(in[0], RealOf(m.node.attributes, "p"), pass.training);
}

at::Tensor DropPath(const Module&, Inputs in, const Pass& pass) {
  if (!pass.training || pass.drop_path == 0) return in[0];
  const at::Tensor& x = in[0];
  const auto keep = static_cast<float>(1 - pass.drop_path);
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  at::Tensor mask = at::empty(shape, at::kFloat);
  for (int64_t i = 0; i < x.size(0); ++i) {
    mask.data_ptr<float>()[i] = pass.random->Uniform() < keep ? 1 / keep : 0;
  }
  return x * mask.to(x.options(), /*non_blocking=*/true);
}

// A term may have another shape, and be spread over the others'.
at::Tensor SumOf(Inputs in) {
  at::Tensor sum = in[0];
  for (size_t i = 1; i < in.size(); ++i) {
    // From the second on the sum is nobody's input.
    if (i > 1 && in[i].sizes() == sum.sizes() && in[i].scalar_type() == sum.scalar_type()) {
      sum.add_(in[i]);
    } else {
      sum = sum + in[i];
    }
  }
  return sum;
}

at::Tensor Add(const Module& m, Inputs in, const Pass&) {
  const auto& times = IntegersOf(m.node.attributes, "multiplicity");
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i] != 1) in[i] = in[i] * times[i];
  }
  return SumOf(in);
}

at::Tensor Multiply(const Module&, Inputs in, const Pass&) {
  at::Tensor product = in[0];
  for (const at::Tensor& x : in.subspan(1)) product = product * x;
  return product;
}

at::Tensor Mean(const Module&, Inputs in, const Pass&) {
  return SumOf(in) / static_cast<double>(in.size());
}

at::Tensor Concatenate(const Module& m, Inputs in, const Pass&) {
  return at::cat(at::TensorList(in.data(), in.size()), Dimension(m, "dim"));
}

at::Tensor Split(const Module& m, Inputs in, const Pass&) {
  const int64_t dim = Dimension(m, "dim");
  const int64_t length = in[0].size(dim) / IntegerOf(m.node.attributes, "parts");
  return in[0].narrow(dim, IntegerOf(m.node.attributes, "index") * length, length);
}

at::Tensor ChannelShuffle(const Module& m, Inputs in, const Pass&) {
  const int64_t groups = IntegerOf(m.node.attributes, "groups");
  const at::Tensor& x = in[0];
  return x.view({x.size(0), groups, x.size(1) / groups, x.size(2), x.size(3)})
      .transpose(1, 2)
      .reshape(x.sizes());
}

at::Tensor Flatten(const Module& m, Inputs in, const Pass&) {
  return at::flatten(in[0], Dimension(m, "start_dim"), Dimension(m, "end_dim"));
}

at::Tensor Reshape(const Module& m, Inputs in, const Pass&) {
  return in[0].reshape(BatchShape(m, in[0].size(0)));
}

at::Tensor Transpose(const Module& m, Inputs in, const Pass&) {
  return in[0].transpose(Dimension(m, "dim0"), Dimension(m, "dim1"));
}

at::Tensor Pad(const Module& m, Inputs in, const Pass&) {
  const auto& padding = IntegersOf(m.node.attributes, "padding");
  const std::string& mode = TextOf(m.node.attributes, "mode");
  if (mode == "reflect") return at::reflection_pad2d(in[0], padding);
  if (mode == "replicate") return at::replication_pad2d(in[0], padding);
  return at::constant_pad_nd(in[0], padding, RealOf(m.node.attributes, "value"));
}

at::Tensor Crop(const Module& m, Inputs in, const Pass&) {
  return in[0].narrow(Dimension(m, "dim"), IntegerOf(m.node.attributes, "start"),
                      IntegerOf(m.node.attributes, "length"));
}

at::Tensor Interpolate(const Module& m, Inputs in, const Pass&) {
  if (TextOf(m.node.attributes, "mode") == "nearest") {
    return at::upsample_nearest2d(in[0], Pair(m, "size"));
  }
  return at::upsample_bilinear2d(in[0], Pair(m, "size"),
                                 FlagOf(m.node.attributes, "align_corners"));
}

at::Tensor Identity(const Module&, Inputs in, const Pass&) { return in[0]; }

at::Tensor Zero(const Module& m, Inputs in, const Pass&) {
  return at::zeros(BatchShape(m, in[0].size(0)), in[0].options());
}

at::Tensor Constant(const Module& m, Inputs in, const Pass&) {
  int64_t dim = IntegerOf(m.node.attributes, "dim");
  const auto dims = static_cast<int64_t>(m.node.shape.size());
  if (dim < 0) dim += dims;
  std::vector<int64_t> view(static_cast<size_t>(dims + 1), 1);
  view[static_cast<size_t>(dim + 1)] = m.bias.size(0);
  return m.bias.view(view).expand(BatchShape(m, in[0].size(0)));
}

}  // namespace

ForwardFunction FindForward(std::string_view operation) {
  static const auto* const kTable = new std::map<std::string_view, ForwardFunction>{
      {"identity", Identity},
      {"zero", Zero},
      {"constant", Constant},
      {"conv2d", Convolve},
      {"conv_transpose2d", ConvolveTransposed},
      {"linear", Linear},
      {"batch_norm", NormBatch},
      {"layer_norm", NormLayer},
      {"group_norm", NormGroup},
      {"instance_norm", NormInstance},
      {"max_pool2d", MaxPool},
      {"avg_pool2d", AveragePool},
      {"adaptive_avg_pool2d", AdaptiveAveragePool},
      {"adaptive_max_pool2d", AdaptiveMaxPool},
      {"global_avg_pool", GlobalAverage},
      {"global_max_pool", GlobalMaximum},
      {"relu", Relu},
      {"relu6", Relu6},
      {"leaky_relu", LeakyRelu},
      {"gelu", Gelu},
      {"silu", Silu},
      {"hard_swish", HardSwish},
      {"hard_sigmoid", HardSigmoid},
      {"sigmoid", Sigmoid},
      {"tanh", Tanh},
      {"softmax", Softmax},
      {"dropout", Dropout},
      {"drop_path", DropPath},
      {"add", Add},
      {"multiply", Multiply},
      {"mean", Mean},
      {"concatenate", Concatenate},
      {"split", Split},
      {"channel_shuffle", ChannelShuffle},
      {"flatten", Flatten},
      {"reshape", Reshape},
      {"transpose", Transpose},
      {"pad", Pad},
      {"crop", Crop},
      {"interpolate", Interpolate},
  };
  const auto found = kTable->find(operation);
  return found == kTable->end() ? nullptr : found->second;
}

SumAndRelu AddWithNorms(const Module& add, std::span<at::Tensor> inputs, bool relu) {
  std::vector<SumTerm> terms;
  for (size_t i = 0; i < inputs.size(); ++i) {
    SumTerm& term = terms.emplace_back();
    term.x = std::move(inputs[i]);
    if (add.norms[i] != nullptr) term.norm = NormOf(*add.norms[i]);
  }
  return AddNormalized(terms, relu);
}

double InitialBound(const network::Node& node, std::span<const network::Shape> inputs,
                    std::string_view parameter, double& value) {
  value = 0;
  int64_t fan_in = 0;
  if (node.operation == "linear") {
    fan_in = inputs[0].back();
  } else if (node.operation == "conv2d" || node.operation == "conv_transpose2d") {
    const auto& kernel = IntegersOf(node.attributes, "kernel");
    // PyTorch takes a transposed convolution's fan in from its output channels.
    const int64_t channels = node.operation == "conv2d" ? inputs[0][0] : node.shape[0];
    fan_in = channels / IntegerOf(node.attributes, "groups") * kernel[0] * kernel[1];
  } else if (parameter == "weight") {
    value = 1;  // of a norm
  }
  return fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
}

}  // namespace nascent::worker
