#include "server/strategy/testing/driver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

namespace nascent::strategy::testing {
namespace {

// A trial under way: its next event is due at `due`.
struct Running {
  int64_t number;
  space::Genotype genotype;
  double share;
  double due;
  double epoch_length;
  int epoch = 0;
  int epochs = 0;
};

class Run {
 public:
  Run(Strategy& strategy, const Problem& problem, const DriverOptions& options)
      : strategy_(strategy), problem_(problem), options_(options), random_(options.seed, 0) {}

  DriverResult Go() {
    int own = 0;
    bool waiting = false;
    while (true) {
      const bool room = static_cast<int>(running_.size()) < options_.workers;
      if (room && !waiting && !result_.exhausted && own < options_.proposals) {
        if (random_.Uniform() < options_.enqueued) Enqueue();
        Answer answer = strategy_.Propose(result_.trials + 1);
        if (auto* proposal = std::get_if<Proposal>(&answer)) {
          ++own;
          Start(std::move(*proposal), /*enqueued=*/false);
          continue;
        }
        result_.exhausted = std::holds_alternative<Exhausted>(answer);
        waiting = !result_.exhausted;
        if (waiting && running_.empty()) {
          result_.stuck = true;
          break;
        }
      }
      if (running_.empty()) break;
      Advance();
      waiting = false;
    }
    return std::move(result_);
  }

 private:
  void Enqueue() {
    Proposal proposal;
    proposal.genotype = problem_.space->decisions().Sample(random_);
    proposal.reason = "enqueued";
    Start(std::move(proposal), /*enqueued=*/true);
  }

  void Start(Proposal proposal, bool enqueued) {
    Proposed proposed;
    proposed.trial = ++result_.trials;
    proposed.proposal = std::move(proposal);
    proposed.enqueued = enqueued;
    const int last = static_cast<int>(problem_.rungs.size()) - 1;
    const int rung = proposed.proposal.rung < 0 ? last : proposed.proposal.rung;
    Running running;
    running.number = proposed.trial;
    running.genotype = proposed.proposal.genotype;
    running.share = problem_.rungs[rung].share_of_full;
    double length = running.share * (0.5 + random_.Uniform());
    if (random_.Uniform() < options_.late) length *= 10;
    if (options_.epochs > 0) {
      running.epochs = std::max(1, static_cast<int>(std::lround(problem_.rungs[rung].epochs)));
      running.epoch_length = length / running.epochs;
    } else {
      running.epoch_length = length;
      running.epochs = 1;
    }
    running.due = now_ + running.epoch_length;
    if (options_.newest_first) running.due = now_ + 1e6 / static_cast<double>(running.number);
    running_.push_back(std::move(running));
    Observe(std::move(proposed));
  }

  // Lets the next event happen.
  void Advance() {
    const auto next =
        std::min_element(running_.begin(), running_.end(),
                         [](const Running& a, const Running& b) { return a.due < b.due; });
    now_ = next->due;
    ++next->epoch;
    if (options_.epochs > 0) {
      Measured measured;
      measured.trial = next->number;
      measured.epoch = next->epoch;
      measured.metrics = MetricsOf(*next);
      const int64_t number = next->number;
      const bool last = next->epoch >= next->epochs;
      next->due += next->epoch_length;
      Observe(measured);  // may end it
      if (!last) return;
      const auto still = std::find_if(running_.begin(), running_.end(),
                                      [&](const Running& r) { return r.number == number; });
      if (still != running_.end()) End(still, v1::TRIAL_STATE_SUCCEEDED);
      return;
    }
    End(next, v1::TRIAL_STATE_SUCCEEDED);
  }

  Metrics MetricsOf(const Running& running) const {
    const double done = static_cast<double>(running.epoch) / running.epochs;
    return options_.evaluate != nullptr
               ? options_.evaluate(running.genotype, running.share * done)
               : SumOfDecisions(*problem_.space, running.genotype, running.share * done);
  }

  void End(std::vector<Running>::iterator running, v1::TrialState state) {
    Finished finished;
    finished.trial = running->number;
    finished.state = state;
    finished.epochs = running->epoch;
    finished.seconds = running->epoch * running->epoch_length;
    const double fate = random_.Uniform();
    if (fate < options_.failed) {
      finished.state = v1::TRIAL_STATE_FAILED;
      finished.failure = v1::FAILURE_KIND_DIVERGED;
    } else if (fate < options_.failed + options_.cancelled) {
      finished.state = v1::TRIAL_STATE_CANCELLED;
    } else {
      finished.metrics = MetricsOf(*running);
    }
    running_.erase(running);
    Observe(std::move(finished));
  }

  void Observe(Event event) {
    result_.log.push_back(event);
    for (const int64_t number : strategy_.Observe(event)) {
      const auto running = std::find_if(running_.begin(), running_.end(),
                                        [&](const Running& r) { return r.number == number; });
      if (running != running_.end()) End(running, v1::TRIAL_STATE_STOPPED);
    }
  }

  Strategy& strategy_;
  const Problem& problem_;
  const DriverOptions& options_;
  RandomStream random_;
  double now_ = 0;
  std::vector<Running> running_;
  DriverResult result_;
};

// The value's place in its domain, in [0, 1].
double Place(const space::Domain& domain, const space::Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    if (domain.IsList()) {
      return domain.options.size() < 2
                 ? 1
                 : static_cast<double>(*integer) / static_cast<double>(domain.options.size() - 1);
    }
    return (static_cast<double>(*integer) - domain.minimum) / (domain.maximum - domain.minimum);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    if (domain.log) {
      return std::log(*real / domain.minimum) / std::log(domain.maximum / domain.minimum);
    }
    return (*real - domain.minimum) / (domain.maximum - domain.minimum);
  }
  return 0.5;  // inactive
}

}  // namespace

DriverResult Drive(Strategy& strategy, const Problem& problem, const DriverOptions& options) {
  return Run(strategy, problem, options).Go();
}

Metrics SumOfDecisions(const space::Space& space, const space::Genotype& genotype, double share) {
  double sum = 0;
  double size = 0;
  const auto& decisions = space.decisions().decisions();
  for (size_t i = 0; i < decisions.size(); ++i) {
    const double place = Place(decisions[i].domain, genotype.values[i]);
    sum += place;
    size += place * static_cast<double>(i + 1);
  }
  const double accuracy = sum / static_cast<double>(decisions.size()) * (0.5 + 0.5 * share);
  return {{"accuracy", accuracy}, {"size", size}, {"latency", std::abs(sum - 1.5)}};
}

Problem TestProblem(const HandSpace& space, int objectives, int rungs) {
  Problem problem;
  problem.space = &space;
  problem.objectives.push_back({"accuracy", true, std::nullopt});
  if (objectives > 1) problem.objectives.push_back({"size", false, std::nullopt});
  if (objectives > 2) problem.objectives.push_back({"latency", false, std::nullopt});
  for (int i = 0; i < rungs; ++i) {
    const double share = std::pow(3.0, i - rungs + 1);
    problem.rungs.push_back({27 * share, share});
  }
  problem.seed = 7;
  problem.feasible = [](const space::Genotype&) { return true; };
  problem.costs = [&space](const space::Genotype& genotype) {
    return Metrics{{"size", SumOfDecisions(space, genotype, 1).at("size")}};
  };
  return problem;
}

std::vector<size_t> OwnProposals(const std::vector<Event>& log) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < log.size(); ++i) {
    const auto* proposed = std::get_if<Proposed>(&log[i]);
    if (proposed != nullptr && !proposed->enqueued) positions.push_back(i);
  }
  return positions;
}

}  // namespace nascent::strategy::testing
