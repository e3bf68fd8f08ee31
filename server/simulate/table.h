// A table of results: for each genotype of a space the metrics that were measured once and for all.

#ifndef NASCENT_SERVER_SIMULATE_TABLE_H_
#define NASCENT_SERVER_SIMULATE_TABLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/space/space.h"
#include "server/simulate/csv.h"

namespace nascent::simulate {

// A row is a genotype; it has one record, a line of the file, or several: the same network trained
// again (other seeds). Immutable and thread-safe.
class Table {
 public:
  // Reads CSV with a header. Genotypes stand in a column `architecture`, in the space's notation or
  // JSON, or in one column per decision, named by its label and holding an option's text or a
  // number (empty: inactive). INVALID_ARGUMENT "file:line: what was found": an unknown notation, a
  // record of another length than the header.
  static absl::StatusOr<std::shared_ptr<const Table>> Read(std::string_view text,
                                                           std::string_view file_name,
                                                           const space::Space& space);

  int64_t rows() const { return static_cast<int64_t>(genotypes_.size()); }
  const space::Genotype& genotype(int row) const { return genotypes_[row]; }
  // The records of a row, at least one, as indices in the file's order.
  const std::vector<int>& records(int row) const { return records_of_[row]; }
  // Columns that hold no part of the genotype.
  const std::vector<std::string>& metrics() const { return metrics_; }

  // The values of a metric column by record; NaN where the field is empty or "nan": the training
  // gave no result. INVALID_ARGUMENT: there is no such column, a value is no finite number, with
  // its line, or there is no result at all.
  absl::StatusOr<std::vector<double>> Metric(const std::string& name) const;
  bool Has(const std::string& name) const;

  // An error about one record: "file:line: what".
  absl::Status RecordError(int record, std::string_view what) const;

  // The row of a genotype; -1: there is none. A real value is taken for the nearest one in its
  // column.
  int Find(const space::Genotype& genotype) const;

  // INVALID_ARGUMENT with a genotype that has no row, where the space has at most a million and
  // none of its decisions is real; genotypes that `feasible` refuses need none.
  absl::Status CheckComplete(const space::Space& space,
                             const std::function<bool(const space::Genotype&)>& feasible) const;

 private:
  Table() = default;

  absl::Status TakeHeader(const CsvRecord& header, const space::DecisionSpace& decisions);
  absl::Status TakeRecord(const CsvRecord& record, int number, const space::Space& space);
  absl::StatusOr<space::Genotype> ReadGenotype(const CsvRecord& record,
                                               const space::Space& space) const;
  void CollectReals(const space::DecisionSpace& decisions);
  space::Genotype Snap(const space::Genotype& genotype) const;
  absl::Status Error(int line, std::string_view what) const;

  std::string file_name_;
  int architecture_ = -1;              // column
  std::vector<int> decision_columns_;  // by decision, where there is no column `architecture`
  std::vector<std::string> metrics_;
  std::vector<int> metric_columns_;
  size_t width_ = 0;
  std::vector<space::Genotype> genotypes_;
  std::vector<CsvRecord> records_;
  std::vector<std::vector<int>> records_of_;  // by row
  absl::flat_hash_map<uint64_t, int> index_;  // by fingerprint
  // Of real decisions the values that occur, rising; empty for others.
  std::vector<std::vector<double>> reals_;
};

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_TABLE_H_
