// nascent-bench ask: what a proposal costs as the history grows.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bench/benchmarks.h"
#include "common/random.h"
#include "common/space/presets.h"
#include "common/spec/json.h"
#include "server/strategy/registry.h"
#include "server/strategy/sampling.h"

namespace nascent::bench {
namespace {

using strategy::Event;
using strategy::Finished;
using strategy::Problem;
using strategy::Proposal;
using strategy::Proposed;

// Proposals that are timed at each size.
constexpr int kTimed = 1000;
// Strategies that need longer than this are fed with random trials instead of their own.
constexpr double kCheapMicroseconds = 200;
// Histories that are replayed into a fresh strategy, as after a restart; longer ones are not kept.
constexpr int64_t kMostReplayed = 100000;

struct Timing {
  std::string strategy;
  int64_t trials;
  double p50_us;
  double p99_us;
  double observe_us;  // mean over the events of a trial
  double replay_s;    // of the whole history into a fresh strategy; NaN: not measured
};

double Microseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

// NAS-Bench-201's cell with its training: the two rates make the space larger than any history.
std::shared_ptr<const space::Space> MakeSpace() {
  space::SpaceOptions options;
  space::Domain rate;
  rate.kind = space::Domain::Kind::kReal;
  rate.minimum = 1e-3;
  rate.maximum = 1;
  rate.log = true;
  options.recipe_decisions["recipe.optimizer.sgd.learning_rate"] = rate;
  options.recipe_decisions["recipe.optimizer.sgd.weight_decay"] = rate;
  auto made =
      space::Space::Parse(space::FindPreset("nas-bench-201")->text, "nas-bench-201", options);
  if (!made.ok()) throw std::runtime_error(std::string(made.status().message()));
  return *std::move(made);
}

class Asking {
 public:
  Asking(const std::string& name, const space::Space& space) : name_(name) {
    problem_.space = &space;
    problem_.objectives.push_back({"validation_accuracy", true, std::nullopt});
    if (name == "nsga2" || name == "nsga3" || name == "mo_asha") {
      problem_.objectives.push_back({"latency_ms", false, std::nullopt});
    }
    for (const double epochs : {3.0, 9.0, 27.0, 81.0}) {
      problem_.rungs.push_back({epochs, epochs / 81});
    }
    strategy_ = Make();
  }

  // Grows the history to `trials` and times kTimed proposals there.
  Timing At(int64_t trials) {
    Feed(trials);
    std::vector<double> times;
    double observing = 0;
    const int count = costly_ ? kTimed / 20 : kTimed;
    for (int i = 0; i < count; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      strategy::Answer answer = strategy_->Propose(number_ + 1);
      const auto asked = std::chrono::steady_clock::now();
      times.push_back(Microseconds(asked - begin));
      auto* proposal = std::get_if<Proposal>(&answer);
      if (proposal == nullptr) break;
      Take(std::move(*proposal), /*enqueued=*/false);
      observing += Microseconds(std::chrono::steady_clock::now() - asked);
    }
    std::sort(times.begin(), times.end());
    const auto at = [&times](double share) {
      return times[std::min(times.size() - 1,
                            static_cast<size_t>(share * static_cast<double>(times.size())))];
    };
    return {name_,
            trials,
            at(0.5),
            at(0.99),
            observing / static_cast<double>(times.size()),
            trials <= kMostReplayed ? Replay() : std::nan("")};
  }

 private:
  std::unique_ptr<strategy::Strategy> Make() const {
    google::protobuf::Value spec;
    spec.set_string_value(name_);
    auto made = strategy::MakeStrategy(spec, problem_);
    if (!made.ok()) throw std::runtime_error(std::string(made.status().message()));
    return *std::move(made);
  }

  double Replay() const {
    const auto begin = std::chrono::steady_clock::now();
    const std::unique_ptr<strategy::Strategy> fresh = Make();
    for (const Event& event : log_) fresh->Observe(event);
    return Microseconds(std::chrono::steady_clock::now() - begin) / 1e6;
  }

  void Feed(int64_t trials) {
    while (number_ < trials) {
      RandomStream random(5, static_cast<uint64_t>(number_));
      if (!costly_) {
        const auto begin = std::chrono::steady_clock::now();
        strategy::Answer answer = strategy_->Propose(number_ + 1);
        spent_ += Microseconds(std::chrono::steady_clock::now() - begin);
        if (++asked_ == 200 && spent_ / 200 > kCheapMicroseconds) costly_ = true;
        if (auto* proposal = std::get_if<Proposal>(&answer)) {
          Take(std::move(*proposal), /*enqueued=*/false);
          continue;
        }
      }
      Proposal proposal;
      proposal.genotype = problem_.space->decisions().Sample(random);
      Take(std::move(proposal), /*enqueued=*/true);
    }
  }

  // The trial ends at once: what is pending does not grow with the history either.
  void Take(Proposal proposal, bool enqueued) {
    Proposed proposed;
    proposed.trial = ++number_;
    proposed.proposal = std::move(proposal);
    proposed.enqueued = enqueued;
    RandomStream random(strategy::Fingerprint(proposed.proposal.genotype), 0);
    Finished finished;
    finished.trial = proposed.trial;
    finished.state = v1::TRIAL_STATE_SUCCEEDED;
    finished.metrics = {{"validation_accuracy", random.Uniform()},
                        {"latency_ms", random.Uniform()}};
    if (number_ <= kMostReplayed) {
      log_.emplace_back(proposed);
      log_.emplace_back(finished);
    }
    strategy_->Observe(std::move(proposed));
    strategy_->Observe(finished);
  }

  const std::string name_;
  Problem problem_;
  std::unique_ptr<strategy::Strategy> strategy_;
  std::vector<Event> log_;
  int64_t number_ = 0;
  bool costly_ = false;
  int asked_ = 0;
  double spent_ = 0;
};

struct AskOptions {
  std::string strategies =
      "random,grid,local_search,simulated_annealing,regularized_evolution,nsga2,asha,hyperband,tpe";
  int64_t most = 1000000;
  bool json = false;
};

// Of strategies whose cost per proposal must not grow. The timer's grain is not held against them.
bool IsLate(const Timing& row, double first_p99) {
  constexpr const char* kFlat[] = {"random", "grid",     "local_search", "regularized_evolution",
                                   "asha",   "hyperband"};
  constexpr double kGrain = 0.25;
  if (row.strategy == "tpe") return row.p99_us >= 20000;
  return std::find(std::begin(kFlat), std::end(kFlat), row.strategy) != std::end(kFlat) &&
         (row.p99_us > 1.5 * first_p99 + kGrain || row.p99_us >= 1000);
}

void Run(const AskOptions& options) {
  const std::shared_ptr<const space::Space> space = MakeSpace();
  spec::Json list = spec::Json::List();
  std::vector<std::string> late;
  if (!options.json) {
    std::printf("%-24s %9s %10s %10s %12s %10s\n", "strategy", "trials", "p50 us", "p99 us",
                "observe us", "replay s");
  }
  for (const std::string& name :
       std::vector<std::string>(absl::StrSplit(options.strategies, ','))) {
    Asking asking(name, *space);
    double first_p99 = 0;
    for (int64_t trials = 1000; trials <= options.most; trials *= 10) {
      const Timing row = asking.At(trials);
      list.Append(
          spec::Json::Object()
              .Set("strategy", row.strategy)
              .Set("trials", row.trials)
              .Set("p50_us", row.p50_us)
              .Set("p99_us", row.p99_us)
              .Set("observe_us", row.observe_us)
              .Set("replay_s", std::isnan(row.replay_s) ? spec::Json() : spec::Json(row.replay_s)));
      if (trials == 1000) first_p99 = row.p99_us;
      if (trials == 100000 && IsLate(row, first_p99)) late.push_back(name);
      if (options.json) continue;
      std::printf("%-24s %9lld %10.2f %10.2f %12.2f %10.3f\n", row.strategy.c_str(),
                  static_cast<long long>(row.trials), row.p50_us, row.p99_us, row.observe_us,
                  row.replay_s);
      std::fflush(stdout);
    }
  }
  if (options.json) std::printf("%s\n", list.Print(2).c_str());
  if (!late.empty()) {
    throw std::runtime_error(absl::StrCat("too slow: ", absl::StrJoin(late, ", ")));
  }
}

}  // namespace

void AddAsk(CLI::App& app) {
  CLI::App* ask = app.add_subcommand("ask", "Time per proposal as the history grows");
  const auto options = std::make_shared<AskOptions>();
  ask->add_option("--strategies", options->strategies, "Names with commas between")
      ->capture_default_str();
  ask->add_option("--most", options->most, "Largest history, from 1000 by factors of ten")
      ->check(CLI::Range(1000, 1000000))
      ->capture_default_str();
  ask->add_option_function<std::string>(
         "--output", [options](const std::string& output) { options->json = output == "json"; },
         "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  ask->callback([options] { Run(*options); });
}

}  // namespace nascent::bench
