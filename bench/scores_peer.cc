#include <ATen/ATen.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/json_report.h"
#include "bench/or_throw.h"
#include "bench/score_cases.h"
#include "common/pytorch/source.h"
#include "common/random.h"
#include "common/space/sampler.h"
#include "worker/torch/scores/zen.h"
#include "worker/torch/tensor_file.h"

namespace nascent::bench {
namespace {

constexpr double kTolerance = 1e-4;
constexpr int64_t kPeerExamples = 16;

// Made for this run, and removed after it.
class Folder {
 public:
  Folder() {
    std::string path = std::filesystem::temp_directory_path() / "nascent-bench-scores-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("can't make " + path);
    path_ = path;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What the peer reads of a network: its source, and every tensor that a score looks at.
void WriteCase(const std::filesystem::path& folder, const worker::NetworkModule& network,
               const worker::ScoreInput& input) {
  std::filesystem::create_directories(folder);
  const pytorch::Source source = OrThrow(pytorch::ToPyTorch(network.network()));
  std::ofstream(folder / "model.py") << source.text;
  worker::TensorFile file;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    file.tensors.push_back({name, tensor.detach().to(at::kFloat).contiguous()});
  };
  for (const worker::NamedTensor& parameter : network.parameters().named()) {
    add(absl::StrCat("state.", source.tensor_names.at(parameter.name)), parameter.tensor);
  }
  const worker::ScoredNetwork scored(network, at::kFloat);
  const worker::ZenDraw draw = worker::DrawForZen(scored, input.seed);
  for (size_t i = 0; i < draw.weights.size(); ++i) {
    const std::string& path = scored.network().nodes[scored.layers()[i]].path;
    add(absl::StrCat("zen.", source.tensor_names.at(absl::StrCat(path, ".weight"))),
        draw.weights[i]);
  }
  add("zen_images", draw.images);
  add("zen_changed", draw.changed);
  add("first_images", input.first.images);
  add("first_labels", input.first.labels);
  add("second_images", input.second.images);
  add("second_labels", input.second.labels);
  const absl::Status status = worker::WriteTensors((folder / "tensors.safetensors").string(), file);
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

// One line of JSON per network.
std::vector<google::protobuf::Value> AskPeer(const ScoreOptions& options,
                                             const std::filesystem::path& folder) {
  const std::string command =
      absl::StrCat(options.python, " ", options.peer_program, " ", folder.string());
  FILE* answers = popen(command.c_str(), "r");
  if (answers == nullptr) throw std::runtime_error("can't start: " + command);
  std::string text;
  std::array<char, 4096> part;
  while (fgets(part.data(), part.size(), answers) != nullptr) text += part.data();
  if (pclose(answers) != 0) throw std::runtime_error("the peer failed: " + command);
  std::vector<google::protobuf::Value> lines;
  for (size_t first = 0; first < text.size();) {
    const size_t end = std::min(text.find('\n', first), text.size());
    lines.push_back(ParseJson(text.substr(first, end - first)));
    first = end + 1;
  }
  return lines;
}

}  // namespace

void CompareWithPeer(const ScoreOptions& options) {
  // Small, as the peer is slow.
  const auto space = ScoreSpace(options, {{"channels", 8}, {"cells", 1}});
  const std::vector<std::string> names = ChosenScores(options);
  const worker::ScoreInput input = NoiseInput(kPeerExamples, options.seed);
  const Folder folder;
  std::vector<std::map<std::string, double>> ours;
  while (static_cast<int64_t>(ours.size()) < options.sample) {
    RandomStream random(options.seed, ours.size());
    const auto built = OrThrow(space->BuildArchitecture(OrThrow(space::Sample(*space, random))));
    const auto network = OrThrow(worker::NetworkModule::Create(built.live, ours.size(), at::kCPU));
    WriteCase(folder.path() / absl::StrFormat("%04d", ours.size()), *network, input);
    std::map<std::string, double>& scores = ours.emplace_back();
    for (const std::string& name : names) {
      // What does not apply, e.g. nwot to a cell without ReLUs, is left out.
      const auto score = worker::ComputeScore(name, *network, input);
      if (score.ok()) scores[name] = *score;
    }
  }
  const std::vector<google::protobuf::Value> theirs = AskPeer(options, folder.path());
  if (theirs.size() != ours.size()) throw std::runtime_error("the peer left networks out");
  std::map<std::string, double> worst;
  std::map<std::string, int> compared;
  for (size_t i = 0; i < ours.size(); ++i) {
    for (const auto& [name, score] : ours[i]) {
      const double peer = NumberField(theirs[i], name);
      const bool both_infinite = !std::isfinite(score) && std::abs(peer) >= 1e300;
      const double difference =
          both_infinite ? 0 : std::abs(score - peer) / std::max(std::abs(peer), 1e-12);
      worst[name] = std::isnan(difference) ? INFINITY : std::max(worst[name], difference);
      ++compared[name];
    }
  }
  std::string entries;
  bool agrees = true;
  for (const std::string& name : names) {
    agrees = agrees && worst[name] <= kTolerance;
    if (options.output == "json") {
      absl::StrAppend(&entries, entries.empty() ? "" : ", ",
                      absl::StrFormat("{\"name\": \"%s\", \"difference\": %.2e, \"networks\": %d}",
                                      name, worst[name], compared[name]));
    } else {
      absl::StrAppend(&entries, absl::StrFormat("%-10s %.2e over %d networks\n", name, worst[name],
                                                compared[name]));
    }
  }
  if (options.output == "json") {
    std::cout << "{\"scores\": [" << entries << "]}\n";
  } else {
    std::cout << "largest relative difference to PyTorch\n" << entries;
  }
  if (!agrees) throw std::runtime_error(absl::StrCat("a score differs by more than ", kTolerance));
}

}  // namespace nascent::bench
