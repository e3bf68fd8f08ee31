#include "server/simulate/nearest.h"

#include <cmath>
#include <utility>

namespace nascent::simulate {

NearestRows::NearestRows(const space::Space& space, std::shared_ptr<const Table> table)
    : table_(std::move(table)), encoding_(space.decisions()) {
  rows_.resize(table_->rows(), encoding_.columns());
  for (int row = 0; row < table_->rows(); ++row) rows_.row(row) = Encode(table_->genotype(row));
}

int NearestRows::Find(const space::Genotype& genotype) const {
  const int row = table_->Find(genotype);
  if (row >= 0 && table_->genotype(row) == genotype) return row;
  Eigen::Index nearest = 0;
  (rows_.rowwise() - Encode(genotype)).rowwise().squaredNorm().minCoeff(&nearest);
  return static_cast<int>(nearest);
}

Eigen::RowVectorXd NearestRows::Encode(const space::Genotype& genotype) const {
  Eigen::RowVectorXd row = encoding_.Encode(genotype);
  for (const auto& group : encoding_.groups()) {
    row.segment(group.begin, group.size) *= std::sqrt(group.weight);
  }
  return row;
}

}  // namespace nascent::simulate
