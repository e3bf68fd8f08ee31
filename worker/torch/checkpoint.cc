#include "worker/torch/checkpoint.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/torch/tensor_file.h"

namespace nascent::worker {
namespace {

std::vector<NamedTensor> Weights(const NetworkModule& network) {
  std::vector<NamedTensor> all = network.parameters().named();
  all.insert(all.end(), network.buffers().begin(), network.buffers().end());
  return all;
}

std::vector<NamedTensor> Moments(const NetworkModule& network, const FlatOptimizer& optimizer) {
  std::vector<NamedTensor> all;
  for (size_t i = 0; i < optimizer.state().size(); ++i) {
    for (NamedTensor& view : network.parameters().ViewsOf(optimizer.state()[i])) {
      view.name = absl::StrCat("optimizer.", i, ".", view.name);
      all.push_back(std::move(view));
    }
  }
  return all;
}

class Metadata {
 public:
  explicit Metadata(const std::map<std::string, std::string>& values) : values_(values) {}

  int64_t Integer(const std::string& name) {
    int64_t value = 0;
    ok_ = ok_ && absl::SimpleAtoi(Text(name), &value) && value >= 0;
    return value;
  }

  double Real(const std::string& name) {
    const std::string text = Text(name);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);  // Reads the exact, hexadecimal form.
    ok_ = ok_ && !text.empty() && *end == '\0';
    return value;
  }

  bool ok() const { return ok_; }

 private:
  std::string Text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }

  const std::map<std::string, std::string>& values_;
  bool ok_ = true;
};

}  // namespace

absl::Status WriteWeights(const std::string& path, const NetworkModule& network,
                          std::map<std::string, std::string> metadata) {
  return WriteTensors(path, {Weights(network), std::move(metadata)});
}

absl::Status ReadWeights(const std::string& path, const NetworkModule& network) {
  absl::StatusOr<TensorFile> file = ReadTensors(path);
  if (!file.ok()) return file.status();
  return CopyTensors(file->tensors, Weights(network));
}

absl::Status WriteCheckpoint(const std::string& path, const NetworkModule& network,
                             const FlatOptimizer& optimizer, const Position& position,
                             const Totals& totals) {
  TensorFile file{Weights(network), {}};
  for (NamedTensor& moment : Moments(network, optimizer)) file.tensors.push_back(std::move(moment));
  file.metadata = {
      {"format", "nascent-checkpoint-1"},
      {"epoch", absl::StrCat(position.epoch)},
      {"step_in_epoch", absl::StrCat(position.step_in_epoch)},
      {"optimizer_steps", absl::StrCat(optimizer.steps())},
      {"loss", absl::StrFormat("%a", totals.loss.item<double>())},
      {"correct", absl::StrCat(totals.correct.item<int64_t>())},
      {"examples", absl::StrCat(totals.examples)},
      {"answers", absl::StrCat(totals.answers)},
  };
  return WriteTensors(path, file);
}

absl::Status ReadCheckpoint(const std::string& path, const NetworkModule& network,
                            FlatOptimizer& optimizer, Position& position, Totals& totals) {
  absl::StatusOr<TensorFile> file = ReadTensors(path);
  if (!file.ok()) return file.status();
  Metadata metadata(file->metadata);
  const Position at = {metadata.Integer("epoch"), metadata.Integer("step_in_epoch")};
  const int64_t steps = metadata.Integer("optimizer_steps");
  const double loss = metadata.Real("loss");
  const int64_t correct = metadata.Integer("correct");
  const int64_t examples = metadata.Integer("examples");
  const int64_t answers = metadata.Integer("answers");
  if (!metadata.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": no checkpoint"));
  if (absl::Status status = CopyTensors(file->tensors, Weights(network)); !status.ok()) {
    return status;
  }
  // The views write through to the optimizer's own buffers.
  if (absl::Status status = CopyTensors(file->tensors, Moments(network, optimizer)); !status.ok()) {
    return status;
  }
  optimizer.set_steps(steps);
  position = at;
  totals.loss.fill_(loss);
  totals.correct.fill_(correct);
  totals.examples = examples;
  totals.answers = answers;
  return absl::OkStatus();
}

}  // namespace nascent::worker
