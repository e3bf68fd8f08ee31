// gpu-trial: one trial as a worker's child trains it, on a data set in IDX files, and how fast it
// was. Prints one JSON object.

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/live_network.h"
#include "bench/or_throw.h"
#include "common/data/idx.h"
#include "common/network/network_proto.h"
#include "worker/torch/process_setup.h"
#include "worker/torch/recorded_step.h"
#include "worker/torch/torch_evaluator.h"

namespace nascent::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string device = "cpu";
  std::string images;
  std::string labels;
  int64_t train = 36000;
  int64_t validation = 4000;
  int64_t channels = 16;
  int64_t cells = 5;
  int32_t batch = 256;
  double seconds = 10;
  int threads = 1;
  bool float32 = false;
};

// Times the epochs of a training from what the trainer asks and reports: a question after each
// step, one more before the first validation batch, when the device has done the epoch's steps, and
// a report of measurements at the epoch's end. Stops the training after `seconds`, but not before
// the third epoch ended: the first one also chooses kernels and records the step.
class Stopwatch : public worker::Progress {
 public:
  Stopwatch(int64_t steps_per_epoch, double seconds)
      : steps_per_epoch_(steps_per_epoch), seconds_(seconds) {}

  void Report(double, const std::vector<v1::Measurement>& measurements) override {
    if (measurements.empty()) return;
    for (const v1::Measurement& m : measurements) {
      if (m.metric() == "validation_accuracy") accuracy = m.value();
    }
    questions_ = 0;
    epoch_start_ = Clock::now();
  }

  v1::StopReason StopRequested() override {
    if (++questions_ == steps_per_epoch_ + 1) {
      epochs.push_back(Since(epoch_start_));
      if (epochs.size() == 1) start_ = Clock::now();
    }
    const bool enough = epochs.size() >= 3 && Since(start_) >= seconds_;
    return enough && questions_ > steps_per_epoch_ ? v1::STOP_REASON_EARLY
                                                   : v1::STOP_REASON_UNSPECIFIED;
  }

  std::vector<double> epochs;  // seconds of the steps of each
  double accuracy = 0;         // of the last validation

 private:
  static double Since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  const int64_t steps_per_epoch_;
  const double seconds_;
  int64_t questions_ = 0;
  Clock::time_point epoch_start_ = Clock::now();
  Clock::time_point start_;
};

v1::TrainTask TaskOf(const Options& options) {
  const data::IdxArray images = OrThrow(data::ReadIdxFile(options.images));
  if (images.dimensions.size() != 3) throw std::runtime_error("images: need [n, height, width]");
  const network::Shape shape = {1, images.dimensions[1], images.dimensions[2]};
  v1::TrainTask task;
  *task.mutable_network() = network::ToProto(LiveNetwork(shape, options.channels, options.cells));
  v1::DataRef& data = *task.mutable_data();
  data.set_train(options.train);
  data.set_validation(options.validation);
  v1::Dataset& dataset = *data.mutable_dataset();
  dataset.set_kind(v1::DATA_KIND_IMAGE_CLASSIFICATION);
  for (int64_t dimension : shape) dataset.mutable_shape()->add_dimensions(dimension);
  dataset.set_classes(10);
  v1::DataSplit& split = *dataset.add_splits();
  split.set_name("train");
  split.set_count(images.dimensions[0]);
  split.set_examples("images");
  split.set_labels("labels");
  v1::Recipe& recipe = *task.mutable_recipe();
  recipe.set_epochs(100000);  // The stopwatch ends it.
  recipe.set_batch(options.batch);
  recipe.mutable_augmentation()->set_flip(true);
  recipe.mutable_augmentation()->set_crop_padding(4);
  if (options.float32) recipe.set_precision(v1::PRECISION_FLOAT32);
  return task;
}

void Run(const Options& options) {
  worker::Assignment assignment;
  *assignment.task.mutable_train() = TaskOf(options);
  assignment.files = {{"images", options.images}, {"labels", options.labels}};
  assignment.device = options.device;
  assignment.threads = options.threads;
  Stopwatch watch((options.train + options.batch - 1) / options.batch, options.seconds);
  worker::TorchEvaluator evaluator;
  const worker::Result result = evaluator.Run(assignment, watch);
  if (!result.stopped || watch.epochs.size() < 3) {
    throw std::runtime_error("the training failed: " + result.message);
  }
  double seconds = 0;
  for (size_t i = 1; i < watch.epochs.size(); ++i) seconds += watch.epochs[i];
  const double images =
      static_cast<double>(options.train) * static_cast<double>(watch.epochs.size() - 1);
  std::cout << absl::StrFormat(
      "{\"images_per_second\": %.1f, \"epochs\": %d, \"first_epoch_seconds\": %.3f, "
      "\"seconds\": %.3f, \"validation_accuracy\": %.4f, \"steps_launched_as_a_whole\": %d}\n",
      images / seconds, static_cast<int>(watch.epochs.size()), watch.epochs[0], seconds,
      watch.accuracy, worker::RecordedStep::launched());
}

}  // namespace
}  // namespace nascent::bench

int main(int argc, char** argv) {
  nascent::worker::RestartWithTrainingEnvironment(argv);
  nascent::worker::KeepFreedMemory();
  nascent::bench::Options options;
  CLI::App app("One trial on a device, and how fast its steps were from the second epoch on.");
  app.add_option("--device", options.device, "cpu or cuda:N");
  app.add_option("--images", options.images, "IDX file, [n, height, width].")->required();
  app.add_option("--labels", options.labels, "IDX file, [n].")->required();
  app.add_option("--train", options.train, "Training examples.");
  app.add_option("--validation", options.validation, "Validation examples.");
  app.add_option("--channels", options.channels, "Channels of the first stage.");
  app.add_option("--cells", options.cells, "Cells per stage.");
  app.add_option("--batch", options.batch, "Images per step.");
  app.add_option("--seconds", options.seconds, "At least so long, after the first epoch.");
  app.add_option("--threads", options.threads, "Of one operation on the CPU.");
  app.add_flag("--float32", options.float32, "No mixed precision on a GPU.");
  try {
    app.parse(argc, argv);
    nascent::bench::Run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::cerr << "gpu-trial: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
