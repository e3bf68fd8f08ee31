#include "worker/torch/scoring.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/torch/augmentation.h"
#include "worker/torch/scores/score.h"
#include "worker/torch/trainer.h"

namespace nascent::worker {
namespace {

constexpr int64_t kMostExamples = 64;  // as Abdelfattah et al. 2021

ScoreInput InputOf(const v1::TrainTask& task, const ResidentData& data) {
  const v1::Recipe& recipe = task.recipe();
  const int64_t examples = TrainingExamplesOf(task, data.train().count());
  const int64_t count =
      std::clamp<int64_t>(examples / 2, 1, std::min<int64_t>(recipe.batch(), kMostExamples));
  const std::vector<int64_t> order = EpochOrder(recipe.seed(), /*epoch=*/0, examples);
  const auto assemble = [&](int64_t first) {
    first = std::min(first, examples - count);
    const std::vector<ImageChange> unchanged =
        DrawChanges(v1::Augmentation(), recipe.seed(), /*step=*/0,
                    std::span(order).subspan(first, count), data.height(), data.width());
    return data.Assemble(data.train(), unchanged, /*cutout=*/0);
  };
  return {assemble(0), assemble(count), recipe.seed()};
}

}  // namespace

bool OnlyScores(const v1::TrainTask& task) {
  return !task.fidelity().zero_cost().empty() || task.recipe().epochs() == 0;
}

Result MeasureScores(const v1::TrainTask& task, const NetworkModule& network,
                     const ResidentData& data, Progress& progress) {
  Result result;
  const ScoreInput input = InputOf(task, data);
  for (const std::string& name : task.scores()) {
    progress.Report(0, {});
    if (progress.StopRequested() != v1::STOP_REASON_UNSPECIFIED) {
      result.stopped = true;
      return result;
    }
    const absl::StatusOr<double> score = ComputeScore(name, network, input);
    if (!score.ok()) {
      result.failure = v1::FAILURE_KIND_INVALID;
      result.message = std::string(score.status().message());
      return result;
    }
    if (!std::isfinite(*score)) {
      result.failure = v1::FAILURE_KIND_DIVERGED;
      result.message = absl::StrCat("score ", name, " is not finite: ", *score);
      return result;
    }
    v1::Measurement& measurement = result.measurements.emplace_back();
    measurement.set_metric(name);
    measurement.set_value(*score);
  }
  return result;
}

}  // namespace nascent::worker
