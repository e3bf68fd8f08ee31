// The child's end of the protocol between a worker's supervisor and the evaluator program of a
// slot.
//
// The supervisor execs the program with `--fd N`, one end of a socket pair, and sends assignments
// one after the other; the program stays for many tasks. With `--describe` the program prints what
// it can do as JSON and exits, so the supervisor never touches a GPU itself.

#ifndef NASCENT_WORKER_EVALUATE_CHILD_LOOP_H_
#define NASCENT_WORKER_EVALUATE_CHILD_LOOP_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nascent/v1/task.pb.h"
#include "nascent/v1/worker_service.pb.h"
#include "worker/evaluate/evaluator.h"

namespace nascent::worker {

// What an evaluator program can do, printed by `--describe`.
struct EvaluatorDescription {
  // Part of an evaluation's identity, e.g. "0.1.0+torch1.13.1".
  std::string version;
  std::vector<v1::TaskKind> task_kinds;
  // Metrics beyond those that the task kinds declare.
  std::vector<std::string> metrics;
  // The CPU first, then one per GPU in the order of "cuda:N".
  std::vector<v1::Device> devices;
};

// Runs the assignments that arrive on `fd` until the supervisor closes it. One thread reads (a stop
// request reaches a running task; a closed socket ends the process at once, whatever runs), the
// caller's evaluates. Gives the exit status of the program.
int RunChild(Evaluator& evaluator, int fd);

// The main function of an evaluator program: `--describe` or `--fd N`. The process dies with its
// parent. `make` is called once, before the first assignment is read.
int EvaluatorMain(int argc, char** argv, const std::function<EvaluatorDescription()>& describe,
                  const std::function<std::unique_ptr<Evaluator>()>& make);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_CHILD_LOOP_H_
