// Runs strategies over seeds, on several threads.

#ifndef NASCENT_SERVER_SIMULATE_COMPARE_H_
#define NASCENT_SERVER_SIMULATE_COMPARE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/simulate/report.h"
#include "server/simulate/simulation.h"
#include "server/simulate/strategy_list.h"

namespace nascent::simulate {

struct CompareOptions {
  uint64_t first_seed = 1;
  uint64_t last_seed = 1;  // included
  int threads = 1;
  // Called from any thread, one at a time, after each run.
  std::function<void(int64_t done, int64_t of)> progress;
};

// One list of trajectories per strategy, in the order of the seeds. The first error ends it.
absl::StatusOr<std::vector<std::vector<Trajectory>>> Compare(
    const Scenario& scenario, const std::vector<NamedStrategy>& strategies,
    const CompareOptions& options);

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_COMPARE_H_
