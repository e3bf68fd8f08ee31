// Where the time of a task goes, for whoever asks.

#ifndef NASCENT_WORKER_TORCH_PHASE_TIMES_H_
#define NASCENT_WORKER_TORCH_PHASE_TIMES_H_

#include <chrono>
#include <string>

namespace nascent::worker {

// Seconds of wall time per phase. A GPU works on after a phase has ended: what counts there is the
// time until the work was handed over, and a step that is launched as a whole counts as data.
struct PhaseTimes {
  double build = 0;    // the network from its message; the data, where the last task had others
  double data = 0;     // batches: order, augmentation, normalisation
  double forward = 0;  // with the loss
  double backward = 0;
  double optimizer = 0;
  double validation = 0;  // with the final test
  double total = 0;       // of the task, with what is none of the above
};

// Adds the time of its life to `seconds`.
class PhaseClock {
 public:
  explicit PhaseClock(double& seconds) : seconds_(seconds), start_(Clock::now()) {}
  ~PhaseClock() { seconds_ += std::chrono::duration<double>(Clock::now() - start_).count(); }
  PhaseClock(const PhaseClock&) = delete;
  PhaseClock& operator=(const PhaseClock&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  const Clock::time_point start_;
};

// Appends one line of JSON, {"build": …, …, "total": …}, to the file at `path`; several processes
// may do so at once. What can't be written is left out.
void AppendPhaseTimes(const std::string& path, const PhaseTimes& times);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_PHASE_TIMES_H_
