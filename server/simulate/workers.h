// The workers of a simulation: they lease, take their time and report what the table says.

#ifndef NASCENT_SERVER_SIMULATE_WORKERS_H_
#define NASCENT_SERVER_SIMULATE_WORKERS_H_

#include <cstdint>
#include <map>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/engine/engine.h"
#include "server/simulate/simulation.h"

namespace nascent::simulate {

// Used by one thread.
class Workers {
 public:
  // One search unit of virtual time is `unit` of the clock, which keeps leases in proportion.
  Workers(const Scenario& scenario, uint64_t seed, VirtualClock* clock, engine::Engine* engine);

  // Submits the search and works until it has ended. Gives its id.
  absl::StatusOr<int64_t> Work(std::shared_ptr<const engine::ResolvedSearch> search);

  // Seconds of the table for a span of the clock.
  double TableSeconds(absl::Duration span) const { return absl::FDivDuration(span, unit_); }

 private:
  // What a worker does next.
  enum class Next { kReport, kEnd, kVanish, kReturn };
  struct Event {
    absl::Duration at;
    int64_t order;  // of events at the same time
    int64_t worker;
    Next next;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  struct Worker {
    int64_t id = 0;  // the engine's
    bool asks = false;
    bool stopped = false;  // told to end early
    v1::AttemptRef attempt;
    int row = -1;
    int record = -1;  // of the row, the training that is simulated
    int rung = 0;
    int reported = 0;  // next rung below its own that it reports on its way
    absl::Duration begun;
    absl::Duration length;  // of the whole training
    double from = 0;        // share of the training that its checkpoint holds
    bool fails = false;
    int64_t number = 0;
  };

  void Register(int64_t worker);
  void Ask(int64_t worker);
  void Begin(int64_t worker, const engine::LeaseGrant& grant);
  void Schedule(int64_t worker, Next next, absl::Duration at);
  // The next report on the way, or the end.
  void ScheduleNext(int64_t worker);
  void Happen(const Event& event);
  void Report(int64_t worker);
  void End(int64_t worker);
  std::vector<v1::Measurement> Measure(const Worker& worker, int rung) const;
  absl::Status StepUntilQuiet();
  std::string RequestId() { return std::to_string(++requests_); }

  const Scenario& scenario_;
  const uint64_t seed_;
  VirtualClock* const clock_;
  engine::Engine* const engine_;
  absl::Duration unit_;
  std::vector<Worker> workers_;
  std::priority_queue<Event, std::vector<Event>, std::greater<Event>> events_;
  std::vector<engine::Command> commands_;
  int64_t order_ = 0;
  int64_t requests_ = 0;
  int64_t leases_ = 0;
  absl::Status trouble_;
};

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_WORKERS_H_
