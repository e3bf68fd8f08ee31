#include "common/pytorch/operation_source.h"

#include <array>
#include <charconv>
#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace nascent::pytorch {
namespace {

using network::FlagOf;
using network::IntegerOf;
using network::IntegersOf;
using network::RealOf;
using network::Shape;
using network::TextOf;

constexpr char kConstant[] = R"(class Constant(nn.Module):
    """A learned vector along one dimension, the same at all other positions."""

    def __init__(self, shape, dim):
        super().__init__()
        self.shape = shape
        self.view = [-1 if i == dim + 1 else 1 for i in range(len(shape) + 1)]
        self.bias = nn.Parameter(torch.zeros(shape[dim]))

    def forward(self, x):
        return self.bias.view(self.view).expand(x.shape[0], *self.shape)
)";

constexpr char kDropPath[] = R"(class DropPath(nn.Module):
    """Drops the whole input of an example with probability `p` while it trains."""

    def __init__(self, p=0.0):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0.0:
            return x
        keep = 1.0 - self.p
        mask = x.new_empty([x.shape[0]] + [1] * (x.dim() - 1)).bernoulli_(keep)
        return x * mask / keep
)";

constexpr char kChannelShuffle[] = R"(def channel_shuffle(x, groups):
    """Interleaves the channels of `groups` groups."""
    n, channels, height, width = x.shape
    x = x.reshape(n, groups, channels // groups, height, width)
    return x.transpose(1, 2).reshape(n, channels, height, width)
)";

struct Given {
  const network::Node& node;
  std::span<const Shape> inputs;

  const network::Attributes& attributes() const { return node.attributes; }
  int64_t Integer(std::string_view name) const { return IntegerOf(node.attributes, name); }
  bool Flag(std::string_view name) const { return FlagOf(node.attributes, name); }
};

// As short as it can be read back.
std::string Real(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  std::string result(text.data(), end);
  // A whole number stays a float.
  if (result.find_first_of(".en") == std::string::npos) result += ".0";
  return result;
}

std::string Flag(bool value) { return value ? "True" : "False"; }

template <typename Numbers>
std::string Tuple(const Numbers& numbers) {
  return absl::StrCat("(", absl::StrJoin(numbers, ", "), numbers.size() == 1 ? ",)" : ")");
}

// "3" of [3, 3], "(1, 3)" of [1, 3].
std::string PairText(const std::vector<int64_t>& pair) {
  return pair[0] == pair[1] ? absl::StrCat(pair[0]) : Tuple(pair);
}
std::string PairOf(const Given& given, std::string_view name) {
  return PairText(IntegersOf(given.attributes(), name));
}

// A dimension that counts without the batch, as PyTorch counts it.
int64_t Dimension(int64_t dim) { return dim < 0 ? dim : dim + 1; }

Argument Channels(std::string name, int64_t value) {
  return {std::move(name), absl::StrCat(value), "", "channels"};
}
Argument Other(std::string name, std::string value, std::string default_value) {
  Argument argument{std::move(name), std::move(value), std::move(default_value), ""};
  argument.kind = argument.name;
  return argument;
}

OperationSource Call(std::string call) { return {"", {}, std::move(call), ""}; }
OperationSource OfModule(std::string module, std::vector<Argument> arguments) {
  return {std::move(module), std::move(arguments), "$self($0)", ""};
}

// ", name=value" where the value differs from PyTorch's default.
std::string Keyword(std::string_view name, const std::string& value,
                    const std::string& default_value) {
  if (value == default_value) return "";
  return absl::StrCat(", ", std::string(name), "=", value);
}

Argument Groups(const Given& given) {
  Argument groups = Other("groups", absl::StrCat(given.Integer("groups")), "1");
  // A depthwise convolution has as many groups as channels.
  if (given.Integer("groups") == given.inputs[0][0]) groups.kind = "channels";
  return groups;
}

OperationSource Convolution(const Given& given) {
  return OfModule("nn.Conv2d", {Channels("in_channels", given.inputs[0][0]),
                                Channels("out_channels", given.node.shape[0]),
                                Other("kernel_size", PairOf(given, "kernel"), ""),
                                Other("stride", PairOf(given, "stride"), "1"),
                                Other("padding", PairOf(given, "padding"), "0"),
                                Other("dilation", PairOf(given, "dilation"), "1"), Groups(given),
                                Other("bias", Flag(given.Flag("bias")), "True")});
}

OperationSource TransposedConvolution(const Given& given) {
  return OfModule(
      "nn.ConvTranspose2d",
      {Channels("in_channels", given.inputs[0][0]), Channels("out_channels", given.node.shape[0]),
       Other("kernel_size", PairOf(given, "kernel"), ""),
       Other("stride", PairOf(given, "stride"), "1"),
       Other("padding", PairOf(given, "padding"), "0"),
       Other("output_padding", PairOf(given, "output_padding"), "0"), Groups(given),
       Other("bias", Flag(given.Flag("bias")), "True"),
       Other("dilation", PairOf(given, "dilation"), "1")});
}

OperationSource Linear(const Given& given) {
  return OfModule("nn.Linear", {Channels("in_features", given.inputs[0].back()),
                                Channels("out_features", given.node.shape.back()),
                                Other("bias", Flag(given.Flag("bias")), "True")});
}

Argument Epsilon(const Given& given) {
  return Other("eps", Real(RealOf(given.attributes(), "eps")), "1e-05");
}

// "2d" of images, "1d" of vectors and sequences.
std::string Rank(const Given& given) { return given.node.shape.size() == 3 ? "2d" : "1d"; }

OperationSource BatchNorm(const Given& given) {
  return OfModule(absl::StrCat("nn.BatchNorm", Rank(given)),
                  {Channels("num_features", given.node.shape[0]), Epsilon(given),
                   Other("momentum", Real(RealOf(given.attributes(), "momentum")), "0.1"),
                   Other("affine", Flag(given.Flag("affine")), "True")});
}

OperationSource LayerNorm(const Given& given) {
  const Shape& shape = given.node.shape;
  const auto dimensions = static_cast<size_t>(given.Integer("dimensions"));
  const std::vector<int64_t> normalized(shape.end() - static_cast<std::ptrdiff_t>(dimensions),
                                        shape.end());
  Argument over = Other("normalized_shape",
                        dimensions == 1 ? absl::StrCat(normalized[0]) : Tuple(normalized), "");
  if (dimensions == 1) over.kind = "channels";
  return OfModule(
      "nn.LayerNorm",
      {over, Epsilon(given), Other("elementwise_affine", Flag(given.Flag("affine")), "True")});
}

OperationSource GroupNorm(const Given& given) {
  return OfModule("nn.GroupNorm", {Other("num_groups", absl::StrCat(given.Integer("groups")), ""),
                                   Channels("num_channels", given.node.shape[0]), Epsilon(given),
                                   Other("affine", Flag(given.Flag("affine")), "True")});
}

OperationSource InstanceNorm(const Given& given) {
  return OfModule(absl::StrCat("nn.InstanceNorm", Rank(given)),
                  {Channels("num_features", given.node.shape[0]), Epsilon(given),
                   Other("affine", Flag(given.Flag("affine")), "False")});
}

std::string PoolArguments(const Given& given) {
  const std::string kernel = PairOf(given, "kernel");
  return absl::StrCat("$0, ", kernel, Keyword("stride", PairOf(given, "stride"), kernel),
                      Keyword("padding", PairOf(given, "padding"), "0"));
}

OperationSource MaxPool(const Given& given) {
  return Call(absl::StrCat("F.max_pool2d(", PoolArguments(given),
                           Keyword("dilation", PairOf(given, "dilation"), "1"),
                           Keyword("ceil_mode", Flag(given.Flag("ceil_mode")), "False"), ")"));
}

OperationSource AveragePool(const Given& given) {
  return Call(absl::StrCat(
      "F.avg_pool2d(", PoolArguments(given),
      Keyword("ceil_mode", Flag(given.Flag("ceil_mode")), "False"),
      Keyword("count_include_pad", Flag(given.Flag("count_include_pad")), "True"), ")"));
}

OperationSource AdaptiveAverage(const Given& given) {
  return Call(absl::StrCat("F.adaptive_avg_pool2d($0, ", PairOf(given, "size"), ")"));
}
OperationSource AdaptiveMax(const Given& given) {
  return Call(absl::StrCat("F.adaptive_max_pool2d($0, ", PairOf(given, "size"), ")"));
}

OperationSource OverPositions(const Given& given, std::string_view method) {
  std::vector<int64_t> dims;
  for (size_t d = 2; d <= given.inputs[0].size(); ++d) dims.push_back(static_cast<int64_t>(d));
  return Call(absl::StrCat("$0.", std::string(method), "(dim=", Tuple(dims),
                           Keyword("keepdim", Flag(given.Flag("keepdim")), "False"), ")"));
}
OperationSource GlobalAverage(const Given& given) { return OverPositions(given, "mean"); }
OperationSource GlobalMaximum(const Given& given) { return OverPositions(given, "amax"); }

OperationSource LeakyRelu(const Given& given) {
  return Call(absl::StrCat("F.leaky_relu($0", ", ",
                           Real(RealOf(given.attributes(), "negative_slope")), ")"));
}

OperationSource Gelu(const Given& given) {
  return Call(absl::StrCat(
      "F.gelu($0",
      Keyword("approximate", absl::StrCat("\"", TextOf(given.attributes(), "approximate"), "\""),
              "\"none\""),
      ")"));
}

OperationSource Softmax(const Given& given) {
  return Call(absl::StrCat("F.softmax($0, dim=", Dimension(given.Integer("dim")), ")"));
}

OperationSource Dropout(const Given& given) {
  return Call(absl::StrCat("F.dropout($0, ", Real(RealOf(given.attributes(), "p")),
                           ", training=self.training)"));
}

OperationSource DropPath(const Given&) { return {"DropPath", {}, "$self($0)", "DropPath"}; }

std::string Joined(size_t count, std::string_view between) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : std::string(between), "$", i);
  }
  return text;
}

OperationSource Add(const Given& given) {
  const auto& times = IntegersOf(given.attributes(), "multiplicity");
  std::string text;
  for (size_t i = 0; i < given.inputs.size(); ++i) {
    if (i > 0) text += " + ";
    if (i < times.size() && times[i] != 1) absl::StrAppend(&text, times[i], " * ");
    absl::StrAppend(&text, "$", i);
  }
  return Call(text);
}

OperationSource Multiply(const Given& given) { return Call(Joined(given.inputs.size(), " * ")); }

OperationSource Mean(const Given& given) {
  return Call(absl::StrCat("(", Joined(given.inputs.size(), " + "), ") / ", given.inputs.size()));
}

OperationSource Concatenate(const Given& given) {
  return Call(absl::StrCat("torch.cat([", Joined(given.inputs.size(), ", "),
                           "], dim=", Dimension(given.Integer("dim")), ")"));
}

OperationSource Split(const Given& given) {
  return Call(absl::StrCat("$0.chunk(", given.Integer("parts"), ", dim=",
                           Dimension(given.Integer("dim")), ")[", given.Integer("index"), "]"));
}

OperationSource ChannelShuffle(const Given& given) {
  OperationSource source =
      Call(absl::StrCat("channel_shuffle($0, groups=", given.Integer("groups"), ")"));
  source.definition = "channel_shuffle";
  return source;
}

OperationSource Flatten(const Given& given) {
  const int64_t end = Dimension(given.Integer("end_dim"));
  return Call(absl::StrCat("$0.flatten(", Dimension(given.Integer("start_dim")),
                           end == -1 ? "" : absl::StrCat(", ", end), ")"));
}

OperationSource Reshape(const Given& given) {
  return Call(absl::StrCat("$0.reshape(-1, ", absl::StrJoin(given.node.shape, ", "), ")"));
}

OperationSource Transpose(const Given& given) {
  return Call(absl::StrCat("$0.transpose(", Dimension(given.Integer("dim0")), ", ",
                           Dimension(given.Integer("dim1")), ")"));
}

OperationSource Pad(const Given& given) {
  const std::string mode = absl::StrCat("\"", TextOf(given.attributes(), "mode"), "\"");
  return Call(absl::StrCat("F.pad($0, ", Tuple(IntegersOf(given.attributes(), "padding")),
                           Keyword("mode", mode, "\"constant\""),
                           mode == "\"constant\""
                               ? Keyword("value", Real(RealOf(given.attributes(), "value")), "0.0")
                               : "",
                           ")"));
}

OperationSource Crop(const Given& given) {
  return Call(absl::StrCat("$0.narrow(", Dimension(given.Integer("dim")), ", ",
                           given.Integer("start"), ", ", given.Integer("length"), ")"));
}

OperationSource Interpolate(const Given& given) {
  const std::string size = Tuple(IntegersOf(given.attributes(), "size"));
  if (TextOf(given.attributes(), "mode") == "nearest") {
    return Call(absl::StrCat("F.interpolate($0, size=", size, ", mode=\"nearest\")"));
  }
  return Call(absl::StrCat("F.interpolate($0, size=", size, ", mode=\"bilinear\", align_corners=",
                           Flag(given.Flag("align_corners")), ")"));
}

OperationSource Zero(const Given& given) {
  return Call(
      absl::StrCat("$0.new_zeros([$0.shape[0], ", absl::StrJoin(given.node.shape, ", "), "])"));
}

OperationSource Constant(const Given& given) {
  int64_t dim = given.Integer("dim");
  if (dim < 0) dim += static_cast<int64_t>(given.node.shape.size());
  return {"Constant",
          {Other("shape", Tuple(given.node.shape), ""), Other("dim", absl::StrCat(dim), "")},
          "$self($0)",
          "Constant"};
}

OperationSource Identity(const Given&) { return Call("$0"); }
OperationSource Relu(const Given&) { return Call("F.relu($0)"); }
OperationSource Relu6(const Given&) { return Call("F.relu6($0)"); }
OperationSource Silu(const Given&) { return Call("F.silu($0)"); }
OperationSource HardSwish(const Given&) { return Call("F.hardswish($0)"); }
OperationSource HardSigmoid(const Given&) { return Call("F.hardsigmoid($0)"); }
OperationSource Sigmoid(const Given&) { return Call("torch.sigmoid($0)"); }
OperationSource Tanh(const Given&) { return Call("torch.tanh($0)"); }

using Writer = OperationSource (*)(const Given&);

const std::map<std::string_view, Writer>& Writers() {
  static const auto* const kWriters = new std::map<std::string_view, Writer>{
      {"identity", Identity},
      {"zero", Zero},
      {"constant", Constant},
      {"conv2d", Convolution},
      {"conv_transpose2d", TransposedConvolution},
      {"linear", Linear},
      {"batch_norm", BatchNorm},
      {"layer_norm", LayerNorm},
      {"group_norm", GroupNorm},
      {"instance_norm", InstanceNorm},
      {"max_pool2d", MaxPool},
      {"avg_pool2d", AveragePool},
      {"adaptive_avg_pool2d", AdaptiveAverage},
      {"adaptive_max_pool2d", AdaptiveMax},
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
  return *kWriters;
}

}  // namespace

absl::StatusOr<OperationSource> SourceOf(const network::Node& node, std::span<const Shape> inputs) {
  const auto found = Writers().find(node.operation);
  if (found == Writers().end()) {
    return absl::UnimplementedError(absl::StrCat("node ", node.path, ": operation \"",
                                                 node.operation, "\" has no form in PyTorch"));
  }
  return found->second({node, inputs});
}

bool HasSource(std::string_view operation) { return Writers().contains(operation); }

std::string DefinitionText(const std::string& name) {
  if (name == "Constant") return kConstant;
  if (name == "DropPath") return kDropPath;
  return kChannelShuffle;
}

}  // namespace nascent::pytorch
