#include "worker/torch/training_step.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "worker/torch/version.h"

namespace nascent::worker {
namespace {

// Bytes that the largest output of a node should have in an evaluation on the CPU: what is written
// by one operation is then still in a cache for the next.
constexpr int64_t kEvaluationBytes = 1 << 20;

int64_t EvaluationBatch(const network::Network& network, at::Device device) {
  if (!device.is_cpu()) return 1000;
  int64_t largest = 1;
  for (const network::Node& node : network.nodes) {
    largest = std::max(largest, network::ElementCount(node.shape));
  }
  return std::clamp<int64_t>(kEvaluationBytes / (largest * 4), 16, 512);
}

at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels, double smoothing) {
  return at::cross_entropy_loss(logits.to(at::kFloat), labels, {}, at::Reduction::Mean, kIgnored,
                                smoothing);
}

// Pixels without a known class do not count.
int64_t Answers(const at::Tensor& labels) {
  return labels.dim() == 1 ? labels.size(0) : labels.ne(kIgnored).sum().item<int64_t>();
}

void AddTo(Totals& totals, const at::Tensor& loss, const at::Tensor& logits,
           const at::Tensor& labels) {
  const int64_t examples = labels.size(0);
  totals.loss.add_(loss.detach(), static_cast<double>(examples));
  totals.correct.add_(logits.detach().argmax(1).eq(labels).sum());
  totals.examples += examples;
  totals.answers += Answers(labels);
}

}  // namespace

Totals::Totals(at::Device device)
    : loss(at::zeros({}, at::TensorOptions(at::kDouble).device(device))),
      correct(at::zeros({}, at::TensorOptions(at::kLong).device(device))) {}

void Totals::Clear() {
  loss.zero_();
  correct.zero_();
  examples = 0;
  answers = 0;
}

bool UsesBFloat16(const v1::Recipe& recipe, at::Device device) {
  return recipe.precision() == v1::PRECISION_BFLOAT16 ||
         (recipe.precision() == v1::PRECISION_AUTO && device.is_cuda());
}

TrainingStep::TrainingStep(NetworkModule& network, const v1::Recipe& recipe, at::Device device)
    : network_(network),
      recipe_(recipe),
      device_(device),
      optimizer_(recipe.optimizer(), recipe.gradient_clip(), network.parameters().flat(),
                 network.parameters().flat_gradients()) {}

void TrainingStep::Run(const Batch& batch, const Pass& pass, double factor, Totals& totals) {
  optimizer_.Advance(factor);
  Work(batch, pass, totals);
}

void TrainingStep::Work(const Batch& batch, const Pass& pass, Totals& totals) {
  at::Tensor total_loss;
  {
    const PhaseClock clock(times_.forward);
    const BFloat16Scope mixed(UsesBFloat16(recipe_, device_), device_.type());
    const std::vector<at::Tensor> outputs = network_.Forward(batch.images, pass);
    const at::Tensor loss = Loss(outputs[0], batch.labels, recipe_.label_smoothing());
    AddTo(totals, loss, outputs[0], batch.labels);
    total_loss = loss;
    for (size_t i = 1; i < outputs.size(); ++i) {
      if (!network_.network().outputs[i].training_only || recipe_.auxiliary_weight() == 0) continue;
      total_loss = total_loss + Loss(outputs[i], batch.labels, recipe_.label_smoothing()) *
                                    recipe_.auxiliary_weight();
    }
  }
  {
    const PhaseClock clock(times_.backward);
    at::Tensor gradients = network_.parameters().flat_gradients();
    gradients.zero_();
    total_loss.backward();
  }
  const PhaseClock clock(times_.optimizer);
  const at::NoGradGuard no_grad;
  optimizer_.Apply();
}

Evaluation Evaluate(NetworkModule& network, const ResidentData& data, const Examples& examples,
                    const v1::Recipe& recipe, at::Device device,
                    const std::function<bool(int64_t done)>& keep_going) {
  const c10::InferenceMode inference;
  network.Fold();
  const BFloat16Scope mixed(UsesBFloat16(recipe, device), device.type());
  const int64_t batch_size = EvaluationBatch(network.network(), device);
  Totals totals(device);
  // Per class: pixels of it, pixels answered so, and both.
  at::Tensor actual;
  at::Tensor answered;
  at::Tensor both;
  for (int64_t first = 0; first < examples.count() && keep_going(first); first += batch_size) {
    const Batch batch =
        data.Assemble(examples, first, std::min(batch_size, examples.count() - first));
    const at::Tensor logits = network.Forward(batch.images, Pass{}).front();
    AddTo(totals, Loss(logits, batch.labels, /*smoothing=*/0), logits, batch.labels);
    if (!data.segmentation()) continue;
    const int64_t classes = logits.size(1);
    const at::Tensor answer = logits.argmax(1).flatten();
    const at::Tensor label = batch.labels.flatten();
    const auto count = [&](const at::Tensor& values) { return at::bincount(values, {}, classes); };
    if (!actual.defined()) {
      actual = count(label);
      answered = count(answer);
      both = count(label.masked_select(label.eq(answer)));
    } else {
      actual = actual + count(label);
      answered = answered + count(answer);
      both = both + count(label.masked_select(label.eq(answer)));
    }
  }
  Evaluation result;
  if (totals.examples == 0) return result;
  result.loss = totals.loss.item<double>() / static_cast<double>(totals.examples);
  result.accuracy =
      static_cast<double>(totals.correct.item<int64_t>()) / static_cast<double>(totals.answers);
  if (actual.defined()) {
    const at::Tensor either = (actual + answered - both).to(at::kDouble);
    const at::Tensor occurs = either.gt(0);
    result.mean_iou = (both.to(at::kDouble) / either).masked_select(occurs).mean().item<double>();
  }
  return result;
}

}  // namespace nascent::worker
