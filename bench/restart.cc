// nascent-bench restart: how long a coordinator that was killed takes until it serves again, with a
// search of so many finished trials, for each strategy that has to be told of them.

#include <cstdio>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "bench/bench_service.h"
#include "bench/benchmarks.h"
#include "bench/or_throw.h"
#include "bench/simulated_workers.h"
#include "common/spec/json.h"
#include "server/strategy/registry.h"

namespace nascent::bench {
namespace {

constexpr int kWorkers = 64;
// More than the trials after which the engine keeps a snapshot.
constexpr int64_t kMore = 2000;

struct RestartOptions {
  int64_t trials = 100'000;
  std::string strategies;
  bool json = false;
};

class Restarts {
 public:
  explicit Restarts(const RestartOptions& options) : options_(options) {}

  void Go() {
    const std::vector<std::string> strategies = Strategies();
    service_.Start();
    service_.RegisterBlankData();
    search_.set_id(OrThrow(service_.client().Submit(EndlessSearch("restart", kWorkers))).id());
    Say(absl::StrFormat("A search of %d trials, made by random search", options_.trials));
    Work(options_.trials);
    spec::Json list = spec::Json::List();
    for (const std::string& strategy : strategies) {
      service_.Kill();
      HandOver(strategy);
      const double told = SecondsToServe();
      // Enough trials of its own for a snapshot, where the strategy keeps any.
      Work(kMore);
      service_.Kill();
      const double resumed = SecondsToServe();
      Say(absl::StrFormat("  %-24s told of all %7.2f s, resumed %7.2f s", strategy, told, resumed));
      list.Append(spec::Json::Object()
                      .Set("strategy", strategy)
                      .Set("trials", options_.trials)
                      .Set("told_s", told)
                      .Set("resumed_s", resumed));
    }
    if (options_.json) std::printf("%s\n", list.Print(2).c_str());
  }

 private:
  // One objective and no ladder: those that need more are told of a history in the same way.
  std::vector<std::string> Strategies() const {
    if (!options_.strategies.empty()) {
      std::vector<std::string> given = absl::StrSplit(options_.strategies, ';', absl::SkipEmpty());
      for (const std::string& name : given) {
        if (strategy::FindStrategy(name) == nullptr) {
          throw std::runtime_error("--strategies: no strategy is called " + name);
        }
      }
      return given;
    }
    std::vector<std::string> list;
    for (const char* name :
         {"random", "grid", "local_search", "simulated_annealing", "regularized_evolution", "nsga2",
          "nsga3", "tpe", "gaussian_process", "random_forest", "boosted_trees", "ridge", "bananas",
          "graph_network", "reinforce", "ppo"}) {
      if (strategy::FindStrategy(name) != nullptr) list.emplace_back(name);
    }
    return list;
  }

  void Say(const std::string& line) const {
    if (options_.json) return;
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

  // Simulated workers carry out so many trials more.
  void Work(int64_t trials) {
    SimulatedWorkers workers(service_.address(), kWorkers);
    while (workers.completed() < trials) {
      workers.Check();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  // The log goes to another strategy, as if it had made it; what was kept of the one before goes.
  void HandOver(const std::string& strategy) {
    pqxx::connection connection(service_.database());
    pqxx::work work(connection);
    work.exec_params(
        "UPDATE nascent.searches SET spec = jsonb_set(spec, '{strategy}', to_jsonb($1::text)) "
        "WHERE id = $2",
        strategy, search_.id());
    work.exec_params("DELETE FROM nascent.snapshots WHERE search_id = $1", search_.id());
    work.commit();
  }

  // From the start of the program to its first answer to a change, which only a coordinator that
  // has taken up all searches gives.
  double SecondsToServe() {
    const absl::Time begin = absl::Now();
    service_.Start();
    // A new connection each time: one that was refused would wait before it is tried again.
    while (true) {
      client::ClientOptions at_once;
      at_once.patience = absl::ZeroDuration();
      const auto paused = client::NascentClient(service_.address(), at_once).Pause(search_);
      if (paused.ok()) break;
      if (!absl::IsUnavailable(paused.status())) OrThrow(paused);
      service_.Check();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    OrThrow(service_.client().Resume(search_));
    return seconds;
  }

  const RestartOptions options_;
  BenchService service_;
  v1::SearchRef search_;
};

}  // namespace

void AddRestart(CLI::App& app) {
  CLI::App* restart = app.add_subcommand(
      "restart",
      "Seconds from the start of a coordinator that was killed until it takes commands again, with "
      "a search of many trials: told of all of them, and from a snapshot where the strategy keeps "
      "one.");
  const auto options = std::make_shared<RestartOptions>();
  restart->add_option("--trials", options->trials, "Finished trials of the search.")
      ->check(CLI::Range(1000, 10'000'000))
      ->capture_default_str();
  restart->add_option("--strategies", options->strategies,
                      "Just these, with semicolons between. Default: all that need no ladder.");
  restart
      ->add_option_function<std::string>(
          "--output", [options](const std::string& output) { options->json = output == "json"; },
          "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  restart->callback([options] { Restarts(*options).Go(); });
}

}  // namespace nascent::bench
