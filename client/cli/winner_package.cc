#include "client/cli/winner_package.h"

#include <google/protobuf/util/json_util.h>

#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/facts.h"
#include "client/cli/search_file_text.h"
#include "common/network/network_proto.h"
#include "common/pytorch/source.h"
#include "common/spec/json.h"
#include "common/spec/message_json.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

using nlohmann::ordered_json;

constexpr char kPreprocess[] =
    R"py("""What the network was trained on: values with mean 0 and deviation 1 on the training part."""

import torch
import torch.nn.functional as F

SHAPE = @SHAPE@  # of one example
MEAN = @MEAN@
SCALE = @SCALE@


def preprocess(examples):
    """Examples as the data set holds them, [N, ...] (of images: bytes, [N, channels, height, width]), to
    what the network reads, [N, *SHAPE].
    """
    x = examples.float()
    mean, scale = torch.tensor(MEAN), torch.tensor(SCALE)
    if len(SHAPE) == 3:
        if tuple(x.shape[2:]) != SHAPE[1:]:
            x = F.interpolate(x, SHAPE[1:], mode="bilinear", antialias=True)
            x = x.round().clamp(0, 255)
        mean, scale = mean.view(-1, 1, 1), scale.view(-1, 1, 1)
    return torch.nan_to_num((x - mean) * scale)  # a number that is missing is the mean
)py";

constexpr char kExample[] = R"py("""Runs the network on one input: python3 example.py [PICTURE]

Without a picture the input is noise. Pictures are read by Pillow, which has to be installed then.
"""

import json
import pathlib
import struct
import sys

import torch

from model import Network
from preprocess import SHAPE, preprocess

FOLDER = pathlib.Path(__file__).resolve().parent


def load_weights(path):
    """The tensors of a safetensors file by name."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    weights = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
            weights[name] = values.reshape(entry["shape"])
    return weights


def load_network():
    network = Network()
    network.load_state_dict(load_weights(FOLDER / "weights.safetensors"))
    return network.eval()


def read_picture(path):
    """A picture as bytes, [1, channels, height, width]."""
    from PIL import Image

    picture = Image.open(path).convert("L" if SHAPE[0] == 1 else "RGB")
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return pixels.view(1, picture.height, picture.width, -1).permute(0, 3, 1, 2)


def main():
    torch.manual_seed(0)
    noise = torch.randint(0, 256, (1, *SHAPE), dtype=torch.uint8)
    example = read_picture(sys.argv[1]) if len(sys.argv) > 1 else noise
    with torch.no_grad():
        output = load_network()(preprocess(example))
    print("output:", list(output.shape))
    if @CLASSIFIES@:
        probabilities = output.softmax(1)[0]
        for value, index in zip(*probabilities.topk(min(3, len(probabilities)))):
            print(f"class {index.item()}: {100 * value.item():.1f} %")


if __name__ == "__main__":
    main()
)py";

constexpr char kReadme[] = R"md(# @NAME@

A neural network that was found and trained by the search "@SEARCH@" (trial @NUMBER@).

| | |
|---|---|
@FACTS@
## Use

`model.py` needs PyTorch 1.13 or newer and nothing else; its last class, `Network`, is made without arguments.

    python3 example.py              # on noise
    python3 example.py picture.png  # where the data are images

```python
from example import load_network
from preprocess import preprocess

network = load_network()
output = network(preprocess(examples))  # examples: @EXAMPLES@
```

To ONNX (newer PyTorch asks for the package onnxscript) or TorchScript:

```python
x = preprocess(examples)
torch.onnx.export(network, x, "model.onnx")
torch.jit.trace(network, x).save("model.torchscript")
```

## Figures

@METRICS@
A figure whose name begins with `test_` is of the test part, which the search never saw. The others were seen
by it, and flatter the winner: it was chosen by them.

## Data and training

@DATA@
The recipe is in `model.json`. Training it again: `search.yaml` is the search with every default written out
(`nascent submit search.yaml`), and the trial's own choices are

    @GENOTYPE@

@LINEAGE@

## Licence

Not stated. Whoever passes this model on says here under what terms, and has read those of the data.
)md";

// What a text of the metadata says; an empty object where there is none.
ordered_json Parsed(const WeightsFile& weights, const std::string& name) {
  const auto text = weights.metadata.find(name);
  ordered_json value;
  if (text != weights.metadata.end()) value = ordered_json::parse(text->second, nullptr, false);
  return value.is_object() ? value : ordered_json::object();
}

// A member as a text; empty where there is none.
std::string Member(const ordered_json& object, const std::string& name) {
  const auto member = object.find(name);
  if (member == object.end()) return "";
  return member->is_string() ? member->get<std::string>() : member->dump();
}

ordered_json FromJson(const spec::Json& json) { return ordered_json::parse(json.Print()); }

// "(1, 28, 28)"
template <typename List, typename Format>
std::string Tuple(const List& list, Format format) {
  return absl::StrCat("(", absl::StrJoin(list, ", ", format), list.size() == 1 ? ",)" : ")");
}

std::string Numbers(const ordered_json& object, const std::string& name) {
  const auto list = object.find(name);
  if (list == object.end() || !list->is_array()) return "(0.0,)";
  return Tuple(*list, [](std::string* out, const ordered_json& value) {
    absl::StrAppend(out, value.dump());
  });
}

std::string MetricsTable(const v1::Trial& trial) {
  const std::map<std::string, double> metrics(trial.metrics().begin(), trial.metrics().end());
  std::string table = "| metric | value |\n|---|---|\n";
  for (const auto& [name, value] : metrics) {
    absl::StrAppend(&table, "| `", name, "` | ", spec::Json(value).Print(), " |\n");
  }
  return table;
}

std::string Facts(const v1::Search& search, const v1::Trial& trial, const std::string& shape) {
  std::string rows;
  const auto add = [&](const std::string& what, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&rows, "| ", what, " | ", value, " |\n");
  };
  add("input", shape);
  const v1::Costs& costs = trial.costs();
  add("parameters", absl::StrCat(costs.parameters()));
  add("multiply-accumulates", absl::StrCat(costs.multiply_accumulates()));
  add("space", SpaceName(search.spec()));
  add("strategy", StrategyName(search.spec()));
  add("network key", trial.key().empty() ? "" : absl::StrCat("`", trial.key(), "`"));
  for (const v1::Objective& objective : search.spec().objectives()) {
    add("objective", absl::StrCat(objective.metric(), ": ", MetricText(trial, objective.metric())));
  }
  return rows;
}

std::string Lineage(const v1::Trial& trial) {
  std::string text;
  if (trial.parents_size() > 0) {
    text = absl::StrCat("It was made from trial ", absl::StrJoin(trial.parents(), ", "));
  }
  if (!trial.reason().empty()) {
    absl::StrAppend(&text, text.empty() ? "Why it was tried: " : ": ", trial.reason());
  }
  return text.empty() ? "" : absl::StrCat(text, ".");
}

// For programs.
ordered_json Description(const v1::Search& search, const v1::Trial& trial,
                         const WeightsFile& weights) {
  ordered_json description = {{"search", search.spec().name()},
                              {"trial", trial.number()},
                              {"genotype", trial.notation()},
                              {"network_key", trial.key()},
                              {"space", SpaceName(search.spec())},
                              {"strategy", StrategyName(search.spec())},
                              {"costs", FromJson(spec::ToJson(trial.costs()))}};
  description["metrics"] =
      std::map<std::string, double>(trial.metrics().begin(), trial.metrics().end());
  for (const char* part : {"data", "normalization", "recipe", "fidelity", "network"}) {
    description[part] = Parsed(weights, part);
  }
  return description;
}

}  // namespace

std::vector<std::string> PackageNames() {
  return {"model.py",   "weights.safetensors", "preprocess.py", "example.py",
          "model.json", "search.yaml",         "README.md"};
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> WinnerPackage(
    const v1::Search& search, const v1::Trial& trial, const WeightsFile& weights) {
  const auto written = weights.metadata.find("network");
  v1::Network message;
  if (written == weights.metadata.end() ||
      !google::protobuf::util::JsonStringToMessage(written->second, &message).ok()) {
    return absl::FailedPreconditionError(
        "weights: their header does not hold the network, as a worker of an older version wrote "
        "them; `nascent best --weights` still fetches them");
  }
  const absl::StatusOr<network::Network> read = network::FromProto(message);
  if (!read.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("weights: the network in their header: ", read.status().message()));
  }
  const network::Network& network = *read;
  const std::string& name = search.spec().name();
  pytorch::SourceOptions options;
  options.description = absl::StrCat("The network of trial ", trial.number(), " of the search ",
                                     name, ": ", trial.costs().parameters(), " parameters, ",
                                     trial.costs().multiply_accumulates(),
                                     " multiply-accumulates.\n\nGenotype: ", trial.notation());
  NASCENT_ASSIGN_OR_RETURN(const pytorch::Source source, pytorch::ToPyTorch(network, options));
  NASCENT_ASSIGN_OR_RETURN(std::string renamed, WithNames(weights, source.tensor_names));

  network::Shape input;
  for (const network::Node& node : network.nodes) {
    if (node.operation == "input") input = node.shape;
  }
  const std::string shape = Tuple(input, absl::AlphaNumFormatter());
  const ordered_json normalization = Parsed(weights, "normalization");
  const ordered_json data = Parsed(weights, "data");
  // A classifier gives one number per class for an example.
  const size_t outputs = network.nodes[network.outputs.front().node].shape.size();
  const bool classifies = outputs == 1 && data.value("classes", 0) > 1;

  std::string facts;
  if (data.contains("dataset")) {
    facts = absl::StrCat("Trained on ", Member(data, "train"), " examples of the data set `",
                         Member(data, "dataset"), "`, and chosen by ", Member(data, "validation"),
                         " others of it.\nFingerprint of the data: `", Member(data, "fingerprint"),
                         "`.\n");
  }

  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("model.py", source.text);
  files.emplace_back("weights.safetensors", std::move(renamed));
  files.emplace_back(
      "preprocess.py",
      absl::StrReplaceAll(kPreprocess, {{"@SHAPE@", shape},
                                        {"@MEAN@", Numbers(normalization, "mean")},
                                        {"@SCALE@", Numbers(normalization, "scale")}}));
  files.emplace_back(
      "example.py",
      absl::StrReplaceAll(kExample, {{"@CLASSIFIES@", classifies ? "True" : "False"}}));
  files.emplace_back("model.json",
                     absl::StrCat(Description(search, trial, weights)
                                      .dump(2, ' ', false, ordered_json::error_handler_t::replace),
                                  "\n"));
  files.emplace_back("search.yaml",
                     absl::StrCat(absl::StrJoin(SearchFileLines(search.spec(), 100), "\n"), "\n"));
  files.emplace_back(
      "README.md",
      absl::StrReplaceAll(
          kReadme, {{"@NAME@", absl::StrCat(name, ", trial ", trial.number())},
                    {"@SEARCH@", name},
                    {"@NUMBER@", absl::StrCat(trial.number())},
                    {"@FACTS@", Facts(search, trial, shape)},
                    {"@EXAMPLES@",
                     input.size() == 3 ? "bytes, [N, channels, height, width]" : "[N, columns]"},
                    {"@METRICS@", MetricsTable(trial)},
                    {"@DATA@", facts},
                    {"@GENOTYPE@", trial.notation()},
                    {"@LINEAGE@", Lineage(trial)}}));
  return files;
}

}  // namespace nascent::cli
