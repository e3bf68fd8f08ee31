// One search on the real engine with made-up workers: a virtual clock, a store in memory, results
// from a table.

#ifndef NASCENT_SERVER_SIMULATE_SIMULATION_H_
#define NASCENT_SERVER_SIMULATE_SIMULATION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nascent/v1/search.pb.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/resolve/resolve_search.h"
#include "server/simulate/nearest.h"
#include "server/simulate/report.h"
#include "server/simulate/table.h"
#include "server/simulate/truth.h"

namespace nascent::simulate {

struct SimulationOptions {
  int64_t workers = 1;
  int64_t queries = 0;  // 0: the search's budget of trials, or 1,000
  // The column that the search sees as its first objective; empty: the objective's metric. With a
  // ladder it is the objective's name only.
  std::string search_metric;
  // The column that is reported in place of the first objective; empty: what the search sees at the
  // last rung.
  std::string report_metric;
  // Columns that the search sees in place of what is reported, by metric of an objective or bound.
  std::map<std::string, std::string> seen;
  // Standard deviations of a normal error that is added to what the search sees, anew in each
  // training, by metric of an objective or bound.
  std::map<std::string, double> noise;
  // Whether a genotype that stands in no row has the results of the nearest one; else the table
  // must hold every one that the search may propose.
  bool nearest = false;
  // Rungs by epochs, rising, each with the column that holds the first objective at it; below them
  // those of a score without training, with the column of that.
  struct Rung {
    int epochs = 0;
    std::string column;
    std::string score = {};  // its name; empty: the rung trains
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

  // What the rows are worth, by which runs are reported.
  const Truth& truth() const { return truth_; }
  // The name of its first objective's column.
  const std::string& report_metric() const { return report_metric_; }
  int64_t queries() const { return spec_.budget().trials(); }

 private:
  friend class Workers;
  // A metric that workers measure, as the search sees it.
  struct Seen {
    std::string metric;
    std::vector<std::vector<double>> values;  // by rung and record; NaN: no result
    double noise = 0;
  };

  Scenario() = default;
  absl::Status TakeSpec(const v1::SearchSpec& spec);
  absl::Status TakeColumns();
  absl::Status TakeSeen(const std::vector<std::string>& metrics);
  absl::Status TakeSeconds();
  absl::Status TakeTruth(engine::CandidateMaker& maker);
  void RememberChecks();
  // The engine's form of the search.
  absl::StatusOr<engine::ResolvedSearch> Resolve(const google::protobuf::Value& strategy,
                                                 uint64_t seed) const;
  // The row whose results a genotype has; -1: none.
  int RowOf(const space::Genotype& genotype) const;
  // The column of a metric in which the report believes.
  const std::string& TrueColumn(const std::string& metric) const;

  SimulationOptions options_;
  v1::SearchSpec spec_;
  std::shared_ptr<const engine::ResolvedSearch> resolved_;  // of the search's own strategy
  std::shared_ptr<const Table> table_;
  std::unique_ptr<const NearestRows> nearest_;  // where the options ask for it
  bool needs_networks_ = false;
  bool needs_keys_ = false;
  std::string report_metric_;
  Truth truth_;                  // by row
  std::vector<double> seconds_;  // by record; of the whole training
  std::vector<Seen> seen_;       // the first objective first
};

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_SIMULATION_H_
