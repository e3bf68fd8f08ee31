#include "worker/torch/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/torch/augmentation.h"
#include "worker/torch/checkpoint.h"
#include "worker/torch/own_stream.h"
#include "worker/torch/peak_memory.h"
#include "worker/torch/recorded_step.h"
#include "worker/torch/schedule.h"
#include "worker/torch/step_graph.h"
#include "worker/torch/training_step.h"
#include "worker/torch/weights_metadata.h"

namespace nascent::worker {
namespace {

using Clock = std::chrono::steady_clock;

// Between two reports. A report waits for the device, so not after each step.
constexpr std::chrono::milliseconds kReportInterval(250);

// Dropout's stream for each step, apart from those of augmentation.h.
constexpr uint64_t kDropStream = uint64_t{3} << 62;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

class Training {
 public:
  Training(const v1::TrainTask& task, NetworkModule& network, const ResidentData& data,
           at::Device device, const TrainerPaths& paths, Progress& progress)
      : task_(task),
        recipe_(task.recipe()),
        network_(network),
        data_(data),
        device_(device),
        paths_(paths),
        progress_(progress),
        epochs_(EpochsOf(task)),
        examples_(TrainingExamplesOf(task, data.train().count())),
        batch_(recipe_.batch()),
        steps_per_epoch_((examples_ + batch_ - 1) / batch_),
        own_stream_(device),
        step_(network, recipe_, device),
        totals_(device) {
    std::unique_ptr<StepGraph> graph = NewStepGraph(device);
    if (graph != nullptr && RecordedStep::Possible(recipe_, data)) {
      recorded_step_.emplace(step_, data, recipe_.augmentation(), batch_, totals_,
                             std::move(graph));
    }
  }

  Result Run() {
    if (!paths_.resume_from.empty()) {
      const absl::Status status =
          ReadCheckpoint(paths_.resume_from, network_, step_.optimizer(), position_, totals_);
      if (!status.ok()) return Failed(status);
      // A rung with another share of the data cannot go on within an epoch.
      if (position_.step_in_epoch >= steps_per_epoch_) position_.step_in_epoch = 0;
    }
    ResetPeakMemory(device_);
    while (position_.epoch < epochs_) {
      if (!RunEpoch() || !MeasureEpoch()) return std::move(result_);
    }
    return Finish();
  }

  PhaseTimes times() const {
    PhaseTimes times = step_.times();
    times.data = times_.data;
    times.validation = times_.validation;
    return times;
  }

 private:
  // False: the task ends here, with result_.
  bool RunEpoch() {
    const Clock::time_point start = Clock::now();
    if (position_.step_in_epoch == 0) totals_.Clear();
    const std::vector<int64_t> order = EpochOrder(recipe_.seed(), position_.epoch, examples_);
    Clock::time_point reported = start;
    for (int64_t& step = position_.step_in_epoch; step < steps_per_epoch_;) {
      RunStep(order, step);
      ++step;
      if (progress_.StopRequested() != v1::STOP_REASON_UNSPECIFIED) return Stop();
      if (Clock::now() - reported < kReportInterval) continue;
      if (!std::isfinite(totals_.loss.item<double>())) return Diverge("training loss");
      Report();
      reported = Clock::now();
    }
    if (!std::isfinite(totals_.loss.item<double>())) return Diverge("training loss");
    training_time_ += Clock::now() - start;
    return true;
  }

  void RunStep(const std::vector<int64_t>& order, int64_t step) {
    const int64_t first = step * batch_;
    const int64_t count = std::min(batch_, examples_ - first);
    const int64_t global_step = position_.epoch * steps_per_epoch_ + step;
    std::optional<PhaseClock> preparing(times_.data);
    const std::vector<ImageChange> changes =
        DrawChanges(recipe_.augmentation(), recipe_.seed(), global_step,
                    std::span(order).subspan(first, count), data_.height(), data_.width());
    RandomStream random(recipe_.seed(), kDropStream + static_cast<uint64_t>(global_step));
    at::Generator generator = at::globalContext().defaultGenerator(device_);
    generator.set_current_seed(random.Next());
    const double factor =
        ScheduleFactor(recipe_.schedule(), global_step, steps_per_epoch_, recipe_.epochs());
    if (recorded_step_.has_value() && count == batch_) return recorded_step_->Run(changes, factor);
    const Batch batch = data_.Assemble(data_.train(), changes, recipe_.augmentation().cutout());
    preparing.reset();
    Pass pass{.training = true, .random = &random};
    pass.drop_path = recipe_.drop_path() * static_cast<double>(position_.epoch) /
                     static_cast<double>(std::max(1, recipe_.epochs()));
    step_.Run(batch, pass, factor, totals_);
  }

  bool MeasureEpoch() {
    const PhaseClock clock(times_.validation);
    const Clock::time_point start = Clock::now();
    Clock::time_point reported = start;
    const Evaluation evaluation =
        Evaluate(network_, data_, data_.validation(), recipe_, device_, [&](int64_t) {
          if (Clock::now() - reported >= kReportInterval) {
            Report();
            reported = Clock::now();
          }
          return progress_.StopRequested() == v1::STOP_REASON_UNSPECIFIED;
        });
    // Checked again, as an evaluation that was cut short is no measurement.
    if (progress_.StopRequested() != v1::STOP_REASON_UNSPECIFIED) return Stop();
    if (!std::isfinite(evaluation.loss)) return Diverge("validation loss");
    ++position_.epoch;
    position_.step_in_epoch = 0;
    Measure("training_loss", totals_.loss.item<double>() / static_cast<double>(totals_.examples));
    Measure("training_accuracy", static_cast<double>(totals_.correct.item<int64_t>()) /
                                     static_cast<double>(std::max<int64_t>(1, totals_.answers)));
    Measure("validation_loss", evaluation.loss);
    Measure("validation_accuracy", evaluation.accuracy);
    if (evaluation.mean_iou >= 0) Measure("validation_mean_iou", evaluation.mean_iou);
    validation_time_ += Clock::now() - start;
    if (position_.epoch < epochs_) {
      const std::vector<v1::Measurement> measured = std::move(result_.measurements);
      result_.measurements.clear();
      progress_.Report(static_cast<double>(position_.epoch) / static_cast<double>(epochs_),
                       measured);
    }
    return true;
  }

  Result Finish() {
    auto metadata = WeightsMetadata(task_, data_.normalization(), result_.measurements);
    Measure("training_seconds", Seconds(training_time_));
    Measure("validation_seconds", Seconds(validation_time_));
    if (const int64_t peak = PeakMemory(device_); peak > 0) {
      Measure("peak_memory_bytes", static_cast<double>(peak));
    }
    if (!paths_.weights_path.empty()) {
      const absl::Status status = WriteWeights(paths_.weights_path, network_, std::move(metadata));
      if (!status.ok()) return Failed(status);
      result_.has_weights = true;
    }
    if (task_.keep_checkpoint() && !paths_.checkpoint_path.empty()) SaveCheckpoint();
    return std::move(result_);
  }

  void Measure(std::string_view metric, double value) {
    v1::Measurement& measurement = result_.measurements.emplace_back();
    measurement.set_metric(std::string(metric));
    measurement.set_epoch(static_cast<int32_t>(position_.epoch));
    measurement.set_step(step_.optimizer().steps());
    measurement.set_value(value);
  }

  void Report() {
    const double epoch =
        static_cast<double>(position_.epoch) +
        static_cast<double>(position_.step_in_epoch) / static_cast<double>(steps_per_epoch_ + 1);
    progress_.Report(epoch / static_cast<double>(epochs_), {});
  }

  bool Stop() {
    result_.stopped = true;
    if (progress_.StopRequested() == v1::STOP_REASON_PREEMPTED && !paths_.checkpoint_path.empty()) {
      SaveCheckpoint();
    }
    return false;
  }

  bool Diverge(std::string_view what) {
    result_.failure = v1::FAILURE_KIND_DIVERGED;
    result_.message = absl::StrCat(std::string(what), " is not finite in epoch ",
                                   position_.epoch + 1, ", after step ", step_.optimizer().steps());
    return false;
  }

  void SaveCheckpoint() {
    const absl::Status status =
        WriteCheckpoint(paths_.checkpoint_path, network_, step_.optimizer(), position_, totals_);
    if (status.ok()) {
      result_.has_checkpoint = true;
    } else {
      Failed(status);
    }
  }

  Result Failed(const absl::Status& status) {
    result_.failure =
        absl::IsInvalidArgument(status) ? v1::FAILURE_KIND_INVALID : v1::FAILURE_KIND_UNAVAILABLE;
    result_.message = std::string(status.message());
    return result_;
  }

  const v1::TrainTask& task_;
  const v1::Recipe& recipe_;
  NetworkModule& network_;
  const ResidentData& data_;
  const at::Device device_;
  const TrainerPaths& paths_;
  Progress& progress_;
  const int64_t epochs_;
  const int64_t examples_;
  const int64_t batch_;
  const int64_t steps_per_epoch_;

  const OwnStream own_stream_;
  TrainingStep step_;
  Position position_;
  Totals totals_;
  // Of whole batches, on a device that can record.
  std::optional<RecordedStep> recorded_step_;
  Clock::duration training_time_{};
  Clock::duration validation_time_{};
  PhaseTimes times_;
  Result result_;
};

}  // namespace

int64_t EpochsOf(const v1::TrainTask& task) {
  const int64_t whole = task.recipe().epochs();
  const int64_t wanted = task.fidelity().epochs();
  return wanted > 0 ? std::min(wanted, whole) : whole;
}

int64_t TrainingExamplesOf(const v1::TrainTask& task, int64_t available) {
  const double share = task.fidelity().train_share();
  if (share <= 0 || share >= 1) return available;
  return std::max<int64_t>(1, std::llround(share * static_cast<double>(available)));
}

Result Train(const v1::TrainTask& task, NetworkModule& network, const ResidentData& data,
             at::Device device, const TrainerPaths& paths, Progress& progress, PhaseTimes& times) {
  Training training(task, network, data, device, paths, progress);
  Result result = training.Run();
  const double build = times.build;
  times = training.times();
  times.build = build;
  return result;
}

}  // namespace nascent::worker
