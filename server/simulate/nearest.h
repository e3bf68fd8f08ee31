// The row of a table that is most like a genotype.

#ifndef NASCENT_SERVER_SIMULATE_NEAREST_H_
#define NASCENT_SERVER_SIMULATE_NEAREST_H_

#include <Eigen/Core>
#include <memory>

#include "server/simulate/table.h"
#include "server/strategy/surrogate/encoding.h"

namespace nascent::simulate {

// Distances are sums over the decisions: of two options 1, of two numbers the square of the gap
// between their positions in the range (on its scale), of active and inactive 1. Immutable and
// thread-safe.
class NearestRows {
 public:
  // `space` outlives it.
  NearestRows(const space::Space& space, std::shared_ptr<const Table> table);

  // The genotype's own row, else the nearest; of equal distances the first.
  int Find(const space::Genotype& genotype) const;

 private:
  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const;

  const std::shared_ptr<const Table> table_;
  const strategy::DecisionEncoding encoding_;
  Eigen::MatrixXd rows_;  // scaled so that squared distances are those above
};

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_NEAREST_H_
