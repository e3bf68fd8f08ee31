// An evaluator carries out one task in the child process of a slot.

#ifndef NASCENT_WORKER_EVALUATE_EVALUATOR_H_
#define NASCENT_WORKER_EVALUATE_EVALUATOR_H_

#include <map>
#include <string>
#include <vector>

#include "nascent/v1/task.pb.h"
#include "nascent/v1/trial.pb.h"
#include "nascent/v1/worker_service.pb.h"

namespace nascent::worker {

// A task with everything that the supervisor fetched for it.
struct Assignment {
  v1::Task task;
  // Files of the artifacts that the task names, by SHA-256.
  std::map<std::string, std::string> files;
  // Where to write weights after a training, and the checkpoint where the task keeps one.
  std::string weights_path;
  std::string checkpoint_path;
  std::string device;  // "cpu" or "cuda:N"
  int threads = 1;     // of one operation on the CPU
};

// How a running task talks to its supervisor. Calls are cheap and do not block on the network.
class Progress {
 public:
  virtual ~Progress() = default;
  // `done`: share of the task, [0, 1]. At least once per batch group: no call for the stall limit
  // and the task is taken for hung.
  virtual void Report(double done, const std::vector<v1::Measurement>& measurements) = 0;
  // Set once the task shall end before its time. EARLY: end now, what was measured counts.
  // CANCELLED: end, nothing is wanted. PREEMPTED: end and write checkpoint_path if that can be done
  // within seconds, so that another worker can go on. All three give a Result with `stopped`.
  virtual v1::StopReason StopRequested() = 0;
};

struct Result {
  // UNSPECIFIED: it succeeded or was stopped.
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::string message;
  bool stopped = false;
  std::vector<v1::Measurement> measurements;  // those not yet reported
  bool has_weights = false;                   // weights_path was written
  bool has_checkpoint = false;
};

// Used by one thread. Exceptions stay inside: what goes wrong is a Result.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual Result Run(const Assignment& assignment, Progress& progress) = 0;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_EVALUATOR_H_
