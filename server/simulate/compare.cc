#include "server/simulate/compare.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "common/sync.h"

namespace nascent::simulate {
namespace {

class Comparison {
 public:
  Comparison(const Scenario& scenario, const std::vector<NamedStrategy>& strategies,
             const CompareOptions& options)
      : scenario_(scenario),
        strategies_(strategies),
        options_(options),
        seeds_(options.last_seed - options.first_seed + 1),
        runs_(strategies.size(), std::vector<Trajectory>(seeds_)) {}

  absl::StatusOr<std::vector<std::vector<Trajectory>>> Go() {
    std::vector<std::thread> threads;
    for (int i = 1; i < options_.threads; ++i) threads.emplace_back([this] { Work(); });
    Work();
    for (std::thread& thread : threads) thread.join();
    MutexLock lock(mutex_);
    if (!status_.ok()) return status_;
    return std::move(runs_);
  }

 private:
  void Work() {
    while (true) {
      size_t next = 0;
      {
        MutexLock lock(mutex_);
        if (!status_.ok() || next_ == strategies_.size() * seeds_) return;
        next = next_++;
      }
      const size_t strategy = next / seeds_;
      const size_t seed = next % seeds_;
      auto run = scenario_.Run(strategies_[strategy].spec, options_.first_seed + seed);
      MutexLock lock(mutex_);
      if (run.ok()) {
        runs_[strategy][seed] = *std::move(run);
      } else {
        status_.Update(run.status());
      }
      ++done_;
      if (options_.progress != nullptr) {
        options_.progress(static_cast<int64_t>(done_),
                          static_cast<int64_t>(strategies_.size() * seeds_));
      }
    }
  }

  const Scenario& scenario_;
  const std::vector<NamedStrategy>& strategies_;
  const CompareOptions& options_;
  const size_t seeds_;
  Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::vector<Trajectory>> runs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::vector<std::vector<Trajectory>>> Compare(
    const Scenario& scenario, const std::vector<NamedStrategy>& strategies,
    const CompareOptions& options) {
  return Comparison(scenario, strategies, options).Go();
}

}  // namespace nascent::simulate
