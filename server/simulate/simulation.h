// One search on the real engine with made-up workers: a virtual clock, a store in memory, results
// from a table.

#ifndef NASCENT_SERVER_SIMULATE_SIMULATION_H_
#define NASCENT_SERVER_SIMULATE_SIMULATION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nascent/v1/search.pb.h"
#include "server/engine/resolve/resolve_search.h"
#include "server/simulate/report.h"
#include "server/simulate/table.h"

namespace nascent::simulate {

struct SimulationOptions {
  int64_t workers = 1;
  int64_t queries = 0;  // 0: the search's budget of trials, or 1,000
  // The column that the search sees as its first objective; empty: the objective's metric. With a
  // ladder it is the objective's name only.
  std::string search_metric;
  std::string report_metric;  // column; empty: what the search sees at the last rung
  // Rungs by epochs, rising, each with the column that holds the first objective at it.
  struct Rung {
    int epochs = 0;
    std::string column;
  };
  std::vector<Rung> rungs;
  std::string time_column;  // seconds of the whole training; empty: 1 second
  v1::Sharing sharing = v1::SHARING_OFF;
  // A trial takes its time times a factor that is uniform between these.
  double shortest = 1;
  double longest = 1;
  double fail_probability = 0;    // that a trial diverges at its end
  double lag_probability = 0;     // that it takes ten times as long
  double vanish_probability = 0;  // that its worker vanishes on the way and is started again
};

// A search file and a table brought together, checked. Immutable and thread-safe.
class Scenario {
 public:
  // INVALID_ARGUMENT with the field of the search file or the table's line. `data` and `final` of
  // the search are ignored: the network is built for images [3, 32, 32] of 10 classes.
  static absl::StatusOr<std::shared_ptr<const Scenario>> Make(const v1::SearchSpec& spec,
                                                              const SimulationOptions& options,
                                                              std::string_view table_text,
                                                              std::string_view table_name);

  // Runs the search with another strategy (unset: its own) and seed. An error is the strategy's, or
  // INTERNAL where the engine refused what a worker may do.
  absl::StatusOr<Trajectory> Run(const google::protobuf::Value& strategy, uint64_t seed) const;

  // Whether the reported metric is better the larger it is, and its best in the table.
  bool maximize() const { return maximize_; }
  double best() const { return best_; }
  const std::string& report_metric() const { return report_metric_; }
  int64_t queries() const { return spec_.budget().trials(); }

 private:
  friend class Workers;
  Scenario() = default;
  absl::Status TakeSpec(const v1::SearchSpec& spec);
  absl::Status TakeColumns();
  void RememberChecks();
  // The engine's form of the search.
  absl::StatusOr<engine::ResolvedSearch> Resolve(const google::protobuf::Value& strategy,
                                                 uint64_t seed) const;

  SimulationOptions options_;
  v1::SearchSpec spec_;
  std::shared_ptr<const engine::ResolvedSearch> resolved_;  // of the search's own strategy
  std::shared_ptr<const Table> table_;
  bool maximize_ = true;
  bool needs_networks_ = false;
  bool needs_keys_ = false;
  double best_ = 0;
  std::string report_metric_;
  std::vector<double> reported_;                // by row
  std::vector<double> seconds_;                 // by row; of the whole training
  std::vector<std::vector<double>> objective_;  // the first one, by rung and row
  // Other metrics that objectives and constraints name, by row.
  std::vector<std::pair<std::string, std::vector<double>>> others_;
};

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_SIMULATION_H_
