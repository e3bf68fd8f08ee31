#include "worker/torch/torch_evaluator.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/data/dataset.h"
#include "common/network/network_proto.h"
#include "common/recipe/resolve_recipe.h"
#include "common/recipe/table_recipe.h"
#include "common/scores/scores.h"
#include "common/status_macros.h"
#include "worker/torch/checkpoint.h"
#include "worker/torch/devices.h"
#include "worker/torch/network_module.h"
#include "worker/torch/scoring.h"
#include "worker/torch/trainer.h"
#include "worker/torch/training_step.h"
#include "worker/torch/version.h"

namespace nascent::worker {
namespace {

Result Failure(const absl::Status& status) {
  Result result;
  result.failure =
      absl::IsInvalidArgument(status) ? v1::FAILURE_KIND_INVALID : v1::FAILURE_KIND_UNAVAILABLE;
  result.message = std::string(status.message());
  return result;
}

Result Failure(v1::FailureKind kind, std::string message) {
  Result result;
  result.failure = kind;
  result.message = std::move(message);
  return result;
}

std::string TextOfVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// LibTorch has one exception for most things; what it says tells them apart.
v1::FailureKind KindOf(std::string_view message) {
  for (std::string_view sign : {"out of memory", "can't allocate memory", "not enough memory"}) {
    if (message.find(sign) != std::string_view::npos) return v1::FAILURE_KIND_OUT_OF_MEMORY;
  }
  return v1::FAILURE_KIND_INVALID;
}

// The message without LibTorch's stack.
std::string FirstLine(std::string_view message) {
  return std::string(message.substr(0, message.find('\n')));
}

absl::StatusOr<std::unique_ptr<NetworkModule>> Build(const v1::TrainTask& task, at::Device device,
                                                     PhaseTimes& times) {
  const PhaseClock clock(times.build);
  absl::StatusOr<network::Network> network = network::FromProto(task.network());
  if (!network.ok()) return network.status();
  return NetworkModule::Create(*network, task.recipe().seed(), device);
}

int64_t ResolutionOf(const v1::TrainTask& task) {
  return task.fidelity().resolution() > 0 ? task.fidelity().resolution()
                                          : task.recipe().resolution();
}

// The task with a recipe of which every field is set and in its range.
absl::StatusOr<v1::TrainTask> Resolved(v1::TrainTask task) {
  NASCENT_ASSIGN_OR_RETURN(*task.mutable_recipe(),
                           recipe::ResolveRecipe(std::move(*task.mutable_recipe()), "recipe"));
  return task;
}

// Where the artifact lies; empty for an empty hash.
absl::StatusOr<std::string> FileOf(const Assignment& assignment, const std::string& sha256) {
  if (sha256.empty()) return std::string();
  const auto file = assignment.files.find(sha256);
  if (file != assignment.files.end()) return file->second;
  return absl::UnavailableError(absl::StrCat("no file for artifact ", sha256));
}

// INVALID_ARGUMENT where the network's input is not what the data give, or the recipe wants to do
// with rows of a table what can only be done with images.
absl::Status CheckFit(const NetworkModule& network, const ResidentData& data,
                      const v1::TrainTask& task) {
  const bool regression = data::IsRegression(task.data().dataset());
  NASCENT_RETURN_IF_ERROR(recipe::CheckLossFits(task.recipe(), regression, "recipe"));
  if (data.table()) {
    NASCENT_RETURN_IF_ERROR(recipe::CheckFitsTable(task.recipe(), "recipe"));
    if (task.fidelity().resolution() > 0) {
      return absl::InvalidArgumentError("fidelity.resolution: the data are a table, no images");
    }
  }
  for (const network::Node& node : network.network().nodes) {
    if (node.operation != "input" || node.shape == data.shape()) continue;
    return absl::InvalidArgumentError(absl::StrCat("network: its input is ",
                                                   network::ToText(node.shape), ", the data are ",
                                                   network::ToText(data.shape())));
  }
  return absl::OkStatus();
}

void Configure(bool deterministic, int threads) {
  at::Context& context = at::globalContext();
  context.setFlushDenormal(true);
  context.setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
  context.setDeterministicCuDNN(deterministic);
  // A new network has new shapes: to try all of cuDNN's kernels on them takes longer than the best
  // ones save a training of less than a minute (docs/gpu.md).
  context.setBenchmarkCuDNN(false);
  at::set_num_threads(std::max(1, threads));
}

}  // namespace

EvaluatorDescription DescribeTorchEvaluator() {
  std::vector<std::string> metrics = {"validation_mean_iou", "test_mean_iou", "validation_seconds"};
  for (const scores::ScoreInfo& score : scores::AllScores()) metrics.emplace_back(score.name);
  return {.version = EvaluatorVersion(),
          .task_kinds = {v1::TASK_KIND_TRAIN, v1::TASK_KIND_FINAL_TEST},
          .metrics = std::move(metrics),
          .devices = ListDevices()};
}

TorchEvaluator::TorchEvaluator() : times_path_(TextOfVariable("NASCENT_EVALUATOR_TIMES")) {
  // May be set once in a process; operations run one after the other.
  static const bool kSet = (at::set_num_interop_threads(1), true);
  static_cast<void>(kSet);
}

Result TorchEvaluator::Run(const Assignment& assignment, Progress& progress) {
  Result result;
  times_ = {};
  try {
    const PhaseClock clock(times_.total);
    result = assignment.task.has_final_test() ? RunFinalTest(assignment, progress)
                                              : RunTraining(assignment, progress);
  } catch (const c10::Error& error) {
    const std::string message = FirstLine(error.what_without_backtrace());
    result = Failure(KindOf(message), message);
  } catch (const std::bad_alloc&) {
    result = Failure(v1::FAILURE_KIND_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    const std::string message = FirstLine(error.what());
    result = Failure(KindOf(message), message);
  }
  if (!times_path_.empty()) AppendPhaseTimes(times_path_, times_);
  const at::Device device(assignment.device);
  if (!device.is_cpu()) {
    EmptyDeviceCache(device);
  } else {
    malloc_trim(64 << 20);
  }
  return result;
}

Result TorchEvaluator::RunTraining(const Assignment& assignment, Progress& progress) {
  const absl::StatusOr<v1::TrainTask> resolved = Resolved(assignment.task.train());
  if (!resolved.ok()) return Failure(resolved.status());
  const v1::TrainTask& task = *resolved;
  const at::Device device(assignment.device);
  Configure(task.deterministic(), assignment.threads);
  absl::StatusOr<std::unique_ptr<NetworkModule>> network = Build(task, device, times_);
  if (!network.ok()) return Failure(network.status());
  absl::StatusOr<const ResidentData*> data =
      Data(task, assignment, ResidentData::Parts::kTrainAndValidation);
  if (!data.ok()) return Failure(data.status());
  if (absl::Status fit = CheckFit(**network, **data, task); !fit.ok()) return Failure(fit);
  if (task.scores_size() > 0) {
    Result scored = MeasureScores(task, **network, **data, progress);
    const bool ended = scored.failure != v1::FAILURE_KIND_UNSPECIFIED || scored.stopped;
    if (ended || OnlyScores(task)) return scored;
    progress.Report(0, scored.measurements);
  }
  if (OnlyScores(task)) return Failure(absl::InvalidArgumentError("neither epochs nor scores"));
  absl::StatusOr<std::string> checkpoint = FileOf(assignment, task.checkpoint());
  if (!checkpoint.ok()) return Failure(checkpoint.status());
  return Train(task, **network, **data, device,
               {*checkpoint, assignment.checkpoint_path, assignment.weights_path}, progress,
               times_);
}

Result TorchEvaluator::RunFinalTest(const Assignment& assignment, Progress& progress) {
  const v1::FinalTestTask& final_test = assignment.task.final_test();
  const absl::StatusOr<v1::TrainTask> resolved = Resolved(final_test.training());
  if (!resolved.ok()) return Failure(resolved.status());
  const v1::TrainTask& task = *resolved;
  const at::Device device(assignment.device);
  Configure(task.deterministic(), assignment.threads);
  absl::StatusOr<std::unique_ptr<NetworkModule>> network = Build(task, device, times_);
  if (!network.ok()) return Failure(network.status());
  Result result;
  if (final_test.weights().empty()) {
    absl::StatusOr<const ResidentData*> data =
        Data(task, assignment, ResidentData::Parts::kTrainAndValidation);
    if (!data.ok()) return Failure(data.status());
    if (absl::Status fit = CheckFit(**network, **data, task); !fit.ok()) return Failure(fit);
    absl::StatusOr<std::string> checkpoint = FileOf(assignment, task.checkpoint());
    if (!checkpoint.ok()) return Failure(checkpoint.status());
    result =
        Train(task, **network, **data, device,
              {*checkpoint, assignment.checkpoint_path, assignment.weights_path}, progress, times_);
    if (result.failure != v1::FAILURE_KIND_UNSPECIFIED || result.stopped) return result;
  } else {
    absl::StatusOr<std::string> weights = FileOf(assignment, final_test.weights());
    if (!weights.ok()) return Failure(weights.status());
    if (absl::Status status = ReadWeights(*weights, **network); !status.ok()) {
      return Failure(status);
    }
  }
  absl::StatusOr<const ResidentData*> data = Data(task, assignment, ResidentData::Parts::kTest);
  if (!data.ok()) return Failure(data.status());
  if (absl::Status fit = CheckFit(**network, **data, task); !fit.ok()) return Failure(fit);
  const Examples& test = (*data)->test();
  const PhaseClock clock(times_.validation);
  const Evaluation evaluation =
      Evaluate(**network, **data, test, task.recipe(), device, [&](int64_t done) {
        // After a training this is the short rest.
        const double share = static_cast<double>(done) / static_cast<double>(test.count());
        progress.Report(final_test.weights().empty() ? 1 : share, {});
        return progress.StopRequested() == v1::STOP_REASON_UNSPECIFIED;
      });
  if (progress.StopRequested() != v1::STOP_REASON_UNSPECIFIED) {
    result.stopped = true;
    return result;
  }
  const auto measure = [&](std::string_view metric, double value) {
    v1::Measurement& measurement = result.measurements.emplace_back();
    measurement.set_metric(std::string(metric));
    measurement.set_epoch(static_cast<int32_t>(EpochsOf(task)));
    measurement.set_value(value);
  };
  if (!std::isfinite(evaluation.loss)) {
    return Failure(v1::FAILURE_KIND_DIVERGED, "test loss is not finite");
  }
  measure("test_loss", evaluation.loss);
  measure("test_accuracy", evaluation.accuracy);
  if (evaluation.mean_iou >= 0) measure("test_mean_iou", evaluation.mean_iou);
  return result;
}

absl::StatusOr<const ResidentData*> TorchEvaluator::Data(const v1::TrainTask& task,
                                                         const Assignment& assignment,
                                                         ResidentData::Parts parts) {
  const PhaseClock clock(times_.build);
  std::vector<std::string> artifacts;
  for (const v1::DataSplit& split : task.data().dataset().splits()) {
    artifacts.push_back(absl::StrCat(split.name(), "=", split.examples(), "+", split.labels()));
  }
  const int64_t resolution = ResolutionOf(task);
  const std::string identity =
      absl::StrCat(absl::StrJoin(artifacts, ","), ";", task.data().dataset().kind(), ";",
                   task.data().train(), ";", task.data().validation(), ";", resolution, ";",
                   static_cast<int>(parts), ";", assignment.device);
  if (data_ == nullptr || identity != data_identity_) {
    data_.reset();  // Never two at a time.
    absl::StatusOr<ResidentData> loaded = ResidentData::Load(
        task.data(), assignment.files, resolution, parts, at::Device(assignment.device));
    if (!loaded.ok()) return loaded.status();
    data_ = std::make_unique<ResidentData>(*std::move(loaded));
    data_identity_ = identity;
  }
  return data_.get();
}

}  // namespace nascent::worker
