// What an evaluator program says about itself.

#ifndef NASCENT_WORKER_AGENT_EVALUATOR_PROGRAM_H_
#define NASCENT_WORKER_AGENT_EVALUATOR_PROGRAM_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/evaluate/child.pb.h"

namespace nascent::worker {

// Runs `program --describe`, killed after `timeout`. NOT_FOUND: there is no such program; INTERNAL:
// it failed, or printed something else.
absl::StatusOr<child::Description> DescribeEvaluator(const std::string& program,
                                                     absl::Duration timeout = absl::Minutes(2));

// The folder of the running program, where its evaluator is found by default.
std::string OwnFolder();

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_EVALUATOR_PROGRAM_H_
