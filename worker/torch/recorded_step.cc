#include "worker/torch/recorded_step.h"

#include <ATen/ATen.h>

#include <atomic>
#include <iostream>
#include <utility>

namespace nascent::worker {
namespace {

// Steps after which libraries have chosen their kernels and made their workspaces: neither may
// happen while a step is recorded.
constexpr int kRunsBefore = 3;

std::atomic<int64_t> launched_steps{0};

}  // namespace

RecordedStep::RecordedStep(TrainingStep& step, const ResidentData& data,
                           const v1::Augmentation& augmentation, int64_t batch, Totals& totals,
                           std::unique_ptr<StepGraph> graph)
    : step_(step),
      data_(data),
      cutout_(augmentation.cutout()),
      batch_(batch),
      totals_(totals),
      graph_(std::move(graph)),
      changes_(at::zeros({6, batch}, data.train().labels.options().dtype(at::kLong))) {
  step_.optimizer().KeepNumbersOnDevice();
}

bool RecordedStep::Possible(const v1::Recipe& recipe, const ResidentData& data) {
  return recipe.drop_path() == 0 && !data.segmentation();
}

void RecordedStep::Run(std::span<const ImageChange> changes, double factor) {
  changes_.copy_(ResidentData::ToTensor(changes), /*non_blocking=*/true);
  step_.optimizer().Advance(factor);
  if (graph_ == nullptr || (!recorded_ && runs_ < kRunsBefore)) {
    ++runs_;
    return Work();
  }
  if (!recorded_ && !Record()) return Work();
  graph_->Launch();
  ++launched_steps;
  totals_.examples += batch_;
  totals_.answers += batch_;
}

int64_t RecordedStep::launched() { return launched_steps; }

void RecordedStep::Work() {
  const Batch batch = data_.AssembleChanged(data_.train(), changes_, cutout_);
  step_.Work(batch, Pass{.training = true}, totals_);
}

bool RecordedStep::Record() {
  const int64_t examples = totals_.examples;
  const int64_t answers = totals_.answers;
  try {
    graph_->Record([&] { Work(); });
    recorded_ = true;
  } catch (const c10::Error& error) {
    std::cerr << "nascent-evaluator: the training step is launched piece by piece, as it cannot be "
                 "recorded: "
              << error.what_without_backtrace() << "\n";
    graph_.reset();
  }
  // Counted by the host as if the step had been done.
  totals_.examples = examples;
  totals_.answers = answers;
  return recorded_;
}

}  // namespace nascent::worker
