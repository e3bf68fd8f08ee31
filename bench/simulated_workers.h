// Workers that train nothing: they lease, report and complete as fast as the coordinator answers.

#ifndef NASCENT_BENCH_SIMULATED_WORKERS_H_
#define NASCENT_BENCH_SIMULATED_WORKERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace nascent::bench {

// Thread-safe.
class SimulatedWorkers {
 public:
  // Registers `count` workers of one slot, each with a connection of its own, and starts them.
  // Throws std::runtime_error when the coordinator does not take them.
  SimulatedWorkers(const std::string& address, int count);
  // Ends their calls and waits for them.
  ~SimulatedWorkers();

  // Lifecycles whose three answers have come: lease, report, completion.
  int64_t completed() const;
  // Of the calls so far, by kind, sorted.
  struct Latencies {
    std::vector<absl::Duration> lease, renew, complete;
  };
  Latencies TakeLatencies();
  // Throws what went wrong with any worker.
  void Check() const;

 private:
  class Worker;
  struct Shared;
  const std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_SIMULATED_WORKERS_H_
