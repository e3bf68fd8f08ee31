// An evaluator program for tests: quick, without torch, and badly behaved where a test wants it.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/sha256.h"
#include "worker/evaluate/child_loop.h"
#include "worker/evaluate/task_control.h"
#include "worker/evaluate/testing/fake_behaviour.h"

namespace nascent::worker {
namespace {

int EpochMilliseconds() {
  const char* text = std::getenv("NASCENT_FAKE_EPOCH_MS");
  return text == nullptr ? 0 : std::atoi(text);
}

v1::Measurement Measure(const std::string& metric, int epoch, double value) {
  v1::Measurement measurement;
  measurement.set_metric(metric);
  measurement.set_epoch(epoch);
  measurement.set_step(epoch);
  measurement.set_value(value);
  return measurement;
}

// The first epoch that is left to do: a checkpoint holds the number of epochs done.
int FirstEpoch(const Assignment& assignment, const std::string& checkpoint) {
  const auto file = assignment.files.find(checkpoint);
  if (file == assignment.files.end()) return 1;
  int done = 0;
  std::ifstream(file->second) >> done;
  return done + 1;
}

Result Fail(v1::FailureKind kind, const std::string& message) {
  Result result;
  result.failure = kind;
  result.message = message;
  return result;
}

class FakeEvaluator : public Evaluator {
 public:
  Result Run(const Assignment& assignment, Progress& progress) override {
    const bool test = assignment.task.has_final_test();
    const v1::TrainTask& train =
        test ? assignment.task.final_test().training() : assignment.task.train();
    const int behaviour = train.recipe().augmentation().cutout();
    if (behaviour == kFakeInvalid) return Fail(v1::FAILURE_KIND_INVALID, "no such operation");
    if (behaviour == kFakeThrow) throw std::runtime_error("unexpected");
    if (behaviour == kFakeReadFile) {
      for (const auto& [hash, path] : assignment.files) {
        if (Sha256OfFile(path).value_or("") != hash) {
          return Fail(v1::FAILURE_KIND_INVALID, "wrong content in " + path);
        }
      }
    }
    // Something like an accuracy, fixed by network and recipe.
    const double skill =
        std::hash<std::string>()(train.network().SerializeAsString()) % 1000 / 2000.0;
    const int epochs = train.fidelity().epochs() > 0 ? train.fidelity().epochs()
                                                     : std::max(1, train.recipe().epochs());
    Result result;
    for (const std::string& score : train.scores()) {
      result.measurements.push_back(Measure(score, 0, skill));
    }
    const bool trains = train.fidelity().zero_cost().empty() &&
                        (!train.recipe().has_epochs() || train.recipe().epochs() > 0);
    if (!test && !trains) return result;
    for (int epoch = FirstEpoch(assignment, train.checkpoint()); epoch <= epochs; ++epoch) {
      if (!Pause(EpochMilliseconds(), static_cast<double>(epoch - 1) / epochs, progress)) {
        result.stopped = true;
        if (progress.StopRequested() == v1::STOP_REASON_PREEMPTED) {
          std::ofstream(assignment.checkpoint_path) << epoch - 1;
          result.has_checkpoint = true;
        }
        return result;
      }
      const double value = skill + 0.5 * epoch / (epoch + 1.0);
      progress.Report(static_cast<double>(epoch) / epochs,
                      {Measure("validation_accuracy", epoch, value)});
      Misbehave(behaviour, assignment, progress);
    }
    if (test) result.measurements.push_back(Measure("test_accuracy", epochs, skill));
    result.measurements.push_back(Measure("training_seconds", epochs, 0.001));
    std::ofstream(assignment.weights_path) << "weights of " << train.network().SerializeAsString();
    result.has_weights = true;
    if (train.keep_checkpoint()) {
      std::ofstream(assignment.checkpoint_path) << epochs;
      result.has_checkpoint = true;
    }
    return result;
  }

 private:
  // Stands for the work of an epoch. False: a stop was asked for.
  static bool Pause(int milliseconds, double done, Progress& progress) {
    for (int left = milliseconds; left > 0; left -= 10) {
      progress.Report(done, {});
      if (progress.StopRequested() != v1::STOP_REASON_UNSPECIFIED) return false;
      usleep(static_cast<useconds_t>(std::min(left, 10)) * 1000);
    }
    return progress.StopRequested() == v1::STOP_REASON_UNSPECIFIED;
  }

  void Misbehave(int behaviour, const Assignment& assignment, Progress& progress) {
    switch (behaviour) {
      case kFakeSegfault:
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
        break;
      case kFakeForkAndHang: {
        const pid_t other = fork();
        if (other == 0) {
          while (true) pause();
        }
        std::ofstream(assignment.weights_path) << other;
        while (true) pause();
      }
      case kFakeHang:
        while (true) pause();
      case kFakeBadAlloc:
        throw std::bad_alloc();
      case kFakeDiverge:
        progress.Report(0.5,
                        {Measure("training_loss", 1, std::numeric_limits<double>::quiet_NaN())});
        break;
      case kFakeExit:
        std::fprintf(stderr, "about to exit\n");
        _exit(3);
      case kFakeAbortBadAlloc:
        std::fprintf(stderr, "terminate called after throwing 'std::bad_alloc'\n");
        signal(SIGABRT, SIG_DFL);
        raise(SIGABRT);
        break;
      case kFakeKillSelf:
        raise(SIGKILL);
        break;
      case kFakeKeepMemory:
        kept_.push_back(std::string(64 << 20, 'x'));
        break;
      default:
        break;
    }
  }

  std::vector<std::string> kept_;
};

EvaluatorDescription Describe() {
  EvaluatorDescription description;
  description.version = "fake-1";
  description.task_kinds = {v1::TASK_KIND_TRAIN, v1::TASK_KIND_FINAL_TEST};
  v1::Device cpu;
  cpu.set_kind("cpu");
  cpu.set_model("a processor");
  cpu.set_memory_bytes(int64_t{1} << 30);
  description.devices.push_back(cpu);
  description.metrics = {"synflow", "nwot"};
  return description;
}

}  // namespace
}  // namespace nascent::worker

int main(int argc, char** argv) {
  return nascent::worker::EvaluatorMain(argc, argv, nascent::worker::Describe, [] {
    return std::make_unique<nascent::worker::FakeEvaluator>();
  });
}
